"""Rows that a run turned down, as its folder keeps them: what they were, why, and what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.errors import InputError
from migrator.prepare import MEMBERS, REJECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from migrator.journal import Run

PROBLEMS, TURNED_DOWN = "problems.ndjson", "turned_down.ndjson"
"""Files in a run's folder, one problem a line: of the check against the account, and of records
that were refused or parked."""

KEPT = "rejects.parquet"
"""The rows of ``rejects.csv`` as they were before somebody edited them."""

_SCHEMA = {
    "_record": pl.Int64,
    "_field": pl.String,
    "_code": pl.String,
    "_error": pl.String,
    "_value": pl.String,
}


@dataclass(frozen=True)
class Reasons:
    """Why rows were rejected: how many per code, and the first row that has it."""

    codes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def problems_in(folder: Path, *names: str) -> list[pl.LazyFrame]:
    """The problems of whole records, which may be several rows, in files of a run's folder."""
    files = [folder / name for name in names]
    return [
        pl.scan_ndjson(file, schema=_SCHEMA)
        for file in files
        if file.exists() and file.stat().st_size
    ]


def rejected_in(folder: Path) -> pl.LazyFrame:
    """Problems that kept records from being sent: of their rows, and of the check."""
    return pl.concat([pl.scan_parquet(folder / REJECTIONS), *problems_in(folder, PROBLEMS)])


def rejected_rows(folder: Path) -> pl.LazyFrame:
    """Problems of rows: a record made of several rows has them in all of its rows."""
    problems = problems_in(folder, PROBLEMS, TURNED_DOWN)
    return pl.concat([pl.scan_parquet(folder / REJECTIONS), *problems, *_of_others(folder)])


def _of_others(folder: Path) -> list[pl.LazyFrame]:
    """The problems of records once more, for the rows that were merged into their first ones."""
    if not (folder / MEMBERS).exists():
        return []
    others = pl.scan_parquet(folder / MEMBERS).filter(pl.col("_record") != pl.col("_first"))
    return [
        others.join(frame.rename({"_record": "_first"}), on="_first").select(*_SCHEMA)
        for frame in problems_in(folder, PROBLEMS, TURNED_DOWN)
    ]


def reasons_in(folder: Path, without: Collection[int] = ()) -> Reasons:
    """Rejected rows by code of their first problem, each with an example."""
    gone = pl.LazyFrame({"_record": list(without)}, schema={"_record": pl.Int64})
    first = rejected_in(folder).join(gone, on="_record", how="anti", maintain_order="left")
    first = first.unique("_record", keep="first", maintain_order=True)
    by_code = first.group_by("_code").agg(
        pl.len(), pl.col("_record", "_field", "_error").sort_by("_record").first()
    )
    reasons = Reasons()
    for code, count, record, column, error in by_code.collect().iter_rows():
        reasons.codes[code] = count
        told = column and not error.startswith(column)
        reasons.examples[code] = f"record {record}: {column + ': ' if told else ''}{error}"
    return reasons


def left_of(run: Run, folder: Path, gone: Collection[int]) -> dict[str, Any]:
    """What is left of a run's rejected and merged rows when some of its rows were taken on since.

    ``rejected``, ``codes``, ``examples`` and ``merged`` as in the run's own settings.

    Raises:
        InputError: the run's folder is gone.
    """
    _ensure_there(run, folder)
    reasons = reasons_in(folder, gone)
    merged = run.settings["prepared"]["merged"]
    if merged:
        of_gone = pl.LazyFrame({"_record": list(gone)}, schema={"_record": pl.Int64})
        own = pl.scan_parquet(folder / REJECTIONS).select("_record")
        merged -= (
            pl.scan_parquet(folder / MEMBERS)
            .filter(pl.col("_record") != pl.col("_first"))
            .join(of_gone, on="_record", how="semi")
            .join(own, on="_record", how="anti")
            .select(pl.len())
            .collect()
            .item()
        )
    return {
        "rejected": reasons.codes.total(),
        "codes": dict(reasons.codes.most_common()),
        "examples": reasons.examples,
        "merged": merged,
    }


def kept_rows(run: Run, folder: Path) -> pl.LazyFrame:
    """The rows that a run turned down, as they were: the source's columns, place and problems.

    ``_first`` is the record that they are a part of: themselves, or the first of several rows.

    Raises:
        InputError: the run's folder is gone.
    """
    _ensure_there(run, folder)
    rows = pl.scan_parquet(folder / KEPT, glob=False)
    first = pl.col("_record").alias("_first")
    if not (folder / MEMBERS).exists():
        return rows.with_columns(first)
    members = pl.scan_parquet(folder / MEMBERS, glob=False)
    together = rows.join(members, on="_record", how="left", maintain_order="left")
    return together.with_columns(pl.col("_first").fill_null(pl.col("_record")))


def _ensure_there(run: Run, folder: Path) -> None:
    if not (folder / KEPT).exists():
        raise InputError(
            f"The folder of run {run.id} ({folder}) was deleted or emptied; without it the rows "
            "that were turned down cannot be told. Load the edited file with `migrator run`: "
            "records that are already in the account are recognised by their key."
        )
