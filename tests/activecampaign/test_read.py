"""Reading deals: complete, each once, whatever order they come in and whoever writes meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import InputError, Unavailable
from migrator.model import Action, Link
from migrator.vendors.activecampaign.http import PAGE, Page, every, walk
from migrator.vendors.base import records
from tests.activecampaign.portal import COMPANIES, CONTACTS, DEALS, NOTES, Portal
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.model import Account, Op


async def filled(portal: Portal, count: int) -> tuple[Account, list[Op]]:
    """An account with so many deals."""
    account = await portal.prepared()
    ops = [portal.op(account, f"k{n}", custom_seats=str(n)) for n in range(count)]
    outcomes = await portal.vendor.write(DEALS, Action.CREATE, ops)
    ids = {one.key: one.id for one in outcomes}
    return account, [replace(op, id=ids[op.key]) for op in ops]


@pytest.mark.parametrize("custom_fields", ["list", "include"])
@pytest.mark.parametrize("ordered", [True, False])
def test_every_deal_is_read_once(custom_fields: str, ordered: bool) -> None:
    """With its custom values, whichever way these are read, and in whatever order lists come."""
    portal = Portal(
        options={"custom_fields": custom_fields},
        imitated={"order_by_id": ordered, "data_ordered": ordered, "stubs": 7},
    )

    async def main() -> None:
        _, ops = await filled(portal, 230)
        names = ["seats", "title"]
        pages = [page async for page in portal.vendor.pages(DEALS, names)]
        held = [held for page in pages for held in page.records]
        assert {one.key: one.properties["seats"] for one in held} == {
            op.key: op.properties["seats"] for op in ops
        }
        assert len(held) == 230
        assert sum(page.hidden for page in pages) == 7
        everything = [held async for held in records(portal.vendor.pages(DEALS))]
        assert everything[0].properties.keys() >= {"title", "value", "seats", "migrator_key"}

    portal.run(main())


@pytest.mark.parametrize("include", ["ignored", "400"])
def test_an_account_that_does_not_include_values_is_told(include: str) -> None:
    """Otherwise deals would seem to have no key, and be created once more."""
    portal = Portal(imitated={"include": include}, options={"custom_fields": "include"})

    async def main() -> None:
        await filled(portal, 1)
        with pytest.raises(InputError, match="custom_fields=list"):
            assert [held async for held in records(portal.vendor.pages(DEALS))]

    portal.run(main())


def test_links_come_with_the_deals() -> None:
    """The primary contact first, then the others, and the company."""
    portal = Portal()

    async def main() -> None:
        _, ops = await filled(portal, 2)
        people = [
            (await portal.vendor.calls.people.sync_contact({"email": f"p{n}@x.org"})).id
            for n in range(2)
        ]
        firm = await portal.vendor.calls.people.create_company({"name": "Acme"})
        links = tuple(Link(CONTACTS, id_, id_) for id_ in people)
        change = replace(ops[0], action=Action.UPDATE)
        change = replace(change, links=(*links, Link(COMPANIES, "Acme", firm.id)))
        await portal.vendor.link([change])
        held = {held.key: held.links async for held in records(portal.vendor.pages(DEALS))}
        assert set(people) < set(held["k0"][CONTACTS])
        assert held["k0"][COMPANIES] == (firm.id,)
        assert (len(held["k1"][CONTACTS]), held["k1"][COMPANIES]) == (1, ())
        ids = [str(op.id) for op in ops]
        linked = await portal.vendor.linked(DEALS, [*ids, "4711"], CONTACTS)
        assert linked == {
            ids[0]: frozenset(held["k0"][CONTACTS]),
            ids[1]: frozenset(held["k1"][CONTACTS]),
            "4711": frozenset(),
        }
        assert await portal.vendor.linked(DEALS, [], CONTACTS) == {}
        assert await portal.vendor.linked(CONTACTS, ["1"], COMPANIES) == {"1": frozenset()}
        with pytest.raises(InputError):
            await portal.vendor.linked(DEALS, ["1"], NOTES)
        with pytest.raises(InputError):
            await portal.vendor.link([replace(change, type=CONTACTS)])

    portal.run(main())


def test_links_of_many_are_read_together() -> None:
    """More deals than there are pages: the list is read instead."""
    portal = Portal()

    async def main() -> None:
        _, ops = await filled(portal, 120)
        portal.asked.clear()
        linked = await portal.vendor.linked(DEALS, [str(op.id) for op in ops], CONTACTS)
        assert len(linked) == 120
        assert all(linked.values())
        assert portal.asked["GET deals/{id}"] == 0

    portal.run(main())


@pytest.mark.parametrize("custom_fields", ["list", "include"])
@pytest.mark.parametrize("count", [3, 60])
def test_deals_are_found_by_key(custom_fields: str, count: int) -> None:
    """One by one or among all, whichever is fewer; those that are gone are not found."""
    portal = Portal(options={"custom_fields": custom_fields})

    async def main() -> None:
        _, ops = await filled(portal, 130)
        gone = replace(ops[0], action=Action.DELETE)
        await portal.vendor.write(DEALS, Action.DELETE, [gone])
        wanted = [op.key for op in ops[:count]]
        found = await portal.vendor.find(DEALS, [*wanted, "none", " "], ["seats"])
        assert found.keys() == set(wanted[1:])
        assert found["k2"].properties == {"seats": "2"}
        assert found["k2"].id == ops[2].id

    portal.run(main())


def test_of_two_deals_with_one_key_the_older_is_found() -> None:
    """And one that cannot be seen is passed over."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k")
        first, second = [
            outcome.id
            for _ in range(2)
            for outcome in await portal.vendor.write(DEALS, Action.CREATE, [op])
        ]
        assert (await portal.vendor.find(DEALS, ["k"]))["k"].id == first
        # The values of a deal that was deleted may be listed still.
        data = [datum for id_ in (first, second) for datum in [await _row(portal, str(id_))]]

        def stale(_: httpx.Request, __: httpx.Response) -> httpx.Response:
            body = {"dealCustomFieldData": data, "meta": {"total": len(data)}}
            return httpx.Response(200, json=body)

        portal.alter("GET", "/dealCustomFieldData", stale)
        await portal.vendor.calls.deals.delete(str(first))
        assert (await portal.vendor.find(DEALS, ["k"]))["k"].id == second

    portal.run(main())


async def _row(portal: Portal, deal: str) -> dict[str, Any]:
    """The value of the key field as the list shows it."""
    (datum,) = await portal.vendor.calls.fields.data_of(deal)
    return {
        "id": datum.id,
        "dealId": deal,
        "customFieldId": datum.field,
        "fieldValue": datum.value,
    }


def test_without_the_key_field_nothing_is_found() -> None:
    """An account that no run of ours has seen is not read at all."""
    portal = Portal()
    assert portal.run(portal.vendor.find(DEALS, ["k"])) == {}
    assert portal.asked == {"GET dealCustomFieldMeta": 1}
    assert portal.run(Portal().vendor.find(DEALS, [])) == {}


def test_a_refusal_in_an_export_is_told() -> None:
    """What is turned down for another reason is no matter of options."""
    portal = Portal(options={"custom_fields": "include"})
    portal.alter("GET", "/deals", lambda _, __: httpx.Response(409, json={"message": "no"}))

    async def main() -> None:
        await portal.prepared()
        assert [held async for held in records(portal.vendor.pages(DEALS))]

    with pytest.raises(InputError, match="409"):
        portal.run(main())


def test_a_deal_that_may_not_be_read_is_an_error() -> None:
    """Only a deal that is gone is passed over."""
    portal = Portal()

    async def main() -> None:
        _, ops = await filled(portal, 1)
        no = httpx.Response(409, json={"message": "busy"})
        portal.alter("GET", f"/deals/{ops[0].id}", lambda _, __: no)
        with pytest.raises(InputError, match="busy"):
            await portal.vendor.find(DEALS, ["k0"])

    portal.run(main())


# -- lists -----------------------------------------------------------------------------------------


class Listed:
    """A list of rows that somebody changes while it is read.

    Args:
        ids: of the rows, in the order they are listed.
        changes: before the n-th page is read, this is done to the rows.
        total: whether pages say how many rows there are.
    """

    def __init__(
        self,
        ids: Sequence[int],
        changes: Callable[[int, list[int]], None] = lambda _, __: None,
        *,
        total: bool = True,
    ) -> None:
        self.ids = list(ids)
        self.pages = 0
        self._changes = changes
        self._total = total

    async def read(self, offset: int) -> Page:
        """One page."""
        self.pages += 1
        self._changes(self.pages, self.ids)
        rows = [{"id": str(id_)} for id_ in self.ids[offset : offset + PAGE]]
        return Page(rows, len(self.ids) if self._total else None)


def read_all(*lists: Listed) -> list[int]:
    """Ids of everything the lists have, in the order they come."""

    async def main() -> list[int]:
        readers = [one.read for one in lists]
        pages = [page async for page in every(readers, "rows")]
        return [int(row["id"]) for page in pages for row in page.rows]

    return VirtualClock().run(main())


@given(st.integers(0, 450), st.booleans())
def test_a_list_is_read_whole(count: int, total: bool) -> None:
    """Every row once, in about a page for each ninety-nine."""
    listed = Listed(range(1, count + 1), total=total)
    assert read_all(listed) == list(range(1, count + 1))
    assert listed.pages <= count // (PAGE - 1) + 2


@given(st.lists(st.integers(1, 300), min_size=1, max_size=40, unique=True), st.integers(2, 4))
def test_rows_deleted_meanwhile_hide_no_others(gone: list[int], page: int) -> None:
    """When rows before the next page vanish, those that moved up are read all the same."""

    def delete(number: int, ids: list[int]) -> None:
        if number == page:
            ids[:] = [id_ for id_ in ids if id_ not in gone]

    listed = Listed(range(1, 401), delete)
    found = read_all(listed)
    assert len(found) == len(set(found))
    assert set(range(1, 401)) - set(gone) <= set(found)


@given(st.integers(1, 60), st.integers(2, 4))
def test_rows_created_meanwhile_are_read_too(count: int, page: int) -> None:
    """New rows come last in the order of ids."""

    def create(number: int, ids: list[int]) -> None:
        if number == page:
            ids.extend(range(1000, 1000 + count))

    assert set(range(1, 401)) <= set(read_all(Listed(range(1, 401), create)))


def test_a_list_that_changes_its_order_is_read_again() -> None:
    """Rows that a first pass missed are read by a second, in another order."""
    jumpy = Listed([*range(1, 251)], lambda n, ids: ids.reverse() if n == 2 else None)
    calm = Listed(range(1, 251))
    found = read_all(jumpy, calm)
    assert sorted(found) == list(range(1, 251))


def test_a_list_that_stays_short_is_an_error() -> None:
    """Again and again fewer rows than it says it has: nobody may take that for all."""

    async def short(_: int) -> Page:
        return Page([{"id": "1"}], 3)

    async def main() -> None:
        with pytest.raises(Unavailable, match=r"says it has 3 rows, but lists 1"):
            assert [page async for page in every([short], "rows")]

    VirtualClock().run(main())


def test_a_list_that_knows_no_pages_ends() -> None:
    """The same hundred rows over and over are read once."""

    async def same(_: int) -> Page:
        return Page([{"id": str(n)} for n in range(PAGE)], None)

    async def main() -> int:
        return sum([len(page.rows) async for page in walk(same, set())])

    assert VirtualClock().run(main()) == PAGE


def test_contacts_and_companies_are_exported() -> None:
    """Over several pages, with their address or name as key."""
    portal = Portal()

    async def main() -> None:
        for n in range(130):
            await portal.vendor.calls.people.sync_contact({"email": f"P{n}@x.org"})
        await portal.vendor.calls.people.create_company({"name": "Acme"})
        people = [held async for held in records(portal.vendor.pages(CONTACTS))]
        assert {held.key for held in people} == {f"p{n}@x.org" for n in range(130)}
        assert people[0].properties.keys() == {"email", "firstName", "lastName", "phone"}
        (firm,) = [held async for held in records(portal.vendor.pages(COMPANIES, ["name"]))]
        assert (firm.key, firm.properties) == ("acme", {"name": "Acme"})

    portal.run(main())
