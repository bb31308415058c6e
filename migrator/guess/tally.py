"""The values of a field with their records and money: what a value map is made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from migrator.guess.readings import read_values
from migrator.plan import canonical_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.guess.columns import Profile

MOST_VALUES = 1_000
"""A value map of more lines is none that anybody fills in; the most frequent values are listed."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A value and what it stands in.

    Attributes:
        pipeline: the pipeline as it stands in the source; blank where there is none.
        amount: the sum of money, as people write it; one for each currency, never added together.
    """

    pipeline: str
    value: str
    rows: int
    amount: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The columns that give the pipeline, the amount and the currency of a record."""

    pipeline: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()


def tally(profile: Profile, columns: Sequence[str], sources: Sources) -> list[Counted]:
    """Every value of a field with its records and their money, most frequent first.

    Args:
        profile: the source.
        columns: those that give the field; row by row the first that is filled.
        sources: what the values are counted by.
    """
    names = (*columns, *sources.pipeline, *sources.amount, *sources.currency)
    grouped = (
        profile.scan(list(dict.fromkeys(names)))
        .select(
            _first_filled(columns).alias("value"),
            _first_filled(sources.pipeline).fill_null("").alias("pipeline"),
            _first_filled(sources.currency).str.to_uppercase().fill_null("").alias("currency"),
            _amount(profile, sources.amount).alias("amount"),
            "_record",
        )
        .filter(pl.col("value").is_not_null())
        .group_by("pipeline", "value", "currency")
        .agg(
            pl.len().alias("rows"),
            pl.col("amount").sum(),
            pl.col("amount").count().alias("amounts"),
            pl.col("_record").min(),
        )
        .sort("rows", "_record", descending=[True, False])
        .collect(engine="streaming")
    )
    return _merged(grouped.iter_rows(named=True))[:MOST_VALUES]


def _first_filled(columns: Sequence[str]) -> pl.Expr:
    return pl.coalesce(columns) if columns else pl.lit(None, pl.String)


def _amount(profile: Profile, columns: Sequence[str]) -> pl.Expr:
    found = [
        read_values(pl.col(name), reading)
        for name in columns
        if (reading := profile.column(name).reading) and not reading.is_date
    ]
    return pl.coalesce(found) if found else pl.lit(None, pl.Decimal(38, 6))


def _merged(groups: Iterable[dict[str, object]]) -> list[Counted]:
    """One line per pipeline and value, its currencies side by side."""
    rows: dict[tuple[str, str], int] = {}
    sums: dict[tuple[str, str], list[str]] = {}
    for group in groups:
        place = (str(group["pipeline"]), str(group["value"]))
        rows[place] = rows.get(place, 0) + int(str(group["rows"]))
        parts = sums.setdefault(place, [])
        if group["amounts"]:
            money = canonical_text(Decimal(str(group["amount"])))
            parts.append(f"{money} {group['currency']}".strip())
    lines = [
        Counted(pipeline, value, count, "; ".join(sums[pipeline, value]))
        for (pipeline, value), count in rows.items()
    ]
    return sorted(lines, key=lambda line: -line.rows)
