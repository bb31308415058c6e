"""Rows that come back are read as their source was, and as a spreadsheet writes dates."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from migrator.errors import UndecidedError
from migrator.prepare import prepare
from migrator.template import load_template
from tests.support import TEMPLATE

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.prepare import Prepared
    from migrator.template import Template

FIELDS = TEMPLATE.replace(
    "  owner:", "  close_date: {from: close}\n  created_at: {from: made}\n  owner:"
)


@pytest.fixture
def template(tmp_path: Path) -> Template:
    """A template that leaves open how amounts and dates are written."""
    path = tmp_path / "t.yaml"
    path.write_text(FIELDS.replace("PARK_CONTACTS", "park"))
    return load_template(str(path))


def read(
    template: Template, folder: Path, rows: list[dict[str, Any]], answers: Any = None
) -> tuple[Prepared, dict[str, dict[str, Any]], list[str]]:
    """Rows prepared: the records by key, and the fields of problems."""
    folder.mkdir(exist_ok=True)
    usual = {"id": "", "title": "x", "stage": "s", "amount": "1", "close": None, "made": None}
    filled = [usual | row | {"id": str(at)} for at, row in enumerate(rows)]
    frame = pl.LazyFrame(filled, schema=dict.fromkeys(usual, pl.String)).with_columns(
        pl.lit("f").alias("_file"),
        pl.int_range(1, pl.len() + 1).alias("_record"),
        pl.int_range(2, pl.len() + 2).alias("_line"),
    )
    prepared = prepare(template, frame, tuple(usual), folder, answers=answers)
    records = {row["key"]: row for row in pl.read_parquet(prepared.records).to_dicts()}
    return prepared, records, pl.read_parquet(prepared.rejections)["_field"].to_list()


def answers_of(template: Template, folder: Path, rows: list[dict[str, Any]]) -> Any:
    """What was decided over a source, as a run remembers it."""
    prepared, _, _ = read(template, folder / "first", rows)
    return json.loads(json.dumps(prepared.answers))


def test_the_decimal_mark_is_the_sources(template: Template, tmp_path: Path) -> None:
    """1.234 is a thousand where the source proved so; a number in another dress is turned down."""
    answers = answers_of(template, tmp_path, [{"amount": "1.234,50"}])
    rows = [{"amount": "1.234"}, {"amount": "12.5"}]
    _, records, problems = read(template, tmp_path / "again", rows, answers)
    assert records["0"]["amount"] == Decimal(1234)
    assert problems == ["amount"]
    _, records, _ = read(template, tmp_path / "alone", rows)
    assert list(records) == ["1"]  # the few rows alone prove the contrary


def test_dates_are_the_sources_and_a_spreadsheets(template: Template, tmp_path: Path) -> None:
    """Known formats come first; those that a spreadsheet wrote are found by themselves."""
    answers = answers_of(template, tmp_path, [{"close": "04/13/2026"}, {"close": "2026-04-30"}])
    rows = [{"close": "04/03/2026"}, {"close": "31.03.2026"}, {"close": "03.04.2026"}]
    rows += [{"close": "30/04/2026"}, {"close": "tomorrow"}]
    prepared, records, problems = read(template, tmp_path / "again", rows, answers)
    dates = [records[key]["close_date"] for key in "012"]
    assert dates == [date(2026, 4, 3), date(2026, 3, 31), date(2026, 4, 3)]
    assert problems == ["close", "close"]  # a slip stays one, and so does what is no date
    assert any("31.03.2026" in said for said in prepared.decisions)


def test_dates_in_a_new_dress_may_be_a_question(template: Template, tmp_path: Path) -> None:
    """Where neither source nor file tell day from month, a person is asked."""
    answers = answers_of(template, tmp_path, [{"close": "2026-04-30"}])
    with pytest.raises(UndecidedError, match="can be read as day first or month first"):
        read(template, tmp_path / "again", [{"close": "03/04/2026"}], answers)
    _, records, _ = read(template, tmp_path / "good", [{"close": "2026-04-03"}], answers)
    assert records["0"]["close_date"] == date(2026, 4, 3)


def test_times_of_day_come_back_too(template: Template, tmp_path: Path) -> None:
    """Instants stay instants when a spreadsheet leaves out their seconds."""
    answers = answers_of(template, tmp_path, [{"made": "2026-04-30 10:20:30"}])
    rows = [{"made": "2026-04-30 10:20:30"}, {"made": "2026-04-30 10:20"}]
    _, records, problems = read(template, tmp_path / "again", rows, answers)
    assert problems == []
    made = [records[key]["created_at"].astimezone(UTC) for key in "01"]
    assert made == [
        datetime(2026, 4, 30, 10, 20, 30, tzinfo=UTC),
        datetime(2026, 4, 30, 10, 20, tzinfo=UTC),
    ]
