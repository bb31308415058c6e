"""When a retry joins the family of its run: not as it is planned, but as it begins to write.

Until then it changes no books, and other retries may overtake it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.errors import InputError
from migrator.journal import Retries, RunState, family_of
from migrator.report import counted
from migrator.runs.turned_down import left_of

if TYPE_CHECKING:
    from migrator.journal import Family, Run
    from migrator.runs.workspace import Workspace


def ensure_finished(family: Family) -> None:
    """Refuse to retry rows of a run that goes on, or of which a retry does.

    Raises:
        InputError: naming the run and the way to finish it.
    """
    for run in family.runs:
        if run.state is RunState.FINISHED:
            continue
        way = {
            RunState.PLANNING: "it was stopped before anything was written; start it again",
            RunState.PLANNED: f"it is only planned; `migrator run --plan {run.id}` writes it",
            RunState.UNDONE: "it was undone; load the file anew with `migrator run`",
        }.get(run.state, f"it is not finished; go on with it first: `migrator resume {run.id}`")
        raise InputError(f"Run {run.id} cannot be retried: {way}.")


def ensure_current(workspace: Workspace, retry: Run) -> None:
    """Refuse a retry that was planned and left, while another one took its rows on.

    Raises:
        InputError: rows of it stand in another run by now, or one of these is not finished.
    """
    if not _waits(retry):
        return
    retries = Retries(workspace.journal)
    family = family_of(workspace.journal, retry)
    ensure_finished(family)
    standing = retries.standing_in(family)
    taken = retries.taken(retry.id)
    moved = sum(standing.get(record, family.first.id) != run for record, run in taken.items())
    if moved:
        raise InputError(
            f"{counted(moved, 'row', 'rows')} of retry {retry.id} "
            f"{'was' if moved == 1 else 'were'} retried by another one since it was planned. "
            "Nothing was written; retry the file again."
        )


def join_family(workspace: Workspace, retry: Run) -> None:
    """From here on the rows that a retry takes on count with what becomes of them in it.

    Nothing happens to a run that is no retry, or has joined already.

    Raises:
        InputError: the folder of a run that the rows come from is gone.
    """
    if _waits(retry):
        family = family_of(workspace.journal, retry)
        left = _left(workspace, family, retry)
        Retries(workspace.journal).join(family, retry, left)


def _waits(run: Run) -> bool:
    return "retry_of" in run.settings and "begun" not in run.settings


def _left(workspace: Workspace, family: Family, retry: Run) -> dict[str, Any]:
    """What is left of the rejected rows of each run that a retry takes rows from."""
    retries = Retries(workspace.journal)
    taken = retries.taken(retry.id)
    left = {}
    for run in family.runs:
        own = {record for record, owner in taken.items() if owner == run.id}
        if own:
            gone = own | retries.taken_from(family, run.id)
            left[run.id] = left_of(run, workspace.folder(run.id), gone)
    return left
