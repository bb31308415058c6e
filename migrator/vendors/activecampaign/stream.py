"""The way out: records as they arrive, and a text that says where the reading stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.model import Page
from migrator.vendors.activecampaign.answers import whole
from migrator.vendors.activecampaign.listing import Mark, listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from migrator.model import Held
    from migrator.vendors.activecampaign.http import Page as Rows
    from migrator.vendors.activecampaign.http import Reader

_PARTS = 3


@dataclass(frozen=True, slots=True)
class Read:
    """What a page of a list holds.

    Attributes:
        records: those that can be seen.
        hidden: ids of those that cannot.
        left_out: ids of those that can, and that the caller has: they need not be in ``records``.
    """

    records: list[Held]
    hidden: Iterable[str] = ()
    left_out: Iterable[str] = ()


class Progress:
    """What was given of an export by now.

    Args:
        seen: ids of the records that the caller has; grows.
        place: of the last page that the caller has; one that says nothing means the beginning.
        met: ids of the records that came by, whether the caller has them or not; grows.

    Attributes:
        mark: how far the list was read when the place was noted.
    """

    def __init__(self, seen: set[str], place: str, met: set[str] | None = None) -> None:
        parts = [whole(part) for part in place.split(".")]
        known = [part for part in parts if part is not None]
        last, count, told = known if len(known) == len(parts) == _PARTS else (0, 0, 0)
        self.mark = Mark(last, count)
        self._seen = seen
        self._met = set() if met is None else met
        self._told = told
        self._behind = told if last else 0
        """Hidden records before the mark: as long as that holds, they do not come again."""
        self._hidden: set[str] = set()

    def has(self, id: str) -> bool:
        """Whether the caller has this record."""
        return id in self._seen

    def page(self, read: Read, mark: Mark) -> Page | None:
        """What is new of a page that was read; None when nothing is."""
        self._met.update(one.id for one in read.records)
        self._met.update(read.left_out)
        fresh = tuple(one for one in read.records if one.id not in self._seen)
        self._seen.update(one.id for one in fresh)
        self._hidden.update(read.hidden)
        if not mark.last:
            self._behind = 0
        more = max(0, self._behind + len(self._hidden) - self._told)
        self._told += more
        if not fresh and not more:
            return None
        return Page(fresh, f"{mark.last}.{mark.count}.{self._told}", more)


async def streamed(
    readers: Sequence[Reader],
    what: str,
    read: Callable[[Rows], Read],
    progress: Progress,
) -> AsyncIterator[Page]:
    """The records of a list that the caller does not have, page by page.

    Args:
        readers: of the list, as for :func:`.listing.listed`.
        what: the records, for messages.
        read: makes records of the rows of a page.
        progress: where to begin; moves.
    """
    async for rows, mark in listed(readers, what, progress.mark):
        page = progress.page(read(rows), mark)
        if page is not None:
            yield page
