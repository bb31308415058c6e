"""Labels of links beside the records of a portal: which, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Link, ObjectType
from tests.hubspot.room import Room, creating

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.model import Page

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
NOTES = ObjectType.NOTES

DEAL = {"dealname": "D", "pipeline": "default", "dealstage": "qualifiedtobuy"}
ROOT = "/crm/associations/2026-03"


def defined(room: Room, to: str, label: str, of: str = "deals") -> int:
    """The number of a label that somebody defines."""
    content = {"label": label, "name": label.replace(" ", "_").lower()}
    return int(room.call("POST", f"{ROOT}/{of}/{to}/labels", content)["results"][0]["typeId"])


def give(room: Room, pairs: Sequence[tuple[str, str]], to: str, *labels: int) -> None:
    """Call links of deals something."""
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": one} for one in labels]
    inputs = [{"from": {"id": one}, "to": {"id": two}, "types": types} for one, two in pairs]
    for start in range(0, len(inputs), 100):
        content = {"inputs": inputs[start : start + 100]}
        room.call("POST", f"{ROOT}/deals/{to}/batch/create", content)


def linked_deals(room: Room, count: int) -> tuple[dict[str, str], str, str]:
    """Deals of one person and one company: ids by key, the person's and the company's."""
    person, firm = (
        room.record("contacts", email="a@example.com"),
        room.record("companies", name="A"),
    )
    links = (Link(CONTACTS, "a", person), Link(COMPANIES, "A", firm))
    ops = [creating(DEALS, i, {**DEAL, "migrator_key": f"k{i}"}, links) for i in range(count)]
    return room.create(ops), person, firm


def labels(pages: Sequence[Page]) -> dict[str, Mapping[ObjectType, Mapping[str, tuple[str, ...]]]]:
    """What is said of links, by the record's id."""
    return {one.id: one.labels for page in pages for one in page.records if one.labels}


def test_links_come_with_what_people_call_them() -> None:
    """Of a link with several labels all are told; that a company is the primary one is none."""
    room = Room()
    ids, person, firm = linked_deals(room, 3)
    decides, pays = defined(room, "contacts", "Decision maker"), defined(room, "contacts", "Payer")
    supplier = defined(room, "companies", "Supplier")
    give(room, [(ids["k0"], person)], "contacts", decides, pays)
    give(room, [(ids["k1"], firm)], "companies", supplier)
    assert labels(room.pages(DEALS, labels=True)) == {
        ids["k0"]: {CONTACTS: {person: ("Decision maker", "Payer")}},
        ids["k1"]: {COMPANIES: {firm: ("Supplier",)}},
    }
    assert labels(room.pages(DEALS)) == {}


def test_what_labels_cost() -> None:
    """With a label of its own, an account is read for a fifth more; without, for two requests."""
    room = Room()
    linked_deals(room, 1_000)
    room.sent.clear()
    plain = room.held(DEALS)
    assert len(room.paths()) == 10
    assert room.held(DEALS, labels=True) == plain
    assert len(room.paths()) == 10 + 2
    defined(room, "contacts", "Decision maker")
    assert room.held(DEALS, labels=True) == plain
    assert len(room.paths()) == 10 + 2 + 1
    defined(room, "companies", "Supplier")
    assert room.held(DEALS, labels=True) == plain
    assert len(room.paths()) == 10 + 2 + 2


def test_notes_have_no_labels() -> None:
    """Nothing is asked about links that cannot have any, nor about deals that have no links."""
    room = Room()
    room.deals(120)
    defined(room, "contacts", "Decision maker")
    room.sent.clear()
    assert len(room.held(DEALS, labels=True)) == 120
    paths = room.paths()
    assert [path.rpartition("/")[2].partition("?")[0] for path in paths] == ["deals", "deals"]
    assert room.held(NOTES, labels=True) == {}
    assert len(room.paths()) == 1


def test_contacts_are_called_something_by_their_companies() -> None:
    """Contacts have labels of their own for the companies they belong to."""
    room = Room()
    firm = room.record("companies", name="A")
    number = defined(room, "companies", "Billing contact", of="contacts")
    person = room.record("contacts", {firm: 1}, email="a@example.com")
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": number}]
    content = {"inputs": [{"from": {"id": person}, "to": {"id": firm}, "types": types}]}
    room.call("POST", f"{ROOT}/contacts/companies/batch/create", content)
    assert room.held(CONTACTS, labels=True)[person].labels == {
        COMPANIES: {firm: ("Billing contact",)}
    }


def test_a_reading_with_labels_goes_on() -> None:
    """Stopped behind any page, it goes on with the labels of what is left."""
    room = Room()
    ids, person, _ = linked_deals(room, 2_150)
    number = defined(room, "contacts", "Decision maker")
    marked = [ids[f"k{n}"] for n in (5, 1_100, 2_149)]
    give(room, [(one, person) for one in marked], "contacts", number)
    pages = room.pages(DEALS, labels=True)
    assert [len(page.records) for page in pages] == [1_000, 1_000, 150]
    seen = {one.id for one in pages[0].records}
    rest = room.pages(DEALS, labels=True, seen=seen, place=pages[0].place)
    assert [len(page.records) for page in rest] == [1_000, 150]
    told = labels(pages[:1]) | labels(rest)
    assert told == {one: {CONTACTS: {person: ("Decision maker",)}} for one in marked}


def test_a_label_with_the_number_of_the_primary_company() -> None:
    """Numbers of labels are counted apart: one that is 5 does not make a company the primary."""
    room = Room()
    firms = [room.record("companies", name=name) for name in "AB"]
    assert 5 in [defined(room, "companies", f"Label {n}") for n in range(5)]
    deal = room.create([creating(DEALS, 1, {**DEAL, "migrator_key": "k1"})])["k1"]
    give(room, [(deal, firms[0])], "companies", 5)
    op = creating(DEALS, 1, {}, (Link(COMPANIES, "B", firms[1]),))
    room.run(room.vendor.link([replace(op, id=deal)]))
    assert room.held(DEALS)[deal].links[COMPANIES] == (firms[1], firms[0])
