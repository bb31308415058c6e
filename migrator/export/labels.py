"""What an exported file says of labels of links, for whoever loads it: they stay behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.export.columns import LINKS, labels_of
from migrator.transforms.cells import labels_in

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.model import ObjectType


def labels_left_behind(
    type: ObjectType, rows: pl.LazyFrame, columns: Collection[str]
) -> tuple[str, ...]:
    """A sentence with the labels that links have in an export of a type; none where none has any.

    Args:
        type: of the records.
        rows: of the file, as text.
        columns: its columns.
    """
    told = []
    for link in LINKS[type]:
        name = labels_of(link)
        counts = _counts(rows, name) if name in columns else {}
        if counts:
            listed = ", ".join(f"{label} ({count:,})" for label, count in counts.items())
            told.append(f"of {link} {listed}")
    if not told:
        return ()
    return (f"Links come without their labels: {'; '.join(told)}.",)


def _counts(rows: pl.LazyFrame, column: str) -> dict[str, int]:
    """How many links have each label, the most frequent first."""
    labels = pl.col(column).map_batches(
        _labels, return_dtype=pl.List(pl.String), is_elementwise=True
    )
    counts = (
        rows.select(label=labels)
        .explode("label")
        .drop_nulls()
        .group_by("label")
        .len()
        .sort(["len", "label"], descending=[True, False])
        .collect(engine="streaming")
    )
    return dict(counts.iter_rows())


def _labels(cells: pl.Series) -> pl.Series:
    found = [[label for _, label in labels_in(cell)] if cell else None for cell in cells]
    return pl.Series(cells.name, found, pl.List(pl.String))
