"""What a file says of its currencies: in a column of signs, codes or names, or in the amounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from migrator.currencies import CURRENCIES, codes_of
from migrator.guess.matching import Match, ordered
from migrator.guess.sheets import Line
from migrator.prepare.money_signs import sign_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.guess.matching import Matching
    from migrator.guess.tally import Counted

_SAME = 0.95
"""Where more amounts than the rest are without a sign, theirs is not taken for granted."""
_SHOWN = 5
_MOST = 30
_BESIDE_NUMBER = r"[0-9., ()'+-]"
_WRITTEN = r"[\p{L}\p{Sc}]"


def complete_currency(matching: Matching, decided: Mapping[str, str], home: str | None) -> Matching:
    """With the currency that the amounts are written with, where no column names it.

    Args:
        matching: so far.
        decided: sign to the code that somebody says it stands for.
        home: the account's own currency, the likeliest where a sign can stand for several.
    """
    amount = matching.columns("amount")[:1]
    if matching.match("currency") or not amount:
        return matching
    found, plain = _signs(matching, amount[0])
    if not found:
        return matching
    codes = {sign: _codes(sign, decided, home) for sign in found}
    first, *others = codes.values()
    common = [code for code in first if all(code in other for other in others)]
    made = (
        _constant(found, common, plain, sure=bool(found.keys() & decided.keys()))
        if common
        else _each(amount[0], found, codes, plain)
    )
    return replace(matching, matches=ordered([*matching.matches, made]))


def _codes(sign: str, decided: Mapping[str, str], home: str | None) -> tuple[str, ...]:
    """What a sign can stand for; the account's own currency first."""
    if sign in decided:
        return (decided[sign],)
    codes = codes_of(sign)
    return (home, *(code for code in codes if code != home)) if home in codes else codes


def _signs(matching: Matching, column: str) -> tuple[dict[str, int], int]:
    """Signs and codes of currencies in amounts with their rows, and how many have nothing."""
    text = pl.col(column)
    sign = text.map_batches(sign_in, return_dtype=pl.String, is_elementwise=True)
    grouped = (
        matching.profile.scan([column])
        .filter(text.is_not_null())
        .select(pl.when(text.str.contains(_WRITTEN)).then(sign).fill_null("").alias("sign"))
        .group_by("sign")
        .agg(pl.len().alias("rows"))
        .sort(["rows", "sign"], descending=[True, False])
        .collect(engine="streaming")
    )
    rows = dict(grouped.iter_rows())
    return {sign: count for sign, count in rows.items() if codes_of(sign)}, rows.get("", 0)


def _constant(found: Mapping[str, int], codes: Sequence[str], plain: int, *, sure: bool) -> Match:
    """One currency for all records."""
    written = " and ".join(sorted(found))
    said = f"the amounts are written with {written}"
    signed = sum(found.values())
    spec = {"default": codes[0]}
    if len(codes) > 1:
        doubt = f"{written} stands for several currencies; write the right one, then uncomment"
        question = f"the amounts are written with {written}: {_which(codes)}"
        return Match("currency", (), 0.5, (said,), spec, doubt=doubt, question=question)
    if plain > (1 - _SAME) * (signed + plain) and not sure:
        bare = f"{plain:,} of {signed + plain:,} amounts have no sign"
        doubt = f"{bare}; uncomment where they are {codes[0]} too"
        question = f"{bare}, the others {written}. Are they {codes[0]} too?"
        return Match("currency", (), 0.5, (said,), spec, doubt=doubt, question=question)
    return Match("currency", (), 0.9, (said,), spec)


def _each(
    column: str, found: Mapping[str, int], codes: Mapping[str, Sequence[str]], plain: int
) -> Match:
    """Each record's own, taken from its amount."""
    known = {sign: each[0] for sign, each in codes.items() if len(each) == 1}
    values = {"".join(sign.split()): code for sign, code in known.items()}
    steps = [{"replace_pattern": {"regex": _BESIDE_NUMBER, "by": ""}}]
    spec = {"transform": [*steps, {"map": values}], "rules": ["currency_code"]}
    told = ", ".join(f"{sign} ({rows:,})" for sign, rows in list(found.items())[:_SHOWN])
    said = f"the amounts are written with {told}"
    asked = [
        f"{sign} in the amounts: {_which(codes[sign])}; write it into the map of the currency"
        for sign in found
        if sign not in known
    ]
    if plain:
        bare = "1 amount has no sign" if plain == 1 else f"{plain:,} amounts have no sign"
        asked.append(f'{bare}: a check turns such rows down, unless the map says what "" is')
    return Match("currency", (column,), 0.9, (said,), spec, question=". ".join(asked))


def _which(codes: Sequence[str]) -> str:
    more = ", ..." if len(codes) > _SHOWN else ""
    return f"which currency is it? {', '.join(codes[:_SHOWN])}{more}"


def open_signs(
    matching: Matching, decided: Mapping[str, str], home: str | None
) -> dict[str, tuple[str, ...]]:
    """Signs in use that can stand for several currencies, with the codes."""
    columns = matching.columns("currency")
    amount = matching.columns("amount")[:1]
    if columns and columns != amount:
        seen = [value for value, _ in matching.profile.column(columns[0]).choices]
    elif amount and matching.match("currency"):
        seen = list(_signs(matching, amount[0])[0])
    else:
        return {}
    each = {sign: _codes(sign, decided, home) for sign in seen}
    open_ones = {sign: codes for sign, codes in each.items() if len(codes) > 1}
    if not columns and any(len(codes) == 1 for codes in each.values()):
        return {}  # one sign of all says what the others are
    return open_ones


def currency_sheet(
    counted: Sequence[Counted], decided: Mapping[str, str], home: str | None
) -> tuple[Line, ...]:
    """A value map to codes for a column that has signs or names; none where all are codes."""
    if len(counted) > _MOST or all(each.value.upper() in CURRENCIES for each in counted):
        return ()
    found = []
    for each in counted:
        codes = _codes(each.value, decided, home)
        line = Line("", each.value, "", each.rows, each.amount)
        if len(codes) == 1:
            line = replace(line, target=codes[0], candidate=codes[0], score=1.0)
        elif codes:
            line = replace(line, candidate=codes[0], score=0.5)
        found.append(line)
    return tuple(found)


def currency_question(column: str, sheet: Sequence[Line], home: str | None) -> str:
    """What somebody has to say about signs in a column; blank where all is clear."""
    asked = [
        f"{line.source} in {column}: {_which(codes)}"
        for line in sheet
        if not line.decided and (codes := _codes(line.source, {}, home))
    ]
    return ". ".join(asked[:_SHOWN])
