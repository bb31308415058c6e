"""A run as text, JSON and CSV files: the same data, and the check that they add up.

A run and its retries have the same books: each row of the run's source counts once, with what
became of it last.
"""

from __future__ import annotations

import csv
import json
import textwrap
from collections import Counter
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from migrator.journal import Family, Retries, family_of
from migrator.model import UNKNOWN, Action, OpState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from migrator.journal import Finished, Journal, Run

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

_IN_ACCOUNT = frozenset({"created", "updated", "unchanged"})
_DIMENSIONS = ("pipeline", "stage", "owner", "currency")


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows and money of one outcome, for one value of one dimension, in one currency."""

    dimension: str
    value: str
    currency: str
    outcome: str
    rows: int
    amount: Decimal


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
        sums: rows and money by pipeline, stage, owner and currency.
        remembered: unchanged rows about which the account was not asked.
        missing: records that earlier runs loaded and the source has no more.
        deleted: of these, gone from the account by now; they stand at no source row.
        files: what was written where.
        retry_of: the run that this one is a retry of, None for others.
        retries: the retries of the run that have begun, in that order.
        remarks: what the account cannot hold, or holds otherwise, and what has stayed behind.
        undone_by: the run that took this one back, None for others; the rows say what was written.
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
    parents_created: int = 0
    parents_refused: int = 0
    remembered: int = 0
    missing: int = 0
    deleted: int = 0
    files: dict[str, str] = field(default_factory=dict)
    retry_of: str | None = None
    retries: list[RetryRows] = field(default_factory=list)
    undone_by: str | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Whether every source row has exactly one outcome."""
        return sum(self.rows.values()) == self.source_rows

    @property
    def turned_down(self) -> int:
        """Rows that were rejected, refused or parked, or written with an objection."""
        return self.rows["rejected"] + sum(self.refusals.values())


def outcome_of(finished: Finished) -> str:
    """Which of ``OUTCOMES`` an op ended in."""
    op = finished.op
    match op.state:
        case OpState.WRITTEN:
            return "created" if op.action is Action.CREATE else "updated"
        case OpState.REFUSED | OpState.PARKED | OpState.UNCHANGED:
            return op.state.value
        case OpState.SENT if finished.code == UNKNOWN:
            return "unknown"
        case _:
            return "left"


def make_report(journal: Journal, run: Run) -> Report:
    """Read the books of a run, and of its retries with it; a retry has those of its run."""
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
    _add_ops(report, rows, (finished for _, finished in Retries(journal).finished(family)))
    report.rows = dict(rows)
    report.codes = dict(codes.most_common())
    return report


def remarks_of(run: Run) -> list[str]:
    """What a plan has found that the account cannot hold as it is, in sentences."""
    request: Mapping[str, Any] = run.settings.get("request", {})
    left_out, altered = (run.settings.get(name, {}) for name in ("left_out", "altered"))
    return [
        *request.get("stays", ()),
        *(f"{name} is left out: {why}." for name, why in left_out.items()),
        *(f"{name} changes: {why}." for name, why in altered.items()),
    ]


def _add_ops(report: Report, rows: Counter[str], ops: Iterable[Finished]) -> None:
    refusals: Counter[str] = Counter()
    tally = _Tally()
    for finished in ops:
        op = finished.op
        if op.place is None:
            if op.action is Action.DELETE:
                report.deleted += op.state is OpState.WRITTEN
                if finished.code:
                    refusals[finished.code] += 1
                    report.examples.setdefault(finished.code, f"{op.key}: {finished.message}")
            else:
                report.parents_created += op.state is OpState.WRITTEN
                report.parents_refused += op.state is OpState.REFUSED
            continue
        outcome = outcome_of(finished)
        rows[outcome] += 1
        if finished.code:
            refusals[finished.code] += 1
            example = f"record {op.place.record}: {finished.message}"
            report.examples.setdefault(finished.code, example)
        tally.add(op.facts, outcome)
    report.refusals = dict(refusals.most_common())
    report.sums = tally.sums()


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
    for finished in journal.finished(retry.id):
        if finished.op.place is not None:
            rows[outcome_of(finished)] += 1
    own = {name: rows[name] for name in OUTCOMES if rows[name]}
    return RetryRows(retry.id, _prepared(retry).get("rows", 0), own)


class _Tally:
    def __init__(self) -> None:
        self._rows: Counter[tuple[str, str, str, str]] = Counter()
        self._amounts: dict[tuple[str, str, str, str], Decimal] = {}

    def add(self, facts: Mapping[str, str], outcome: str) -> None:
        amount = Decimal(facts.get("amount", "0"))
        for dimension in _DIMENSIONS:
            key = (dimension, facts.get(dimension, ""), facts.get("currency", ""), outcome)
            self._rows[key] += 1
            self._amounts[key] = self._amounts.get(key, Decimal(0)) + amount

    def sums(self) -> list[Sum]:
        return [Sum(*key, rows, self._amounts[key]) for key, rows in sorted(self._rows.items())]


def as_json(report: Report) -> str:
    """The report as JSON; amounts as text, so that no digit is lost."""
    data = asdict(report) | {"adds_up": report.adds_up}
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


def as_text(report: Report) -> str:
    """The report for a terminal of 80 columns."""
    target = f"{report.vendor} account {report.account}"
    what = f"a retry of {report.retry_of}, " if report.retry_of else ""
    lines = [
        *wrapped(f"Run {report.run} ({what}{report.state}): {report.template} -> {target}"),
        *_undone_lines(report),
        "",
        f"  {'source rows':<14}{report.source_rows:>10,}",
    ]
    lines += [
        f"  {name:<14}{count:>10,}"
        for name, count in report.rows.items()
        if count or name in {"created", "rejected", "refused"}
    ]
    total = sum(report.rows.values())
    verdict = "adds up" if report.adds_up else f"DOES NOT ADD UP: {total:,} rows have an outcome"
    lines.append(f"  {'':<14}{'':>10}  {verdict}")
    for retry in report.retries:
        rows = ", ".join(f"{count:,} {name}" for name, count in retry.rows.items())
        text = f"  retry {retry.run}: {retry.source_rows:,} rows, {rows}"
        lines += wrapped(text, indent=8)
    if report.missing:
        lines.append(f"  missing in the source: {report.missing:,}, deleted: {report.deleted:,}")
    if report.parents_created or report.parents_refused:
        lines.append(
            f"  contacts and companies: {report.parents_created:,} created,"
            f" {report.parents_refused:,} refused"
        )
    lines += [line for remark in report.remarks for line in wrapped(f"  {remark}")]
    lines += _sum_lines(report, "currency") + _sum_lines(report, "stage")
    if report.codes:
        counts = ", ".join(f"{n:,} {code}" for code, n in report.codes.items())
        lines += ["", *wrapped(f"  Rejected: {counts}")]
    lines += reason_lines("Not or not wholly written, by reason:", report.refusals, report.examples)
    if report.files:
        lines.append("")
        lines += [f"  {name}: {path}" for name, path in report.files.items()]
    return "\n".join(lines)


def _undone_lines(report: Report) -> list[str]:
    if not report.undone_by:
        return []
    by = report.undone_by
    return wrapped(f"  Taken back since by {by}; `migrator report {by}` says what stayed.")


def reason_lines(title: str, codes: Mapping[str, int], examples: Mapping[str, str]) -> list[str]:
    """How many rows per reason, the most frequent first, each with its first row."""
    if not codes:
        return []
    lines = ["", f"  {title}"]
    for code, count in sorted(codes.items(), key=lambda item: -item[1]):
        lines += wrapped(f"  {count:>8,}  {code}: {examples.get(code, '')}", indent=12)
    return lines


def wrapped(text: str, *, indent: int = 4) -> list[str]:
    """A long line as lines of at most 80 columns, the later ones indented."""
    return textwrap.wrap(
        text,
        width=80,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _sum_lines(report: Report, dimension: str) -> list[str]:
    groups: dict[tuple[str, str], list[Sum]] = {}
    for entry in report.sums:
        if entry.dimension == dimension:
            groups.setdefault((entry.value, entry.currency), []).append(entry)
    if not any(value or any(one.amount for one in of) for (value, _), of in groups.items()):
        return []  # nothing is known of it
    lines = ["", f"  {dimension:<26}{'rows':>8}{'amount':>20}      not written"]
    for (value, currency), entries in groups.items():
        rows = sum(entry.rows for entry in entries)
        amount = sum((entry.amount for entry in entries), Decimal(0))
        missing = sum(entry.rows for entry in entries if entry.outcome not in _IN_ACCOUNT)
        lines.append(
            f"  {value or '(none)':<26.26}{rows:>8,}{amount:>20,.2f} {currency:<4}"
            f"{missing or '':>12}".rstrip()
        )
    return lines


def write_id_map(journal: Journal, run: Run, target: Path) -> None:
    """Source key to target id of every record that the account holds, for the client's files.

    Of a run with retries, what stands of all of them.
    """
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["type", "key", "id", "outcome"])
        states = {OpState.WRITTEN, OpState.UNCHANGED}
        for _, finished in Retries(journal).finished(family_of(journal, run), states):
            op = finished.op
            if op.action is not Action.DELETE:
                writer.writerow([op.type, op.key, op.id, outcome_of(finished)])
