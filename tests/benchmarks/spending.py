"""Requests per 10,000 deals in each CRM's sandbox, beside the least that its API allows."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.model import Action, ObjectType, Op
from migrator.runs.target import connected
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Mapping

DEALS = 10_000
_CHANGED = 100
"""One deal in so many is changed."""

_CONTACTS = ObjectType.CONTACTS
_HOUR = 3_600.0
_TEMPLATE = """
name: spending
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Renewals}
  stage: {from: stage}
  amount: {from: amount}
  contacts: {from: contact, on_missing: park}
create:
  pipelines:
    - label: Renewals
      stages:
        - {label: Due}
        - {label: Won, status: won}
        - {label: Lost, status: lost}
"""


@dataclass(frozen=True)
class Place:
    """A CRM in which deals are loaded."""

    vendor: str
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


PLACES = (
    Place("hubspot"),
    Place("brevo", {"pipelines": {"Renewals": ["Due", "Won", "Lost"]}}),
    Place("activecampaign", settings={"default_contact": "p1@example.com"}),
)

CASES = ("new", "unchanged", "1 % changed")


@dataclass(frozen=True)
class Spent:
    """Requests of one case, by endpoint."""

    vendor: str
    case: str
    requests: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.requests.values())


def spend(count: int = DEALS) -> list[Spent]:
    """Load so many deals into each CRM's sandbox: new, again unchanged, one in a hundred changed.

    Every deal has one contact, which is there; fields and pipelines are there as well.
    """
    found = []
    for place in PLACES:
        with tempfile.TemporaryDirectory() as folder:
            found += _spent(place, Path(folder), count)
    return found


def _spent(place: Place, folder: Path, count: int) -> list[Spent]:
    rehearsal = Rehearsal(
        folder, options=place.options, vendor=place.vendor, settings=place.settings
    )
    _add_contacts(rehearsal, count)
    template = rehearsal.template(_TEMPLATE)
    first = rehearsal.source(_file(1, prefix="first"), "first.csv")
    rehearsal.load(template, first)  # sets fields and pipeline up
    found = []
    for case in CASES:
        rehearsal.clock.seconds += _HOUR
        rehearsal.sandbox.requests.clear()
        changed = case == CASES[-1]
        source = rehearsal.source(_file(count, changed=changed), "deals.csv")
        report = rehearsal.load(template, source)
        wanted = {"new": count, "unchanged": 0, "1 % changed": count // _CHANGED}[case]
        if report.rows["created"] + report.rows["updated"] != wanted:
            raise SystemExit(f"{place.vendor}, {case}: {report.rows} where {wanted} were to write")
        requests = Counter(rehearsal.sandbox.requests)
        found.append(Spent(place.vendor, case, dict(requests.most_common())))
    return found


def _file(count: int, *, prefix: str = "k", changed: bool = False) -> str:
    def amount(n: int) -> str:
        return f"{n + 0.25:.2f}" if changed and n % _CHANGED == 0 else f"{n}.50"

    return deals(
        count,
        id=lambda n: f"{prefix}{n}",
        stage=lambda n: ["Due", "Won", "Lost"][n % 3],
        contact=lambda n: f"p{n}@example.com",
        amount=amount,
    )


def _add_contacts(rehearsal: Rehearsal, count: int) -> None:
    space = rehearsal.workspace()

    async def create() -> None:
        async with connected(rehearsal.target, space) as session:
            vendor = session.vendor
            await session.account([_CONTACTS])
            names = [f"p{n}@example.com" for n in range(1, count + 1)]
            ops = [
                Op(n, _CONTACTS, Action.CREATE, name, None, vendor.parent(_CONTACTS, name))
                for n, name in enumerate(names, 1)
            ]
            size = vendor.capabilities.batch[_CONTACTS, Action.CREATE]
            for start in range(0, len(ops), size):
                await vendor.write(_CONTACTS, Action.CREATE, ops[start : start + size])

    rehearsal.clock.run(create())
    rehearsal.clock.seconds += _HOUR
    space.close()


# -- the least -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Need:
    """Requests that no client can do without.

    Attributes:
        what: in words.
        each: deals that one request serves; 0 = one request in all.
        of: which deals it has to serve.
    """

    what: str
    each: int
    of: str = "all"

    def requests(self, count: int) -> int:
        """How many for so many deals."""
        served = count // _CHANGED if self.of == "changed" else count
        return -(-served // self.each) if self.each else 1


_HUBSPOT_CONTACTS = Need("contacts' ids by e-mail, 100 a batch read", 100)
_HUBSPOT_DEALS = Need("pages of 100 deals, with their links", 100)
_BREVO_CONTACTS = Need("pages of 1,000 contacts, of another quota", 1_000)
_BREVO_DEALS = Need("pages of 1,000 deals", 1_000)
_BREVO_IMPORT = (Need("file of deals", 0), Need("look whether it is worked off", 0))
_AC_CONTACTS = Need("pages of 100 contacts", 100)
_AC_DEALS = (Need("pages of 100 deals", 100), Need("pages of their 100 key fields", 100))

NEEDS: Mapping[tuple[str, str], tuple[Need, ...]] = {
    ("hubspot", "new"): (_HUBSPOT_CONTACTS, Need("creates of 100 deals with their links", 100)),
    ("hubspot", "unchanged"): (_HUBSPOT_CONTACTS, _HUBSPOT_DEALS),
    ("hubspot", "1 % changed"): (
        _HUBSPOT_CONTACTS,
        _HUBSPOT_DEALS,
        Need("updates of 100 deals", 100, "changed"),
    ),
    ("brevo", "new"): (_BREVO_CONTACTS, *_BREVO_IMPORT, _BREVO_DEALS),
    ("brevo", "unchanged"): (_BREVO_CONTACTS, _BREVO_DEALS),
    ("brevo", "1 % changed"): (_BREVO_CONTACTS, _BREVO_DEALS, *_BREVO_IMPORT),
    ("activecampaign", "new"): (_AC_CONTACTS, Need("creates of one deal", 1)),
    ("activecampaign", "unchanged"): (_AC_CONTACTS, *_AC_DEALS),
    ("activecampaign", "1 % changed"): (
        _AC_CONTACTS,
        *_AC_DEALS,
        Need("updates of one deal", 1, "changed"),
    ),
}
"""What an API makes necessary to know every deal's contact, to know the ids of what was written,
and to compare with what is there. Files of HubSpot's imports API would create deals in fewer; but
of a deal that a file creates no answer tells the id, so that each has to be read back as well."""

WHY: Mapping[str, str] = {
    "hubspot": "describing the account (6) and looking whether it holds deals (2, or 1 search); "
    "deals are read by key, so that those of others are not, and such a read shows no links: these "
    "are read of 1,000 deals a request",
    "brevo": "describing the account (4); a full last page of contacts, and of deals, may be "
    "followed by another (1 each); another look whether the file is worked off, and another at the "
    "newest deals, of which somebody else may have written some since",
    "activecampaign": "describing the account (4); a first look at its deals, their key fields and "
    "their links (3); a full last page may be followed by another (1 each)",
}
"""What the difference is made of."""


def least(vendor: str, case: str, count: int = DEALS) -> int:
    """Requests that the API makes necessary for so many deals.

    >>> least("hubspot", "new"), least("activecampaign", "1 % changed")
    (200, 400)
    """
    return sum(need.requests(count) for need in NEEDS[vendor, case])
