"""Two exports beside each other: what one account holds of another one's records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from migrator.model import ID_FIELDS, DealStatus, ObjectType
from migrator.transforms.text import split

if TYPE_CHECKING:
    from pathlib import Path

_LINKS = tuple(type.value for type in ObjectType)
_OWN = {"record", "key", "updated_at", *ID_FIELDS}


@dataclass
class Likeness:
    """How far two exports say the same.

    Attributes:
        both: records that both have, by key.
        missing: keys that only the first has.
        added: keys that only the second has.
        fields: columns that say the same in all records that both have.
        differing: columns that do not: in how many records, and an example.
    """

    both: int = 0
    missing: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    differing: dict[str, tuple[int, str]] = field(default_factory=dict)


def statuses(export: Path) -> set[tuple[str, DealStatus]]:
    """The pipelines' labels of an export of deals, each with a status that some deal in it has."""
    pairs = pl.scan_parquet(export).select("pipeline", "status").drop_nulls().unique().collect()
    return {(label, DealStatus(status)) for label, status in pairs.iter_rows()}


def likeness(first: Path, second: Path) -> Likeness:
    """Compare two exports in Parquet by key, column by column.

    What each account says in its own way is passed over: ids, references, when a record was
    changed, and what the second one fills where the first is blank (a default currency). Names of
    linked records are compared as sets, in any letter case.
    """
    one, other = (pl.read_parquet(path) for path in (first, second))
    found = Likeness(
        missing=sorted(set(one["key"]) - set(other["key"])),
        added=sorted(set(other["key"]) - set(one["key"])),
    )
    both = one.join(other, on="key", how="inner", suffix=" there")
    found.both = both.height
    names = [name for name in one.columns if name not in _OWN and not name.endswith("_ids")]
    for name in names:
        there = f"{name} there" if name in other.columns else None
        pair = both.select(
            ours=_comparable(name, name),
            theirs=_comparable(name, there) if there else pl.lit(None, pl.String),
        )
        unequal = pair.filter(
            pl.col("ours").is_not_null() & pl.col("ours").ne_missing(pl.col("theirs"))
        )
        if unequal.height:
            ours, theirs = unequal.row(0)
            found.differing[name] = (unequal.height, f'"{ours or ""}" is "{theirs or ""}"')
        else:
            found.fields.append(name)
    return found


def _comparable(name: str, column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    if name not in _LINKS:
        return text
    return split(text.str.to_lowercase(), quoted=True).value.list.sort().list.join(";")
