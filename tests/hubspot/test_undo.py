"""HubSpot's own ways of clearing, parting and of creating without a key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.model import Action, Link, Op, OpState, Provision, Sent, Shape
from migrator.vendors.hubspot.api import HubSpot
from migrator.vendors.hubspot.product import PRODUCT
from migrator.wire import connect
from tests.hubspot.portal import (
    COMPANIES,
    CONTACTS,
    DEALS,
    Body,
    Portal,
    ops,
    refusal,
    reply,
)
from tests.hubspot.sandbox import Rehearsal
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from migrator.model import Outcome

ARCHIVE = "/crm/associations/deals/contacts/batch/archive"
READ = "/crm/associations/deals/contacts/batch/read"


def linked_ops(count: int, *contacts: str) -> list[Op]:
    """Updates of deals that name these contacts."""
    links = tuple(Link(CONTACTS, f"c{id_}", id_) for id_ in contacts)
    return [replace(op, links=links) for op in ops(count, Action.UPDATE)]


def unlinked(portal: Portal, some: list[Op]) -> dict[str, Outcome]:
    """Outcomes by key."""
    return {one.key: one for one in portal.clock.run(portal.vendor.unlink(some))}


def keyless(count: int) -> list[Op]:
    """Creates that carry no key."""
    return [
        replace(op, properties={"dealname": f"D{op.seq}"}, facts={"stage": "Due"})
        for op in ops(count)
    ]


# -- parting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 207])
def test_a_link_that_is_kept_is_named(status: int) -> None:
    """What HubSpot turns down costs the one link it keeps; those that are gone count as taken."""

    def handle(method: str, path: str, content: Body) -> httpx.Response:
        if path == READ:
            there = [{"toObjectId": 7, "associationTypes": [{"typeId": 3}]}]
            return reply(200, results=[{"from": {"id": content["inputs"][0]["id"]}, "to": there}])
        assert (method, path) == ("POST", ARCHIVE)
        named = [(one["from"]["id"], to["id"]) for one in content["inputs"] for to in one["to"]]
        if any(pair in {("102", "7"), ("103", "8")} for pair in named):
            wrong = refusal("no such thing", "INVALID_OBJECT_IDS")
            return reply(status, **(wrong if status == 400 else {"errors": [wrong]}))
        return httpx.Response(204)

    portal = Portal(handle)
    outcomes = unlinked(portal, linked_ops(4, "7", "8"))
    assert {key for key, o in outcomes.items() if o.state is OpState.REFUSED} == {"k2"}
    assert outcomes["k2"].message == 'still linked to contacts "c7": no such thing'
    assert outcomes["k3"].id == "103"
    first = portal.sent[0][2]["inputs"]
    assert first[0] == {"from": {"id": "101"}, "to": [{"id": "7"}, {"id": "8"}]}


def test_v1_parts_deal_by_deal() -> None:
    """One DELETE for each deal and type, each contact by itself where it is turned down."""

    def handle(method: str, path: str, _: Body) -> httpx.Response:
        if path == READ:
            return reply(207, results=[], errors=[refusal("none", "OBJECT_NOT_FOUND")])
        assert method == "DELETE"
        assert path.startswith("/deals/v1/deal/10")
        return reply(404, **refusal("gone")) if "101" in path else httpx.Response(204)

    portal = Portal(handle)
    portal.vendor = HubSpot(portal.vendor._calls.client, portal.clock, v1_links=True)
    some = linked_ops(2, "7", "8")
    outcomes = unlinked(portal, some)
    assert {o.state for o in outcomes.values()} == {OpState.WRITTEN}
    deleted = [path for method, path, _ in portal.sent if method == "DELETE"]
    base = "/deals/v1/deal/{}/associations/CONTACT?id={}"
    assert deleted == [
        base.format(101, "7&id=8"),
        base.format(101, 7),
        base.format(101, 8),
        base.format(102, "7&id=8"),
    ]


def test_what_parting_takes() -> None:
    """A hundred links of a type are one request; by v1 it is one for each deal and type."""
    shape = Shape(DEALS, Action.UNLINK, links=(CONTACTS, CONTACTS, COMPANIES))
    portal = Portal(lambda *_: reply(200))
    assert portal.vendor.requests({shape: 120}) == {"": 3 + 2}
    v1 = HubSpot(portal.vendor._calls.client, portal.clock, v1_links=True)
    assert v1.requests({shape: 120}) == {"": 240}
    unkeyed = Shape(DEALS, Action.CREATE, frozenset({"dealname"}))
    assert portal.vendor.requests({unkeyed: 120}) == {"": 120}


# -- clearing --------------------------------------------------------------------------------------


def test_what_does_not_stay_blank_is_told() -> None:
    """A property that HubSpot fills again at once is named; the rest is written."""

    def handle(_: str, __: str, content: Body) -> httpx.Response:
        results = [
            {"id": one["id"], "properties": {"createdate": "2026-01-01T00:00:00Z", "amount": None}}
            for one in content["inputs"]
        ]
        return reply(200, results=results)

    blank = {"createdate": "", "amount": "", "dealname": "D"}
    some = [replace(op, properties=blank) for op in ops(2, Action.UPDATE)]
    outcome = Portal(handle).write(some)["k1"]
    assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
    assert "createdate" in outcome.message
    assert "amount" not in outcome.message


# -- without a key ---------------------------------------------------------------------------------


def test_one_lost_answer_costs_one_row() -> None:
    """Creates without a key leave one by one; the others' outcomes are known."""

    def handle(_: str, __: str, content: Body) -> httpx.Response | Exception:
        (one,) = content["inputs"]
        if one["properties"]["dealname"] == "D2":
            return httpx.ReadTimeout("late")
        return reply(201, results=[{"id": f"9{one['properties']['dealname']}", "properties": {}}])

    portal = Portal(handle)
    outcomes = portal.clock.run(portal.vendor.write(DEALS, Action.CREATE, keyless(3)))
    assert {o.key: o.id for o in outcomes} == {"k1": "9D1", "k3": "9D3"}


def test_what_a_search_tells_of_a_lost_one() -> None:
    """Records of the name are named to the person; a search that fails keeps nobody waiting."""

    def handle(_: str, path: str, content: Body) -> httpx.Response:
        assert path == "/crm/objects/deals/search"
        name = content["filterGroups"][0]["filters"][0]["value"]
        if name == "D2":
            return reply(400, **refusal("bad search"))
        ids = {"D1": range(12), "D3": range(1), "D4": ()}[name]
        return reply(200, total=len(ids), results=[{"id": str(70 + i)} for i in ids])

    portal = Portal(handle)
    some = keyless(5)
    some[4] = replace(some[4], properties={"dealname": "x" * 4_000})
    sent = [Sent(op, portal.clock.now()) for op in some]
    outcomes = {o.key: o for o in portal.clock.run(portal.vendor.recover(DEALS, sent))}
    assert {o.state for o in outcomes.values()} == {OpState.SENT}
    assert {o.code for o in outcomes.values()} == {"unknown"}
    assert "12 of that name are there now (ids 70, 71, " in outcomes["k1"].message
    assert ", ...)" in outcomes["k1"].message
    assert '"D2" in Due' in outcomes["k2"].message
    assert "1 of that name is there now (id 70)." in outcomes["k3"].message
    assert "None of that name is there now." in outcomes["k4"].message
    for key in ("k2", "k5"):
        assert "that name" not in outcomes[key].message


# -- the sandbox -----------------------------------------------------------------------------------


@pytest.mark.parametrize("moved", [False, True])
def test_whether_a_link_is_a_change(moved: bool) -> None:
    """Both readings: a link that comes or goes moves ``updatedAt`` of both sides, or of neither."""
    desk = Rehearsal(links_move_updated=moved)
    deal, contact = desk.deal(), desk.record("contacts", email="a@example.com")
    for method in ("PUT", "DELETE"):
        desk.seconds += 60
        before = [
            desk.call("GET", desk.objects(f"/{id_}", type), expect=200)["updatedAt"]
            for type, id_ in (("deals", deal), ("contacts", contact))
        ]
        tail = "default/contacts" if method == "PUT" else "contacts"
        path = f"/crm/v4/objects/deals/{deal}/associations/{tail}/{contact}"
        assert desk.call(method, path).status_code in {200, 204}
        after = [
            desk.call("GET", desk.objects(f"/{id_}", type), expect=200)["updatedAt"]
            for type, id_ in (("deals", deal), ("contacts", contact))
        ]
        assert [old < new for old, new in zip(before, after, strict=True)] == [moved, moved]


# -- written back ----------------------------------------------------------------------------------


def test_several_options_are_written_back() -> None:
    """A property of several options, and milliseconds, come back as they were found."""
    clock = VirtualClock()
    sandbox = PRODUCT.sandbox(now=clock.now, clock=clock.monotonic, always_millis=True)
    network = httpx.MockTransport(sandbox.handle)
    client = connect(PRODUCT, "pat-1", "https://api.hubapi.com", clock, transport=network)
    vendor = HubSpot(client, clock)
    tags = {
        "name": "tags",
        "label": "Tags",
        "type": "enumeration",
        "fieldType": "checkbox",
        "groupName": "dealinformation",
        "options": [{"label": one, "value": one} for one in ("red", "blue")],
    }

    async def main() -> None:
        await vendor.provision(Provision(keys=(DEALS,)))
        assert (await client.post("/crm/properties/2026-03/deals", json=tags)).status_code == 201
        values = {
            "migrator_key": "k",
            "dealname": "D",
            "pipeline": "default",
            "dealstage": "contractsent",
            "tags": "red;blue",
            "closedate": "2026-03-31T09:00:00.250Z",
            "createdate": "2019-01-01T00:00:00Z",
            "amount": "-10.50",
            "description": ";a;b ",
        }
        create = replace(ops(1)[0], key="k", properties=values)
        (outcome,) = await vendor.write(DEALS, Action.CREATE, [create])
        before = (await vendor.find(DEALS, ["k"], values))["k"].properties
        back = {name: value or "" for name, value in before.items()}
        for given in ({"tags": "blue", "closedate": "", "description": "x", "amount": ""}, back):
            change = Op(1, DEALS, Action.UPDATE, "k", outcome.id, given)
            (done,) = await vendor.write(DEALS, Action.UPDATE, [change])
            assert (done.state, done.code) == (OpState.WRITTEN, "")
        assert (await vendor.find(DEALS, ["k"], values))["k"].properties == before

    clock.run(main())
