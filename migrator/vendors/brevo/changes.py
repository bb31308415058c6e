"""Changing many deals or companies, or clearing fields of them, by files that name their ids.

A blank cell leaves alone what is there, unless the whole file says otherwise: that is the
documented way to clear a field. So rows that clear something go in files of their own, each for
records of which the same fields are written, so that every blank cell in it is meant.

What such a file leaves undone of few is done one by one, where null or blank text stands for a
cleared field (UNCERTAIN: the documentation of a PATCH does not say).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.errors import MigratorError
from migrator.model import OpState, Outcome
from migrator.vendors.brevo import singly
from migrator.vendors.brevo.answers import Refusal
from migrator.vendors.brevo.files import fitting, switches
from migrator.vendors.brevo.imports import in_order, last_in, layout_of, turned_down
from migrator.vendors.brevo.jobs import Job, Watch
from migrator.vendors.brevo.pages import FEW, UPDATED, by_id
from migrator.vendors.brevo.settle import NOT_UPDATED, Gap, at_fault, gap, refused, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.model import ObjectType, Op
    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.brevo.session import Session

_PLAIN = "0"
"""The label of changes that clear nothing."""


def clears(op: Op) -> bool:
    """Whether a change clears a field."""
    return not all(op.properties.values())


def label(op: Op) -> str:
    """What tells the files of one call apart: the fields of a change that clears some of them."""
    if not clears(op):
        return _PLAIN
    return hashlib.sha256("\n".join(sorted(op.properties)).encode()).hexdigest()[:12]


async def update(
    session: Session, type: ObjectType, ops: Sequence[Op], note: Callable[[str], None]
) -> list[Outcome]:
    """Change records, file after file; few of which nothing is cleared one by one.

    Ops behind what stopped a file have no outcome, as those have for which it had no room: to send
    a change again does no harm.
    """
    groups: defaultdict[str, list[Op]] = defaultdict(list)
    for op in in_order(ops):
        groups[label(op)].append(op)
    outcomes: list[Outcome] = []
    try:
        for name, group in groups.items():
            outcomes += await _update(session, type, name, group, note)
    except MigratorError:
        if not outcomes:
            raise
    return outcomes


async def _update(
    session: Session, type: ObjectType, name: str, ops: Sequence[Op], note: Callable[[str], None]
) -> list[Outcome]:
    """Change records of one label."""
    if name == _PLAIN and len(ops) < session.options.import_from:
        return await singly.update(session, type, ops)
    placed = [await _placed(session, replace(op, links=())) for op in ops]
    if name != _PLAIN and (lost := [op for op in placed if not _has_place(op)]):
        # Their stage is none of the account's, and their blank pipeline would clear that of others.
        outcomes = await singly.update(session, type, lost)
        rest = [op for op in placed if _has_place(op)]
        return outcomes + (await _by_file(session, type, name, rest, note) if rest else [])
    return await _by_file(session, type, name, placed, note)


async def _by_file(
    session: Session, type: ObjectType, name: str, ops: Sequence[Op], note: Callable[[str], None]
) -> list[Outcome]:
    """As for creates, ops for which a file has no room get no outcome."""
    file, rows = fitting(ops, await layout_of(session, type), with_ids=True)
    mapping = switches(update=True, unset=name != _PLAIN)
    try:
        process = await session.calls.import_file(type, file, mapping)
    except Refusal as refusal:
        return turned_down(rows, refusal)
    session.wrote()
    job = Job(through=last_in(rows, ops), label=name).taken(process)
    note(str(job))
    with singly.in_doubt(f"Brevo took a file of {len(rows)} changed {type} (import {process})"):
        watch = Watch(session, type, job, session.clock.monotonic())
        return await settle(watch, rows)


async def settle(watch: Watch, ops: Sequence[Op]) -> list[Outcome]:
    """Wait for an import of changes to end; what became of its rows."""
    session, type = watch.session, watch.type
    schema = await session.schema(type)
    left: dict[str, tuple[str, ...] | None] = {op.key: None for op in ops}

    async def read() -> frozenset[str]:
        open_ = [op for op in ops if op.key in left]
        items = await by_id(session, type, [str(op.id) for op in open_], UPDATED[type])
        for op in open_:
            item = items.get(str(op.id))
            left[op.key] = gap(session, schema, op, item).fields if item else None
            if left[op.key] == ():
                del left[op.key]
        return frozenset(left)

    await watch.end(read, len(ops))
    done = [Outcome(op.key, OpState.WRITTEN, op.id) for op in ops if op.key not in left]
    undone = [op for op in ops if op.key in left]
    if len(undone) <= FEW:
        with singly.in_doubt(f"Brevo changed a part of {len(ops)} {type}"):
            return done + [await _rest(session, op, left[op.key]) for op in undone]
    return done + [_not_updated(op, left[op.key], schema) for op in undone]


async def _rest(session: Session, op: Op, left: tuple[str, ...] | None) -> Outcome:
    """Change what a file left undone of one record."""
    names = op.properties if left is None else left
    still, reason = await singly.change(session, op, {name: op.properties[name] for name in names})
    return singly.changed(op, still, reason)


def _not_updated(op: Op, left: tuple[str, ...] | None, schema: Schema) -> Outcome:
    if left is None:
        return refused(op, "document_not_found", "the record is gone")
    if len(left) == len(op.properties):
        hint = at_fault(replace(op, links=()), schema)  # these are made later
        return refused(op, "not_imported", NOT_UPDATED + hint)
    return written(op, op.id, Gap(left))


async def _placed(session: Session, op: Op) -> Op:
    """The same, its pipeline with its stage."""
    if "deal_stage" not in op.properties:
        return op
    return replace(op, properties=await singly.with_pipeline(session, op.properties))


def _has_place(op: Op) -> bool:
    return "deal_stage" not in op.properties or "pipeline" in op.properties
