"""Reading: lists that are not as they were asked for, the fewest requests, notes and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import InputError, Unauthorized, Unavailable
from migrator.model import ObjectType
from migrator.vendors.base import records
from migrator.vendors.brevo.product import PRODUCT
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, Shelf, fixed, opened, path
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Held
    from migrator.vendors.base import Vendor
    from migrator.vendors.brevo.answers import Json


@pytest.fixture
def clock() -> VirtualClock:
    """Time for this test."""
    return VirtualClock()


@pytest.fixture
def shelf(clock: VirtualClock) -> Shelf:
    """An account of 25 deals."""
    return Shelf(clock, deals={f"d{i:02}": float(i) for i in range(25)})


async def everything(vendor: Vendor, type: ObjectType, *names: str) -> list[Held]:
    """All records."""
    return [held async for held in records(vendor.pages(type, names))]


def paged(shelf: Shelf, change: Callable[[Json, httpx.QueryParams], Json | None]) -> None:
    """Answer lists of deals with a page that was changed, or a 400."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = change(shelf._page(request.url.params), request.url.params)
        if found is None:
            return httpx.Response(400, json={"message": "Invalid value"})
        return httpx.Response(200, json=found)

    shelf.answers["GET /crm/deals"] = answer


def capped(page: Json, params: httpx.QueryParams) -> Json:
    """At most ten, without a word."""
    return {"items": page["items"][:10]}


def told(page: Json, params: httpx.QueryParams) -> Json:
    """At most ten, and the answer says so."""
    return {"items": page["items"][:10], "pager": {"limit": 10}}


def counted(page: Json, params: httpx.QueryParams) -> Json:
    """At most ten, and how many there are."""
    return {"items": page["items"][:10], "pager": {"total": 25}}


def strict(page: Json, params: httpx.QueryParams) -> Json | None:
    """More than ten are refused."""
    return page if int(params["limit"]) <= 100 else None


def unsorted(page: Json, params: httpx.QueryParams) -> Json | None:
    """An order is refused."""
    return None if "sortBy" in params else page


def strange(page: Json, params: httpx.QueryParams) -> Json:
    """Odd things among the items."""
    return {"items": [*page["items"], "odd", {"no": "id"}], "pager": "odd"}


@pytest.mark.parametrize("change", [capped, told, counted, strict, unsorted, strange])
def test_lists_as_they_come(clock: VirtualClock, shelf: Shelf, change: Any) -> None:
    """However a list is cut, refused or ordered: every deal comes once, and each is found."""
    paged(shelf, change)
    vendor = opened(clock, shelf.handle)
    held = clock.run(everything(vendor, DEALS, "deal_name"))
    assert sorted(h.key or "" for h in held) == sorted(shelf.deals)
    assert {h.properties["deal_name"] for h in held} == {f"Deal {key}" for key in shelf.deals}
    found = clock.run(vendor.find(DEALS, ["d00", "d24", "none"]))
    assert {key: h.id for key, h in found.items()} == {"d00": "id-d00", "d24": "id-d24"}


def test_lists_that_are_refused(clock: VirtualClock, shelf: Shelf) -> None:
    """A list that is refused in every form is told; so is one that is none."""
    vendor = opened(clock, shelf.handle)
    shelf.answers["GET /crm/deals"] = fixed(400, {"message": "no"})
    with pytest.raises(InputError, match="400"):
        clock.run(everything(vendor, DEALS))
    shelf.answers["GET /crm/deals"] = fixed(404, {"message": "no"})
    with pytest.raises(InputError, match="404"):
        clock.run(everything(vendor, DEALS))
    shelf.answers["GET /crm/deals"] = fixed(200, {"items": "odd"})
    with pytest.raises(Unavailable, match="no list"):
        clock.run(everything(vendor, DEALS))


def test_a_list_that_shrinks(clock: VirtualClock, shelf: Shelf) -> None:
    """Deals that are deleted during the walk do not hide others, even at the list's end."""
    vendor = opened(clock, shelf.handle, page=5)

    async def walk() -> list[str]:
        seen = []
        async for held in records(vendor.pages(DEALS)):
            seen.append(held.key or "")
            if len(seen) == 20:
                for i in range(15):
                    del shelf.deals[f"d{i:02}"]
        return seen

    assert clock.run(walk()) == [f"d{i:02}" for i in range(25)]


def test_pages_that_do_not_go_together(clock: VirtualClock, shelf: Shelf) -> None:
    """A list that never shows what it showed before ends with an error, not never."""
    numbers = iter(range(10**9))

    def answer(_: httpx.Request) -> httpx.Response:
        items = [{"id": f"x{next(numbers)}"} for _ in range(3)]
        return httpx.Response(200, json={"items": items})

    shelf.answers["GET /crm/deals"] = answer
    with pytest.raises(Unavailable, match="do not go together"):
        clock.run(everything(opened(clock, shelf.handle), DEALS))


def test_an_account_without_our_key(clock: VirtualClock, shelf: Shelf) -> None:
    """Without the key attribute nothing can be ours, and nothing is asked."""
    shelf.answers["GET /crm/attributes/deals"] = fixed(200, [])
    vendor = opened(clock, shelf.handle)
    assert clock.run(vendor.find(DEALS, ["d00"])) == {}
    assert "GET /crm/deals" not in shelf.asked
    assert {h.key for h in clock.run(everything(vendor, DEALS))} == {None}


@pytest.mark.parametrize(
    ("wanted", "pages", "singles"),
    [([0], 0, 1), ([24, 23], 1, 0), ([0, 24], 1, 1), ([0, 1, 2, 3, 20], 3, 0)],
)
def test_the_fewest_requests_by_id(
    clock: VirtualClock, shelf: Shelf, wanted: list[int], pages: int, singles: int
) -> None:
    """Pages while they may hold more than they cost, then each by itself."""
    vendor = opened(clock, shelf.handle, page=10)
    ids = [f"id-d{i:02}" for i in wanted]
    assert clock.run(vendor.linked(DEALS, ids, CONTACTS)).keys() == set(ids)
    assert shelf.asked.count("GET /crm/deals") == pages
    assert sum(asked.startswith("GET /crm/deals/") for asked in shelf.asked) == singles


def test_records_that_are_gone(clock: VirtualClock, shelf: Shelf) -> None:
    """Ids of nothing have no links; a refusal other than "not there" is told."""
    vendor = opened(clock, shelf.handle)
    ids = ["id-d00", *(f"id-x{i}" for i in range(12))]
    assert not any(clock.run(vendor.linked(DEALS, ids, CONTACTS)).values())
    assert not any(asked.startswith("GET /crm/deals/") for asked in shelf.asked)
    shelf.answers["GET /crm/deals/x"] = fixed(422, {"message": "no"})
    with pytest.raises(InputError, match="422"):
        clock.run(vendor.linked(DEALS, ["x"], CONTACTS))


# -- contacts --------------------------------------------------------------------------------------


def people(count: int, *, listed: bool = True) -> Callable[[httpx.Request], httpx.Response]:
    """An account of contacts, every tenth of them without an address."""
    everyone: list[Json] = [
        {"id": i, "email": f"p{i}@x.org"} if i % 10 else {"id": i, "email": None}
        for i in range(1, count + 1)
    ]

    def handle(request: httpx.Request) -> httpx.Response:
        asked = path(request)
        if asked == "GET /contacts/attributes":
            return httpx.Response(200, json={"attributes": []})
        if asked == "GET /contacts":
            offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
            content: Json = {"contacts": everyone[offset : offset + limit]}
            return httpx.Response(200, json=content | ({"count": count} if listed else {}))
        email = request.url.path.rpartition("/")[2]
        found = next((one for one in everyone if one["email"] == email), None)
        if found is None:
            return httpx.Response(404, json={"message": "Contact does not exist"})
        return httpx.Response(200, json=found)

    return handle


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("numbers", "most"), [([7], 1), ([1, 2, 3], 1), ([1, 99], 2), (range(1, 100), 11)]
)
def test_contacts_are_looked_up(
    clock: VirtualClock, listed: bool, numbers: list[int], most: int
) -> None:
    """Addresses in any letter case, by pages or one by one, whichever is fewer."""
    asked: list[str] = []
    inner = people(100, listed=listed)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(path(request))
        return inner(request)

    vendor = opened(clock, handle, page=10)
    names = [f"P{i}@X.org" for i in numbers]
    found = clock.run(vendor.resolve(CONTACTS, [*names, ""]))
    assert found == {f"P{i}@X.org": (str(i),) for i in numbers if i % 10}
    if listed:
        assert len(asked) <= most
    held = clock.run(everything(vendor, CONTACTS, "email"))
    assert [h.id for h in held] == [str(i) for i in range(1, 101)]


def test_lookups_that_fail_end_together(clock: VirtualClock) -> None:
    """One refusal of several lookups under way is the answer; none of them is left behind."""
    inner = people(9)

    def handle(request: httpx.Request) -> httpx.Response:
        if "@" in request.url.path:
            return httpx.Response(401, json={"message": "Key not found"})
        return inner(request)

    vendor = opened(clock, handle, page=2)
    with pytest.raises(Unauthorized):
        clock.run(vendor.resolve(CONTACTS, ["a@x.org", "b@x.org", "c@x.org"]))


# -- companies -------------------------------------------------------------------------------------


def firms(shrink: int = 0, *, total: bool = True) -> Callable[[httpx.Request], httpx.Response]:
    """Thirty companies by page number; ``shrink`` of them are deleted after the first page."""
    everyone = [{"id": f"c{i}", "attributes": {"name": f"Firm {i // 2}"}} for i in range(30)]

    def handle(request: httpx.Request) -> httpx.Response:
        if path(request) == "GET /crm/attributes/companies":
            return httpx.Response(200, json=[])
        page, limit = (int(request.url.params[name]) for name in ("page", "limit"))
        start = (page - 1) * limit
        pager = {"total": len(everyone)} if total else {}
        content = {"items": everyone[start : start + limit], "pager": pager}
        if page == 1:
            del everyone[:shrink]
        return httpx.Response(200, json=content)

    return handle


@pytest.mark.parametrize("shrink", [0, 3])
@pytest.mark.parametrize("total", [True, False])
def test_companies_of_one_name(clock: VirtualClock, shrink: int, total: bool) -> None:
    """All companies of a name are given; those deleted meanwhile hide no others."""
    vendor = opened(clock, firms(shrink, total=total), page=7)
    names = [f"FIRM {i}" for i in range(15)]
    found = clock.run(vendor.resolve(COMPANIES, names))
    if total or not shrink:
        assert {name: set(ids) for name, ids in found.items()} == {
            f"FIRM {i}": {f"c{2 * i}", f"c{2 * i + 1}"} for i in range(15)
        }
    assert clock.run(vendor.resolve(COMPANIES, [" "])) == {}


def test_domains_before_names(clock: VirtualClock) -> None:
    """A name that is a domain is looked for among domains first, then among names."""
    items = [
        {"id": "c1", "attributes": {"name": "acme.com"}},
        {"id": "c2", "attributes": {"name": "Acme", "domain": "ACME.com"}},
        {"id": "c3", "attributes": {"name": "Bolt.org"}},
        {"id": "c4"},
    ]
    vendor = opened(clock, lambda _: httpx.Response(200, json={"items": items}), page=2)
    asked = ["acme.com", "bolt.org", "none.com", "acme"]
    assert clock.run(vendor.resolve(COMPANIES, asked)) == {
        "acme.com": ("c2",),
        "bolt.org": ("c3",),
        "acme": ("c2",),
    }


# -- notes and tasks -------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [ObjectType.NOTES, ObjectType.TASKS])
def test_notes_and_tasks(clock: VirtualClock, type: ObjectType) -> None:
    """Every note and task comes once with its texts and links, in either spelling."""
    items: list[Json] = [
        {"id": f"n{i}", "text": f"Note {i}", "dealIds": ["d1"], "contactsIds": [1, 2], "done": True}
        for i in range(5)
    ]

    def handle(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        page = items[offset : offset + 2]
        return httpx.Response(200, json=page if type is ObjectType.NOTES else {"items": page})

    vendor = opened(clock, handle, page=2)
    held = clock.run(everything(vendor, type))
    assert [h.id for h in held] == [f"n{i}" for i in range(5)]
    assert held[0].properties == {"text": "Note 0", "done": "true"}
    assert held[0].links == {DEALS: ("d1",), CONTACTS: ("1", "2")}
    named = clock.run(everything(vendor, type, "text"))
    assert named[0].properties == {"text": "Note 0"}


def test_a_list_that_ignores_the_offset(clock: VirtualClock) -> None:
    """A server that shows one page for ever does not keep us for ever."""
    vendor = opened(clock, lambda _: httpx.Response(200, json=[{"id": "n1", "text": "x"}]))
    assert len(clock.run(everything(vendor, ObjectType.NOTES))) == 1


def test_the_sandbox_has_notes_and_tasks_too(clock: VirtualClock) -> None:
    """Activities of a whole account, in the sandbox's own hand."""
    sandbox = PRODUCT.sandbox(now=clock.now, clock=clock.monotonic, limits=False)
    vendor = opened(clock, sandbox.handle)
    for type in (ObjectType.NOTES, ObjectType.TASKS):
        assert clock.run(everything(vendor, type)) == []
