"""Long lists read so that the reading can be gone on with, by another process too.

As long as ids ascend from row to row, the largest one that was read says how far the reading is:
nothing behind it was seen, nothing before it was missed, whatever others create or delete
meanwhile. A list that does not keep this order is read by :func:`.http.every`, from its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.answers import whole
from migrator.vendors.activecampaign.http import PAGE, Page, every

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from migrator.vendors.activecampaign.http import Reader

_STEP = 25
"""Rows to go back first when the one a page must begin with is not there; then twice as many."""
_MOST_STEPS = 30


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list was read by ascending ids.

    Attributes:
        last: the largest id that was read; 0 = none, or the list keeps no such order.
        count: how many rows were read up to it.
    """

    last: int = 0
    count: int = 0


async def listed(
    readers: Sequence[Reader], what: str, mark: Mark = Mark()
) -> AsyncIterator[tuple[Page, Mark]]:
    """The rows of a list behind a mark, page by page, each page with the mark behind it.

    In a list that keeps the order of ids every row comes once. When the order breaks, or fewer
    rows are there than the list says it has, all rows come, some of them for the second time, and
    the marks are those of the beginning.

    Args:
        readers: of the same list; the first one asks for the order of ids, where that is known.
        what: the rows, for messages.
        mark: as it came with an earlier page.

    Raises:
        Unavailable: rows are missing still, however often the list is read.
    """
    ascent = _Ascent(readers[0], mark)
    async for page in ascent.pages():
        yield page, ascent.mark
    if ascent.complete:
        return
    async for page in every(readers, what):
        yield page, Mark()


class _Ascent:
    """One reading of a list by ascending ids, for as long as it keeps to them.

    Attributes:
        mark: behind the last page.
        complete: whether the list was read to its end.
    """

    def __init__(self, read: Reader, mark: Mark) -> None:
        self._read = read
        self.mark = mark
        self.complete = False

    async def pages(self) -> AsyncIterator[Page]:
        """Pages with the rows behind the mark, which moves.

        Each page begins with a row that was read. When it does not, rows before it were deleted
        meanwhile and others moved up unread: we go back until a page meets what was read.
        """
        offset, step, steps = max(0, self.mark.count - 1), _STEP, 0
        before: list[int] = []
        while True:
            page = await self._read(offset)
            ids = _ascending(page)
            if ids is None:
                return
            if offset and (not ids or ids[0] > self.mark.last):
                if steps == _MOST_STEPS:
                    return
                offset, step, steps = max(0, offset - step), step * 2, steps + 1
                continue
            fresh = [row for row, id_ in zip(page.rows, ids, strict=True) if id_ > self.mark.last]
            if fresh:
                self.mark = Mark(ids[-1], self.mark.count + len(fresh))
                step, steps = _STEP, 0
                yield Page(fresh, page.total, page.body)
            if self._ends(page, offset, same=ids == before):
                return
            before = ids
            offset += max(1, len(ids) - 1)

    def _ends(self, page: Page, offset: int, *, same: bool) -> bool:
        if page.total is None:  # some lists have no meta, and may know nothing of pages
            self.complete = len(page.rows) < PAGE or same
            return self.complete
        if offset + len(page.rows) < page.total:
            return False
        self.complete = self.mark.count >= page.total
        return True


def _ascending(page: Page) -> list[int] | None:
    """The ids of a page's rows; None when they do not ascend."""
    ids = [whole(row["id"]) for row in page.rows]
    numbers = [id_ for id_ in ids if id_ is not None]
    if len(numbers) < len(ids):
        return None
    in_order = all(one < other for one, other in pairwise(numbers))
    return numbers if in_order else None
