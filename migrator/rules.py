"""Rules: named checks, each a column expression to a boolean expression.

True = the value is fine, False = the row is turned down with the rule's name as its code. A blank
(null) gives null, which is fine too, except for ``required``: whether a value must be there and
what it must look like are two questions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import polars as pl

from migrator.catalogue import DECIMAL, Info, Kind, Number, describe
from migrator.currencies import CURRENCIES
from migrator.spreadsheets import is_error_column

_PLACE = Decimal(1).scaleb(-DECIMAL.scale)
"""The last place that numbers have."""

_NAME = r"[^\s@,;:<>()\[\]\\\"]"
_LABEL = r"[^\s@,;:<>()\[\]\\\".]"
_EMAIL = rf"^{_NAME}+@{_LABEL}+(?:[.]{_LABEL}+)*[.]{_LABEL}{{2,}}$"
_URL = r"^(?i:https?)://[^\s/?#.]+(?:\.[^\s/?#.]+)*(?::\d{1,5})?(?:[/?#]\S*)?$"
_NUMBER = r"^-?\d+(?:\.\d+)?$"
_HTML = r"(?i)</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d{1,6});"


def required(column: pl.Expr) -> pl.Expr:
    """The value must be there.

    >>> required(None)
    False
    >>> required("x")
    True
    """
    return column.is_not_null()


def unique(column: pl.Expr) -> pl.Expr:
    """No other row may have the same value; every row that shares one is turned down.

    >>> unique("x")
    True
    """
    return column.is_unique() | column.is_null()


def max_length(column: pl.Expr, most: int) -> pl.Expr:
    """At most so many characters.

    >>> max_length("abcd", most=3)
    False
    >>> max_length("äöü", most=3)
    True
    """
    return column.str.len_chars() <= most


def min_length(column: pl.Expr, least: int) -> pl.Expr:
    """At least so many characters.

    >>> min_length("ab", least=3)
    False
    """
    return column.str.len_chars() >= least


def pattern(column: pl.Expr, regex: str) -> pl.Expr:
    """The whole text must match a regular expression (no look-around).

    >>> pattern("AB-17", regex="[A-Z]+-[0-9]+")
    True
    >>> pattern("AB-17b", regex="[A-Z]+-[0-9]+")
    False
    """
    return column.str.contains(f"^(?:{regex})$", strict=True)


def one_of(column: pl.Expr, values: tuple[str, ...]) -> pl.Expr:
    """One of the listed values, letter by letter.

    >>> one_of("new", values=["New", "Old"])
    False
    >>> one_of("New", values=["New", "Old"])
    True
    """
    return column.is_in(list(values))


def not_one_of(column: pl.Expr, values: tuple[str, ...]) -> pl.Expr:
    """None of the listed values, whatever their letter case.

    >>> not_one_of("TEST", values=["test", "dummy"])
    False
    """
    return ~column.str.to_lowercase().is_in([value.lower() for value in values])


def starts_with(column: pl.Expr, prefix: str) -> pl.Expr:
    """The text must begin with this one.

    >>> starts_with("OPP-1", prefix="OPP-")
    True
    """
    return column.str.starts_with(prefix)


def ends_with(column: pl.Expr, suffix: str) -> pl.Expr:
    """The text must end with this one.

    >>> ends_with("ann@example.com", suffix="@example.com")
    True
    """
    return column.str.ends_with(suffix)


def contains(column: pl.Expr, text: str) -> pl.Expr:
    """The text must contain this one.

    >>> contains("Renewal 2026", text="Renewal")
    True
    """
    return column.str.contains(text, literal=True)


def number(column: pl.Expr) -> pl.Expr:
    """A plain decimal number: digits, one point at most, no exponent.

    >>> number("-12.50")
    True
    >>> number("1e3")
    False
    >>> number("1,234")
    False
    """
    return column.str.contains(_NUMBER)


def integer(column: pl.Expr) -> pl.Expr:
    """A whole number written with digits only.

    >>> integer("12")
    True
    >>> integer("12.0")
    False
    """
    return column.str.contains(r"^-?\d+$")


def whole(column: pl.Expr) -> pl.Expr:
    """A number without a fraction.

    >>> whole(Decimal("12.00"))
    True
    >>> whole(Decimal("12.50"))
    False
    """
    return column == column.round(0)


def number_range(column: pl.Expr, min: Number | None = None, max: Number | None = None) -> pl.Expr:
    """A number from `min` to `max`, both included.

    >>> number_range(Decimal("-0.01"), min=0)
    False
    >>> number_range(Decimal("100"), min=0, max=100)
    True
    """
    return _between(column, _bound(min, ROUND_CEILING), _bound(max, ROUND_FLOOR))


def decimal_places(column: pl.Expr, most: int) -> pl.Expr:
    """At most so many digits after the point that are not zero.

    >>> decimal_places(Decimal("1.239"), most=2)
    False
    >>> decimal_places(Decimal("1.230"), most=2)
    True
    """
    return column == column.round(most)


def date_range(column: pl.Expr, min: date | None = None, max: date | None = None) -> pl.Expr:
    """A date from `min` to `max`, both included; of an instant, its date in UTC counts.

    >>> date_range(date(1999, 12, 31), min=date(2000, 1, 1))
    False
    >>> date_range(date(2000, 1, 1), min=date(2000, 1, 1))
    True
    """
    least, most = (None if day is None else pl.lit(day) for day in (min, max))
    return _between(column.cast(pl.Date), least, most)


def email(column: pl.Expr) -> pl.Expr:
    """One e-mail address.

    >>> email("ann.lee+crm@example.co.uk")
    True
    >>> email("ann@example")
    False
    >>> email("Ann <ann@example.com>")
    False
    """
    return column.str.contains(_EMAIL)


def url(column: pl.Expr) -> pl.Expr:
    """A web address that begins with http:// or https://.

    >>> url("https://example.com/a?b=1")
    True
    >>> url("example.com")
    False
    """
    return column.str.contains(_URL)


def domain(column: pl.Expr) -> pl.Expr:
    """The bare domain name of a company.

    >>> domain("example.co.uk")
    True
    >>> domain("https://example.com")
    False
    """
    return column.str.contains(r"^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,63}$")


def phone(column: pl.Expr) -> pl.Expr:
    """A telephone number: 6 to 15 digits with the usual signs between them.

    >>> phone("+33 (0)1 23-45.67 89")
    True
    >>> phone("call Bob")
    False
    """
    digits = column.str.count_matches(r"\d")
    shape = column.str.contains(r"^\+?[\d\s().\-/]+(?i:\s*(?:x|ext\.?)\s*\d{1,6})?$")
    return shape & digits.is_between(6, 21)


def currency_code(column: pl.Expr) -> pl.Expr:
    """A currency code of ISO 4217 in capitals.

    >>> currency_code("EUR")
    True
    >>> currency_code("€")
    False
    """
    return column.is_in(sorted(CURRENCIES))


def no_formula(column: pl.Expr) -> pl.Expr:
    """Nothing that a spreadsheet would run as a formula, and no formula's error.

    >>> no_formula("=HYPERLINK(1)")
    False
    >>> no_formula("#REF!")
    False
    >>> no_formula("-12.50")
    True
    >>> no_formula("- item")
    False
    """
    suspicious = column.str.contains(r"^[=+\-@\t\r]")
    harmless = column.str.contains(r"^[+\-][\d\s.,()/]+$")
    return (~suspicious | harmless) & ~is_error_column(column)


def no_html(column: pl.Expr) -> pl.Expr:
    """No HTML tags and no character references.

    >>> no_html("<b>big</b> deal")
    False
    >>> no_html("a < b & c > d")
    True
    """
    return ~column.str.contains(_HTML)


def no_control_characters(column: pl.Expr) -> pl.Expr:
    r"""No characters that cannot be seen, except tab and line break.

    >>> no_control_characters("a\x00b")
    False
    >>> no_control_characters("two\nlines")
    True
    """
    return ~column.str.contains(r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}]")


def no_line_break(column: pl.Expr) -> pl.Expr:
    r"""One line only.

    >>> no_line_break("two\nlines")
    False
    """
    return ~column.str.contains(r"[\r\n]")


def well_encoded(column: pl.Expr) -> pl.Expr:
    """No sign of a file that was read in the wrong encoding.

    >>> well_encoded("CafÃ©")
    False
    >>> well_encoded("Café")
    True
    """
    return ~column.str.contains(r"\x{FFFD}|[ÃÂ][\x{80}-\x{BF}]|â€|ï»¿")


def _between(column: pl.Expr, least: pl.Expr | None, most: pl.Expr | None) -> pl.Expr:
    checks = [column >= least] if least is not None else []
    checks += [column <= most] if most is not None else []
    return pl.all_horizontal(checks) if checks else column.is_not_null()


def _bound(number: Decimal | None, rounding: str) -> pl.Expr | None:
    """A bound in the places that numbers have, rounded to where it allows the same numbers.

    By way of its digits: given a decimal, polars imports numpy where that is installed, which takes
    a tenth of a second.
    """
    if number is None:
        return None
    exact = Context(DECIMAL.precision, rounding)
    return pl.lit(f"{exact.quantize(Decimal(number), _PLACE):f}").cast(DECIMAL)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in the table.

    Attributes:
        check: the column and the parameters to the boolean expression.
        message: ends the sentence that begins with the value; ``{name}`` stands for a parameter.
        accepts: the kinds of values it can look at; text rules look at each item of a list.
        whole_column: whether it has to see all rows at once.
    """

    check: Callable[..., pl.Expr]
    message: str
    accepts: frozenset[Kind] = frozenset({Kind.TEXT, Kind.TEXTS})
    whole_column: bool = False


_ALL = frozenset(Kind)
_DECIMAL = frozenset({Kind.DECIMAL})
_DATES = frozenset({Kind.DATE, Kind.DATETIME})

RULES: dict[str, Rule] = {
    "required": Rule(required, "must not be blank; fill it in, or give the field a default", _ALL),
    "unique": Rule(
        unique,
        "stands in more than one row; keep one of them",
        _ALL - {Kind.TEXTS},
        whole_column=True,
    ),
    "max_length": Rule(
        max_length, "is longer than {most} characters; shorten it, or add the transform truncate"
    ),
    "min_length": Rule(min_length, "is shorter than {least} characters; complete it"),
    "pattern": Rule(pattern, "does not look like {regex}; correct it"),
    "one_of": Rule(one_of, "is none of {values}; correct it, or map it under values"),
    "not_one_of": Rule(not_one_of, "is not allowed here ({values} are not); replace it"),
    "starts_with": Rule(starts_with, 'does not begin with "{prefix}"; correct it'),
    "ends_with": Rule(ends_with, 'does not end with "{suffix}"; correct it'),
    "contains": Rule(contains, 'does not contain "{text}"; correct it'),
    "number": Rule(number, "is no plain number such as -1234.50; correct it"),
    "integer": Rule(integer, "is no whole number such as 12; correct it"),
    "whole": Rule(whole, "has a fraction; round it", _DECIMAL),
    "number_range": Rule(
        number_range, "is outside of what is allowed (min {min}, max {max}); correct it", _DECIMAL
    ),
    "decimal_places": Rule(
        decimal_places, "has more than {most} digits after the point; round it", _DECIMAL
    ),
    "date_range": Rule(
        date_range, "is outside of what is allowed (min {min}, max {max}); correct it", _DATES
    ),
    "email": Rule(email, "is no e-mail address such as ann@example.com; correct it"),
    "url": Rule(url, "is no web address such as https://example.com; complete it"),
    "domain": Rule(domain, "is no domain such as example.com; shorten it to one"),
    "phone": Rule(phone, "is no telephone number of 6 to 15 digits; correct it"),
    "currency_code": Rule(
        currency_code, "is no ISO 4217 currency code such as EUR; correct it, or map it"
    ),
    "no_formula": Rule(no_formula, "is a formula of a spreadsheet, or the error of one; reword it"),
    "no_html": Rule(no_html, "contains HTML; add the transform html_to_text"),
    "no_control_characters": Rule(
        no_control_characters, "contains characters that cannot be seen; remove them"
    ),
    "no_line_break": Rule(no_line_break, "has several lines; add the transform collapse_spaces"),
    "well_encoded": Rule(
        well_encoded, "was read in a wrong encoding; name the right one, or add fix_encoding"
    ),
}
"""Every rule by the name a template calls it."""


def catalogue() -> list[Info]:
    """The reference of all rules, in the order of the table."""
    return [describe(name, rule.check) for name, rule in RULES.items()]


def evaluate(name: str, value: object, **arguments: object) -> bool:
    """Apply a rule to one value: what the examples in the docstrings show."""
    column = pl.Series("value", [value], dtype=_dtype_of(value)).to_frame()
    return bool(
        column.select(RULES[name].check(pl.col("value"), **arguments).fill_null(True))[0, 0]
    )


def _dtype_of(value: object) -> pl.DataType | None:
    if isinstance(value, Decimal):
        return Kind.DECIMAL.dtype
    return Kind.TEXT.dtype if value is None else None
