"""What a row wants of its record as one short digest: equal digests, equal wishes."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from migrator.json_text import dumps
from migrator.plan.parents import called

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Encoded, ObjectType, OnConflict, OnMissing, Record

_BYTES = 12
"""A change of a row is overlooked with a chance of one in 2**96."""


@lru_cache(1024)
def _policies(
    names: tuple[tuple[str, str], ...], on_conflict: Callable[[str], OnConflict]
) -> tuple[tuple[str, str], ...]:
    """Names in order with their policies as plain text: the same for most rows of a file."""
    return tuple(sorted((name, str(on_conflict(field))) for name, field in names))


def content(
    record: Record,
    encoded: Encoded,
    on_conflict: Callable[[str], OnConflict],
    on_missing: Mapping[ObjectType, OnMissing],
) -> str:
    """A digest of a record's values in the vendor's terms, of its parents, and of the policies.

    It changes whenever writing the row might do something else than it did: with a value, with the
    meaning of a label in the account, with a parent, and with what the template allows.
    """
    own, origin = encoded.properties, encoded.origin
    of = tuple([(name, origin.get(name, name)) for name in own])
    properties = [(name, own[name], policy) for name, policy in _policies(of, on_conflict)]
    links = [
        (type, sorted(called(type, name) for name in record.links[type]), on_missing.get(type, ""))
        for type in sorted(record.links)
    ]
    text = dumps((properties, links))
    return hashlib.blake2b(text.encode(), digest_size=_BYTES).hexdigest()
