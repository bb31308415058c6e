"""An invented world of companies, people and deals, told by a seed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

FIRST_DAY = date(2025, 2, 3)
LAST_DAY = date(2026, 9, 30)
"""No deal is created before or closed after these days."""

STEPS = 5
"""How many open stages every layout's pipeline has."""


@dataclass(frozen=True, slots=True)
class Company:
    """A customer; a few have names beyond ASCII."""

    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a customer, or one of the sellers."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal in no CRM's terms.

    Attributes:
        number: from 1, in the order of creation.
        amount: with at most two places; None = not known yet.
        step: index of the open stage it stands in or was closed from.
        status: ``open``, ``won`` or ``lost``.
        closed: when it was won or lost, in UTC without a zone.
    """

    number: int
    name: str
    company: Company | None
    contacts: tuple[Person, ...]
    owner: Person
    amount: Decimal | None
    currency: str
    step: int
    status: str
    created: datetime
    expected: date | None
    closed: datetime | None
    lost_reason: str
    description: str
    contract: str

    @property
    def close_date(self) -> date | None:
        """The day it was closed, or is expected to be."""
        return self.closed.date() if self.closed else self.expected


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as an account keeps it; ``company`` is the one of the person's first deal."""

    number: int
    person: Person
    company: Company | None
    owner: Person
    created: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """A company as an account keeps it."""

    number: int
    company: Company
    owner: Person
    created: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about a deal: a title, and a text of one or more lines."""

    number: int
    deal: Deal
    author: Person
    written: datetime
    title: str
    text: str


OWNERS = (
    Person("Anna Berg", "anna.berg@example.com"),
    Person("Bruno Costa", "bruno.costa@example.com"),
    Person("Chloé Dubois", "chloe.dubois@example.com"),
    Person("Dev Patel", "dev.patel@example.com"),
)
"""The sellers; the sandboxes know them too."""

FORMER_OWNER = Person("Eva Novák", "eva.novak@example.com")
"""A seller who left; the sandboxes hold this user as deactivated."""

_FIRST_WORDS = (
    "Amberfield",
    "Bluequill",
    "Copperlane",
    "Dunmoor",
    "Eastwick",
    "Fernhollow",
    "Gullwing",
    "Hazelbrook",
    "Ironleaf",
    "Juniper",
    "Kestrelby",
    "Larkspur",
    "Mosswood",
    "Nettlecombe",
    "Oakhurst",
    "Pinemarsh",
    "Quietwater",
    "Rookwell",
    "Silverthorn",
    "Thistledown",
)
_TRADES = (
    "Logistics",
    "Robotics",
    "Dairy Cooperative",
    "Insurance Brokers",
    "Printworks",
    "Wind Energy",
)
_OTHER_COMPANIES = (
    ("Brückner & Söhne Feinwerkbau", "bruecknersoehne"),
    ("Atelier de l'Étang Doré", "etangdore"),
    ("Żółw Systemy", "zolwsystemy"),
    ("Padaria Três Moinhos", "tresmoinhos"),
    ("水車町電機", "suishamachi"),
    ("O'Garrity, Flood & Daughters", "ogarrityflood"),
    ('The "Little Harbour" Hotel', "littleharbour"),
    ("Ölandsbro Bygg", "olandsbro"),
)
_FIRST_NAMES = (
    "Alma",
    "Bastien",
    "Carla",
    "Dario",
    "Elif",
    "Frida",
    "Goran",
    "Hanna",
    "Ivo",
    "Jasmin",
    "Kofi",
    "Léa",
    "Matěj",
    "Nadia",
    "Óscar",
    "Priya",
    "Ronja",
    "Søren",
    "Tomás",
    "Yuki",
)
_LAST_NAMES = (
    "Abendroth",
    "Brightwell",
    "Castelo",
    "Dahlgren",
    "Eriksen",
    "Fontaine",
    "Grünwald",
    "Horák",
    "Iwasaki",
    "Jelinek",
    "Kowalczyk",
    "Lindqvist",
    "Marchetti",
    "Nyberg",
    "Okafor",
    "Peralta",
    "Quist",
    "Rasmussen",
    "Sørlie",
    "Tavares",
)
_WARES = (
    "Annual licence",
    "Onboarding package",
    "Warehouse sensors",
    "Support renewal",
    "Fleet tracking",
    "Payroll rollout",
    "Pilot: 3 sites",
    "Data room",
    "Extra seats (25)",
    "Training, two days",
)
_ODD_NAMES = (
    "🚀 Relaunch 2026 — phase two",
    "Ausschreibung Maßanfertigung (größer als üblich)",
    "Rénovation de l'accueil\nbâtiment B, 2ᵉ étage",
    'Said "yes" on the phone, needs paper',
    "新規案件:倉庫の自動化",
    "Framework agreement\r\nsee appendix\r\nand the side letter",
    "Kaffee ☕ & Kuchen; monthly",
    "Wartungsvertrag\tGerätepark",
    f"Replacement of all hand scanners in {', '.join(_FIRST_WORDS[:12])} and the other warehouses",
)
_REASONS = ("Price", "Went with another supplier", "No budget this year", "No answer")
_LONG = (
    "Long call with purchasing: they want the framework terms of last year, a price that holds for "
    "eighteen months, and one invoice per site. "
)


def _companies() -> tuple[Company, ...]:
    plain = (
        Company(f"{word} {trade}", f"{word}-{trade.split()[0]}.example".lower())
        for index, word in enumerate(_FIRST_WORDS)
        for trade in (_TRADES[index % 6], _TRADES[(index + 2) % 6])
    )
    return (*plain, *(Company(name, f"{domain}.example") for name, domain in _OTHER_COMPANIES))


def _ascii(name: str) -> str:
    plain = name.replace("ø", "o").replace("Ø", "O").replace("ł", "l")
    return unicodedata.normalize("NFD", plain).encode("ascii", "ignore").decode().lower()


def _people() -> tuple[Person, ...]:
    return tuple(
        Person(
            f"{first} {last}",
            f"{_ascii(first)}.{_ascii(last)}@example.{'org' if (i + j) % 3 else 'com'}",
        )
        for i, first in enumerate(_FIRST_NAMES)
        for j, last in enumerate(_LAST_NAMES)
        if (i + j) % 5 == 0
    )


COMPANIES = _companies()
"""All customers; domains end in ``.example``."""

PEOPLE = _people()
"""All contacts; addresses end in ``@example.com`` or ``@example.org``."""


_TALKS = (
    ("First call", "They asked for a price by Friday."),
    ("Visit", "Saw the warehouse.\nThey count by hand; two people, all day."),
    ("Terms", 'Wants "net 60", we said 30; Frau Grünwald decides.'),
    ("Références", "Envoyé trois références, à relancer après l'été."),
    ("Call", "Nobody there; left a message; call again next week."),
    ("Meeting", "Agreed:\n- delivery in two parts\n- training after Easter\n\nNo discount."),
    ("Mail", "Their purchasing has a new head & new rules: all offers in writing, < 5 pages."),
)


def contacts_of(deals: Iterable[Deal]) -> list[Contact]:
    """Everybody in :data:`PEOPLE`, as an account with these deals keeps them."""
    first: dict[Person, Deal] = {}
    for deal in deals:
        for person in deal.contacts:
            first.setdefault(person, deal)
    found = []
    for number, person in enumerate(PEOPLE):
        deal_of = first.get(person)
        found.append(
            Contact(
                number,
                person,
                deal_of.company if deal_of else None,
                deal_of.owner if deal_of else OWNERS[number % len(OWNERS)],
                deal_of.created if deal_of else datetime.combine(FIRST_DAY, time(8)),
            )
        )
    return found


def customers_of(deals: Iterable[Deal]) -> list[Customer]:
    """Every one of :data:`COMPANIES`, as an account with these deals keeps them."""
    first: dict[Company, Deal] = {}
    for deal in deals:
        if deal.company:
            first.setdefault(deal.company, deal)
    found = []
    for number, company in enumerate(COMPANIES):
        deal_of = first.get(company)
        found.append(
            Customer(
                number,
                company,
                deal_of.owner if deal_of else OWNERS[number % len(OWNERS)],
                deal_of.created if deal_of else datetime.combine(FIRST_DAY, time(8)),
            )
        )
    return found


def notes_on(rng: Random, deals: Sequence[Deal], count: int) -> list[Note]:
    """So many notes on some of these deals, oldest deal first; a deal may have several."""
    chosen = sorted(rng.choices(deals, k=count), key=lambda deal: deal.number)
    notes = []
    for number, deal in enumerate(chosen, start=1):
        title, text = rng.choice(_TALKS)
        written = deal.created + timedelta(days=rng.randrange(1, 5), minutes=rng.randrange(90))
        # Each has something of its own, so that none can be taken for another.
        notes.append(Note(number, deal, rng.choice(OWNERS), written, title, f"{text} ({number})"))
    return notes


def make_deals(rng: Random, count: int, currencies: Iterable[str] = ("EUR",)) -> list[Deal]:
    """So many deals, oldest first; the first of ``currencies`` is the most frequent."""
    codes = tuple(currencies)
    weights = [2**-place for place in range(len(codes))]
    days = (LAST_DAY - FIRST_DAY).days - 200
    # People make deals in office hours: no time falls into a change of the clocks.
    starts = sorted(
        rng.randrange(days) * 24 * 60 + rng.randrange(7 * 60, 18 * 60) for _ in range(count)
    )
    first = datetime.combine(FIRST_DAY, time())
    return [
        _deal(
            rng,
            number,
            first + timedelta(minutes=start, seconds=number % 60),
            rng.choices(codes, weights)[0],
        )
        for number, start in enumerate(starts, start=1)
    ]


def _deal(rng: Random, number: int, created: datetime, currency: str) -> Deal:
    status = rng.choices(("open", "won", "lost"), (5, 3, 2))[0]
    closed = created.replace(hour=rng.randrange(7, 18)) + timedelta(days=rng.randrange(5, 190))
    company = rng.choice(COMPANIES) if rng.random() < 0.95 else None
    odd = rng.random() < 0.02
    name = rng.choice(_ODD_NAMES) if odd else _name(rng.choice(_WARES), company, created.year)
    some = rng.sample(PEOPLE, rng.choices((0, 1, 2), (1, 8, 2))[0])
    return Deal(
        number=number,
        name=name,
        company=company,
        contacts=tuple(some),
        owner=rng.choice(OWNERS),
        amount=_amount(rng),
        currency=currency,
        step=rng.randrange(STEPS),
        status=status,
        created=created,
        expected=(created + timedelta(days=rng.randrange(20, 190))).date()
        if rng.random() < 0.9
        else None,
        closed=None if status == "open" else closed,
        lost_reason=_reason(rng) if status == "lost" else "",
        description=_description(rng),
        contract=f"CN-{created.year}-{rng.randrange(10_000):04}" if status == "won" else "",
    )


def _name(ware: str, company: Company | None, year: int) -> str:
    return f"{ware} {year}" if company is None else f"{ware} for {company.name}"


def _amount(rng: Random) -> Decimal | None:
    if rng.random() < 0.06:
        return None
    whole = rng.randrange(4, 900) * 50
    cents = rng.choice((0, 0, 0, 50, 99, rng.randrange(100)))
    return Decimal(whole * 100 + cents).scaleb(-2)


def _reason(rng: Random) -> str:
    reason = rng.choice(_REASONS)
    return f"{reason}. {_LONG * 3}".strip() if rng.random() < 0.03 else reason


def _description(rng: Random) -> str:
    kind = rng.choices(("none", "short", "lines", "long"), (60, 30, 8, 2))[0]
    if kind == "short":
        return rng.choice(("Call back in spring.", "Asked for references.", "Via the trade fair"))
    if kind == "lines":
        return "Agreed so far:\n- delivery in two parts\n- 30 days to pay"
    return (_LONG * rng.randrange(4, 30)).strip() if kind == "long" else ""
