"""How the page says numbers, times and the names of things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from decimal import Decimal

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_KILO = 1_024


class Named(NamedTuple):
    """A step of the waterfall: its name in a picture, and what it means."""

    short: str
    long: str


STEPS = {
    "source": Named("in the source", "Rows in the source"),
    "rejected": Named("rejected", "Rejected: turned down by the rules or the check, not sent"),
    "parked": Named("parked", "Parked: waits for a contact or company that was turned down"),
    "merged": Named("merged", "Merged: part of another row's record"),
    "refused": Named("refused", "Refused: turned down by the CRM"),
    "unknown": Named("unknown", "Unknown: a person has to look whether it was written"),
    "left": Named("not loaded yet", "Not loaded yet"),
    "created": Named("created", "Created"),
    "updated": Named("updated", "Updated: was there, and was changed"),
    "unchanged": Named("unchanged", "Unchanged: was there, and says the same"),
    "account": Named("in the account", "In the account, by the books"),
    "verified": Named("verified", "Verified: read back from the account, the same"),
    "written": Named("had been in", "Had been in the account, before it was taken back"),
    "back": Named("taken back", "Taken back: deleted again, or given the values of before"),
    "kept": Named("kept", "Kept: somebody has changed it since, or others use it"),
    "failed": Named("not taken back", "Could not be taken back"),
    "waiting": Named("to be taken back", "To be taken back still"),
    "untouched": Named("never changed", "Never changed: was there before, and said the same"),
    "remains": Named("stays", "Stays in the account, of what had been in"),
    "mended": Named("mended", "Amounts that were mended for retries"),
    "difference": Named("not explained", "Money that no step explains"),
}

CURRENCY = "no currency"
"""For amounts without one."""


def number(value: Decimal | float) -> str:
    """A whole number with its thousands apart.

    >>> number(1200)
    '1,200'
    """
    return f"{value:,.0f}"


def amount(value: Decimal) -> str:
    """An amount of money with two digits behind the mark, more if it has more.

    >>> from decimal import Decimal
    >>> amount(Decimal("1234.5")), amount(Decimal("0.125"))
    ('1,234.50', '0.125')
    """
    exponent = value.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{value:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def compact(value: Decimal | float) -> str:
    """An amount for an axis.

    >>> compact(1_500_000), compact(2_500), compact(0)
    ('1.5 M', '2.5 k', '0')
    """
    number = float(value)
    for size, letter in ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


def percent(part: float, whole: float) -> str:
    """A share; a dash for none of nothing.

    >>> percent(1171, 1200), percent(1, 100000), percent(99999, 100000)
    ('97.6 %', '< 0.1 %', '> 99.9 %')
    """
    if not whole:
        return "\N{EN DASH}"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %"


def span(seconds: float) -> str:
    """A length of time.

    >>> span(0), span(45), span(150), span(7200), span(172800)
    ('0 s', '45 s', '2 min 30 s', '2 h', '2 d')
    """
    left = round(seconds)
    if left < _MINUTE:
        return f"{left} s"
    for size, name, small, smaller in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if left >= size:
            rest = left % size // small
            return f"{left // size} {name}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError(left)


def size(count: int) -> str:
    """The size of a file.

    >>> size(100), size(50737), size(3 << 20)
    ('100 bytes', '50 kB', '3.0 MB')
    """
    if count < _KILO:
        return f"{count} bytes"
    if count < _KILO * _KILO:
        return f"{count / _KILO:.0f} kB"
    return f"{count / _KILO / _KILO:.1f} MB"


def when(text: str | None) -> str:
    """An instant in UTC, to the minute.

    >>> when("2026-11-22T10:04:31+00:00"), when(None)
    ('2026-11-22 10:04 UTC', '')
    """
    return f"{text[:10]} {text[11:16]} UTC" if text else ""


def breakable(text: str) -> Markup:
    """A long word with places at which a line may end.

    >>> breakable("not_a_<date>")
    Markup('not_<wbr>a_<wbr>&lt;date&gt;')
    """
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[_@.])(?=\w|<)", text))
