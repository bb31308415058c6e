"""What a plan that was kept must not overwrite: what people have changed since it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.journal import PHASES, RunState, Settled
from migrator.model import Action, OpState
from migrator.runs.overtaken import leave_overtaken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Run
    from migrator.model import Held, Op
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Vendor

CHANGED = "changed_since"
"""Code of a row that was left alone because somebody changed its record since the plan."""

_WAITED = frozenset({RunState.PLANNED, RunState.SAMPLED})
_CHANGES = frozenset({Action.UPDATE, Action.DELETE})
_AT_ONCE = 2_000


async def leave_changed(workspace: Workspace, run: Run, session: Session) -> None:
    """Settle the planned changes of a run that waited, where a record is not as it was.

    The records are read again, with the fewest requests that the CRM allows. What somebody set to
    our value meanwhile is no obstacle; a record that is gone the CRM refuses by itself.
    """
    if run.state not in _WAITED or session.planned == run.id:
        return
    leave_overtaken(workspace, run.id)  # what a later run has changed is not somebody's work
    told = False
    for phase in PHASES:
        after = 0
        while ops := workspace.journal.planned(
            run.id, phase, after=after, limit=_AT_ONCE, there=True
        ):
            after = ops[-1].seq
            changes = [op for op in ops if op.action in _CHANGES and op.id and op.before]
            if changes and not told:
                told = True
                workspace.say(
                    f"The plan is from {run.created_at[:16]}: the records that it changes are read "
                    "again, and those that somebody has changed since are left alone."
                )
            settled = await _settled(session.vendor, changes)
            if settled:
                workspace.journal.settle(run.id, settled, workspace.clock.now())


async def _settled(vendor: Vendor, ops: Sequence[Op]) -> list[Settled]:
    settled = []
    for type in {op.type for op in ops}:
        some = {str(op.id): op for op in ops if op.type is type}
        names = {name for op in some.values() for name in op.before}
        held = await vendor.read(type, list(some), names)
        for id_, op in some.items():
            if id_ in held and (message := _changed(vendor, op, held[id_])):
                settled.append(Settled(op, OpState.REFUSED, op.id, CHANGED, message))
    return settled


def _changed(vendor: Vendor, op: Op, held: Held) -> str:
    """In which property a record is neither as it was nor as it is to be; blank when in none."""
    for name, before in op.before.items():
        now = held.properties.get(name)
        if vendor.same(op.type, name, before or "", now):
            continue
        if name in op.properties and vendor.same(op.type, name, op.properties[name], now):
            continue
        return (
            f'somebody has changed {name} of this record (id {op.id}) from "{before or ""}" to '
            f'"{now or ""}" since the plan was made; it was left so. Retry the row to write it'
        )
    return ""
