"""Proof, in one streaming pass over raw lines, that every line of a CSV file is one record.

Where that holds (and it mostly does), polars' own CSV reader gives the same cells as the exact
reader, record n is line n + constant, and nothing has to be copied or held.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from migrator.files.records import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Survey:
    """What the lines below the header look like under one delimiter.

    Attributes:
        lines: how many lines there are.
        regular: how many lines from the first one on are one whole record each, with as many
            cells as the header, not blank, not the header again, and without a mark before it.
    """

    lines: int
    regular: int


def survey_lines(path: Path, skip: int, headers: Mapping[str, Sequence[str]]) -> dict[str, Survey]:
    """Survey the lines of a UTF-8 file after ``skip``, by delimiter."""
    lines = pl.scan_lines(path, row_index_name="_index", glob=False).filter(
        pl.col("_index") >= skip,
    )
    goods = [_good(pl.col("line"), each, header).alias(each) for each, header in headers.items()]
    firsts = [pl.col("_index").filter(~pl.col(each)).min().alias(each) for each in headers]
    totals = lines.select("_index", *goods).select(pl.len().alias("lines"), *firsts)
    row = totals.collect(engine="streaming").row(0, named=True)
    count = row.pop("lines")
    return {
        each: Survey(count, count if first is None else first - skip) for each, first in row.items()
    }


def _good(line: pl.Expr, delimiter: str, header: Sequence[str]) -> pl.Expr:
    """Whether a line is one regular record.

    A carriage return inside a line ends it for the exact reader, so it is not regular.
    """
    split = re.escape(delimiter)
    cell = rf'(?:"(?:[^"\r]|"")*"|[^"{split}\r]*)'
    record = rf"^{cell}(?:{split}{cell}){{{len(header) - 1}}}$"
    blank = rf'(?:"")?(?:{split}(?:"")?)*'
    titles = [re.escape(title).replace('"', '""') for title in header]
    again = split.join(rf'(?:"{title}"|{title})' for title in titles)
    return line.str.contains(record) & ~line.str.contains(rf"^(?:{MARK}|(?:{blank}|{again})$)")


def last_lines(path: Path, count: int) -> list[str]:
    """The last ``count`` lines of a UTF-8 file without their ends; an empty rest is no line."""
    if count == 0:
        return []
    with path.open("rb") as file:
        position = file.seek(0, 2)
        held = b""
        while position and held.count(b"\n") <= count + 1:
            step = min(_BLOCK, position)
            position = file.seek(position - step)
            held = file.read(step) + held
    lines = held.removesuffix(b"\n").split(b"\n")
    return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines[-count:]]
