"""The ActiveCampaign sandbox as a whole: endpoints, tokens, the quota, lists, error shapes."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox
from tests.activecampaign.sandbox import START, Rehearsal

DOCUMENTED = """
GET /contactDeals
POST /contactDeals
DELETE /contactDeals/{id}
GET /contactDeals/{id}
PUT /contactDeals/{id}
GET /contacts/{id}/contactDeals
GET /contacts/{id}/deals
GET /dealActivities
GET /dealCustomFieldData
POST /dealCustomFieldData
POST /dealCustomFieldData/bulkCreate
PATCH /dealCustomFieldData/bulkUpdate
DELETE /dealCustomFieldData/{id}
GET /dealCustomFieldData/{id}
PUT /dealCustomFieldData/{id}
GET /dealCustomFieldMeta
POST /dealCustomFieldMeta
DELETE /dealCustomFieldMeta/{id}
GET /dealCustomFieldMeta/{id}
PUT /dealCustomFieldMeta/{id}
GET /dealGroups
POST /dealGroups
DELETE /dealGroups/{id}
GET /dealGroups/{id}
PUT /dealGroups/{id}
GET /dealRoles
POST /dealRoles
DELETE /dealRoles/{id}
GET /dealStages
POST /dealStages
DELETE /dealStages/{id}
GET /dealStages/{id}
PUT /dealStages/{id}
PUT /dealStages/{id}/deals
GET /dealTasks
POST /dealTasks
DELETE /dealTasks/{id}
GET /dealTasks/{id}
PUT /dealTasks/{id}
GET /dealTasktypes
POST /dealTasktypes
DELETE /dealTasktypes/{id}
GET /dealTasktypes/{id}
PUT /dealTasktypes/{id}
PUT /dealTasktypes/{id}/dealTasks
GET /deals
POST /deals
PATCH /deals/bulkUpdate
DELETE /deals/{id}
GET /deals/{id}
"""
"""The operations of the documentation's page on deals."""


def test_every_documented_endpoint_is_served_and_counted_under_its_name() -> None:
    """The 50 operations; each request is counted once, under method and template."""
    crm = Rehearsal()
    names = DOCUMENTED.split("\n")[1:-1]
    assert len(names) == 50
    assert set(names) <= set(crm.sandbox.routes())
    assert len(set(crm.sandbox.routes())) == len(crm.sandbox.routes())
    for name in names:
        method, path = name.split(" ")
        before = crm.sandbox.requests[name]
        crm.call(method, path.replace("{id}", "404"), {}, None)
        assert crm.sandbox.requests[name] == before + 1
    assert crm.sandbox.requests.total() == len(names)


@pytest.mark.parametrize("base", ["https://acme.api-us1.com", "https://acme.api-us1.com/api/3"])
def test_paths_work_with_and_without_the_versions_prefix(base: str) -> None:
    """A base URL may end before ``/api/3`` or after it; a trailing slash does no harm."""
    sandbox = ActiveCampaignSandbox()
    for path in ("/users/me", "/users/me/"):
        request = httpx.Request("GET", base + path, headers={"Api-Token": "x"})
        assert sandbox.handle(request).json()["user"]["id"] == "1"
    assert sandbox.requests == {"GET /users/me": 2}


def test_an_unknown_path_and_a_body_that_is_no_json_are_refused() -> None:
    """404 with a message; 400 ``{}`` for what cannot be read, NaN and endless nesting included."""
    crm = Rehearsal()
    assert "message" in crm.get("nothing", 404)
    assert "message" in crm.call("DELETE", "users/me", expect=404)
    for content in (b"{", b'{"deal": {"value": NaN}}', b"[" * 100_000):
        response = crm.http.post("deals", content=content)
        assert (response.status_code, response.json()) == (400, {})


# --- tokens


def test_a_missing_or_wrong_token_is_a_403_not_a_401() -> None:
    """``Api-Token`` in the header; its answer is 403, with an option for 401."""
    readings: list[tuple[dict[str, Any], int]] = [({}, 403), ({"bad_token_status": 401}, 401)]
    for options, status in readings:
        sandbox = ActiveCampaignSandbox(token="right", **options)
        for headers in ({}, {"Api-Token": "wrong"}, {"Authorization": "Bearer right"}):
            request = httpx.Request("GET", "https://x/api/3/users/me", headers=headers)
            assert sandbox.handle(request).status_code == status
        assert not sandbox.requests
        good = httpx.Request("GET", "https://x/api/3/users/me", headers={"Api-Token": "right"})
        assert sandbox.handle(good).status_code == 200


def test_a_good_token_meets_a_403_now_and_then() -> None:
    """403 comes intermittently; nothing has been done then, and it repeats by seed."""
    shown = []
    for _ in range(2):
        crm = Rehearsal(forbidden_share=0.3, seed=5)
        statuses = [
            crm.call(
                "POST", "contacts", {"contact": {"email": f"a{n}@b.example"}}, None
            ).status_code
            for n in range(50)
        ]
        assert set(statuses) == {201, 403}
        assert len(crm.sandbox.records("contacts")) == statuses.count(201)
        shown.append(statuses)
    assert shown[0] == shown[1]


def test_every_answer_carries_a_request_id() -> None:
    """``X-Request-Id`` on all answers, each with its own."""
    crm = Rehearsal(limits=True, html={"GET /groups": 502})
    answers = [
        crm.call("GET", "users/me", expect=None),
        crm.call("GET", "nothing", expect=None),
        crm.call("GET", "groups", expect=None),
        crm.http.get("users/me", headers={"Api-Token": ""}),
        *(crm.call("GET", "users/me", expect=None) for _ in range(4)),
    ]
    assert {one.status_code for one in answers} == {200, 403, 404, 429, 502}
    assert len({one.headers["X-Request-Id"] for one in answers}) == len(answers)


# --- the quota


def test_five_requests_in_any_second_then_429_with_retry_after() -> None:
    """5 per second and account, sliding; ``Retry-After: 30``; a refused one is free."""
    crm = Rehearsal(limits=True)
    for second in (0.0, 0.2, 0.4, 0.6, 0.8):
        crm.seconds = second
        crm.get("users/me")
    crm.seconds = 0.99
    refused = crm.call("GET", "users/me", expect=None)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert (crm.sandbox.count_429, crm.sandbox.requests.total()) == (1, 5)
    crm.seconds = 1.0
    crm.get("users/me")
    crm.call("GET", "users/me", expect=429)
    crm.seconds = 1.25
    crm.get("users/me")


def test_the_refusal_may_be_a_503_and_lack_retry_after() -> None:
    """Older reports of 503; no header by option; the documented headers by another."""
    crm = Rehearsal(limits=True, per_second=1, over_limit_status=503, retry_after=None)
    crm.get("users/me")
    refused = crm.call("GET", "users/me", expect=None)
    assert refused.status_code == 503
    assert "Retry-After" not in refused.headers
    assert "RateLimit-Limit" not in refused.headers
    crm = Rehearsal(limits=True, limit_headers=True, retry_after=7)
    answer = crm.call("GET", "users/me", expect=None)
    assert answer.headers["RateLimit-Limit"] == "5"
    assert answer.headers["RateLimit-Remaining"] == "4"


# --- lists


def walk(crm: Rehearsal, path: str, key: str, limit: int, **params: Any) -> list[str]:
    """All ids of a list, page by page, as long as pages are full."""
    found: list[str] = []
    while True:
        rows = crm.get(path, limit=limit, offset=len(found), **params)[key]
        found += [one["id"] for one in rows]
        if len(rows) < limit:
            return found


def test_pages_hold_20_rows_and_100_at_most() -> None:
    """``limit`` defaults to 20 and is cut to 100; offset counts from zero."""
    crm = Rehearsal()
    for number in range(130):
        crm.contact(f"p{number}@example.com")
    for limit, count in ((None, 20), (50, 50), (1000, 100), (0, 20), ("x", 20)):
        params = {} if limit is None else {"limit": limit}
        assert len(crm.get("contacts", **params)["contacts"]) == count
    assert [one["id"] for one in crm.get("contacts", offset=128)["contacts"]] == ["129", "130"]
    assert crm.get("contacts", offset=500)["contacts"] == []


def test_deals_without_an_order_come_twice_or_never() -> None:
    """Pages of an unordered list overlap; with ``orders[id]`` they do not."""
    crm = Rehearsal()
    made = crm.deals(230)
    found = walk(crm, "deals", "deals", 20)
    assert len(found) == 230
    assert 150 < len(set(found)) < 230
    assert set(found) < set(made)
    assert found[:20] != sorted(found[:20], key=int)
    assert walk(crm, "deals", "deals", 20) == found
    assert walk(crm, "deals", "deals", 100, orders__id="ASC") == made
    assert walk(crm, "deals", "deals", 100, orders__id="DESC") == made[::-1]


@given(st.integers(1, 60), st.integers(1, 30), st.integers(0, 9))
def test_an_unordered_page_never_repeats_itself(count: int, limit: int, seed: int) -> None:
    """Whatever the sizes: full pages, no row twice on one page, all rows on a single page."""
    crm = Rehearsal(seed=seed)
    made = crm.deals(count)
    found = walk(crm, "deals", "deals", limit)
    assert len(found) == count
    for start in range(0, count, limit):
        page = found[start : start + limit]
        assert len(set(page)) == len(page)
    assert set(crm.ids(limit=100)) == set(made)


def test_an_order_by_id_may_be_ignored_without_a_word() -> None:
    """``orders[id]`` of deals is not documented; cdate is."""
    crm = Rehearsal(order_by_id=False)
    made = crm.deals(60)
    assert walk(crm, "deals", "deals", 20, orders__id="ASC") == walk(crm, "deals", "deals", 20)
    assert walk(crm, "deals", "deals", 20, orders__cdate="ASC") == made


def test_totals_are_text_in_most_lists_a_number_in_some_and_absent_in_one() -> None:
    """``meta.total`` flips its type; ``currencies`` is a list when empty."""
    crm = Rehearsal()
    assert crm.get("deals")["meta"] == {"currencies": [], "total": 0}
    assert crm.get("dealCustomFieldData")["meta"] == {"total": 0}
    assert "meta" not in crm.get("dealCustomFieldMeta")
    for path in ("contacts", "dealGroups", "dealStages", "contactDeals", "dealRoles", "users"):
        assert isinstance(crm.get(path)["meta"]["total"], str)
    crm.deal(value=100)
    crm.deal(value=250)
    crm.deal(value=7, currency="eur")
    assert crm.get("deals", limit=1)["meta"] == {
        "currencies": {
            "USD": {"total": "2", "value": "350", "currency": "USD", "isDisabled": False},
            "EUR": {"total": "1", "value": "7", "currency": "EUR", "isDisabled": False},
        },
        "total": 3,
    }


def test_lists_lag_behind_by_option() -> None:
    """A consistency delay is neither known nor excluded; reads by id do not lag."""
    crm = Rehearsal(read_lag=5.0)
    field = crm.field()
    contact = crm.contact()
    fields = [{"customFieldId": field, "fieldValue": "k1"}]
    id = crm.deal(contact=contact, fields=fields)
    for seconds, count in ((0.0, 0), (4.9, 0), (5.0, 1)):
        crm.seconds = seconds
        assert crm.get("deals", orders__id="ASC")["meta"]["total"] == count
        assert len(crm.get(f"contacts/{contact}/deals")["deals"]) == count
        assert len(crm.get("dealCustomFieldData")["dealCustomFieldData"]) == count
        assert crm.stored(id)["id"] == id


# --- answers that are not what they say


def test_html_comes_instead_of_an_answer_by_path_or_by_seed() -> None:
    """A proxy's page, and nothing was done."""
    crm = Rehearsal(html={"POST /contacts": 520}, html_share=0.5)
    answers = [crm.call("GET", "users/me", expect=None) for _ in range(30)]
    assert {one.status_code for one in answers} == {200, 503}
    for one in answers:
        html = "text/html" in one.headers["Content-Type"]
        assert html == (one.status_code == 503) == one.text.startswith("<!DOCTYPE html>")
    crm = Rehearsal(html={"POST /contacts": 520})
    answer = crm.call("POST", "contacts", {"contact": {"email": "a@b.example"}}, None)
    assert (answer.status_code, answer.text[:5]) == (520, "<!DOC")
    assert crm.sandbox.records("contacts") == []


def test_json_may_come_as_plain_text() -> None:
    """The content type is not reliable; by option on any endpoint."""
    crm = Rehearsal(plain={"GET /users/me", "GET /dealGroups/{id}"})
    good = crm.call("GET", "users/me", expect=None)
    bad = crm.call("GET", "dealGroups/0", expect=None)
    for answer in (good, bad):
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert good.json()["user"]["id"] == "1"
    assert bad.json() == {"message": "No Result found for DealGroup with id 0"}
    other = crm.call("GET", "users", expect=None)
    assert other.headers["Content-Type"].startswith("application/json")


def test_the_state_counts_records_and_requests() -> None:
    """For a person who looks: everything is ready for JSON."""
    crm = Rehearsal()
    crm.deal()
    state = json.loads(json.dumps(crm.sandbox.state()))
    assert state["records"] == {"deals": 1, "contacts": 1, "companies": 0, "notes": 0, "tasks": 0}
    assert state["requests"] == {"POST /contacts": 1, "POST /deals": 1}
    assert (state["requests_total"], state["refused_429"]) == (2, 0)


def test_neither_writing_nor_listing_slows_down_with_what_is_stored() -> None:
    """Thousands of deals in seconds of work, and so are their pages with custom fields.

    Both take about half a second here; the bound leaves room for slow machines and for tracing,
    and none for work that grows with the square of the deals.
    """
    count = 4_000
    crm = Rehearsal()
    field, contact = crm.field(), crm.contact()
    headers = {"Api-Token": "x"}
    requests = [
        httpx.Request(
            "POST",
            "https://x/api/3/deals",
            headers=headers,
            json=crm.body(
                contact=contact,
                title=f"Deal {number}",
                fields=[{"customFieldId": field, "fieldValue": f"k{number}"}],
            ),
        )
        for number in range(count)
    ]
    began = time.process_time()
    for request in requests:
        crm.sandbox.handle(request)
    assert time.process_time() - began < 6
    began = time.process_time()
    found: list[str] = []
    values = 0
    for offset in range(0, count, 100):
        url = f"https://x/deals?limit=100&offset={offset}&orders[id]=ASC"
        request = httpx.Request("GET", f"{url}&include=dealCustomFieldData", headers=headers)
        body = crm.sandbox.handle(request).json()
        found += [one["id"] for one in body["deals"]]
        values += len(body["dealCustomFieldData"])
    assert time.process_time() - began < 6
    assert (len(set(found)), values) == (count, count)


def test_instants_carry_the_accounts_offset() -> None:
    """``-05:00`` in summer by default, ``-06:00`` in winter, or another zone's."""
    crm = Rehearsal()
    assert crm.stored(crm.deal())["cdate"] == "2026-06-01T07:00:00-05:00"
    crm.seconds = 183 * 86_400
    assert crm.stored(crm.deal())["cdate"] == "2026-12-01T06:00:00-06:00"
    crm = Rehearsal(time_zone="Europe/Berlin")
    assert crm.stored(crm.deal())["cdate"] == "2026-06-01T14:00:00+02:00"
    assert crm.get("users/me")["user"]["localZoneid"] == "Europe/Berlin"
    assert START.isoformat() == "2026-06-01T12:00:00+00:00"
