"""Taking links away: a hundred at once by v4 associations, or deal by deal by v1.

Neither says a word on single links. So what a request is turned down for is found by halving it,
and of the one link that is left it is read whether it is there at all: to take away what is gone
already, or what belongs to a record that was deleted, is no failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.hubspot import legacy
from migrator.vendors.hubspot.answers import Fault, body, is_row_fault, objects, read_fault
from migrator.vendors.hubspot.calls import BATCH, chunks
from migrator.vendors.hubspot.links import linked
from migrator.wire import Effect, request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Link, Op
    from migrator.vendors.hubspot.calls import Calls

_Types = tuple[ObjectType, ObjectType]
_Pairs = list[tuple["Op", "Link"]]


async def unlink(calls: Calls, ops: Sequence[Op], *, v1_links: bool = False) -> list[Outcome]:
    """Part records from their parents altogether, whatever the links are called."""
    kinds: dict[_Types, _Pairs] = {}
    for op in ops:
        for link in op.links:
            kinds.setdefault((op.type, link.type), []).append((op, link))
    left: dict[str, list[tuple[Link, Fault]]] = {}
    for types, pairs in kinds.items():
        by_v1 = v1_links and types[0] is ObjectType.DEALS
        for part in _by_record(pairs) if by_v1 else chunks(pairs, BATCH):
            for op, link, fault in await _part(calls, types, part, by_v1=by_v1):
                left.setdefault(op.key, []).append((link, fault))
    return [_outcome(op, left.get(op.key, [])) for op in ops]


def _by_record(pairs: _Pairs) -> list[_Pairs]:
    found: dict[str | None, _Pairs] = {}
    for op, link in pairs:
        found.setdefault(op.id, []).append((op, link))
    return list(found.values())


def _outcome(op: Op, left: Sequence[tuple[Link, Fault]]) -> Outcome:
    if not left:
        return Outcome(op.key, OpState.WRITTEN, op.id)
    names = ", ".join(f'{link.type} "{link.key}"' for link, _ in left)
    reasons = "; ".join(dict.fromkeys(fault.message for _, fault in left))
    message = f"still linked to {names}: {reasons}"
    return Outcome(op.key, OpState.REFUSED, None, left[0][1].code, message)


async def _part(
    calls: Calls, types: _Types, pairs: _Pairs, *, by_v1: bool
) -> list[tuple[Op, Link, Fault]]:
    """Take the links between these pairs away; those that HubSpot keeps."""
    fault = await (_by_v1 if by_v1 else _by_batch)(calls, types, pairs)
    if fault is None:
        return []
    if len(pairs) > 1:
        half = len(pairs) // 2
        first = await _part(calls, types, pairs[:half], by_v1=by_v1)
        return first + await _part(calls, types, pairs[half:], by_v1=by_v1)
    ((op, link),) = pairs
    there = await linked(calls, types[0], [str(op.id)], types[1])
    return [(op, link, fault)] if link.id in there[str(op.id)] else []


async def _by_v1(calls: Calls, types: _Types, pairs: _Pairs) -> Fault | None:
    return await legacy.unlink(calls, pairs[0][0], types[1], [str(link.id) for _, link in pairs])


async def _by_batch(calls: Calls, types: _Types, pairs: _Pairs) -> Fault | None:
    """204 and no body; should it be a 207 after all, its first error stands for all."""
    parents: dict[str, list[str]] = {}
    for op, link in pairs:
        parents.setdefault(str(op.id), []).append(str(link.id))
    inputs = [
        {"from": {"id": id_}, "to": [{"id": parent} for parent in ids]}
        for id_, ids in parents.items()
    ]
    path = calls.paths.associations(*types, "batch/archive")
    effect, content = Effect.REPEATABLE, {"inputs": inputs}
    response = await request(calls.client, "POST", path, effect=effect, json=content)
    found = body(response)
    if is_row_fault(response.status_code, found):
        return read_fault(found)
    calls.check(response, f"POST {path}")
    return next((read_fault(error) for error in objects(found.get("errors"))), None)
