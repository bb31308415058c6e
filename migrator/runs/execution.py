"""Write a plan, or go on with a run that was stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown, Stopped
from migrator.journal import PHASES, Run, RunState
from migrator.loader import Job, Loader
from migrator.model import ObjectType, OnMissing, OpState
from migrator.plan import shapes_of
from migrator.report import Report, as_json, write_id_map
from migrator.runs.books import write_family_books, write_turned_down
from migrator.runs.changes import CHANGES
from migrator.runs.nightly import as_planned
from migrator.runs.overtaken import leave_overtaken
from migrator.runs.planning import lacking, reopened, types_of
from migrator.runs.retry.families import ensure_current, join_family
from migrator.runs.sample import choose_sample
from migrator.runs.settling import settle_others
from migrator.runs.signing.writing import DATA, PAGE, after_load
from migrator.runs.stale import leave_changed
from migrator.runs.storing import SHAPES, store_plan
from migrator.runs.strangers import ensure_none
from migrator.runs.unknown import FILE as UNSETTLED
from migrator.runs.unknown import write_unsettled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.model import Account
    from migrator.runs.inputs import Inputs
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace

_UNSENT = {RunState.PLANNED, RunState.PROVISIONING}


async def execute(
    workspace: Workspace,
    run: Run,
    session: Session,
    *,
    inputs: Inputs | None = None,
    sample: int | None = None,
    take_over: bool = False,
) -> Report:
    """Carry a run out to its end, or as far as ``sample`` records; settles first what is open.

    Args:
        workspace: the run's journal and surroundings.
        run: a run in any state but ``planning``.
        session: with the account, which must be the one the run was planned for.
        inputs: the run's inputs when they were just read; read again and compared otherwise.
        sample: write only so many records, chosen so that edge cases are among them.
        take_over: also change records that have the source's keys and may be another one's.

    Raises:
        InputError: template, source or account are not those of the plan.
        Locked: another run writes to the account.
        Stopped, OutcomeUnknown, Interrupted: see :mod:`migrator.errors`; the run can go on later.
    """
    _ensure_planned(run)
    inputs = inputs or reopened(workspace, run)
    as_planned(session, workspace.journal, run)
    account = await session.account(types_of(inputs.template))
    session.lock(account)
    run = workspace.journal.run(run.id)  # another process may have moved it on meanwhile
    same_account(run, account)
    _ensure_planned(run)
    ensure_current(workspace, run)
    _unchanged_account(run, account)
    await _unchanged_records(workspace, run, inputs, session, account)
    if session.planned != run.id:
        await settle_others(workspace, session, account, run.id)
    if run.state in _UNSENT:
        run = ensure_none(workspace, run, take_over=take_over)
        await _provision(workspace, run, inputs, session, account)
    if inputs.request.narrow is None:
        await leave_changed(workspace, run, session)
    join_family(workspace, workspace.journal.run(run.id))
    return await _write(workspace, run, session, inputs, sample)


def _ensure_planned(run: Run) -> None:
    """Refuse a run of which there is no plan to carry out, or none any more."""
    if run.state is RunState.PLANNING:
        raise InputError(
            f"Run {run.id} was stopped while it was planned; nothing was written. Start it again."
        )
    if run.state is RunState.UNDONE:
        raise InputError(
            f"Run {run.id} was undone by {run.settings['undone_by']}; start it anew to load again."
        )


async def _write(
    workspace: Workspace, run: Run, session: Session, inputs: Inputs, sample: int | None
) -> Report:
    """Carry out the planned ops, and write the books however that ends."""
    only = _sample_of(workspace, run.id, sample)
    session.note_requests(workspace.folder(run.id), "write")
    workspace.journal.set_state(run.id, RunState.RUNNING)
    try:
        await load(workspace, workspace.journal.run(run.id), session, only)
    except BaseException as error:
        _keep_books(workspace, run.id, session, inputs)
        if isinstance(error, InputError):  # 2 would say that nothing was written
            raise Stopped(f"{error} What was written is in the journal.") from error
        if isinstance(error, OutcomeUnknown):
            listed = workspace.folder(run.id) / UNSETTLED
            raise OutcomeUnknown(f"{error} They are listed in {listed}.") from error
        raise
    done = RunState.SAMPLED if _left(workspace, run) else RunState.FINISHED
    report = _write_books(workspace, run.id, session, inputs, done)
    _remember_sample(workspace, run.id, None)
    workspace.journal.set_state(run.id, done)
    return report


def _sample_of(workspace: Workspace, run_id: str, size: int | None) -> frozenset[int] | None:
    """The ops of a sample: a new one, or the one that was stopped half-way; None = all."""
    journal = workspace.journal
    if size:
        _remember_sample(workspace, run_id, sorted(choose_sample(journal, run_id, size)))
    chosen = journal.run(run_id).settings.get("sample")
    return frozenset(chosen) if chosen else None


def _remember_sample(workspace: Workspace, run_id: str, chosen: list[int] | None) -> None:
    run = workspace.journal.run(run_id)
    settings = {**run.settings, "sample": chosen}
    workspace.journal.update_run(
        run_id, account_fingerprint=run.account_fingerprint, settings=settings
    )


def _keep_books(workspace: Workspace, run_id: str, session: Session, inputs: Inputs) -> None:
    """Write the books of a run that stops; what stops it is the more important news."""
    try:
        _write_books(workspace, run_id, session, inputs, workspace.journal.run(run_id).state)
    except Exception as error:  # noqa: BLE001 - the first error is under way
        workspace.say(f"The files of run {run_id} could not be written: {error}")


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


async def _unchanged_records(
    workspace: Workspace, run: Run, inputs: Inputs, session: Session, account: Account
) -> None:
    """Refuse to change records as they are no longer: what a person did meanwhile would be lost.

    Asked of a plan that was kept, of changes alone: others are looked at as they are written.
    """
    if run.state is not RunState.PLANNED or session.planned == run.id or not inputs.request.narrow:
        return
    changes = inputs.folder / CHANGES
    before = changes.read_bytes() if changes.exists() else b""
    workspace.journal.clear_ops(run.id)
    await store_plan(workspace, run, inputs, session, account)
    session.planned = run.id  # the account is locked, so this plan stays true
    if changes.read_bytes() != before:
        raise InputError(
            f"Records were changed in the account since run {run.id} was planned. Nothing was "
            f"written; {changes} says anew what would be. Look at it, then: "
            f"migrator run --plan {run.id}"
        )


async def _provision(
    workspace: Workspace, run: Run, inputs: Inputs, session: Session, account: Account
) -> None:
    """Create what the account lacks, and plan again where the plan could not know its ids."""
    vendor = session.vendor
    missing = lacking(session, account, inputs)
    renamed = False
    if missing:
        foreseen = vendor.provisional(account, missing)
        workspace.journal.set_state(run.id, RunState.PROVISIONING)
        await vendor.provision(missing)
        session.forget()
        account = await session.account(types_of(inputs.template))
        renamed = _has_others(foreseen, account)
    if missing.pipelines or renamed or run.state is RunState.PROVISIONING:
        workspace.journal.clear_ops(run.id)
        changed = replace(run, account_fingerprint=account.fingerprint())
        fresh = run.state is RunState.PLANNED and inputs.template.object in missing.keys
        await store_plan(workspace, changed, inputs, session, account, nothing_held=fresh)
        session.planned = run.id  # the account is locked, so this plan stays true


def _has_others(foreseen: Account, account: Account) -> bool:
    """Whether the CRM gave new fields, or their options, other names than the plan foresaw."""
    for type, infos in foreseen.fields.items():
        there = account.fields.get(type, {})
        for name, info in infos.items():
            if name not in there or not info.options.keys() <= there[name].options.keys():
                return True
    return False


async def load(
    workspace: Workspace,
    run: Run,
    session: Session,
    only: frozenset[int] | None = None,
    phases: Sequence[int] = PHASES,
) -> None:
    """Send what is planned of a run; signals stop it between two requests."""
    on_missing = {
        ObjectType(type): OnMissing(policy) for type, policy in run.settings["on_missing"].items()
    }
    fresh = session.planned == run.id
    if fresh:  # what the plan found is there still
        workspace.journal.memory.confirm_unchanged(run.id)
    elif "undoes" not in run.settings:  # an undo looks at the account itself
        leave_overtaken(workspace, run.id)
    if shapes := run.settings.get(SHAPES):  # a plan of another process: choose the same ways
        session.vendor.requests(shapes_of(shapes))
    job = Job(run.id, on_missing, only, fresh=fresh, phases=phases)
    loader = Loader(
        session.vendor,
        workspace.journal,
        job,
        workspace.clock,
        workspace.progress,
        session.crowds,
    )
    rows = _left(workspace, run) if only is None else len(only)
    workspace.progress.start("write", rows, _pace(session, run))
    with _stopped_by_signals(loader, session):
        await loader.load()
    workspace.progress.finish()


def _left(workspace: Workspace, run: Run) -> int:
    """Records that the run has yet to write; contacts and companies it creates do not count."""
    parents = {ObjectType.CONTACTS, ObjectType.COMPANIES}
    return sum(
        n
        for (type, _, state), n in workspace.journal.counts(run.id).items()
        if type not in parents and state in {OpState.PLANNED, OpState.SENT}
    )


def _pace(session: Session, run: Run) -> float | None:
    """The most rows/s that the quota allows for this plan; None when it writes nothing."""
    plan = run.settings["plan"]
    rows: int = plan["counts"].get("create", 0) + plan["counts"].get("update", 0)
    paces = [
        rate.requests * session.target.share / rate.per.total_seconds() * rows / requests
        for bucket, requests in plan["cost"]["buckets"].items()
        for rate in session.vendor.capabilities.rates[bucket]
    ]
    return min(paces) if rows and paces else None


@contextlib.contextmanager
def _stopped_by_signals(loader: Loader, session: Session) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the loader between two requests; a second one ends the process."""
    loop = asyncio.get_running_loop()
    signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)

    def stop(received: signal.Signals) -> None:
        loader.stop()
        session.stop()  # no wait for a quota either
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


def _write_books(
    workspace: Workspace, run_id: str, session: Session, inputs: Inputs, state: RunState
) -> Report:
    """Write the files of a run: rejects, id map, report."""
    journal = workspace.journal
    folder = workspace.folder(run_id)
    run = journal.run(run_id)
    gone = {"rejects", "unsettled"}
    files = {name: path for name, path in run.settings["files"].items() if name not in gone}
    if write_turned_down(workspace, run_id, inputs, folder / "rejects.csv"):
        files["rejects"] = str(folder / "rejects.csv")
    if write_unsettled(journal, run_id, folder / UNSETTLED):
        files["unsettled"] = str(folder / UNSETTLED)
    files |= {"id map": str(folder / "id_map.csv"), "report": str(folder / DATA)}
    if workspace.pages:
        files["page"] = str(folder / PAGE)
    journal.update_run(
        run_id,
        account_fingerprint=run.account_fingerprint,
        settings={**run.settings, "files": files},
    )
    run = replace(journal.run(run_id), state=state)
    report = write_id_map(journal, run, folder / "id_map.csv")
    (folder / DATA).write_text(as_json(report) + "\n", encoding="utf-8")
    write_family_books(workspace, run)
    after_load(workspace, run, report, session, inputs)
    return report
