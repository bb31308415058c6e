"""Read the account back: planning again and finding only skips, or differences with a reason."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import Retries, RunState, family_of
from migrator.model import KEY_EXISTS, Action, ObjectType, OpState
from migrator.plan import differences, holdings
from migrator.report import make_report
from migrator.runs.execution import same_account
from migrator.runs.nightly import as_planned
from migrator.runs.settling import wait_for_lag
from migrator.runs.signing.writing import after_verify
from migrator.runs.since import as_we_left_it, changed_since
from migrator.runs.sums import Sums
from migrator.runs.tallies import tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from migrator.journal import Family, Finished, Journal, Run
    from migrator.model import Held, Op
    from migrator.plan import Holdings
    from migrator.runs.sums import Sum
    from migrator.runs.tallies import Tally
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Vendor

_CHUNK = 2_000
_EXAMPLES = 10
_IN_ACCOUNT = {OpState.WRITTEN, OpState.UNCHANGED}


@dataclass(frozen=True)
class Difference:
    """One field of one record in which the account says something else than the run wrote.

    Attributes:
        why: what explains it; blank = nothing does.
    """

    key: str
    id: str
    field: str
    ours: str
    held: str | None
    why: str = ""


@dataclass
class Verification:
    """What reading back found.

    Attributes:
        checked: records read back.
        same: records that hold what the run wrote.
        missing: keys of records that the account does not hold.
        differing: records in which it says something else, without an explanation.
        changed: records that were changed by somebody after the run had written them.
        partly: records that lack what the CRM refused of them, as the run's report says.
        normalised: fields that the CRM spells otherwise than we sent them, with how many.
        spelling: an example of each.
        turned_down: records that are not to be in the account, by what became of them.
        intruders: keys of such records that are there nevertheless.
        examples: the first differences, for the terminal; all are in ``file``.
        sums: counts and money, ours and the account's.
        left: records that the run has not written yet; ``unknown`` of them wait for a person.
        parents_left: contacts and companies that it has not created yet, likewise.
        unlinked: links that the account lacks.
        doubled: keys that several records of the account hold.
        filled: records found in which a field of the CRM says something, by its name.
        stages: records and money by the account's own stage and currency.
        page: the run's report, written anew, if one was asked for.
    """

    checked: int = 0
    same: int = 0
    missing: list[str] = field(default_factory=list)
    differing: int = 0
    changed: int = 0
    partly: int = 0
    normalised: Counter[str] = field(default_factory=Counter)
    spelling: dict[str, str] = field(default_factory=dict)
    turned_down: dict[str, int] = field(default_factory=dict)
    intruders: list[str] = field(default_factory=list)
    examples: list[Difference] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    left: int = 0
    unknown: int = 0
    parents_left: int = 0
    parents_unknown: int = 0
    unlinked: int = 0
    doubled: list[str] = field(default_factory=list)
    filled: Counter[str] = field(default_factory=Counter)
    stages: list[tuple[str, str, int, Decimal]] = field(default_factory=list)
    file: str | None = None
    page: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether nothing is left to do, and nothing left to explain."""
        explained = self.same + self.changed + self.partly
        complete = explained == self.checked and not (self.left or self.parents_left)
        return complete and not (self.unlinked or self.doubled or self.intruders)


async def verify_run(workspace: Workspace, run: Run, session: Session) -> Verification:
    """Compare every record of a run that should be in the account with what is there.

    What is found as the run left it is remembered with the CRM's time of its last change, so that a
    later undo knows what a person has changed since.

    Raises:
        InputError: the run was never planned to its end, was undone, or belongs to another account.
    """
    journal = workspace.journal
    _ensure_verifiable(run)
    family = family_of(journal, run)
    counts = tally(journal, family.runs)
    result = _begun(counts)
    total = sum(counts.records[state] for state in _IN_ACCOUNT)
    table = workspace.folder(run.id) / "verify.csv"
    # Described with all its fields: how values compare depends on their kinds.
    types = tuple(ObjectType(t) for t in run.settings["types"])
    as_planned(session, journal, run)
    account = await session.account(types)
    same_account(run, account)
    session.note_requests(workspace.folder(family.first.id), "verify")
    await wait_for_lag(workspace, session, account)
    kept = any("amount" in one.settings["kept"] for one in family.runs)
    origin = {name: of for one in family.runs for name, of in one.settings["origin"].items()}
    sums = Sums(session.vendor, account, origin, kept=kept)
    workspace.progress.start("verify", total)
    async with holdings(session.vendor, types[0], total) as there:
        planned = {one.id: datetime.fromisoformat(one.created_at) for one in family.runs}
        now = workspace.clock.now()
        reading = _Reading(session.vendor, there, journal, sums, result, planned, now)
        await _read_all(workspace, family, reading, table)
    workspace.progress.finish()
    result.sums = sums.all()
    result.stages = [(*key, *heap) for key, heap in sorted(sums.stages.items())]
    result.turned_down |= _rejected(journal, family)
    _keep_if_needed(table, result)
    result.page = after_verify(workspace, run, session, result, origin)
    return result


def _begun(counts: Tally) -> Verification:
    """What is known before anything is read back."""
    return Verification(
        left=counts.left,
        unknown=counts.unknown,
        parents_left=counts.parents_left,
        parents_unknown=counts.parents_unknown,
    )


async def _read_all(workspace: Workspace, family: Family, reading: _Reading, table: Path) -> None:
    """Read all records of a family back, and write every difference into a table."""
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["key", "id", "field", "ours", "account", "why"])
        for run_id, chunk in _chunks(workspace.journal, family):
            found = await reading.read(run_id, chunk)
            writer.writerows((d.key, d.id, d.field, d.ours, d.held, d.why) for d in found)
            workspace.progress.advance(len(chunk), differing=reading.result.differing)


def _ensure_verifiable(run: Run) -> None:
    if run.state is RunState.PLANNING:
        raise InputError(
            f"Run {run.id} was stopped while it was planned; nothing was written, so there is "
            "nothing to verify. Name another run (`migrator status` lists them)."
        )
    if run.state is RunState.UNDONE:
        undo = run.settings["undone_by"]
        raise InputError(f"Run {run.id} was undone by {undo}: migrator verify {undo}")


def _rejected(journal: Journal, family: Family) -> dict[str, int]:
    rejected = family.first.settings.get("rejected", 0)
    if family.retries:
        rejected = make_report(journal, family.first).rows["rejected"]
    return {"rejected": rejected} if rejected else {}


def _keep_if_needed(table: Path, result: Verification) -> None:
    if result.agrees and not (result.changed or result.partly):
        table.unlink()
    else:
        result.file = str(table)


def _chunks(journal: Journal, family: Family) -> Iterator[tuple[str, Sequence[Finished]]]:
    """Records as they stand, some of one run at a time; those that wait to be written left out."""
    states = {*_IN_ACCOUNT, OpState.REFUSED, OpState.PARKED}
    for run, of_run in groupby(Retries(journal).finished(family, states), itemgetter(0)):
        own = ObjectType(run.settings["types"][0])  # parents have no place and are not read back
        records = (
            finished
            for _, finished in of_run
            if finished.op.place is not None
            or (finished.op.action is Action.DELETE and finished.op.type == own)
        )
        while chunk := list(islice(records, _CHUNK)):
            yield run.id, chunk


def _gives_key_up(op: Op) -> bool:
    """Whether an undo took the source key from a record that was somebody's before."""
    return op.action is Action.UPDATE and any(
        not value and op.before.get(name) == op.key for name, value in op.properties.items()
    )


@dataclass(frozen=True)
class _Reading:
    """What a run is compared with, where its own books are, and what was found so far.

    Attributes:
        planned: when, by run; since then its unchanged records are known to have been so.
        now: by our clock.
    """

    vendor: Vendor
    there: Holdings
    journal: Journal
    sums: Sums
    result: Verification
    planned: Mapping[str, datetime]
    now: datetime

    async def read(self, run: str, chunk: Sequence[Finished]) -> list[Difference]:
        """Compare some records; the differences, explained ones included."""
        wanted = {name for finished in chunk for name in finished.op.properties}
        keys = [finished.op.key for finished in chunk]
        held = {
            **await self.there.held(keys, wanted | self.sums.fields),
            **await self._parted(chunk, wanted | self.sums.fields),
        }
        found: list[Difference] = []
        as_left: list[tuple[Op, datetime]] = []
        for finished in chunk:
            there: Sequence[Held] = held.get(finished.op.key, ())
            if finished.op.state not in _IN_ACCOUNT:
                found += self._turned_down(finished, there)
            elif finished.op.action is Action.DELETE:
                found += self._deleted(finished, there)
            else:
                differing = self._record(run, finished, there)
                found += differing
                if not differing and (seen := self._seen(finished, there[0])):
                    as_left.append((finished.op, seen))
        self.journal.seen(run, as_left)
        found += await self._missing_links(run, chunk)
        examples = self.result.examples
        examples += sorted(found, key=lambda one: bool(one.why))[
            : max(0, _EXAMPLES - len(examples))
        ]
        return found

    async def _parted(
        self, chunk: Sequence[Finished], names: set[str]
    ) -> dict[str, Sequence[Held]]:
        """Records from which a key was taken again, by that key: only their ids find them."""
        ops = [one.op for one in chunk if one.op.id and _gives_key_up(one.op)]
        found: dict[str, Sequence[Held]] = {}
        for type in {op.type for op in ops}:
            keys = {str(op.id): op.key for op in ops if op.type is type}
            there = await self.vendor.read(type, list(keys), names)
            found |= {keys[id_]: (one,) for id_, one in there.items()}
        return found

    def _turned_down(self, finished: Finished, there: Sequence[Held]) -> list[Difference]:
        """One that was refused or parked is not there, unless it was there before."""
        op, result = finished.op, self.result
        name = op.state.value
        result.turned_down[name] = result.turned_down.get(name, 0) + 1
        by_others = op.id is not None or finished.code == KEY_EXISTS
        if op.action is not Action.CREATE or by_others or not there:
            return []
        result.intruders.append(op.key)
        return [Difference(op.key, there[0].id, "(record)", name, "there")]

    def _deleted(self, finished: Finished, there: Sequence[Held]) -> list[Difference]:
        op, result = finished.op, self.result
        result.checked += 1
        still = [one for one in there if one.id == op.id]
        if not still:
            result.same += 1
            return []
        result.differing += 1
        return [Difference(op.key, str(op.id), "(record)", "deleted", "there")]

    def _record(self, run: str, finished: Finished, held: Sequence[Held]) -> list[Difference]:
        op, result = finished.op, self.result
        result.checked += 1
        self.sums.ours(op)
        there = next((one for one in held if one.id == op.id), None) or next(iter(held), None)
        if there is None:
            result.missing.append(op.key)
            return [Difference(op.key, op.id or "", "(record)", "written", None)]
        self.sums.held(op, there)
        result.filled.update(name for name, value in there.properties.items() if value)
        found: list[Difference] = []
        if len(held) > 1:
            result.doubled.append(op.key)
            ids = ", ".join(sorted(one.id for one in held))
            found.append(Difference(op.key, op.id or "", "(record)", "once", ids))
        wanted = self.sums.to_compare(op)
        differing = differences(self.vendor, op.type, wanted, there)
        self._spelt(op, there, differing.keys())
        why = _since(finished, there, self.planned[run]) if differing else ""
        result.changed += bool(why)
        if not why and finished.code and differing and not any(differing.values()):
            why = finished.message
            result.partly += 1
        result.differing += bool(differing) and not why
        result.same += not differing
        found += [
            Difference(op.key, there.id, name, wanted[name], value, why)
            for name, value in differing.items()
        ]
        return found

    def _seen(self, finished: Finished, held: Held) -> datetime | None:
        """The CRM's time of the last change of a record, if that is how we had left it."""
        return held.updated_at if as_we_left_it(finished, held, self.now) else None

    def _spelt(self, op: Op, there: Held, differing: Collection[str]) -> None:
        """Fields that say the same in other letters: the CRM has its own way of writing them."""
        for name, ours in op.properties.items():
            held = there.properties.get(name)
            if name not in differing and held is not None and held != ours:
                self.result.normalised[name] += 1
                self.result.spelling.setdefault(name, f'"{ours}" is held as "{held}"')

    async def _missing_links(self, run: str, chunk: Sequence[Finished]) -> list[Difference]:
        """Links that the account lacks, or still has after an undo took them off."""
        found = []
        linking = [one for one in chunk if one.op.state in _IN_ACCOUNT and not one.code]
        for type in dict.fromkeys(li.type for finished in linking for li in finished.op.links):
            linked = [
                (finished.op, link)
                for finished in linking
                for link in finished.op.links
                if link.type == type and finished.op.id
            ]
            created = {link.key for _, link in linked if not link.id}
            made = self.journal.parents(run, type, created)
            there = await self.there.linked({str(op.id) for op, _ in linked}, type)
            for op, link in linked:
                id_ = link.id or made.get(link.key, (None, None))[1]
                wanted = op.action is not Action.UNLINK
                is_there = id_ in there.get(str(op.id), frozenset())
                if id_ and is_there != wanted:
                    ours, held = (link.key, None) if wanted else ("", link.key)
                    found.append(Difference(op.key, str(op.id), type.value, ours, held))
        self.result.unlinked += len(found)
        return found


def _since(finished: Finished, held: Held, planned: datetime) -> str:
    """The reason for a difference, if the record was changed after we wrote it."""
    if not changed_since(finished, held, planned) or held.updated_at is None:
        return ""
    return f"changed in the account on {held.updated_at:%Y-%m-%d %H:%M} UTC, after the run"
