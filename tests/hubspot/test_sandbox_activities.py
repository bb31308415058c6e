"""Notes and tasks in the HubSpot sandbox: objects like the others, with an hour of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hubspot.sandbox import Rehearsal, inputs

WHEN = "2026-01-05T10:00:00Z"
NOTE = {"hs_timestamp": WHEN, "hs_note_body": "<p>Called twice.</p>", "hubspot_owner_id": "700001"}
TASK = {
    "hs_timestamp": WHEN,
    "hs_task_subject": "Call back",
    "hs_task_body": "About the roof",
    "hs_task_status": "NOT_STARTED",
    "hs_task_type": "CALL",
    "hs_task_priority": "HIGH",
    "hs_task_reminders": "1767607200000",
    "hubspot_owner_id": "700002",
}
KINDS = [("notes", NOTE, (214, 202, 190)), ("tasks", TASK, (216, 204, 192))]


def associations(others: dict[str, str], type_ids: tuple[int, ...]) -> list[dict[str, Any]]:
    """Links for a create, one type for each of the others."""
    category = {"associationCategory": "HUBSPOT_DEFINED"}
    return [
        {"to": {"id": id}, "types": [{**category, "associationTypeId": type_id}]}
        for id, type_id in zip(others.values(), type_ids, strict=True)
    ]


def parents(crm: Rehearsal) -> dict[str, str]:
    """A deal, a contact and a company."""
    return {
        "deals": crm.deal(),
        "contacts": crm.record("contacts", email="ann@example.com"),
        "companies": crm.record("companies", name="Acme"),
    }


@pytest.mark.parametrize("base", ["/crm/v3/objects", "/crm/objects/2026-03"])
@pytest.mark.parametrize(("type", "properties", "type_ids"), KINDS)
def test_a_life(
    base: str, type: str, properties: dict[str, str], type_ids: tuple[int, ...]
) -> None:
    """Created with links inline, listed, changed, read, archived, by batches."""
    crm = Rehearsal()
    others = parents(crm)
    body = inputs(properties, properties)
    body["inputs"][0]["associations"] = associations(others, type_ids)
    made = crm.call("POST", f"{base}/{type}/batch/create", body, 201)["results"]
    linked, single = sorted(one["id"] for one in made)
    names = ",".join(properties)
    page = crm.call(
        "GET", f"{base}/{type}", expect=200, properties=names, associations="deals,contacts"
    )["results"]
    assert [one["id"] for one in page] == [linked, single]
    assert {name: page[0]["properties"][name] for name in properties} == properties
    assert page[0]["associations"]["deals"]["results"][0]["id"] == others["deals"]
    assert "associations" not in page[1]
    for kind, type_id in zip(others, type_ids, strict=True):
        found = crm.sandbox.associations(type, kind)
        assert found == {linked: {others[kind]: (type_id,)}}
    change = {"inputs": [{"id": single, "properties": {"hubspot_owner_id": "700003"}}]}
    crm.call("POST", f"{base}/{type}/batch/update", change, 200)
    ask = {"inputs": [{"id": single}, {"id": "404"}], "properties": ["hubspot_owner_id"]}
    answer = crm.call("POST", f"{base}/{type}/batch/read", ask, 207)
    assert answer["results"][0]["properties"]["hubspot_owner_id"] == "700003"
    crm.call("POST", f"{base}/{type}/batch/archive", {"inputs": [{"id": linked}]}, 204)
    assert [one["id"] for one in crm.sandbox.records(type)] == [single]
    assert crm.sandbox.associations("deals", type) == {}


@pytest.mark.parametrize(
    ("type", "properties", "code"),
    [
        ("notes", {"hs_note_body": "x"}, "MISSING_REQUIRED_PROPERTY"),
        ("tasks", {"hs_task_subject": "x"}, "MISSING_REQUIRED_PROPERTY"),
        ("notes", {**NOTE, "hs_note_body": "x" * 65_537}, "PROPERTY_VALUE_TOO_LONG"),
        ("notes", {**NOTE, "hs_timestamp": "monday"}, "INVALID_LONG"),
        ("tasks", {**TASK, "hs_task_status": "DONE"}, "INVALID_OPTION"),
        ("tasks", {**TASK, "hs_task_type": "FAX"}, "INVALID_OPTION"),
        ("tasks", {**TASK, "hs_task_priority": "high"}, "INVALID_OPTION"),
        ("notes", {**NOTE, "hs_createdate": WHEN}, "READ_ONLY_VALUE"),
    ],
)
def test_bad_ones_cost_themselves_only(type: str, properties: dict[str, str], code: str) -> None:
    """The hs_timestamp is required, bodies hold 65,536 characters, choices are fixed."""
    crm = Rehearsal()
    good = NOTE if type == "notes" else TASK
    answer = crm.call("POST", crm.objects("/batch/create", type), inputs(good, properties), 207)
    (error,) = answer["errors"]
    assert error["context"]["objectWriteTraceId"] == ["t1"]
    assert len(crm.sandbox.records(type)) == 1
    assert crm.refusal(properties, type)["errors"][0]["code"] == code


@pytest.mark.parametrize(("sent", "held"), [("1767607200000", WHEN), ("2026-01-05", WHEN[:11])])
def test_the_hour_may_lie_in_the_past(sent: str, held: str) -> None:
    """The hs_timestamp is milliseconds or ISO, any time; the record is made now."""
    crm = Rehearsal()
    crm.record("notes", hs_timestamp=sent)
    (note,) = crm.sandbox.records("notes")
    assert note["hs_timestamp"].startswith(held)
    assert note["hs_createdate"].startswith("2026-03-02T12:00:00")


@pytest.mark.parametrize("type", ["notes", "tasks"])
def test_activities_are_searched_like_others(type: str) -> None:
    """The same search, with its lag."""
    crm = Rehearsal(search_lag=5.0)
    first = crm.record(type, hs_timestamp=WHEN)
    crm.record(type, hs_timestamp="2026-02-01T00:00:00Z")
    filters = [{"propertyName": "hs_timestamp", "operator": "LT", "value": "2026-01-31"}]
    body = {"filterGroups": [{"filters": filters}], "properties": ["hs_timestamp"]}
    assert crm.call("POST", crm.objects("/search", type), body, 200)["total"] == 0
    crm.seconds = 5.0
    found = crm.call("POST", crm.objects("/search", type), body, 200)["results"]
    assert [(one["id"], one["properties"]["hs_timestamp"]) for one in found] == [(first, WHEN)]


@pytest.mark.parametrize("defaults", [False, True])
def test_what_a_task_is_when_nothing_is_said(defaults: bool) -> None:
    """UNCERTAIN: whether HubSpot fills in status, type and priority; what is sent stays."""
    crm = Rehearsal(task_defaults=defaults)
    crm.record("tasks", hs_timestamp=WHEN, hs_task_type="CALL")
    crm.record("notes", hs_timestamp=WHEN)
    (task,) = crm.sandbox.records("tasks")
    wanted = {"hs_task_type": "CALL"}
    if defaults:
        wanted |= {"hs_task_status": "NOT_STARTED", "hs_task_priority": "NONE"}
    assert {name: task[name] for name in task if name.startswith("hs_task_")} == wanted
    (note,) = crm.sandbox.records("notes")
    assert not any(name.startswith("hs_task_") for name in note)


@pytest.mark.parametrize(("allowed", "status"), [(True, 201), (False, 400)])
def test_custom_properties_of_activities(allowed: bool, status: int) -> None:
    """UNCERTAIN whether notes and tasks take any; deals always do."""
    crm = Rehearsal(activity_properties=allowed)
    body = {"name": "k", "label": "K", "type": "string", "fieldType": "text"}
    for type in ("notes", "tasks"):
        own = {**body, "groupName": "engagement"}
        crm.call("POST", f"/crm/properties/2026-03/{type}", own, status)
    own = {**body, "groupName": "dealinformation"}
    crm.call("POST", "/crm/properties/2026-03/deals", own, 201)


def test_the_scopes_of_contacts_cover_activities() -> None:
    """The tasks guide asks for crm.objects.contacts.read and .write."""
    crm = Rehearsal(scopes=frozenset({"crm.objects.contacts.write"}))
    crm.record("tasks", hs_timestamp=WHEN)
    crm.call("GET", crm.objects(type="tasks"), expect=403)
