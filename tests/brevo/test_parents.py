"""Contacts and companies: created by either road, found again, never twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.errors import OutcomeUnknown, Unavailable
from migrator.model import Action, Link, Op, OpState, Sent
from migrator.wire import FaultKind
from tests.brevo.bench import WRITTEN, bench, deals, everything, lost
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, Shelf, fixed, opened, path
from tests.virtual_time import VirtualClock


@pytest.mark.parametrize("count", [2, 30])
def test_companies(count: int) -> None:
    """Companies are created with their key by either road, changed, found and deleted."""
    desk = bench()
    names = [f"Company {i}" for i in range(count - 1)] + ["acme.com"]
    ops = [
        Op(1, COMPANIES, Action.CREATE, name.casefold(), None, desk.vendor.parent(COMPANIES, name))
        for name in names
    ]
    outcomes = desk.write(ops)
    assert {o.state for o in outcomes.values()} == WRITTEN
    assert desk.counts()["POST /companies/import"] == (count > 3)
    resolved = desk.run(desk.vendor.resolve(COMPANIES, [*names, "ACME.com"]))
    assert resolved["ACME.com"] == (outcomes["acme.com"].id,)
    assert {key.casefold() for key in resolved} == outcomes.keys()
    changes = [
        Op(1, COMPANIES, Action.UPDATE, key, o.id, {"domain": f"x{i}.org"})
        for i, (key, o) in enumerate(outcomes.items())
    ]
    assert {o.state for o in desk.write(changes).values()} == WRITTEN
    found = desk.run(desk.vendor.find(COMPANIES, outcomes, ["domain"]))
    assert {str(h.properties["domain"]) for h in found.values()} == {
        f"x{i}.org" for i in range(count)
    }
    desk.write([replace(change, action=Action.DELETE) for change in changes])
    assert desk.sandbox.records("companies") == []


@pytest.mark.parametrize("count", [2, 40])
def test_contacts(count: int) -> None:
    """Contacts are created by either road; those that are there are found, not created again."""
    desk = bench({"contact_list": "From the old CRM"})
    emails = [f"p{i}@x.org" for i in range(count)]
    first = desk.people(*emails)
    assert desk.counts()["POST /contacts/import"] == (count > 3)
    assert desk.people(*emails, "new@x.org") | first == desk.people(*emails, "new@x.org")
    assert len(desk.sandbox.records("contacts")) == count + 1
    assert desk.counts()["POST /contacts/lists"] == (count > 3)
    assert desk.run(desk.vendor.resolve(CONTACTS, ["P0@X.org", "no@x.org"])) == {
        "P0@X.org": (first["p0@x.org"],)
    }
    change = Op(1, CONTACTS, Action.UPDATE, "p0@x.org", first["p0@x.org"], {"FIRSTNAME": "Ann"})
    assert {o.state for o in desk.write([change]).values()} == WRITTEN
    found = desk.run(desk.vendor.find(CONTACTS, ["p0@x.org"], ["FIRSTNAME", "email"]))
    assert dict(found["p0@x.org"].properties) == {"FIRSTNAME": "Ann", "email": "p0@x.org"}
    held = desk.run(everything(desk.vendor, CONTACTS))
    assert {h.key for h in held} == {*emails, "new@x.org"}
    gone = replace(change, id="424242")
    assert desk.write([gone])["p0@x.org"].state is OpState.REFUSED
    desk.write([replace(change, action=Action.DELETE)])
    assert len(desk.sandbox.records("contacts")) == count


@pytest.mark.parametrize("count", [1, 6])
def test_contacts_that_are_refused(count: int) -> None:
    """An address that is none is refused with a message; the others are written."""
    desk = bench()
    emails = ["no address", *(f"p{i}@x.org" for i in range(count))]
    ops = [Op(1, CONTACTS, Action.CREATE, e, None, {"email": e}) for e in emails]
    outcomes = desk.write(ops)
    refused = {key for key, o in outcomes.items() if o.state is OpState.REFUSED}
    assert refused == {"no address"}
    assert outcomes["no address"].message


def test_a_telephone_number_of_another() -> None:
    """A duplicate that is not one of the address is a refusal."""
    desk = bench()
    ops = [
        Op(1, CONTACTS, Action.CREATE, e, None, {"email": e, "SMS": "+33612345678"})
        for e in ("a@x.org", "b@x.org")
    ]
    outcomes = desk.write(ops)
    assert outcomes["a@x.org"].state is OpState.WRITTEN
    assert outcomes["b@x.org"].state is OpState.REFUSED


@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
@pytest.mark.parametrize("count", [2, 10])
def test_contacts_whose_answer_is_lost(kind: FaultKind, count: int) -> None:
    """Contacts are looked up by address; those that are not there may be sent again."""
    desk = bench()
    ops = [
        Op(1, CONTACTS, Action.CREATE, f"p{i}@x.org", None, {"email": f"p{i}@x.org"})
        for i in range(count)
    ]
    faulty = desk.again(lost("contacts" if count < 4 else "contacts/import", kind))
    with pytest.raises(OutcomeUnknown):
        desk.run(faulty.write(CONTACTS, Action.CREATE, ops))
    sent = [Sent(one, desk.clock.now()) for one in ops]
    outcomes = desk.run(desk.again().recover(CONTACTS, sent))
    done = kind is FaultKind.LOST_AFTER
    expected = (1 if count < 4 else count) if done else 0
    assert len(outcomes) == expected
    desk.write(ops)
    assert len(desk.sandbox.records("contacts")) == count
    noted = [Sent(one, desk.clock.now(), "50") for one in ops]
    assert len(desk.run(desk.again().recover(CONTACTS, noted))) == count


def test_companies_whose_answer_is_lost() -> None:
    """A file of companies that was taken is found again, not uploaded twice."""
    desk = bench()
    ops = [
        Op(1, COMPANIES, Action.CREATE, f"c{i}", None, desk.vendor.parent(COMPANIES, f"C{i}"))
        for i in range(10)
    ]
    with pytest.raises(OutcomeUnknown):
        desk.run(
            desk.again(lost("import", FaultKind.LOST_AFTER)).write(COMPANIES, Action.CREATE, ops)
        )
    sent = [Sent(one, desk.clock.now(), "upload") for one in ops]
    outcomes = desk.run(desk.again().recover(COMPANIES, sent))
    assert {o.key for o in outcomes if o.state is OpState.WRITTEN} == {one.key for one in ops}
    assert len(desk.sandbox.records("companies")) == 10


def test_recovered_deals_get_their_links() -> None:
    """Links that a file left unmade, named otherwise than Brevo wants, are made when recovering."""
    desk = bench(associated_format="email")
    people = desk.people("a@x.org")
    ops = deals(6, [Link(CONTACTS, "a@x.org", people["a@x.org"])])
    faulty = desk.again(lost("import", FaultKind.LOST_AFTER))
    with pytest.raises(OutcomeUnknown):
        desk.run(faulty.write(DEALS, Action.CREATE, ops))
    sent = [Sent(one, desk.clock.now(), "upload") for one in ops]
    outcomes = desk.run(desk.again().recover(DEALS, sent))
    assert {(o.state, o.code) for o in outcomes} == {(OpState.WRITTEN, "")}
    assert desk.links_of("k3") == [people["a@x.org"]]


@pytest.mark.parametrize("content", [{"id": "x"}, {}])
def test_a_list_of_contacts_that_has_no_number(content: object) -> None:
    """Before anything is imported, an odd answer stops the run."""
    clock = VirtualClock()
    shelf = Shelf(clock)
    shelf.answers = {
        "GET /contacts/attributes": fixed(200, {"attributes": []}),
        "GET /contacts/lists": fixed(200, {"lists": [], "count": 0}),
        "GET /contacts/folders": fixed(200, {"folders": []}),
        "POST /contacts/folders": fixed(201, content),
    }
    ops = [Op(1, CONTACTS, Action.CREATE, f"p{i}", None, {"email": f"p{i}"}) for i in range(5)]
    with pytest.raises(OutcomeUnknown):
        clock.run(opened(clock, shelf.handle).write(CONTACTS, Action.CREATE, ops))


def test_contacts_by_size() -> None:
    """Bodies of an import stay below the limit: many long contacts go in several."""
    desk = bench()
    long = "x" * 60_000
    ops = [
        Op(1, CONTACTS, Action.CREATE, f"p{i}@x.org", None,
           {"email": f"p{i}@x.org", "FIRSTNAME": long})
        for i in range(150)
    ]  # fmt: skip
    outcomes = desk.write(ops)
    assert {o.state for o in outcomes.values()} == WRITTEN
    bodies = [r for r in desk.sent if path(r) == "POST /contacts/import"]
    assert len(bodies) == 2
    assert all(len(r.content) < 8_000_000 for r in bodies)


def test_contacts_turned_down_as_a_whole() -> None:
    """A 400 to an import refuses its contacts; a connection that breaks then leaves nothing."""
    clock = VirtualClock()
    shelf = Shelf(clock)
    shelf.answers = {
        "GET /contacts/attributes": fixed(200, {"attributes": []}),
        "GET /contacts/lists": fixed(200, {"lists": [{"id": 5, "name": "Migrator"}], "count": 1}),
        "POST /contacts/import": fixed(400, {"message": "no such list"}),
    }
    ops = [Op(1, CONTACTS, Action.CREATE, f"p{i}", None, {"email": f"p{i}"}) for i in range(5)]
    outcomes = clock.run(opened(clock, shelf.handle).write(CONTACTS, Action.CREATE, ops))
    assert {(o.state, o.message) for o in outcomes} == {(OpState.REFUSED, "no such list")}
    shelf.answers["GET /contacts/lists"] = fixed(503)
    with pytest.raises(Unavailable):
        clock.run(opened(clock, shelf.handle).write(CONTACTS, Action.CREATE, ops))
