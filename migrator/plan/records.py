"""The one border between columns and rows: prepared Parquet in, records out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from migrator.model import ObjectType, Place, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from migrator.model import NewPipeline

LINK_FIELDS = (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES)
"""The types of parents, each in a column of its own name."""
_BLOCK = 50_000
"""Rows read at once: a slice of Parquet costs a whole row group, however short it is."""

_BOOKKEEPING = frozenset({"_file", "_record", "_line", "_rows", "key", *LINK_FIELDS})


def canonical_text(value: object) -> str:
    """The canonical text of one prepared value.

    >>> canonical_text(Decimal("1234.500000"))
    '1234.5'
    >>> canonical_text(datetime(2026, 3, 31, 9, tzinfo=UTC))
    '2026-03-31T09:00:00Z'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def count_records(path: Path) -> int:
    """How many prepared records there are."""
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def read_records(path: Path, type: ObjectType, *, chunk: int) -> Iterator[list[Record]]:
    """Prepared records, ``chunk`` rows at a time; memory does not grow with the file."""
    for block in _blocks(pl.scan_parquet(path), chunk * max(1, _BLOCK // chunk)):
        for rows in block.iter_slices(chunk):
            yield list(_records(rows, type))


def parent_names(path: Path, kind: ObjectType) -> Iterator[str]:
    """Names of the parents of one kind, in the order of the records; seldom the same one twice."""
    scan = pl.scan_parquet(path)
    if kind not in scan.collect_schema():
        return
    for block in _blocks(scan.select(kind), _BLOCK):
        names = block[kind].explode().drop_nulls()
        yield from names.unique(maintain_order=True).to_list()


def of_those_used(pipelines: Sequence[NewPipeline], records: Path) -> tuple[NewPipeline, ...]:
    """The pipelines and stages that any record names; letter case is ignored."""
    scan = pl.scan_parquet(records)
    there = scan.collect_schema().names()
    names = [name for name in ("pipeline", "stage") if name in there]
    if not pipelines or len(names) < 2:
        return tuple(pipelines)
    pairs = scan.select(pl.col(name).str.to_lowercase() for name in names).unique().collect()
    used = set(pairs.iter_rows())
    found = (
        replace(
            pipeline,
            stages=tuple(
                stage
                for stage in pipeline.stages
                if (pipeline.label.lower(), stage.label.lower()) in used
            ),
        )
        for pipeline in pipelines
    )
    return tuple(pipeline for pipeline in found if pipeline.stages)


def _blocks(scan: pl.LazyFrame, height: int) -> Iterator[pl.DataFrame]:
    """The rows of a file, ``height`` at a time; the last block may be lower or empty."""
    for offset in itertools.count(0, height):
        block = scan.slice(offset, height).collect()
        yield block
        if block.height < height:
            return


def _records(rows: pl.DataFrame, type: ObjectType) -> Iterator[Record]:
    """The records of some rows, made column by column: row by row takes three times as long."""
    names = [name for name in rows.columns if name not in _BOOKKEEPING]
    kinds = [kind for kind in LINK_FIELDS if kind in rows.columns]
    none = [()] * rows.height
    texts = zip(*(_texts(rows[name]) for name in names), strict=True) if names else none
    parents = zip(*(rows[kind].to_list() for kind in kinds), strict=True) if kinds else none
    places = map(Place, *(rows[name].to_list() for name in ("_file", "_record", "_line")))
    keys = rows["key"].cast(pl.String).to_list()
    for key, values, called, place in zip(keys, texts, parents, places, strict=True):
        yield Record(
            type,
            key,
            {name: text for name, text in zip(names, values, strict=True) if text is not None},
            {
                kind: tuple(dict.fromkeys(some))
                for kind, some in zip(kinds, called, strict=True)
                if some
            },
            place,
        )


def _texts(column: pl.Series) -> list[str | None]:
    """The canonical text of a column's values."""
    if column.dtype == pl.String:
        return column.to_list()
    if isinstance(column.dtype, pl.Decimal) and column.dtype.scale:
        return column.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".").to_list()
    if column.dtype == pl.Datetime("us", "UTC") and not column.dt.microsecond().max():
        return column.dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
    return [None if value is None else _cached_text(value) for value in column.to_list()]


_cached_text = lru_cache(4096, typed=True)(canonical_text)
"""Days stand in a file many times."""
