"""Contacts of a Brevo sandbox: one by one, listed, imported, exported."""

from __future__ import annotations

from typing import Any

import pytest

from tests.brevo.sandbox import Rehearsal


def imported(crm: Rehearsal, body: dict[str, Any]) -> Any:
    """Import contacts, wait, and give the report of the process."""
    id = crm.call("POST", "/contacts/import", body, 202)["processId"]
    crm.seconds += 60
    return crm.get(f"/processes/{id}")["info"]["import"]


def people(crm: Rehearsal) -> dict[str, dict[str, Any]]:
    """The contacts by e-mail address."""
    return {one["EMAIL"]: one for one in crm.sandbox.records("contacts")}


def test_a_contact_has_a_number_and_an_address_in_small_letters() -> None:
    """Found by id or by address, whatever its letter case."""
    crm = Rehearsal()
    id = crm.contact("Kim+Test@Example.com", FIRSTNAME="Kim")
    assert id == 1
    found = crm.get("/contacts/1")
    assert found == {
        "email": "kim+test@example.com",
        "id": 1,
        "emailBlacklisted": False,
        "smsBlacklisted": False,
        "createdAt": "2026-03-02T12:00:00.000Z",
        "modifiedAt": "2026-03-02T12:00:00.000Z",
        "listIds": [],
        "listUnsubscribed": [],
        "attributes": {"FIRSTNAME": "Kim"},
        "statistics": {},
    }
    assert crm.get("/contacts/KIM%2Btest%40example.com") == found


def test_a_contact_that_is_there_is_refused_unless_updates_are_enabled() -> None:
    """400 `duplicate_parameter`; with `updateEnabled` 204, or by option 201 with the id."""
    crm, other = Rehearsal(), Rehearsal(upsert_status=201)
    body = {"email": "KIM@example.com", "attributes": {"LASTNAME": "Berg"}}
    for one in (crm, other):
        one.contact("kim@example.com")
        found = one.call("POST", "/contacts", body, 400)
        assert found["code"] == "duplicate_parameter"
        assert found["metadata"] == {"duplicate_identifiers": ["email"]}
    assert crm.call("POST", "/contacts", {**body, "updateEnabled": True}, 204) is None
    assert other.call("POST", "/contacts", {**body, "updateEnabled": True}, 201) == {"id": 1}
    assert crm.get("/contacts/1")["attributes"] == {"LASTNAME": "Berg"}


def test_attributes_in_small_letters_or_unknown_are_dropped_silently() -> None:
    """Names are in upper case; nobody is told."""
    crm = Rehearsal()
    crm.contact("kim@example.com", firstname="Kim", COLOUR="red", LASTNAME="Berg")
    assert crm.get("/contacts/1")["attributes"] == {"LASTNAME": "Berg"}
    crm.call("POST", "/contacts/attributes/normal/colour", {"type": "text"}, 201)
    crm.call("PUT", "/contacts/1", {"attributes": {"COLOUR": "red"}}, 204)
    assert crm.get("/contacts/1")["attributes"]["COLOUR"] == "red"
    listed = crm.get("/contacts/attributes")["attributes"]
    assert {"name": "COLOUR", "category": "normal", "type": "text"} in listed


@pytest.mark.parametrize(
    "path", ["normal/LASTNAME", "other/X", "normal/a%20b", "normal/OK?type=currency"]
)
def test_attributes_of_contacts_are_checked(path: str) -> None:
    """Unique, of a known category and type, letters and digits."""
    type = "currency" if "currency" in path else "text"
    path = path.partition("?")[0]
    Rehearsal().call("POST", f"/contacts/attributes/{path}", {"type": type}, 400)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "kim"},
        {"email": 5},
        {"email": "kim@example.com", "attributes": {"SMS": "call me"}},
        {"email": "kim@example.com", "listIds": [99]},
        {"email": "kim@example.com", "updateEnabled": "yes"},
    ],
)
def test_a_wrong_part_refuses_the_whole_contact(body: Any) -> None:
    """A telephone number that is none costs the contact, not only itself."""
    crm = Rehearsal()
    crm.call("POST", "/contacts", body, 400)
    assert crm.get("/contacts")["count"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{"AGE": "old"}, {"AGE": True}, {"VIP": "perhaps"}, {"BORN": "March"}, {"TAGS": "a"}],
)
def test_values_of_another_type_are_ignored_silently(wrong: dict[str, Any]) -> None:
    """Documented so: the contact is taken without them."""
    crm = typed()
    crm.contact("kim@example.com", LASTNAME="Berg", **wrong)
    assert crm.get("/contacts/1")["attributes"] == {"LASTNAME": "Berg"}


def typed() -> Rehearsal:
    """A sandbox whose contacts have an attribute of each type."""
    crm = Rehearsal()
    types = {"AGE": "float", "VIP": "boolean", "BORN": "date", "TAGS": "multiple-choice"}
    for name, type in types.items():
        crm.call("POST", f"/contacts/attributes/normal/{name}", {"type": type}, 201)
    return crm


def test_values_of_contacts_are_taken_in_their_usual_spellings() -> None:
    """Numbers and booleans as such or as text; blank clears."""
    crm = typed()
    crm.contact(AGE="41", VIP="Yes", BORN="2000-01-31", TAGS=["a"], LASTNAME=7)
    crm.call("PUT", "/contacts/1", {"attributes": {"VIP": False, "LASTNAME": ""}}, 204)
    held = crm.get("/contacts/1")["attributes"]
    assert held == {"AGE": 41, "VIP": False, "BORN": "2000-01-31", "TAGS": ["a"]}
    crm.call("PUT", "/contacts/1", {"attributes": {"AGE": 42.5}}, 204)
    assert crm.get("/contacts/1")["attributes"]["AGE"] == 42.5


def test_telephone_numbers_and_external_ids_are_unique() -> None:
    """With or without plus; each finds the contact when its type is named."""
    crm = Rehearsal()
    crm.contact("a@example.com", SMS="+33612345678", EXT_ID="x1")
    for attributes in ({"SMS": "0033612345678"}, {"EXT_ID": "x1"}):
        body = {"email": "b@example.com", "attributes": attributes}
        assert crm.call("POST", "/contacts", body, 400)["code"] == "duplicate_parameter"
    assert crm.get("/contacts/33612345678", identifierType="phone_id")["id"] == 1
    assert crm.get("/contacts/33612345678")["id"] == 1
    assert crm.get("/contacts/x1", identifierType="ext_id")["attributes"]["EXT_ID"] == "x1"
    only_phone = {"attributes": {"SMS": "+33699999999"}}
    crm.call("POST", "/contacts", only_phone, 201)
    assert "email" not in crm.get("/contacts/2")
    crm.call("PUT", "/contacts/2", {"attributes": {"SMS": "+33612345678"}}, 400)
    crm.call("PUT", "/contacts/2", {"attributes": {"EMAIL": "new@example.com"}}, 204)
    assert crm.get("/contacts/new@example.com")["id"] == 2
    same = {"ext_id": "x1", "attributes": {"LASTNAME": "Berg"}, "updateEnabled": True}
    crm.call("POST", "/contacts", same, 204)
    assert crm.get("/contacts/1")["attributes"]["LASTNAME"] == "Berg"


def test_unknown_contacts_and_identifiers() -> None:
    """404 for nobody, 400 for what identifies nobody; a deleted address is free again."""
    crm = Rehearsal()
    crm.contact("kim@example.com")
    for path, expected in (
        ("/contacts/9", 404),
        ("/contacts/no@example.com", 404),
        ("/contacts/kim", 400),
        ("/contacts/1?identifierType=shoe_size", 400),
        ("/contacts/9?identifierType=contact_id", 404),
    ):
        crm.call("GET", path, expect=expected)
    crm.call("DELETE", "/contacts/kim@example.com", expect=204)
    crm.call("PUT", "/contacts/1", {}, 404)
    assert crm.contact("kim@example.com") == 2


def test_contacts_are_listed_newest_first_with_a_count() -> None:
    """1,000 on a page at most; filters by time, list and one equality; wrong ones are refused."""
    crm = Rehearsal()
    for number, name in enumerate("abc"):
        crm.seconds = number * 60.0
        crm.contact(f"{name}@example.com", LASTNAME=name.upper())
    crm.call("PUT", "/contacts/1", {"listIds": [2], "emailBlacklisted": True}, 204)

    def shown(**params: Any) -> list[int]:
        return [one["id"] for one in crm.get("/contacts", **params)["contacts"]]

    assert shown() == [3, 2, 1]
    assert shown(sort="asc", limit=2, offset=1) == [2, 3]
    assert crm.get("/contacts", limit=1)["count"] == 3
    assert shown(createdSince="2026-03-02T12:00:30.000Z") == [3, 2]
    assert shown(modifiedSince="2026-03-02T12:01:30.000Z") == [3, 1]
    assert shown(listIds=2) == [1]
    assert shown(filter='equals(LASTNAME,"B")') == [2]
    for query in ("limit=1001", "createdSince=x", "filter=x"):
        crm.call("GET", f"/contacts?{query}", expect=400)
    crm.call("PUT", "/contacts/1", {"unlinkListIds": [2]}, 204)
    assert shown(listIds=2) == []


def test_lists_and_folders_count_their_contacts() -> None:
    """A list lies in a folder; both are there in a new account."""
    crm = Rehearsal()
    folder = crm.call("POST", "/contacts/folders", {"name": "Import"}, 201)["id"]
    list_ = crm.call("POST", "/contacts/lists", {"name": "Deals", "folderId": folder}, 201)["id"]
    crm.call("POST", "/contacts", {"email": "a@example.com", "listIds": [list_]}, 201)
    body = {"email": "b@example.com", "listIds": [list_], "emailBlacklisted": True}
    crm.call("POST", "/contacts", body, 201)
    newest = crm.get("/contacts/lists")
    assert newest["count"] == 2
    assert newest["lists"][0] == {
        "id": list_,
        "name": "Deals",
        "folderId": folder,
        "totalBlacklisted": 1,
        "totalSubscribers": 1,
        "uniqueSubscribers": 1,
    }
    folders = crm.get("/contacts/folders", sort="asc")["folders"]
    assert [one["totalSubscribers"] for one in folders] == [0, 1]
    crm.call("POST", "/contacts/lists", {"name": "x", "folderId": 99}, 404)
    crm.call("POST", "/contacts/lists", {"name": "x"}, 400)
    crm.call("POST", "/contacts/lists", {"folderId": 1}, 400)
    crm.call("POST", "/contacts/folders", {}, 400)


def test_contacts_are_imported_from_a_csv_text() -> None:
    """Semicolons, names in upper case; unknown attributes are ignored without a word."""
    crm = Rehearsal()
    text = "EMAIL;LASTNAME;colour\nA@example.com;Berg;red\nnonsense;X;\n;Y;\nb@example.com\n"
    report = imported(crm, {"fileBody": text, "listIds": [2]})
    assert report["invalid_emails"] == 2
    held = people(crm)
    assert list(held) == ["a@example.com", "b@example.com"]
    assert held["a@example.com"]["LASTNAME"] == "Berg"
    assert held["a@example.com"]["listIds"] == [2]
    assert "colour" not in held["a@example.com"]


def test_contacts_are_imported_from_json_and_updated_by_default() -> None:
    """Existing ones are merged, or left alone; blanks clear only when asked to."""
    crm = Rehearsal()
    crm.contact("a@example.com", LASTNAME="Old", FIRSTNAME="Kim", SMS="+33612345678")
    row = {"email": "A@example.com", "attributes": {"LASTNAME": "New", "FIRSTNAME": ""}}
    imported(crm, {"jsonBody": [row], "listIds": [2], "updateExistingContacts": False})
    assert people(crm)["a@example.com"]["LASTNAME"] == "Old"
    imported(crm, {"jsonBody": [row], "listIds": [2]})
    assert people(crm)["a@example.com"]["LASTNAME"] == "New"
    assert people(crm)["a@example.com"]["FIRSTNAME"] == "Kim"
    blank = {"jsonBody": [row], "listIds": [2], "emptyContactsAttributes": True}
    imported(crm, {**blank, "emailBlacklist": True})
    assert "FIRSTNAME" not in people(crm)["a@example.com"]
    assert crm.get("/contacts/1")["emailBlacklisted"] is True
    thief = {"email": "b@example.com", "attributes": {"SMS": "+33612345678"}}
    wrong = {"email": "c@example.com", "attributes": {"SMS": "none"}}
    other = {"email": "d@example.com", "attributes": {"EXT_ID": "x"}}
    taken = {"email": "b@example.com", "attributes": {"EXT_ID": "x"}}
    report = imported(crm, {"jsonBody": [thief, wrong, other, taken], "listIds": [2]})
    assert report["duplicate_phone_id"] == 0
    assert report["duplicate_email_id"] == 1
    assert report["invalid_emails"] == 1
    assert sorted(people(crm)) == ["b@example.com", "d@example.com"]


@pytest.mark.parametrize(
    "changes",
    [
        {"jsonBody": [{"email": "a@example.com"}]},
        {"fileBody": None},
        {"fileBody": None, "fileUrl": "https://x.test/a.csv"},
        {"fileBody": "EMAIL\n"},
        {"fileBody": "NAME\nx\n"},
        {"fileBody": 5},
        {"fileBody": None, "jsonBody": []},
        {"fileBody": None, "jsonBody": ["a@example.com"]},
        {"listIds": []},
        {"listIds": [99]},
        {"fileBody": "EMAIL\n" + "a@example.com\n" * 800_000},
    ],
)
def test_imports_of_contacts_that_cannot_be_used_are_refused(changes: dict[str, Any]) -> None:
    """Exactly one source of at most 10 MB, and a list to put the contacts in."""
    body = {"fileBody": "EMAIL\na@example.com\n", "listIds": [2], **changes}
    body = {name: value for name, value in body.items() if value is not None}
    Rehearsal().call("POST", "/contacts/import", body, 400)


def test_an_import_may_make_its_list() -> None:
    """`newList` names it and its folder; the list is there at once."""
    crm = Rehearsal()
    for new in ({"listName": "Deals", "folderId": 1}, {"listName": "More"}):
        imported(crm, {"jsonBody": [{"email": "a@example.com"}], "newList": new})
    lists = crm.get("/contacts/lists", sort="asc")["lists"]
    assert [one["name"] for one in lists[1:]] == ["Deals", "More"]
    assert people(crm)["a@example.com"]["listIds"] == [one["id"] for one in lists[1:]]


def test_an_export_tells_in_its_process_where_the_file_is() -> None:
    """A CSV with semicolons; there is nothing to read before it is done."""
    crm = Rehearsal()
    crm.contact("a@example.com", LASTNAME="Berg; Kim")
    crm.contact("b@example.com")
    crm.call("PUT", "/contacts/2", {"listIds": [2]}, 204)
    body: dict[str, Any] = {"customContactFilter": {"actionForContacts": "allContacts"}}
    body["exportAttributes"] = ["LASTNAME"]
    id = crm.call("POST", "/contacts/export", body, 202)["processId"]
    assert "export_url" not in crm.get(f"/processes/{id}")
    crm.seconds = 60
    url = crm.get(f"/processes/{id}")["export_url"]
    lines = ["CONTACT ID;EMAIL;LASTNAME", '1;a@example.com;"Berg; Kim"', "2;b@example.com;", ""]
    assert crm.http.get(url).text.split("\r\n") == lines
    part = {"customContactFilter": {"actionForContacts": "subscribed", "listId": 2}}
    id = crm.call("POST", "/contacts/export", part, 202)["processId"]
    crm.seconds = 120
    found = crm.http.get(crm.get(f"/processes/{id}")["export_url"]).text
    assert found.split("\r\n") == ["CONTACT ID;EMAIL", "2;b@example.com", ""]
    assert crm.http.get(url.replace("exports/", "exports/x")).status_code == 404
    crm.call("POST", "/contacts/export", {}, 400)
