"""What no file says and every load needs: a key of several columns, a name made of others."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from migrator.currencies import CURRENCIES
from migrator.guess.columns import ColumnKind
from migrator.guess.headers import custom_likeness
from migrator.guess.matching import LEAST, Match, ordered
from migrator.guess.scoring import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.guess.columns import Column
    from migrator.guess.matching import Matching

_PLACEHOLDERS = frozenset(
    {
        "-",
        "--",
        "---",
        "-none-",
        "none",
        "n/a",
        "na",
        "#n/a",
        "null",
        "(null)",
        "(none)",
        "nil",
        "(blank)",
        "(leer)",
        "\\n",
        "nan",
        "?",
    }
)
_UNIQUE = 0.999
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₺": "TRY", "₽": "RUB", "₩": "KRW", "₪": "ILS"}
"""Signs that stand for one currency; a dollar is not only the American one."""
_SAME = 0.95
_PARTS = ("name", "companies", "created_at", "close_date", "amount")


def complete_key(matching: Matching) -> Matching:
    """With a key: columns that together have a value of their own in nearly every record."""
    if matching.match("key"):
        return matching
    columns = [
        column
        for field in _PARTS
        for column in matching.columns(field)[:1]
        if matching.profile.column(column).filled
    ]
    columns = list(dict.fromkeys(columns))
    named = matching.columns("name")[:1]
    for size in (1, 2, 3):
        for some in combinations(columns, size):
            if size == 1 and some != named:
                continue  # an amount or a date that is different by chance names no record
            unique = _variety(matching, some)
            if unique >= _UNIQUE:
                together = "are a value of their own" if size > 1 else "is a value of its own"
                said = f"no column has ids; {' and '.join(some)} {together} in each record"
                return _with(matching, Match("key", some, 0.6, (said,)))
    if not columns:
        return matching
    most = tuple(columns[:3])
    said = f"no column has ids, and {' and '.join(most)} repeat in some records"
    return _with(matching, Match("key", most, LEAST, (said, percent(_variety(matching, most)))))


def _variety(matching: Matching, columns: Sequence[str]) -> float:
    hashes = pl.struct(pl.col(list(columns))).hash().alias("hash")
    found = matching.profile.scan(columns).select(hashes).collect(engine="streaming")
    # Sorted, because a set of them would take several times the memory.
    ordered = found["hash"].sort()
    return float((ordered != ordered.shift(-1)).fill_null(value=True).sum()) / max(1, len(ordered))


def _with(matching: Matching, match: Match) -> Matching:
    return replace(matching, matches=ordered([*matching.matches, match]))


def complete_name(matching: Matching) -> Matching:
    """With a name: the product and the company, say, where no column is called so."""
    if matching.match("name"):
        return matching
    product = _of_products(matching.profile.columns)
    company = matching.columns("companies")
    if product and company:
        spec = {"pick": "join", "separator": " for ", "rules": ["required"]}
        said = "the file has no names of deals; product and company make one"
        return _with(matching, Match("name", (product, company[0]), 0.6, (said,), spec))
    single = [product] if product else list(company or matching.columns("key"))
    parts = [name for name in (*single, *matching.columns("key")[:1]) if name]
    columns = tuple(dict.fromkeys(parts))
    if not columns:
        return matching
    spec = {"pick": "join", "separator": " ", "rules": ["required"]}
    said = f"the file has no names of deals; {' and '.join(columns)} make one"
    return _with(matching, Match("name", columns, 0.5, (said,), spec))


def complete_currency(matching: Matching) -> Matching:
    """With the currency that the amounts are written with, where no column names it."""
    amount = matching.columns("amount")[:1]
    if matching.match("currency") or not amount:
        return matching
    text = pl.col(amount[0])
    code = text.str.extract(r"(\p{Sc}|[A-Z]{3})")
    signs = (
        matching.profile.scan(amount)
        .select((code.count() / text.count()).alias("share"), code.drop_nulls().unique().implode())
        .collect(engine="streaming")
        .row(0)
    )
    share, found = signs
    known = {_SIGNS.get(sign, sign if sign in CURRENCIES else "") for sign in found}
    if len(known) != 1 or "" in known or (share or 0) < _SAME:
        return matching
    (currency,) = known
    said = f"the amounts are written with {' and '.join(sorted(found))}"
    return _with(matching, Match("currency", (), 0.9, (said,), {"default": currency}))


def _of_products(columns: Sequence[Column]) -> str:
    """The column of products; blank where there is none."""
    for column in columns:
        name, likeness = custom_likeness(column.name)
        if name == "product" and likeness.score >= 0.8 and column.filled:
            return column.name
    return ""


def placeholders(matching: Matching) -> tuple[str, ...]:
    """Texts that stand for a blank in a column that is in use."""
    used = {name for match in matching.matches for name in match.columns}
    found: dict[str, None] = {}
    for column in matching.profile.columns:
        if column.name not in used or column.kind is ColumnKind.BLANK:
            continue
        for value, _ in (*column.choices, *column.top):
            if value.casefold() in _PLACEHOLDERS:
                found.setdefault(value)
    return tuple(found)
