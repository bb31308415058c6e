"""Lists of a Brevo sandbox: pages, order, filters, and how late they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brevo.sandbox import ABSENT, Rehearsal

DEALS = "/crm/deals"


def names(crm: Rehearsal, **params: Any) -> list[str]:
    """Names of the deals on a page; dots in the names of parameters are given as ``__``."""
    found = crm.get(DEALS, **params)["items"]
    return [one["attributes"]["deal_name"] for one in found]


def three(**options: Any) -> Rehearsal:
    """A sandbox with deals A, B, C, written a minute apart."""
    crm = Rehearsal(**options)
    for number, name in enumerate("ABC"):
        crm.seconds = number * 60.0
        crm.deal(name, amount=10 - number)
    return crm


def test_a_page_has_a_pager_that_no_document_mentions() -> None:
    """The recorded envelope; without a limit it is 1,000."""
    crm = three()
    found = crm.get(DEALS, limit=2, offset=2)
    assert len(found["items"]) == 1
    assert found["refs"] == {}
    assert found["pager"] == {
        "current": 2,
        "limit": 2,
        "from": 2,
        "to": 4,
        "count": 1,
        "total": 3,
        "max": 2,
    }
    assert crm.get(DEALS)["pager"]["limit"] == 1_000
    assert crm.get(DEALS, offset=9)["items"] == []
    empty = Rehearsal().get(DEALS)
    assert (empty["items"], empty["pager"]["max"]) == ([], 0)


def test_a_limit_above_the_servers_is_lowered_in_silence_or_refused() -> None:
    """UNCERTAIN which, and UNCERTAIN what the maximum is."""
    crm = three(max_page=2)
    assert len(crm.get(DEALS, limit=500)["items"]) == 2
    strict = three(max_page=2, over_max_page="refuse")
    assert strict.call("GET", f"{DEALS}?limit=500", expect=400)["code"] == "out_of_range"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "offset=-1", "sort=up", "sortBy=created_at", "sortBy=x.amount"]
)
def test_wrong_paging_and_order_are_refused(query: str) -> None:
    """A bare attribute name in `sortBy` gets a 400 (reported); it wants `attributes.`."""
    Rehearsal().call("GET", f"{DEALS}?{query}", expect=400)


def test_the_newest_come_first_unless_asked_otherwise() -> None:
    """By creation, or by any attribute given with its path."""
    crm = three()
    crm.deal("D")
    assert names(crm) == ["D", "C", "B", "A"]
    assert names(crm, sort="asc") == ["A", "B", "C", "D"]
    assert names(crm, sort="asc", sortBy="attributes.created_at") == ["A", "B", "C", "D"]
    assert names(crm, sort="desc", sortBy="attributes.amount") == ["A", "B", "C", "D"]
    assert names(crm, sort="desc", sortBy="attributes.deal_name") == ["D", "C", "B", "A"]


def test_since_means_after_that_instant() -> None:
    """Creation and change have a parameter each; links change neither (recorded)."""
    crm = three()
    assert names(crm, createdSince="2026-03-02T12:00:00.000Z") == ["C", "B"]
    assert names(crm, createdSince="2026-03-02T13:00:59+01:00") == ["C", "B"]
    first = crm.deals()[0]["id"]
    crm.seconds = 600
    crm.call("PATCH", f"/crm/deals/link-unlink/{first}", {"linkContactIds": [crm.contact()]}, 204)
    assert names(crm, modifiedSince="2026-03-02T12:05:00.000Z") == []
    crm.call("PATCH", f"/crm/deals/{first}", {"attributes": {"amount": 1}}, 204)
    assert names(crm, modifiedSince="2026-03-02T12:05:00.000Z") == ["A"]


def test_documented_filters_work() -> None:
    """By name, by stage and pipeline id, by the owner's e-mail address (not by id)."""
    crm = three(pipelines={"Renewals": ["Due", "Won"]})
    place = crm.place(1, 1)
    crm.deal("D", deal_owner="bruno.costa@example.com", **place)
    assert names(crm, **{"filters[attributes.deal_name]": "a"}) == ["A"]
    assert names(crm, **{"filters[attributes.deal_stage]": place["deal_stage"]}) == ["D"]
    assert names(crm, **{"filters[attributes.pipeline]": place["pipeline"]}) == ["D"]
    owner = "filters[attributes.deal_owner]"
    assert names(crm, **{owner: "bruno.costa@example.com"}) == ["D"]
    assert len(names(crm, **{owner: crm.deals()[3]["deal_owner"]})) == 4
    parts = three(name_filter="contains")
    parts.deal("Cable")
    assert names(parts, **{"filters[attributes.deal_name]": "C"}) == ["Cable", "C"]


def test_filters_by_links_are_ignored_when_they_match_nothing() -> None:
    """Recorded: an id that is nobody's gives the unfiltered list."""
    crm = three()
    contact, company = crm.contact(), crm.company("Acme")
    crm.company("Other")
    first = crm.deals()[0]["id"]
    both = {"linkContactIds": [contact], "linkCompanyIds": [company]}
    crm.call("PATCH", f"/crm/deals/link-unlink/{first}", both, 204)
    assert names(crm, **{"filters[linkedContactsIds]": contact}) == ["A"]
    assert names(crm, **{"filters[linkedCompaniesIds]": company}) == ["A"]
    assert len(names(crm, **{"filters[linkedContactsIds]": 77})) == 3
    assert len(crm.get("/companies", linkedDealsIds=first)["items"]) == 1
    assert len(crm.get("/companies", linkedDealsIds=ABSENT)["items"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        "filters[attributes.source_key]=k1",
        "filters[deal_name]=A",
        "search=A",
        "createdSince=yesterday",
        "createdSince=2026-02-30T00:00:00Z",
        "modifiedSince=1",
        "filters[attributes.deal_owner]=nobody@example.com",
    ],
)
def test_filters_brevo_does_not_understand_are_ignored_in_silence(query: str) -> None:
    """UNCERTAIN in general; by option they are a 400."""
    assert len(three().call("GET", f"{DEALS}?{query}", expect=200)["items"]) == 3
    three(bad_filters="refuse").call("GET", f"{DEALS}?{query}", expect=400)


def test_filters_by_custom_attributes_may_work() -> None:
    """UNCERTAIN: only four attributes are documented."""
    for works, expected in ((True, ["X"]), (False, ["Y", "X"])):
        crm = Rehearsal(custom_filters=works)
        key = crm.attribute("Source key")
        for name, value in (("X", "k1"), ("Y", "k2")):
            crm.deal(name, **{key: value})
        assert names(crm, **{f"filters[attributes.{key}]": "k1"}) == expected


def test_companies_are_paged_from_page_1() -> None:
    """`page` is a number of a page, whatever the page about it says."""
    crm = Rehearsal()
    for name in "ABC":
        crm.company(name)

    def shown(**params: Any) -> list[str]:
        found = crm.get("/companies", limit=2, sort="asc", **params)
        return [one["attributes"]["name"] for one in found["items"]]

    assert shown() == shown(page=0) == shown(page=1) == ["A", "B"]
    assert shown(page=2) == ["C"]
    assert shown(page=3) == []
    assert crm.get("/companies", page=2, limit=2)["pager"]["current"] == 2
    found = crm.get("/companies", **{"filters[attributes.name]": "b"})["items"]
    assert [one["attributes"]["name"] for one in found] == ["B"]
    assert len(crm.get("/companies", filters="B")["items"]) == 3
    crm.company("D", owner="anna.berg@example.com")
    found = crm.get("/companies", **{"filters[attributes.owner]": "anna.berg@example.com"})
    assert [one["attributes"]["name"] for one in found["items"]] == ["D"]


def test_lists_are_late_and_single_records_are_not() -> None:
    """For `list_lag` seconds a list shows neither creation, change, link nor deletion."""
    crm = Rehearsal(list_lag=30.0)
    one, two = crm.deal("One"), crm.deal("Two")
    assert names(crm) == []
    assert crm.get(f"{DEALS}/{one}")["attributes"]["deal_name"] == "One"
    crm.seconds = 30.0
    assert names(crm) == ["Two", "One"]
    crm.call("PATCH", f"{DEALS}/{one}", {"name": "New"}, 204)
    crm.call("PATCH", f"{DEALS}/link-unlink/{one}", {"linkContactIds": [crm.contact()]}, 204)
    crm.call("DELETE", f"{DEALS}/{two}", expect=204)
    assert names(crm) == ["Two", "One"]
    assert crm.get(DEALS)["items"][1]["linkedContactsIds"] == []
    crm.seconds = 60.0
    assert names(crm) == ["New"]
    assert crm.get(DEALS)["items"][0]["linkedContactsIds"] == [1]


def test_lists_of_contacts_are_late_as_well() -> None:
    """A contact that was just deleted is still listed, and not found."""
    crm = Rehearsal(list_lag=10.0)
    id = crm.contact()
    assert crm.get("/contacts")["count"] == 0
    crm.seconds = 10.0
    crm.call("DELETE", f"/contacts/{id}", expect=204)
    crm.call("GET", f"/contacts/{id}", expect=404)
    assert crm.get("/contacts")["count"] == 1
    crm.seconds = 20.0
    assert crm.get("/contacts")["count"] == 0


@given(st.integers(0, 23), st.integers(1, 9), st.sampled_from(["asc", "desc"]))
def test_pages_together_are_the_whole_list(count: int, limit: int, direction: str) -> None:
    """Each record once, in the same order as on one page."""
    crm = Rehearsal()
    for number in range(count):
        crm.deal(str(number))
    pages: list[str] = []
    while page := names(crm, limit=limit, offset=len(pages), sort=direction):
        pages += page
    assert pages == names(crm, sort=direction)
    assert sorted(pages, key=int) == [str(number) for number in range(count)]
