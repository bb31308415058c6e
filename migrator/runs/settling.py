"""Before a run relies on what an account holds: what became of all that others sent to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.loader import Job, Loader

if TYPE_CHECKING:
    from migrator.model import Account
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace

_WORTH_A_LINE = 3.0


async def settle_others(
    workspace: Workspace, session: Session, account: Account, run_id: str
) -> None:
    """Settle what earlier runs sent to this account and got no answer to.

    A run that was killed may have left a file that the vendor still works off: whoever starts the
    same file again instead of resuming would not see its records yet, and write them once more.
    The account is locked by us, so that no such run is alive.

    Raises:
        Stopped, OutcomeUnknown: see :mod:`migrator.errors`; nothing was written. A row whose
            outcome is unknown may be in the account without our being able to find it: before a
            person has told, no other run may write there.
    """
    for run in workspace.journal.open_runs():
        if run.id == run_id or (run.vendor, run.account) != (account.vendor, account.id):
            continue
        workspace.say(
            f"Run {run.id} was stopped with requests that have no answer yet. Finding out what "
            "became of them first."
        )
        await Loader(session.vendor, workspace.journal, Job(run.id, {}), workspace.clock).settle()
    await wait_for_lag(workspace, session, account)  # settling may have written, too


async def wait_for_lag(workspace: Workspace, session: Session, account: Account) -> None:
    """Wait until what other processes of ours have written can be found in the account.

    A file loaded again half a minute after its first load would find nothing of it in a CRM whose
    lists lag, and write it all once more.
    """
    lag = session.vendor.capabilities.find_lag
    touched = workspace.journal.touched(account.vendor, account.id)
    if touched is None:
        return
    passed = (workspace.clock.now() - touched).total_seconds()
    left = min(lag, lag - passed)  # a clock that was set back costs the lag and no more
    if left <= 0:
        return
    if left > _WORTH_A_LINE:
        workspace.say(f"Waiting {left:.0f} s: lists show what was just written only after a while.")
    await workspace.clock.sleep(left)
