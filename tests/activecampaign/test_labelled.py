"""Roles of contacts beside deals, and readings by somebody who has most of the deals."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from migrator.model import Action
from migrator.vendors.base import Reading, records
from tests.activecampaign.portal import CONTACTS, DEALS, Portal, parents

ROLE = "Decision Maker"


async def linked_deals(portal: Portal, count: int, *names: str) -> tuple[list[str], list[str]]:
    """Ids of deals with these contacts, of which all but the first are secondary; ids of these."""
    account = await portal.prepared()
    people = await parents(portal, CONTACTS, *names)
    ids = []
    for number in range(count):
        op = portal.op(account, f"k{number}", *people, custom_seats=str(number))
        (outcome,) = await portal.vendor.write(DEALS, Action.CREATE, [op])
        ids.append(str(outcome.id))
        await portal.vendor.link([replace(op, id=outcome.id)])
    return ids, [str(link.id) for link in people]


@pytest.mark.parametrize("custom_fields", ["list", "include"])
def test_secondary_contacts_come_with_their_roles(custom_fields: str) -> None:
    """A role is told with the contact who has it, the primary one has none, and only if asked."""
    portal = Portal({"role": ROLE, "custom_fields": custom_fields})

    async def main() -> None:
        ids, people = await linked_deals(portal, 2, "a@x.org", "b@x.org", "c@x.org")
        reader = portal.open()
        found = {one.id: one async for one in records(reader.pages(DEALS))}
        assert [one.labels for one in found.values()] == [{}, {}]
        asked = reader.pages(DEALS, reading=Reading(labels=True))
        found = {one.id: one async for one in records(asked)}
        told = {CONTACTS: {people[1]: (ROLE,), people[2]: (ROLE,)}}
        assert {id_: found[id_].labels for id_ in ids} == dict.fromkeys(ids, told)

    portal.run(main())


def test_without_roles_nothing_is_asked() -> None:
    """Where no contact has a role, the list of roles is not read."""
    portal = Portal()

    async def main() -> None:
        await linked_deals(portal, 1, "a@x.org", "b@x.org")
        reader = portal.open()
        portal.asked.clear()
        pages = reader.pages(DEALS, ["seats"], Reading(labels=True))
        (found,) = [one async for one in records(pages)]
        assert found.labels == {}
        assert "GET dealRoles" not in portal.asked
        assert portal.asked["GET contactDeals"] == 1

    portal.run(main())


def test_a_role_that_is_not_listed_is_told_by_its_id() -> None:
    """Somebody has deleted it, and the list of contacts does not know of that yet."""
    portal = Portal({"role": ROLE})

    async def main() -> None:
        _, people = await linked_deals(portal, 1, "a@x.org", "b@x.org")
        none = httpx.Response(200, json={"dealRoles": [], "meta": {"total": "0"}})
        portal.block("GET", "/dealRoles", none)
        pages = portal.open().pages(DEALS, reading=Reading(labels=True))
        (found,) = [one async for one in records(pages)]
        ((title,),) = [found.labels[CONTACTS][people[1]]]
        assert title.isdigit()

    portal.run(main())


@pytest.mark.parametrize("ordered", [True, False])
def test_to_look_which_deals_are_there_takes_no_values(ordered: bool) -> None:
    """Who has all the deals is told that they are there, by as many requests as they are pages."""
    portal = Portal(imitated={"order_by_id": ordered})

    async def main() -> None:
        ids, _ = await linked_deals(portal, 130, "a@x.org")
        reader = portal.open()
        await reader.describe([DEALS])
        portal.asked.clear()
        met: set[str] = set()
        pages = reader.pages(DEALS, ["seats"], Reading(set(ids), met=met))
        assert [one async for one in records(pages)] == []
        assert met == set(ids)
        assert portal.asked.keys() == {"GET deals"}
        met.clear()
        pages = reader.pages(DEALS, ["seats"], Reading(set(ids[:-1]), met=met))
        (left,) = [one async for one in records(pages)]
        assert (left.id, left.properties) == (ids[-1], {"seats": "129"})
        assert met == set(ids)
        assert portal.asked["GET dealCustomFieldData"] > 0

    portal.run(main())


def test_a_look_at_what_is_there_teaches_updates_nothing() -> None:
    """Updates of many values afterwards find out by themselves which values there are."""
    portal = Portal()

    async def main() -> None:
        ids, _ = await linked_deals(portal, 12, "a@x.org")
        vendor = portal.open()
        account = await vendor.describe([DEALS])
        pages = vendor.pages(DEALS, ["seats"], Reading(set(ids)))
        assert [one async for one in records(pages)] == []
        ops = [
            replace(
                portal.op(account, f"k{n}", custom_seats="7"),
                action=Action.UPDATE,
                id=id_,
                properties={"seats": "7"},
            )
            for n, id_ in enumerate(ids)
        ]
        portal.asked.clear()
        await vendor.write(DEALS, Action.UPDATE, ops)
        assert portal.asked["PUT deals/{id}"] == 0
        assert {one.properties["seats"] for one in (await portal.held()).values()} == {"7"}

    portal.run(main())
