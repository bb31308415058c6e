"""Records that have a source's keys and may be none of its: no move changes them unasked.

Two accounts may use the same keys for different deals. Where an export of one is loaded into the
other, only what an earlier run of the same origin has written is surely its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.report import counted

if TYPE_CHECKING:
    from migrator.journal import Run
    from migrator.plan import Plan
    from migrator.runs.inputs import Inputs
    from migrator.runs.workspace import Workspace

TAKE_OVER = "take_over"
"""Among a run's settings: the user knows that they are the same records."""


def from_elsewhere(run: Run, inputs: Inputs) -> bool:
    """Whether the rows are records of another account, in which keys may mean something else."""
    origin = None if inputs.request.narrow else inputs.origin
    return origin is not None and (origin.vendor, origin.account) != (run.vendor, run.account)


def remark(plan: Plan) -> list[str]:
    """What a plan says of them; nothing where there are none."""
    if not plan.strangers:
        return []
    key, id_ = plan.stranger
    changed = counted(
        plan.strangers, "deal that would be changed was", "deals that would be changed were"
    )
    told = (
        f"{changed} there before with the same key, and no run from that account is known to have "
        f"written them (key {key}: record {id_}). They may be other deals; they are "
        "changed with --take-over only."
    )
    return [told]


def ensure_none(workspace: Workspace, run: Run, *, take_over: bool) -> Run:
    """Refuse a plan that changes them, unless the user said so, now or when the run began.

    Gives the run as the journal has it by then.

    Raises:
        InputError: there are some.
    """
    run = workspace.journal.run(run.id)  # it may have been planned again
    count = run.settings["plan"].get("strangers", 0)
    if not count or run.settings.get(TAKE_OVER):
        return run
    if not take_over:
        (told, *_) = run.settings["remarks"]
        raise InputError(
            f"{told} Nothing was written. Look at them in {run.account} (plan.parquet has their "
            "ids). If they are the same deals: migrator run --plan "
            f"{run.id} --take-over. If not, give the keys of this source a prefix of their own in "
            "the template (key: {from: [key], prefix: ...}), and run that."
        )
    settings = {**run.settings, TAKE_OVER: True}
    workspace.journal.update_run(
        run.id, account_fingerprint=run.account_fingerprint, settings=settings
    )
    return workspace.journal.run(run.id)
