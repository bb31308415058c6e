"""Labels of associations in the HubSpot sandbox: HubSpot's own types and those of users."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.vendors.hubspot.sandbox.link_types import USER_DEFINED, USER_KEYS, LinkTypes, link_key
from tests.hubspot.sandbox import Rehearsal

V4 = "/crm/v4/associations/deals/contacts"
DATED = "/crm/associations/2026-03/deals/contacts"


def spec(type_id: int, category: str = USER_DEFINED) -> dict[str, Any]:
    """A type as requests name it."""
    return {"associationCategory": category, "associationTypeId": type_id}


class Desk(Rehearsal):
    """A deal, a contact, and a label ``Decision maker`` that the contact sees as ``Decides``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sale = self.deal()
        self.ann = self.record("contacts", email="ann@example.com")
        body = {"name": "decision_maker", "label": "Decision maker", "inverseLabel": "Decides"}
        made = self.call("POST", f"{V4}/labels", body, 200)["results"]
        self.there, self.back = (one["typeId"] for one in made)

    def pair(self, *specs: dict[str, Any]) -> dict[str, Any]:
        """A batch of one link."""
        return {"inputs": [{"from": {"id": self.sale}, "to": {"id": self.ann}, "types": [*specs]}]}

    def types(self) -> list[tuple[str, int, str | None]]:
        """By which types the deal is linked, as a batch read tells."""
        body = {"inputs": [{"id": self.sale}]}
        answer = self.call("POST", f"{DATED}/batch/read", body)
        assert answer.status_code in {200, 207}
        return [
            (one["category"], one["typeId"], one["label"])
            for result in answer.json()["results"]
            for to in result["to"]
            for one in to["associationTypes"]
        ]


@pytest.mark.parametrize("base", [V4, DATED])
def test_labels_list_both_kinds_of_types(base: str) -> None:
    """GET labels; category, typeId, label; a user's label has a type for each side."""
    crm = Desk()
    assert crm.call("GET", f"{base}/labels", expect=200)["results"] == [
        {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None},
        {"category": "USER_DEFINED", "typeId": crm.there, "label": "Decision maker"},
    ]
    turned = base.replace("deals/contacts", "contacts/deals")
    assert crm.call("GET", f"{turned}/labels", expect=200)["results"] == [
        {"category": "HUBSPOT_DEFINED", "typeId": 4, "label": None},
        {"category": "USER_DEFINED", "typeId": crm.back, "label": "Decides"},
    ]


def test_a_label_without_an_inverse_is_the_same_from_both_sides() -> None:
    """The inverseLabel may be left out; the numbers still differ."""
    crm = Desk()
    made = crm.call("POST", f"{DATED}/labels", {"name": "billing", "label": "Billing"}, 200)
    assert [one["label"] for one in made["results"]] == ["Billing", "Billing"]
    ids = [one["typeId"] for one in made["results"]]
    assert len({*ids, crm.there, crm.back}) == 4


def test_a_labeled_link_is_an_unlabeled_one_as_well() -> None:
    """Batch create with a USER_DEFINED type; batch read gives category, number, label."""
    crm = Desk()
    for path in (V4, DATED):
        answer = crm.call("POST", f"{path}/batch/create", crm.pair(spec(crm.there)), 201)
        assert answer["results"][0]["labels"] == ["Decision maker"]
    assert crm.types() == [
        ("HUBSPOT_DEFINED", 3, None),
        ("USER_DEFINED", crm.there, "Decision maker"),
    ]
    found = crm.sandbox.associations("contacts", "deals")
    assert found == {crm.ann: {crm.sale: (4, link_key(USER_DEFINED, crm.back))}}
    shown = crm.call("GET", crm.objects(f"/{crm.sale}"), expect=200, associations="contacts")
    names = [one["type"] for one in shown["associations"]["contacts"]["results"]]
    assert names == ["deal_to_contact", "decision_maker"]


def test_labels_archive_takes_one_off() -> None:
    """The other label stays; the unlabeled type takes all along."""
    crm = Desk()
    made = crm.call("POST", f"{V4}/labels", {"name": "billing", "label": "Billing"}, 200)
    billing = made["results"][0]["typeId"]
    both = crm.pair(spec(crm.there), spec(billing))
    crm.call("POST", f"{V4}/batch/create", both, 201)
    crm.call("POST", f"{V4}/batch/labels/archive", crm.pair(spec(crm.there)), 204)
    assert [label for _, _, label in crm.types()] == [None, "Billing"]
    crm.call("POST", f"{V4}/batch/labels/archive", crm.pair(spec(3, "HUBSPOT_DEFINED")), 204)
    assert crm.types() == []


def test_a_create_may_carry_labels() -> None:
    """Associations of a new record take both categories."""
    crm = Desk()
    types = [spec(3, "HUBSPOT_DEFINED"), spec(crm.there)]
    body = {
        "properties": {"dealname": "New", "dealstage": "closedwon", "pipeline": "default"},
        "associations": [{"to": {"id": crm.ann}, "types": types}],
    }
    made = crm.call("POST", crm.objects(), body, 201)["id"]
    links = crm.sandbox.associations("deals", "contacts")[made]
    assert links == {crm.ann: (3, link_key(USER_DEFINED, crm.there))}
    single = crm.objects(f"/{crm.sale}/associations/contacts/{crm.ann}")
    answer = crm.call("PUT", single, [spec(crm.there)], 201)
    assert answer["labels"] == ["Decision maker"]


def test_the_category_belongs_to_the_number() -> None:
    """Both categories may have a type of one number; a wrong category is refused."""
    crm = Desk()
    numbers = {crm.there, crm.back}
    while not numbers & {3, 4}:
        body = {"name": f"l{max(numbers)}", "label": f"L{max(numbers)}"}
        made = crm.call("POST", f"{V4}/labels", body, 200)["results"]
        numbers = {one["typeId"] for one in made}
    crm.call("POST", f"{V4}/batch/create", crm.pair(spec(3)), 201)
    assert [(category, number) for category, number, _ in crm.types()] == [
        ("HUBSPOT_DEFINED", 3),
        ("USER_DEFINED", 3),
    ]
    for wrong in (
        spec(crm.there, "HUBSPOT_DEFINED"),
        spec(crm.there, "INTEGRATOR_DEFINED"),
        spec(crm.there + USER_KEYS, "HUBSPOT_DEFINED"),
        spec(crm.back),
        spec(99),
        {"associationTypeId": crm.there},
        {"associationCategory": USER_DEFINED, "associationTypeId": "x"},
    ):
        answer = crm.call("POST", f"{V4}/batch/create", crm.pair(wrong), 207)
        (error,) = answer["errors"]
        assert error["subCategory"] == "crm.associations.INVALID_ASSOCIATION_TYPE"


@pytest.mark.parametrize(
    ("body", "base"),
    [
        ({"label": "x"}, V4),
        ({"name": "x"}, V4),
        ({"name": "decision_maker", "label": "x"}, V4),
        ({"name": "x", "label": "Decision maker"}, V4),
        ({"name": "x", "label": "x"}, "/crm/v4/associations/notes/tasks"),
    ],
)
def test_labels_that_are_refused(body: dict[str, str], base: str) -> None:
    """Names and labels are there and differ, and the kinds can be linked at all."""
    crm = Desk()
    before = crm.call("GET", f"{base}/labels", expect=200)
    crm.call("POST", f"{base}/labels", body, 400)
    assert crm.call("GET", f"{base}/labels", expect=200) == before


def test_labels_can_be_renamed() -> None:
    """PUT labels; links that have the label show the new words."""
    crm = Desk()
    crm.call("POST", f"{V4}/batch/create", crm.pair(spec(crm.there)), 201)
    body = {"associationTypeId": crm.there, "label": "Boss"}
    crm.call("PUT", f"{V4}/labels", body, 204)
    assert crm.types()[1][2] == "Boss"
    turned = V4.replace("deals/contacts", "contacts/deals")
    shown = crm.call("GET", f"{turned}/labels", expect=200)["results"]
    assert shown[1]["label"] == "Decides"
    crm.call("PUT", f"{V4}/labels", {**body, "inverseLabel": "Bosses"}, 204)
    shown = crm.call("GET", f"{turned}/labels", expect=200)["results"]
    assert shown[1]["label"] == "Bosses"
    crm.call("PUT", f"{V4}/labels", {"associationTypeId": crm.there}, 400)
    crm.call("PUT", f"{V4}/labels", {"associationTypeId": 3 if crm.back != 3 else 5}, 404)


def test_labels_can_be_deleted() -> None:
    """DELETE labels/{typeId}; links stay, unlabeled; HubSpot's own types stay."""
    crm = Desk()
    other = crm.deal()
    rows = [
        crm.pair(spec(crm.there))["inputs"][0],
        crm.pair(spec(3, "HUBSPOT_DEFINED"))["inputs"][0],
    ]
    rows[1]["from"] = {"id": other}
    crm.call("POST", f"{V4}/batch/create", {"inputs": rows}, 201)
    crm.call("DELETE", f"{V4}/labels/{crm.back}", expect=404)
    crm.call("DELETE", f"{V4}/labels/x", expect=404)
    crm.call("DELETE", f"{V4}/labels/{crm.there}", expect=204)
    assert crm.types() == [("HUBSPOT_DEFINED", 3, None)]
    assert crm.sandbox.associations("contacts", "deals") == {crm.ann: {crm.sale: (4,), other: (4,)}}
    assert len(crm.call("GET", f"{V4}/labels", expect=200)["results"]) == 1


@given(st.lists(st.sampled_from([("deals", "contacts"), ("companies", "contacts")]), max_size=8))
def test_each_type_is_the_inverse_of_its_inverse(pairs: list[tuple[str, str]]) -> None:
    """Whatever labels there are, both sides of a type lead to each other."""
    types = LinkTypes()
    for number, (source, target) in enumerate(pairs):
        types.define(source, target, f"n{number}", f"L{number}", f"I{number}")
    kinds = ("deals", "contacts", "companies", "notes", "tasks")
    for source in kinds:
        for target in kinds:
            for link in types.between(source, target):
                back = types[link.inverse]
                assert (back.source, back.target) == (target, source)
                assert types[back.inverse] == link
                assert types.get(link.category, link.type_id) == link
