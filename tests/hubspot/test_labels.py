"""Links of deals that have a label."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migrator.errors import InputError
from migrator.model import Action, Link, ObjectType, Op, OpState
from migrator.vendors.hubspot.product import PRODUCT
from tests.hubspot.room import Room, creating

if TYPE_CHECKING:
    from collections.abc import Mapping

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES

DEAL = {"dealname": "D", "pipeline": "default", "dealstage": "qualifiedtobuy"}


def labelled(settings: Mapping[str, str]) -> Room:
    """An account with labels; the adapter is connected anew, with these settings."""
    room = Room()
    for to, label in (("contacts", "Decision maker"), ("companies", "Supplier")):
        path = f"/crm/associations/2026-03/deals/{to}/labels"
        room.call("POST", path, {"label": label, "name": label.replace(" ", "_").lower()})
    room.settings = dict(settings)
    room.vendor = room.opened()
    room.sent.clear()
    return room


def labels(room: Room, deal: str, to: str) -> dict[str, set[str]]:
    """Labels of a deal's links, by the parent's id."""
    path = f"/crm/associations/2026-03/deals/{to}/batch/read"
    (found,) = room.call("POST", path, {"inputs": [{"id": deal}]})["results"] or [{"to": []}]
    return {
        str(one["toObjectId"]): {t["label"] for t in one["associationTypes"] if t["label"]}
        for one in found["to"]
    }


def test_links_have_their_label() -> None:
    """On creates and on later links, in any letter case; the primary company stays the primary."""
    room = labelled({"contact_label": "decision MAKER", "company_label": "Supplier"})
    room.run(room.vendor.describe([DEALS]))
    person = room.record("contacts", email="a@example.com")
    firm, other = room.record("companies", name="A"), room.record("companies", name="B")
    links = (Link(CONTACTS, "a", person), Link(COMPANIES, "A", firm))
    op = creating(DEALS, 1, {**DEAL, "migrator_key": "k1"}, links)
    deal = room.create([op])["k1"]
    assert labels(room, deal, "contacts") == {person: {"Decision maker"}}
    assert labels(room, deal, "companies")[firm] >= {"Supplier"}
    later = replace(op, action=Action.UPDATE, id=deal, links=(Link(COMPANIES, "B", other),))
    (outcome,) = room.run(room.vendor.link([later]))
    assert outcome.state is OpState.WRITTEN
    assert labels(room, deal, "companies")[other] == {"Supplier"}
    assert room.held(DEALS)[deal].links == {CONTACTS: (person,), COMPANIES: (firm, other)}


def test_parting_takes_the_label_too() -> None:
    """Nothing is left of a link that is taken away."""
    room = labelled({"contact_label": "Decision maker"})
    person = room.record("contacts", email="a@example.com")
    op = creating(DEALS, 1, {**DEAL, "migrator_key": "k1"}, (Link(CONTACTS, "a", person),))
    deal = room.create([op])["k1"]
    (outcome,) = room.run(room.vendor.unlink([replace(op, action=Action.UNLINK, id=deal)]))
    assert outcome.state is OpState.WRITTEN
    assert labels(room, deal, "contacts") == {}


def test_labels_are_read_once() -> None:
    """However much is written, the definitions are one request for each type of parent."""
    room = labelled({"contact_label": "Decision maker"})
    person = room.record("contacts", email="a@example.com")
    links = (Link(CONTACTS, "a", person),)
    ops = [creating(DEALS, i, {**DEAL, "migrator_key": f"k{i}"}, links) for i in range(250)]
    room.sent.clear()
    room.create(ops)
    assert len([path for path in room.paths() if path.endswith("/labels")]) == 1
    notes = [Op(1, ObjectType.NOTES, Action.CREATE, "n", None, {"hs_timestamp": "0"}, links=links)]
    room.run(room.vendor.write(ObjectType.NOTES, Action.CREATE, notes))
    assert not [path for path in room.paths() if path.endswith("/labels")]


def test_a_label_that_is_not_there() -> None:
    """Describing the account names those there are, before anything is written."""
    room = labelled({"contact_label": "Decision taker"})
    with pytest.raises(InputError) as caught:
        room.run(room.vendor.describe([DEALS]))
    for word in ("Decision taker", "Did you mean", "Decision maker", "contact_label"):
        assert word in str(caught.value)
    room.run(room.vendor.describe([CONTACTS]))


def test_v1_has_no_labels() -> None:
    """The deprecated way of linking cannot carry one, which is said at once."""
    with pytest.raises(InputError, match="carry no labels"):
        PRODUCT.configure({"associations": "v1", "company_label": "Supplier"})
