"""Take a run back: dry first, then checkpointed like a load.

An undo is a run of its own in the journal; its ops are what :mod:`migrator.runs.undo.reversal`
builds from the journal of the run it takes back. One that was stopped plans what is left anew when
it goes on: what people have changed meanwhile is kept as well.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import Run, RunState, family_of
from migrator.model import Action, ObjectType, OpState, Shape
from migrator.plan import Cost, cost, holdings
from migrator.runs.execution import load, same_account
from migrator.runs.nightly import as_planned
from migrator.runs.settling import settle_others, wait_for_lag
from migrator.runs.signing.writing import renew
from migrator.runs.undo.lists import KeptLists, write_lists
from migrator.runs.undo.reversal import Reverser
from migrator.runs.workspace import new_run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from migrator.journal import Journal
    from migrator.model import Account, Op
    from migrator.runs.target import Session
    from migrator.runs.undo.reversal import Done, Reversal
    from migrator.runs.workspace import Workspace

_SETTLED = {OpState.WRITTEN, OpState.REFUSED}
_RECORDS = (0, 1)
"""The phases before the one in which contacts and companies are deleted."""


@dataclass
class Undo:
    """What taking a run back would do, or has done.

    Attributes:
        undoes: the run that is taken back.
        run: the undo's own id; None for a dry run.
        ops: by action, "delete", "update" (values of before), "unlink" and "parents" (deleted).
        gone: records that somebody had deleted already.
        kept: records that stay, wholly or in part, because somebody changed them since.
        failed: records that could not be taken back.
        cost: what carrying it out takes.
        files: lists by name.
    """

    undoes: str
    vendor: str
    account: str
    run: str | None = None
    ops: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    kept: int = 0
    failed: int = 0
    cost: Cost = field(default_factory=Cost)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether nothing of the run stays."""
        return not (self.kept or self.failed)


async def foresee(workspace: Workspace, run: Run, session: Session) -> Undo:
    """A dry run: what would be deleted, restored and kept. Nothing is written, nothing stored.

    Raises:
        InputError: there is nothing to undo, or it is no run that can be undone.
    """
    _ensure_undoable(workspace.journal, run)
    account = await _account(workspace, run, session)
    await wait_for_lag(workspace, session, account)
    return await _Planning(workspace, run, session, account).plan(lambda _: None)


async def undo(workspace: Workspace, run: Run, session: Session) -> Undo:
    """Take a run back, as far as nobody has changed since what it wrote.

    Raises:
        InputError: as for :func:`foresee`.
        Locked: another run writes to the account.
        Stopped, OutcomeUnknown, Interrupted: see :mod:`migrator.errors`; resume goes on.
    """
    _ensure_undoable(workspace.journal, run)
    account = await _account(workspace, run, session)
    session.lock(account)
    run = workspace.journal.run(run.id)  # another process may have taken it back meanwhile
    _ensure_undoable(workspace.journal, run)
    undo_id = new_run_id(workspace.clock.now(), workspace.rng)
    await settle_others(workspace, session, account, undo_id)
    workspace.journal.add_run(_new_run(undo_id, workspace, run))
    return await _carry_out(workspace, workspace.journal.run(undo_id), session, account)


async def go_on(workspace: Workspace, undo_run: Run, session: Session) -> Undo:
    """Go on with an undo that was stopped.

    Raises:
        See :func:`undo`.
    """
    account = await _account(workspace, undo_run, session)
    session.lock(account)
    await settle_others(workspace, session, account, "")
    return await _carry_out(workspace, workspace.journal.run(undo_run.id), session, account)


def undone(workspace: Workspace, undo_run: Run) -> Undo:
    """What an undo has done so far."""
    journal = workspace.journal
    settings = undo_run.settings
    result = Undo(settings["undoes"], undo_run.vendor, undo_run.account, undo_run.id)
    for (type, action, state), count in journal.counts(undo_run.id).items():
        if state is OpState.WRITTEN:
            result.ops[_name(settings, type, action)] += count
    result.gone = settings.get("gone", 0)
    result.kept = settings.get("kept_records", 0)
    result.failed = settings.get("failed_records", 0)
    result.cost = Cost(**settings["plan"]["cost"])
    result.files = dict(settings["files"])
    return result


def _name(settings: object, type: ObjectType, action: Action) -> str:
    """What an undo's ops are counted as."""
    own = isinstance(settings, dict) and settings["types"][0] == type
    return action.value if own else "parents"


def _ensure_undoable(journal: Journal, run: Run) -> None:
    if "undoes" in run.settings:
        raise InputError(
            f"Run {run.id} is itself the undo of {run.settings['undoes']}. To have its records "
            "again, load the file again."
        )
    if run.state is RunState.UNDONE:
        by = journal.run(run.settings["undone_by"])
        done = by.state is RunState.FINISHED
        way = "nothing is left to do" if done else f"to go on: migrator resume {by.id}"
        raise InputError(f"Run {run.id} is taken back by {by.id} already; {way}.")
    if "retry_of" in run.settings:
        first = run.settings["retry_of"]
        raise InputError(
            f"Run {run.id} is a retry of {first}; they are undone together: migrator undo {first}"
        )
    if all(state is not OpState.WRITTEN for _, _, state in _all_counts(journal, run)):
        raise InputError(f"Run {run.id} has written nothing, so there is nothing to undo.")


def _all_counts(journal: Journal, run: Run) -> Iterable[tuple[ObjectType, Action, OpState]]:
    for one in _family(journal, run):
        yield from journal.counts(one)


def _family(journal: Journal, run: Run) -> list[str]:
    """The run and the retries of it that have begun, the newest first."""
    return [one.id for one in reversed(family_of(journal, run).runs)]


async def _account(workspace: Workspace, run: Run, session: Session) -> Account:
    as_planned(session, workspace.journal, run)
    account = await session.account(tuple(ObjectType(t) for t in run.settings["types"]))
    same_account(run, account)
    return account


def _new_run(undo_id: str, workspace: Workspace, run: Run) -> Run:
    inherited = ("types", "origin", "vendor_options")
    return Run(
        id=undo_id,
        created_at=workspace.clock.now().astimezone(UTC).isoformat(),
        state=RunState.RUNNING,
        vendor=run.vendor,
        account=run.account,
        template=run.template,
        template_fingerprint=run.template_fingerprint,
        source_fingerprint=run.source_fingerprint,
        account_fingerprint=run.account_fingerprint,
        settings={
            **{name: run.settings[name] for name in inherited},
            "keyless": run.settings.get("keyless", False),
            "undoes": run.id,
            "by_id": run.settings.get("by_id", False),
            "kept": [],
            "on_missing": {},
            "files": {},
            "plan": {"counts": {}, "cost": asdict(Cost())},
        },
    )


async def _carry_out(
    workspace: Workspace, undo_run: Run, session: Session, account: Account
) -> Undo:
    journal = workspace.journal
    run = journal.run(undo_run.settings["undoes"])
    _mark(journal, run, undo_run.id)
    await _plan_anew(workspace, run, session, account, undo_run)
    session.note_requests(workspace.folder(run.id), "undo")
    try:
        await load(workspace, journal.run(undo_run.id), session, phases=_RECORDS)
        if _some_stay(journal, undo_run):  # and with them the parents that they are linked to
            await _plan_anew(workspace, run, session, account, undo_run)
        await load(workspace, journal.run(undo_run.id), session)
    finally:
        write_lists(journal, undo_run.id, workspace.folder(undo_run.id))
        session.keep_requests()
        renew(workspace, run.id)  # stopped or not, the run is no longer what its report says
    journal.set_state(undo_run.id, RunState.FINISHED)
    result = undone(workspace, journal.run(undo_run.id))
    if page := renew(workspace, run.id):
        result.files["page"] = page
    return result


async def _plan_anew(
    workspace: Workspace, run: Run, session: Session, account: Account, undo_run: Run
) -> None:
    """Plan what an undo has left to do, as the account is now."""
    journal = workspace.journal
    journal.drop_planned(undo_run.id)
    planning = _Planning(workspace, run, session, account, undo_run)
    plan = await planning.plan(
        lambda ops: journal.add_ops(undo_run.id, ((op, "", "") for op in ops))
    )
    settings = {
        **undo_run.settings,
        "gone": plan.gone,
        "kept_records": plan.kept,
        "failed_records": plan.failed,
        "files": plan.files,
        "plan": {"counts": dict(plan.ops), "cost": asdict(plan.cost)},
    }
    journal.update_run(
        undo_run.id, account_fingerprint=undo_run.account_fingerprint, settings=settings
    )


def _some_stay(journal: Journal, undo_run: Run) -> bool:
    """Whether the CRM refused to take any record back."""
    return any(state is OpState.REFUSED for _, _, state in journal.counts(undo_run.id))


def _mark(journal: Journal, run: Run, undo_id: str) -> None:
    """From here on neither the run nor a retry of it can be gone on with."""
    for one in journal.runs():
        if run.id not in {one.id, one.settings.get("retry_of")}:
            continue
        settings = {**one.settings, "undone_by": undo_id}
        journal.update_run(one.id, account_fingerprint=one.account_fingerprint, settings=settings)
        journal.set_state(one.id, RunState.UNDONE)


class _Planning:
    """Makes the plan that takes a run back, or what a stopped undo has left of it."""

    def __init__(
        self,
        workspace: Workspace,
        run: Run,
        session: Session,
        account: Account,
        undo_run: Run | None = None,
    ) -> None:
        self._workspace = workspace
        self._run = run
        self._session = session
        self._undo_run = undo_run
        self._result = Undo(run.id, account.vendor, account.id, undo_run.id if undo_run else None)
        self._shapes: Counter[Shape] = Counter()

    async def plan(self, take: Callable[[Sequence[Op]], None]) -> Undo:
        """Give the ops to ``take``, a chunk at a time; lists of what is kept go into files."""
        journal, vendor = self._workspace.journal, self._session.vendor
        runs = _family(journal, self._run)
        done, first = self._done()
        total = sum(
            count
            for one in runs
            for (*_, state), count in journal.counts(one).items()
            if state is OpState.WRITTEN
        )
        self._workspace.progress.start("undo: plan", total)
        type = ObjectType(self._run.settings["types"][0])
        with contextlib.closing(KeptLists(self._folder(), done)) as kept:
            async with holdings(vendor, type, total) as there:
                reverser = Reverser(vendor, there, journal, runs, done=done, first=first)
                async for reversal in reverser.records():
                    self._add(reversal, take, kept)
                async for reversal in reverser.parents():
                    self._add(reversal, take, kept)
            self._result.files = kept.finish()
        self._workspace.progress.finish()
        self._result.kept, self._result.failed = kept.kept, kept.failed
        self._result.cost = cost(vendor, self._shapes, self._session.target.share)
        return self._result

    def _folder(self) -> Path:
        return self._workspace.folder(self._undo_run.id if self._undo_run else self._run.id)

    def _done(self) -> tuple[set[Done], int]:
        """What an undo that was stopped has settled, and the first number that is free."""
        if self._undo_run is None:
            return set(), 1
        done: set[Done] = set()
        last = 0
        for one in self._workspace.journal.finished(self._undo_run.id, _SETTLED):
            done.add((one.op.type, one.op.key, one.op.action))
            last = max(last, one.op.seq)
        return done, last + 1

    def _add(
        self, reversal: Reversal, take: Callable[[Sequence[Op]], None], kept: KeptLists
    ) -> None:
        settings = {"types": self._run.settings["types"]}
        for op in reversal.ops:
            self._result.ops[_name(settings, op.type, op.action)] += 1
            links = tuple(link.type for link in op.links)
            clears = frozenset(name for name, value in op.properties.items() if not value)
            names = frozenset(op.properties)
            self._shapes[Shape(op.type, op.action, names, links, clears)] += 1
        self._result.gone += reversal.gone
        kept.add(reversal.kept)
        take(reversal.ops)
        self._workspace.progress.advance(len(reversal.ops), kept=kept.kept)
