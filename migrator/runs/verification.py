"""Read the account back: planning again and finding only skips."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import RunState
from migrator.model import ObjectType, OpState
from migrator.plan import differences, holdings
from migrator.runs.execution import same_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from migrator.journal import Finished, Journal, Run
    from migrator.plan import Holdings
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Vendor

_CHUNK = 2_000


@dataclass(frozen=True)
class Difference:
    """One field of one record in which the account says something else than the run wrote."""

    key: str
    id: str
    field: str
    ours: str
    held: str | None


@dataclass(frozen=True)
class _Amount:
    """The vendor's field with the amount; ``kept`` = the template may leave the account's value."""

    field: str | None
    kept: bool


@dataclass
class Verification:
    """What reading back found.

    Attributes:
        checked: records read back.
        same: records that hold what the run wrote.
        missing: keys of records that the account does not hold.
        differing: records in which it says something else.
        examples: the first differences, for the terminal; all are in ``file``.
        ours: money the run wrote, per currency; ``held``: the same read from the account.
        left: records that the run has not written yet.
        unlinked: links that the account lacks.
        doubled: keys that several records of the account hold.
    """

    checked: int = 0
    same: int = 0
    missing: list[str] = field(default_factory=list)
    differing: int = 0
    examples: list[Difference] = field(default_factory=list)
    ours: dict[str, Decimal] = field(default_factory=dict)
    held: dict[str, Decimal] = field(default_factory=dict)
    left: int = 0
    unlinked: int = 0
    doubled: list[str] = field(default_factory=list)
    file: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether nothing is left to do."""
        complete = self.same == self.checked and not self.left and not self.unlinked
        return complete and not self.doubled and self.ours == self.held


async def verify_run(workspace: Workspace, run: Run, session: Session) -> Verification:
    """Compare every record of a run that should be in the account with what is there.

    Raises:
        InputError: the run was never planned to its end, or belongs to another account.
    """
    journal = workspace.journal
    if run.state is RunState.PLANNING:
        raise InputError(
            f"Run {run.id} was stopped while it was planned; nothing was written, so there is "
            "nothing to verify. Name another run (`migrator status` lists them)."
        )
    result = Verification()
    folder = workspace.folder(run.id)
    amount = _Amount(
        next((name for name, of in run.settings["origin"].items() if of == "amount"), None),
        kept="amount" in run.settings["kept"],
    )
    counts = journal.counts(run.id)
    result.left = sum(
        n for (*_, state), n in counts.items() if state in {OpState.PLANNED, OpState.SENT}
    )
    total = sum(
        n for (*_, state), n in counts.items() if state in {OpState.WRITTEN, OpState.UNCHANGED}
    )
    table = folder / "verify.csv"
    # Described with all its fields: how values compare depends on their kinds.
    types = tuple(ObjectType(t) for t in run.settings["types"])
    same_account(run, await session.account(types))
    workspace.progress.start("verify", total)
    async with holdings(session.vendor, types[0], total) as there:
        reading = _Reading(session.vendor, there, journal, run.id, amount)
        with table.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["key", "id", "field", "ours", "account"])
            for chunk in _chunks(journal, run):
                found = await _compare(reading, chunk, result)
                found += await _missing_links(reading, chunk, result)
                writer.writerows((d.key, d.id, d.field, d.ours, d.held) for d in found)
                result.examples += found[: max(0, 10 - len(result.examples))]
                workspace.progress.advance(len(chunk), differing=result.differing)
    workspace.progress.finish()
    _keep_if_needed(table, result)
    return result


@dataclass(frozen=True)
class _Reading:
    """What a run is compared with, and where its own books are."""

    vendor: Vendor
    there: Holdings
    journal: Journal
    run: str
    amount: _Amount


def _keep_if_needed(table: Path, result: Verification) -> None:
    if result.differing or result.missing or result.unlinked or result.doubled:
        result.file = str(table)
    else:
        table.unlink()


def _chunks(journal: Journal, run: Run) -> Iterator[Sequence[Finished]]:
    records = (
        finished
        for finished in journal.finished(run.id, {OpState.WRITTEN, OpState.UNCHANGED})
        if finished.op.place is not None
    )
    while chunk := list(islice(records, _CHUNK)):
        yield chunk


async def _compare(
    reading: _Reading, chunk: Sequence[Finished], result: Verification
) -> list[Difference]:
    amount_field, kept = reading.amount.field, reading.amount.kept
    ops = [finished.op for finished in chunk]
    wanted = {name for op in ops for name in op.properties}
    if amount_field:
        wanted.add(amount_field)
    held = await reading.there.held([op.key for op in ops], wanted)
    found: list[Difference] = []
    for op in ops:
        result.checked += 1
        currency = op.facts.get("currency", "")
        ours = op.properties.get(amount_field or "")
        if ours is None and not kept:
            ours = op.facts.get("amount")  # the same in the account when the plan was made
        _add(result.ours, currency, ours)
        there = next((one for one in held.get(op.key, ()) if one.id == op.id), None)
        there = there or next(iter(held.get(op.key, ())), None)
        if len(held.get(op.key, ())) > 1:
            result.doubled.append(op.key)
            ids = ", ".join(sorted(one.id for one in held[op.key]))
            found.append(Difference(op.key, op.id or "", "(record)", "once", ids))
        if there is None:
            result.missing.append(op.key)
            found.append(Difference(op.key, op.id or "", "(record)", "written", None))
            continue
        if amount_field and ours is not None:
            _add(result.held, currency, there.properties.get(amount_field))
        differing = differences(reading.vendor, op.type, op.properties, there)
        result.differing += bool(differing)
        result.same += not differing
        found += [
            Difference(op.key, there.id, name, op.properties[name], value)
            for name, value in differing.items()
        ]
    return found


async def _missing_links(
    reading: _Reading, chunk: Sequence[Finished], result: Verification
) -> list[Difference]:
    """Links that the run made, or found there, and the account no longer has."""
    found = []
    for type in {link.type for finished in chunk for link in finished.op.links}:
        linked = [
            (finished.op, link)
            for finished in chunk
            for link in finished.op.links
            if link.type == type and finished.op.id and not finished.code
        ]
        created = {link.key for _, link in linked if not link.id}
        made = reading.journal.parents(reading.run, type, created)
        there = await reading.there.linked({str(op.id) for op, _ in linked}, type)
        for op, link in linked:
            id_ = link.id or made.get(link.key, (None, None))[1]
            if id_ and id_ not in there.get(str(op.id), frozenset()):
                found.append(Difference(op.key, str(op.id), type.value, link.key, None))
    result.unlinked += len(found)
    return found


def _add(sums: dict[str, Decimal], currency: str, amount: str | None) -> None:
    if amount:
        try:
            value = Decimal(amount)
        except InvalidOperation:
            value = Decimal(0)  # the difference itself is reported beside its record
        sums[currency] = sums.get(currency, Decimal(0)) + value
