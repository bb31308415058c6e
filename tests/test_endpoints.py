"""``docs/endpoints.md`` is true: every endpoint in it has an adapter's call, a route and a test.

What the adapters drive is counted by the sandboxes, while they are led through everything they can
do; so a route that no adapter reaches is either listed as one for others, or a test fails.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.model import (
    Action,
    Link,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Op,
    OpState,
    Place,
    Provision,
    Record,
    Sent,
)
from migrator.vendors.brevo.api import Brevo
from migrator.vendors.brevo.calls import Calls, ContactCalls
from migrator.vendors.registry import names, product
from migrator.wire import connect
from tests.activecampaign import test_calls as activecampaign_calls
from tests.activecampaign.portal import Portal
from tests.contract.base import creates, deal, exported, linked_too, parents, prepared, written
from tests.support import SHARED
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.base import Vendor

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "endpoints.md").read_text(encoding="utf-8")
DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES

SEEDS = {"brevo": 11, "hubspot": 1, "activecampaign": 50}
"""Endpoints of the vendors' own pages that the toolkit was made for."""


@dataclass(frozen=True)
class Row:
    """A line of a table: an endpoint, and where it is reached from."""

    endpoint: str
    call: str
    command: str
    test: str


def rows(title: str) -> list[Row]:
    """The rows of the table under a heading."""
    _, _, rest = DOCUMENT.partition(f"\n## {title}\n")
    section, _, _ = rest.partition("\n## ")
    cells = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    return [Row(*row) for row in cells]


def others(title: str) -> set[str]:
    """Routes of a sandbox that serve other programs, by the list under a heading."""
    _, _, rest = DOCUMENT.partition(f"\n### {title}: for others\n")
    section, _, _ = rest.partition("\n#")
    return set(re.findall(r"`([A-Z]+ [^`]+)`", section))


TITLES = {"brevo": "Brevo", "hubspot": "HubSpot", "activecampaign": "ActiveCampaign"}
ALL = [(vendor, row) for vendor in sorted(TITLES) for row in rows(TITLES[vendor])]


def test_every_crm_has_its_table() -> None:
    """No product without one, and no endpoint twice."""
    assert set(TITLES) == set(names())
    assert max(Counter((vendor, row.endpoint) for vendor, row in ALL).values()) == 1
    for vendor, least in SEEDS.items():
        assert len([row for of, row in ALL if of == vendor]) >= least


@pytest.mark.parametrize(("vendor", "row"), ALL, ids=lambda one: str(getattr(one, "endpoint", one)))
def test_every_row_is_true(vendor: str, row: Row) -> None:
    """The call and the test exist, and the command column says where a user gets there."""
    module, _, qualified = row.call.rpartition(":")
    found: Any = importlib.import_module(f"migrator.vendors.{vendor}.{module}")
    for name in qualified.split("."):
        found = getattr(found, name)
    assert inspect.iscoroutinefunction(found) or callable(found)
    file, _, test = row.test.partition("::")
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^\s*(?:async )?def {re.escape(test)}\(", text, re.MULTILINE)
    assert row.command


@pytest.mark.skipif(not SHARED.is_dir(), reason="the vendors' own pages are absent")
def test_no_endpoint_of_the_pages_is_missing() -> None:
    """All 50 operations of ActiveCampaign's page, by method and path, and all 11 of Brevo's."""
    page = (SHARED / "seeds" / "activecampaign-deals.txt").read_text(encoding="utf-8")
    operations = set(re.findall(r"^((?:GET|POST|PUT|PATCH|DELETE) /\S+)$", page, re.MULTILINE))
    # The page ends in the middle of its last line, where another page begins.
    operations = {re.sub(r"(?<=\{id\})For.*", "", one) for one in operations} | {"GET /deals/{id}"}
    assert len(operations) == SEEDS["activecampaign"]
    assert operations <= {row.endpoint for row in rows("ActiveCampaign")}
    page = (SHARED / "seeds" / "brevo-deals.txt").read_text(encoding="utf-8")
    menu = page[page.index("GETGet pipeline stages") : page.index("Conversations")]
    methods = Counter(re.findall(r"(GET|POST|PATCH|DEL)(?=[A-Z][a-z])", menu))
    ours = Counter(row.endpoint.split()[0] for row in rows("Brevo")[: SEEDS["brevo"]])
    assert ours == Counter({"DELETE" if name == "DEL" else name: n for name, n in methods.items()})
    page = (SHARED / "seeds" / "hubspot-deal-associations.txt").read_text(encoding="utf-8")
    assert "PUT deals/v1/deal/:dealId/associations/:OBJECTTYPE" in page
    assert rows("HubSpot")[0].endpoint == "PUT deals-v1/{id}/associations/{to}"


@pytest.mark.parametrize("vendor", sorted(SEEDS))
def test_every_endpoint_of_the_pages_has_a_command(vendor: str) -> None:
    """None of them is for programs only; and a chore that a row names is one that there is."""
    own = rows(TITLES[vendor])[: SEEDS[vendor]]
    assert [row.endpoint for row in own if "the library" in row.command] == []
    for row in rows(TITLES[vendor]):
        for of, chore in re.findall(r"vendors do (\w+) ([\w-]+)", row.command):
            assert (of, chore in product(vendor).chores) == (vendor, True), row.endpoint


# -- what the adapters drive -----------------------------------------------------------------------


class Led:
    """An adapter, connected to a sandbox that counts."""

    def __init__(self, vendor: str, settings: Mapping[str, str], **options: Any) -> None:
        self.clock = VirtualClock()
        found = product(vendor).configure(settings)
        self.sandbox: Any = found.sandbox(now=self.clock.now, clock=self.clock.monotonic, **options)
        network = httpx.MockTransport(self.sandbox.handle)
        url = str(found.base_url or "https://acme.example")
        client = connect(found, "secret", url, self.clock, transport=network)
        self.client = client
        self.vendor: Vendor = found.connect(client, self.clock)


async def _everything(vendor: Vendor) -> None:
    """What the core asks of every vendor: describe, create, update, link, find, export, delete."""
    account = await prepared(vendor)
    if vendor.capabilities.creates_pipelines:
        more = Provision(
            fields={DEALS: (NewField("tier", "Tier", "choice", ("Bronze",)),)},
            pipelines=(NewPipeline("Renewals", (NewStage("Talks"),)),),
        )
        await vendor.provision(vendor.lacking(account, more))
    firms = await parents(vendor, COMPANIES, "Acme", "bolt.example")
    firms |= await parents(vendor, COMPANIES, *(f"Firm {i}" for i in range(12)))
    people = await parents(vendor, CONTACTS, "a@example.com", "b@example.com")
    people |= await parents(vendor, CONTACTS, *(f"p{i}@example.com" for i in range(118)))
    links = (
        *(Link(CONTACTS, name, id_) for name, id_ in people.items()),
        Link(COMPANIES, "Acme", firms["Acme"]),
    )
    many = creates(vendor, account, [deal(f"K-{i}", amount="1") for i in range(6)])
    few = creates(vendor, account, [deal("one", amount="1")])
    with_links = [replace(op, links=links) for op in creates(vendor, account, [deal("linked")])]
    ids = await linked_too(vendor, with_links) | await written(vendor, few)
    ids |= await written(vendor, many)
    for some in (few, many):
        updates = [
            Op(op.seq, DEALS, Action.UPDATE, op.key, ids[op.key], dict(op.properties), links=links)
            for op in some
        ]
        await written(vendor, updates)
        await vendor.link([replace(op, links=links[-3:]) for op in updates])
        await vendor.recover(DEALS, [Sent(op, VirtualClock().now()) for op in updates])
        await vendor.unlink([replace(op, links=links[1:2]) for op in updates])
    for type, held in ((CONTACTS, people), (COMPANIES, firms)):
        await vendor.linked(type, list(held.values()), DEALS)
    await vendor.find(DEALS, list(ids), ["amount"])
    await vendor.linked(DEALS, list(ids.values()), COMPANIES)
    await vendor.resolve(COMPANIES, ["Acme", "bolt.example"])
    await vendor.resolve(CONTACTS, ["a@example.com", "nobody@example.com"])
    for type in ObjectType:
        await exported(vendor, type)
    await _activities(vendor, ids["one"], people["a@example.com"])
    for type, held in ((DEALS, ids), (CONTACTS, people), (COMPANIES, firms)):
        deletes = [
            Op(n, type, Action.DELETE, key, id_, {}) for n, (key, id_) in enumerate(held.items(), 1)
        ]
        await written(vendor, deletes)


async def _activities(vendor: Vendor, deal_id: str, contact: str) -> None:
    """Notes and tasks: created, looked after, changed, read and deleted."""
    account = await vendor.describe((ObjectType.NOTES, ObjectType.TASKS, DEALS))
    when = "2026-04-01T09:00:00Z"
    for type, values in (
        (ObjectType.NOTES, {"body": "Hello", "created_at": when}),
        (ObjectType.TASKS, {"title": "Call", "body": "Hello", "due_at": when, "kind": "Call"}),
    ):
        ops = []
        for n, (to, id_) in enumerate(((DEALS, deal_id), (CONTACTS, contact)), 1):
            record = Record(type, f"A-{n}", values, {to: ("x",)}, Place("notes.csv", n, n))
            encoded = vendor.encode(record, account)
            if vendor.name == "activecampaign" and type is ObjectType.TASKS and to is CONTACTS:
                continue  # these are another kind of task there
            assert encoded.problems == (), encoded.problems
            link = (Link(to, "x", id_),)
            ops.append(Op(n, type, Action.CREATE, f"A-{n}", None, encoded.properties, links=link))
        ids = await linked_too(vendor, ops)
        await vendor.recover(type, [Sent(op, VirtualClock().now()) for op in ops])
        there = [replace(op, action=Action.UPDATE, id=ids[op.key]) for op in ops]
        await written(vendor, there)
        assert set(await vendor.read(type, ids.values())) == set(ids.values())
        one = ids["A-1"]
        assert set(await vendor.read(type, [one])) == {one}
        await written(vendor, [replace(op, action=Action.DELETE, properties={}) for op in there])


def _brevo() -> Led:
    led = Led("brevo", {}, limits=False, pipelines={"Renewals": ["Due", "Won", "Lost"]})
    assert isinstance(led.vendor, Brevo)
    calls, contacts = Calls(led.client, led.clock), ContactCalls(led.client, led.clock)

    async def main() -> None:
        await _everything(led.vendor)
        pipelines = await calls.pipelines()
        assert await calls.pipeline(pipelines[0]["pipeline"]) == [pipelines[0]]
        assert (await calls.default_pipeline())["pipeline_name"]
        more = NewField("size", "Size", "choice", ("S", "M"))
        await led.vendor.provision(Provision(fields={DEALS: (more,)}))
        longer = NewField("size", "Size", "choice", ("S", "M", "L"))
        await led.vendor.provision(Provision(fields={DEALS: (longer,)}))
        assert await calls.processes()
        for name in ("a", "b", "c", "d", "e"):
            op = Op(1, CONTACTS, Action.CREATE, name, None, {"email": f"{name}@example.com"})
            await led.vendor.write(CONTACTS, Action.CREATE, [op])
        (firm,) = (await parents(led.vendor, COMPANIES, "Lone")).values()
        op = Op(1, COMPANIES, Action.UPDATE, "lone", firm, {"name": "Lone and Sons"})
        (outcome,) = await led.vendor.write(COMPANIES, Action.UPDATE, [op])
        assert outcome.state is OpState.WRITTEN
        await led.vendor.provision(Provision(fields={CONTACTS: (NewField("rank", "Rank"),)}))
        assert await contacts.create_folder("Another")
        id_ = str((await contacts.contact("a@example.com") or {})["id"])
        op = Op(1, CONTACTS, Action.UPDATE, "a", id_, {"FIRSTNAME": "Ann"})
        (outcome,) = await led.vendor.write(CONTACTS, Action.UPDATE, [op])
        assert outcome.state is OpState.WRITTEN

    led.clock.run(main())
    return led


def _hubspot() -> Counter[str]:
    seen: Counter[str] = Counter()
    for settings in ({}, {"associations": "v1", "api_version": "v3"}, {"via": "import"}):
        led = Led("hubspot", settings)
        led.clock.run(_everything(led.vendor))
        led.clock.run(_counted(led.vendor))
        seen += led.sandbox.requests
    led = Led("hubspot", {"contact_label": "Sponsor"})
    path = "http://x.test/crm/associations/2026-03/deals/contacts/labels"
    headers = product("hubspot").headers("secret")
    label = {"name": "sponsor", "label": "Sponsor"}
    made = led.sandbox.handle(httpx.Request("POST", path, json=label, headers=headers))
    assert made.is_success
    led.sandbox.requests.clear()
    led.clock.run(led.vendor.describe((DEALS,)))
    seen += led.sandbox.requests
    return seen


async def _counted(vendor: Any) -> None:
    await vendor.count(DEALS)


def _activecampaign() -> Counter[str]:
    seen: Counter[str] = Counter()
    for name, test in inspect.getmembers(activecampaign_calls, inspect.isfunction):
        if name.startswith("test_") and list(inspect.signature(test).parameters) == ["portal"]:
            portal = Portal()
            test(portal)
            seen += portal.sandbox.requests
    led = Led("activecampaign", {"default_contact": "office@example.com"}, limits=False)

    async def main() -> None:
        await parents(led.vendor, CONTACTS, "office@example.com")
        await _everything(led.vendor)

    led.clock.run(main())
    seen += led.sandbox.requests
    return seen


def driven(vendor: str) -> tuple[set[str], set[str]]:
    """Routes of a sandbox, and those of them that its adapter drives."""
    sandbox: Any = product(vendor).sandbox()
    routes = set(sandbox.routes())
    if vendor == "brevo":
        return routes, set(_brevo().sandbox.requests)
    return routes, set(_hubspot() if vendor == "hubspot" else _activecampaign())


@pytest.mark.parametrize("vendor", sorted(TITLES))
def test_every_route_is_driven_by_the_adapter_or_is_for_others(vendor: str) -> None:
    """No route of a sandbox that nobody needs, and no documented endpoint that nothing drives."""
    routes, seen = driven(vendor)
    assert seen <= routes
    documented = {row.endpoint for row in rows(TITLES[vendor])}
    for_others = others(TITLES[vendor])
    assert documented <= seen, sorted(documented - seen)
    assert not for_others & seen, sorted(for_others & seen)
    assert routes - seen == for_others, sorted(routes - seen - for_others)
