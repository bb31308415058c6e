"""The books of a run as text for a terminal, and as JSON: the same data."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

from migrator.report.books import IN_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.report.books import Report, Sum


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
        missing = sum(entry.rows for entry in entries if entry.outcome not in IN_ACCOUNT)
        lines.append(
            f"  {value or '(none)':<26.26}{rows:>8,}{amount:>20,.2f} {currency:<4}"
            f"{missing or '':>12}".rstrip()
        )
    return lines
