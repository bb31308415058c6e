"""What no file says and every load needs: a key of several columns, a name made of others."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from migrator.guess.columns import ColumnKind
from migrator.guess.headers import custom_likeness
from migrator.guess.matching import Match, ordered
from migrator.guess.scoring import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
_SHOWN = 4
_NAMING = ("name", "companies")
"""What tells deals apart for people; nothing else alone, or without one of them, is a key."""
_STEADY = ("created_at",)
"""What stays as it is for as long as the deal is there."""
_CHANGING = ("close_date", "amount")
"""What changes while a deal goes on, so that the same deal would be taken for another one."""


def complete_key(matching: Matching) -> Matching:
    """With a key: columns that together have a value of their own in nearly every record.

    A deal's name is among them, or its company. Without such columns there is no key: amounts,
    dates and stages are different by chance.
    """
    if matching.match("key"):
        return matching
    named = _columns(matching, _NAMING)
    for some in _together(named, _columns(matching, _STEADY)):
        if len(some) == 1 and some != matching.columns("name")[:1]:
            continue  # a company may have another deal tomorrow
        if _variety(matching, some) >= _UNIQUE:
            together = "are a value of their own" if len(some) > 1 else "is a value of its own"
            said = f"no column has ids; {' and '.join(some)} {together} in each record"
            return _with(matching, Match("key", some, 0.6, (said,)))
    return matching


def key_candidates(matching: Matching) -> list[tuple[tuple[str, ...], float]]:
    """Columns that could be the key together, where nothing is it, and how many records differ.

    The best ones first; a person has to choose, since what is among them changes with the deal.
    """
    if matching.match("key"):
        return []
    named = _columns(matching, _NAMING)
    rest = _columns(matching, (*_STEADY, *_CHANGING))
    rated = [(some, _variety(matching, some)) for some in _together(named, rest)]
    return sorted(rated, key=lambda pair: (-pair[1], len(pair[0])))[:_SHOWN]


def key_question(candidates: Sequence[tuple[tuple[str, ...], float]]) -> str:
    """What to do where nothing names a record."""
    told = (
        "no column names a record, so nothing keeps a deal from being loaded twice, and a check "
        "stops. Export the id too, or add a column of ids to the file"
    )
    if not candidates:
        return told
    (columns, share), *_ = candidates
    parts = ", ".join(f"{{from: [{json.dumps(one, ensure_ascii=False)}]}}" for one in columns)
    return (
        f"{told}; or make one of several columns, such as key: {{parts: [{parts}]}}, which is "
        f"different in {percent(share)} of the records, and must stay as it is from load to load"
    )


def _columns(matching: Matching, fields: Sequence[str]) -> list[str]:
    """The columns that give these fields and hold something, each once."""
    found = (
        column
        for field in fields
        for column in matching.columns(field)[:1]
        if matching.profile.column(column).filled
    )
    return list(dict.fromkeys(found))


def _together(named: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Up to three columns together, at least one of which names a deal; the fewest first."""
    columns = list(dict.fromkeys((*named, *others)))
    for size in (1, 2, 3):
        for some in combinations(columns, size):
            if set(some) & set(named):
                yield some


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
    make = "make" if len(columns) > 1 else "makes"
    said = f"the file has no names of deals; {' and '.join(columns)} {make} one"
    return _with(matching, Match("name", columns, 0.5, (said,), spec))


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
