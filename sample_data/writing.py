"""Write tables the way exports do, with the same bytes every time."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]  # it has no type hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sample_data.mistakes import Row

Line = Literal["blank", "header", "marked header"]
"""A line that is no record; a mark is the byte order mark of the file that begins there."""

_CREATED = datetime(2026, 10, 1, 8, 0)  # noqa: DTZ001 - a workbook keeps no time zone


def csv_writer(
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    newline: str = "\n",
    quote_all: bool = False,
    footer: Sequence[Sequence[str]] = (),
    between: Mapping[int, Sequence[Line]] = MappingProxyType({}),
) -> Callable[[Path, Sequence[str], Sequence[Row]], None]:
    """A writer of CSV.

    ``footer`` are the lines that stand below the records, ``between`` those that stand among them:
    a record's number to what is behind it, a blank line or the header again.
    """

    def write(path: Path, header: Sequence[str], rows: Sequence[Row]) -> None:
        text = io.StringIO(newline="")
        table = csv.writer(
            text,
            delimiter=delimiter,
            lineterminator=newline,
            quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
        )
        table.writerow(header)
        for number, row in enumerate(rows, start=1):
            table.writerow(row)
            table.writerows(_no_record(line, header) for line in between.get(number, ()))
        table.writerows(footer)
        path.write_bytes(text.getvalue().encode(encoding))

    return write


def _no_record(line: Line, header: Sequence[str]) -> Sequence[str]:
    if line == "blank":
        return ()
    mark = "\N{ZERO WIDTH NO-BREAK SPACE}" if line == "marked header" else ""
    return (mark + header[0], *header[1:])


def write_xlsx(path: Path, header: Sequence[str], rows: Sequence[Row]) -> None:
    """A workbook of one sheet: texts, numbers, days and instants as cells of their kind."""
    book = xlsxwriter.Workbook(path, {"strings_to_numbers": False, "strings_to_formulas": False})
    book.set_properties({"created": _CREATED})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet("Opportunities")
    for line, row in enumerate([header, *rows]):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                style = moment if isinstance(cell, datetime) else day
                sheet.write_datetime(line, column, cell, style)
            elif isinstance(cell, Decimal | int):
                sheet.write_number(line, column, float(cell))
            elif cell is not None:
                sheet.write_string(line, column, str(cell))
    book.close()


def parquet_writer(
    schema: Mapping[str, pl.DataType],
) -> Callable[[Path, Sequence[str], Sequence[Row]], None]:
    """A writer of Parquet with typed columns."""

    def write(path: Path, header: Sequence[str], rows: Sequence[Row]) -> None:
        frame = pl.DataFrame(rows, schema={name: schema[name] for name in header}, orient="row")
        frame.write_parquet(path, compression="zstd", statistics=False)

    return write
