"""Plain data as compact JSON text and back, for what is written and read once for every row.

Four times as fast as the standard library's ``json``, and the same text to the letter: digests that
were made of it stay what they are. Files that people read are written with ``json`` all the same.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json


def dumps(value: object) -> str:
    """Compact JSON of dicts, lists, tuples and text; letters stay as they are.

    >>> dumps({"name": "Größe", "before": None, "parents": [("contacts", 1)]})
    '{"name":"Größe","before":null,"parents":[["contacts",1]]}'
    """
    return to_json(value).decode()


def loads(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the text says
    """The data of a JSON text; bytes are UTF-8.

    Raises:
        ValueError: it is none.

    >>> loads('{"name":"Größe"}')
    {'name': 'Größe'}
    """
    return from_json(text, cache_strings="keys")  # values seldom repeat
