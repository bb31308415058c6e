"""The one border between columns and rows: prepared Parquet in, records out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from migrator.model import ObjectType, Place, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
            yield [_record(row, type) for row in rows.iter_rows(named=True)]


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


def _record(row: Mapping[str, object], type: ObjectType) -> Record:
    values = {
        name: canonical_text(value)
        for name, value in row.items()
        if value is not None and name not in _BOOKKEEPING
    }
    links = {kind: _names(row[kind]) for kind in LINK_FIELDS if row.get(kind)}
    place = Place(str(row["_file"]), _number(row["_record"]), _number(row["_line"]))
    return Record(type, str(row["key"]), values, links, place)


def _names(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(name) for name in value)) if isinstance(value, list) else ()


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
