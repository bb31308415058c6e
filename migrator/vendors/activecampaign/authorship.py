"""Who wrote a note, and when, in the last line of its text.

A note is written by the user of the key, as of now; neither can be set. So what the source says of
both goes into the text, where people read it, and comes back from there when notes are exported.
"""

from __future__ import annotations

import re

_INSTANT = r"\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?"
_LINE = re.compile(
    rf"(?:\A|\n\n)\[Written(?: by (?P<who>[^\n]+?))?(?: at (?P<when>{_INSTANT}))?\]\s*\Z"
)


def with_author(text: str, who: str | None, when: str | None) -> str:
    r"""A text with a line that says who wrote it and when, as far as that is known.

    >>> with_author("Called Ann", "bob@x.org", "2026-03-31T09:00:00Z")
    'Called Ann\n\n[Written by bob@x.org at 2026-03-31T09:00:00Z]'
    >>> with_author("Called Ann", None, None)
    'Called Ann'
    """
    told = ""
    if who:
        told += f" by {' '.join(who.split())}"
    if when:
        told += f" at {when}"
    return f"{text}\n\n[Written{told}]" if told else text


def without_author(text: str) -> tuple[str, str | None, str | None]:
    r"""The text as it was in the source, who wrote it, and when.

    >>> without_author("Called Ann\n\n[Written by bob@x.org]")
    ('Called Ann', 'bob@x.org', None)
    >>> without_author("Called Ann")
    ('Called Ann', None, None)
    """
    found = _LINE.search(text)
    if found is None or not (found["who"] or found["when"]):
        return text, None, None
    return text[: found.start()], found["who"], found["when"]
