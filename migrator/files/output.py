"""Files that are there in full or not at all: written beside, made durable, then renamed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import polars as pl

from migrator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LIST_SEPARATOR = ";"


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes ``target``'s place when the block ends well; else it is removed.

    Raises:
        InputError: the folder is missing or not writable, or the disk is full.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise InputError(
            f"{target} cannot be written: {error.strerror or error}. Nothing was put there; free"
            " some space or name another path, and run the command again."
        ) from error
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    """Remove what is left of a failed attempt; that it is gone already is fine."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        # The folder is gone or not ours: the error that brought us here says more.
        return


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too; Windows opens no folders and needs none opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_table(frame: pl.LazyFrame, target: Path) -> None:
    """Write a frame as CSV, Parquet or NDJSON, by ``target``'s suffix, streaming.

    CSV is UTF-8 with commas; a list becomes one cell joined with ``;``.

    Raises:
        InputError: the suffix is none of these, or the file cannot be written.
    """
    suffix = target.suffix.lower()
    if suffix not in {".csv", ".parquet", ".ndjson"}:
        raise InputError(
            f"{target}: the ending decides the format, and it is none of .csv, .parquet, .ndjson."
            " Name the file so."
        )
    with replacing(target) as out:
        try:
            if suffix == ".parquet":
                frame.sink_parquet(out, engine="streaming")
            elif suffix == ".ndjson":
                frame.sink_ndjson(out, engine="streaming")
            else:
                _flat(frame).sink_csv(out, engine="streaming")
        except pl.exceptions.ComputeError as error:
            raise _as_system_error(error) from error


def _as_system_error(error: pl.exceptions.ComputeError) -> Exception:
    """A full disk as polars reports it in the middle of a stream; anything else as it is."""
    text = str(error)
    return OSError(text) if "os error" in text.lower() else error


def _flat(frame: pl.LazyFrame) -> pl.LazyFrame:
    lists = [name for name, dtype in frame.collect_schema().items() if isinstance(dtype, pl.List)]
    return frame.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join(_LIST_SEPARATOR) for name in lists
    )
