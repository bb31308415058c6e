"""The border from columns to rows keeps every value and gives it its canonical text."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import ObjectType, Place
from migrator.plan import canonical_text, read_records


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


VALUES = {
    "amount": (pl.Decimal(38, 6), st.decimals(-(10**12), 10**12, places=6)),
    "whole": (pl.Decimal(38, 0), st.decimals(-(10**12), 10**12, places=0)),
    "close_date": (pl.Date(), st.dates(date(1, 1, 1))),
    "created_at": (
        pl.Datetime("us", "UTC"),
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    "done": (pl.Boolean(), st.booleans()),
    "count": (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    "name": (pl.String(), st.text(st.characters(exclude_categories=["Cs"]))),
}


@given(st.data(), st.sets(st.sampled_from(sorted(VALUES))), st.integers(0, 5))
def test_columns_say_what_their_values_say(
    data: st.DataObject, names: set[str], height: int
) -> None:
    """A record has the canonical text of all its values, of whichever kind; blanks have none."""
    columns = {
        name: data.draw(st.lists(st.none() | VALUES[name][1], min_size=height, max_size=height))
        for name in sorted(names)
    }
    schema = {name: VALUES[name][0] for name in columns}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.parquet"
        own = _table(height).select("_file", "_record", "_line", "key")
        own.hstack(pl.DataFrame(columns, schema)).write_parquet(path)
        found = [one for some in read_records(path, ObjectType.DEALS, chunk=2) for one in some]
    assert [one.values for one in found] == [
        {name: canonical_text(texts[n]) for name, texts in columns.items() if texts[n] is not None}
        for n in range(height)
    ]
