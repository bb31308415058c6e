"""The account of a Brevo sandbox: keys, quotas, pipelines, attributes."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from migrator.vendors.brevo.sandbox import BrevoOptions, BrevoSandbox
from tests.brevo.sandbox import ABSENT, START, Rehearsal

STAGES = [
    "New",
    "Qualifying",
    "Demo scheduled",
    "Pending commitment",
    "In negotiation",
    "Won",
    "Lost",
]


def attributes(crm: Rehearsal, kind: str = "deals") -> dict[str, Any]:
    """What the list of attributes says, by internal name."""
    return {one["internalName"]: one for one in crm.get(f"/crm/attributes/{kind}")}


@pytest.mark.parametrize("prefix", ["", "/v3", "/tenants/7/v3"])
def test_endpoints_stand_behind_v3_or_behind_nothing(prefix: str) -> None:
    """The base URL may or may not have a path that ends in /v3."""
    crm = Rehearsal()
    found = crm.http.get(f"https://crm.test{prefix}/crm/pipeline/details/all")
    assert found.status_code == 200
    assert crm.sandbox.requests["GET /crm/pipeline/details/all"] == 1


def test_a_missing_key_a_wrong_key_and_a_blocked_address_are_all_401() -> None:
    """The three differ by message only; a bearer token is taken like a key."""
    crm = Rehearsal("wrong", token="right")
    assert crm.call("GET", "/account", expect=401) == {
        "code": "unauthorized",
        "message": "Key not found",
    }
    bare = httpx.Client(transport=httpx.MockTransport(crm.sandbox.handle))
    answer = bare.get("https://crm.test/v3/account")
    assert answer.json()["message"] == "authentication not found in headers"
    oauth = bare.get("https://crm.test/v3/account", headers={"Authorization": "Bearer right"})
    assert oauth.status_code == 200
    blocked = Rehearsal(blocked_ip="192.0.2.7").call("GET", "/account", expect=401)
    assert "unrecognised IP address 192.0.2.7" in blocked["message"]


def test_every_answer_has_a_request_id() -> None:
    """Good ones, bad ones and empty ones carry `sib-request-id`."""
    crm = Rehearsal()
    answers = [crm.call("GET", path) for path in ("/account", "/nowhere", "/crm/deals/x")]
    answers.append(crm.call("DELETE", f"/crm/deals/{crm.deal()}"))
    ids = {one.headers["sib-request-id"] for one in answers}
    assert len(ids) == 4
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id) for id in ids)


def test_unknown_paths_methods_and_features_are_refused() -> None:
    """404, 405, and 403 for what the plan lacks."""
    crm = Rehearsal(forbidden=frozenset({"POST /crm/deals/import"}))
    assert "code" not in crm.call("GET", "/crm/nothing", expect=404)
    assert crm.call("PUT", "/crm/deals", {}, 405)["code"] == "method_not_allowed"
    assert crm.upload("deal_name\nx\n").json()["code"] == "permission_denied"


def test_crm_calls_are_limited_per_hour_and_nothing_announces_it() -> None:
    """All but contacts share 100 per hour; no answer has a header of the quota."""
    crm = Rehearsal(limits=True)
    for _ in range(100):
        last = crm.call("GET", "/account")
    assert last.status_code == 200
    refused = crm.call("GET", "/companies")
    assert refused.status_code == 429
    headers = {**last.headers, **refused.headers}
    assert not [name for name in headers if "ratelimit" in name or name == "retry-after"]
    assert refused.json()["message"]
    assert crm.sandbox.count_429 == 1
    assert crm.get("/contacts")["count"] == 0
    assert crm.sandbox.requests_in("crm") == 100
    assert crm.sandbox.requests_in("contacts") == 1
    crm.seconds = 3_600.0
    assert crm.call("GET", "/account").status_code == 200


def test_contacts_have_a_quota_of_their_own_with_headers() -> None:
    """Ten per second; `reset` is in seconds from now, and there is no Retry-After."""
    crm = Rehearsal(limits=True)
    first = crm.call("GET", "/contacts").headers
    assert [first[f"x-sib-ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == [
        "10",
        "9",
        "1",
    ]
    for _ in range(9):
        crm.get("/contacts/lists")
    refused = crm.call("GET", "/contacts")
    assert refused.status_code == 429
    assert refused.headers["x-sib-ratelimit-remaining"] == "0"
    assert "retry-after" not in refused.headers
    crm.seconds = 1.0
    crm.get("/contacts")


def test_contacts_have_an_hourly_quota_too() -> None:
    """When the hour is used up, its headers are the ones that show; Retry-After by option."""
    crm = Rehearsal(limits=True, contacts_per_hour=3, retry_after=True)
    for second in range(3):
        crm.seconds = second * 10.0
        crm.get("/contacts")
    refused = crm.call("GET", "/contacts")
    assert refused.status_code == 429
    assert refused.headers["x-sib-ratelimit-limit"] == "3"
    assert refused.headers["retry-after"] == refused.headers["x-sib-ratelimit-reset"] == "3580"


def test_without_limits_nothing_is_refused() -> None:
    """Rehearsals may switch the quotas off; requests are counted all the same."""
    crm = Rehearsal(crm_per_hour=1, contacts_per_second=1)
    for _ in range(3):
        crm.get("/account")
        crm.get("/contacts")
    assert crm.sandbox.requests_in("crm") == crm.sandbox.requests_in("contacts") == 3


def test_the_account_tells_its_name_and_time_zone() -> None:
    """`GET /account`: the e-mail address is that of the key's user."""
    found = Rehearsal(owners=["zoe.quist@example.com"], time_zone="Asia/Tokyo").get("/account")
    assert found["email"] == "zoe.quist@example.com"
    assert found["dateTimePreferences"]["timezone"] == "Asia/Tokyo"
    assert re.fullmatch("[0-9a-f]{24}", found["organization_id"])


def test_pipelines_come_in_an_array_except_from_the_deprecated_form() -> None:
    """`all` and `{id}` answer arrays, the old path one object; the key is `pipeline`."""
    crm = Rehearsal(pipelines={"Renewals": ["Due", "Won", "Lost"]})
    listed = crm.get("/crm/pipeline/details/all")
    assert [one["pipeline_name"] for one in listed] == ["Deals Pipeline", "Renewals"]
    assert [one["name"] for one in listed[0]["stages"]] == STAGES
    assert [one["name"] for one in listed[1]["stages"]] == ["Due", "Won", "Lost"]
    assert "id" not in listed[0]
    assert crm.get("/crm/pipeline/details") == listed[0]
    assert crm.get(f"/crm/pipeline/details/{listed[1]['pipeline']}") == [listed[1]]
    crm.call("GET", f"/crm/pipeline/details/{ABSENT}", expect=400)


def test_stages_have_ids_of_another_form_and_a_probability_that_says_little() -> None:
    """32 hex digits or UUIDs, never ObjectIds; `winProbability` is 100 on a stage never set up."""
    new = Rehearsal(win_probability={"Lost": 0}).pipeline()
    old = Rehearsal(stage_ids="uuid").pipeline()
    assert re.fullmatch("[0-9a-f]{24}", new["pipeline"])
    assert all(re.fullmatch("[0-9a-f]{32}", one["id"]) for one in new["stages"])
    assert all(len(one["id"]) == 36 and one["id"].count("-") == 4 for one in old["stages"])
    assert [one["winProbability"] for one in new["stages"]] == [100] * 6 + [0]


def test_asking_for_all_pipelines_makes_the_default_one() -> None:
    """Before that a deal cannot be put in a stage by any id."""
    crm = Rehearsal(default_pipeline=False)
    body = {"name": "x", "attributes": {"pipeline": ABSENT, "deal_stage": "1" * 32}}
    assert crm.call("POST", "/crm/deals", body, 400)["message"] == "Invalid attribute"
    assert len(crm.get("/crm/pipeline/details/all")) == 1
    assert len(crm.get("/crm/pipeline/details/all")) == 1
    crm.deal("y", **crm.place(0))


def test_attributes_of_companies_spell_required_otherwise() -> None:
    """Deals have the documented `isRequired`, companies `required`; neither tells its id."""
    crm = Rehearsal()
    deals, companies = attributes(crm), attributes(crm, "companies")
    assert deals["deal_name"]["isRequired"] is True
    assert "isRequired" not in companies["name"]
    assert companies["name"]["required"] is True
    assert "id" not in deals["amount"]
    assert deals["created_at"]["isValueReadonly"] is True
    assert deals["amount"]["isValueReadonly"] is False
    assert {"website", "industry", "revenue", "phone_number", "domain"} <= companies.keys()


def test_user_attributes_list_the_users_of_the_account() -> None:
    """`key` is the id, `value` the e-mail address; for deals that is an option."""
    crm = Rehearsal(owners=["a@example.com", "b@example.com"])
    assert list(crm.options("owner", "companies")) == ["a@example.com", "b@example.com"]
    assert crm.options("deal_owner") == crm.options("owner", "companies")
    silent = Rehearsal(owner_options=False)
    assert silent.options("deal_owner") == {}
    assert len(silent.options("owner", "companies")) == 4


def test_a_new_attribute_answers_its_id_and_not_its_internal_name() -> None:
    """The internal name is read from the list: small letters, underscores for all else."""
    crm = Rehearsal()
    body = {"objectType": "deals", "attributeType": "text", "label": "Envoyé BPI"}
    made = crm.call("POST", "/crm/attributes", body, 200)
    assert list(made) == ["id"]
    assert attributes(crm)["envoy__bpi"]["label"] == "Envoyé BPI"
    assert crm.attribute("envoyè bpi") == "envoy__bpi_2"
    assert Rehearsal(internal_names="numbered").attribute("Source key") == "source_key_2"


@pytest.mark.parametrize(
    "changes",
    [
        {"objectType": "contacts"},
        {"attributeType": "currency"},
        {"label": ""},
        {"label": "x" * 51},
        {"label": "Amount"},
        {"label": "deal_stage"},
        {"attributeType": "single-select"},
        {"optionsLabels": "A"},
    ],
)
def test_attributes_with_wrong_labels_or_types_are_refused(changes: dict[str, Any]) -> None:
    """50 characters at most, unique per object, reserved names refused, choices with options."""
    crm = Rehearsal()
    body = {"objectType": "deals", "attributeType": "text", "label": "Region", **changes}
    crm.call("POST", "/crm/attributes", body, 400)
    assert "region" not in attributes(crm)


def test_attributes_can_be_changed_and_deleted_by_id() -> None:
    """PATCH renames and adds options, DELETE takes the values along."""
    crm = Rehearsal()
    body = {"objectType": "deals", "attributeType": "single-select", "label": "Tier"}
    made = crm.call("POST", "/crm/attributes", {**body, "optionsLabels": ["A"]}, 200)
    path = f"/crm/attributes/{made['id']}"
    key = crm.options("tier")["A"]
    deal = crm.deal(tier=key)
    new = {"label": "Level", "optionsLabels": [{"key": "b", "value": "B"}]}
    crm.call("PATCH", path, new, 204)
    assert attributes(crm)["tier"]["label"] == "Level"
    assert crm.options("tier") == {"A": key, "B": "b"}
    crm.call("PATCH", path, {"label": "Amount"}, 400)
    crm.call("PATCH", path, {"optionsLabels": ["C"]}, 400)
    crm.call("DELETE", path, expect=204)
    assert "tier" not in crm.get(f"/crm/deals/{deal}")["attributes"]
    crm.call("DELETE", path, expect=404)
    crm.call("DELETE", "/crm/attributes/x", expect=400)


def test_the_state_counts_records_and_requests() -> None:
    """What a person sees who looks at the sandbox."""
    crm = Rehearsal()
    crm.deal()
    crm.contact()
    state = crm.sandbox.state()
    assert state["records"] == {
        "deals": 1,
        "contacts": 1,
        "companies": 0,
        "notes": 0,
        "tasks": 0,
        "files": 0,
    }
    assert state["requests"] == {"POST /contacts": 1, "POST /crm/deals": 1}
    assert state["requests_total"] == 2
    assert state["requests_by_quota"] == {"crm": 1, "contacts": 1}


def test_routes_are_named_as_requests_are_counted() -> None:
    """Every count has its route; no route twice."""
    crm = Rehearsal()
    crm.get("/account")
    crm.call("GET", f"/crm/deals/{ABSENT}")
    names = crm.sandbox.routes()
    assert set(crm.sandbox.requests) <= set(names)
    assert len(set(names)) == len(names) == 54


def test_options_can_be_given_as_one_object_and_changed_by_name() -> None:
    """Both ways at once; without a clock the computer's own is used."""
    sandbox = BrevoSandbox(BrevoOptions(owners=["x@example.com"]), time_zone="Asia/Tokyo")
    request = httpx.Request("GET", "https://x.test/v3/account", headers={"api-key": "k"})
    found = sandbox.handle(request).json()
    assert found["email"] == "x@example.com"
    assert found["dateTimePreferences"]["timezone"] == "Asia/Tokyo"
    with pytest.raises(TypeError):
        BrevoSandbox(now=lambda: START, colour="red")


@pytest.mark.parametrize("content", [b"{", b"[]", b""])
def test_a_body_that_is_no_object_is_refused(content: bytes) -> None:
    """400, with a code."""
    answer = Rehearsal().http.post("/crm/deals", content=content)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"
