"""What stands in an exported file: what a template that is made for it has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_DAY = len("2026-03-31")


def moments(export: Path, columns: Collection[str]) -> set[str]:
    """Those of the columns of which most dates have a time of day, in an export in Parquet."""
    if not columns:
        return set()
    longer = [(pl.col(name).str.len_chars() > _DAY).mean().alias(name) for name in columns]
    (shares,) = pl.scan_parquet(export).select(longer).collect().rows(named=True)
    return {name for name, share in shares.items() if share is not None and share >= 0.5}
