"""The border from columns to rows keeps every value and gives it its canonical text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import ObjectType, Place
from migrator.plan import canonical_text, read_records

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234.500000"), "1234.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.01"), "-0.01"),
        (date(2026, 3, 31), "2026-03-31"),
        (datetime(2026, 3, 31, 9, tzinfo=UTC), "2026-03-31T09:00:00Z"),
        (True, "true"),
        (False, "false"),
        ("ünï", "ünï"),
    ],
)
def test_canonical_text(value: object, text: str) -> None:
    """Each kind of value has one spelling."""
    assert canonical_text(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20)))
def test_decimals_lose_nothing(value: Decimal) -> None:
    """The text of a decimal is the same number, without exponent."""
    text = canonical_text(value)
    assert Decimal(text) == value
    assert "e" not in text.lower()


def _table(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "_file": ["deals.csv"] * rows,
            "_record": range(1, rows + 1),
            "_line": range(2, rows + 2),
            "_rows": [1] * rows,
            "key": [f"k{n}" for n in range(rows)],
            "name": [None if n % 3 == 0 else f"deal {n}" for n in range(rows)],
            "contacts": [["a@x.example", "a@x.example", "b@x.example"]] * rows,
        },
        schema_overrides={"_record": pl.Int64, "_line": pl.Int64, "contacts": pl.List(pl.String)},
    )


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 25])
def test_every_row_once_whatever_the_chunk(rows: int, tmp_path: Path) -> None:
    """Chunks of any size give each record once, in order; blank fields are absent."""
    path = tmp_path / "records.parquet"
    _table(rows).write_parquet(path)
    chunks = list(read_records(path, ObjectType.DEALS, chunk=10))
    records = [record for chunk in chunks for record in chunk]
    assert [record.key for record in records] == [f"k{n}" for n in range(rows)]
    assert all(len(chunk) <= 10 for chunk in chunks)
    for n, record in enumerate(records):
        assert record.place == Place("deals.csv", n + 1, n + 2)
        assert record.values == ({} if n % 3 == 0 else {"name": f"deal {n}"})
        assert record.links == {ObjectType.CONTACTS: ("a@x.example", "b@x.example")}
