"""XLSX sheets as text: dates ISO, whole numbers without ``.0``, text cells as they are."""

from __future__ import annotations

import re
import zipfile
from html import unescape
from itertools import chain, repeat
from typing import TYPE_CHECKING

import fastexcel

from migrator.errors import SourceError, did_you_mean
from migrator.files.collect import Layout, collect_rows, shown
from migrator.files.records import Row
from migrator.files.table import Dialect, Skipped, Table, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import polars as pl

    from migrator.files.inputs import Input
    from migrator.files.table import ReadOptions

_MIDNIGHT = " 00:00:00"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
_TIME_OF_DAY = ("1899-12-30 ", "1899-12-31 ")
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<v>([^<]*)</v>")


def read_workbook(source: Input, options: ReadOptions, scratch: Path) -> Table:
    """Read one sheet into a working copy; a record's line is its row in the sheet.

    Raises:
        SourceError: it is no workbook, has no such sheet, or its header is not where it was
            looked for.
        InputError: ``scratch`` cannot hold the working copy.
    """
    sheet, first_column, frame = _load(source, options.sheet)
    errors = _error_cells(source.path, sheet, first_column)
    rows = _rows(frame, errors)
    header, above = _header(source.name, rows, options.header_line)
    headers = tuple(header.cells)
    columns = unique_names(headers)
    layout = Layout(source.name, headers, columns, ",", options.footers)
    found = collect_rows(rows, layout, scratch / "parts")
    return Table(
        source.name,
        Dialect("xlsx", header_line=header.line),
        headers,
        columns,
        found.frame(columns),
        found.records,
        (*above, *found.skipped),
        tuple(found.problems),
        (f'sheet "{sheet}"',),
    )


def _load(source: Input, wanted: str | None) -> tuple[str, int, pl.DataFrame]:
    """The sheet's name, the 0-based column its used area begins with, and its cells as text."""
    try:
        book = fastexcel.read_excel(source.path)
        name = wanted or next(iter(book.sheet_names))
        if name not in book.sheet_names:
            sheets = ", ".join(f'"{each}"' for each in book.sheet_names)
            raise SourceError(
                f'{source.name}: the workbook has no sheet "{name}"; it has {sheets}.'
                f"{did_you_mean(name, book.sheet_names)} Say --sheet with one of them."
            )
        sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        used = sheet.available_columns()
    except fastexcel.FastExcelError as error:
        raise SourceError(
            f"{source.name}: this workbook cannot be read ({str(error).splitlines()[0]}). Open it"
            " and save it again as .xlsx or CSV."
        ) from error
    return name, used[0].absolute_index if used else 0, sheet.to_polars()


def _rows(frame: pl.DataFrame, errors: Mapping[tuple[int, int], str]) -> Iterator[Row]:
    """Rows of text, all of one length, numbered as in the sheet."""
    height = max([frame.height, *(line for line, _ in errors)])
    padding = repeat((None,) * frame.width, height - frame.height)
    with_errors = {line for line, _ in errors}
    for line, values in enumerate(chain(frame.iter_rows(), padding), start=1):
        cells = [_cell(value) for value in values]
        if line in with_errors:
            cells = [errors.get((line, at), cell) for at, cell in enumerate(cells)]
        yield Row(line, cells)


def _cell(value: str | None) -> str:
    """Drop the time of a date and the date of a time, which the sheet does not show either."""
    if not value:
        return ""
    if value[4:5] == "-" and _INSTANT.fullmatch(value):
        if value.startswith(_TIME_OF_DAY):
            return value[11:]
        return value.removesuffix(_MIDNIGHT)
    return value


def _header(name: str, rows: Iterator[Row], wanted: int | None) -> tuple[Row, tuple[Skipped, ...]]:
    """The row of the column names, and what is above it.

    Raises:
        SourceError: the sheet is empty or ends above the header.
    """
    above: list[Skipped] = []
    for row in rows:
        if row.line == wanted or (wanted is None and not row.blank):
            return row, tuple(above)
        reason = "blank line" if row.blank else "before the header"
        above.append(Skipped(name, row.line, reason, shown(row.cells)))
    if wanted is not None:
        raise SourceError(
            f"{name} has only {len(above):,} rows; the header was looked for in row {wanted:,}. Say"
            " --header-line with the row of the column names."
        )
    raise SourceError(f"{name}: the sheet is empty. Say --sheet with the one that has the records.")


def _error_cells(path: Path, sheet: str, first_column: int) -> dict[tuple[int, int], str]:
    """Errors such as ``#N/A`` by row and used column, which the reader would leave blank.

    A formula that failed is not an empty cell: a rule has to see it.
    """
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, sheet)
        content = archive.read(member) if member in archive.namelist() else b""
    found: dict[tuple[int, int], str] = {}
    if b't="e"' not in content:
        return found
    for attributes, inner in _CELL.findall(content):
        place, value = _PLACE.search(attributes), _VALUE.search(inner)
        if b't="e"' in attributes and place and value:
            letters, row = place[1], int(place[2])
            found[row, _column(letters) - first_column] = value[1].decode()
    return found


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """The archive's file with the cells of one sheet; empty if the workbook is a binary one."""
    if "xl/workbook.xml" not in archive.namelist():
        return ""
    book = archive.read("xl/workbook.xml").decode()
    targets = archive.read("xl/_rels/workbook.xml.rels").decode()
    for tag in re.findall(r"<sheet\b[^>]*>", book):
        named = re.search(r'\bname="([^"]*)"', tag)
        relation = re.search(r'\br:id="([^"]*)"', tag)
        if named is None or relation is None or unescape(named[1]) != sheet:
            continue
        for target in re.findall(r"<Relationship\b[^>]*>", targets):
            if f'Id="{relation[1]}"' in target and (link := re.search(r'Target="([^"]*)"', target)):
                return link[1].lstrip("/") if link[1].startswith("/") else f"xl/{link[1]}"
    return ""


def _column(letters: bytes) -> int:
    """0-based number of a column: A is 0, Z 25, AA 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
