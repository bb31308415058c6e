"""Writing deals: roads and their requests, what is mended, what is told of the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import httpx
import pytest

from migrator.errors import InputError, OutcomeUnknown, Unauthorized
from migrator.model import Action, Link, Op, OpState
from tests.brevo.bench import WRITTEN, bench, deals, updates
from tests.brevo.double import CONTACTS, DEALS, Shelf, fixed, op, opened
from tests.virtual_time import VirtualClock

# -- requests --------------------------------------------------------------------------------------


def test_ten_thousand_deals() -> None:
    """10,000 new deals with a contact each are one file, a few polls and ten pages."""
    desk = bench({"plan": "extended"}, crm_per_hour=600)
    people = desk.people(*(f"p{i}@x.org" for i in range(50)))
    ops = [
        replace(one, links=(Link(CONTACTS, (name := f"p{i % 50}@x.org"), people[name]),))
        for i, one in enumerate(deals(10_000))
    ]
    desk.sent.clear()
    outcomes = desk.write(ops)
    assert {o.state for o in outcomes.values()} == WRITTEN
    assert not any(o.code for o in outcomes.values())
    counts = desk.counts()
    assert counts["POST /crm/deals/import"] == 1
    polls = sum(n for name, n in counts.items() if name.startswith("GET /processes/"))
    assert sum(counts.values()) - polls <= 12
    assert polls <= 5
    assert len({o.id for o in outcomes.values()}) == 10_000


def test_a_thousand_updates() -> None:
    """1,000 updates of deals anywhere in the account are one file, polls and two pages."""
    desk = bench({"plan": "extended"}, crm_per_hour=600)
    outcomes = desk.write(deals(5_000))
    some = dict(list(outcomes.items())[1_000:2_000])
    desk.sent.clear()
    changed = desk.write(updates(some, amount="77.5"))
    assert {o.state for o in changed.values()} == WRITTEN
    counts = desk.counts()
    assert counts["GET /crm/deals"] <= 2
    assert sum(counts.values()) <= 10
    amounts = Counter(str(d["amount"]) for d in desk.sandbox.records("deals"))
    assert amounts["77.5"] == 1_000


def test_few_go_one_by_one() -> None:
    """Three deals are three POSTs, and Brevo's own reason is told for the one it refuses."""
    desk = bench()
    ops = deals(3)
    stage = {"pipeline": desk.account.pipelines[0].id, "deal_stage": "gone"}
    ops[1] = replace(ops[1], properties={**ops[1].properties, **stage})
    outcomes = desk.write(ops)
    assert [o.state is OpState.REFUSED for o in outcomes.values()] == [False, True, False]
    assert "no stage with the id gone" in outcomes["k1"].message
    assert desk.counts()["POST /crm/deals/import"] == 0
    wrong = {"pipeline": "629475917295261d9b1f4403", "deal_stage": "gone"}
    (outcome,) = desk.write(updates({"k0": outcomes["k0"]}, **wrong)).values()
    assert "no pipeline with the id" in outcome.message


def test_a_stage_goes_with_its_pipeline() -> None:
    """An update of the stage alone names the pipeline too, by whichever road."""
    desk = bench()
    outcomes = desk.write(deals(4))
    won = next(s for s in desk.account.pipelines[0].stages if s.label == "Won")
    for some in (outcomes, {"k0": outcomes["k0"]}):
        moved = desk.write(updates(some, deal_stage=won.id))
        assert {o.state for o in moved.values()} == WRITTEN
    assert {d["deal_stage"] for d in desk.sandbox.records("deals")} == {won.id}


# -- what is mended, what is told ------------------------------------------------------------------


@pytest.mark.parametrize("count", [6, 40])
def test_values_that_were_dropped(count: int) -> None:
    """A deal that lost a value is written and names the field; of few Brevo's reason is told."""
    desk = bench(bad_value="drop_value")
    ops = deals(count)
    bad = count // 4
    for i in range(bad):
        ops[i] = replace(ops[i], properties={**ops[i].properties, "close_date": "no date"})
    outcomes = desk.write(ops)
    assert {o.state for o in outcomes.values()} == WRITTEN
    coded = {key: o for key, o in outcomes.items() if o.code}
    assert coded.keys() == {f"k{i}" for i in range(bad)}
    assert {o.code for o in coded.values()} == {"fields_refused"}
    assert all("close_date" in o.message for o in coded.values())


@pytest.mark.parametrize("bad", [1, 15])
@pytest.mark.parametrize("how", ["drop_row", "drop_value"])
def test_updates_that_were_not_taken(bad: int, how: str) -> None:
    """Updates a file did not take are tried singly when few; else they are named as they are."""
    desk = bench(bad_value=how)
    outcomes = desk.write(deals(30))
    ops = updates(outcomes, amount="5", deal_name="New")
    for i in range(bad):
        ops[i] = replace(ops[i], properties={"amount": "no number", "deal_name": "New"})
    changed = desk.write(ops)
    told = {key: o for key, o in changed.items() if o.code}
    assert told.keys() == {f"k{i}" for i in range(bad)}
    assert all(o.message for o in told.values())
    state = OpState.WRITTEN if how == "drop_value" else OpState.REFUSED
    assert {o.state for o in told.values()} == {state}


def test_many_updates_of_deals_that_are_gone() -> None:
    """Records that were deleted meanwhile are named one by one."""
    desk = bench()
    outcomes = desk.write(deals(20))
    gone = dict(list(outcomes.items())[:15])
    desk.run(desk.vendor.write(DEALS, Action.DELETE, updates(gone)))
    changed = desk.write(updates(outcomes, amount="5"))
    assert {key for key, o in changed.items() if o.state is OpState.REFUSED} == gone.keys()


def test_a_list_that_lags_is_waited_for() -> None:
    """What a list shows late is neither refused nor taken for changed by another."""
    desk = bench(list_lag=20)
    outcomes = desk.write(deals(10))
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.WRITTEN, "")}
    changed = desk.write(updates(outcomes, amount="99"))
    assert {(o.state, o.code) for o in changed.values()} == {(OpState.WRITTEN, "")}
    few = desk.write(updates({"k1": outcomes["k1"]}, amount="7"))
    found = desk.run(desk.vendor.find(DEALS, few, ["amount"]))
    assert found["k1"].properties["amount"] == "7"


def test_found_by_a_fresh_process_in_spite_of_the_lag() -> None:
    """Another process finds what was written just before it began."""
    desk = bench(list_lag=20)
    desk.write(deals(2))
    found = desk.run(desk.again().find(DEALS, ["k0", "k1", "none"]))
    assert found.keys() == {"k0", "k1"}
    began = desk.clock.seconds
    vendor = desk.again()
    assert desk.run(vendor.find(DEALS, ["none"])) == {}
    assert desk.clock.seconds - began >= 20


def test_deleting() -> None:
    """A record that is gone is as wanted; one that may not be deleted is refused."""
    desk = bench()
    outcomes = desk.write(deals(2))
    deletes = [replace(one, action=Action.DELETE) for one in updates(outcomes)]
    deletes.append(Op(1, DEALS, Action.DELETE, "odd", "no id", {}))
    for _ in range(2):
        found = desk.write(deletes)
        assert {key for key, o in found.items() if o.state is OpState.WRITTEN} == {"k0", "k1"}
    assert desk.sandbox.records("deals") == []


# -- odd answers -----------------------------------------------------------------------------------


def test_types_that_are_not_written() -> None:
    """What is not among the capabilities is refused."""
    clock = VirtualClock()
    vendor = opened(clock, Shelf(clock).handle)
    one = replace(op("a"), type=CONTACTS)
    with pytest.raises(InputError, match="no unlink of contacts"):
        clock.run(vendor.write(CONTACTS, Action.UNLINK, [one]))
    assert clock.run(vendor.linked(DEALS, [], CONTACTS)) == {}


@pytest.mark.parametrize("content", [{}, {"id": None}, [], "x"])
def test_a_create_without_an_id(content: object) -> None:
    """An answer that names no id leaves the outcome unknown."""
    clock = VirtualClock()
    shelf = Shelf(clock)
    shelf.answers["POST /crm/deals"] = fixed(201, content)
    with pytest.raises(OutcomeUnknown, match="names no id"):
        clock.run(opened(clock, shelf.handle).write(DEALS, Action.CREATE, [op("a")]))


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorized), (403, Unauthorized), (503, OutcomeUnknown)]
)
def test_what_stops_single_creates(status: int, error: type[Exception]) -> None:
    """What stops the first is told as it is; once one was created, the rest is unknown."""
    clock = VirtualClock()
    shelf = Shelf(clock)
    shelf.answers["POST /crm/deals"] = fixed(status, {"message": "stop"})
    with pytest.raises(error):
        clock.run(opened(clock, shelf.handle).write(DEALS, Action.CREATE, [op("a"), op("b")]))
    left = iter([httpx.Response(201, json={"id": "1"})])
    shelf.answers["POST /crm/deals"] = lambda r: (
        next(left, None) or fixed(status, {"message": "stop"})(r)
    )
    with pytest.raises(OutcomeUnknown):
        clock.run(opened(clock, shelf.handle).write(DEALS, Action.CREATE, [op("a"), op("b")]))


def test_a_record_that_cannot_be_looked_at_yet() -> None:
    """A create that was answered is written, though nothing shows the record yet."""
    clock = VirtualClock()
    shelf = Shelf(clock)
    shelf.answers["POST /crm/deals"] = fixed(201, {"id": "new"})
    (outcome,) = clock.run(opened(clock, shelf.handle).write(DEALS, Action.CREATE, [op("a")]))
    assert (outcome.state, outcome.id) == (OpState.WRITTEN, "new")


def test_an_update_that_is_ignored_silently() -> None:
    """A 204 that changed nothing is a refusal; a record that is gone by then is one too."""
    clock = VirtualClock()
    shelf = Shelf(clock, deals={"a": 0.0})
    shelf.answers["PATCH /crm/deals/id-a"] = fixed(204)
    shelf.answers["PATCH /crm/deals/id-b"] = fixed(204)
    vendor = opened(clock, shelf.handle)
    ops = [op(key, action=Action.UPDATE, amount="5") for key in ("a", "b")]
    outcomes = clock.run(vendor.write(DEALS, Action.UPDATE, ops))
    assert {o.state for o in outcomes} == {OpState.REFUSED}
    assert [o.code for o in outcomes] == ["fields_refused", "document_not_found"]
    both = op("a", action=Action.UPDATE, amount="5", deal_name="Deal a")
    (outcome,) = clock.run(vendor.write(DEALS, Action.UPDATE, [both]))
    assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
