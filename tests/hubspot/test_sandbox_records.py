"""Single records in the HubSpot sandbox: what is taken, what is refused, what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrator.vendors.hubspot.sandbox.values import iso
from tests.hubspot.sandbox import DEAL, START, Rehearsal


def codes(body: Any) -> dict[str, str]:
    """Property to code, read from both places where HubSpot puts them, which must agree."""
    message = body["message"].removeprefix("Property values were not valid: ")
    embedded = {one["name"]: one["error"] for one in json.loads(message)}
    listed = {one["context"]["propertyName"][0]: one["code"] for one in body["errors"]}
    assert embedded == listed
    return embedded


@pytest.mark.parametrize(
    "base", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"]
)
@pytest.mark.parametrize("name", ["deals", "0-3", "deal"])
def test_both_path_versions_and_type_ids_lead_to_the_same_records(base: str, name: str) -> None:
    """`/crm/v3/objects/{type}` = `/crm/objects/V/{type}`; `0-3` = `deals`."""
    crm = Rehearsal()
    id = crm.deal()
    body = crm.call("GET", f"{base}/{name}/{id}", expect=200)
    assert body["properties"]["dealname"] == "Roof"


def test_a_created_deal_answers_with_text_its_defaults_and_what_was_set() -> None:
    """201; values are strings; the default set plus what was set."""
    crm = Rehearsal()
    sent = {**DEAL, "amount": 1234.5, "hs_priority": "low"}
    body = crm.call("POST", crm.objects(), {"properties": sent}, 201)
    assert body["properties"]["amount"] == "1234.5"
    assert body["properties"]["hs_priority"] == "low"
    assert body["properties"]["hs_object_id"] == body["id"]
    assert body["archived"] is False
    assert set(map(type, body["properties"].values())) == {str}
    assert body["createdAt"] == iso(START, millis=True)


def test_a_read_gives_null_for_blank_properties_and_skips_unknown_ones() -> None:
    """Only the properties asked for; values are strings or null."""
    crm = Rehearsal()
    id = crm.deal()
    body = crm.call("GET", crm.objects(f"/{id}"), expect=200, properties="amount,nonsense")
    assert body["properties"]["amount"] is None
    assert "nonsense" not in body["properties"]
    assert "dealname" not in body["properties"]


def test_closed_flags_follow_the_stage() -> None:
    """Probability 1.0 = closed won, 0.0 = closed lost."""
    crm = Rehearsal()
    flags = ("hs_is_closed", "hs_is_closed_won")
    found = []
    for stage in ("contractsent", "closedwon", "closedlost"):
        path = crm.objects(f"/{crm.deal(dealstage=stage)}")
        values = crm.call("GET", path, expect=200, properties=",".join(flags))["properties"]
        found.append(tuple(values[flag] for flag in flags))
    assert found == [("false", "false"), ("true", "true"), ("true", "false")]


def test_every_bad_property_of_a_record_is_named_at_once() -> None:
    """`Property values were not valid: [...]` embeds JSON, `errors[]` has the codes."""
    body = Rehearsal().refusal(
        {
            **DEAL,
            "nonsense": "1",
            "amount": "1,234",
            "hs_object_id": "7",
            "closedate": "soon",
            "dealtype": "Newbusiness",
            "hubspot_owner_id": "1",
            "deal_currency_code": "JPY",
        }
    )
    assert body["category"] == "VALIDATION_ERROR"
    assert body["correlationId"]
    assert codes(body) == {
        "nonsense": "PROPERTY_DOESNT_EXIST",
        "amount": "INVALID_INTEGER",
        "hs_object_id": "READ_ONLY_VALUE",
        "closedate": "INVALID_LONG",
        "dealtype": "INVALID_OPTION",
        "hubspot_owner_id": "INVALID_OWNER_ID",
        "deal_currency_code": "INVALID_OPTION",
    }


@pytest.mark.parametrize("missing", ["dealname", "dealstage"])
def test_a_deal_needs_name_and_stage(missing: str) -> None:
    """Dealname and dealstage are required; nothing is created."""
    crm = Rehearsal()
    body = crm.refusal({name: value for name, value in DEAL.items() if name != missing})
    assert missing in body["context"]["properties"]
    assert body["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"
    assert crm.sandbox.records("deals") == []


def test_the_pipeline_may_be_left_out_only_while_there_is_one() -> None:
    """The pipeline is needed "if you have multiple pipelines" (option; else default)."""
    without = {"dealname": "Roof", "dealstage": "closedwon"}
    crm = Rehearsal()
    body = crm.call("POST", crm.objects(), {"properties": without}, 201)
    assert body["properties"]["pipeline"] == "default"
    second = {"label": "Second", "displayOrder": 1, "stages": []}
    for lax in (False, True):
        crm = Rehearsal(pipeline_required_if_several=not lax)
        crm.call("POST", "/crm/v3/pipelines/deals", second, 201)
        response = crm.call("POST", crm.objects(), {"properties": without})
        assert response.status_code == (201 if lax else 400)


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("contacts", {"email": "a@example.com"}, {"phone": "1"}),
        ("companies", {"name": "Acme"}, {"city": "Oslo"}),
        ("notes", {"hs_timestamp": "2026-01-01T00:00:00Z"}, {"hs_note_body": "x"}),
        ("tasks", {"hs_timestamp": "1767225600000"}, {"hs_task_subject": "x"}),
    ],
)
def test_other_types_have_required_properties_of_their_own(
    type: str, good: dict[str, str], bad: dict[str, str]
) -> None:
    """Hs_timestamp is required on notes and tasks; contacts and companies need a name."""
    crm = Rehearsal()
    crm.record(type, **good)
    assert "required properties" in crm.refusal(bad, type)["message"]


def test_a_stage_must_belong_to_the_pipeline() -> None:
    """Stage and pipeline are internal ids; labels and other pipelines' stages are not."""
    crm = Rehearsal()
    second = {"label": "B", "stages": [{"label": "In", "metadata": {"probability": "0.1"}}]}
    made = crm.call("POST", "/crm/v3/pipelines/deals", second, 201)
    stage = made["stages"][0]["id"]
    assert codes(crm.refusal({**DEAL, "dealstage": stage})) == {"dealstage": "INVALID_OPTION"}
    assert codes(crm.refusal({**DEAL, "dealstage": "Closed Won"})) == {
        "dealstage": "INVALID_OPTION"
    }
    assert codes(crm.refusal({**DEAL, "pipeline": "Sales Pipeline"})) == {
        "pipeline": "INVALID_OPTION"
    }
    id = crm.deal(dealstage=stage, pipeline=made["id"])
    move = {"properties": {"pipeline": "default"}}
    crm.call("PATCH", crm.objects(f"/{id}"), move, 400)
    move["properties"]["dealstage"] = "closedwon"
    crm.call("PATCH", crm.objects(f"/{id}"), move, 200)


def test_inactive_owners_are_refused_unless_the_option_says_otherwise() -> None:
    """An owner is given by id; deactivated ones are UNCERTAIN, hence an option."""
    assert codes(Rehearsal().refusal({**DEAL, "hubspot_owner_id": "700005"})) == {
        "hubspot_owner_id": "INVALID_OWNER_ID"
    }
    crm = Rehearsal(inactive_owner_ok=True)
    crm.deal(hubspot_owner_id="700005")
    assert crm.sandbox.records("deals")[0]["hubspot_owner_id"] == "700005"


def test_text_of_65536_characters_is_kept_and_one_more_is_refused() -> None:
    """Strings have at most 65,536 characters."""
    crm = Rehearsal()
    crm.deal(description="ü" * 65_536)
    assert len(crm.sandbox.records("deals")[0]["description"]) == 65_536
    assert list(codes(crm.refusal({**DEAL, "description": "x" * 65_537}))) == ["description"]


def test_createdate_can_be_backdated_and_createdat_follows_only_by_option() -> None:
    """Createdate is writable; whether `createdAt` follows is UNCERTAIN."""
    for follows in (False, True):
        crm = Rehearsal(created_at_follows=follows)
        id = crm.deal(createdate="2019-05-01T08:00:00+02:00")
        body = crm.call("GET", crm.objects(f"/{id}"), expect=200)
        assert body["properties"]["createdate"] == "2019-05-01T06:00:00Z"
        assert body["createdAt"].startswith("2019" if follows else "2026")


def test_patch_overwrites_clears_with_blank_and_leaves_the_rest() -> None:
    """PATCH; "" clears a value; unknown properties are a 400; unknown ids a 404."""
    crm = Rehearsal()
    id = crm.deal(amount="10", description="old")
    crm.seconds = 60
    body = {"properties": {"amount": "", "hs_priority": "high"}}
    answer = crm.call("PATCH", crm.objects(f"/{id}"), body, 200)
    assert answer["updatedAt"] > answer["createdAt"]
    record = crm.sandbox.records("deals")[0]
    assert "amount" not in record
    assert (record["description"], record["hs_priority"]) == ("old", "high")
    crm.call("PATCH", crm.objects(f"/{id}"), {"properties": {"x": "1"}}, 400)
    crm.call("PATCH", crm.objects("/999"), {"properties": {}}, 404)


def test_clearing_the_stage_is_refused() -> None:
    """A deal always has a stage of its pipeline."""
    crm = Rehearsal()
    id = crm.deal()
    crm.call("PATCH", crm.objects(f"/{id}"), {"properties": {"dealstage": ""}}, 400)


def test_archive_answers_204_hides_the_record_and_keeps_it_readable_as_archived() -> None:
    """DELETE = archive, 204; archived records are listed with `archived=true` only."""
    crm = Rehearsal()
    kept, gone = crm.deal(), crm.deal()
    crm.call("DELETE", crm.objects(f"/{gone}"), expect=204)
    crm.call("DELETE", crm.objects(f"/{gone}"), expect=204)
    crm.call("GET", crm.objects(f"/{gone}"), expect=404)
    live = crm.call("GET", crm.objects(), expect=200)["results"]
    assert [one["id"] for one in live] == [kept]
    archived = crm.call("GET", crm.objects(), expect=200, archived="true")["results"]
    assert [(one["id"], one["archived"], "archivedAt" in one) for one in archived] == [
        (gone, True, True)
    ]
    assert [one["id"] for one in crm.sandbox.records("deals", archived=True)] == [gone]
    crm.call("GET", crm.objects(f"/{gone}"), expect=200, archived="true")
    crm.call("GET", crm.objects(f"/{kept}"), expect=404, archived="true")
    body = {"inputs": [{"id": gone}]}
    crm.call("POST", crm.objects("/batch/read"), body, 200, archived="true")
    crm.call("POST", crm.objects("/batch/read"), body, 207)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_list_pages_give_every_record_once(limit: int) -> None:
    """GET list with limit and after; the last page has no paging."""
    crm = Rehearsal()
    made = [crm.deal() for _ in range(14)]
    crm.call("DELETE", crm.objects(f"/{made[6]}"), expect=204)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        body = crm.call("GET", crm.objects(), expect=200, **params)
        seen += [one["id"] for one in body["results"]]
        if "paging" not in body:
            break
        params["after"] = body["paging"]["next"]["after"]
    assert seen == made[:6] + made[7:]


@pytest.mark.parametrize("params", [{"limit": "101"}, {"limit": "0"}, {"after": "abc"}])
def test_a_list_takes_at_most_100_and_its_own_cursors(params: dict[str, str]) -> None:
    """Limit is at most 100 (default 10)."""
    crm = Rehearsal()
    crm.call("GET", crm.objects(), expect=400, **params)


def test_contact_emails_are_unique_whatever_their_case() -> None:
    """409 CONFLICT "Contact already exists. Existing ID: 123"."""
    crm = Rehearsal()
    id = crm.record("contacts", email="Ann@Example.com")
    body = {"properties": {"email": "ann@example.COM"}}
    answer = crm.call("POST", crm.objects(type="contacts"), body, 409)
    assert answer["category"] == "CONFLICT"
    assert answer["message"] == f"Contact already exists. Existing ID: {id}"
    by_email = crm.objects("/ANN@example.com", "contacts")
    assert crm.call("GET", by_email, expect=200, idProperty="email")["id"] == id


def test_an_invalid_email_is_refused() -> None:
    """INVALID_EMAIL."""
    assert codes(Rehearsal().refusal({"email": "nobody"}, "contacts")) == {"email": "INVALID_EMAIL"}


@pytest.mark.parametrize("status", [400, 409])
def test_a_unique_value_is_taken_once_by_create_and_by_update(status: int) -> None:
    """HasUniqueValue; the status of the refusal (400 or 409) is an option."""
    crm = Rehearsal(unique_conflict_status=status)
    key = crm.unique_key()
    first = crm.deal(migrator_key="a-1")
    body = {"properties": {**DEAL, key: "a-1"}}
    answer = crm.call("POST", crm.objects(), body, status)
    assert codes(answer) == {key: "CONFLICTING_UNIQUE_VALUE"}
    assert f"{first} already has that value" in answer["message"]
    second = crm.deal(migrator_key="a-2")
    path = crm.objects(f"/{second}")
    crm.call("PATCH", path, {"properties": {key: "a-1"}}, status)
    crm.call("PATCH", path, {"properties": {key: "a-2"}}, 200)
    crm.call("PATCH", path, {"properties": {key: ""}}, 200)
    crm.call("PATCH", path, {"properties": {key: "a-3"}}, 200)
    crm.deal(migrator_key="a-2")
    assert sorted(one[key] for one in crm.sandbox.records("deals")) == ["a-1", "a-2", "a-3"]


def test_letter_case_of_unique_values_counts_unless_the_option_says_otherwise() -> None:
    """UNCERTAIN in the facts, hence both."""
    for ignore in (False, True):
        crm = Rehearsal(unique_ignores_case=ignore)
        crm.unique_key()
        crm.deal(migrator_key="a")
        body = {"properties": {**DEAL, "migrator_key": "A"}}
        response = crm.call("POST", crm.objects(), body)
        assert response.status_code == (400 if ignore else 201)


def test_archived_records_free_their_unique_values_unless_the_option_says_otherwise() -> None:
    """UNCERTAIN, hence both."""
    for keep in (False, True):
        crm = Rehearsal(archived_keep_unique=keep)
        crm.unique_key()
        id = crm.deal(migrator_key="a")
        crm.call("DELETE", crm.objects(f"/{id}"), expect=204)
        path = crm.objects("/a")
        crm.call("GET", path, expect=404, idProperty="migrator_key")
        body = {"properties": {**DEAL, "migrator_key": "a"}}
        response = crm.call("POST", crm.objects(), body)
        assert response.status_code == (400 if keep else 201)


@pytest.mark.parametrize("name", ["hs_object_id", "dealname", "nonsense"])
def test_only_unique_properties_are_taken_as_id_property(name: str) -> None:
    """Hs_object_id and non-unique properties are a 400 as idProperty."""
    crm = Rehearsal()
    id = crm.deal()
    crm.call("GET", crm.objects(f"/{id}"), expect=400, idProperty=name)


def test_2026_09_enforces_conditional_rules_and_2026_03_does_not() -> None:
    """2026-09 answers MISSING_CONDITIONAL_REQUIRED_PROPERTY, earlier versions do not."""
    crm = Rehearsal(conditional_required={"closedwon": ("closedate",)})
    body = {"properties": {**DEAL, "dealstage": "closedwon"}}
    answer = crm.call("POST", "/crm/objects/2026-09/deals", body, 400)
    assert answer["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    crm.call("POST", "/crm/objects/2026-03/deals", body, 201)
    crm.call("POST", "/crm/v3/objects/deals", body, 201)
    body["properties"]["closedate"] = "2026-03-01"
    crm.call("POST", "/crm/objects/2026-09/deals", body, 201)


def test_a_close_date_is_set_on_closing_only_by_option() -> None:
    """A close date is "set automatically by HubSpot", outcome UNCERTAIN."""
    for auto in (False, True):
        crm = Rehearsal(auto_closedate=auto)
        crm.deal()
        crm.deal(dealstage="closedlost")
        held = ["closedate" in one for one in crm.sandbox.records("deals")]
        assert held == [False, auto]


def test_a_multiple_choice_takes_several_values_and_appends_after_a_semicolon() -> None:
    """`a;b;c`; a leading `;` appends instead of replacing."""
    crm = Rehearsal()
    body = {
        "name": "tags",
        "label": "Tags",
        "type": "enumeration",
        "fieldType": "checkbox",
        "groupName": "dealinformation",
        "options": [{"label": v.upper(), "value": v} for v in "abc"],
    }
    crm.call("POST", "/crm/v3/properties/deals", body, 201)
    path = crm.objects(f"/{crm.deal(tags='a;b')}")
    found = []
    for sent in (";c", ";c", "b"):
        answer = crm.call("PATCH", path, {"properties": {"tags": sent}}, 200)
        found.append(answer["properties"]["tags"])
    assert found == ["a;b;c", "a;b;c", "b"]
    assert codes(crm.refusal({**DEAL, "tags": "a;z"})) == {"tags": "INVALID_OPTION"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"properties": []}',
        b'{"properties": {"dealname": {}}}',
        b"{}",
    ],
)
def test_a_body_that_is_no_create_is_a_400_in_hubspots_shape(content: bytes) -> None:
    """Malformed JSON fails the whole call."""
    crm = Rehearsal()
    response = crm.http.post(crm.objects(), content=content)
    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"
    crm.call("POST", crm.objects(), {"properties": DEAL, "associations": 1}, 400)


def test_too_many_properties_in_a_query_are_414() -> None:
    """Many properties in `GET ?properties=` make the address too long."""
    crm = Rehearsal()
    crm.call("GET", crm.objects(), expect=414, properties=",".join(["description"] * 700))
    crm.call("GET", crm.objects(), expect=200, properties=",".join(["description"] * 100))


def test_unknown_paths_and_types_are_refused() -> None:
    """Only the paths of the table exist; v4 has associations only."""
    crm = Rehearsal()
    for path in ("/crm/v4/objects/deals", "/crm/v3/nonsense", "/x", "/crm/objects/2025-01/deals"):
        crm.call("GET", path, expect=404)
    crm.call("GET", "/crm/v3/objects/unicorns", expect=400)
