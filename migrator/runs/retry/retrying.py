"""Retry rows that a run turned down: a run of its own, under the first one's books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.journal import Retries
from migrator.model import ObjectType
from migrator.runs.execution import same_account
from migrator.runs.planning import plan_inputs
from migrator.runs.retry.matching import matched
from migrator.runs.retry.returned import open_returned
from migrator.runs.workspace import new_run_id

if TYPE_CHECKING:
    from migrator.runs.limits import Limit
    from migrator.runs.planning import Planned
    from migrator.runs.retry.returned import Asked, Returned
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace


def open_retry(workspace: Workspace, asked: Asked) -> Returned:
    """Read an edited rejects file and find its run; no account is asked yet.

    Raises:
        InputError: it cannot be read, or does not say of which run it is.
    """
    run_id = new_run_id(workspace.clock.now(), workspace.rng)
    return open_returned(workspace, asked, workspace.folder(run_id))


async def plan_retry(
    workspace: Workspace,
    returned: Returned,
    session: Session,
    limit: Limit | None = None,
    *,
    lock: bool = False,
) -> Planned:
    """Plan a retry: as :func:`migrator.runs.planning.plan_run` does, with the rows of a file alone.

    Raises:
        InputError: as ``plan_run``, or the file was tampered with, its run is not finished, or the
            account is another one.
        Locked: another run writes to the account.
    """
    first = returned.run
    types = tuple(ObjectType(each) for each in first.settings["types"])
    account = await session.account(types)
    same_account(first, account)
    if lock:
        session.lock(account)  # before the books are read, so that they stay as they are
    workspace.progress.start("prepare", None)
    found = matched(workspace, returned)
    workspace.progress.finish()
    for line in found.notices:
        workspace.say(line)
    run_id = returned.folder.name
    Retries(workspace.journal).take(run_id, found.taken.items())
    return await plan_inputs(
        workspace, run_id, found.inputs, session, limit, lock=lock, retry_of=first
    )
