"""Cells that a spreadsheet changed by itself: shown short, cut to fifteen digits, without zeros."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from migrator.files.rejects import JOINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CODE = "changed_by_spreadsheet"

_TOO_SHORT = "too_few_cells"

_SHORT = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d+")
_DIGITS = re.compile(r"\d+")
_EXACT = 15
"""So many digits of a number a spreadsheet keeps."""


def spoilt_cells(pairs: pl.DataFrame, key: Sequence[str], encoding: str) -> pl.DataFrame:
    """Problems of cells that no person wrote so, one a line, as rejections are.

    Args:
        pairs: ``_record``, and per column ``was.<column>`` and ``now.<column>``.
        key: the columns that name a record; a zero that they lose makes another record.
        encoding: of the edited file, which may lack characters of the source.
    """
    columns = [name.removeprefix("was.") for name in pairs.columns if name.startswith("was.")]
    found = [problem for column in columns for problem in _in_column(pairs, column, key, encoding)]
    schema = ("_record", "_field", "_code", "_error", "_value")
    return pl.DataFrame(
        found, schema={name: pl.Int64 if name == "_record" else pl.String for name in schema},
        orient="row",
    )  # fmt: skip


def unmended_lines(pairs: pl.DataFrame) -> pl.DataFrame:
    """Problems of lines that were cut short in the source and come back as they were, likewise.

    A rejects file has blank cells where the line had none, so that nothing would be wrong with the
    row any more but that its cells may be those of other columns.

    Args:
        pairs: as for :func:`spoilt_cells`, with ``_code``.
    """
    columns = [name.removeprefix("was.") for name in pairs.columns if name.startswith("was.")]
    same = pl.all_horizontal(pl.col(f"was.{c}").eq_missing(pl.col(f"now.{c}")) for c in columns)
    short = pl.col("_code").str.split(JOINT).list.contains(_TOO_SHORT)
    told = (
        "the line has fewer cells than the header, and nobody has changed it since: put its cells "
        "where they belong, or write something into one that was missing"
    )
    return pairs.filter(short, same).select(
        "_record",
        pl.lit(None, pl.String).alias("_field"),
        pl.lit(_TOO_SHORT).alias("_code"),
        pl.lit(told).alias("_error"),
        pl.lit(None, pl.String).alias("_value"),
    )


def _in_column(
    pairs: pl.DataFrame, column: str, key: Sequence[str], encoding: str
) -> Iterator[tuple[int, str, str, str, str]]:
    was, now = pl.col(f"was.{column}"), pl.col(f"now.{column}")
    changed = pairs.filter(was.ne_missing(now) & was.is_not_null() & now.is_not_null())
    for record, before, after in changed.select("_record", was, now).iter_rows():
        why = spoilt(before, after, encoding, names_record=column in key)
        if why:
            told = (
                f'{column} "{after}" was "{before}" before: {why}. Make the column one of text in '
                "the spreadsheet, and put back what was there"
            )
            yield record, column, CODE, told, after


def spoilt(was: str, now: str, encoding: str, *, names_record: bool) -> str | None:
    """Why a cell that was changed cannot have been meant so; None = it can.

    >>> spoilt("1234567890123456", "1.23457E+15", "utf-8", names_record=False)
    'spreadsheets show long numbers so'
    >>> spoilt("12345678901234567", "12345678901234500", "utf-8", names_record=False)
    'spreadsheets keep 15 digits of a number'
    >>> spoilt("007", "7", "utf-8", names_record=True)
    'spreadsheets leave out zeros before a number'
    >>> spoilt("Łódź", "?ódz", "cp1252", names_record=False)
    >>> spoilt("Łuk", "?uk", "cp1252", names_record=False)
    'the file was saved in cp1252, which lacks some of its characters'
    """
    if _SHORT.fullmatch(now) and not _SHORT.fullmatch(was):
        return "spreadsheets show long numbers so"
    if _DIGITS.fullmatch(was) and _DIGITS.fullmatch(now):
        cut = was[:_EXACT] + "0" * (len(was) - _EXACT)
        if len(was) > _EXACT and now == cut:
            return f"spreadsheets keep {_EXACT} digits of a number"
        if names_record and now == (was.lstrip("0") or "0"):
            return "spreadsheets leave out zeros before a number"
    if now == was.encode(encoding, "replace").decode(encoding):
        return f"the file was saved in {encoding}, which lacks some of its characters"
    return None
