"""Values as ActiveCampaign writes and reads them; and when two of them say the same.

A property is text all the way through a run. What is special about a type is decided here: money
is a whole number of cents, several choices are a list, of which the text is ``||one||two||`` (the
notation ActiveCampaign itself uses in imports).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrator.errors import did_you_mean
from migrator.vendors.activecampaign.answers import text_of
from migrator.vendors.activecampaign.things import instant as read_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from migrator.model import FieldInfo
    from migrator.vendors.activecampaign.things import Datum, FieldMeta

KINDS: Mapping[str, str] = {
    "text": "text",
    "textarea": "text",
    "hidden": "text",
    "number": "number",
    "currency": "number",
    "date": "date",
    "datetime": "datetime",
    "dropdown": "choice",
    "radio": "choice",
    "multiselect": "choice",
    "checkbox": "choice",
}
"""The API's type of a field to ours."""

MULTIPLE = frozenset({"multiselect", "checkbox"})

LARGEST_CENTS = 2**31 - 1
"""The documented type of a deal's value has 32 bits."""

_ZERO_DECIMAL = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
"""Currencies without a small unit (ISO 4217)."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BAR = "||"

YES, NO = "Yes", "No"
"""Options of a field that we create for yes or no: ActiveCampaign has no type for it."""

_TRUTHS = ({"yes", "no"}, {"true", "false"})


class BadValue(ValueError):
    """A value that a field cannot take; ``code`` and text are for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wire:
    """A custom value as it goes out: text, number or list, with a currency for money."""

    value: object
    currency: str | None = None

    def content(self) -> dict[str, object]:
        """The keys that all operations on values share."""
        if self.currency is None:
            return {"fieldValue": self.value}
        return {"fieldValue": self.value, "fieldCurrency": self.currency}


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts and cents.

    UNCERTAIN: "times 100" is all the documentation says. With ``units``, currencies without a
    small unit are sent as they are; ``large`` allows more than the documented 32 bits.
    """

    units: bool = False
    large: bool = False

    def needs_currency(self) -> bool:
        """Whether cents cannot be told without knowing the currency."""
        return self.units

    def cents(self, amount: str, currency: str | None) -> str:
        """An amount in main units as a whole number of cents; Decimal, for floats lose some."""
        value = _decimal(amount)
        if value is None or not _NUMBER.fullmatch(amount.strip()):
            raise BadValue("invalid_number", f'"{amount}" is no plain decimal number such as 12.50')
        scaled = value * self._factor(currency)
        if scaled != scaled.to_integral_value():
            raise BadValue(
                "too_precise",
                f'"{amount}" is finer than ActiveCampaign keeps amounts, which is in cents. '
                "Round it in the template.",
            )
        return str(int(scaled))

    def deal_cents(self, amount: str, currency: str | None) -> str:
        """As ``cents``, within what a deal's value may be."""
        cents = self.cents(amount, currency)
        if int(cents) < 0:
            raise BadValue(
                "negative_amount", f'"{amount}" is below zero, which no deal\'s value may be.'
            )
        if int(cents) > LARGEST_CENTS and not self.large:
            raise BadValue(
                "amount_too_large",
                f'"{amount}" is more than 21,474,836.47, where the documented range of a deal\'s '
                "value ends. Set the option large_values=true once you have seen such a deal "
                "arrive unharmed.",
            )
        return cents

    def amount(self, cents: object, currency: str | None) -> str | None:
        """Cents as an amount in main units."""
        value = _decimal(text_of(cents) or "")
        if value is None:
            return text_of(cents)
        text = format(value / self._factor(currency), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    def _factor(self, currency: str | None) -> int:
        whole = self.units and (currency or "").upper() in _ZERO_DECIMAL
        return 1 if whole else 100


def zone_of(name: str | None) -> tzinfo:
    """The user's time zone; UTC when it is not known."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


# -- ours to text ----------------------------------------------------------------------------------


def text(value: str) -> str:
    """Any text."""
    return value


def number(value: str) -> str:
    """Digits with at most one decimal point."""
    if not _NUMBER.fullmatch(value.strip()):
        raise BadValue("invalid_number", f'"{value}" is no plain decimal number such as 1234.50.')
    return value.strip()


def day(value: str, zone: tzinfo) -> str:
    """A calendar day; of an instant the day it is in ``zone``."""
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(zone).date().isoformat()
    except (ValueError, OverflowError):
        pass
    raise BadValue("invalid_date", f'"{value}" is no date such as 2026-03-31.')


def instant(value: str, zone: tzinfo) -> str:
    """An instant, to the second, with its offset, which the API insists on.

    A mere day becomes noon in ``zone``: it shows as that day nearly everywhere.
    """
    try:
        if _DATE.fullmatch(value):
            moment = datetime.combine(date.fromisoformat(value), time(12), zone)
        else:
            moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        pass
    raise BadValue(
        "invalid_datetime",
        f'"{value}" is neither an instant such as 2026-03-31T09:00:00Z nor a date.',
    )


def percent(value: str) -> str:
    """A probability from 0 to 100 as a whole number."""
    share = _decimal(value)
    if share is None or not 0 <= share <= 100:
        raise BadValue("invalid_probability", f'"{value}" is no number from 0 to 100.')
    return str(int(share.to_integral_value()))


class Choice:
    """The options of a field, in any letter case. ActiveCampaign does not always check them."""

    def __init__(self, info: FieldInfo) -> None:
        self._info = info
        self._options = {option.strip().casefold(): option for option in info.options}

    def value(self, given: str) -> str:
        """The option as it is spelled there; several in bars: ``||one||two||``."""
        if not self._info.multiple:
            return self._one(given)
        whole = self._options.get(given.strip().casefold())
        parts = [whole] if whole else [p for p in re.split(r";|\|\|", given) if p.strip()]
        return joined(list(dict.fromkeys(self._one(part) for part in parts)))

    def _one(self, given: str) -> str:
        folded = given.strip().casefold()
        found = self._options.get(folded)
        if found is None and self._info.kind == "bool":
            same = {"true": "yes", "false": "no", "yes": "true", "no": "false"}.get(folded, "")
            found = self._options.get(same)
        if found is None:
            near = did_you_mean(given, self._info.options)
            raise BadValue("unknown_option", f'"{given}" is no option of {self._info.label}.{near}')
        return found


def is_truth(options: tuple[str, ...]) -> bool:
    """Whether the options of a single choice are yes and no."""
    return {option.strip().casefold() for option in options} in _TRUTHS


def joined(options: list[str]) -> str:
    """Several options as one text.

    >>> joined(["a", "b"])
    '||a||b||'
    """
    return f"{_BAR}{_BAR.join(options)}{_BAR}" if options else ""


def parted(value: str) -> list[str]:
    """The options of such a text.

    >>> parted("||a||b||"), parted("a")
    (['a', 'b'], ['a'])
    """
    return [part for part in value.split(_BAR) if part]


# -- text to the wire, and back --------------------------------------------------------------------


def to_wire(meta: FieldMeta, value: str, money: Money, currency: str | None) -> Wire:
    """A custom value as it goes out.

    Args:
        meta: the field.
        value: the text of the property.
        money: how amounts are written.
        currency: of the deal, for a field of money that has none of its own.
    """
    if meta.type in MULTIPLE:
        return Wire(parted(value))
    if meta.type == "currency":
        of_field = (meta.currency or currency or "").upper() or None
        return Wire(int(money.cents(value, of_field)), of_field)
    return Wire(value)


def from_wire(meta: FieldMeta, datum: Datum, money: Money) -> str | None:
    """The text of a custom value that is held; None when it is blank."""
    options = _options(datum.value)
    if meta.type in MULTIPLE:
        return joined(options) or None
    if KINDS.get(meta.type) == "choice":
        return _BAR.join(options) or None
    found = text_of(datum.value)
    if found is not None and meta.type == "currency":
        return money.amount(found, datum.currency or meta.currency)
    if found is not None and meta.type == "date":
        return None if found.startswith("0000") else found.replace("/", "-")[:10]
    if found is not None and meta.type == "datetime":
        moment = read_instant(found)
        return moment.isoformat(timespec="seconds") if moment else None
    return found


def _options(value: object) -> list[str]:
    """The options of a choice, whether they came as a list, in bars, or as one text."""
    if isinstance(value, list):
        return [str(item) for item in value if item not in (None, "")]
    return parted(text_of(value) or "")


# -- comparing -------------------------------------------------------------------------------------


def same(kind: str | None, ours: str, held: str | None) -> bool:
    """Whether two texts of a property say the same.

    Numbers by value, instants by instant, choices of several as sets, texts whatever their line
    ends. Of a property whose kind is not known (None), numbers and instants are tried.
    """
    if not held or not ours:
        return not held and not ours
    if ours == held:
        return True
    tried = [_MEANINGS.get(kind, _lines)]
    if kind is None:
        tried = [_lines, _decimal, _moment]
    for meaning in tried:
        meant = meaning(ours)
        if meant is not None and meant == meaning(held):
            return True
    return False


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n")


def _folded(value: str) -> str:
    return value.strip().casefold()


def _set(value: str) -> frozenset[str]:
    return frozenset(parted(value))


def _decimal(value: str) -> Decimal | None:
    try:
        found = Decimal(value.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _moment(value: str) -> datetime | None:
    return read_instant(value)


_MEANINGS: Mapping[str | None, Callable[[str], object]] = {
    "number": _decimal,
    "date": _moment,
    "datetime": _moment,
    "choices": _set,
    "code": _folded,
}
"""What of a value counts, per kind; ``code`` is for currencies and addresses."""
