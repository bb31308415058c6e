"""Frames into Parquet files, several of them in one run, each complete or not there at all."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import polars as pl

from migrator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


_ROW_GROUP = 25_000
"""Rows that are held until they are written together; the usual number takes 40 MB more."""


def write(frames: Mapping[Path, pl.LazyFrame]) -> None:
    """Write all frames in one run.

    Raises:
        InputError: a file cannot be written.
    """
    with parts_of(frames) as parts:
        carry_out(parts)


@contextmanager
def parts_of(frames: Mapping[Path, pl.LazyFrame]) -> Iterator[list[pl.LazyFrame]]:
    """Sinks of all frames, each under another name until the block ends without an error."""
    parts = {path: path.with_suffix(".parquet.part") for path in frames}
    # Scratch files: nobody filters them by value, so minima and maxima are not worth their time,
    # and a quick compression is worth more than a strong one.
    sinks = [
        frame.sink_parquet(
            parts[path],
            lazy=True,
            statistics=False,
            compression="lz4",
            row_group_size=_ROW_GROUP,
        )
        for path, frame in frames.items()
    ]
    try:
        yield sinks
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()


def carry_out(plans: Sequence[pl.LazyFrame]) -> list[pl.DataFrame]:
    """Carry out all plans in one run.

    Raises:
        InputError: a sink cannot be written.
    """
    try:
        return pl.collect_all(plans, engine="streaming")
    except OSError as error:
        raise InputError(
            f"The prepared records cannot be written: {error}. Free some space there, or choose "
            "another folder."
        ) from error


def by_themselves(few: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows with copies of their texts.

    A text that is filtered out of a batch is a view of it, so that a few rows waiting to be written
    would hold all of the source in memory.
    """
    copy = pl.element() + ""
    return few.with_columns(pl.col(pl.String) + "", pl.col(pl.List(pl.String)).list.eval(copy))
