"""Deals and companies of a Brevo sandbox, one by one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brevo.sandbox import ABSENT, Rehearsal


def refused(crm: Rehearsal, attributes: Any, name: str = "x") -> Any:
    """The body of the 400 that a deal with these attributes meets."""
    return crm.call("POST", "/crm/deals", {"name": name, "attributes": attributes}, 400)


def test_a_deal_that_names_no_stage_goes_to_the_first_and_to_the_keys_user() -> None:
    """The recorded answer, key by key: unset attributes are absent, `refs` is empty."""
    crm = Rehearsal()
    id = crm.deal("Roof", amount=1500)
    assert re.fullmatch("[0-9a-f]{24}", id)
    first = crm.place(0)
    me = crm.options("deal_owner")["anna.berg@example.com"]
    at = "2026-03-02T12:00:00Z"
    assert crm.get(f"/crm/deals/{id}") == {
        "id": id,
        "attributes": {
            "amount": 1500,
            "created_at": at,
            "deal_name": "Roof",
            "deal_owner": me,
            "deal_stage": first["deal_stage"],
            "last_updated_date": at,
            "number_of_contacts": 0,
            "pipeline": first["pipeline"],
            "stage_updated_at": at,
        },
        "linkedContactsIds": [],
        "linkedCompaniesIds": [],
        "createdBy": me,
        "companyTimelineEnabledFrom": None,
        "refs": {},
    }


def test_creating_answers_201_for_deals_and_200_for_companies() -> None:
    """Names may repeat: neither POST is idempotent."""
    crm = Rehearsal()
    assert crm.deal("Roof") != crm.deal("Roof")
    assert crm.company("Acme") != crm.company("Acme")
    assert crm.call("POST", "/crm/deals", {"attributes": {}}, 400)["code"] == "missing_parameter"
    crm.call("POST", "/companies", {"name": ""}, 400)
    crm.call("POST", "/companies", {"name": 5}, 400)


def test_an_owner_is_written_by_id_or_address_and_read_by_id() -> None:
    """Letter case of the address does not matter; strangers are refused."""
    crm = Rehearsal()
    bruno = crm.options("deal_owner")["bruno.costa@example.com"]
    for given_ in (bruno, "bruno.costa@example.com", "Bruno.Costa@Example.com"):
        id = crm.deal(deal_owner=given_)
        assert crm.get(f"/crm/deals/{id}")["attributes"]["deal_owner"] == bruno
    refused(crm, {"deal_owner": "nobody@example.com"})


def test_pipeline_and_stage_are_needed_together_and_must_fit() -> None:
    """One alone, an unknown one, or a stage of another pipeline is "Invalid attribute"."""
    crm = Rehearsal(pipelines={"Renewals": ["Due", "Won"]})
    here, there = crm.place(1), crm.place(1, 1)
    id = crm.deal("x", **here)
    for attributes in (
        {"pipeline": here["pipeline"]},
        {"deal_stage": here["deal_stage"]},
        {"pipeline": here["pipeline"], "deal_stage": there["deal_stage"]},
        {"pipeline": ABSENT, "deal_stage": here["deal_stage"]},
        {"pipeline": here["pipeline"], "deal_stage": None},
    ):
        found = crm.call("PATCH", f"/crm/deals/{id}", {"attributes": attributes}, 400)
        assert found["message"] == "Invalid attribute"
        refused(crm, attributes)
    crm.seconds = 60
    crm.call("PATCH", f"/crm/deals/{id}", {"attributes": there}, 204)
    moved = crm.get(f"/crm/deals/{id}")["attributes"]
    assert moved["stage_updated_at"] == "2026-03-02T12:01:00Z"
    assert moved.items() >= there.items()
    crm.seconds = 120
    crm.call("PATCH", f"/crm/deals/{id}", {"attributes": there}, 204)
    again = crm.get(f"/crm/deals/{id}")["attributes"]
    assert again["stage_updated_at"] == "2026-03-02T12:01:00Z"
    assert again["last_updated_date"] == "2026-03-02T12:02:00Z"


def test_an_attribute_the_account_lacks_is_refused_or_silently_dropped() -> None:
    """400 "Invalid attribute" was reported; other endpoints drop, so it is an option."""
    crm = Rehearsal()
    assert refused(crm, {"colour": "red"}) == {
        "code": "invalid_parameter",
        "message": "Invalid attribute",
    }
    lax = Rehearsal(unknown_attribute="ignore")
    id = lax.deal(colour="red")
    assert "colour" not in lax.get(f"/crm/deals/{id}")["attributes"]


def test_computed_attributes_cannot_be_written() -> None:
    """`created_at` and the like: refused, or by option dropped."""
    refused(Rehearsal(), {"created_at": "2020-01-01T00:00:00Z"})
    crm = Rehearsal(read_only="ignore")
    id = crm.deal(created_at="2020-01-01T00:00:00Z")
    assert crm.get(f"/crm/deals/{id}")["attributes"]["created_at"] == "2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    ("type", "good", "wrong"),
    [
        ("text", "x" * 65_000, 5),
        ("number", 12.5, "12.5"),
        ("number", 0, True),
        ("boolean", False, "false"),
        ("date", "2026-03-31", "31/03/2026"),
        ("date", "2026-03-31T10:00:00+02:00", "2026-02-30"),
        ("user", "anna.berg@example.com", "anna"),
    ],
)
def test_values_must_be_of_their_attributes_type(type: str, good: Any, wrong: Any) -> None:
    """JSON numbers and booleans, ISO dates, users of the account; text of 65,000 characters."""
    crm = Rehearsal(dates="as_written")
    name = crm.attribute("Extra", type)
    id = crm.deal("x", **{name: good})
    held = crm.get(f"/crm/deals/{id}")["attributes"][name]
    expected = crm.options("deal_owner")[good] if type == "user" else good
    assert held == expected
    refused(crm, {name: wrong})


def test_choices_take_keys_and_not_labels() -> None:
    """One key for single-select, an array of keys for multi-choice."""
    crm = Rehearsal()
    crm.attribute("Tier", "single-select", options=["A", "B"])
    crm.attribute("Tags", "multi-choice", options=["Red", "Blue"])
    tier, tags = crm.options("tier"), crm.options("tags")
    id = crm.deal(tier=tier["A"], tags=list(tags.values()))
    held = crm.get(f"/crm/deals/{id}")["attributes"]
    assert (held["tier"], held["tags"]) == (tier["A"], list(tags.values()))
    refused(crm, {"tier": "A"})
    refused(crm, {"tags": tags["Red"]})
    refused(crm, {"tags": ["Red"]})


def test_dates_are_read_back_as_instants_or_as_they_were_written() -> None:
    """UNCERTAIN which: examples show instants, production code writes days."""
    crm, plain = Rehearsal(), Rehearsal(dates="as_written")
    for one, expected in ((crm, "2026-03-31T00:00:00Z"), (plain, "2026-03-31")):
        id = one.deal(close_date="2026-03-31")
        assert one.get(f"/crm/deals/{id}")["attributes"]["close_date"] == expected
    id = crm.deal(close_date="2026-03-31T23:30:00.250-02:00")
    held = crm.get(f"/crm/deals/{id}")["attributes"]["close_date"]
    assert held == "2026-04-01T01:30:00.250Z"


def test_deals_may_have_milliseconds_and_companies_always_do() -> None:
    """Seconds are recorded for deals, milliseconds stand in the examples."""
    crm = Rehearsal(millis=True)
    deal = crm.get(f"/crm/deals/{crm.deal()}")["attributes"]
    assert deal["created_at"] == "2026-03-02T12:00:00.000Z"
    plain = Rehearsal()
    company = plain.get(f"/companies/{plain.company()}")
    assert company["attributes"]["last_updated_at"] == "2026-03-02T12:00:00.000Z"
    assert company["linkedDealsIds"] == []


def test_a_patch_merges_attributes_and_null_clears() -> None:
    """What is not named stays; null or an empty text takes a value away, where allowed."""
    crm = Rehearsal()
    id = crm.deal("Roof", amount=5, deal_description="old")
    crm.call("PATCH", f"/crm/deals/{id}", {"name": "Wall"}, 204)
    crm.call("PATCH", f"/crm/deals/{id}", {"attributes": {"deal_description": ""}}, 204)
    held = crm.get(f"/crm/deals/{id}")["attributes"]
    assert (held["deal_name"], held["amount"]) == ("Wall", 5)
    assert "deal_description" not in held
    crm.call("PATCH", f"/crm/deals/{id}", {"attributes": {"amount": None}}, 204)
    assert "amount" not in crm.get(f"/crm/deals/{id}")["attributes"]
    crm.call("PATCH", f"/crm/deals/{id}", {"attributes": {"deal_name": None}}, 400)
    crm.call("PATCH", f"/crm/deals/{id}", {"name": ""}, 400)
    strict = Rehearsal(null_unsets=False)
    path = f"/crm/deals/{strict.deal()}"
    strict.call("PATCH", path, {"attributes": {"amount": None}}, 400)
    crm.call("PATCH", f"/crm/deals/{id}", {"attributes": []}, 400)


def test_links_in_a_patch_replace_those_there_were() -> None:
    """Omitted ids are unlinked, an absent list leaves all as it is."""
    crm = Rehearsal()
    one, two = crm.contact("a@example.com"), crm.contact("b@example.com")
    company = crm.company()
    body = {"name": "x", "linkedContactsIds": [one], "linkedCompaniesIds": [company]}
    id = crm.call("POST", "/crm/deals", body, 201)["id"]
    crm.call("PATCH", f"/crm/deals/{id}", {"linkedContactsIds": [two]}, 204)
    held = crm.get(f"/crm/deals/{id}")
    assert (held["linkedContactsIds"], held["linkedCompaniesIds"]) == ([two], [company])
    assert held["attributes"]["number_of_contacts"] == 1
    assert crm.get(f"/companies/{company}")["linkedDealsIds"] == [id]
    crm.call("PATCH", f"/crm/deals/{id}", {"linkedCompaniesIds": []}, 204)
    assert crm.get(f"/companies/{company}")["linkedDealsIds"] == []


def test_link_unlink_adds_and_takes_away_and_can_be_repeated() -> None:
    """Additive, 204, the same result when sent twice; the deal does not count as updated."""
    crm = Rehearsal()
    id, company = crm.deal(), crm.company()
    one, two = crm.contact("a@example.com"), crm.contact("b@example.com")
    crm.seconds = 60
    path = f"/crm/deals/link-unlink/{id}"
    for _ in range(2):
        crm.call("PATCH", path, {"linkContactIds": [one], "linkCompanyIds": [company]}, 204)
    crm.call("PATCH", path, {"linkContactIds": [two], "unlinkContactIds": [one]}, 204)
    held = crm.get(f"/crm/deals/{id}")
    assert (held["linkedContactsIds"], held["linkedCompaniesIds"]) == ([two], [company])
    assert held["attributes"]["last_updated_date"] == "2026-03-02T12:00:00Z"
    back = {"unlinkDealsIds": [id], "linkContactIds": [one]}
    crm.call("PATCH", f"/companies/link-unlink/{company}", back, 204)
    assert crm.get(f"/companies/{company}")["linkedContactsIds"] == [one]
    assert crm.get(f"/crm/deals/{id}")["linkedCompaniesIds"] == []
    flat = {one["id"]: one for one in crm.sandbox.records("contacts")}
    assert flat[two]["linkedDealsIds"] == [id]
    assert flat[one]["linkedCompaniesIds"] == [company]


def test_links_to_what_is_not_there_are_refused_or_left_out() -> None:
    """UNCERTAIN which; ids of the wrong form are always refused."""
    crm, lax = Rehearsal(), Rehearsal(unknown_link="ignore")
    for one, expected in ((crm, 400), (lax, 204)):
        path = f"/crm/deals/link-unlink/{one.deal()}"
        one.call("PATCH", path, {"linkContactIds": [99]}, expected)
        one.call("PATCH", path, {"linkCompanyIds": [ABSENT]}, expected)
        for wrong in ({"linkContactIds": ["1"]}, {"linkCompanyIds": ["acme"]}):
            one.call("PATCH", path, wrong, 400)
    crm.call("PATCH", f"/crm/deals/link-unlink/{ABSENT}", {}, 400)


def test_an_id_that_is_none_is_a_400_without_a_code_and_an_unknown_one_a_404() -> None:
    """`{"message": "Route attribute id is not valid."}` was recorded so."""
    crm = Rehearsal()
    for path in ("/crm/deals", "/companies"):
        for method in ("GET", "PATCH", "DELETE"):
            body: Any = {} if method == "PATCH" else None
            found = crm.call(method, f"{path}/nonsense", body, 400)
            assert found == {"message": "Route attribute id is not valid."}
            gone = crm.call(method, f"{path}/{ABSENT}", body, 404)
            assert gone["code"] == "document_not_found"


def test_deleting_takes_the_links_along() -> None:
    """204, then 404; a deleted parent leaves no dangling id."""
    crm = Rehearsal()
    contact, company = crm.contact(), crm.company()
    body = {"name": "x", "linkedContactsIds": [contact], "linkedCompaniesIds": [company]}
    id = crm.call("POST", "/crm/deals", body, 201)["id"]
    crm.call("DELETE", f"/contacts/{contact}", expect=204)
    crm.call("DELETE", f"/companies/{company}", expect=204)
    held = crm.get(f"/crm/deals/{id}")
    assert held["linkedContactsIds"] == held["linkedCompaniesIds"] == []
    crm.call("DELETE", f"/crm/deals/{id}", expect=204)
    crm.call("GET", f"/crm/deals/{id}", expect=404)


def test_only_the_owner_or_a_manager_may_delete_a_deal() -> None:
    """403 for a deal of somebody else, when the key's user does not manage all."""
    crm = Rehearsal(manage_deals=False)
    mine, other = crm.deal(), crm.deal(deal_owner="bruno.costa@example.com")
    crm.call("DELETE", f"/crm/deals/{mine}", expect=204)
    assert crm.call("DELETE", f"/crm/deals/{other}", expect=403)["code"] == "permission_denied"


def test_a_patched_company_answers_nothing_or_itself() -> None:
    """Recorded is 204, documented is 200 with the company."""
    crm, old = Rehearsal(), Rehearsal(company_patch=200)
    id = crm.company()
    assert crm.call("PATCH", f"/companies/{id}", {"name": "New"}, 204) is None
    id = old.company(owner="anna.berg@example.com")
    old.seconds = 60
    found = old.call("PATCH", f"/companies/{id}", {"name": "New"}, 200)
    assert found["attributes"]["name"] == "New"
    assert found["attributes"]["linked_contacts"] == 0
    assert found["attributes"]["owner_assign_date"] == "2026-03-02T12:00:00.000Z"


def test_a_telephone_number_of_a_company_needs_its_country_code() -> None:
    """`countryCode` stands beside the attributes."""
    crm = Rehearsal()
    body: dict[str, Any] = {"name": "x", "attributes": {"phone_number": 612345678}}
    crm.call("POST", "/companies", body, 400)
    crm.call("POST", "/companies", {**body, "countryCode": 33}, 200)


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1))
def test_text_comes_back_as_it_was_written(name: str, description: str) -> None:
    """Any text that JSON can carry, letter for letter."""
    crm = Rehearsal()
    id = crm.deal(name, deal_description=description)
    held = crm.get(f"/crm/deals/{id}")["attributes"]
    assert (held["deal_name"], held["deal_description"]) == (name, description)
