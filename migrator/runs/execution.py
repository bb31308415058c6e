"""Write a plan, or go on with a run that was stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import Run, RunState
from migrator.loader import Job, Loader
from migrator.model import ObjectType, OnMissing, OpState
from migrator.report import Report, as_json, make_report, write_id_map
from migrator.runs.books import write_turned_down
from migrator.runs.planning import reopened, store_plan, types_of
from migrator.runs.sample import choose_sample
from migrator.runs.target import account_lock, connected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from migrator.model import Account
    from migrator.runs.inputs import Inputs
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace
    from migrator.template import Template
    from migrator.vendors.base import Vendor

_UNSENT = {RunState.PLANNED, RunState.PROVISIONING}


async def execute(
    workspace: Workspace,
    run: Run,
    target: Target,
    *,
    inputs: Inputs | None = None,
    sample: int | None = None,
) -> Report:
    """Carry a run out to its end, or as far as ``sample`` records; settles first what is open.

    Args:
        workspace: the run's journal and surroundings.
        run: a run in any state but ``planning``.
        target: the account, which must be the one the run was planned for.
        inputs: the run's inputs when they were just read; read again and compared otherwise.
        sample: write only so many records, chosen so that edge cases are among them.

    Raises:
        InputError: template, source or account are not those of the plan.
        Locked: another run writes to the account.
        Stopped, OutcomeUnknown, Interrupted: see :mod:`migrator.errors`; the run can go on later.
    """
    if run.state is RunState.PLANNING:
        raise InputError(
            f"Run {run.id} was stopped while it was planned; nothing was written. Start it again."
        )
    inputs = inputs or reopened(workspace, run)
    async with connected(target, workspace) as vendor:
        account = await vendor.describe(types_of(inputs.template))
        same_account(run, account)
        _unchanged_account(run, account)
        with account_lock(target, account.id):
            if run.state in _UNSENT:
                await _provision(workspace, run, inputs, vendor, account)
            run = workspace.journal.run(run.id)
            workspace.journal.set_state(run.id, RunState.RUNNING)
            try:
                await _load(workspace, run, vendor, inputs.template, sample)
                done = RunState.SAMPLED if _left(workspace, run) else RunState.FINISHED
                workspace.journal.set_state(run.id, done)
            finally:
                report = _write_books(workspace, run.id, inputs)
    return report


def same_account(run: Run, account: Account) -> None:
    """Refuse another account than the one that the run was planned for."""
    if account.id != run.account:
        raise InputError(
            f"Run {run.id} was planned for account {run.account}; the token is for account "
            f"{account.id}. Set the token of account {run.account}, or start a new run."
        )


def _unchanged_account(run: Run, account: Account) -> None:
    """Refuse to carry out a plan that was made for an account as it is no longer."""
    if run.state is RunState.PLANNED and account.fingerprint() != run.account_fingerprint:
        raise InputError(
            f"Account {account.id} was changed since run {run.id} was planned (its pipelines, "
            "stages, owners or fields). Nothing was written; plan again."
        )


async def _provision(
    workspace: Workspace, run: Run, inputs: Inputs, vendor: Vendor, account: Account
) -> None:
    """Create what the account lacks, and plan again where the plan could not know its ids."""
    missing = vendor.lacking(account, inputs.template.provision())
    if missing:
        workspace.journal.set_state(run.id, RunState.PROVISIONING)
        await vendor.provision(missing)
        account = await vendor.describe(types_of(inputs.template))
    if missing.pipelines or run.state is RunState.PROVISIONING:
        workspace.journal.clear_ops(run.id)
        changed = replace(run, account_fingerprint=account.fingerprint())
        fresh = run.state is RunState.PLANNED and inputs.template.object in missing.keys
        await store_plan(workspace, changed, inputs, vendor, account, nothing_held=fresh)


async def _load(
    workspace: Workspace, run: Run, vendor: Vendor, template: Template, sample: int | None
) -> None:
    only = choose_sample(workspace.journal, run.id, sample) if sample else None
    on_missing = {
        ObjectType(type): OnMissing(policy) for type, policy in run.settings["on_missing"].items()
    }
    job = Job(run.id, on_missing, only)
    loader = Loader(vendor, workspace.journal, job, workspace.clock, workspace.progress)
    rows = _left(workspace, run, {template.object})
    todo = rows if sample is None else min(sample, rows)
    workspace.progress.start("write", todo, _pace(vendor, run))
    with _stopped_by_signals(loader):
        await loader.load()
    workspace.progress.finish()


def _left(workspace: Workspace, run: Run, types: Collection[ObjectType] = tuple(ObjectType)) -> int:
    """Records of these types that the run has yet to write."""
    return sum(
        n
        for (type, _, state), n in workspace.journal.counts(run.id).items()
        if type in types and state in {OpState.PLANNED, OpState.SENT}
    )


def _pace(vendor: Vendor, run: Run) -> float | None:
    """The most rows/s that the quota allows for this plan; None when it writes nothing."""
    plan = run.settings["plan"]
    requests: int = plan["cost"]["requests"]
    rows: int = plan["counts"].get("create", 0) + plan["counts"].get("update", 0)
    if not requests or not rows:
        return None
    slowest = min(rate.requests / rate.per.total_seconds() for rate in vendor.capabilities.rate)
    return slowest * rows / requests


@contextlib.contextmanager
def _stopped_by_signals(loader: Loader) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the loader between two requests; a second one ends the process."""
    loop = asyncio.get_running_loop()
    signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)

    def stop(received: signal.Signals) -> None:
        loader.stop()
        loop.remove_signal_handler(received)

    installed = []
    for one in signals:
        # Not in a thread other than the main one, and not on Windows; there it ends the process,
        # which is safe as well, only less polite.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(one, stop, one)
            installed.append(one)
    try:
        yield
    finally:
        for one in installed:
            loop.remove_signal_handler(one)


def _write_books(workspace: Workspace, run_id: str, inputs: Inputs) -> Report:
    """Write the files of a run: rejects, id map, report."""
    journal = workspace.journal
    folder = workspace.folder(run_id)
    run = journal.run(run_id)
    files = {name: path for name, path in run.settings["files"].items() if name != "rejects"}
    if write_turned_down(journal, run_id, inputs, folder / "rejects.csv"):
        files["rejects"] = str(folder / "rejects.csv")
    write_id_map(journal, run, folder / "id_map.csv")
    files |= {"id map": str(folder / "id_map.csv"), "report": str(folder / "report.json")}
    journal.update_run(
        run_id,
        account_fingerprint=run.account_fingerprint,
        settings={**run.settings, "files": files},
    )
    report = make_report(journal, journal.run(run_id))
    (folder / "report.json").write_text(as_json(report) + "\n", encoding="utf-8")
    return report
