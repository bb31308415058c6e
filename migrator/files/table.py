"""The words of this package: what the user may say of a file, and what it turned out to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

RESERVED = frozenset({"_file", "_record", "_line", "_surplus"})
"""Columns that reading adds; a header of that name gets a suffix."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user or the template knows better than the sniffer; None = find out.

    Attributes:
        delimiter: one character.
        encoding: a name Python knows, such as ``cp1252``.
        format: ``csv``, ``parquet``, ``xlsx`` or ``ndjson``.
        sheet: the name of a sheet of a workbook; None = its first.
        header_line: 1-based physical line (or row of the sheet) with the column names.
        footers: texts with which a footer begins, compared with the first non-blank cell.
    """

    delimiter: str | None = None
    encoding: str | None = None
    format: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    footers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Lines that are no records, so that nothing is left out without a name.

    ``line`` is 1-based; ``reason`` is ``blank line``, ``repeated header``, ``footer`` or
    ``before the header``.
    """

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that is not of the shape of its file; ``record`` is 1-based within the file."""

    record: int
    line: int
    code: str
    message: str
    value: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is written.

    Attributes:
        format: ``csv``, ``parquet``, ``xlsx`` or ``ndjson``.
        encoding: Python's name of it.
        bom: whether the file begins with a byte order mark.
        delimiter: of a CSV file.
        newline: what ends a line.
        quote_all: whether cells are in quotes even where they need not be.
        header_line: 1-based physical line or row of the column names; 0 = the format has none.
    """

    format: str
    encoding: str = "utf-8"
    bom: bool = False
    delimiter: str = ","
    newline: str = "\n"
    quote_all: bool = False
    header_line: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One file, read.

    ``frame`` has ``columns`` (String, null = empty cell), ``_record`` (Int64, 1-based within the
    file), ``_line`` (Int64) and ``_surplus`` (String: what did not fit the columns), in order of
    ``_record``. ``marks`` is there for a rejects file of ours alone: ``at`` and ``at_line`` (Int64:
    the record and its line in the file), and what the file says of its origin, ``_record``,
    ``_line`` and ``_run`` (String). ``tidy`` are columns whose cells are known to be in NFC,
    without spaces at their ends, and without invisible characters or odd spaces.
    """

    name: str
    dialect: Dialect
    headers: tuple[str, ...]
    columns: tuple[str, ...]
    frame: pl.LazyFrame
    records: int
    skipped: tuple[Skipped, ...] = ()
    problems: tuple[Malformed, ...] = ()
    evidence: tuple[str, ...] = field(default=())
    marks: pl.LazyFrame | None = None
    tidy: frozenset[str] = frozenset()


def empty_frame(columns: Iterable[str]) -> pl.LazyFrame:
    """The frame of a table without records."""
    integers = dict.fromkeys(("_record", "_line"), pl.Int64)
    texts = dict.fromkeys(columns, pl.String)
    return pl.LazyFrame(schema={**texts, **integers, "_surplus": pl.String})


def unique_names(headers: Iterable[str]) -> tuple[str, ...]:
    """Column names no two of which are equal.

    polars takes ``*`` and ``^...$`` for patterns of names; a space behind makes names of them, and
    templates do not mind outer spaces.

    >>> unique_names(["Amount", "", "Amount", "Amount (2)", "*"])
    ('Amount', 'column 2', 'Amount (3)', 'Amount (2)', '* ')
    """
    given = list(headers)
    taken = RESERVED | set(given)
    seen: set[str] = set(RESERVED)
    names: list[str] = []
    for position, header in enumerate(given, start=1):
        name = header if header.strip() else f"column {position}"
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            name += " "
        if name in seen or (name != header and name in taken):
            stem, number = name, 2
            while (name := f"{stem} ({number})") in taken | seen:
                number += 1
        seen.add(name)
        names.append(name)
    return tuple(names)
