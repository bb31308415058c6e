"""Records as answers show them: what to ask for, and what of it a caller gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrator.errors import Unavailable
from migrator.model import Held
from migrator.vendors.hubspot.answers import Refusal, objects, read_fault
from migrator.vendors.hubspot.fields import UNKEYED, key_property

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migrator.model import ObjectType
    from migrator.vendors.hubspot.answers import Fault, Json
    from migrator.vendors.hubspot.calls import Calls


@dataclass(frozen=True, slots=True)
class Query:
    """What to read of which type."""

    calls: Calls
    type: ObjectType
    properties: tuple[str, ...]

    @property
    def key(self) -> str:
        """The property that has the source key."""
        return key_property(self.type)

    def held(self, item: Json) -> Held:
        """A record; ``updatedAt`` moves with every property.

        UNCERTAIN is whether it moves with those, too, that HubSpot computes, such as the number of
        linked records: a link that comes or goes may then count as a change of both sides.
        """
        found = {name: _text(value) for name, value in (item.get("properties") or {}).items()}
        properties = {name: found.get(name) for name in self.properties}
        key = found.get(self.key) or None
        return Held(
            self.type, str(item["id"]), key, properties, updated_at=instant(item.get("updatedAt"))
        )


def query(calls: Calls, type: ObjectType, properties: Collection[str]) -> Query:
    """What to read for these properties: they, and the key where the type has one."""
    key = () if type in UNKEYED else (key_property(type),)
    return Query(calls, type, tuple(dict.fromkeys([*key, *properties])))


async def by_id(query: Query, ids: Sequence[str]) -> dict[str, Json]:
    """Records by id, a hundred at most; those that are gone are absent.

    Callers report ids that were silently left out, so these are asked for once more.
    """
    found, unmentioned = await _ask(query, ids)
    if unmentioned:
        again, _ = await _ask(query, unmentioned)
        found |= again
    return found


async def _ask(query: Query, ids: Sequence[str]) -> tuple[dict[str, Json], list[str]]:
    """What one batch/read finds, and the ids of which its answer says nothing.

    A record that was merged into another answers to its old id with the other's: it is gone.
    """
    path = query.calls.paths.objects(query.type, "batch/read")
    content = {"properties": list(query.properties), "inputs": [{"id": id_} for id_ in ids]}
    try:
        answer = await query.calls.read(path, content)
    except Refusal as refusal:
        if refusal.status not in {400, 404}:
            raise
        return await _ask_less(query, ids), []
    faults = [missing(error) for error in objects(answer.get("errors"))]
    found = {str(item["id"]): item for item in objects(answer.get("results"))}
    found = {id_: found[id_] for id_ in ids if id_ in found}
    told = {id_ for fault in faults for id_ in fault.ids}
    if any(not fault.ids for fault in faults):
        return found, []  # an error that names nobody speaks for all that are not there
    return found, [id_ for id_ in ids if id_ not in found and id_ not in told]


async def _ask_less(query: Query, ids: Sequence[str]) -> dict[str, Json]:
    """After a refusal of the whole read: one id is to blame, and is that of no record."""
    if len(ids) == 1:
        return {}
    half = len(ids) // 2
    return await by_id(query, ids[:half]) | await by_id(query, ids[half:])


def missing(error: Json) -> Fault:
    """An error of a read that says "not there"; an address that is none is not there either."""
    fault = read_fault(error)
    if fault.not_found or fault.category == "VALIDATION_ERROR":
        return fault
    raise Unavailable(f"HubSpot did not read all records ({fault.code}): {fault.message}.")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def instant(value: object) -> datetime | None:
    """A moment in an answer, aware; None = it is none."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
