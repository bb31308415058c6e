"""Parquet, XLSX and NDJSON: typed values as the text a person would write."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.files import ReadOptions, Source, open_source
from migrator.files.typed import _json_text, _without_exponent

NONE = ReadOptions()


def cells(source: Source) -> list[tuple[str | None, ...]]:
    """All rows of the original columns."""
    return source.scan().select(source.columns).collect(engine="streaming").rows()


def places(source: Source) -> list[tuple[int, int]]:
    """Record and line number of every row."""
    return source.scan().select("_record", "_line").collect(engine="streaming").rows()


def of_parquet(folder: Path, frame: pl.DataFrame) -> Source:
    """A frame, written and opened."""
    path = folder / "deals.parquet"
    frame.write_parquet(path)
    return open_source([path], NONE, folder / "scratch")


def of_ndjson(folder: Path, text: str, options: ReadOptions = NONE) -> Source:
    """Lines, written and opened."""
    path = folder / "deals.ndjson"
    path.write_text(text, encoding="utf-8", newline="")
    return open_source([path], options, folder / "scratch")


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (dt.date(2026, 3, 1), pl.Date, "2026-03-01"),
        (dt.datetime(2026, 3, 1, 9, 5), pl.Datetime, "2026-03-01T09:05:00"),  # noqa: DTZ001  (a time without zone is what is read)
        (
            dt.datetime(2026, 3, 1, 9, 5, tzinfo=dt.UTC),
            pl.Datetime("us", "Europe/Paris"),
            "2026-03-01T09:05:00Z",
        ),
        (dt.time(9, 5), pl.Time, "09:05:00"),
        (dt.timedelta(hours=30), pl.Duration, "P1DT6H"),
        (Decimal("1234.50"), pl.Decimal(38, 2), "1234.50"),
        (1e3, pl.Float64, "1000"),
        (1e21, pl.Float64, "1000000000000000000000"),
        (1.5e-7, pl.Float64, "0.00000015"),
        (0.1, pl.Float32, "0.1"),
        (float("nan"), pl.Float64, "NaN"),
        (float("inf"), pl.Float64, "inf"),
        (12, pl.Int64, "12"),
        (True, pl.Boolean, "true"),
        ("007", pl.String, "007"),
        ("1e5", pl.Categorical, "1e5"),
        (b"ab", pl.Binary, "ab"),
        (["a", "é"], pl.List(pl.String), '["a", "é"]'),
        ({"a": 1}, pl.Struct({"a": pl.Int64}), '{"a": 1}'),
        ("", pl.String, None),
        (None, pl.Null, None),
    ],
)
def test_parquet_types_as_text(
    tmp_path: Path, value: object, dtype: pl.DataType, text: str | None
) -> None:
    """Each type has one spelling: ISO dates, plain digits, JSON for what is nested."""
    source = of_parquet(tmp_path, pl.DataFrame({"v": pl.Series([value, None], dtype=dtype)}))
    assert cells(source) == [(text,), (None,)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_floats_are_plain_and_exact(values: list[float]) -> None:
    """A float's text has no exponent and reads back as the same float."""
    with tempfile.TemporaryDirectory() as name:
        texts = [text for (text,) in cells(of_parquet(Path(name), pl.DataFrame({"v": values})))]
    assert all(text is not None and not set(text) & set("eE") for text in texts)
    assert [float(str(text)) for text in texts] == values


def test_parquet_streams_with_its_places(tmp_path: Path) -> None:
    """A Parquet file is scanned in place; its lines are its records; odd names are made unique."""
    frame = pl.DataFrame({"id": ["a", "b"], "_line": [5, 6], "f": [1.0, 2.5]})
    source = of_parquet(tmp_path, frame)
    assert source.columns == ("id", "_line (2)", "f")
    assert places(source) == [(1, 1), (2, 2)]
    assert cells(source) == [("a", "5", "1"), ("b", "6", "2.5")]
    assert "Parquet SCAN" in source.scan().explain(engine="streaming")
    assert source.describe() == [f"{tmp_path / 'deals.parquet'}: Parquet, 2 records"]


def test_parquet_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A column of bytes that no text stands for is refused by name."""
    with pytest.raises(SourceError, match='column "raw" holds bytes that are not UTF-8'):
        of_parquet(tmp_path, pl.DataFrame({"id": ["1"], "text": [b"x"], "raw": [b"\xff"]}))


def test_texts_of_a_batch() -> None:
    """Whole batches: digits without exponent only where one is, JSON with null as null."""
    numbers = pl.Series("n", ["1e3", "2", None])
    assert _without_exponent(numbers).to_list() == ["1000", "2", None]
    assert _without_exponent(numbers[1:]).to_list() == ["2", None]
    nested = pl.Series("n", [[1], None], dtype=pl.List(pl.Int64))
    assert _json_text(nested).to_list() == ["[1]", None]


class Book:
    """A workbook to fill and open."""

    def __init__(self, folder: Path, *sheets: str) -> None:
        self.path = folder / "deals.xlsx"
        self.folder = folder
        self.book = xlsxwriter.Workbook(self.path)
        self.sheets = [self.book.add_worksheet(name) for name in sheets or ("Deals",)]

    def open(self, options: ReadOptions = NONE) -> Source:
        """Write it and open it."""
        self.book.close()
        return open_source([self.path], options, self.folder / "scratch")


def test_workbook_cells_as_text(tmp_path: Path) -> None:
    """Dates are ISO, whole numbers whole, computed decimals as shown, text as it is."""
    book = Book(tmp_path)
    [sheet] = book.sheets
    formats = {"num_format": "yyyy-mm-dd hh:mm:ss"}
    style = book.book.add_format(formats)
    sheet.write_row(0, 0, ["id", "v"])
    day = dt.datetime(2026, 3, 1)  # noqa: DTZ001  (sheets know no zones)
    values: list[object] = [1234, 1234.5, 0.1 + 0.2, True, day, day.replace(hour=9, minute=5)]
    for row, value in enumerate(values, start=1):
        sheet.write_string(row, 0, "007")
        if isinstance(value, dt.datetime):
            sheet.write_datetime(row, 1, value, style)
        else:
            sheet.write(row, 1, value)
    sheet.write_datetime(7, 1, dt.time(10, 30), style)
    sheet.write_string(8, 1, "12345678901234567890")
    source = book.open()
    assert [row[1] for row in cells(source)] == [
        "1234", "1234.5", "0.3", "true", "2026-03-01", "2026-03-01 09:05:00", "10:30:00",
        "12345678901234567890",
    ]  # fmt: skip
    assert cells(source)[0][0] == "007"
    assert 'XLSX, sheet "Deals", 8 records' in source.describe()[0]


def test_workbook_rows_are_lines(tmp_path: Path) -> None:
    """Blank rows, a header further down, columns further right: lines are the sheet's rows."""
    book = Book(tmp_path)
    [sheet] = book.sheets
    for row, line in {3: ("id", "v"), 4: ("1", "x"), 6: ("2", "y"), 7: ("id", "v")}.items():
        sheet.write_row(row, 2, line)
    sheet.write(9, 2, "Grand Totals (2 records)")
    source = book.open()
    assert places(source) == [(1, 5), (2, 7)]
    assert cells(source) == [("1", "x"), ("2", "y")]
    assert [(skipped.line, skipped.reason) for skipped in source.skipped] == [
        (1, "blank line"), (2, "blank line"), (3, "blank line"), (6, "blank line"),
        (8, "repeated header"), (9, "blank line"), (10, "footer"),
    ]  # fmt: skip


def test_workbook_sheet_and_header_row(tmp_path: Path) -> None:
    """Sheet and header row can be told; the first sheet is not looked at then."""
    book = Book(tmp_path, "Notes", "Deals & more")
    book.sheets[1].write_row(0, 0, ["Report of May"])
    book.sheets[1].write_row(1, 0, ["id", "v"])
    book.sheets[1].write_row(2, 0, ["1", "x"])
    book.sheets[1].write_formula(3, 1, "=1/0", None, "#DIV/0!")
    source = book.open(ReadOptions(sheet="Deals & more", header_line=2))
    assert cells(source) == [("1", "x"), (None, "#DIV/0!")]
    assert "header in line 2" in source.describe()[0]
    assert source.skipped[0].text == "Report of May"


def test_workbook_errors_are_not_blank(tmp_path: Path) -> None:
    """A formula that failed is seen as such, not as an empty cell, also in the last row."""
    book = Book(tmp_path)
    [sheet] = book.sheets
    sheet.write_row(1, 1, ["id", "v", "w"])
    sheet.write_row(2, 1, ["1", "x"])
    sheet.write_formula(2, 3, "=NA()", None, "#N/A")
    sheet.write_formula(4, 1, "=1/0", None, "#DIV/0!")
    source = book.open()
    assert cells(source) == [("1", "x", "#N/A"), ("#DIV/0!", None, None)]
    assert places(source) == [(1, 3), (2, 5)]


def test_workbook_with_wide_columns(tmp_path: Path) -> None:
    """Columns beyond Z are columns: error cells are placed by their letters."""
    book = Book(tmp_path)
    [sheet] = book.sheets
    sheet.write_row(0, 0, [f"c{number}" for number in range(30)])
    sheet.write(1, 0, "x")
    sheet.write_formula(1, 29, "=1/0", None, "#DIV/0!")
    assert cells(book.open())[0][29] == "#DIV/0!"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReadOptions(sheet="Deal"), 'no sheet "Deal"; it has "Deals".* Did you mean "Deals"'),
        (ReadOptions(header_line=9), "has only 2 rows"),
    ],
)
def test_workbook_without_what_was_told(tmp_path: Path, options: ReadOptions, message: str) -> None:
    """A sheet or header row that is not there is an error that names what is."""
    book = Book(tmp_path)
    book.sheets[0].write_row(0, 0, ["id", "v"])
    book.sheets[0].write_row(1, 0, ["1", "x"])
    with pytest.raises(SourceError, match=message):
        book.open(options)


def test_empty_sheet(tmp_path: Path) -> None:
    """A sheet without a cell is named as empty."""
    with pytest.raises(SourceError, match="the sheet is empty"):
        Book(tmp_path).open()


def test_ndjson_values_as_text(tmp_path: Path) -> None:
    """Numbers keep their digits, nested values are JSON, null and "" are empty."""
    lines = [
        '{"id": 12345678901234567890, "v": 1.10, "w": "é"}',
        "",
        '{"v": 1e3, "id": null, "x": [1, 1.5, {"a": "ü"}], "w": ""}',
        '{"id": true, "v": NaN, "x": {}, "w": 1e999999}',
    ]
    source = of_ndjson(tmp_path, "\r\n".join(lines))
    assert source.columns == ("id", "v", "w", "x")
    assert cells(source) == [
        ("12345678901234567890", "1.10", "é", None),
        (None, "1000", None, '[1, 1.5, {"a": "ü"}]'),
        ("true", "NaN", "1e999999", "{}"),
    ]
    assert places(source) == [(1, 1), (2, 3), (3, 4)]
    assert [(each.line, each.reason) for each in source.skipped] == [(2, "blank line")]


def test_ndjson_line_that_is_no_object(tmp_path: Path) -> None:
    """A broken line is one malformed record, kept as it was; the others are read."""
    source = of_ndjson(tmp_path, '{"id": 1}\n{"id": \n[1]\n{"id": 4}\n')
    assert source.problems.select("_record", "_line", "_code", "_value").rows() == [
        (2, 2, "not_json", '{"id": '),
        (3, 3, "not_json", "[1]"),
    ]
    surplus = source.scan_all().select("id", "_surplus").collect().rows()
    assert surplus == [("1", None), (None, '{"id": '), (None, "[1]"), ("4", None)]


def test_ndjson_in_parts(tmp_path: Path) -> None:
    """A key that appears late is a column of all records; our own names do not collide."""
    lines = [json.dumps({"_line": n, "b": "x"}) for n in range(50_001)]
    source = of_ndjson(tmp_path, "\n".join([*lines, '{"late": "y"}', ""]))
    assert source.columns == ("_line (2)", "b", "late")
    assert source.records == 50_002
    last = source.scan().tail(2).collect().rows()
    name = str(tmp_path / "deals.ndjson")
    assert last == [
        ("50000", "x", None, name, 50_001, 50_001), (None, None, "y", name, 50_002, 50_002)
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3).filter(
                str.strip
            ),
            st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), st.none()),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_objects_come_back(rows: list[dict[str, str | int | None]]) -> None:
    """Every value of every object is in the column of its key, as text."""
    with tempfile.TemporaryDirectory() as name:
        source = of_ndjson(Path(name), "".join(json.dumps(row) + "\n" for row in rows))
        found = cells(source)
    for row, values in zip(rows, found, strict=True):
        by_key = dict(zip(source.headers, values, strict=True))
        for key, value in row.items():
            assert by_key.pop(key) == (None if value in {None, ""} else str(value))
        assert set(by_key.values()) <= {None}


@pytest.mark.parametrize("format", ["csv", "parquet", "ndjson"])
def test_headers_that_look_like_patterns_are_names(tmp_path: Path, format: str) -> None:
    """``*`` marks what must be filled in, and stands for no other column."""
    frame = pl.DataFrame({"*": ["1"], "b": ["2"], "^b$": ["3"]})
    path = tmp_path / f"deals.{format}"
    getattr(frame, f"write_{format}")(path)
    source = open_source([path], ReadOptions(), tmp_path / "scratch")
    assert source.headers == ("*", "b", "^b$")
    assert cells(source) == [("1", "2", "3")]


def test_ndjson_by_content(tmp_path: Path) -> None:
    """A file of another name whose first line is an object is NDJSON."""
    path = tmp_path / "export.txt"
    path.write_text('{"id": "1"}\n{"id": "2"}\n')
    source = open_source([path], NONE, tmp_path / "scratch")
    assert source.tables[0].dialect.format == "ndjson"
    path.write_text("{name},v\n1,2\n")
    assert open_source([path], NONE, tmp_path / "scratch").columns == ("{name}", "v")
    path.write_text('{"long": "' + "x" * 9000 + '"}\n')
    assert open_source([path], NONE, tmp_path / "scratch").columns == ("long",)
