"""Make the file of an export of the pages that were put down."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.export.columns import columns_of, frame_of, typed
from migrator.files import write_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from migrator.export.columns import Names
    from migrator.export.spool import Spool
    from migrator.export.survey import Survey

_BLOCK = 20_000
"""Rows that are in memory at once."""


def write_export(
    survey: Survey, spool: Spool, names: Names, target: Path, left_out: Collection[str] = ()
) -> tuple[int, list[str]]:
    """Write ``target`` in the format of its ending; the number of rows, and the columns.

    Args:
        survey: of the pages.
        spool: the pages.
        names: of linked records.
        target: CSV, NDJSON (all columns text) or Parquet (amounts and instants as such).
        left_out: ids of records that are not to be in it.

    Raises:
        InputError: the ending is none of these, or the file cannot be written.
    """
    columns = columns_of(survey.type, survey.names)
    parts: list[Path] = []
    count = 0
    try:
        for rows in _blocks(spool, left_out, survey.shared):
            block = frame_of(survey.type, rows, columns, names)
            count += block.height
            parts.append(spool.path.with_suffix(f".{len(parts)}.parquet"))
            block.write_parquet(parts[-1])
        frame = pl.scan_parquet(parts)
        write_table(typed(frame) if target.suffix.lower() == ".parquet" else frame, target)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return count, columns


def _blocks(
    spool: Spool, left_out: Collection[str], shared: Collection[str]
) -> Iterator[list[dict[str, Any]]]:
    """Rows, many at a time; one block at least: an export of nothing has its columns too.

    Records that share a key are called by their references instead.
    """
    rows = (
        row | {"key": row["record"]} if row["key"] in shared else row
        for row in spool.rows()
        if row.pop("id") not in left_out
    )
    while len(block := list(islice(rows, _BLOCK))) == _BLOCK:
        yield block
    yield block
