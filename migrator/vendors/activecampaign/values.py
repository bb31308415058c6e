"""Values as ActiveCampaign writes and reads them; and when two of them say the same.

A property is text all the way through a run. What is special about a type is decided here: money
is a whole number of cents, several choices are a list, of which the text is ``||one||two||`` (the
notation ActiveCampaign itself uses in imports).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from migrator.vendors.activecampaign.answers import text_of
from migrator.vendors.activecampaign.things import instant as read_instant
from migrator.vendors.shared import values
from migrator.vendors.shared.choices import Style
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.values import agree, decimal, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import tzinfo

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

_BAR = "||"

YES, NO = "Yes", "No"
"""Options of a field that we create for yes or no: ActiveCampaign has no type for it."""

_TRUTHS = ({"yes", "no"}, {"true", "false"})


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
        scaled = Decimal(values.number(amount)) * self._factor(currency)
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
        value = decimal(text_of(cents) or "")
        if value is None:
            return text_of(cents)
        text = format(value / self._factor(currency), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    def _factor(self, currency: str | None) -> int:
        whole = self.units and (currency or "").upper() in _ZERO_DECIMAL
        return 1 if whole else 100


# -- ours to text ----------------------------------------------------------------------------------


def text(value: str) -> str:
    """Any text."""
    return value


def day(value: str, zone: tzinfo) -> str:
    """A calendar day; of an instant the day it is in ``zone``."""
    moment = values.as_instant(value)
    if moment is None:
        return values.day(value)
    try:
        return moment.astimezone(zone).date().isoformat()
    except OverflowError:
        raise BadValue("invalid_date", f'"{value}" is no date such as 2026-03-31.') from None


def instant(value: str, zone: tzinfo) -> str:
    """An instant, to the second, with its offset, which the API insists on.

    A mere day becomes noon in ``zone``.
    """
    return values.instant(value, zone).isoformat(timespec="seconds")


def percent(value: str) -> str:
    """A probability from 0 to 100 as a whole number."""
    share = decimal(value)
    if share is None or not 0 <= share <= 100:
        raise BadValue("invalid_probability", f'"{value}" is no number from 0 to 100.')
    return str(int(share.to_integral_value()))


def is_truth(options: tuple[str, ...]) -> bool:
    """Whether the options of a single choice are yes and no."""
    return {folded(option) for option in options} in _TRUTHS


def joined(options: Iterable[str]) -> str:
    """Several options as one text.

    >>> joined(["a", "b"]), joined([])
    ('||a||b||', '')
    """
    inner = _BAR.join(options)
    return f"{_BAR}{inner}{_BAR}" if inner else ""


def parted(value: str) -> list[str]:
    """The options of such a text.

    >>> parted("||a||b||"), parted("a")
    (['a', 'b'], ['a'])
    """
    return [part for part in value.split(_BAR) if part]


SEVERAL = Style(separator=r";|\|\|", join=joined)
"""ActiveCampaign does not always check options."""

TRUTH = Style(synonyms={"true": "yes", "false": "no", "yes": "true", "no": "false"})
"""A field for yes or no may have the options that we gave it, or somebody else's."""


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


# -- text to canonical text ------------------------------------------------------------------------


def plain(value: str) -> str:
    """A number without an exponent and without zeros at its end; other text as it is.

    >>> plain("1234.50"), plain("1E+3"), plain("-0"), plain("many")
    ('1234.5', '1000', '0', 'many')
    """
    found = decimal(value)
    if found is None:
        return value
    digits = format(found, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in {"-0", ""} else digits


def moment(value: str) -> str:
    """An instant as canonical text has it; other text as it is.

    >>> moment("2026-03-31T11:00:00+02:00"), moment("soon")
    ('2026-03-31T09:00:00Z', 'soon')
    """
    found = read_instant(value)
    return values.zulu(found) if found else value


def truth(value: str) -> str:
    """An option that means yes or no as ``true`` or ``false``; other text as it is.

    >>> truth("Yes"), truth("false"), truth("Perhaps")
    ('true', 'false', 'Perhaps')
    """
    meant = folded(value)
    if meant in {"yes", "true"}:
        return "true"
    return "false" if meant in {"no", "false"} else value


def host(url: str | None) -> str:
    """The host of a website, without www.

    >>> host("https://www.Acme.example/start"), host("acme.example"), host(None)
    ('acme.example', 'acme.example', '')
    """
    if not url:
        return ""
    try:
        found = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    return found.casefold().removeprefix("www.")


# -- comparing -------------------------------------------------------------------------------------


def same(kind: str | None, ours: str, held: str | None) -> bool:
    """Whether two texts of a property say the same.

    Numbers by value, instants by instant, choices of several as sets, texts whatever their line
    ends. Of a property whose kind is not known (None), numbers and instants are tried.
    """
    tried = [_MEANINGS.get(kind, lines)] if kind is not None else [lines, decimal, read_instant]
    return any(agree(meaning, ours, held) for meaning in tried)


def _set(value: str) -> frozenset[str]:
    return frozenset(parted(value))


_MEANINGS: Mapping[str, Callable[[str], object]] = {
    "number": decimal,
    "date": read_instant,
    "datetime": read_instant,
    "choices": _set,
    "code": folded,
}
"""What of a value counts, per kind; ``code`` is for currencies and addresses."""
