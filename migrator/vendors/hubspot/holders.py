"""Who holds a value of a property that takes each value once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.hubspot.answers import Refusal, objects
from migrator.vendors.hubspot.calls import chunks, together
from migrator.vendors.hubspot.records import missing
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migrator.model import ObjectType
    from migrator.vendors.hubspot.calls import Calls


async def holders(
    calls: Calls, type: ObjectType, name: str, values: Collection[str]
) -> dict[str, str]:
    """Ids of the records that hold these values, by value; a hundred values a request.

    A property with unique values serves as ``idProperty`` of a batch read. UNCERTAIN is whether
    letter case tells such values apart: a record that is found for a value is taken to have it.
    """
    parts = await together([_ask(calls, type, name, chunk) for chunk in chunks(sorted(values))])
    return {value: id_ for part in parts for value, id_ in part.items()}


async def _ask(calls: Calls, type: ObjectType, name: str, values: Sequence[str]) -> dict[str, str]:
    content = {
        "properties": [name],
        "idProperty": name,
        "inputs": [{"id": value} for value in values],
    }
    try:
        answer = await calls.read(calls.paths.objects(type, "batch/read"), content)
    except Refusal as refusal:
        if refusal.status not in {400, 404}:
            raise
        if len(values) == 1:
            return {}  # a value that cannot be asked for is no record's
        half = len(values) // 2
        first = await _ask(calls, type, name, values[:half])
        return first | await _ask(calls, type, name, values[half:])
    for error in objects(answer.get("errors")):
        missing(error)
    asked: dict[str, list[str]] = {}
    for value in values:
        asked.setdefault(folded(value), []).append(value)
    return {
        value: str(item["id"])
        for item in objects(answer.get("results"))
        for value in asked.get(folded(str((item.get("properties") or {}).get(name) or "")), ())
    }
