"""Whole lists from a place on, page by page: what is there all the time comes, whatever others do.

Lists by offset (deals, contacts, notes, tasks) are read upward, the oldest first: what others
create comes last. Each page begins with the last record of the page before; where it does not,
records have moved up by what was deleted, and some would be skipped: the reading steps back until
it meets one that it knows.

Lists by page number (companies) allow no such overlap. They are read downward, from the last page
to the first, the oldest first on each: what is deleted meanwhile moves unread records further
down, where the reading still comes by, and what is created is behind it.

Records of one second may change places between two pages. So at the end it is counted what the
list told of; when some were missed it is read again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.vendors.brevo.answers import Json, odd, text, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from migrator.vendors.brevo.calls import Page

_STEPS_BACK = 100
"""Steps back at most in one reading of a list, from which others delete."""

_SHORTEST_STEP = 100
"""Records to step back at least, where it is not known yet how long a page is."""

_MORE_READINGS = 2
"""Readings again at most, when a list told of more records than it showed."""

_DOWNWARD = re.compile(r"(?P<number>\d+)x(?P<size>\d+)")
"""A place in a list by page number: the next page, and how many records a page has."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that were not seen before, one at least, and the place behind them."""

    items: list[Json]
    place: str


def _new(page: Page, seen: set[str], met: set[str]) -> list[Json]:
    """The records of a page that are not in ``seen``; all of its ids are noted in both sets."""
    fresh = []
    for item in page.items:
        id_ = text(item.get("id"))
        if id_ is None:
            continue
        if id_ not in seen:
            fresh.append(item)
        seen.add(id_)
        met.add(id_)
    return fresh


# -- by offset -------------------------------------------------------------------------------------


async def by_offset(
    ask: Callable[[int], Awaitable[Page]], seen: set[str], place: str = ""
) -> AsyncIterator[Batch]:
    """All records of a list by offset that are not in ``seen``, which is added to.

    Args:
        ask: gives the page that begins with an offset.
        seen: ids of records that the caller has.
        place: of the last batch that the caller has; blank or strange = from the beginning.
    """
    start = whole(place) or 0
    for trial in range(1 + _MORE_READINGS):
        upward = _Upward(start, seen)
        before = len(seen)
        while not upward.ended:
            fresh = upward.take(await ask(upward.index))
            if fresh:
                yield Batch(fresh, str(upward.offset))
        if upward.whole or (trial and len(seen) == before):
            return  # what it tells of and does not show even then, it never shows
        start = 0


class _Upward:
    """One reading of a list by offset.

    Attributes:
        offset: how many records of the list are behind it.
        ended: whether the end of the list was reached.
        whole: whether it met as many records as the list told of.
    """

    def __init__(self, offset: int, seen: set[str]) -> None:
        self.offset = offset
        self.ended = False
        self.whole = True
        self._seen = seen
        self._met: set[str] = set()
        self._lowest = offset
        self._furthest = offset
        self._longest = _SHORTEST_STEP
        self._step = 0
        self._steps = 0

    @property
    def index(self) -> int:
        """Where the next page is to begin: with the last record of the page before."""
        return max(0, self.offset - 1)

    def take(self, page: Page) -> list[Json]:
        """The new records of the page that begins at ``index``."""
        ids = [id_ for item in page.items if (id_ := text(item.get("id")))]
        if self.offset and not (ids and ids[0] in (self._met or self._seen)):
            self._step_back(page, len(ids))
            return []
        self._step = 0
        self._longest = max(self._longest, len(ids))
        self._lowest = min(self._lowest, self.index)
        met = len(self._met)
        fresh = _new(page, self._seen, self._met)
        self.offset = self.index + len(ids)
        self.ended = len(ids) < 2 or (page.total is not None and self.offset >= page.total)
        if len(self._met) == met and self.offset >= self._furthest:
            self.ended = True  # a server that ignores the offset would show this page for ever
        self._furthest = max(self._furthest, self.offset)
        if page.total is not None:
            self.whole = self._lowest + len(self._met) >= page.total
        return fresh

    def _step_back(self, page: Page, length: int) -> None:
        """Each step twice as long as the one before: others may have deleted very much."""
        if self._steps == _STEPS_BACK:
            raise odd("a list of records", "its pages do not go together")
        self._steps += 1
        self._step = max(2 * self._step, self._longest, length)
        end = self.offset if page.total is None else min(self.offset, page.total)
        self.offset = max(0, end - self._step)


# -- by page number --------------------------------------------------------------------------------


async def by_number(
    ask: Callable[[int], Awaitable[Page]], seen: set[str], place: str = ""
) -> AsyncIterator[Batch]:
    """As ``by_offset``, of a list by page number; ``ask`` gives the page of a number, from 1.

    The list must tell how many records it has, else it is just read upward, and again from the
    beginning when it goes on.
    """
    found = _DOWNWARD.fullmatch(place)
    if found is not None and (number := int(found["number"])):
        downward = _Downward(ask, number, int(found["size"]))
        if downward.fits(page := await ask(number)):
            async for batch in downward.read(seen, page):
                yield batch
            return
    for trial in range(1 + _MORE_READINGS):
        before = len(seen)
        first = await ask(1)
        if first.total is None or len(first.items) in {0, first.total}:
            async for batch in _up(ask, first, seen):
                yield batch
            return
        size = len(first.items)
        number = -(-first.total // size)
        downward = _Downward(ask, number, size)
        # Read again at the end, for what will have moved onto it by then.
        if fresh := _new(first, seen, downward.met):
            yield Batch(fresh, f"{number}x{size}")
        async for batch in downward.read(seen):
            yield batch
        if len(downward.met) >= first.total or (trial and len(seen) == before):
            return


async def _up(
    ask: Callable[[int], Awaitable[Page]], page: Page, seen: set[str]
) -> AsyncIterator[Batch]:
    """From the first page on, until one shows nothing new."""
    met: set[str] = set()
    number = 1
    while True:
        before = len(met)
        if fresh := _new(page, seen, met):
            yield Batch(fresh, "")
        if len(met) == before or len(met) == page.total:
            return
        number += 1
        page = await ask(number)


class _Downward:
    """A reading of a list by page number, from a page down to the first.

    Attributes:
        met: ids of the records that it met.
    """

    def __init__(self, ask: Callable[[int], Awaitable[Page]], number: int, size: int) -> None:
        self.met: set[str] = set()
        self._ask = ask
        self._number = number
        self._size = size

    def fits(self, page: Page) -> bool:
        """Whether this first page is as long as it is where so many make a page."""
        before = (self._number - 1) * self._size
        return page.total is not None and len(page.items) == min(self._size, page.total - before)

    async def read(self, seen: set[str], page: Page | None = None) -> AsyncIterator[Batch]:
        """The records of all pages, the first of which may be given."""
        for number in range(self._number, 0, -1):
            page = page or await self._ask(number)
            if fresh := _new(page, seen, self.met):
                yield Batch(fresh, f"{number - 1}x{self._size}")
            page = None
