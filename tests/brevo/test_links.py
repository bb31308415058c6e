"""Links by either road: what is repaired, and what is told of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import InputError
from migrator.model import Action, Link, ObjectType, Op, OpState, Outcome
from tests.brevo.bench import WRITTEN, Bench, bench, deals, updates
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, Shelf, fixed, op, opened
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from migrator.vendors.base import Vendor


@pytest.mark.parametrize("count", [6, 40])
@pytest.mark.parametrize("setting", ["id", "email"])
def test_links_by_whichever_name(count: int, setting: str) -> None:
    """A file that names contacts the wrong way is repaired, and the next one names them rightly."""
    desk = bench({"associated_contact": setting}, associated_format="email")
    people = desk.people("a@x.org")
    link = Link(CONTACTS, "a@x.org", people["a@x.org"])
    outcomes = desk.write(deals(count, [link]))
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.WRITTEN, "")}
    assert all(desk.links_of(key) == [people["a@x.org"]] for key in outcomes)
    desk.sent.clear()
    more = [replace(one, key=f"m{one.key}") for one in deals(count, [link])]
    more = [replace(m, properties={**m.properties, "migrator_key": m.key}) for m in more]
    assert not any(o.code for o in desk.write(more).values())
    counts = desk.counts()
    assert counts["POST /crm/deals/import"] == 1
    assert not any("link-unlink" in name for name in counts)


@pytest.mark.parametrize("count", [6, 40])
def test_links_that_lead_nowhere(count: int) -> None:
    """A deal whose contact is gone is written and says so; all others are linked."""
    desk = bench()
    people = desk.people("a@x.org")
    good, bad = Link(CONTACTS, "a@x.org", people["a@x.org"]), Link(CONTACTS, "z@x.org", "424242")
    ops = deals(count, [good])
    ops[2] = replace(ops[2], links=(good, bad))
    outcomes = desk.write(ops)
    assert {o.state for o in outcomes.values()} == WRITTEN
    assert {key for key, o in outcomes.items() if o.code} == {"k2"}
    assert outcomes["k2"].code == "link_refused"
    assert 'contacts "z@x.org"' in outcomes["k2"].message
    assert all(desk.links_of(key) == [good.id] for key in outcomes)


def test_many_links_that_lead_nowhere() -> None:
    """So many that asking for each would take the hour's quota are named without a reason."""
    desk = bench()
    outcomes = desk.write(deals(30, [Link(CONTACTS, "z@x.org", "424242")]))
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.WRITTEN, "link_refused")}
    assert desk.counts()["POST /crm/deals/import"] == 2


def test_a_file_that_wants_its_links_otherwise() -> None:
    """Rows refused for how a file names contacts are named with the option; the next file differs.

    They are not sent again by themselves.
    """
    desk = bench(associated_format="email", bad_association="reject_row")
    people = desk.people("a@x.org")
    link = Link(CONTACTS, "a@x.org", people["a@x.org"])
    outcomes = desk.write(deals(5, [link]))
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.REFUSED, "not_imported")}
    assert "associated_contact" in outcomes["k0"].message
    assert desk.counts()["POST /crm/deals/import"] == 1
    outcomes = desk.write(deals(5, [link]))
    assert {o.state for o in outcomes.values()} == WRITTEN


def linking(desk: Bench, outcomes: dict[str, Outcome], *links: Link) -> dict[str, Outcome]:
    """Link what was written."""
    ops = [replace(one, links=links) for one in updates(outcomes)]
    return {o.key: o for o in desk.run(desk.vendor.link(ops))}


@pytest.mark.parametrize("count", [2, 30])
def test_linking_later(count: int) -> None:
    """Existing deals are linked, few one by one and many by a file; twice is as once."""
    desk = bench(associated_format="email")
    people = desk.people("a@x.org", "b@x.org")
    outcomes = desk.write(deals(count))
    links = [Link(CONTACTS, name, id_) for name, id_ in people.items()]
    for _ in range(2):
        linked = linking(desk, outcomes, *links)
        assert {o.state for o in linked.values()} == WRITTEN
        assert linked.keys() == outcomes.keys()
    ids = [str(o.id) for o in outcomes.values()]
    told = desk.run(desk.vendor.linked(DEALS, ids, CONTACTS))
    assert told == dict.fromkeys(ids, frozenset(people.values()))
    assert linking(desk, outcomes).keys() == outcomes.keys()


@pytest.mark.parametrize(("count", "bad_id"), [(2, "424242"), (2, "no number"), (30, "424242")])
def test_linking_to_nowhere(count: int, bad_id: str) -> None:
    """A link that cannot be is refused and named, whichever road it took."""
    desk = bench()
    outcomes = linking(desk, desk.write(deals(count)), Link(CONTACTS, "z@x.org", bad_id))
    assert {(o.state, o.code) for o in outcomes.values()} == {(OpState.REFUSED, "link_refused")}
    assert all('contacts "z@x.org"' in o.message for o in outcomes.values())


def test_linking_a_deal_that_is_gone() -> None:
    """A deal that was deleted meanwhile is named; the others are linked."""
    desk = bench()
    people = desk.people("a@x.org")
    outcomes = desk.write(deals(5))
    desk.run(desk.vendor.write(DEALS, Action.DELETE, updates({"k1": outcomes["k1"]})))
    linked = linking(desk, outcomes, Link(CONTACTS, "a@x.org", people["a@x.org"]))
    assert {key for key, o in linked.items() if o.state is OpState.REFUSED} == {"k1"}


def shelved(**answers: Any) -> tuple[VirtualClock, Shelf, Vendor]:
    """Deals that no file and no PATCH links; ``answers`` by the last part of the path."""
    clock = VirtualClock()
    shelf = Shelf(clock, deals={f"k{i}": 0.0 for i in range(30)})
    shelf.processes[78] = lambda _: "completed"
    for i in range(30):
        shelf.answers[f"PATCH /crm/deals/link-unlink/id-k{i}"] = answers.get("link", fixed(204))
    shelf.answers["POST /crm/deals/import"] = answers.get("file", lambda _: None)
    return clock, shelf, opened(clock, shelf.handle)


def links_to(count: int, *links: Link) -> list[Op]:
    """Updates that only link."""
    return [replace(op(f"k{i}", action=Action.UPDATE), links=links) for i in range(count)]


@pytest.mark.parametrize("count", [2, 30])
def test_links_that_are_dropped_silently(count: int) -> None:
    """An answer that all is well proves nothing: what is not there afterwards is refused."""
    clock, shelf, vendor = shelved()
    outcomes = clock.run(vendor.link(links_to(count, Link(CONTACTS, "a@x.org", "7"))))
    assert {(o.state, o.code) for o in outcomes} == {(OpState.REFUSED, "link_refused")}
    assert all("no reason" in o.message for o in outcomes)
    assert shelf.asked.count("POST /crm/deals/import") == (2 if count > 4 else 0)


def test_links_by_a_file_that_is_turned_down() -> None:
    """A refused file leaves the links to the other road, if they are few."""
    clock, shelf, vendor = shelved(file=fixed(400, {"message": "Bad request"}))
    ops = links_to(6, Link(CONTACTS, "a@x.org", "7"))
    assert {o.state for o in clock.run(vendor.link(ops))} == {OpState.REFUSED}
    assert sum("link-unlink" in asked for asked in shelf.asked) == 6
    shelf.asked.clear()
    ops = links_to(30, Link(CONTACTS, "a@x.org", "7"))
    assert {o.state for o in clock.run(vendor.link(ops))} == {OpState.REFUSED}
    assert not any("link-unlink" in asked for asked in shelf.asked)


def test_one_link_of_two_is_to_blame() -> None:
    """Links that are refused together are tried apart; the bad one is named in Brevo's words."""

    def link(request: httpx.Request) -> httpx.Response:
        if b"424242" in request.content:
            return httpx.Response(400, json={"message": "no such contact"})
        return httpx.Response(204)

    clock, shelf, vendor = shelved(link=link)
    shelf.links = {"k0": [7]}
    both = (Link(CONTACTS, "a@x.org", "7"), Link(CONTACTS, "z@x.org", "424242"))
    (outcome,) = clock.run(vendor.link(links_to(1, *both)))
    assert outcome.message == 'not linked to contacts "z@x.org": no such contact'


def test_only_deals_are_linked() -> None:
    """A link of anything else is told to be missing; a type without links is an error of ours."""
    desk = bench()
    company = Op(1, COMPANIES, Action.UPDATE, "c", "1", {}, links=(Link(CONTACTS, "a", "1"),))
    (outcome,) = desk.run(desk.vendor.link([company]))
    assert outcome.state is OpState.REFUSED
    with pytest.raises(InputError, match="deals show no links"):
        desk.run(desk.vendor.linked(DEALS, ["1"], ObjectType.NOTES))
