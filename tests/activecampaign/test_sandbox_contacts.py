"""Contacts, accounts and the bulk import in the ActiveCampaign sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Account, FieldInfo, ObjectType
from tests.activecampaign.sandbox import Rehearsal

WITH_FIELD = Account(
    vendor="activecampaign",
    id="acme",
    name="Acme",
    pipelines=(),
    owners=(),
    fields={ObjectType.CONTACTS: {"3": FieldInfo("3", "City", "text", {"a": "Anvil"})}},
)

IMPORT = "import/bulk_import"


def pointer(body: Any) -> tuple[str, str]:
    """Code and attribute of the first error."""
    error = body["errors"][0]
    return error["code"], error["source"]["pointer"].removeprefix("/data/attributes/")


# --- contacts


def test_a_contact_is_created_once() -> None:
    """201; the same address, in any letter case, is a 422 with the code duplicate."""
    crm = Rehearsal()
    given = {"email": "Jo@Example.com", "firstName": "Jo", "lastName": "Doe", "phone": "1"}
    made = crm.call("POST", "contacts", {"contact": given}, 201)["contact"]
    assert {name: made[name] for name in given} == given
    body = crm.call("POST", "contacts", {"contact": {"email": "jo@example.com"}}, 422)
    error = body["errors"][0]
    assert error["title"] == "Email address already exists in the system"
    assert (error["detail"], *pointer(body)) == ("", "duplicate", "email")
    assert len(crm.sandbox.records("contacts")) == 1


@pytest.mark.parametrize(
    ("email", "code"),
    [(None, "field_missing"), ("", "field_missing"), ("a", "field_invalid"), (5, "field_missing")],
)
def test_a_contact_needs_an_address(email: Any, code: str) -> None:
    """422 on a create; ``contact/sync`` says 400 ``{}``."""
    crm = Rehearsal()
    body = crm.call("POST", "contacts", {"contact": {"email": email}}, 422)
    assert pointer(body) == (code, "email")
    assert crm.call("POST", "contact/sync", {"contact": {"email": email}}, 400) == {}


def test_sync_creates_and_updates_by_address() -> None:
    """201, then 200; what is not named stays."""
    crm = Rehearsal()
    given = {"email": "jo@example.com", "firstName": "Jo", "phone": "1"}
    made = crm.call("POST", "contact/sync", {"contact": given}, 201)["contact"]
    again = {"email": "JO@example.com", "firstName": "Joan"}
    same = crm.call("POST", "contact/sync", {"contact": again}, 200)["contact"]
    assert same["id"] == made["id"]
    read = crm.get(f"contacts/{made['id']}")["contact"]
    assert (read["email"], read["firstName"], read["phone"]) == ("jo@example.com", "Joan", "1")


def test_contacts_are_found_by_address_ids_and_words() -> None:
    """Exact address whatever its letter case, ids, parts, dates; unknown filters do nothing."""
    crm = Rehearsal()
    ann, bob = crm.contact("ann@x.example"), crm.contact("bob@x.example")
    crm.seconds = 3600
    cat = crm.contact("cat@y.example")
    crm.call("PUT", f"contacts/{bob}", {"contact": {"firstName": "Robert"}})

    def ids(**params: Any) -> list[str]:
        return [one["id"] for one in crm.get("contacts", **params)["contacts"]]

    for params, wanted in (
        ({"email": "ANN@x.example"}, [ann]),
        ({"email": "x.example"}, []),
        ({"email_like": "x.example"}, [ann, bob]),
        ({"search": "robert"}, [bob]),
        ({"ids": f"{ann},{cat}, x"}, [ann, cat]),
        ({"ids[]": [ann, bob]}, [ann, bob]),
        ({"id_greater": ann, "orders__id": "ASC"}, [bob, cat]),
        ({"id_less": bob}, [ann]),
        ({"filters__created_after": "2026-06-01T08:00:00-05:00"}, [cat]),
        ({"filters__created_before": "2026-06-01T08:00:00-05:00"}, [ann, bob]),
        ({"filters__updated_after": "2026-06-01T08:00:00-05:00"}, [bob, cat]),
        ({"orders__id": "DESC"}, [cat, bob, ann]),
        ({"orders__email": "DESC"}, [cat, bob, ann]),
        ({"orders__nonsense": "DESC"}, [ann, bob, cat]),
        ({"filters__nonsense": "1"}, [ann, bob, cat]),
    ):
        assert ids(**params) == wanted, params
    assert crm.get("contacts", limit=1)["meta"] == {"total": "3"}


def test_contacts_can_be_walked_by_their_ids() -> None:
    """``orders[id]=ASC&id_greater=`` misses nobody."""
    crm = Rehearsal()
    made = [crm.contact() for _ in range(45)]
    found: list[str] = []
    while rows := crm.get("contacts", orders__id="ASC", id_greater=found[-1] if found else 0)[
        "contacts"
    ]:
        found += [one["id"] for one in rows]
    assert found == made


def test_a_contact_can_be_changed_and_deleted() -> None:
    """Its old address is free again; 404s differ in their words."""
    crm = Rehearsal()
    ann, bob = crm.contact("ann@x.example"), crm.contact("bob@x.example")
    crm.call("PUT", f"contacts/{ann}", {"contact": {"email": "bob@X.example"}}, 422)
    crm.call("PUT", f"contacts/{ann}", {"contacts": {"email": "new@x.example"}})
    assert crm.get(f"contacts/{ann}")["contact"]["email"] == "ann@x.example"
    crm.call("PUT", f"contacts/{ann}", {"contact": {"email": "ANN@x.example"}})
    crm.call("PUT", f"contacts/{ann}", {"contact": {"email": "anna@x.example"}})
    assert crm.contact("ann@x.example") == "3"
    deal = crm.deal(contact=bob)
    crm.call("POST", "contactDeals", {"contactDeal": {"contact": ann, "deal": deal}})
    one = crm.get(f"contacts/{bob}")
    assert (one["deals"][0]["id"], one["contact"]["deals"]) == (deal, [deal])
    for id in (ann, bob):
        assert crm.call("DELETE", f"contacts/{id}") == {}
    assert crm.stored(deal)["contact"] == bob
    assert crm.get("contactDeals")["contactDeals"] == []
    message = f"No Result found for Subscriber with id {bob}"
    assert crm.get(f"contacts/{bob}", 404) == {"message": message}
    message = f"No result found for contact with id {bob}"
    assert crm.call("DELETE", f"contacts/{bob}", expect=404) == {"message": message}
    crm.call("POST", "deals", crm.body(contact=bob), 400)
    crm.call("DELETE", f"deals/{deal}")


def test_custom_fields_of_contacts() -> None:
    """Values by field id; unknown fields are overlooked."""
    crm = Rehearsal(like=WITH_FIELD)
    fields = crm.get("fields")
    assert (fields["fields"][0]["id"], fields["fields"][0]["title"]) == ("3", "City")
    assert fields["fields"][0]["options"] == ["Anvil"]
    assert crm.get("fields/3")["field"]["perstag"] == "CITY"
    crm.get("fields/1", 404)
    values = [{"field": "3", "value": "Oslo"}, {"field": "9", "value": "x"}, "x"]
    given = {"email": "a@x.example", "fieldValues": values}
    body = crm.call("POST", "contacts", {"contact": given}, 201)
    assert [(one["field"], one["value"]) for one in body["fieldValues"]] == [("3", "Oslo")]
    read = crm.get(f"contacts/{body['contact']['id']}")
    assert read["fieldValues"] == body["fieldValues"]
    assert read["contact"]["fieldValues"] == [body["fieldValues"][0]["id"]]


# --- accounts


def test_names_of_accounts_are_unique() -> None:
    """422 duplicate with the name, as plain text (documented); a missing name is another 422."""
    crm = Rehearsal()
    fields = [{"customFieldId": 9, "fieldValue": "500-1000"}]
    given = {"name": "Acme", "accountUrl": "https://acme.example", "owner": 2, "fields": fields}
    made = crm.call("POST", "accounts", {"account": given}, 201)["account"]
    assert (made["owner"], made["links"]) == ("2", [])
    assert made["fields"] == [{**fields[0], "accountId": "1"}]
    response = crm.call("POST", "accounts", {"account": {"name": "ACME"}}, None)
    assert response.status_code == 422
    assert response.headers["Content-Type"].startswith("text/plain")
    title = 'An account named "ACME" already exists. Please choose a new name.'
    assert response.json()["errors"][0]["title"] == title
    assert pointer(response.json()) == ("duplicate", "name")
    body = crm.call("POST", "accounts", {"account": {"accountUrl": "x"}}, 422)
    assert pointer(body) == ("field_missing", "name")
    read = crm.get("accounts/1")["account"]
    assert (read["name"], read["accountUrl"]) == ("Acme", "https://acme.example")


def test_accounts_are_searched_by_a_part_of_their_name() -> None:
    """Deals are counted on demand; unknown filters do nothing."""
    crm = Rehearsal()
    acme, bolt = crm.account("Acme GmbH"), crm.account("Bolt")
    crm.deal(account=acme)
    found = crm.get("accounts", search="gmbh", count_deals="true")
    assert [(one["id"], one["dealCount"]) for one in found["accounts"]] == [(acme, "1")]
    assert found["meta"] == {"total": "1"}
    found = crm.get("accounts", filters__name="Bolt")["accounts"]
    assert [one["id"] for one in found] == [acme, bolt]
    assert "dealCount" not in found[0]
    assert len(crm.get("accounts", limit=1, offset=1)["accounts"]) == 1


def test_an_account_can_be_renamed_and_deleted() -> None:
    """Its deals and contacts lose it."""
    crm = Rehearsal()
    acme, bolt = crm.account("Acme"), crm.account("Bolt")
    crm.call("PUT", f"accounts/{acme}", {"account": {"name": "bolt"}}, 422)
    crm.call("PUT", f"accounts/{acme}", {"accounts": {"name": "x"}})
    crm.call("PUT", f"accounts/{acme}", {"account": {"name": "Acme & Co", "accountUrl": ""}})
    assert crm.get(f"accounts/{acme}")["account"]["name"] == "Acme & Co"
    crm.account("Acme")
    contact = crm.contact()
    pair = {"accountContact": {"account": acme, "contact": contact}}
    crm.call("POST", "accountContacts", pair, 201)
    deal, other = crm.deal(account=acme), crm.deal(account=bolt)
    assert crm.call("DELETE", f"accounts/{acme}") == {}
    assert (crm.stored(deal)["account"], crm.stored(other)["account"]) == (None, bolt)
    assert crm.get("accountContacts")["accountContacts"] == []
    assert crm.get(f"contacts/{contact}")["contact"]["organization"] is None
    message = f"No Result found for CustomerAccount with id {acme}"
    for method in ("GET", "PUT", "DELETE"):
        assert crm.call(method, f"accounts/{acme}", {}, 404) == {"message": message}


def test_a_contact_belongs_to_one_account() -> None:
    """201 once, then 422; ids come back as they were sent; filters by either side."""
    crm = Rehearsal()
    acme, bolt, contact = crm.account("Acme"), crm.account("Bolt"), crm.contact()
    given = {"contact": int(contact), "account": int(acme), "jobTitle": "PM"}
    made = crm.call("POST", "accountContacts", {"accountContact": given}, 201)["accountContact"]
    assert {name: made[name] for name in given} == given
    again = {"accountContact": {"contact": contact, "account": bolt}}
    assert pointer(crm.call("POST", "accountContacts", again, 422))[0] == "field_invalid"
    for lacking, code in (
        ({"contact": contact}, ("field_missing", "account")),
        ({"account": acme}, ("field_missing", "contact")),
        ({"account": acme, "contact": "99"}, ("related_missing", "contact")),
        ({"account": "99", "contact": contact}, ("related_missing", "account")),
    ):
        body = crm.call("POST", "accountContacts", {"accountContact": lacking}, 422)
        assert pointer(body) == code
    for params, count in (
        ({"filters__contact": contact}, 1),
        ({"filters__contact": "99"}, 0),
        ({"filters__account": bolt}, 0),
    ):
        assert len(crm.get("accountContacts", **params)["accountContacts"]) == count
    assert crm.get("accounts")["accounts"][0]["contactCount"] == "1"
    assert crm.get(f"contacts/{contact}")["contact"]["organization"] == acme
    crm.call("DELETE", f"contacts/{contact}")
    assert crm.get("accountContacts")["meta"] == {"total": "0"}


# --- bulk import


def people(count: int) -> list[dict[str, Any]]:
    """So many contacts to import."""
    return [{"email": f"p{number}@example.com"} for number in range(count)]


def test_an_import_is_queued_and_runs_later() -> None:
    """Capital ``Success``; ids of the good ones and addresses of the bad ones, once it has run."""
    crm = Rehearsal(import_delay=10, import_failures={"P2@example.com"}, like=WITH_FIELD)
    crm.contact("p0@example.com")
    contacts = people(3)
    contacts[0] |= {"first_name": "Pia", "last_name": "Po", "phone": "1", "tags": ["Hot"]}
    contacts[0] |= {"fields": [{"id": 3, "value": "Oslo"}, {"id": 9, "value": "x"}, "x"]}
    contacts[0] |= {"customer_acct_name": "Acme"}
    contacts[1] |= {"customer_acct_name": "acme"}
    body = crm.call("POST", IMPORT, {"contacts": contacts})
    batch = body.pop("batchId")
    assert body == {"Success": 1, "queued_contacts": 3, "message": "Contact import queued"}
    crm.seconds = 9.9
    waiting = {"status": "waiting", "success": [], "failure": []}
    assert crm.get("import/info", batchId=batch) == waiting
    assert crm.get("contacts")["meta"] == {"total": "1"}
    day = {"forDate": "2026-06-01", "batches": "1", "contacts": "3"}
    assert crm.get(IMPORT) == {"outstanding": [day], "recentlyCompleted": []}
    crm.seconds = 10
    done = {"status": "completed", "success": ["1", "2"], "failure": ["p2@example.com"]}
    assert crm.get("import/info", batchId=batch) == done
    assert crm.get(IMPORT) == {"outstanding": [], "recentlyCompleted": [day]}
    one = crm.get("contacts/1")
    assert (one["contact"]["firstName"], one["contact"]["organization"]) == ("Pia", "1")
    assert one["fieldValues"][0]["value"] == "Oslo"
    assert crm.get("contacts/2")["contact"]["organization"] == "1"
    assert crm.get("accounts")["accounts"][0]["contactCount"] == "2"
    for params in ({}, {"batchId": "x"}):
        assert crm.get("import/info", 400, **params)["success"] == 0


def test_one_bad_contact_rejects_all() -> None:
    """400 with lower-case ``success`` and a reason per bad contact."""
    crm = Rehearsal(import_delay=0)
    contacts = [*people(2), {"email": "nonsense"}, {"first_name": "x"}, "x"]
    body = crm.call("POST", IMPORT, {"contacts": contacts}, 400)
    assert body["success"] == 0
    assert body["message"].startswith("JSON payload did not pass validation.")
    assert body["failureReasons"] == [
        {"contact": 2, "failureReason": "Field 'email' incorrect format"},
        {"contact": 3, "failureReason": "Field 'email' is required"},
        {"contact": 4, "failureReason": "Field 'email' is required"},
    ]
    crm.seconds = 99
    assert crm.get("contacts")["contacts"] == []


@given(st.integers(240, 260))
def test_an_import_holds_250_contacts(count: int) -> None:
    """More are refused as a whole."""
    crm = Rehearsal(import_delay=0)
    crm.call("POST", IMPORT, {"contacts": people(count)}, 200 if count <= 250 else 400)
    total = count if count <= 250 else 0
    assert crm.get("contacts")["meta"] == {"total": str(total)}


def test_an_import_holds_400_000_bytes_and_somebody() -> None:
    """Larger bodies, empty lists and other shapes are refused."""
    crm = Rehearsal()
    contacts = people(10)
    contacts[0]["last_name"] = "x" * 400_000
    assert crm.call("POST", IMPORT, {"contacts": contacts}, 400)["success"] == 0
    wrong: list[Any] = [{}, {"contacts": []}, {"contacts": {}}, []]
    for body in wrong:
        assert crm.call("POST", IMPORT, body, 400)["success"] == 0


def test_imports_have_a_quota_of_their_own_that_is_a_400() -> None:
    """100 per minute, 20 of them with a single contact; no 429 and no header."""
    crm = Rehearsal(limits=True, per_second=1000)
    for _ in range(20):
        crm.call("POST", IMPORT, {"contacts": people(1)})
    body = crm.call("POST", IMPORT, {"contacts": people(1)}, 400)
    assert (body["success"], body["message"]) == (0, "Rate limit exceeded.")
    assert body["failureReasons"] == ["Up to 20 imports may be requested per minute."]
    for _ in range(80):
        crm.call("POST", IMPORT, {"contacts": people(2)})
    body = crm.call("POST", IMPORT, {"contacts": people(2)}, 400)
    assert body["failureReasons"] == ["Up to 100 imports may be requested per minute."]
    crm.seconds = 60
    crm.call("POST", IMPORT, {"contacts": people(1)})
    crm = Rehearsal()
    for _ in range(101):
        crm.call("POST", IMPORT, {"contacts": people(1)})
