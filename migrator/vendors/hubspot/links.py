"""Associations: their type ids, linking, and reading links back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import InputError, Unavailable
from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.hubspot.answers import Fault, Json, body, is_row_fault, objects, read_fault
from migrator.vendors.hubspot.calls import BATCH, chunks, next_page
from migrator.wire import Effect, request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.model import Link, Op
    from migrator.vendors.hubspot.calls import Calls
    from migrator.vendors.hubspot.labels import Labels

_READ = 1000
"""Most ids of an associations batch/read (changelog "batch read limit for associations API")."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Type ids of an association: of the first parent, which may be the primary one, and others."""

    first: int
    others: int

    @property
    def has_primary(self) -> bool:
        """Whether the first parent is a special one."""
        return self.first != self.others


KINDS: Mapping[tuple[ObjectType, ObjectType], Kind] = {
    (ObjectType.DEALS, ObjectType.CONTACTS): Kind(3, 3),
    (ObjectType.DEALS, ObjectType.COMPANIES): Kind(5, 341),
    (ObjectType.CONTACTS, ObjectType.COMPANIES): Kind(1, 279),
    (ObjectType.NOTES, ObjectType.DEALS): Kind(214, 214),
    (ObjectType.NOTES, ObjectType.CONTACTS): Kind(202, 202),
    (ObjectType.NOTES, ObjectType.COMPANIES): Kind(190, 190),
    (ObjectType.TASKS, ObjectType.DEALS): Kind(216, 216),
    (ObjectType.TASKS, ObjectType.CONTACTS): Kind(204, 204),
    (ObjectType.TASKS, ObjectType.COMPANIES): Kind(192, 192),
}
"""HUBSPOT_DEFINED type ids (the official client's association_type.py). 5 makes a company the
deal's primary one; with 341 alone a deal has none, and HubSpot shows no company with it."""


_DEFAULTS = frozenset(id_ for kind in KINDS.values() for id_ in (kind.first, kind.others))

_PRIMARY: Mapping[tuple[ObjectType, ObjectType], str] = {
    (ObjectType.DEALS, ObjectType.COMPANIES): "deal_to_company",
    (ObjectType.CONTACTS, ObjectType.COMPANIES): "contact_to_company",
}
"""What lists call the association with the primary parent; UNCERTAIN, seen in code of others. If it
is called otherwise, the parents come as they are listed."""


def parents_of(type: ObjectType) -> tuple[ObjectType, ...]:
    """Types a record of this type is linked to."""
    return tuple(to for from_type, to in KINDS if from_type is type)


async def inline(op: Op, labels: Labels) -> list[Json]:
    """The ``associations`` of a create: the first company becomes the primary one."""
    seen: set[ObjectType] = set()
    found = []
    for link in op.links:
        kind = _kind(op.type, link.type)
        type_id = kind.others if link.type in seen else kind.first
        seen.add(link.type)
        types = [*_types(type_id), *await labels.types(op.type, link.type)]
        found.append({"to": {"id": link.id}, "types": types})
    return found


def _types(type_id: int) -> list[Json]:
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]


def _kind(type: ObjectType, to: ObjectType) -> Kind:
    try:
        return KINDS[type, to]
    except KeyError:
        raise InputError(f"HubSpot's {type} are not linked to {to} by migrator.") from None


async def link(calls: Calls, labels: Labels, ops: Sequence[Op]) -> list[Outcome]:
    """Link existing records; a company becomes primary only where a deal has no primary one.

    What HubSpot turns down, mostly because a record was deleted meanwhile, is halved down to the
    record that is to blame: linking again what was linked already changes nothing.
    """
    try:
        await _link(calls, labels, ops)
    except _LinkRefused as refused:
        if len(ops) == 1:
            return [Outcome(ops[0].key, OpState.REFUSED, None, refused.code, str(refused))]
        half = len(ops) // 2
        first = await link(calls, labels, ops[:half])
        return first + await link(calls, labels, ops[half:])
    return [Outcome(op.key, OpState.WRITTEN, op.id) for op in ops]


class _LinkRefused(Exception):
    """HubSpot turned one of several links down."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"the record was written, but not its links: {fault.message}")
        self.code = fault.code


async def _link(calls: Calls, labels: Labels, ops: Sequence[Op]) -> None:
    pairs: dict[tuple[ObjectType, ObjectType], list[tuple[str, Link]]] = {}
    for op in ops:
        for parent in op.links:
            pairs.setdefault((op.type, parent.type), []).append((str(op.id), parent))
    for (type, to), wanted in pairs.items():
        kind = _kind(type, to)
        named = await labels.types(type, to)
        taken = await _with_primary(calls, (type, to), kind, [id_ for id_, _ in wanted])
        inputs = []
        for id_, parent in wanted:
            type_id = kind.others if id_ in taken else kind.first
            taken.add(id_)
            types = [*_types(type_id), *named]
            inputs.append({"from": {"id": id_}, "to": {"id": parent.id}, "types": types})
        path = calls.paths.associations(type, to, "batch/create")
        # The limit is said to be 2,000, which is UNCERTAIN; 100 is what every batch takes.
        for chunk in chunks(inputs, BATCH):
            await _send(calls, path, chunk)


async def _send(calls: Calls, path: str, inputs: list[Json]) -> None:
    content = {"inputs": inputs}
    effect = Effect.REPEATABLE
    response = await request(calls.client, "POST", path, effect=effect, json=content)
    found = body(response)
    if is_row_fault(response.status_code, found):
        raise _LinkRefused(read_fault(found))
    calls.check(response, f"POST {path}")
    for error in objects(found.get("errors")):
        raise _LinkRefused(read_fault(error))


async def _with_primary(
    calls: Calls, types: tuple[ObjectType, ObjectType], kind: Kind, ids: Sequence[str]
) -> set[str]:
    """Ids of those records that have a primary parent already."""
    if not kind.has_primary:
        return set()
    there = await associations(calls, types, ids)
    return {
        id_ for id_, parents in there.items() if any(kind.first in one.kinds for one in parents)
    }


async def linked(
    calls: Calls, type: ObjectType, ids: Iterable[str], to: ObjectType
) -> dict[str, frozenset[str]]:
    """Ids of the parents of each record; empty for one without."""
    wanted = list(dict.fromkeys(ids))
    found = await associations(calls, (type, to), wanted)
    return {id_: frozenset(parent.id for parent in found.get(id_, ())) for id_ in wanted}


@dataclass(frozen=True, slots=True)
class Parent:
    """A linked record.

    Attributes:
        kinds: type ids of the association, of those that HubSpot defines.
        labels: what people call it, in the order of the answer.
    """

    id: str
    kinds: frozenset[int]
    labels: tuple[str, ...]


async def associations(
    calls: Calls, types: tuple[ObjectType, ObjectType], ids: Iterable[str]
) -> dict[str, list[Parent]]:
    """Per record its parents; a request for each thousand."""
    path = calls.paths.associations(*types, "batch/read")
    found: dict[str, list[Parent]] = {}
    waiting: list[Json] = [{"id": id_} for id_ in dict.fromkeys(ids)]
    while waiting:
        asked, waiting = waiting[:_READ], waiting[_READ:]
        answer = await calls.read(path, {"inputs": asked})
        for error in objects(answer.get("errors")):
            _only_missing(error)
        for result in objects(answer.get("results")):
            id_ = str((result.get("from") or {}).get("id"))
            found.setdefault(id_, []).extend(_parent(to) for to in objects(result.get("to")))
            if (after := next_page(result)) is not None:
                waiting.append({"id": id_, "after": after})
    return found


def _only_missing(error: Json) -> None:
    """A record without associations may show as an error; anything else is no answer."""
    fault = read_fault(error)
    if not (fault.not_found or "NO_ASSOCIATIONS" in fault.code.upper()):
        raise Unavailable(f"HubSpot did not tell all links ({fault.code}): {fault.message}.")


def _parent(to: Json) -> Parent:
    types = objects(to.get("associationTypes"))
    kinds = frozenset(int(one.get("typeId") or 0) for one in types if not _is_own(one))
    labels = [str(one["label"]) for one in types if one.get("label") and not is_default(one)]
    return Parent(str(to.get("toObjectId")), kinds, tuple(dict.fromkeys(labels)))


def _is_own(type: Json) -> bool:
    """Whether an account, or an app, has made this type: its numbers are counted apart."""
    return type.get("category") not in {None, "HUBSPOT_DEFINED"}


def is_default(type: Json) -> bool:
    """Whether a type says no more than that records are linked, or which parent is the primary."""
    return not _is_own(type) and int(type.get("typeId") or 0) in _DEFAULTS


async def inline_links(
    calls: Calls, type: ObjectType, item: Json
) -> dict[ObjectType, tuple[str, ...]]:
    """Links of one record of a list, reading on where the list shows only the first hundred.

    The primary parent comes first, as a create takes them.
    """
    shown = item.get("associations") or {}
    found: dict[ObjectType, tuple[str, ...]] = {}
    for to in parents_of(type):
        part = shown.get(str(to)) or {}
        primary = _PRIMARY.get((type, to))
        shown_first = sorted(objects(part.get("results")), key=lambda p: p.get("type") != primary)
        ids = [str(parent.get("id")) for parent in shown_first]
        if (after := next_page(part)) is not None:
            path = calls.paths.linked(type, str(item["id"]), to)
            async for page in calls.pages(path, {"limit": "500", "after": after}):
                ids += [_parent(parent).id for parent in page]
        if ids:
            found[to] = tuple(dict.fromkeys(ids))  # a labelled parent shows once per label
    return found
