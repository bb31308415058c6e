"""Columns of which more than one could be the deal's amount: net and gross, sum and forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.guess.columns import NUMBERS
from migrator.guess.headers import names_amount, other_meaning
from migrator.guess.readings import read_values
from migrator.plan import canonical_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.guess.columns import Column
    from migrator.guess.matching import Matching

_MOST = 3


def rival_amounts(matching: Matching) -> dict[str, str]:
    """Column of amounts to its sum, the one in use first; none where no other could be it.

    Sums are per currency, never of several. Where the layout is known, what is derived of the
    amount is no question; and nothing is where somebody was asked.
    """
    match = matching.match("amount")
    if match is None or match.told or not match.columns:
        return {}
    others = [
        column
        for column in matching.unmapped
        if _could_be(column) and not (matching.layout and other_meaning(column.name))
    ][:_MOST]
    if not others:
        return {}
    first = matching.profile.column(match.columns[0])
    return {column.name: _sum(matching, column) for column in (first, *others)}


def _could_be(column: Column) -> bool:
    return (
        column.kind in NUMBERS
        and column.reading is not None
        and column.share("percent") <= 0.5
        and names_amount(column.name)
    )


def _sum(matching: Matching, column: Column) -> str:
    """The sum of a column as people write it, one for each currency."""
    if column.reading is None:
        return "not read yet"
    currency = [name for name in matching.columns("currency") if name != column.name][:1]
    code = pl.col(currency[0]).str.to_uppercase() if currency else pl.lit(None, pl.String)
    sums = (
        matching.profile.scan([column.name, *currency])
        .select(
            code.fill_null("").alias("currency"),
            read_values(pl.col(column.name), column.reading).alias("amount"),
        )
        .drop_nulls("amount")
        .group_by("currency")
        .agg(pl.col("amount").sum(), pl.len())
        .sort(["len", "currency"], descending=[True, False])
        .head(_MOST)
        .collect(engine="streaming")
    )
    each = [f"{canonical_text(amount)} {code}".strip() for code, amount, _ in sums.iter_rows()]
    return "; ".join(each) or "0"


def rival_question(rivals: Mapping[str, str]) -> str:
    """What to decide about them; blank where there is one column only."""
    if not rivals:
        return ""
    (used, total), *others = rivals.items()
    told = " and ".join(f"{name} (sum {value})" for name, value in others)
    return f"{used} (sum {total}) is taken, but {told} could be the deal's amount as well"
