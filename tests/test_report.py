"""The report's text and JSON say the same, and lines fit a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from migrator.report import Report, RetryRows, Sum, as_json, as_text, wrapped

REPORT = Report(
    run="2026-11-22-1004-k7m2",
    state="finished",
    vendor="somecrm",
    account="42",
    template="pipedrive",
    source_rows=10,
    rows={"created": 6, "rejected": 2, "refused": 1, "parked": 1},
    codes={"required": 2},
    refusals={"INVALID": 1, "parked": 1},
    examples={"INVALID": "record 7: the CRM said no", "parked": "record 8: no contact"},
    sums=[
        Sum("currency", "EUR", "EUR", "created", 6, Decimal("1234567.80")),
        Sum("currency", "EUR", "EUR", "refused", 1, Decimal("0.20")),
        Sum("stage", "", "EUR", "created", 6, Decimal("1234567.80")),
    ],
    files={"rejects": "rejects.csv"},
)


def test_the_text_adds_up_and_names_every_reason() -> None:
    """Counts, sums, reasons and files are all there; what was not written stands beside its sum."""
    text = as_text(REPORT)
    assert "adds up" in text
    assert "2 required" in text
    assert "record 7: the CRM said no" in text
    (line,) = [line for line in text.splitlines() if line.startswith("  EUR")]
    assert line.split() == ["EUR", "6", "1,234,567.80", "EUR", "1"]
    assert "(none)" in text
    assert "rejects: rejects.csv" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_books_that_do_not_add_up_are_said_so() -> None:
    """A missing row is shouted, not hidden."""
    short = Report("r", "finished", "v", "a", "t", source_rows=3, rows={"created": 2})
    short.rows |= {"rejected": 0, "refused": 0, "parked": 0}
    assert not short.adds_up
    assert "DOES NOT ADD UP: 2 rows have an outcome" in as_text(short)


def test_a_retry_names_its_run_and_every_retry_its_rows() -> None:
    """Whose books these are stands on top, what each retry did below the counts; all in 80."""
    first, retry = "2026-11-22-1004-k7m2", "2026-11-23-0900-aaaa"
    rows = {"created": 12_345, "refused": 1}
    report = replace(
        REPORT, run=retry, retry_of=first, retries=[RetryRows(retry, 12_346, rows)], sums=[]
    )
    text = as_text(report)
    assert f"Run {retry} (a retry of {first}, finished)" in " ".join(text.split())
    assert f"  retry {retry}: 12,346 rows, 12,345 created, 1 refused" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert json.loads(as_json(report))["retries"][0]["rows"] == rows


def test_json_keeps_every_digit() -> None:
    """Amounts are text in the JSON, so that no reader rounds them."""
    data = json.loads(as_json(REPORT))
    assert data["sums"][0]["amount"] == "1234567.80"
    assert data["adds_up"] is True
    assert data["rows"] == REPORT.rows


def test_wrapping_keeps_every_word() -> None:
    """Long lines are cut between words only, and the rest is indented."""
    words = " ".join(f"word{n}" for n in range(60))
    lines = wrapped("  " + words, indent=6)
    assert max(map(len, lines)) <= 80
    assert all(line.startswith(" " * 6) for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == words


def test_stages_that_differ_in_letter_case_are_one_line() -> None:
    """A CRM takes them for one stage, and so does the page: one line, with the sum of both."""
    sums = [
        Sum("stage", name, "EUR", "created", rows, Decimal(rows))
        for name, rows in (("Qualified", 3), ("qualified", 4), ("Won", 5))
    ]
    lines = [line.split() for line in as_text(replace(REPORT, sums=sums)).splitlines()]
    assert ["Qualified", "7", "7.00", "EUR"] in lines
    assert ["Won", "5", "5.00", "EUR"] in lines
    assert not any(line[:1] == ["qualified"] for line in lines)
