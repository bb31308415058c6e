"""Transforms that make exact decimal numbers of texts, and refuse whatever a cast would alter."""

from collections.abc import Callable
from typing import Literal

import polars as pl

from migrator.catalogue import DECIMAL
from migrator.transforms.base import Change, Fault, spreadsheet_error

Mark = Literal[".", ",", "auto"]
Undress = Callable[[pl.Series], pl.Series]

_MOST_DIGITS = 18
"""Digits before the mark; sums of such numbers still fit into 38 digits."""

_CURLY = "\u2019"
_APOSTROPHES = rf"\d{{1,3}}(?:['{_CURLY}]\d{{3}})+"
_SIGNS = r"(?:[A-Za-z]{1,3}\s*)?\p{Sc}|[A-Z]{3}|(?i:kr\.?|zł|kč|fr\.?|ft|lei|лв\.?)"
_CURRENCY_BEFORE = rf"^([+\-(]?)\s*(?:{_SIGNS})\s*([+\-]?[\d(])"
_CURRENCY_AFTER = rf"(\d\)?)\s*(?:{_SIGNS})(\)?)$"
_EXPONENT = r"^[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+$"
_PARENTHESES = r"^\(\s*([^()]*\d)\s*\)$"


def _grouped(mark: str) -> str:
    """Regular expression of the digits before the mark: plain, or with one kind of separator.

    Groups do not begin with a zero: 0.500 is no five hundred, whatever the mark.
    """
    usual = r"[1-9]\d{0,2}(?:\.\d{3})+" if mark == "," else r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}"
    return rf"\d+|{usual}|\d{{1,3}}(?: \d{{3}})+|{_APOSTROPHES}"


def _shape(mark: str) -> str:
    return rf"^[+-]?(?:{_grouped(mark)})(?:{'[.]' if mark == '.' else ','}\d+)?$"


def _exact(places: int) -> str:
    """What is cast as it stands: digits, a point, no more places than wanted but for zeros."""
    fraction = rf"\d{{1,{places}}}0*" if places else "0+"
    return rf"^-?0*\d{{1,{_MOST_DIGITS}}}(?:\.{fraction})?$"


def _plain(column: pl.Expr, mark: str) -> pl.Expr:
    """A text of the right shape in plain spelling: no grouping, a point, no plus."""
    bare = column.str.replace_all(f"[ '{_CURLY},+]" if mark == "." else f"[ '{_CURLY}.+]", "")
    return bare if mark == "." else bare.str.replace(",", ".", literal=True)


def _mark(decimal: Mark) -> str:
    """The decided mark; where nothing had to be decided, no number has one."""
    return "," if decimal == "," else "."


def _as_they_are(texts: pl.Series) -> pl.Series:
    return texts


def _read(column: pl.Expr, decimal: Mark, places: int, undress: Undress = _as_they_are) -> Change:
    """The number; ``undress`` takes off what stands around it."""
    mark = _mark(decimal)

    def spell(texts: pl.Series) -> pl.Series:
        return _plainly_spelt(texts, mark, places, undress)

    plain = column.map_batches(spell, return_dtype=pl.String, is_elementwise=True)
    bare = column.map_batches(undress, return_dtype=pl.String, is_elementwise=True)
    return Change(plain.cast(DECIMAL, strict=False), _faults(bare, mark, places))


def _plainly_spelt(texts: pl.Series, mark: str, places: int, undress: Undress) -> pl.Series:
    """Numbers as the cast wants them, null for what it would alter or is none.

    Most columns hold nothing but such numbers, so only the other texts are looked at closely.
    """
    if mark == ".":
        exact = texts.str.contains(_exact(places))
        if exact.all():
            return texts
        others = (~exact).arg_true()
    else:
        others = texts.is_not_null().arg_true()
    if not len(others):
        return texts
    text = pl.col("text")
    plain = _plain(text, mark)
    right = text.str.contains(_shape(mark)) & plain.str.contains(_exact(places))
    bare = undress(texts.gather(others)).to_frame("text")
    return texts.scatter(others, bare.select(pl.when(right).then(plain)).to_series())


def _faults(column: pl.Expr, mark: str, places: int) -> tuple[Fault, ...]:
    other = "," if mark == "." else "."
    plain = _plain(column, mark)
    right = column.str.contains(_shape(mark))
    return (
        spreadsheet_error(column),
        Fault(
            "scientific_notation",
            "is in scientific notation, in which digits are lost; write all its digits",
            column.str.contains(_EXPONENT),
        ),
        Fault(
            "number_in_parentheses",
            "stands in parentheses; add `parentheses: true` to money if that means negative",
            column.str.contains(_PARENTHESES),
        ),
        Fault(
            "too_many_decimals",
            f"has more than {places} digits after the decimal mark; round it, or raise `places`",
            right & plain.str.contains(rf"\.\d{{{places}}}\d*[1-9]\d*$"),
        ),
        Fault(
            "number_too_large",
            f"has more than {_MOST_DIGITS} digits before the decimal mark; correct it",
            right,
        ),
        Fault(
            "wrong_decimal_mark",
            f'is a number only with the decimal mark "{other}", but in this column it is '
            f'"{mark}"; correct it, or set `decimal`',
            column.str.contains(_shape(other)),
        ),
        Fault("not_a_number", "is not a number; correct it, or list it under missing_values"),
    )


def number(column: pl.Expr, decimal: Mark = "auto", places: int = 6) -> Change:
    """An exact decimal number; thousands separators are understood.

    >>> number("1,234.5", decimal=".")
    1234.500000
    >>> number("1.234,5", decimal=",")
    1234.500000
    >>> number("1e3")
    scientific_notation
    >>> number(" 7 ")
    not_a_number
    >>> number("#N/A")
    spreadsheet_error
    """
    return _read(column, decimal, places)


def _without_currency(texts: pl.Series) -> pl.Series:
    """``EUR 5``, ``-$5``, ``5 kr`` without the currency; the number itself is untouched."""
    return texts.str.replace(_CURRENCY_BEFORE, "${1}${2}").str.replace(_CURRENCY_AFTER, "${1}${2}")


def _signed(texts: pl.Series) -> pl.Series:
    """Without the currency, and with a minus for parentheses."""
    return _without_currency(texts).str.replace(_PARENTHESES, "-${1}")


def _without_percent(texts: pl.Series) -> pl.Series:
    return texts.str.replace(r"\s*%$", "")


def money(
    column: pl.Expr, places: int = 2, decimal: Mark = "auto", *, parentheses: bool = False
) -> Change:
    """An amount of money: currency sign or code dropped, more digits than `places` refused.

    >>> money("€ 1.234,50", decimal=",")
    1234.500000
    >>> money("USD 1,234.50")
    1234.500000
    >>> money("1.239")
    too_many_decimals
    >>> money("(12.50)", parentheses=True)
    -12.500000
    """
    return _read(column, decimal, places, _signed if parentheses else _without_currency)


def percent(column: pl.Expr, decimal: Mark = "auto", *, fraction: bool = False) -> Change:
    """A number from 0 to 100, with or without a percent sign; `fraction` reads 0.4 as 40.

    >>> percent("40%")
    40.000000
    >>> percent("0.4", fraction=True)
    40.000000
    >>> percent("140")
    not_a_percentage
    """
    read = _read(column, decimal, 6, _without_percent)
    value = read.value
    if fraction:
        factor = pl.when(column.str.ends_with("%")).then(1).otherwise(100)
        value = (value * factor).cast(DECIMAL)
    beyond = Fault(
        "not_a_percentage",
        "is not from 0 to 100; correct it",
        read.value.is_not_null(),
    )
    return Change(pl.when(value.is_between(0, 100)).then(value), (beyond, *read.faults))
