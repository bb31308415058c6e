"""Changing deals that other tools made, by their ids, in an account without the key attribute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import OutcomeUnknown
from migrator.model import Action, Link, Op, OpState, Sent, Shape
from migrator.vendors.brevo.product import PRODUCT
from migrator.wire import FaultKind
from tests.brevo.bench import WRITTEN, Bench, connected, lost
from tests.brevo.double import CONTACTS, DEALS
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNERS = ("ann@acme.com", "bo@acme.com")
STAGES = {"Renewals": ["Due", "Won", "Lost"]}


def account_of_others(count: int, **options: object) -> tuple[Bench, list[str]]:
    """An account that nobody prepared, with deals that other tools made; their ids."""
    clock = VirtualClock()
    sandbox: Any = PRODUCT.sandbox(
        now=clock.now, clock=clock.monotonic, pipelines=STAGES, owners=OWNERS, **options
    )
    sent: list[httpx.Request] = []
    vendor = connected(clock, sandbox, sent, {})
    header = "deal_name,amount\n"
    rows = "".join(f"Deal {i},{i}\n" for i in range(count))
    files = {"file": ("deals.csv", (header + rows).encode(), "text/csv")}
    url = "https://api.brevo.com/v3/crm/deals/import"
    mapping = {"mapping": '{"update_existing_records": false}'}
    upload = httpx.Request("POST", url, data=mapping, files=files, headers={"api-key": "x"})
    upload.read()
    assert sandbox.handle(upload).status_code == 200
    clock.seconds += 3_600
    account = clock.run(vendor.describe([DEALS]))
    sent.clear()
    desk = Bench(clock, sandbox, vendor, account, sent)
    ids = [str(one["id"]) for one in sandbox.records("deals")]
    assert len(ids) == count
    return desk, ids


def owner(desk: Bench, email: str) -> str:
    """A user's id."""
    return next(one.id for one in desk.account.owners if one.email == email)


def stage(desk: Bench, label: str) -> dict[str, str]:
    """The properties of a place."""
    pipeline = next(one for one in desk.account.pipelines if one.label == "Renewals")
    found = next(one for one in pipeline.stages if one.label == label)
    return {"pipeline": pipeline.id, "deal_stage": found.id}


def changes(ids: Sequence[str], properties: dict[str, str], first: int = 1) -> list[Op]:
    """Updates of records that are called by their ids."""
    return [
        Op(seq, DEALS, Action.UPDATE, id_, id_, properties) for seq, id_ in enumerate(ids, first)
    ]


def foretold(desk: Bench, ops: Sequence[Op]) -> int:
    """Requests that a plan of these ops names."""
    shapes: dict[Shape, int] = {}
    for op in ops:
        clears = frozenset(name for name, value in op.properties.items() if not value)
        types = tuple(link.type for link in op.links)
        shape = Shape(op.type, op.action, frozenset(op.properties), types, clears)
        shapes[shape] = shapes.get(shape, 0) + 1
    return sum(desk.vendor.requests(shapes).values())


@pytest.mark.parametrize("stages", [0, 40])
def test_five_hundred_owners(stages: int) -> None:
    """One file for owners and stages alike: an upload, polls, a page to read back."""
    desk, ids = account_of_others(3_000)
    ops = changes(ids[:500], {"deal_owner": owner(desk, "bo@acme.com")})
    ops += changes(ids[480 : 480 + stages], stage(desk, "Won"), 501)
    if stages:  # some deals change both: a plan has one op for each deal
        both = {**stage(desk, "Won"), "deal_owner": owner(desk, "bo@acme.com")}
        ops = changes(ids[:480], {"deal_owner": owner(desk, "bo@acme.com")})
        ops += changes(ids[480:500], both, 481) + changes(ids[500:520], stage(desk, "Won"), 501)
    outcomes = desk.write(ops)
    assert {o.state for o in outcomes.values()} == WRITTEN
    assert {key: o.id for key, o in outcomes.items()} == {op.key: op.id for op in ops}
    assert len(desk.sent) <= foretold(desk, ops) <= 6
    deals = {str(one["id"]): one for one in desk.sandbox.records("deals")}
    for op in ops:
        assert deals[op.key].items() >= op.properties.items()
    assert all(one["amount"] == int(one["deal_name"][5:]) for one in deals.values())
    assert sum(one["deal_owner"] == owner(desk, "bo@acme.com") for one in deals.values()) == 500


@pytest.mark.parametrize("count", [1, 3, 40])
def test_changes_need_no_key(count: int) -> None:
    """Few or many: written, cleared, undone and deleted by their ids alone."""
    desk, ids = account_of_others(60)
    for properties in ({"deal_description": "x", "amount": "7"}, {"deal_description": ""}):
        ops = changes(ids[:count], properties)
        assert {o.state for o in desk.write(ops).values()} == WRITTEN
        found = desk.run(desk.vendor.read(DEALS, ids[:count], list(properties)))
        for id_ in ids[:count]:
            assert found[id_].key is None
            for name, value in properties.items():
                assert desk.vendor.same(DEALS, name, value, found[id_].properties[name])
    ops = [replace(op, action=Action.DELETE) for op in ops]
    assert {o.state for o in desk.write(ops).values()} == WRITTEN
    assert desk.run(desk.vendor.read(DEALS, ids[:count])) == {}
    assert len(desk.sandbox.records("deals")) == 60 - count


@pytest.mark.parametrize("count", [2, 40])
def test_links_need_no_key(count: int) -> None:
    """Deals are linked and parted by their ids alone."""
    desk, ids = account_of_others(60)
    people = desk.people("a@x.org")
    link = Link(CONTACTS, "a@x.org", people["a@x.org"])
    ops = [replace(op, links=(link,)) for op in changes(ids[:count], {})]
    assert {o.state for o in desk.run(desk.vendor.link(ops))} == WRITTEN
    linked = desk.run(desk.vendor.linked(DEALS, ids[:count], CONTACTS))
    assert linked == {id_: {link.id} for id_ in ids[:count]}
    assert {o.state for o in desk.run(desk.vendor.unlink(ops))} == WRITTEN
    assert not any(desk.run(desk.vendor.linked(DEALS, ids[:count], CONTACTS)).values())


@pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER])
def test_lost_answers_of_changes(kind: FaultKind) -> None:
    """Whether the file arrived or not: after it was asked about, all is written once it is sent."""
    desk, ids = account_of_others(60)
    ops = changes(ids[:40], {"amount": "7"})
    notes: list[str] = []
    dying = desk.again(lost("crm/deals/import", kind))
    with pytest.raises(OutcomeUnknown):
        desk.run(dying.write(DEALS, Action.UPDATE, ops, notes.append))
    sent = [Sent(op, desk.clock.now(), notes[-1] if notes else None) for op in ops]
    settled = {o.key: o for o in desk.run(desk.vendor.recover(DEALS, sent))}
    assert {o.state for o in settled.values()} <= WRITTEN
    open_ = [op for op in ops if op.key not in settled]
    if open_:
        assert {o.state for o in desk.write(open_).values()} == {OpState.WRITTEN}
    deals = {str(one["id"]): one for one in desk.sandbox.records("deals")}
    assert len(deals) == 60
    assert {deals[op.key]["amount"] for op in ops} == {7}


def test_records_that_are_gone() -> None:
    """One that somebody deleted is refused; the file is still right for the others."""
    desk, ids = account_of_others(60)
    desk.write([replace(op, action=Action.DELETE) for op in changes(ids[:1], {})])
    outcomes = desk.write(changes(ids[:40], {"amount": "7"}))
    assert outcomes[ids[0]].state is OpState.REFUSED
    assert {outcomes[id_].state for id_ in ids[1:40]} == WRITTEN
    assert len(desk.sandbox.records("deals")) == 59
