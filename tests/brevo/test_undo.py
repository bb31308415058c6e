"""Brevo's own ways of clearing, parting and of creating without a key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import (
    Action,
    Link,
    NewField,
    ObjectType,
    Op,
    OpState,
    Provision,
    Sent,
)
from migrator.vendors.base import records
from migrator.vendors.brevo.changes import label
from migrator.vendors.brevo.jobs import Job
from migrator.wire import Fault, FaultKind
from tests.brevo.bench import WRITTEN, bench, connected, deals, everything, lost, updates
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, Shelf, fixed, op, opened, sent
from tests.brevo.sandbox import Rehearsal
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    import httpx

    from tests.brevo.bench import Bench


@pytest.fixture
def clock() -> VirtualClock:
    """Time for this test."""
    return VirtualClock()


# -- parting ---------------------------------------------------------------------------------------


def linked_deal(desk: Bench, *emails: str) -> tuple[Op, dict[str, str]]:
    """An op whose deal is linked to these contacts, and their ids."""
    people = desk.people(*emails)
    links = tuple(Link(CONTACTS, email, id_) for email, id_ in people.items())
    (create,) = deals(1, links)
    (outcome,) = desk.write([create]).values()
    return replace(create, id=outcome.id, action=Action.UPDATE, properties={}), people


def test_parting_is_one_request() -> None:
    """All links of a deal go at once, with no look back: what is not linked does no harm."""
    desk = bench()
    parting, people = linked_deal(desk, "a@example.com", "b@example.com")
    desk.sent.clear()
    for _ in range(2):
        (outcome,) = desk.run(desk.vendor.unlink([parting]))
        assert (outcome.state, outcome.id) == (OpState.WRITTEN, parting.id)
    assert desk.links_of("k0") == []
    assert desk.counts() == {f"PATCH /crm/deals/link-unlink/{parting.id}": 2}
    body = json.loads(desk.sent[0].content)
    assert body == {"unlinkContactIds": [int(id_) for id_ in people.values()]}


def test_an_id_that_is_none_holds_nothing_up() -> None:
    """A contact that is gone costs nothing; links that are there go one by one then."""
    desk = bench()
    parting, _ = linked_deal(desk, "a@example.com", "b@example.com")
    more = replace(parting, links=(*parting.links, Link(CONTACTS, "gone", "404404")))
    (outcome,) = desk.run(desk.vendor.unlink([more]))
    assert outcome.state is OpState.WRITTEN
    assert desk.links_of("k0") == []


def test_a_link_that_stays_is_named(clock: VirtualClock, shelf: Shelf) -> None:
    """What Brevo keeps is told with its reason; what is not a deal is refused."""
    shelf.deals = {"k": 0.0}
    shelf.links = {"k": [7]}
    wrong = {"code": "invalid_parameter", "message": "not you"}
    shelf.answers["PATCH /crm/deals/link-unlink/id-k"] = fixed(400, wrong)
    vendor = opened(clock, shelf.handle)
    links = (Link(CONTACTS, "seven", "7"), Link(CONTACTS, "eight", "8"))
    parting = op("k", *links, action=Action.UPDATE)
    firm = Op(1, COMPANIES, Action.UPDATE, "f", "1", {}, links=links)
    outcomes = clock.run(vendor.unlink([parting, firm, replace(firm, key="g", links=())]))
    assert [o.state for o in outcomes] == [OpState.REFUSED, OpState.REFUSED, OpState.WRITTEN]
    assert outcomes[0].message == 'still linked to contacts "seven": not you'
    assert "from the side of the deals" in outcomes[1].message


@pytest.fixture
def shelf(clock: VirtualClock) -> Shelf:
    """Endpoints by hand."""
    return Shelf(clock)


def test_links_of_contacts_are_read_from_the_deals(clock: VirtualClock, shelf: Shelf) -> None:
    """Contacts show none themselves; nothing is asked for nobody."""
    shelf.deals = {"a": 0.0, "b": 1.0}
    shelf.links = {"a": [7, 8], "b": [8]}
    vendor = opened(clock, shelf.handle)
    found = clock.run(vendor.linked(CONTACTS, ["8", "9"], DEALS))
    assert found == {"8": frozenset({"id-a", "id-b"}), "9": frozenset()}
    shelf.asked.clear()
    assert clock.run(vendor.linked(CONTACTS, [], DEALS)) == {}
    assert shelf.asked == []
    with pytest.raises(InputError, match="show no links"):
        clock.run(vendor.linked(CONTACTS, ["8"], ObjectType.NOTES))


@pytest.mark.parametrize("moved", [False, True])
def test_whether_a_link_is_a_change(moved: bool) -> None:
    """Both readings of the sandbox: a link that comes or goes moves a deal's date, or does not."""
    desk = Rehearsal(links_move_updated=moved)
    deal = desk.deal()
    contact = desk.call("POST", "/contacts", {"email": "a@example.com"}, 201)["id"]
    for name in ("linkContactIds", "unlinkContactIds"):
        before = desk.get(f"/crm/deals/{deal}")["attributes"]["last_updated_date"]
        desk.seconds += 60
        desk.call("PATCH", f"/crm/deals/link-unlink/{deal}", {name: [contact]}, 204)
        after = desk.get(f"/crm/deals/{deal}")["attributes"]["last_updated_date"]
        assert (before < after) == moved


# -- clearing --------------------------------------------------------------------------------------


def test_a_file_per_choice_of_fields() -> None:
    """Rows that clear something share a file only with rows of the same fields."""
    desk = bench()
    outcomes = desk.write(deals(6))
    ops = updates(outcomes, deal_description="x")
    ops[1] = replace(ops[1], properties={"amount": ""})
    ops[2] = replace(ops[2], properties={"amount": "", "deal_description": "y"})
    ops[3] = replace(ops[3], properties={"amount": "9", "deal_description": ""})
    ops = [replace(op, seq=n) for n, op in enumerate(ops)]
    noted: list[str] = []
    desk.sent.clear()
    done = desk.run(desk.vendor.write(DEALS, Action.UPDATE, ops, noted.append))
    assert {(o.state, o.code) for o in done} == {(OpState.WRITTEN, "")}
    assert desk.counts()["POST /crm/deals/import"] == 2
    held = {one["migrator_key"]: one for one in desk.sandbox.records("deals")}
    amounts = [held[f"k{n}"].get("amount") for n in range(6)]
    assert amounts == [1, None, None, 9, 5, 6]
    texts = [held[f"k{n}"].get("deal_description") for n in range(6)]
    assert texts == ["x", None, "y", None, "x", "x"]
    jobs = [Job.parse(text) for text in noted]
    assert [job.label for job in jobs] == [label(ops[1]), label(ops[2])]
    assert jobs[0].holds(ops[1], label(ops[1]))
    assert not jobs[0].holds(ops[2], label(ops[2]))


def test_a_kill_between_two_files() -> None:
    """Of the files of one call only the last is noted: what was in another is sent again."""
    desk = bench()
    outcomes = desk.write(deals(4))
    ops = updates(outcomes, amount="")
    ops[3] = replace(ops[3], properties={"amount": "", "deal_description": "z"})
    noted: list[str] = []
    desk.run(desk.vendor.write(DEALS, Action.UPDATE, ops[:3], noted.append))
    again = [Sent(op, desk.clock.now(), noted[-1]) for op in ops]
    recovered = desk.run(desk.again().recover(DEALS, again))
    assert {o.key for o in recovered} == {"k0", "k1", "k2"}
    assert {o.state for o in recovered} == WRITTEN


def test_what_stops_the_second_file_leaves_the_first() -> None:
    """Outcomes that are known are told; ops behind have none and are sent again."""
    desk = bench()
    outcomes = desk.write(deals(8))
    ops = updates(outcomes, amount="")
    ops[4:] = [replace(op, properties={"amount": "", "deal_description": "z"}) for op in ops[4:]]
    uploads: list[str] = []

    def second_is_lost(request: httpx.Request) -> Fault | None:
        if request.url.path.endswith("/import"):
            uploads.append(request.url.path)
        return Fault(FaultKind.LOST_BEFORE) if len(uploads) == 2 else None

    vendor = desk.again(second_is_lost)
    done = desk.run(vendor.write(DEALS, Action.UPDATE, ops))
    assert {o.key for o in done} == {"k0", "k1", "k2", "k3"}
    del uploads[1:]  # the next is the second again
    with pytest.raises(OutcomeUnknown):
        desk.run(vendor.write(DEALS, Action.UPDATE, ops[4:]))


def test_a_stage_that_is_gone_clears_nobodys_pipeline() -> None:
    """A row whose stage is none of the account's goes by itself, and is refused by itself."""
    desk = bench()
    outcomes = desk.write(deals(3))
    stage = desk.account.pipelines[0].stages[1].id
    ops = updates(outcomes, amount="", deal_stage=stage)
    ops[1] = replace(ops[1], properties={"amount": "", "deal_stage": "gone"})
    done = desk.write(ops)
    states = [done[f"k{n}"].state for n in range(3)]
    assert states == [OpState.WRITTEN, OpState.REFUSED, OpState.WRITTEN]
    held = {one["migrator_key"]: one for one in desk.sandbox.records("deals")}
    assert [held[f"k{n}"]["deal_stage"] == stage for n in range(3)] == [True, False, True]
    assert all(held[f"k{n}"]["pipeline"] for n in range(3))


def test_a_name_cannot_be_blank() -> None:
    """Brevo leaves nobody without a name; the other fields are cleared, and the outcome says so."""
    desk = bench()
    outcomes = desk.write(deals(1))
    done = desk.write(updates(outcomes, amount="", deal_name=""))["k0"]
    assert (done.state, done.code) == (OpState.WRITTEN, "fields_refused")
    assert "deal_name" in done.message
    (only,) = desk.sandbox.records("deals")
    assert only["deal_name"]
    assert "amount" not in only


def test_contacts_are_looked_at() -> None:
    """What a contact does not take is named; its address is an attribute of an update."""
    desk = bench()
    ((key, id_),) = desk.people("a@example.com").items()

    def changed(**properties: str) -> Any:
        change = Op(1, CONTACTS, Action.UPDATE, key, id_, properties)
        (outcome,) = desk.run(desk.vendor.write(CONTACTS, Action.UPDATE, [change]))
        return outcome

    def held(name: str) -> Any:
        (one,) = desk.run(_exported(desk, name))
        return one.properties[name]

    assert changed(FIRSTNAME="Ann", email="B@example.com").code == ""
    assert held("email") == "b@example.com"
    assert changed(FIRSTNAME="").code == ""
    assert held("FIRSTNAME") is None
    told = changed(FIRSTNAME="Bo", NO_SUCH="x")
    assert (told.state, told.code) == (OpState.WRITTEN, "fields_refused")
    assert "NO_SUCH" in told.message
    assert changed(email="").state is OpState.REFUSED
    desk.run(
        desk.vendor.write(CONTACTS, Action.DELETE, [Op(1, CONTACTS, Action.DELETE, key, id_, {})])
    )
    assert changed(FIRSTNAME="Cy").state is OpState.REFUSED


async def _exported(desk: Bench, name: str) -> list[Any]:
    return [one async for one in records(desk.vendor.pages(CONTACTS, [name]))]


# -- without a key ---------------------------------------------------------------------------------


def keyless(count: int) -> list[Op]:
    """Creates that carry no key."""
    return [
        replace(op, properties={"deal_name": op.properties["deal_name"]}) for op in deals(count)
    ]


def second_post(kind: FaultKind) -> Any:
    """A fault on the second deal that is created."""
    posts: list[str] = []

    def plan(request: httpx.Request) -> Fault | None:
        if request.method != "POST":
            return None
        posts.append(request.url.path)
        return Fault(kind) if len(posts) == 2 else None

    return plan


def test_one_lost_answer_costs_one_row() -> None:
    """Many creates without a key leave one by one; one in doubt leaves the others' outcomes."""
    desk = bench()
    vendor = desk.again(second_post(FaultKind.LOST_AFTER))
    outcomes = desk.run(vendor.write(DEALS, Action.CREATE, keyless(6)))
    assert {o.key for o in outcomes} == {f"k{n}" for n in (0, 2, 3, 4, 5)}
    assert len(desk.run(everything(desk.vendor, DEALS))) == 6


def test_an_id_is_worth_more_than_a_look() -> None:
    """That a deal cannot be looked at after its creation does not lose its id."""
    desk = bench()
    vendor = desk.again(
        lambda r: Fault(FaultKind.CUT) if r.method == "GET" and "/deals/" in r.url.path else None
    )
    (outcome,) = desk.run(vendor.write(DEALS, Action.CREATE, keyless(1)))
    (only,) = desk.run(everything(desk.vendor, DEALS))
    assert (outcome.state, outcome.id) == (OpState.WRITTEN, only.id)


def test_a_late_list_is_waited_for() -> None:
    """One that landed shows after the lag; of one that did not, nothing is said."""
    desk = bench(list_lag=20.0)
    some = keyless(2)
    for one, kind in zip(some, (FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE), strict=True):
        with pytest.raises(OutcomeUnknown):
            desk.run(desk.again(lost("/deals", kind)).write(DEALS, Action.CREATE, [one]))
    (outcome,) = desk.run(desk.again().recover(DEALS, sent(desk.clock, some)))
    assert (outcome.key, outcome.state, outcome.code) == ("k0", OpState.SENT, "unknown")


def test_with_the_key_and_without_at_once() -> None:
    """Creates with a key are found by it, those without by their names."""
    desk = bench()
    keyed, unkeyed = deals(1)[0], replace(keyless(2)[1], key="u")
    for one in (keyed, unkeyed):
        faulty = desk.again(lost("/deals", FaultKind.LOST_AFTER))
        with pytest.raises(OutcomeUnknown):
            desk.run(faulty.write(DEALS, Action.CREATE, [one]))
    found = desk.run(desk.again().recover(DEALS, sent(desk.clock, [keyed, unkeyed])))
    assert {o.key: o.state for o in found} == {"k0": OpState.WRITTEN, "u": OpState.SENT}


@pytest.mark.parametrize("refused", [False, True])
def test_few_that_cannot_be_found_by_key(clock: VirtualClock, shelf: Shelf, refused: bool) -> None:
    """The key attribute is gone, or the list is closed to us: a person looks, the run goes on."""
    shelf.deals = {"a": 0.0, "b": 0.0}
    wrong = {"code": "bad_request", "message": "no lists today"}
    if refused:
        shelf.answers["GET /crm/deals"] = fixed(400, wrong)
    else:
        shelf.answers["GET /crm/attributes/deals"] = fixed(200, [])
    vendor = opened(clock, shelf.handle)
    outcomes = clock.run(vendor.recover(DEALS, sent(clock, [op("a"), op("nowhere")])))
    assert {o.state for o in outcomes} == {OpState.SENT}
    assert {o.key for o in outcomes} == ({"a", "nowhere"} if refused else {"a"})
    assert ("no lists today" if refused else "id-a") in outcomes[0].message


def test_settings_do_not_matter_to_what_is_known() -> None:
    """A vendor that never described the account takes any number of creates without a key."""
    desk = bench()
    vendor = connected(desk.clock, desk.sandbox, desk.sent, {"import_from": "1"})
    assert vendor.capabilities.batch[DEALS, Action.CREATE] > 1
    outcomes = desk.run(vendor.write(DEALS, Action.CREATE, keyless(3)))
    assert {o.state for o in outcomes} == WRITTEN
    assert "POST /crm/deals/import" not in desk.counts()


# -- written back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("dates", ["as_written", "instant"])
def test_every_type_of_attribute_is_written_back(count: int, dates: str) -> None:
    """What was found of an attribute of any type is taken again, and found the same."""
    desk = bench({"import_choice_separator": ","}, dates=dates)
    kinds = (("Tags", "choice", ("Red", "Blue")), ("Day", "date", ()), ("Flag", "bool", ()))
    news = tuple(NewField(label.lower(), label, kind, options) for label, kind, options in kinds)

    async def main() -> None:
        await desk.vendor.provision(Provision(fields={DEALS: news}))
        account = await desk.vendor.describe([DEALS, CONTACTS, COMPANIES])
        (red, blue) = account.fields[DEALS]["tags"].options
        outcomes = await desk.vendor.write(DEALS, Action.CREATE, deals(count))
        first = {"tags": red, "day": "2026-02-28", "flag": "true", "amount": "10000000000000000000"}
        then = {"tags": blue, "day": "2026-03-01", "flag": "false", "amount": "0.5"}

        async def change(given: dict[str, dict[str, str]]) -> None:
            some = [Op(1, DEALS, Action.UPDATE, o.key, o.id, given[o.key]) for o in outcomes]
            done = await desk.vendor.write(DEALS, Action.UPDATE, some)
            assert {(o.state, o.code) for o in done} == {(OpState.WRITTEN, "")}

        async def found() -> dict[str, dict[str, str]]:
            held = await desk.vendor.find(DEALS, [o.key for o in outcomes], first)
            return {
                key: {name: value or "" for name, value in one.properties.items()}
                for key, one in held.items()
            }

        keys = [o.key for o in outcomes]
        await change(dict.fromkeys(keys, first))
        before = await found()
        for name, value in first.items():
            assert desk.vendor.same(DEALS, name, value, before[keys[0]][name])
        await change(dict.fromkeys(keys, then))
        await change(before)
        assert await found() == before

    desk.run(main())
