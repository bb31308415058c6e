"""Proof, in one streaming pass over raw lines, that every line of a CSV file is one record.

Where that holds (and it mostly does), polars' own CSV reader gives the same cells as the exact
reader, record n is line n + constant, and nothing has to be copied or held.

The same pass proves of most cells that they are tidy: that stripping and normalising them would
change nothing. Doing both to all cells of a file takes longer than reading it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from migrator.files.records import MARK
from migrator.transforms.text import PLAIN_LETTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_BLOCK = 1 << 16
MOST_ODD = 20_000
"""So many lines are looked at closely; a file with more of them is one to tidy anyway."""
MOST_PROVED = 200
"""With more columns than this, the proof of tidiness is too large an expression."""
_LEADING = 3
"""A line that is to be proved regular has a filled cell among the first so many."""
_PRINTABLE = "!-~"


@dataclass(frozen=True, slots=True)
class Survey:
    """What the lines below the header look like under one delimiter.

    Attributes:
        lines: how many lines there are.
        regular: how many lines from the first one on are one whole record each, with as many
            cells as the header, not blank, not the header again, and without a mark before it.
        odd: lines among those records that are not proved tidy; None = too many to keep.
    """

    lines: int
    regular: int
    odd: pl.Series | None


def survey_lines(path: Path, skip: int, headers: Mapping[str, Sequence[str]]) -> dict[str, Survey]:
    """Survey the lines of a UTF-8 file after ``skip``, by delimiter."""
    lines = pl.scan_lines(path, row_index_name="_index", glob=False)
    proofs = [
        pl.col("line").str.contains(_proof(each, header)).alias(each)
        for each, header in headers.items()
    ]
    # Shared by all sinks: the mark hands batches on and keeps none in the streaming engine.
    judged = lines.with_columns(proofs).cache()
    sinks = [judged.select(pl.len())]
    for each, header in headers.items():
        # The lines above are taken out only here, where there are few to go through.
        unsure = judged.filter(~pl.col(each)).filter(pl.col("_index") >= skip)
        unsure = unsure.with_columns(_is_record(each, header).alias("_good"))
        sinks.append(unsure.filter(~pl.col("_good")).select(pl.col("_index").min()))
        # As copies, for a text that is filtered out of a batch holds all of it.
        sinks.append(unsure.filter("_good").head(MOST_ODD + 1).select(pl.col("line") + ""))
    counted, *found = pl.collect_all(sinks, engine="streaming")
    count = counted.item() - skip
    surveys = {}
    for each, first, odd in zip(headers, found[::2], found[1::2], strict=True):
        bad = first.item()
        is_known = odd.height <= MOST_ODD and len(headers[each]) <= MOST_PROVED
        surveys[each] = Survey(
            count, count if bad is None else bad - skip, odd["line"] if is_known else None
        )
    return surveys


def _is_record(delimiter: str, header: Sequence[str]) -> pl.Expr:
    """Whether a line is one regular record: for lines of which it is not proved yet.

    A carriage return inside a line ends it for the exact reader, so it is not regular.
    """
    split = re.escape(delimiter)
    cell = rf'(?:"(?:[^"\r]|"")*"|[^"{split}\r]*)'
    record = rf"^{cell}(?:{split}{cell}){{{len(header) - 1}}}$"
    blank = rf'(?:"")?(?:{split}(?:"")?)*'
    titles = [re.escape(title).replace('"', '""') for title in header]
    again = split.join(rf'(?:"{title}"|{title})' for title in titles)
    line = pl.col("line")
    return line.str.contains(record) & ~line.str.contains(rf"^(?:{MARK}|(?:{blank}|{again})$)")


def _proof(delimiter: str, header: Sequence[str]) -> str:
    """What only a regular record of tidy cells matches, and most records of most files do.

    Its first filled cell begins otherwise than the title there, so that it is neither blank nor the
    header again. Only plain characters count, so that the expression stays small; the space is one
    within a cell.
    """
    width = len(header)
    if width > MOST_PROVED:
        return "$^."  # no line
    split = re.escape(delimiter)
    cell = rf"(?:{_tidy_cell(delimiter)})?"
    leading = min(width, _LEADING)
    beginnings = [
        split * blank
        + _tidy_cell(delimiter, header[blank][:1])
        + f"(?:{split}{cell})" * (leading - blank - 1)
        for blank in range(leading)
    ]
    return rf"^(?:{'|'.join(beginnings)})(?:{split}{cell}){{{width - leading}}}$"


def _tidy_cell(delimiter: str, but: str = "") -> str:
    """A filled cell, in quotation marks or not, that does not begin with ``but``."""
    bare, quoted = f'"{delimiter}', '"'
    inner = rf'(?:{_one_of(quoted, " ")}|"")'
    outer = rf'(?:{_one_of(quoted)}|"")'
    return (
        rf"(?:{_one_of(bare + but)}(?:{_one_of(bare, ' ')}*{_one_of(bare)})?"
        rf'|"{_one_of(quoted + but)}(?:{inner}*{outer})?")'
    )


def _one_of(but: str, more: str = "") -> str:
    """A class of the characters that a tidy cell is made of."""
    left_out = "".join(rf"\x{{{ord(sign):X}}}" for sign in but)
    return rf"[{_PRINTABLE}{PLAIN_LETTERS}{more}--{left_out}]"


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
