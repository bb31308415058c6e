"""Deals and companies as one file: upload, wait, read back.

An import answers no ids and no errors of rows. What became of a row is found out by reading the
records back and comparing; what is missing of few rows is mended one by one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.vendors.brevo import links, singly
from migrator.vendors.brevo.answers import Json, Refusal
from migrator.vendors.brevo.files import Layout, fitting, switches
from migrator.vendors.brevo.jobs import Job, Verdict, Watch
from migrator.vendors.brevo.pages import FEW, by_key
from migrator.vendors.brevo.settle import (
    NOT_IMPORTED,
    Gap,
    at_fault,
    doubled,
    gap,
    refused,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from migrator.model import ObjectType, Op, Outcome
    from migrator.vendors.brevo.session import Session

_SKEW = timedelta(minutes=10)
"""By how much two clocks of Brevo's may differ; and the most that its answers are late."""

_A_DAY = timedelta(days=1)
"""By how much our own clock may be wrong."""


async def create(
    session: Session, type: ObjectType, ops: Sequence[Op], note: Callable[[str], None]
) -> list[Outcome]:
    """Create records by one file; that it is about to leave is noted, then its process.

    Ops for which it has no room get no outcome, and :func:`migrator.vendors.brevo.recover.recover`
    says of them that they were not sent. So a note always tells of one file.
    """
    await session.keyed(type)
    file, rows = fitting(in_order(ops), await layout_of(session, type), with_ids=False)
    # Several files may be without an answer at once: the last row tells one from the others.
    job = Job(after=session.shown.get(type), through=rows[-1].seq)

    def leaving() -> None:
        nonlocal job
        job = replace(job, uploaded=session.calls.server_now())
        note(str(job))

    try:
        process = await session.calls.import_file(type, file, switches(update=False), leaving)
    except Refusal as refusal:
        return turned_down(rows, refusal)
    session.wrote()
    job = job.taken(process)
    note(str(job))
    with singly.in_doubt(f"Brevo took a file of {len(rows)} {type} (import {process})"):
        watch = Watch(session, type, job, session.clock.monotonic())
        return await settle_creates(watch, rows, made_since(job, session.clock.now()))


def in_order(ops: Sequence[Op]) -> list[Op]:
    """As the run counts them."""
    return sorted(ops, key=lambda op: op.seq)


def last_in(rows: Sequence[Op], ops: Sequence[Op]) -> int | None:
    """The last op of a file that is full before all are in it."""
    return rows[-1].seq if len(rows) < len(ops) else None


def made_since(job: Job, sent: datetime) -> datetime:
    """An instant that all records of an upload are newer than.

    Args:
        job: the upload; it may tell when it left by the server's own clock.
        sent: when it left, by our clock.
    """
    return job.uploaded - _SKEW if job.uploaded else sent - _A_DAY


async def settle_creates(watch: Watch, ops: Sequence[Op], since: datetime) -> list[Outcome]:
    """Wait for an import to end; what became of its rows. No outcomes = it was not carried out."""
    session, type = watch.session, watch.type
    found: dict[str, list[Json]] = {}
    keys = frozenset(op.key for op in ops)

    async def read() -> frozenset[str]:
        found.update(await by_key(session, type, keys - found.keys(), since))
        return keys - found.keys()

    verdict, missing = await watch.end(read, len(keys))
    if verdict is Verdict.NOT_CARRIED_OUT:
        return []
    if len(missing) == len(ops) and all(op.links for op in ops):
        # What names them may be what Brevo turned down.
        links.learn(session, ops, {op.key: Gap((), op.links) for op in ops})
    ending = watch.status if watch.status.casefold() != "completed" else ""
    schema = await session.schema(type)
    outcomes = [
        refused(op, "not_imported", NOT_IMPORTED + at_fault(op, schema) + _ended(ending))
        for op in ops
        if op.key in missing
    ]
    there = [op for op in ops if op.key in found]
    return outcomes + await compare(session, type, there, found)


def _ended(ending: str) -> str:
    if not ending:
        return ""
    return (
        f' (Brevo ended the import as "{ending}": a row may have stopped all after it. With the '
        "option import_from above their number they go one by one.)"
    )


async def compare(
    session: Session, type: ObjectType, ops: Sequence[Op], found: Mapping[str, list[Json]]
) -> list[Outcome]:
    """Outcomes of records that are there; what they lack of few fields or links is made good."""
    schema = await session.schema(type)
    placed = [replace(op, id=str(found[op.key][0]["id"])) for op in ops]
    gaps = {op.key: gap(session, schema, op, found[op.key][0]) for op in placed}
    reasons = await _mend(session, placed, gaps)
    outcomes = []
    for op in placed:
        outcome = written(op, op.id, gaps[op.key], tuple(reasons.get(op.key, ())))
        several = found[op.key]
        outcomes.append(doubled(outcome, several) if len(several) > 1 else outcome)
    return outcomes


async def _mend(session: Session, ops: Sequence[Op], gaps: dict[str, Gap]) -> dict[str, list[str]]:
    """Make gaps good where that takes few requests; ``gaps`` is what stays. Brevo's reasons."""
    reasons: dict[str, list[str]] = {}
    lacking = [op for op in ops if gaps[op.key].fields]
    for op in lacking if len(lacking) <= FEW else []:
        fields = {name: op.properties[name] for name in gaps[op.key].fields}
        left, reason = await singly.change(session, op, fields)
        gaps[op.key] = replace(gaps[op.key], fields=left)
        if reason is not None:
            reasons.setdefault(op.key, []).append(reason.message)
    ways = 1 if links.learn(session, ops, gaps) else 0
    unlinked = [replace(op, links=gaps[op.key].links) for op in ops if gaps[op.key].links]
    made = await links.make(session, unlinked, ways=ways, least=FEW + 1)
    for op in unlinked:
        left_links, message = made.get(op.key, ((), ""))
        key = op.key
        gaps[key] = replace(gaps[key], links=left_links)
        if message:
            reasons.setdefault(key, []).append(message)
    return reasons


async def layout_of(session: Session, type: ObjectType) -> Layout:
    """How the rows of a file are written for this account."""
    options = session.options
    return Layout(
        await session.schema(type),
        dict(session.named_by),
        options.associated_separator,
        await session.stages() if options.import_stage == "name" else None,
        options.import_date,
        options.import_choice == "label",
        options.import_choice_separator,
    )


def turned_down(ops: Sequence[Op], refusal: Refusal) -> list[Outcome]:
    """A file that is turned down as a whole: no row of it was taken."""
    said = f"Brevo turned the whole import file down: {refusal.message}"
    return [refused(op, "import_refused", said) for op in ops]
