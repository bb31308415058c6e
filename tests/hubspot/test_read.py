"""What is not there, what is not told, and what has many pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from migrator.errors import (
    InputError,
    Unavailable,
)
from migrator.model import (
    Action,
    Link,
    ObjectType,
    Op,
    OpState,
)
from migrator.vendors.base import records
from tests.hubspot.portal import Answer, Body, Portal, found, refusal, reply

if TYPE_CHECKING:
    import httpx

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES


# -- finding ---------------------------------------------------------------------------------------


def test_keys_left_out_silently_are_asked_for_again() -> None:
    """What an answer does not mention is asked for once more before it counts as absent."""
    answers = [
        reply(200, results=[found("a")]),
        reply(207, results=[found("b")], errors=[refusal("", "OBJECT_NOT_FOUND")]),
    ]
    portal = Portal(lambda *_: answers.pop(0))
    held = portal.clock.run(portal.vendor.find(DEALS, ["a", "b", "c"]))
    assert {key: one.id for key, one in held.items()} == {"a": "9a", "b": "9b"}
    assert [given["id"] for given in portal.sent[1][2]["inputs"]] == ["b", "c"]


def test_letter_case_of_keys() -> None:
    """A key in another letter case is another key: one row never passes for another."""
    portal = Portal(lambda *_: reply(200, results=[found("AB"), found("K-1"), found("x")]))
    held = portal.clock.run(portal.vendor.find(DEALS, ["ab", "AB", "k-1"]))
    assert {key: one.id for key, one in held.items()} == {"AB": "9AB"}


def test_a_read_that_fails_in_part_is_no_answer() -> None:
    """An error other than "not there" never makes a record look absent."""
    answer = reply(207, results=[], errors=[refusal("oops", "INTERNAL_ERROR")])
    portal = Portal(lambda *_: answer)
    with pytest.raises(Unavailable, match="oops"):
        portal.clock.run(portal.vendor.find(DEALS, ["a"]))


def test_the_key_property_must_be_unique() -> None:
    """Without the property nothing is found; with one that is not unique, that is the error."""

    def portal(answer: httpx.Response) -> Portal:
        def handle(method: str, _path: str, _body: Body) -> Answer:
            return answer if method == "GET" else reply(400, **refusal("non-unique property"))

        return Portal(handle)

    for status, body, expected in (
        (404, refusal("none", "OBJECT_NOT_FOUND"), None),
        (200, {"hasUniqueValue": False}, "unique"),
        (200, {"hasUniqueValue": True}, "non-unique property"),
        (400, refusal("odd"), "odd"),
    ):
        one = portal(reply(status, **body))
        job = one.vendor.find(DEALS, [f"k{i}" for i in range(350)])
        if expected is None:
            assert one.clock.run(job) == {}
        else:
            with pytest.raises(InputError, match=expected):
                one.clock.run(job)


def test_one_bad_address_does_not_hide_the_others() -> None:
    """When a read by e-mail is turned down as a whole, the others are still found."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        keys = [given["id"] for given in body["inputs"]]
        if "@bad" in keys:
            return reply(400, **refusal("Invalid e-mail"))
        return reply(
            200, results=[{"id": k.lower(), "properties": {"email": k.lower()}} for k in keys]
        )

    portal = Portal(handle)
    asked = ["a@x.org", "@bad", "b@x.org", "A@X.org"]
    ids = portal.clock.run(portal.vendor.resolve(CONTACTS, asked))
    assert ids == {key: (key.lower(),) for key in ("a@x.org", "b@x.org", "A@X.org")}


def test_an_unreadable_refusal_of_a_read() -> None:
    """A refusal that is not about a key is told as it is."""
    portal = Portal(lambda *_: reply(405, **refusal("never")))
    with pytest.raises(InputError, match="never"):
        portal.clock.run(portal.vendor.find(DEALS, ["a"]))


def test_a_contact_is_found_by_its_second_address() -> None:
    """HubSpot answers with the first address; the one asked for is among the others."""
    contact = {"email": "first@x.org", "hs_additional_emails": "two@x.org;three@x.org"}
    portal = Portal(lambda *_: reply(200, results=[{"id": "5", "properties": contact}]))
    assert portal.clock.run(portal.vendor.resolve(CONTACTS, ["Two@x.org"])) == {"Two@x.org": ("5",)}


# -- companies -------------------------------------------------------------------------------------


def test_searches_stay_below_their_limits() -> None:
    """Bodies of 3,000 characters at most, small letters; exact matches only, from all pages."""
    pages: list[Body] = []

    def handle(_method: str, _path: str, body: Body) -> Answer:
        values = body["filterGroups"][0]["filters"][0]["values"]
        assert len(json.dumps(body)) <= 3000
        assert values == [value.lower() for value in values]
        pages.append(body)
        hits = [{"id": v, "properties": {"name": v.upper()}} for v in values]
        hits.append({"id": "x", "properties": {"name": "other"}})
        if "after" in body:
            return reply(200, results=[{"id": "2nd", "properties": {"name": values[0]}}])
        return reply(200, results=hits, paging={"next": {"after": "200"}})

    portal = Portal(handle)
    names = [f"Firm \u00fc {i}" for i in range(300)]
    ids = portal.clock.run(portal.vendor.resolve(COMPANIES, [*names, "y" * 3000, " "]))
    assert ids.keys() == set(names)
    assert all(name.lower() in ids[name] for name in names)
    assert sum("2nd" in found for found in ids.values()) == len(pages) // 2


# -- links -----------------------------------------------------------------------------------------


def test_a_primary_company_is_not_replaced() -> None:
    """Linking later makes a company primary only where the deal has no primary one."""
    with_primary = {
        "from": {"id": "101"},
        "to": [{"toObjectId": 7, "associationTypes": [{"typeId": 341}, {"typeId": 5}]}],
    }
    none = refusal("none", subCategory="crm.associations.NO_ASSOCIATIONS_FOUND")

    def handle(_method: str, path: str, _body: Body) -> Answer:
        if path.endswith("batch/read"):
            return reply(207, results=[with_primary], errors=[none])
        return reply(201, results=[])

    portal = Portal(handle)
    links = (Link(COMPANIES, "a", "1"), Link(COMPANIES, "b", "2"))
    both = [Op(i, DEALS, Action.UPDATE, f"k{i}", str(100 + i), {}, links=links) for i in (1, 2)]
    portal.clock.run(portal.vendor.link(both))
    sent = portal.sent[-1][2]["inputs"]
    types = {(i["from"]["id"], i["to"]["id"]): i["types"][0]["associationTypeId"] for i in sent}
    assert types == {("101", "1"): 341, ("101", "2"): 341, ("102", "1"): 5, ("102", "2"): 341}


def test_a_link_that_is_turned_down_is_told() -> None:
    """It is an outcome with HubSpot's words; links that cannot be read are no answer."""
    bad = refusal("no such contact", "OBJECT_NOT_FOUND", context={"ids": ["9"]})
    portal = Portal(lambda *_: reply(207, results=[], errors=[bad]))
    op = Op(1, DEALS, Action.UPDATE, "k", "101", {}, links=(Link(CONTACTS, "c", "9"),))
    (outcome,) = portal.clock.run(portal.vendor.link([op]))
    assert (outcome.key, outcome.state) == ("k", OpState.REFUSED)
    assert "no such contact" in outcome.message
    odd = Portal(lambda *_: reply(207, results=[], errors=[refusal("later", "RATE")]))
    with pytest.raises(Unavailable, match="later"):
        odd.clock.run(odd.vendor.linked(DEALS, ["101"], CONTACTS))


def test_links_are_read_to_the_last_page() -> None:
    """``linked`` follows each record's own paging."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        (given,) = body["inputs"]
        if "after" in given:
            return reply(200, results=[{"from": {"id": "1"}, "to": [{"toObjectId": "22"}]}])
        more = {"next": {"after": "x"}}
        first = {"from": {"id": "1"}, "to": [{"toObjectId": 21}], "paging": more}
        return reply(200, results=[first])

    portal = Portal(handle)
    linked = portal.clock.run(portal.vendor.linked(DEALS, ["1", "1"], CONTACTS))
    assert linked == {"1": frozenset({"21", "22"})}


# -- export ----------------------------------------------------------------------------------------


def test_an_export_of_many_properties_and_many_links() -> None:
    """Properties too long for a URL are read by batch; links beyond the list's by paging.

    What is deleted between the two requests is left out.
    """
    properties = [f"a_rather_long_property_name_{i}" for i in range(200)]
    links = {"results": [{"id": "1"}, {"id": "1"}], "paging": {"next": {"after": "1"}}}
    listed = [
        {"id": "5", "properties": {"migrator_key": "k"}, "associations": {"contacts": links}},
        {"id": "6", "properties": {}},
    ]

    def handle(_method: str, path: str, body: Body) -> Answer:
        if path.endswith("batch/read"):
            assert set(properties) <= set(body["properties"])
            full = {"id": "5", "properties": {"migrator_key": "k", properties[7]: "x"}}
            missing = refusal("gone", "OBJECT_NOT_FOUND", context={"ids": ["6"]})
            return reply(207, results=[full], errors=[missing])
        assert len(path) < 2500
        if "/5/associations/contacts" in path:
            return reply(200, results=[{"toObjectId": 2}, {"toObjectId": 3}])
        if "after=p2" in path:  # a record that moved from one page to the next
            return reply(200, results=[listed[0]])
        return reply(200, results=listed, paging={"next": {"after": "p2"}})

    portal = Portal(handle)

    async def main() -> list[tuple[str, str | None, object]]:
        return [
            (held.id, held.properties[properties[7]], held.links)
            async for held in records(portal.vendor.pages(DEALS, properties))
        ]

    assert portal.clock.run(main()) == [
        ("5", "x", {CONTACTS: ("1", "2", "3")}),
    ]
