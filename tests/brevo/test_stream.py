"""Whole lists while others delete and create, and while we are killed and go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import Unavailable
from migrator.vendors.brevo.calls import Page
from migrator.vendors.brevo.stream import by_number, by_offset

if TYPE_CHECKING:
    from collections.abc import Callable

ROADS = {"offset": by_offset, "number": by_number}


@dataclass
class List:
    """A list of a server, on which something happens before every answer.

    Attributes:
        ids: the oldest first.
        size: records of a page.
        told: whether answers tell how many there are.
        events: what others do before the next answers: delete the nth of those that may go, or
            create so many (negative).
        may_go: ids that others delete.
        asked: requests.
    """

    ids: list[str]
    size: int
    told: bool = True
    events: list[int] = field(default_factory=list)
    may_go: list[str] = field(default_factory=list)
    asked: int = 0

    async def by_offset(self, index: int) -> Page:
        """The page that begins at an offset."""
        self._happen()
        items: list[dict[str, Any]] = [{"id": id_} for id_ in self.ids[index : index + self.size]]
        return Page(items, len(self.ids) if self.told else None)

    async def by_number(self, number: int) -> Page:
        """The page of a number, from 1."""
        return await self.by_offset((number - 1) * self.size)

    def _happen(self) -> None:
        self.asked += 1
        event = self.events.pop() if self.events else 0
        for _ in range(-event):
            self.ids.append(f"new{self.asked}-{len(self.ids)}")
        for _ in range(event):
            if self.may_go:
                self.ids.remove(self.may_go.pop(0))


def read(served: List, road: str, stops: list[int]) -> list[str]:
    """All ids, by processes of which each is killed behind so many batches."""

    async def one(had: list[str], place: str, most: int | None) -> tuple[str, bool]:
        ask = getattr(served, f"by_{road}")
        count = 0
        batches = ROADS[road](ask, set(had), place)
        assert isinstance(batches, AsyncGenerator)
        async for batch in batches:
            assert batch.items
            had += [str(item["id"]) for item in batch.items]
            place = batch.place
            count += 1
            if count == most:
                await batches.aclose()
                return place, True
        return place, False

    async def main() -> list[str]:
        had: list[str] = []
        place = ""
        for most in [*stops, None]:
            place, killed = await one(had, place, most)
            if not killed:
                break
        return had

    return asyncio.run(main())


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(1, 9),
    st.sets(st.integers(0, 59)),
    st.lists(st.integers(-4, 12), max_size=30),
    st.lists(st.integers(1, 4), max_size=8),
    st.sampled_from(["offset", "offset untold", "number"]),
)
def test_who_stays_comes_once(
    count: int, size: int, going: set[int], events: list[int], stops: list[int], road: str
) -> None:
    """Others delete and create, processes die: every record that stays comes exactly once."""
    ids = [f"{i}" for i in range(count)]
    may_go = [ids[i] for i in sorted(going) if i < count]
    stay = set(ids) - set(may_go)
    step = size + 1 if road.startswith("offset") else size
    served = List(ids, step, told="untold" not in road, events=events, may_go=may_go)
    had = read(served, road.split(maxsplit=1)[0], stops)
    assert len(had) == len(set(had))
    assert stay <= set(had)


@pytest.mark.parametrize(("road", "requests"), [("offset", 101), ("number", 101)])
def test_what_a_hundred_thousand_cost(road: str, requests: int) -> None:
    """A page per thousand, and one more."""
    served = List([str(i) for i in range(100_000)], 1_000)
    assert len(read(served, road, [])) == 100_000
    assert served.asked == requests


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kept", [0, 5_000])
def test_much_was_deleted_meanwhile(road: str, kept: int) -> None:
    """A place far behind the list's new end is left for one from which nobody is missed."""
    served = List([str(i) for i in range(30_000)], 100)
    gone = served.ids[:-kept] if kept else list(served.ids)
    served.may_go = gone
    served.events = [*[0] * 200, len(gone), *[0] * 150]
    had = read(served, road, [140])
    assert len(had) == len(set(had))
    assert {str(i) for i in range(30_000 - kept, 30_000)} <= set(had)
    assert served.asked < 150 + 2 * (15_000 + kept) / 100


@pytest.mark.parametrize("place", ["odd", "7x", "0x4", "9x4", "2x3", "3x4"])
@pytest.mark.parametrize("road", ROADS)
def test_places_of_another_account(road: str, place: str) -> None:
    """Wherever a reading goes on that has nothing yet, every record comes, at most once."""

    async def main() -> list[str]:
        served = List([f"r{i}" for i in range(15)], 4)
        ask: Callable[..., Any] = getattr(served, f"by_{road}")
        return [i["id"] async for b in ROADS[road](ask, set(), place) for i in b.items]

    had = asyncio.run(main())
    assert len(had) == len(set(had))
    if place != "3x4" or road == "offset":  # that one is where such a reading would have been
        assert len(had) == 15


class Swapping(List):
    """Records of one second stand the other way round on every second page."""

    async def by_offset(self, index: int) -> Page:
        """The page of an offset, in an order of its own."""
        page = await super().by_offset(index)
        if self.asked % 2 == 0 and self.asked < 8:
            self.ids[3:6] = reversed(self.ids[3:6])
        return page


@pytest.mark.parametrize("road", ROADS)
def test_records_of_one_second(road: str) -> None:
    """Those that change places between two pages are missed by one reading, and not by all."""
    served = Swapping([f"r{i}" for i in range(15)], 4)
    assert sorted(read(served, road, [])) == sorted(f"r{i}" for i in range(15))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("told", [True, False])
def test_totals_that_are_never_met(road: str, told: bool) -> None:
    """A list that tells of more than it shows is read once more, and not for ever."""

    class Boasting(List):
        async def by_offset(self, index: int) -> Page:
            page = await super().by_offset(index)
            return Page(page.items, 20 if told else None)

    served = Boasting([f"r{i}" for i in range(15)], 4)
    assert len(read(served, road, [])) == 15
    assert served.asked <= 14


def test_pages_without_ids_end() -> None:
    """Items that are none end a list; pages that never go together are an error."""

    async def odd(_: int) -> Page:
        return Page([{"no": "id"}, {"id": ""}], 7)

    async def main(road: str) -> list[object]:
        return [batch async for batch in ROADS[road](odd, set())]

    assert asyncio.run(main("number")) == []
    assert asyncio.run(main("offset")) == []
    numbers = iter(range(10**6))

    async def new(_: int) -> Page:
        return Page([{"id": f"x{next(numbers)}"} for _ in range(3)])

    async def endless() -> None:
        async for _ in by_offset(new, set()):
            pass

    with pytest.raises(Unavailable, match="do not go together"):
        asyncio.run(endless())
