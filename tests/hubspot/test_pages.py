"""Reading all records of an account: what it costs, what others do meanwhile, and what is odd."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import InputError, Unavailable
from migrator.model import Action, Link, ObjectType, Op
from migrator.vendors.base import Reading
from tests.hubspot.portal import Answer, Body, Portal, refusal, reply
from tests.hubspot.room import Room, creating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Page

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
NOTES, TASKS = ObjectType.NOTES, ObjectType.TASKS

WIDE = [f"a_rather_long_property_name_{i}" for i in range(100)]
"""Names that are too many for a URL."""

AT = "2026-03-01T09:00:00Z"


def listed(portal: Portal, **more: object) -> list[Page]:
    """All pages of the deals."""

    async def main() -> list[Page]:
        found = portal.vendor.pages(DEALS, reading=Reading(**more))  # type: ignore[arg-type]
        return [page async for page in found]

    return portal.clock.run(main())


def ids_of(pages: Sequence[Page]) -> list[str]:
    """Ids in the order in which they came."""
    return [one.id for page in pages for one in page.records]


# -- what it costs ---------------------------------------------------------------------------------


def test_what_an_export_costs() -> None:
    """A thousand deals are 10 requests, 20 with more properties than a URL takes."""
    room = Room()
    ids = room.deals(1_000)
    room.sent.clear()
    assert room.held(DEALS, ["dealname"]).keys() == set(ids.values())
    assert len(room.paths()) == 10
    wide = room.held(DEALS, ["dealname", *WIDE])
    assert wide.keys() == set(ids.values())
    assert {one.properties["dealname"] for one in wide.values()} == {"D"}
    assert {one.key for one in wide.values()} == set(ids)
    assert len(room.paths()) == 20
    assert not any("search" in path for path in room.paths())


def test_pages_come_as_they_are_read() -> None:
    """The first page is there after the first request, and nothing is read behind the last."""
    room = Room()
    room.deals(250)
    room.sent.clear()

    async def main() -> tuple[int, str]:
        pages = room.vendor.pages(DEALS)
        first = await anext(pages)
        return len(first.records), first.place

    count, place = room.run(main())
    assert (count, len(room.paths())) == (100, 1)
    rest = room.pages(DEALS, place=place)
    assert [len(page.records) for page in rest] == [100, 50]
    assert len(room.paths()) == 2
    assert room.pages(DEALS, place=rest[-1].place) == []
    assert room.paths() == []


# -- all types, with their links -------------------------------------------------------------------


def test_notes_and_tasks_with_their_links() -> None:
    """Records of each type come with what they are linked to; a deal's primary company first."""
    room = Room()
    person = room.record("contacts", email="a@example.com")
    other, primary = room.record("companies", name="A"), room.record("companies", name="B")
    parents = (Link(CONTACTS, "a", person), Link(COMPANIES, "B", primary))
    deal = room.create(
        [
            creating(
                DEALS,
                1,
                {"dealname": "D", "pipeline": "default", "dealstage": "qualifiedtobuy"},
                (*parents, Link(COMPANIES, "A", other)),
            )
        ]
    )["k1"]
    assert room.held(DEALS)[deal].links == {CONTACTS: (person,), COMPANIES: (primary, other)}
    for type, kinds, properties in (
        (NOTES, (214, 202, 190), {"hs_note_body": "Called.", "hs_timestamp": AT}),
        (TASKS, (216, 204, 192), {"hs_task_subject": "Call", "hs_timestamp": AT}),
    ):
        id_ = room.record(
            type, dict(zip((deal, person, primary), kinds, strict=True)), **properties
        )
        names = room.vendor.exported(type, room.run(room.vendor.describe([type])))
        held = room.held(type, names)[id_]
        assert held.key is None
        assert held.links == {DEALS: (deal,), CONTACTS: (person,), COMPANIES: (primary,)}
        assert properties.items() <= held.properties.items()
        assert room.run(room.vendor.find(type, ["k1"])) == {}
        assert room.run(room.vendor.count(type)) == 1


def test_a_labelled_primary_company_is_still_the_first() -> None:
    """Whatever a link is called besides, the primary parent leads."""
    parts = [("7", "supplier"), ("8", "deal_to_company"), ("7", "deal_to_company_unlabeled")]
    links = {"results": [{"id": id_, "type": name} for id_, name in parts]}
    item = {"id": "1", "properties": {}, "associations": {"companies": links}}
    portal = Portal(lambda *_: reply(200, results=[item]))
    (page,) = listed(portal)
    assert page.records[0].links == {COMPANIES: ("8", "7")}


# -- since -----------------------------------------------------------------------------------------


def test_since_saves_what_it_can() -> None:
    """What was not changed is left out, and is not counted as seen; wide records are not read."""
    room = Room()
    ids = room.deals(150)
    room.clock.seconds += 3_600
    since = room.clock.now() - timedelta(minutes=1)
    change = Op(1, DEALS, Action.UPDATE, "k70", ids["k70"], {"dealname": "New"})
    room.write([change])
    for names, requests in ((["dealname"], 2), (["dealname", *WIDE], 3)):
        room.sent.clear()
        seen: set[str] = set()
        found = room.held(DEALS, names, seen=seen, since=since)
        assert {one.properties["dealname"] for one in found.values()} == {"New"}
        assert found.keys() == seen == {ids["k70"]}
        assert len(room.paths()) == requests


def test_a_date_that_cannot_be_read_leaves_nothing_out() -> None:
    """A record of which nobody knows when it was changed is given."""
    dates = ["2026-01-01T00:00:00Z", "2026-05-01T00:00:00", "never"]
    items = [{"id": str(i), "properties": {}, "updatedAt": date} for i, date in enumerate(dates, 1)]
    portal = Portal(lambda *_: reply(200, results=items))
    assert ids_of(listed(portal, since=portal.clock.now())) == ["2", "3"]


# -- others come and go ----------------------------------------------------------------------------


class Shop:
    """A list of records that others change between two requests.

    Args:
        ids: of the records at first.
        by_id: whether cursors are ids, or numbers of records.
        events: what happens after each request: an id to delete, or minus an id to insert.
    """

    def __init__(self, ids: Sequence[int], events: Sequence[int], *, by_id: bool) -> None:
        self.ids = sorted(ids)
        self.events = list(events)
        self.by_id = by_id

    def handle(self, _method: str, path: str, _body: Body) -> Answer:
        """A page of three."""
        _, _, after = path.partition("after=")
        start = 0
        if after and self.by_id:
            start = sum(id_ <= int(after) for id_ in self.ids)
        elif after:
            start = int(after.removeprefix("o"))
        shown = self.ids[start : start + 3]
        end = start + len(shown)
        more = {"next": {"after": str(shown[-1]) if self.by_id else f"o{end}"}} if shown else {}
        paging = more if end < len(self.ids) else {}
        if self.events:
            event = self.events.pop(0)
            if event < 0:
                self.ids = sorted({*self.ids, -event})
            elif event in self.ids:
                self.ids.remove(event)
        results = [{"id": str(id_), "properties": {}} for id_ in shown]
        return reply(200, results=results, paging=paging)


@settings(max_examples=150, deadline=None)
@given(
    ids=st.sets(st.integers(1_000, 1_040), min_size=1),
    events=st.lists(st.integers(1_000, 1_040) | st.integers(-1_040, -1_000), max_size=6),
    stops=st.sets(st.integers(0, 12)),
    by_id=st.booleans(),
)
def test_whatever_others_do(ids: set[int], events: list[int], stops: set[int], by_id: bool) -> None:
    """Records that stay come exactly once, whatever cursors are and wherever it stopped."""
    shop = Shop(sorted(ids), events, by_id=by_id)
    portal = Portal(shop.handle)

    async def main() -> list[str]:
        seen: set[str] = set()
        had: list[str] = []
        place, count = "", 0
        while True:
            pages = portal.vendor.pages(DEALS, reading=Reading(seen, place))
            stopped = False
            async for page in pages:
                had += [one.id for one in page.records]
                place, count = page.place, count + 1
                if stopped := count in stops:
                    break
            if not stopped:
                return had
            seen = set(had)

    had = portal.clock.run(main())
    assert len(had) == len(set(had))
    touched = {abs(event) for event in events}
    assert {str(id_) for id_ in ids - touched} <= set(had)


def test_odd_cursors() -> None:
    """A cursor that leads nowhere ends the list; records without numbers have no firm place."""
    page = {"results": [{"id": "x", "properties": {}}], "paging": {"next": {"after": "9"}}}
    portal = Portal(lambda *_: reply(200, **page))
    pages = listed(portal)
    assert ids_of(pages) == ["x"]
    assert pages[0].place == "again"
    assert pages[-1].place == "end"


# -- records by id ---------------------------------------------------------------------------------


def test_records_by_id_that_are_odd() -> None:
    """A merged record is gone; what was left out silently is asked for again; no id, no request."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        ids = [one["id"] for one in body["inputs"]]
        assert "idProperty" not in body
        if "666" in ids:
            return reply(400, **refusal("bad id"))
        rest = {"1", "2"} if len(ids) > 2 else {"3"}
        results = [{"id": id_, "properties": {"dealname": id_}} for id_ in ids if id_ in rest]
        results += [{"id": "77", "properties": {}}] if "7" in ids else []
        return reply(200, results=results)

    portal = Portal(handle)
    found = portal.clock.run(
        portal.vendor.read(DEALS, ["1", "2", "3", "7", "x", "1"], ["dealname"])
    )
    assert {id_: one.properties["dealname"] for id_, one in found.items()} == {
        "1": "1",
        "2": "2",
        "3": "3",
    }
    assert [one["id"] for one in portal.sent[1][2]["inputs"]] == ["3", "7"]
    portal.sent.clear()
    assert portal.clock.run(portal.vendor.read(DEALS, ["x", ""])) == {}
    assert portal.sent == []
    found = portal.clock.run(portal.vendor.read(DEALS, ["3", "666"]))
    assert found.keys() == {"3"}


def test_records_by_id_that_are_gone() -> None:
    """An error that names nobody speaks for all that are not there; another one is no answer."""
    gone = refusal("gone", "OBJECT_NOT_FOUND")
    one = {"id": "1", "properties": {}}
    portal = Portal(lambda *_: reply(207, results=[one], errors=[gone]))
    assert portal.clock.run(portal.vendor.read(DEALS, ["1", "2"])).keys() == {"1"}
    assert len(portal.sent) == 1
    portal = Portal(lambda *_: reply(207, results=[one], errors=[refusal("oops", "INTERNAL")]))
    with pytest.raises(Unavailable, match="oops"):
        portal.clock.run(portal.vendor.read(DEALS, ["1", "2"]))
    portal = Portal(lambda *_: reply(405, **refusal("never")))
    with pytest.raises(InputError, match="never"):
        portal.clock.run(portal.vendor.read(DEALS, ["1"]))
