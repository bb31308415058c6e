"""What a plan that waited must not do any more, because a later run has been there.

A run that was stopped, or only planned, may be gone on with after the feed's next load. Its values
are older than what the account holds by then, and a record that it was to delete may be back in the
source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.journal import PHASES, Settled
from migrator.model import OpState

if TYPE_CHECKING:
    from migrator.journal import Journal
    from migrator.model import Op
    from migrator.runs.workspace import Workspace

OVERTAKEN = "overtaken"
"""Code of a row that was left alone because a later run wrote its record."""

_AT_ONCE = 2_000


def leave_overtaken(workspace: Workspace, run_id: str) -> None:
    """Settle the planned ops of a run whose records a later run has written, or found right.

    Those that want the same as that run are unchanged, the others refused.
    """
    journal = workspace.journal
    for phase in PHASES:
        after = 0
        while ops := journal.planned(run_id, phase, after=after, limit=_AT_ONCE, there=True):
            after = ops[-1].seq
            settled = _settled(journal, run_id, ops)
            if settled:
                journal.settle(run_id, settled, workspace.clock.now())


def _settled(journal: Journal, run_id: str, ops: list[Op]) -> list[Settled]:
    by_id = {(op.type, op.id): op for op in ops if op.id}
    settled = []
    for type, id_, by, content in journal.memory.overtaken(run_id, by_id):
        op = by_id.pop((type, id_), None)  # several feeds may know the record
        if op is None:
            continue
        if content and content == op.content:
            settled.append(Settled(op, OpState.UNCHANGED, op.id))
        else:
            message = (
                f"run {by} has written this record (id {op.id}) since this run was planned; it was "
                f"left as that run left it. Load the newest file again if that is not right"
            )
            settled.append(Settled(op, OpState.REFUSED, op.id, OVERTAKEN, message))
    return settled
