"""Tokens, scopes, quotas, pipelines, properties, owners and limits of the HubSpot sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from migrator.vendors.hubspot.sandbox import HubSpotOptions, HubSpotSandbox
from tests.hubspot.sandbox import DEAL, START, Rehearsal, inputs

BEARER = "right"
PIPELINES = "/crm/pipelines/2026-03/deals"
PROPERTIES = "/crm/properties/2026-03/deals"


@pytest.mark.parametrize("header", [None, "Basic abc", "Bearer ", "Bearer other"])
def test_other_tokens_are_401(header: str | None) -> None:
    """A bearer token; anything else is not authenticated and counts nowhere."""
    crm = Rehearsal(BEARER, token=BEARER)
    headers = {"Authorization": header} if header else {}
    http = httpx.Client(transport=httpx.MockTransport(crm.sandbox.handle), headers=headers)
    answer = http.get("https://crm.test/crm/v3/owners")
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert not crm.sandbox.requests
    crm.call("GET", "/crm/v3/owners", expect=200)


def test_a_missing_scope_is_403_and_named() -> None:
    """403 MISSING_SCOPES with requiredGranularScopes."""
    crm = Rehearsal(scopes=frozenset({"crm.objects.deals.read"}))
    answer = crm.call("POST", crm.objects(), {"properties": DEAL}, 403)
    assert answer["category"] == "MISSING_SCOPES"
    assert answer["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.write"]
    crm.call("POST", crm.objects("/search"), {}, 200)
    crm.call("POST", crm.objects("/batch/read"), {"inputs": []}, 200)
    crm.call("GET", crm.objects(), expect=200)
    crm.call("GET", crm.objects(type="notes"), expect=403)
    crm.call("GET", PROPERTIES, expect=403)
    crm.call("GET", "/crm/v3/owners", expect=403)
    crm.call("GET", "/account-info/v3/details", expect=200)


def test_ten_seconds_roll_and_the_headers_count_down() -> None:
    """-Max, -Remaining, -Interval-Milliseconds; 429 TEN_SECONDLY_ROLLING."""
    crm = Rehearsal(per_ten_seconds=3)
    remaining = []
    for _ in range(3):
        headers = crm.call("GET", "/crm/v3/owners").headers
        remaining.append(headers["X-HubSpot-RateLimit-Remaining"])
        crm.seconds += 2
    assert remaining == ["2", "1", "0"]
    assert headers["X-HubSpot-RateLimit-Max"] == "3"
    assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "624997"
    answer = crm.call("GET", "/crm/v3/owners", expect=429)
    assert answer["policyName"] == "TEN_SECONDLY_ROLLING"
    assert answer["errorType"] == "RATE_LIMIT"
    assert answer["message"] == "You have reached your ten_secondly_rolling limit."
    crm.seconds = 10
    crm.call("GET", "/crm/v3/owners", expect=200)
    crm.call("GET", "/crm/v3/owners", expect=429)
    assert crm.sandbox.count_429 == 2


def test_the_daily_quota_begins_anew_at_midnight_of_the_account() -> None:
    """429 DAILY until midnight in the portal's time zone; searches count too."""
    crm = Rehearsal(per_day=2, time_zone="Europe/Oslo")
    crm.call("GET", "/crm/v3/owners", expect=200)
    crm.call("POST", crm.objects("/search"), {}, 200)
    answer = crm.call("GET", "/crm/v3/owners", expect=429)
    assert (answer["policyName"], answer["message"]) == (
        "DAILY",
        "You have reached your daily limit.",
    )
    midnight = (START + timedelta(days=1)).replace(hour=23) - timedelta(days=1)
    crm.seconds = (midnight - START).total_seconds() - 1
    crm.call("GET", "/crm/v3/owners", expect=429)
    crm.seconds += 1
    crm.call("GET", "/crm/v3/owners", expect=200)


def test_quotas_can_be_switched_off() -> None:
    """With rate_limits off nothing is refused."""
    crm = Rehearsal(rate_limits=False, per_ten_seconds=1, per_day=1)
    for _ in range(3):
        crm.call("GET", "/crm/v3/owners", expect=200)


def test_requests_are_counted_per_endpoint() -> None:
    """The counts that tests of others rely on."""
    crm = Rehearsal()
    crm.call("POST", crm.objects("/batch/create"), inputs(DEAL), 201)
    crm.call("POST", "/crm/v3/objects/0-3/batch/create", inputs(DEAL), 201)
    assert crm.sandbox.requests == {"POST objects/{type}/batch/create": 2}
    state = crm.sandbox.state()
    assert state["records"] == {"deals": 2, "contacts": 0, "companies": 0, "notes": 0, "tasks": 0}
    assert (state["requests_total"], state["refused_429"]) == (2, 0)


def test_unknown_options_are_refused() -> None:
    """A misspelt option is an error, not a sandbox that behaves in another way."""
    with pytest.raises(TypeError, match="serch_lag"):
        HubSpotSandbox(serch_lag=1)
    assert HubSpotSandbox(HubSpotOptions(portal=7), seed=2).options.portal == 7


def test_the_default_pipeline_is_hubspots_own() -> None:
    """Id `default`, seven stages, probability and isClosed as text."""
    stages = Rehearsal().call("GET", PIPELINES, expect=200)["results"][0]["stages"]
    assert [one["id"] for one in stages] == [
        "appointmentscheduled",
        "qualifiedtobuy",
        "presentationscheduled",
        "decisionmakerboughtin",
        "contractsent",
        "closedwon",
        "closedlost",
    ]
    assert [one["metadata"]["isClosed"] for one in stages] == ["false"] * 5 + ["true"] * 2
    assert [one["metadata"]["probability"] for one in stages][-2:] == ["1.0", "0.0"]


def stage(label: str, probability: str = "0.5", **more: Any) -> dict[str, Any]:
    """The body of a new stage."""
    return {"label": label, "metadata": {"probability": probability}, **more}


def test_pipelines_and_stages_are_created_changed_and_deleted() -> None:
    """201 with numeric ids; labels can change while ids stay."""
    crm = Rehearsal()
    body = {"label": "Partner", "displayOrder": 1, "stages": [stage("In"), stage("Won", "1.0")]}
    made = crm.call("POST", PIPELINES, body, 201)
    assert made["id"].isdigit()
    assert [one["metadata"]["isClosed"] for one in made["stages"]] == ["false", "true"]
    one = f"{PIPELINES}/{made['id']}"
    added = crm.call("POST", f"{one}/stages", stage("Talk", displayOrder=1), 201)
    listed = crm.call("GET", f"{one}/stages", expect=200)["results"]
    assert [each["label"] for each in listed] == ["In", "Talk", "Won"]
    path = f"{one}/stages/{added['id']}"
    changed = crm.call("PATCH", path, stage("Talks", "0.7"), 200)
    assert (changed["id"], changed["label"]) == (added["id"], "Talks")
    crm.call("PATCH", path, {}, 200)
    crm.call("DELETE", path, expect=204)
    crm.call("DELETE", path, expect=404)
    assert crm.call("PATCH", one, {"label": "Partners"}, 200)["label"] == "Partners"
    crm.call("PATCH", one, {}, 200)
    assert len(crm.call("GET", one, expect=200)["stages"]) == 2
    crm.call("DELETE", one, expect=204)
    crm.call("GET", one, expect=404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"label": "sales pipeline", "stages": []}, 409),
        ({"label": "New"}, 400),
        ({"stages": []}, 400),
        ({"label": "New", "stages": [stage("A"), stage("a")]}, 409),
        ({"label": "New", "stages": [stage("A", "0.55")]}, 400),
        ({"label": "New", "stages": [stage("A", "1.1")]}, 400),
        ({"label": "New", "stages": [stage("A", "high")]}, 400),
        ({"label": "New", "stages": [{"label": "A"}]}, 400),
    ],
)
def test_bad_pipelines_are_refused_and_nothing_is_left_of_them(
    body: dict[str, Any], status: int
) -> None:
    """Labels are unique; probability is required, 0.0 to 1.0 in steps of 0.1."""
    crm = Rehearsal()
    crm.call("POST", PIPELINES, body, status)
    assert len(crm.call("GET", PIPELINES, expect=200)["results"]) == 1


def test_given_ids_are_taken_only_by_option() -> None:
    """Whether pipelineId and stageId are honoured is UNCERTAIN."""
    body = {"label": "P", "pipelineId": "mine", "stages": [stage("A", stageId="first")]}
    for honour in (False, True):
        made = Rehearsal(honour_given_ids=honour).call("POST", PIPELINES, body, 201)
        assert (made["id"] == "mine", made["stages"][0]["id"] == "first") == (honour, honour)


def test_2026_09_keeps_stages_and_pipelines_that_are_in_use() -> None:
    """Deletes are blocked while in use in 2026-09; before, only when asked to."""
    crm = Rehearsal()
    id = crm.deal()
    tail = "default/stages/qualifiedtobuy"
    new, old = "/crm/pipelines/2026-09/deals", PIPELINES
    crm.call("DELETE", f"{new}/{tail}", expect=400)
    crm.call("DELETE", f"{new}/default", expect=400)
    crm.call("DELETE", f"{old}/{tail}", expect=400, validateDealStageUsagesBeforeDelete="true")
    crm.call("DELETE", f"{old}/{tail}", expect=204)
    flag = crm.call("GET", crm.objects(f"/{id}"), expect=200, properties="hs_is_closed")
    assert flag["properties"]["hs_is_closed"] == "false"


def test_only_deals_have_pipelines() -> None:
    """Tickets and others are not part of the sandbox."""
    Rehearsal().call("GET", "/crm/v3/pipelines/contacts", expect=400)


def prop(name: str = "tier", **more: Any) -> dict[str, Any]:
    """The body of a new property."""
    return {
        "name": name,
        "label": "Tier",
        "type": "string",
        "fieldType": "text",
        "groupName": "dealinformation",
        **more,
    }


def test_default_properties_say_what_can_be_written() -> None:
    """Names, types and read-only flags of the default deal properties."""
    listed = Rehearsal().call("GET", PROPERTIES, expect=200)["results"]
    held = {one["name"]: one for one in listed}
    types = {name: held[name]["type"] for name in ("closedate", "createdate", "amount", "dealname")}
    assert types == {
        "closedate": "datetime",
        "createdate": "datetime",
        "amount": "number",
        "dealname": "string",
    }
    read_only = {n for n, one in held.items() if one["modificationMetadata"]["readOnlyValue"]}
    assert {"hs_object_id", "days_to_close", "amount_in_home_currency"} <= read_only
    assert not {"createdate", "closedate", "hubspot_owner_id", "dealstage"} & read_only
    assert held["dealstage"]["externalOptions"] is True
    assert held["hubspot_owner_id"]["referencedObjectType"] == "OWNER"
    codes = [option["value"] for option in held["deal_currency_code"]["options"]]
    assert codes == ["USD", "EUR", "GBP"]


def test_properties_are_created_changed_archived_and_restored() -> None:
    """201, 409 for a name in use; hasUniqueValue cannot change; PATCH replaces options."""
    crm = Rehearsal()
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b", "hidden": True}]
    body = prop(type="enumeration", fieldType="select", options=options)
    crm.call("POST", PROPERTIES, body, 201)
    answer = crm.call("POST", PROPERTIES, body, 409)
    assert answer["category"] == "OBJECT_ALREADY_EXISTS"
    assert answer["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    id = crm.deal(tier="b")
    change = {"options": options[:1], "hasUniqueValue": True, "label": "New", "description": "d"}
    changed = crm.call("PATCH", f"{PROPERTIES}/tier", change, 200)
    assert [one["value"] for one in changed["options"]] == ["a"]
    assert (changed["hasUniqueValue"], changed["label"]) == (False, "New")
    crm.refusal({**DEAL, "tier": "b"})
    crm.call("DELETE", f"{PROPERTIES}/tier", expect=204)
    crm.call("DELETE", f"{PROPERTIES}/tier", expect=204)
    crm.call("GET", f"{PROPERTIES}/tier", expect=404)
    crm.call("GET", f"{PROPERTIES}/tier", expect=200, archived="true")
    crm.refusal({**DEAL, "tier": "a"})
    crm.call("POST", PROPERTIES, body, 201)
    held = crm.call("GET", crm.objects(f"/{id}"), expect=200, properties="tier")
    assert held["properties"]["tier"] == "b"


@pytest.mark.parametrize(
    "body",
    [
        prop("Tier"),
        prop("1st"),
        prop("x" * 101),
        prop(type="text"),
        prop(fieldType="number"),
        prop(groupName="nonsense"),
        prop(label=""),
        prop(type="enumeration", fieldType="select"),
        prop(type="enumeration", fieldType="select", options=[{"label": "A"}]),
        prop(type="enumeration", fieldType="select", options=[{"label": "A", "value": "a"}] * 2),
        prop(type="bool", fieldType="booleancheckbox", options=[{"label": "Y", "value": "yes"}]),
        prop(type="date", fieldType="date", hasUniqueValue=True),
        {"name": "tier"},
    ],
)
def test_bad_properties_are_refused(body: dict[str, Any]) -> None:
    """Names, types and field types, required fields, options."""
    Rehearsal().call("POST", PROPERTIES, body, 400)


def test_ten_unique_properties_are_allowed() -> None:
    """At most 10 unique properties per object."""
    crm = Rehearsal()
    for number in range(10):
        crm.unique_key(f"key{number}")
    crm.call("POST", PROPERTIES, prop(hasUniqueValue=True), 400)
    crm.unique_key(type="contacts")
    crm.call("DELETE", f"{PROPERTIES}/key0", expect=204)
    crm.call("POST", PROPERTIES, prop(hasUniqueValue=True), 201)


def test_booleans_are_taken_as_json_and_as_text() -> None:
    """Booleans are accepted in requests; responses are text."""
    crm = Rehearsal()
    options = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    body = prop("vip", type="bool", fieldType="booleancheckbox", options=options)
    crm.call("POST", PROPERTIES, body, 201)
    rows = [{**DEAL, "vip": value} for value in (True, "true", False, None)]
    crm.call("POST", crm.objects("/batch/create"), inputs(*rows), 201)
    held = [one.get("vip") for one in crm.sandbox.records("deals")]
    assert held == ["true", "true", "false", None]


def test_a_property_restored_as_unique_watches_the_values_that_are_there() -> None:
    """Creating an archived property's name restores it; what it holds counts at once."""
    crm = Rehearsal()
    crm.call("POST", PROPERTIES, prop(), 201)
    crm.deal(tier="gold")
    crm.call("DELETE", f"{PROPERTIES}/tier", expect=204)
    crm.call("POST", PROPERTIES, prop(hasUniqueValue=True), 201)
    crm.refusal({**DEAL, "tier": "gold"})


def test_properties_in_batches_and_their_groups() -> None:
    """Batch create 201/207, batch read, batch archive 204, groups."""
    crm = Rehearsal()
    crm.call("POST", f"{PROPERTIES}/groups", {"name": "mine", "label": "Mine"}, 201)
    crm.call("POST", f"{PROPERTIES}/groups", {"name": "mine", "label": "Mine"}, 409)
    crm.call("POST", f"{PROPERTIES}/groups", {"name": "other"}, 400)
    groups = crm.call("GET", f"{PROPERTIES}/groups", expect=200)["results"]
    assert {"dealinformation", "mine"} <= {one["name"] for one in groups}
    rows = [prop("a", groupName="mine"), prop("b", groupName="none")]
    answer = crm.call("POST", f"{PROPERTIES}/batch/create", {"inputs": rows}, 207)
    assert [one["name"] for one in answer["results"]] == ["a"]
    assert answer["errors"][0]["context"]["name"] == ["b"]
    names = {"inputs": [{"name": "a"}, {"name": "b"}]}
    answer = crm.call("POST", f"{PROPERTIES}/batch/read", names, 207)
    assert [one["groupName"] for one in answer["results"]] == ["mine"]
    crm.call("POST", f"{PROPERTIES}/batch/archive", names, 204)
    crm.call("GET", f"{PROPERTIES}/a", expect=404)
    crm.call("POST", f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "amount"}]}, 400)
    crm.call("PATCH", f"{PROPERTIES}/amount", {"fieldType": "text"}, 400)
    moved = crm.call("PATCH", f"{PROPERTIES}/amount", {"groupName": "mine"}, 200)
    assert moved["groupName"] == "mine"


def test_owners_are_paged_filtered_and_archived_ones_apart() -> None:
    """Limit, after, email; deactivated owners only with archived=true."""
    crm = Rehearsal()
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        body = crm.call("GET", "/crm/owners/2026-03", expect=200, **params)
        seen += [one["id"] for one in body["results"]]
        if "paging" not in body:
            break
        params["after"] = body["paging"]["next"]["after"]
    assert seen == ["700001", "700002", "700003", "700004"]
    one = crm.call("GET", "/crm/v3/owners", expect=200, email="BRUNO.costa@example.com")
    assert [owner["id"] for owner in one["results"]] == ["700002"]
    archived = crm.call("GET", "/crm/v3/owners", expect=200, archived="true")["results"]
    assert [(one["id"], one["userId"]) for one in archived] == [("700005", None)]
    assert crm.call("GET", "/crm/v3/owners/700001", expect=200)["firstName"] == "Anna"
    crm.call("GET", "/crm/v3/owners/700005", expect=404)
    crm.call("GET", "/crm/v3/owners/1", expect=404)
    crm.call("GET", "/crm/v3/owners", expect=400, limit=501)


def test_limits_tell_what_is_used() -> None:
    """/crm/limits/V/{records,custom-properties,pipelines}."""
    crm = Rehearsal()
    crm.deal()
    crm.unique_key()
    records = crm.call("GET", "/crm/limits/2026-03/records", expect=200)
    usage = {one["objectTypeId"]: one["usage"] for one in records["hubspotDefinedObjectTypes"]}
    assert usage["0-3"] == 1
    pipelines = crm.call("GET", "/crm/v3/limits/pipelines", expect=200)
    assert pipelines["hubspotDefinedObjectTypes"][0]["usage"] == 1
    custom = crm.call("GET", "/crm/limits/2026-03/custom-properties", expect=200)
    assert custom["overallUsage"] == 1
    crm.call("GET", "/crm/limits/2026-03/nonsense", expect=404)


@pytest.mark.parametrize("path", ["/account-info/v3/details", "/account-info/2026-03/details"])
def test_account_details(path: str) -> None:
    """Portal id, time zone, currencies."""
    crm = Rehearsal(portal=123, currency="NOK", currencies=("USD",), time_zone="Europe/Oslo")
    body = crm.call("GET", path, expect=200)
    assert body["portalId"] == 123
    assert body["timeZone"] == "Europe/Oslo"
    assert (body["companyCurrency"], body["additionalCurrencies"]) == ("NOK", ["USD"])
    assert body["utcOffset"] == "+01:00"
