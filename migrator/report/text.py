"""The books of a run as text for a terminal, and as JSON: the same data."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

from migrator.report.books import IN_ACCOUNT
from migrator.report.stages import stage_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.report.books import Report
    from migrator.report.sums import Sum


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
        *_open_lines(report),
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
        text = f"  retry {retry.run}: {counted(retry.source_rows, 'row', 'rows')}, {rows}"
        lines += wrapped(text, indent=8)
    if report.missing:
        lines.append(f"  missing in the source: {report.missing:,}, deleted: {report.deleted:,}")
    if report.parents_created or report.parents_refused or report.parents_left:
        left = f", {report.parents_left:,} not yet" if report.parents_left else ""
        lines.append(
            f"  contacts and companies: {report.parents_created:,} created,"
            f" {report.parents_refused:,} refused{left}"
        )
    lines += [line for remark in report.remarks for line in wrapped(f"  {remark}")]
    lines += _sum_lines(report, "currency") + _left_lines(report) + _sum_lines(report, "stage")
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


def _open_lines(report: Report) -> list[str]:
    """How far a run has come that is not at its end, and the command that goes on."""
    told = stage_of(report)
    return [*wrapped(f"  {told}:"), f"    {report.next}"] if told else []


def reason_lines(title: str, codes: Mapping[str, int], examples: Mapping[str, str]) -> list[str]:
    """How many rows per reason, the most frequent first, each with its first row."""
    if not codes:
        return []
    lines = ["", f"  {title}"]
    for code, count in sorted(codes.items(), key=lambda item: -item[1]):
        lines += wrapped(f"  {count:>8,}  {code}: {examples.get(code, '')}", indent=12)
    return lines


def counted(count: int, one: str, many: str) -> str:
    """A number with the words for what it counts.

    >>> counted(1, "row is", "rows are"), counted(1200, "row is", "rows are")
    ('1 row is', '1,200 rows are')
    """
    return f"{count:,} {one if count == 1 else many}"


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
    """What is in the account of each value, with its money, and what the CRM did not take."""
    groups = _groups(report, dimension)
    if not any(value or any(one.amount for one in of) for (value, _), of in groups.items()):
        return []  # nothing is known of it
    loaded = "was loaded" if report.undone_by else "loaded"
    lines = ["", f"  {dimension:<24}{loaded:>10}{'amount':>20}      not written"]
    for (value, currency), entries in groups.items():
        missing = sum(one.rows for one in entries if one.outcome not in {*IN_ACCOUNT, _LEFT})
        inside = [one for one in entries if one.outcome in IN_ACCOUNT]
        if inside or missing:
            lines.append(f"{_sum_line(value, currency, inside)}{missing or '':>12}".rstrip())
    return lines if len(lines) > _HEAD else []


_LEFT = "left"
_HEAD = 2


def _left_lines(report: Report) -> list[str]:
    """The rows that are still to be loaded, and their money: never a part of what is there."""
    groups = {
        key: left
        for key, entries in _groups(report, "currency").items()
        if (left := [one for one in entries if one.outcome == _LEFT])
    }
    if not groups:
        return []
    lines = ["", f"  {'not loaded yet':<24}{'rows':>10}{'amount':>20}"]
    return lines + [_sum_line(*key, left).rstrip() for key, left in groups.items()]


def _groups(report: Report, dimension: str) -> dict[tuple[str, str], list[Sum]]:
    """Sums by value and currency; CRMs do not mind the letter case, so the first one is told."""
    groups: dict[tuple[str, str], list[Sum]] = {}
    told: dict[str, str] = {}
    for one in report.sums:
        if one.dimension == dimension:
            value = told.setdefault(one.value.casefold(), one.value)
            groups.setdefault((value, one.currency), []).append(one)
    return groups


def _sum_line(value: str, currency: str, entries: Sequence[Sum]) -> str:
    rows = sum(one.rows for one in entries)
    amount = sum((one.amount for one in entries), Decimal(0))
    # A blank before each number: of a large one nothing may run into its neighbour.
    return f"  {value or '(none)':<24.24} {rows:>9,} {amount:>19,.2f} {currency:<4}"
