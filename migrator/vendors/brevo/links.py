"""Linking deals to contacts and companies: by link-unlink for few, by a file for many.

A file links by its ``associated_*`` columns. Whether these take ids or e-mail addresses and names
is UNCERTAIN, so what one way left unlinked is tried the other way once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.brevo import activities
from migrator.vendors.brevo.answers import Json, Refusal, whole
from migrator.vendors.brevo.files import Layout, fitting, switches
from migrator.vendors.brevo.jobs import Job, Watch
from migrator.vendors.brevo.pages import FEW, by_id
from migrator.vendors.brevo.schema import ACTIVITIES
from migrator.vendors.brevo.settle import Gap, linked_ids, refused
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.model import Link, Op
    from migrator.vendors.brevo.session import Session

_OTHER = {
    (ObjectType.CONTACTS, "id"): "email",
    (ObjectType.CONTACTS, "email"): "id",
    (ObjectType.COMPANIES, "id"): "name",
    (ObjectType.COMPANIES, "name"): "id",
}

Left = dict[str, tuple[tuple["Link", ...], str]]
"""By key the links that could not be made, with Brevo's reason where it gives one."""


def otherwise(session: Session, type: ObjectType) -> None:
    """Name linked records of a type the other way in the next file."""
    session.named_by[type] = _OTHER.get((type, session.named_by.get(type, "")), "id")


def learn(session: Session, ops: Sequence[Op], gaps: Mapping[str, Gap]) -> bool:
    """Take the other way from now on where most links of a type, not just one, were not made.

    Not all of them: some may have been there before. Not one: its record may just be gone.
    """
    turned = False
    for type in dict.fromkeys(link.type for op in ops for link in op.links):
        wanted = sum(link.type is type for op in ops for link in op.links)
        lacking = sum(link.type is type for op in ops for link in gaps[op.key].links)
        if lacking > 1 and 2 * lacking > wanted:
            otherwise(session, type)
            turned = True
    return turned


async def link(session: Session, ops: Sequence[Op]) -> list[Outcome]:
    """Link records that are there to their ``op.links``: WRITTEN when all of them are there."""
    steps = [partial(activities.link, session, op) for op in ops if op.type in ACTIVITIES]
    outcomes = await in_turn(steps)
    return outcomes + await _link(session, [op for op in ops if op.type not in ACTIVITIES])


async def _link(session: Session, ops: Sequence[Op]) -> list[Outcome]:
    wanted = [op for op in ops if op.links]
    left = await make(session, wanted, least=session.options.import_from)
    outcomes = []
    for op in ops:
        if op.key not in left:
            outcomes.append(Outcome(op.key, OpState.WRITTEN, op.id))
            continue
        links, reason = left[op.key]
        names = ", ".join(f'{one.type} "{one.key}"' for one in links)
        said = f": {reason}" if reason else "; Brevo gives no reason"
        outcomes.append(refused(op, "link_refused", f"not linked to {names}{said}"))
    return outcomes


async def make(session: Session, ops: Sequence[Op], *, ways: int = 2, least: int = 0) -> Left:
    """Link deals; what stays unlinked.

    Args:
        session: the account.
        ops: with ids and the links to make.
        ways: ways of naming linked records in a file that are still to be tried.
        least: fewest deals that are worth a file.
    """
    if any(op.type is not ObjectType.DEALS for op in ops):
        return {op.key: (op.links, "") for op in ops}
    left = list(ops)
    for _ in range(ways):
        if len(left) < max(least, 1):
            break
        tried = dict(session.named_by)
        left = await _by_files(session, left)
        if session.named_by == tried:
            break  # this way was understood: the other would do no better
        least = FEW + 1
    if len(left) <= max(FEW, least - 1):
        return await _singly(session, left)
    return {op.key: (op.links, "") for op in left}


async def _by_files(session: Session, ops: Sequence[Op]) -> list[Op]:
    """Link by files with deal ids; the ops that lack links then, with those they lack."""
    layout = Layout(
        await session.schema(ObjectType.DEALS),
        dict(session.named_by),
        session.options.associated_separator,
    )
    left: list[Op] = []
    while ops:
        file, rows = fitting(ops, layout, with_ids=True, values=False)
        left += await _by_file(session, file, rows)
        ops = ops[len(rows) :]
    return left


async def _by_file(session: Session, file: bytes, ops: Sequence[Op]) -> list[Op]:
    """As ``_by_files``, of the ops of one file."""
    try:
        process = await session.calls.import_file(ObjectType.DEALS, file, switches(update=True))
    except Refusal:
        return list(ops)
    session.wrote()
    left = {op.key: op for op in ops}

    async def read() -> frozenset[str]:
        left.update({op.key: op for op in await _lacking(session, list(left.values()))})
        for key in [key for key, op in left.items() if not op.links]:
            del left[key]
        return frozenset(left)

    job = Job().taken(process)
    watch = Watch(session, ObjectType.DEALS, job, session.clock.monotonic())
    await watch.end(read, len(ops))
    unmade = {op.key: left[op.key].links if op.key in left else () for op in ops}
    learn(session, ops, {key: Gap((), links) for key, links in unmade.items()})
    return list(left.values())


async def _lacking(session: Session, ops: Sequence[Op]) -> list[Op]:
    """The same ops, each with the links that its record lacks."""
    items = await by_id(session, ObjectType.DEALS, [str(op.id) for op in ops])
    return [replace(op, links=_unlinked(op, items.get(str(op.id)))) for op in ops]


def _unlinked(op: Op, item: Json | None) -> tuple[Link, ...]:
    if item is None:
        return op.links
    return tuple(link for link in op.links if link.id not in linked_ids(item, link.type))


async def _singly(session: Session, ops: Sequence[Op]) -> Left:
    """Link each deal by itself, and look: an id that is not there may be ignored silently."""
    left: Left = {}
    accepted = []
    for op in ops:
        bad, reason = await _link_one(session, op, op.links)
        if bad:
            left[op.key] = (bad, reason)
        good = tuple(link for link in op.links if link not in bad)
        if good:
            accepted.append(replace(op, links=good))
    for op in accepted:
        # Not by the list, which may lag behind.
        unmade = _unlinked(op, await session.calls.record(op.type, str(op.id)))
        if unmade:
            bad, reason = left.get(op.key, ((), ""))
            left[op.key] = ((*bad, *unmade), reason)
    return left


def parents(links: Iterable[Link]) -> tuple[list[int], list[str]]:
    """Ids of contacts and of companies as Brevo writes them; what cannot be one is left out."""
    given = list(links)
    people = [whole(link.id) for link in given if link.type is ObjectType.CONTACTS]
    firms = [str(link.id) for link in given if link.type is ObjectType.COMPANIES]
    return [number for number in people if number], firms


async def _link_one(
    session: Session, op: Op, links: tuple[Link, ...]
) -> tuple[tuple[Link, ...], str]:
    """Links of a deal that Brevo turns down, found one by one when it turns them down together."""
    contacts, companies = parents(links)
    if not contacts and not companies:
        return links, "it has no id that Brevo could know"
    try:
        await session.calls.link_deal(str(op.id), contacts, companies)
    except Refusal as refusal:
        if len(links) == 1 or refusal.status == 404:
            return links, refusal.message
        parts = [await _link_one(session, op, (one,)) for one in links]
        bad = tuple(one for part, _ in parts for one in part)
        return bad, "; ".join(dict.fromkeys(reason for _, reason in parts if reason))
    session.wrote()
    return (), ""
