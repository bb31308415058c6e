"""What two deals look like, and whether they may be one: a row of a file and a deal of an account.

Nobody guesses. Two deals are one when they say the same in all that is asked for, a blank being the
same as a blank. Where one of them says nothing, or their names differ in punctuation only, they may
be one: that is told, and a person decides.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from migrator.model import Held, ObjectType
from migrator.plan.rows import ignored_of
from migrator.template import Likeness
from migrator.vendors.outlook import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Account
    from migrator.template import Existing
    from migrator.vendors.base import Vendor

_SAYING = frozenset({"name", "amount", "currency", "close_date", "pipeline", "stage", "status"})
"""The canonical fields that tell what a deal looks like, and where it stands."""

_SINGLE = "\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u00b4\u0060\u2039\u203a"
_DOUBLE = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043"
_VARIANTS = str.maketrans(
    dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_DASHES, "-")
)
"""Quotation marks and dashes in the shapes that word processors and keyboards give them."""

_TELLING = frozenset("#&@%*/\\§¶†‡")
"""Punctuation, as Unicode sees it, that is a part of a name: C#, R&D, 50 %."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a deal says in the fields that are asked for; blank = nothing, or it is not asked for.

    Attributes:
        name: see :func:`folded_name`.
        rough: see :func:`rough_name`.
        amount: a plain number; an amount of nothing is blank, for some CRMs keep one for the other.
        currency: in capital letters; blank where currencies tell nothing apart.
        day: of closing, as people of the account see it.
        blank: whether it says nothing in any field that is asked for.
    """

    name: str
    rough: str
    amount: str
    currency: str
    day: str
    blank: bool

    @property
    def beginning(self) -> str:
        """How the places of all deals begin whose names are alike."""
        return f"{self.rough}\n"

    @property
    def place(self) -> str:
        """Under which it is found by deals that may be one with it."""
        return f"{self.beginning}{self.amount}\n{self.day}"

    def places(self) -> frozenset[str]:
        """Places of deals that may be one with it; of those that are blank, all are not known."""
        amounts, days = {self.amount, ""}, {self.day, ""}
        return frozenset(f"{self.beginning}{one}\n{day}" for one in amounts for day in days)

    def doubts(self, there: Look) -> tuple[str, ...] | None:
        """Why a deal of the account may be another one; None = it surely is another one."""
        if self.rough != there.rough:
            return None
        found = []
        if self.name != there.name:
            found.append("the names differ in their punctuation")
        for what, ours, theirs in (
            ("amount", self.amount, there.amount),
            ("close date", self.day, there.day),
        ):
            if ours and theirs and ours != theirs:
                return None
            if bool(ours) != bool(theirs):
                found.append(one_sided(what, in_file=bool(ours)))
        if self.amount and there.amount and self.currency != there.currency:
            return None
        return tuple(found)


def one_sided(what: str, *, in_file: bool) -> str:
    """That only one of two deals says something."""
    has, lacks = ("file", "account") if in_file else ("account", "file")
    return f"the {has} has the {what} and the {lacks} has none"


class Looks:
    """What the deals of an account, and of a file that is loaded into it, look like."""

    def __init__(self, vendor: Vendor, account: Account, rule: Existing) -> None:
        self._vendor = vendor
        self._account = account
        self._match = rule.match
        self._zone = zone_of(account)
        ignored = ignored_of(vendor.capabilities, ObjectType.DEALS)
        self._by_currency = "currency" not in ignored

    def of(self, values: Mapping[str, str]) -> Look | None:
        """The look of a deal in canonical fields; None where it has no name."""
        name = folded_name(values.get("name", ""))
        if not name:
            return None
        amount = day = currency = ""
        if Likeness.AMOUNT in self._match:
            amount = _amount(values.get("amount", ""))
            currency = self._currency(values)
        if Likeness.CLOSE_DATE in self._match:
            day = self._day(values.get("close_date", ""))
        blank = (Likeness.AMOUNT in self._match and not amount) or (
            Likeness.CLOSE_DATE in self._match and not day
        )
        return Look(name, rough_name(name), amount, currency, day, blank)

    def of_held(self, held: Held) -> Look | None:
        """The look of a deal of the account."""
        return self.of(self._vendor.decode(held, self._account))

    def properties(self) -> frozenset[str]:
        """The vendor's properties that say anything of it: one by one, what does each decode to?"""
        return frozenset(
            name
            for name in self._vendor.exported(ObjectType.DEALS, self._account)
            if _SAYING
            & self._vendor.decode(
                Held(ObjectType.DEALS, "", None, {name: "1"}), self._account
            ).keys()
        )

    def _currency(self, values: Mapping[str, str]) -> str:
        """A deal that names none is in the account's."""
        if not self._by_currency:
            return ""
        return (values.get("currency") or self._account.currency or "").upper()

    def _day(self, text: str) -> str:
        """The day of a date or an instant, as people of the account see it."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return ""
        if moment.tzinfo is not None and self._zone is not None:
            moment = moment.astimezone(self._zone)
        return moment.date().isoformat()


def folded_name(text: str) -> str:
    r"""A name whatever its letter case, spaces, and the shape of its quotation marks and dashes.

    >>> folded_name("  ACME \u2013 renewal  \u201926"), folded_name("Acme - Renewal '26")
    ("acme - renewal '26", "acme - renewal '26")
    >>> folded_name("C++") == folded_name("C#")
    False
    """
    # The compatibility caseless match of the Unicode Standard (D146).
    plain = unicodedata.normalize("NFD", text.translate(_VARIANTS)).casefold()
    plain = unicodedata.normalize("NFKD", plain).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_VARIANTS)
    return " ".join("".join(c for c in plain if unicodedata.category(c) != "Cf").split())


def rough_name(folded: str) -> str:
    """A folded name without punctuation, but for the signs that tell names apart.

    >>> rough_name("acme - renewal (26)"), rough_name("c++"), rough_name("???")
    ('acme renewal 26', 'c++', '???')
    """
    bare = "".join(
        " " if unicodedata.category(c).startswith("P") and c not in _TELLING else c for c in folded
    )
    return " ".join(bare.split()) or folded


def told(values: Mapping[str, str]) -> str:
    """A deal by what people know it by.

    >>> told({"name": "Roof", "amount": "120", "currency": "EUR"}), told({})
    ('"Roof" (120 EUR)', '"" (no amount)')
    """
    amount = f"{values.get('amount', '')} {values.get('currency', '')}".strip()
    return f'"{values.get("name", "")}" ({amount if values.get("amount") else "no amount"})'


def _amount(text: str) -> str:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return ""
    return format(found.normalize(), "f") if found.is_finite() and found else ""
