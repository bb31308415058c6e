"""The books of a run: what became of every row, and the check that they add up.

A run and its retries have the same books: each row of the run's source counts once, with what
became of it last.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from migrator.journal import Family, Retries, family_of
from migrator.model import UNKNOWN, Action, OpState
from migrator.report.commands import UNWRITTEN, next_command
from migrator.report.sums import MoneyTally, Placed, Sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from migrator.journal import Booked, Journal, Run
    from migrator.model import ObjectType

OUTCOMES = (
    "created",
    "updated",
    "unchanged",
    "rejected",
    "refused",
    "parked",
    "merged",
    "unknown",
    "left",
)
"""What becomes of a source row. ``merged`` rows went into another row's record (``group:``); a
person has to find out whether ``unknown`` ones were written (`migrator settle`); ``left`` ones are
planned or unsettled and go on with a resume."""

IN_ACCOUNT = frozenset({"created", "updated", "unchanged"})

_THERE = frozenset({OpState.WRITTEN, OpState.UNCHANGED})
"""States of ops whose records are in the account, unless they are deletions."""


@dataclass(frozen=True, slots=True)
class RetryRows:
    """What one retry did to the rows it took on, whatever later ones did to them.

    ``rows`` is per outcome, without zeros.
    """

    run: str
    source_rows: int
    rows: dict[str, int]


@dataclass
class Report:
    """What became of a run.

    Attributes:
        rows: source rows per outcome.
        source_rows: how many rows the source has.
        codes: rejected rows by code.
        refusals: refused and parked rows by code, and written ones whose links were refused.
        examples: the first message of each code.
        sums: rows and money by pipeline, stage, owner and currency, as the source has them.
        placed: what is in the account, by its stages.
        parents_created, parents_refused, parents_left: contacts and companies made for the rows;
            they stand at no row and are counted nowhere else.
        remembered: unchanged rows about which the account was not asked.
        missing: records that earlier runs loaded and the source has no more.
        deleted: of these, gone from the account by now; they stand at no source row.
        files: what was written where.
        retry_of: the run that this one is a retry of, None for others.
        retries: the retries of the run that have begun, in that order.
        remarks: what the account cannot hold, or holds otherwise, and what has stayed behind.
        undone_by: the run that took this one back, None for others; the rows say what was written.
        owners: the source's owners as the template has them, to the ids of users of the account.
        next: the command that goes on; blank = there is none. See :func:`.commands.next_command`.
        unplanned: rows of which the plan says nothing, because it was stopped; they count as
            ``left``, for nothing was written of them.
        written_from, written_to: when the first and the last answer came (ISO 8601); None = none.
    """

    run: str
    state: str
    vendor: str
    account: str
    template: str
    source_rows: int
    rows: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    parents_created: int = 0
    parents_refused: int = 0
    parents_left: int = 0
    remembered: int = 0
    missing: int = 0
    deleted: int = 0
    files: dict[str, str] = field(default_factory=dict)
    retry_of: str | None = None
    retries: list[RetryRows] = field(default_factory=list)
    undone_by: str | None = None
    remarks: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    next: str = ""
    unplanned: int = 0
    written_from: str | None = None
    written_to: str | None = None

    @property
    def adds_up(self) -> bool:
        """Whether every source row has exactly one outcome."""
        return sum(self.rows.values()) == self.source_rows

    @property
    def turned_down(self) -> int:
        """Rows that were rejected, refused or parked, or written with an objection."""
        return self.rows["rejected"] + sum(self.refusals.values())


def outcome_of(booked: Booked) -> str:
    """Which of ``OUTCOMES`` an op ended in."""
    match booked.state:
        case OpState.WRITTEN:
            return "created" if booked.action is Action.CREATE else "updated"
        case OpState.REFUSED | OpState.PARKED | OpState.UNCHANGED:
            return booked.state.value
        case OpState.SENT if booked.code == UNKNOWN:
            return "unknown"
        case _:
            return "left"


def make_report(journal: Journal, run: Run) -> Report:
    """Read the books of a run, and of its retries with it; a retry has those of its run."""
    return _report(journal, run)


def write_id_map(journal: Journal, run: Run, target: Path) -> Report:
    """Source key to target id of every record that the account holds, for the client's files.

    Of a run with retries, what stands of all of them. Returns the report, for which the same ops
    are read.
    """
    with target.open("w", encoding="utf-8", newline="") as stream:
        return _report(journal, run, stream)


def _mapped(ops: Iterable[Booked], stream: TextIO) -> Iterator[Booked]:
    """The same ops; those whose records are in the account become lines of an id map."""
    writer = csv.writer(stream)
    writer.writerow(["type", "key", "id", "outcome"])
    for booked in ops:
        if booked.state in _THERE and booked.action is not Action.DELETE:
            writer.writerow([str(booked.type), booked.key, booked.id, outcome_of(booked)])
        yield booked


def _report(journal: Journal, run: Run, id_map: TextIO | None = None) -> Report:
    """The report of a run, and on the way its id map, where one is wanted."""
    family = family_of(journal, run)
    first = family.first
    report = Report(
        run=run.id,
        state=run.state.value,
        vendor=run.vendor,
        account=run.account,
        template=first.template,
        source_rows=_prepared(first).get("rows", 0),
        files=dict(run.settings.get("files", {})),
        retry_of=run.settings.get("retry_of"),
        retries=[_rows_of(journal, retry) for retry in family.retries],
        undone_by=run.settings.get("undone_by"),
        next=next_command(run),
        remarks=remarks_of(first),
        remembered=first.settings.get("plan", {}).get("remembered", 0),
        missing=first.settings.get("plan", {}).get("missing", 0),
    )
    rows = Counter(dict.fromkeys(OUTCOMES, 0))
    codes: Counter[str] = Counter()
    for member in family.runs:
        left = _left_of(member, family)
        rows["rejected"] += left["rejected"]
        rows["merged"] += left["merged"]
        codes.update(left["codes"])
        report.examples = {**left["examples"], **report.examples}
    ops = Retries(journal).booked(family, _named(family))
    _add_ops(report, rows, _mapped(ops, id_map) if id_map else ops)
    if run.state in UNWRITTEN:
        report.unplanned = max(0, report.source_rows - sum(rows.values()))
        rows["left"] += report.unplanned
    if report.unplanned:  # what the half of a plan comes to is nobody's sum
        report.sums, report.placed = [], []
    report.rows = dict(rows)
    report.codes = dict(codes.most_common())
    return report


def remarks_of(run: Run) -> list[str]:
    """What a plan has found that the account cannot hold as it is, in sentences."""
    request: Mapping[str, Any] = run.settings.get("request", {})
    left_out, altered = (run.settings.get(name, {}) for name in ("left_out", "altered"))
    return [
        *request.get("stays", ()),
        *run.settings.get("remarks", ()),
        *(f"{name} is left out: {why}." for name, why in left_out.items()),
        *(f"{name} changes: {why}." for name, why in altered.items()),
    ]


def _add_ops(report: Report, rows: Counter[str], ops: Iterable[Booked]) -> None:
    """Add up ops, of which the properties of owner and stage were chosen."""
    refusals: Counter[str] = Counter()
    parents = _Parents()
    tally = MoneyTally()
    times = _Times()
    for booked in ops:
        facts = booked.facts
        if booked.state is OpState.WRITTEN:
            times.add(booked.settled_at)
        if booked.record is None:
            parents.add(booked)
            _add_deleted(report, refusals, booked)
            continue
        outcome = outcome_of(booked)
        rows[outcome] += 1
        if booked.code:
            refusals[booked.code] += 1
            example = f"record {booked.record}: {booked.message}"
            report.examples.setdefault(booked.code, example)
        owner, stage = booked.chosen
        tally.add(facts, outcome, (stage or "") if outcome in IN_ACCOUNT else None)
        if owner and "owner" in facts:
            report.owners[facts["owner"]] = owner
    parents.tell(report)
    report.refusals = dict(refusals.most_common())
    report.sums = tally.sums()
    report.placed = tally.placed()
    report.written_from, report.written_to = times.texts()


class _Parents:
    """Contacts and companies that are made for rows, as they stand at last.

    One that the CRM has refused is tried again by each retry of its rows.
    """

    def __init__(self) -> None:
        self._created = 0
        self._open: dict[tuple[ObjectType, str], OpState] = {}

    def add(self, booked: Booked) -> None:
        """The next op that stands at no row of the source, of the oldest run first."""
        if booked.action is Action.DELETE:
            return
        if booked.state is OpState.WRITTEN:
            self._created += 1
            self._open.pop((booked.type, booked.key), None)
        elif booked.state is not OpState.UNCHANGED:
            self._open[booked.type, booked.key] = booked.state

    def tell(self, report: Report) -> None:
        """Put the counts into a report."""
        states = Counter(self._open.values())
        report.parents_created = self._created
        report.parents_refused = states[OpState.REFUSED]
        report.parents_left = states[OpState.PLANNED] + states[OpState.SENT]


def _add_deleted(report: Report, refusals: Counter[str], booked: Booked) -> None:
    """Count a deletion of what the source has no more."""
    if booked.action is not Action.DELETE:
        return
    report.deleted += booked.state is OpState.WRITTEN
    if booked.code:
        refusals[booked.code] += 1
        report.examples.setdefault(booked.code, f"{booked.key}: {booked.message}")


def _named(family: Family) -> tuple[str, str]:
    """What the CRM calls a deal's owner and its stage; blank = the runs wrote none."""
    own = {of: name for member in family.runs for name, of in _origin_of(member).items()}
    return own.get("owner", ""), own.get("stage", "")


def _origin_of(run: Run) -> Mapping[str, str]:
    """The CRM's fields to ours; a run that was never planned to its end has none."""
    found: Mapping[str, str] = run.settings.get("origin", {})
    return found


def _prepared(run: Run) -> Mapping[str, Any]:
    found: Mapping[str, Any] = run.settings.get("prepared", {})
    return found


def _left_of(run: Run, family: Family) -> Mapping[str, Any]:
    """Rows of a run without an op, as it counted them or as its newest retry has left them."""
    for retry in reversed(family.retries):
        if run.id in retry.settings["left"]:
            left: Mapping[str, Any] = retry.settings["left"][run.id]
            return left
    return {
        "rejected": run.settings.get("rejected", 0),
        "codes": run.settings.get("rejected_codes", {}),
        "examples": run.settings.get("examples", {}),
        "merged": _prepared(run).get("merged", 0),
    }


def _rows_of(journal: Journal, retry: Run) -> RetryRows:
    rows = Counter(
        {"rejected": retry.settings["rejected"], "merged": _prepared(retry).get("merged", 0)}
    )
    for booked in Retries(journal).booked_in(retry.id):
        if booked.record is not None:
            rows[outcome_of(booked)] += 1
    own = {name: rows[name] for name in OUTCOMES if rows[name]}
    return RetryRows(retry.id, _prepared(retry).get("rows", 0), own)


class _Times:
    """The first and the last of some instants."""

    def __init__(self) -> None:
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, at: datetime | None) -> None:
        if at is None:
            return
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)

    def texts(self) -> tuple[str | None, str | None]:
        first, last = (at.isoformat() if at else None for at in (self._first, self._last))
        return first, last
