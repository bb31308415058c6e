"""Whole loads into each CRM: the same file, the same promises, each within its own quota."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import MigratorError
from migrator.model import Action, ObjectType, Op
from migrator.runs.target import connected
from migrator.sandbox import Faults, Faulty
from migrator.vendors.base import records
from tests.support import SHARED, Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migrator.journal import Run
    from migrator.model import Held

CONTACTS, DEALS = ObjectType.CONTACTS, ObjectType.DEALS

TEMPLATE = """
name: everywhere
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Renewals}
  stage: {from: stage}
  amount: {from: amount}
  contacts: {from: contact, on_missing: park}
  companies: {from: company, on_missing: create}
  custom.region: {from: region}
  custom.segment: {from: segment}
create:
  fields:
    - {name: region, label: Region}
    - {name: segment, label: Segment}
  pipelines:
    - label: Renewals
      stages:
        - {label: Due}
        - {label: Won, status: won}
        - {label: Lost, status: lost}
"""
COMPANIES_TOO = "  companies: {from: company, on_missing: create}\n"
MAVEN = {"Hardware Sales": ["Prospecting", "Engaging", "Won", "Lost"]}


@dataclass(frozen=True)
class Place:
    """A CRM as these tests meet it.

    Attributes:
        options: of the sandbox; where pipelines cannot be created, they are there.
        settings: what the user sets.
    """

    vendor: str
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def rehearsal(self, folder: Path) -> Rehearsal:
        """An empty account."""
        return Rehearsal(folder, options=self.options, vendor=self.vendor, settings=self.settings)


PLACES = [
    Place("hubspot"),
    Place("brevo", {"pipelines": {"Renewals": ["Due", "Won", "Lost"], **MAVEN}}),
    Place("activecampaign", settings={"default_contact": "office@example.com"}),
]


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path) -> Rehearsal:
    """An empty account of each CRM, with one contact in it."""
    place: Place = request.param
    found = place.rehearsal(tmp_path)
    add_contacts(found, ["office@example.com"])
    return found


def add_contacts(rehearsal: Rehearsal, addresses: Sequence[str]) -> None:
    """Create contacts; the requests for them do not count."""
    space = rehearsal.workspace()

    async def create() -> None:
        async with connected(rehearsal.target, space) as session:
            vendor = session.vendor
            await session.account([CONTACTS])
            ops = [
                Op(n, CONTACTS, Action.CREATE, name, None, vendor.parent(CONTACTS, name))
                for n, name in enumerate(addresses, 1)
            ]
            size = vendor.capabilities.batch[CONTACTS, Action.CREATE]
            for start in range(0, len(ops), size):
                await vendor.write(CONTACTS, Action.CREATE, ops[start : start + size])

    rehearsal.clock.run(create())
    rehearsal.clock.seconds += 3600  # each process counts for itself
    space.close()
    rehearsal.sandbox.requests.clear()


def held(rehearsal: Rehearsal) -> list[Held]:
    """All deals of the account."""
    space = rehearsal.workspace()

    async def read() -> list[Held]:
        async with connected(rehearsal.target, space) as session:
            account = await session.account([DEALS])
            found = session.vendor.pages(DEALS, account.fields[DEALS])
            return [one async for one in records(found)]

    try:
        return rehearsal.clock.run(read())
    finally:
        space.close()


def everyone(count: int, **columns: Any) -> str:
    """A file of deals, each with a contact that is in the account and two custom fields."""
    usual: dict[str, Any] = {
        "stage": lambda n: ["Due", "Won", "Lost"][n % 3],
        "region": lambda n: f"Region {n % 7}",
        "segment": lambda n: f"Segment {n}",
        "contact": lambda n: f"p{n}@example.com",
    }
    return deals(count, **usual | columns)


def finish(rehearsal: Rehearsal, run: Run) -> None:
    """Resume until the run is through."""
    for _ in range(30):
        try:
            rehearsal.execute(run)
        except MigratorError:
            continue
        return
    raise AssertionError("the run did not end")


# -- requests --------------------------------------------------------------------------------------

MOST = {"hubspot": 210, "brevo": 25, "activecampaign": 10_150}
"""Requests for 10,000 new deals with two custom fields and a contact each; of Brevo those that
count against the quota of the CRM."""


def spent(rehearsal: Rehearsal) -> int:
    """Requests so far, without those of a quota that is no bottleneck."""
    if rehearsal.vendor == "brevo":
        return int(rehearsal.sandbox.requests_in("crm"))
    return int(rehearsal.sandbox.requests.total())


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_ten_thousand_deals_take_few_requests(place: Place, tmp_path: Path) -> None:
    """10,000 new deals stay within the requests promised, and the plan foretells them."""
    rehearsal = place.rehearsal(tmp_path)
    count = 10_000
    add_contacts(rehearsal, [f"p{n}@example.com" for n in range(1, count + 1)])
    template = rehearsal.template(TEMPLATE.replace(COMPANIES_TOO, ""))
    ready = place.vendor == "hubspot"  # its fields and its pipeline are set up beforehand
    if ready:
        rehearsal.load(template, rehearsal.source(everyone(1, id=lambda _: "first"), "first.csv"))
        rehearsal.clock.seconds += 3600
    before = spent(rehearsal)
    report = rehearsal.load(template, rehearsal.source(everyone(count)))
    assert report.rows["created"] == count
    requests = spent(rehearsal) - before
    assert requests <= MOST[place.vendor]
    foretold = report_cost(rehearsal)
    assert foretold <= requests <= foretold + 150
    assert rehearsal.sandbox.count_429 == 0
    assert Counter(Counter(rehearsal.keys()).values()) == {1: count + ready}


def report_cost(rehearsal: Rehearsal) -> int:
    """What the plan said that writing takes, of the quota that counts."""
    space = rehearsal.workspace()
    cost = space.journal.run().settings["plan"]["cost"]
    space.close()
    return int(cost["buckets"][""])


# -- promises --------------------------------------------------------------------------------------


def test_a_load_is_whole_and_doing_it_again_does_nothing(rehearsal: Rehearsal) -> None:
    """Created, verified, loaded again: nothing to do."""
    add_contacts(rehearsal, [f"p{n}@example.com" for n in range(1, 61)])
    source = rehearsal.source(everyone(60, company=lambda n: f"Firm {n % 5}"))
    template = rehearsal.template(TEMPLATE)
    report = rehearsal.load(template, source)
    assert report.rows["created"] == 60, report.examples
    verified = rehearsal.verify()
    assert verified.agrees, verified.examples
    again = rehearsal.load(template, source)
    assert again.rows["unchanged"] == 60
    assert len(rehearsal.keys()) == 60


def test_an_old_plan_doubles_nothing(rehearsal: Rehearsal) -> None:
    """A plan that waits while another run loads the same file writes none of it a second time."""
    source = rehearsal.source(everyone(12, contact=lambda _: "office@example.com"))
    template = rehearsal.template(TEMPLATE)
    rehearsal.load(template, rehearsal.source(everyone(2, contact=lambda _: ""), "first.csv"))
    waiting = rehearsal.plan(template, source).run
    rehearsal.load(template, source)
    rehearsal.execute(waiting)
    assert Counter(Counter(rehearsal.keys()).values()) == {1: 12}


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "cut", "status_500", "status_502"])
def test_faults_cost_neither_deals_nor_duplicates(rehearsal: Rehearsal, fault: str) -> None:
    """A fifth of all answers goes astray, before or after the effect: every deal is there once."""
    add_contacts(rehearsal, [f"p{n}@example.com" for n in range(1, 41)])
    source = rehearsal.source(everyone(40, company=lambda n: f"Firm {n % 3}"))
    run = rehearsal.plan(rehearsal.template(TEMPLATE), source).run
    faulty = Faulty(rehearsal.sandbox, Faults(seed=7, **{fault: 0.2}), lambda _: None)  # type: ignore[arg-type]
    rehearsal.wrap = lambda _: httpx.MockTransport(faulty.handle)
    finish(rehearsal, run)
    rehearsal.wrap = lambda inner: inner
    assert faulty.met[fault] > 0
    assert Counter(rehearsal.keys()) == Counter(f"k{n}" for n in range(1, 41))
    names = Counter(record["name"] for record in rehearsal.sandbox.records("companies"))
    assert names == Counter(f"Firm {n}" for n in range(3))
    verified = rehearsal.verify()
    assert verified.agrees, verified.examples


def test_updates_of_many_deals_take_few_requests(tmp_path: Path) -> None:
    """1,000 changed deals that are in the account take ten requests at most, by one file."""
    place = PLACES[1]
    rehearsal = place.rehearsal(tmp_path)
    template = rehearsal.template(TEMPLATE)
    rehearsal.load(template, rehearsal.source(everyone(1_000, contact=lambda _: "")))
    changed = everyone(1_000, contact=lambda _: "", amount=lambda n: f"{n + 1}.25")
    rehearsal.clock.seconds += 3600
    before = spent(rehearsal)
    report = rehearsal.load(template, rehearsal.source(changed))
    assert report.rows["updated"] == 1_000
    assert spent(rehearsal) - before <= 10
    assert rehearsal.verify().agrees


# -- real files ------------------------------------------------------------------------------------

PIPELINE = SHARED / "datasets" / "maven_crm" / "sales_pipeline.csv"


@pytest.mark.skipif(not PIPELINE.exists(), reason="the real deal files are absent")
def test_the_maven_deals_arrive_in_each(rehearsal: Rehearsal) -> None:
    """8,800 real deals: counts and sums per stage and owner are those of the file."""
    report = rehearsal.load("maven", str(PIPELINE))
    assert report.rows["created"] == 8_800, report.codes
    with PIPELINE.open(encoding="utf-8-sig", newline="") as stream:
        rows = [
            (r["deal_stage"], r["sales_agent"], r["close_value"]) for r in csv.DictReader(stream)
        ]
    account = rehearsal.account()
    stages = {s.id: s.label for p in account.pipelines for s in p.stages}
    origin = {v: k for k, v in rehearsal_origin(rehearsal).items()}
    found = [
        (
            stages[one.properties[origin["stage"]] or ""],
            one.properties[origin["custom.sales_agent"]] or "",
            one.properties.get(origin["amount"]) or "0",
        )
        for one in held(rehearsal)
    ]
    assert sums(found) == sums(rows)


def rehearsal_origin(rehearsal: Rehearsal) -> Mapping[str, str]:
    """The vendor's names of the fields that were written."""
    space = rehearsal.workspace()
    origin: Mapping[str, str] = space.journal.run().settings["origin"]
    space.close()
    return origin


def sums(rows: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Number and sum of deals per stage and owner."""
    found: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for stage, owner, amount in rows:
        number, total = found[stage, owner]
        found[stage, owner] = number + 1, total + Decimal(amount or "0")
    return dict(found)
