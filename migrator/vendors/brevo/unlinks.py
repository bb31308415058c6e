"""Taking links of deals away, and telling which there are, from either end.

One request for each deal: an import has a switch ``unlink_entities``, but whether it parts a deal
from those that its row names, or from all, is not documented, and what a person linked is at stake.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.brevo import activities, activity_recover, read
from migrator.vendors.brevo.answers import Refusal
from migrator.vendors.brevo.links import parents
from migrator.vendors.brevo.pages import by_id, every
from migrator.vendors.brevo.schema import ACTIVITIES
from migrator.vendors.brevo.settle import linked_ids, refused
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migrator.model import Link, Op
    from migrator.vendors.brevo.session import Session

_TO = {
    ObjectType.DEALS: (ObjectType.CONTACTS, ObjectType.COMPANIES),
    ObjectType.COMPANIES: (ObjectType.CONTACTS, ObjectType.DEALS),
    ObjectType.CONTACTS: (ObjectType.DEALS, ObjectType.COMPANIES),
    ObjectType.NOTES: (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES),
    ObjectType.TASKS: (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES),
}
"""From which records to which links can be told."""


async def unlink(session: Session, ops: Sequence[Op]) -> list[Outcome]:
    """Part deals from their ``op.links``: WRITTEN when none of them is left.

    Ops behind what stops it have no outcome; to part them again does no harm.
    """
    return await in_turn([partial(_unlink, session, op) for op in ops])


async def _unlink(session: Session, op: Op) -> list[Outcome]:
    if op.type in ACTIVITIES:
        return await activities.unlink(session, op)
    left, reason = await _left(session, op, op.links) if op.links else ((), "")
    if not left:
        return [Outcome(op.key, OpState.WRITTEN, op.id)]
    names = ", ".join(f'{link.type} "{link.key}"' for link in left)
    return [refused(op, "unlink_refused", f"still linked to {names}: {reason}")]


async def _left(session: Session, op: Op, links: tuple[Link, ...]) -> tuple[tuple[Link, ...], str]:
    """The links that stay, and why.

    Of what Brevo turns down, mostly because a record is gone, it is looked what there is of it
    still; then each of these by itself.
    """
    if op.type is not ObjectType.DEALS:
        return links, f"links of {op.type} are changed from the side of the deals"
    try:
        await session.calls.unlink_deal(str(op.id), *parents(links))
    except Refusal as refusal:
        item = await session.calls.record(op.type, str(op.id))
        there = tuple(link for link in links if item and link.id in linked_ids(item, link.type))
        if len(there) == len(links) == 1:
            return there, refusal.message
        parts = [await _left(session, op, (one,)) for one in there]
        left = tuple(one for part, _ in parts for one in part)
        return left, "; ".join(dict.fromkeys(reason for _, reason in parts if reason))
    session.wrote()
    return (), ""


async def linked(
    session: Session, type: ObjectType, ids: Collection[str], to: ObjectType
) -> dict[str, frozenset[str]]:
    """Ids of the ``to`` records of each record; empty for one without.

    Contacts do not show what they are linked to, so that all deals (or companies) are read for it.
    """
    if to not in _TO.get(type, ()):
        raise InputError(f"Brevo's {type} show no links to {to}.")
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    await session.caught_up()
    if type in ACTIVITIES:
        shown = await read.activities_by_id(session, type, wanted)
        return {
            id_: frozenset(
                activity_recover.linked_ids(type, shown[id_])[to] if id_ in shown else ()
            )
            for id_ in wanted
        }
    if type is not ObjectType.CONTACTS:
        items = await by_id(session, type, wanted)
        return {
            id_: frozenset(linked_ids(items[id_], to) if id_ in items else ()) for id_ in wanted
        }
    found: dict[str, set[str]] = {id_: set() for id_ in wanted}
    async for page in every(session, to):
        for item in page:
            for contact in linked_ids(item, type):
                if contact in found:
                    found[contact].add(str(item["id"]))
    return {id_: frozenset(others) for id_, others in found.items()}
