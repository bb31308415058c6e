"""Parquet and NDJSON, whose values have types, as text: the same text for the same value."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import polars as pl

from migrator.errors import SourceError
from migrator.files.collect import write_part
from migrator.files.inputs import reading
from migrator.files.table import Dialect, Malformed, Skipped, Table, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migrator.files.inputs import Input

_PART_ROWS = 50_000
_MOST_DIGITS = 400
_INSTANT = "%Y-%m-%dT%H:%M:%S%.f"


def read_parquet(source: Input) -> Table:
    """Read a Parquet file, lazily; record n has line n.

    Raises:
        SourceError: it is cut short, damaged, or has a column that is no text.
    """
    with reading(source.name):
        scan = pl.scan_parquet(source.path, glob=False)
        try:
            schema = scan.collect_schema()
            records = int(scan.select(pl.len()).collect(engine="streaming").item())
        except pl.exceptions.PolarsError as error:
            raise SourceError(
                f"{source.name}: this Parquet file is cut short or damaged"
                f" ({str(error).splitlines()[0]}). Copy it again in full; nothing of it was used."
            ) from error
    _refuse_bytes(source.name, scan, schema)
    headers = tuple(schema.names())
    columns = unique_names(headers)
    texts = [
        _as_text(pl.nth(index), dtype).alias(column)
        for index, (column, dtype) in enumerate(zip(columns, schema.dtypes(), strict=True))
    ]
    record = pl.col("_record").cast(pl.Int64)
    frame = (
        scan.select(texts)
        .with_row_index("_record", offset=1)
        .select(
            *(pl.when(pl.col(column) != "").then(pl.col(column)) for column in columns),
            record,
            record.alias("_line"),
            pl.lit(None, pl.String).alias("_surplus"),
        )
    )
    return Table(source.name, Dialect("parquet"), headers, columns, frame, records)


def _as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:  # noqa: PLR0911  (one line a type)
    """A column as text: dates ISO, numbers without exponent or needless ``.0``, nested as JSON."""
    if dtype.is_float():
        return _plain_number(column)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return column.dt.strftime(_INSTANT)
        return column.dt.convert_time_zone("UTC").dt.strftime(f"{_INSTANT}Z")
    if dtype == pl.Time:
        return column.dt.strftime("%H:%M:%S%.f")
    if isinstance(dtype, pl.Duration):
        return column.dt.to_string("iso")
    if dtype.is_nested():
        return column.map_batches(_json_text, return_dtype=pl.String, is_elementwise=True)
    return column.cast(pl.String)


def _refuse_bytes(name: str, scan: pl.LazyFrame, schema: pl.Schema) -> None:
    """Some writers mark text as bytes; other bytes have no text to stand for them.

    Raises:
        SourceError: a column holds bytes that are not UTF-8.
    """
    for index, (header, dtype) in enumerate(schema.items()):
        if dtype != pl.Binary:
            continue
        try:
            scan.select(pl.nth(index).cast(pl.String).count()).collect(engine="streaming")
        except pl.exceptions.ComputeError as error:
            raise SourceError(
                f'{name}: column "{header}" holds bytes that are not UTF-8 text. Leave it out of'
                " the file, or write it as text."
            ) from error


def _plain_number(column: pl.Expr) -> pl.Expr:
    text = column.cast(pl.String)
    whole = text.str.strip_suffix(".0")
    return whole.map_batches(_without_exponent, return_dtype=pl.String, is_elementwise=True)


def _without_exponent(texts: pl.Series) -> pl.Series:
    """Rewrite ``1e21`` as digits; most batches have none of it and pass untouched."""
    if not texts.str.contains(r"\de").any():
        return texts
    return pl.Series(
        texts.name,
        [text if text is None else plain(text) for text in texts],
        dtype=pl.String,
    )


def plain(number: str) -> str:
    """A number's digits without exponent, exactly; text that is no finite number stays.

    >>> plain("1.5e3"), plain("1e-7"), plain("NaN")
    ('1500', '0.0000001', 'NaN')
    """
    if "e" not in number.lower() or "f" in number.lower():
        return number
    value = Decimal(number)
    if abs(value.adjusted()) > _MOST_DIGITS:
        return number
    return f"{value:f}"


def _json_text(values: pl.Series) -> pl.Series:
    return pl.Series(
        values.name,
        [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in values.to_list()
        ],
        dtype=pl.String,
    )


def read_ndjson(source: Input, scratch: Path) -> Table:
    """Read one JSON object a line into a working copy; columns in order of first appearance.

    Numbers keep the digits they are written with. A line that is no object is a malformed record
    whose text is in ``_surplus``.

    Raises:
        SourceError: no line is a JSON object, or the text is not UTF-8.
        InputError: ``scratch`` cannot hold the working copy.
    """
    lines = _Ndjson(source.name, scratch / "parts")
    try:
        with reading(source.name), source.path.open(encoding="utf-8-sig") as file:
            lines.read(file)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{source.name} is not UTF-8, as NDJSON must be (byte 0x{error.object[error.start]:02X}"
            f" after line {lines.number:,}). Export it again as UTF-8."
        ) from error
    if not lines.headers:
        raise SourceError(
            f"{source.name}: no line is a JSON object, so this is not NDJSON. Write one object a"
            " line, or say --format csv."
        )
    headers = tuple(lines.headers)
    columns = unique_names(headers)
    return Table(
        source.name,
        Dialect("ndjson"),
        headers,
        columns,
        lines.frame(dict(zip(headers, columns, strict=True))),
        lines.records,
        tuple(lines.skipped),
        tuple(lines.problems),
    )


class _Ndjson:
    """Lines of objects on their way into Parquet parts, each with the columns seen so far."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self.headers: dict[str, None] = {}
        self.records = 0
        self.number = 0
        self.skipped: list[Skipped] = []
        self.problems: list[Malformed] = []
        self._rows: list[dict[str, str | None]] = []
        self._meta: list[tuple[int, int, str | None]] = []
        self._parts: list[Path] = []
        self._known: list[tuple[str, ...]] = []

    def read(self, lines: Iterator[str]) -> None:
        for self.number, line in enumerate(lines, start=1):
            if not line.strip():
                self.skipped.append(Skipped(self._name, self.number, "blank line", ""))
                continue
            self.records += 1
            row = _cells(line)
            if row is None:
                self._refuse(line.rstrip("\r\n"))
                row = {}
                self._meta.append((self.records, self.number, line.rstrip("\r\n")))
            else:
                self._meta.append((self.records, self.number, None))
            self.headers.update(dict.fromkeys(row))
            self._rows.append(row)
            if len(self._rows) >= _PART_ROWS:
                self._flush()
        self._flush()

    def _refuse(self, line: str) -> None:
        message = (
            "The line is not one whole JSON object. It is in _surplus as it was; fill the columns"
            " from it and empty it."
        )
        self.problems.append(Malformed(self.records, self.number, "not_json", message, line))

    def _flush(self) -> None:
        if not self._rows:
            return
        # Numbered names, because an object may have a key such as "_line" of its own.
        known = tuple(self.headers)
        series = [
            pl.Series(str(index), [row.get(header) for row in self._rows], dtype=pl.String)
            for index, header in enumerate(known)
        ]
        meta = pl.DataFrame(
            self._meta,
            schema={"_record": pl.Int64, "_line": pl.Int64, "_surplus": pl.String},
            orient="row",
        )
        write_part(meta.with_columns(series), self._folder, self._parts)
        self._known.append(known)
        self._rows, self._meta = [], []

    def frame(self, columns: dict[str, str]) -> pl.LazyFrame:
        """All parts with all columns, under their unique names."""
        parts = []
        for path, known in zip(self._parts, self._known, strict=True):
            at = {header: str(index) for index, header in enumerate(known)}
            cells = [
                (pl.col(at[header]) if header in at else pl.lit(None, pl.String)).alias(column)
                for header, column in columns.items()
            ]
            scan = pl.scan_parquet(path, glob=False)
            parts.append(scan.select(*cells, "_record", "_line", "_surplus"))
        return pl.concat(parts)


def _cells(line: str) -> dict[str, str | None] | None:
    """One object as cells of text; None when the line is no object."""
    try:
        value = json.loads(line, parse_float=plain, parse_int=str, parse_constant=str)
        if not isinstance(value, dict):
            return None
        if any(isinstance(cell, dict | list) for cell in value.values()):
            exact = json.loads(line)
            value |= {key: cell for key, cell in exact.items() if isinstance(cell, dict | list)}
    except (ValueError, RecursionError):
        return None
    return {key: _cell(cell) for key, cell in cast("dict[str, object]", value).items()}


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
