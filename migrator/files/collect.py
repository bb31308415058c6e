"""Rows one by one into a table: what is no record is named, what is malformed is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from migrator.errors import InputError
from migrator.files.table import Malformed, Skipped, empty_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from migrator.files.records import Row

TAIL = 25
"""A footer begins in the last so many lines of a file, blank ones at its very end not counted."""

FOOTERS = (
    "Grand Totals",
    "Grand Total",
    "Total",
    "Copyright (c)",
    "Confidential Information",
    "Gesamtsumme",
    "Gesamt",
    "Summe",
    "Total général",
    "Total general",
    "Totale",
    "Totaal",
)
"""Texts that begin a footer unless told otherwise, in lines that are mostly empty."""

_WORDS = frozenset({"total", "gesamt", "summe", "totale", "totaal"})
_PART_ROWS = 100_000
_HELD = 1000
_SHOWN = 120


@dataclass(slots=True)
class Collected:
    """Where the records went, what else there was, and misfits by their number of cells."""

    parts: list[Path] = field(default_factory=list)
    records: int = 0
    misfits: Counter[int] = field(default_factory=Counter)
    first_lines: dict[int, int] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    problems: list[Malformed] = field(default_factory=list)

    def frame(self, columns: Sequence[str]) -> pl.LazyFrame:
        """The records, as :class:`~migrator.files.table.Table` wants them."""
        return pl.scan_parquet(self.parts, glob=False) if self.parts else empty_frame(columns)


def shown(cells: Iterable[str]) -> str:
    """The beginning of a row for a message or a list of skipped lines."""
    text = " ".join(" | ".join(cell for cell in cells if cell).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def footer_start(rows: Sequence[Row], width: int, texts: Sequence[str]) -> int | None:
    """Index in the file's last rows at which a footer begins, None when there is none.

    A text of the user's begins a footer wherever it begins a row of the tail. One of ours does so
    only if this row and all after it are mostly empty: a deal may be named "Total Energies".
    """
    sparse_from = len(rows)
    while sparse_from and _sparse(rows[sparse_from - 1], width):
        sparse_from -= 1
    for index, row in enumerate(rows):
        first = next((cell.strip() for cell in row.cells if cell.strip()), "").casefold()
        told = any(first.startswith(text.strip().casefold()) for text in texts if text.strip())
        if told or (index >= sparse_from and _usual_footer(first)):
            return _with_title(rows, index, width)
    return None


def _usual_footer(first: str) -> bool:
    # "Total" is a word of names too: alone or with a count, "Total (12)", it is none.
    return any(
        first == text or first.startswith((f"{text} (", f"{text}:"))
        if text in _WORDS
        else first.startswith(text)
        for text in (known.casefold() for known in FOOTERS)
    )


def _sparse(row: Row, width: int) -> bool:
    filled = sum(1 for cell in row.cells if cell.strip())
    return row.raw is None and (2 * filled <= width if width > 1 else True)


def _with_title(rows: Sequence[Row], index: int, width: int) -> int:
    """Take in the report's title above a footer: one cell a line, below a blank line."""
    start = index
    while start and len([cell for cell in rows[start - 1].cells if cell.strip()]) == 1 < width - 1:
        start -= 1
    return start if start and rows[start - 1].blank else index


@dataclass(frozen=True, slots=True)
class Layout:
    """What rows of one file are held against: its name, header, columns, delimiter, footers."""

    name: str
    headers: tuple[str, ...]
    columns: tuple[str, ...]
    delimiter: str
    footers: tuple[str, ...]


def collect_rows(rows: Iterable[Row], layout: Layout, folder: Path) -> Collected:
    """Write the records among ``rows`` to Parquet parts in ``folder``, in bounded memory.

    Records are cut or filled to the columns; what does not fit is in ``_surplus`` as CSV text, and
    each such record is among the problems.

    Raises:
        InputError: ``folder`` cannot hold the working copy.
    """
    found = Collected()
    part = _Part(layout, folder, found)
    header = list(layout.headers)
    for row in _without_footer(rows, layout, found):
        if row.blank:
            found.skipped.append(Skipped(layout.name, row.line, "blank line", ""))
        elif row.cells == header:
            again = Skipped(layout.name, row.line, "repeated header", shown(row.cells))
            found.skipped.append(again)
        else:
            part.add(row)
    part.flush()
    found.skipped.sort(key=lambda skipped: skipped.line)
    return found


def _without_footer(rows: Iterable[Row], layout: Layout, found: Collected) -> Iterator[Row]:
    """Hold back the tail, and name its footer instead of passing it on."""
    tail: list[Row] = []
    for row in rows:
        tail.append(row)
        if len(tail) >= _HELD and not row.blank:
            yield from tail[:-TAIL]
            del tail[:-TAIL]
    end = max((index + 1 for index, row in enumerate(tail) if not row.blank), default=0)
    begin = max(0, end - TAIL)
    start = footer_start(tail[begin:end], len(layout.columns), layout.footers)
    cut = len(tail) if start is None else begin + start
    yield from tail[:cut]
    for row in tail[cut:]:
        reason = "blank line" if row.blank else "footer"
        text = row.raw or shown(row.cells)
        found.skipped.append(Skipped(layout.name, row.line, reason, text))


class _Part:
    """Records on their way into one Parquet file of at most ``_PART_ROWS`` rows."""

    def __init__(self, layout: Layout, folder: Path, found: Collected) -> None:
        self._columns = layout.columns
        self._delimiter = layout.delimiter
        self._folder = folder
        self._found = found
        self._rows: list[Sequence[str | None]] = []
        self._lines: list[int] = []
        self._surplus: list[str | None] = []

    def add(self, row: Row) -> None:
        """Take one record, of whatever length."""
        self._found.records += 1
        cells: Sequence[str | None] = row.cells
        surplus: str | None = None
        if row.raw is not None or len(cells) != len(self._columns):
            cells, surplus = self._fitted(row)
        self._rows.append(cells)
        self._lines.append(row.line)
        self._surplus.append(surplus)
        if len(self._rows) >= _PART_ROWS:
            self.flush()

    def _fitted(self, row: Row) -> tuple[Sequence[str | None], str | None]:
        """The cells of a malformed record cut or filled to the columns, and what is left over."""
        width, count = len(self._columns), len(row.cells)
        if row.raw is not None:
            self._blame(row, "bad_quoting", _BAD_QUOTING, row.raw)
            return [None] * width, row.raw
        self._found.misfits[count] += 1
        self._found.first_lines.setdefault(count, row.line)
        if count > width:
            surplus = as_csv(row.cells[width:], self._delimiter)
            self._blame(row, "too_many_cells", too_many(count, width), surplus)
            return row.cells[:width], surplus
        self._blame(row, "too_few_cells", _too_few(count, width), shown(row.cells))
        return [*row.cells, *[None] * (width - count)], None

    def _blame(self, row: Row, code: str, message: str, value: str) -> None:
        problem = Malformed(self._found.records, row.line, code, message, value)
        self._found.problems.append(problem)

    def flush(self) -> None:
        """Write what is held as one part."""
        if not self._rows:
            return
        first = self._found.records - len(self._rows) + 1
        series = [
            pl.Series(name, values, dtype=pl.String)
            for name, values in zip(self._columns, zip(*self._rows, strict=True), strict=True)
        ]
        frame = pl.DataFrame(series).with_columns(
            pl.when(pl.all() != "").then(pl.all()),
        )
        frame = frame.with_columns(
            pl.Series("_record", range(first, first + frame.height), dtype=pl.Int64),
            pl.Series("_line", self._lines, dtype=pl.Int64),
            pl.Series("_surplus", self._surplus, dtype=pl.String),
        )
        write_part(frame, self._folder, self._found.parts)
        self._rows, self._lines, self._surplus = [], [], []


def write_part(frame: pl.DataFrame, folder: Path, parts: list[Path]) -> None:
    """Append one Parquet file to a working copy made of several.

    Raises:
        InputError: the disk is full or the folder is not writable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{len(parts):06d}.parquet"
    try:
        with path.open("wb") as out:
            frame.write_parquet(out, compression="lz4")
    except (OSError, pl.exceptions.ComputeError) as error:
        raise InputError(
            f"{path}: the working copy cannot be written: {error}. Free some space there and"
            " start again."
        ) from error
    parts.append(path)


def as_csv(cells: Sequence[str], delimiter: str) -> str:
    """Cells as one line of CSV, so that they can be told apart again."""
    frame = pl.DataFrame([pl.Series(str(index), [cell]) for index, cell in enumerate(cells)])
    return frame.write_csv(include_header=False, separator=delimiter).removesuffix("\n")


def too_many(cells: int, width: int) -> str:
    """The message for a record that is longer than the header."""
    return (
        f"The record has {cells} cells, the header {width}: a delimiter inside a cell that is not"
        " in quotation marks? The cells beyond the last column are in _surplus; move them where"
        " they belong and empty it."
    )


def _too_few(cells: int, width: int) -> str:
    return (
        f"The record has {cells} {'cell' if cells == 1 else 'cells'}, the header {width}: is a line"
        " break inside a cell that is not in quotation marks? Complete it."
    )


_BAD_QUOTING = (
    "The quotation marks of this line do not match: a cell that begins with one must end with one,"
    ' and one inside is doubled (""). The line is in _surplus as it was; fill the columns from it'
    " and empty it."
)
