"""What a row wants of its record as one short digest: equal digests, equal wishes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from migrator.plan.parents import called

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Encoded, ObjectType, OnConflict, OnMissing, Record

_BYTES = 12
"""A change of a row is overlooked with a chance of one in 2**96."""

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


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
    origin = encoded.origin
    properties = sorted(
        (name, value, on_conflict(origin.get(name, name)))
        for name, value in encoded.properties.items()
    )
    links = sorted(
        (type, sorted(called(type, name) for name in names), on_missing.get(type, ""))
        for type, names in record.links.items()
    )
    text = _json([properties, links])
    return hashlib.blake2b(text.encode(), digest_size=_BYTES).hexdigest()
