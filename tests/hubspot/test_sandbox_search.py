"""Search in the HubSpot sandbox: operators, limits, lag and its own quota."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hubspot.sandbox import DEAL, Rehearsal, inputs

SEARCH = "/crm/objects/2026-03/deals/search"


def where(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A search with one group of filters."""
    return {"filterGroups": [{"filters": list(filters)}], **more}


def one(name: str, operator: str, *values: str, **more: Any) -> dict[str, Any]:
    """One filter."""
    given: dict[str, Any] = {"propertyName": name, "operator": operator, **more}
    if operator in {"IN", "NOT_IN"}:
        given["values"] = list(values)
    elif values:
        given["value"] = values[0]
    return given


def names(crm: Rehearsal, body: dict[str, Any]) -> str:
    """The names of the deals found, in order, joined."""
    crm.seconds += 1
    results = crm.call("POST", SEARCH, {"properties": ["dealname"], **body}, 200)["results"]
    return " ".join(found["properties"]["dealname"] for found in results)


@pytest.fixture(scope="module")
def crm() -> Rehearsal:
    """Four deals: A to D."""
    made = Rehearsal()
    made.deal(dealname="A", amount="9", closedate="2026-01-01", description="New roof")
    made.deal(dealname="B", amount="10.0", closedate="2026-02-01", dealtype="newbusiness")
    made.deal(dealname="C", amount="100", dealstage="closedwon", description="new.roof@example.com")
    made.deal(dealname="D")
    return made


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([one("amount", "EQ", "10")], "B"),
        ([one("amount", "NEQ", "10")], "A C D"),
        ([one("amount", "LT", "10")], "A"),
        ([one("amount", "LTE", "10")], "A B"),
        ([one("amount", "GT", "10")], "C"),
        ([one("amount", "GTE", "10")], "B C"),
        ([one("amount", "BETWEEN", "9", highValue="10")], "A B"),
        ([one("amount", "IN", "9", "100")], "A C"),
        ([one("amount", "HAS_PROPERTY")], "A B C"),
        ([one("amount", "NOT_HAS_PROPERTY")], "D"),
        ([one("closedate", "GTE", "1769904000000")], "B"),
        ([one("closedate", "LT", "2026-01-15T00:00:00Z")], "A"),
        ([one("dealname", "EQ", "a")], "A"),
        ([one("dealname", "IN", "a", "b")], "A B"),
        ([one("dealname", "IN", "A", "B")], ""),
        ([one("dealname", "NOT_IN", "a", "b")], "C D"),
        ([one("dealstage", "IN", "closedwon")], "C"),
        ([one("description", "CONTAINS_TOKEN", "roof")], "A"),
        ([one("description", "CONTAINS_TOKEN", "new*")], "A C"),
        ([one("description", "NOT_CONTAINS_TOKEN", "new*")], "B D"),
        ([one("amount", "GT", "5"), one("dealtype", "EQ", "newbusiness")], "B"),
    ],
)
def test_operators(crm: Rehearsal, filters: list[dict[str, Any]], found: str) -> None:
    """The operators; IN on strings wants lower case; filters of a group all hold."""
    assert names(crm, where(*filters)) == found


def test_any_group_is_enough_and_a_query_looks_into_the_default_properties(crm: Rehearsal) -> None:
    """FilterGroups are alternatives; `query` is text."""
    groups = [{"filters": [one("amount", "EQ", "9")]}, {"filters": [one("amount", "EQ", "100")]}]
    assert names(crm, {"filterGroups": groups}) == "A C"
    assert names(crm, {"filters": [one("amount", "EQ", "9")]}) == "A"
    assert names(crm, {"query": "CLOSEDWON"}) == "C"
    assert names(crm, {}) == "A B C D"


def test_one_sort_by_size_of_numbers_with_blanks_first(crm: Rehearsal) -> None:
    """One sort; numbers are compared as numbers."""
    by = {"propertyName": "amount", "direction": "DESCENDING"}
    assert names(crm, {"sorts": [by]}) == "C B A D"
    assert names(crm, {"sorts": ["amount"]}) == "D A B C"


BAD: list[dict[str, Any]] = [
    where(one("nonsense", "EQ", "1")),
    where(one("amount", "LIKE", "1")),
    where(one("amount", "EQ")),
    {"limit": 201},
    {"limit": 0},
    {"limit": "x"},
    {"after": 9_901, "limit": 100},
    {"sorts": ["amount", "dealname"]},
    {"sorts": "amount"},
    {"sorts": ["nonsense"]},
    {"query": "x" * 3_000},
    {"filterGroups": [{"filters": []}] * 6},
    where(*[one("amount", "EQ", "1")] * 7),
    {"filterGroups": [{"filters": [one("amount", "EQ", "1")] * 5}] * 4},
]


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_searches_beyond_the_limits_are_400(crm: Rehearsal, body: dict[str, Any]) -> None:
    """Page 200, 10,000 results, 3,000 characters, 5 groups x 6 filters, 18 in all."""
    crm.seconds += 1
    crm.call("POST", SEARCH, body, 400)


@given(st.integers(1, 30))
def test_pages_give_every_result_once(limit: int) -> None:
    """`paging.next.after` leads through all `total` results."""
    crm = Rehearsal(rate_limits=False)
    rows = [{**DEAL, "dealname": str(n)} for n in range(25)]
    crm.call("POST", crm.objects("/batch/create"), inputs(*rows), 201)
    seen: list[str] = []
    body: dict[str, Any] = {"limit": limit}
    while True:
        answer = crm.call("POST", SEARCH, body, 200)
        assert answer["total"] == 25
        seen += [found["id"] for found in answer["results"]]
        if "paging" not in answer:
            break
        body["after"] = answer["paging"]["next"]["after"]
    assert len(seen) == len(set(seen)) == 25


def test_search_lags_behind_writes_and_never_shows_archived_records() -> None:
    """Eventually consistent; new records are absent and old values shown for a while."""
    crm = Rehearsal(search_lag=3.0)
    id = crm.deal(dealname="old")
    assert names(crm, {}) == ""
    crm.seconds = 10
    change = {"properties": {"dealname": "newer"}}
    crm.call("PATCH", crm.objects(f"/{id}"), change, 200)
    assert names(crm, {}) == "old"
    change["properties"]["dealname"] = "newest"
    crm.call("PATCH", crm.objects(f"/{id}"), change, 200)
    assert names(crm, where(one("dealname", "EQ", "old"))) == "old"
    crm.seconds = 20
    assert names(crm, {}) == "newest"
    crm.call("DELETE", crm.objects(f"/{id}"), expect=204)
    assert names(crm, {}) == ""


def test_batch_read_does_not_lag() -> None:
    """Batch/read by a unique property reads the primary store."""
    crm = Rehearsal(search_lag=60)
    key = crm.unique_key()
    crm.deal(migrator_key="a")
    body = {"idProperty": key, "inputs": [{"id": "a"}]}
    crm.call("POST", crm.objects("/batch/read"), body, 200)


def test_search_has_a_quota_of_its_own_and_says_nothing_about_it() -> None:
    """5 per second, policy SECONDLY, no headers, not part of the ten seconds."""
    crm = Rehearsal(per_ten_seconds=1)
    answers = [crm.call("POST", SEARCH, {}) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert not any("ratelimit" in name for one in answers for name in one.headers)
    assert answers[-1].json()["policyName"] == "SECONDLY"
    assert answers[-1].json()["message"] == "You have reached your secondly limit."
    crm.call("GET", "/crm/v3/owners", expect=200)
    crm.seconds = 1.0
    crm.call("POST", SEARCH, {}, 200)
    assert crm.sandbox.count_429 == 1
