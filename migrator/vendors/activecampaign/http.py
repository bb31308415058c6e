"""Requests to one account: paths, pages, and what a page is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from migrator.errors import Unavailable
from migrator.vendors.activecampaign.answers import (
    Json,
    Refusal,
    check,
    forbidden,
    must,
    objects,
    parsed,
    whole,
)
from migrator.wire import Effect, request, told_at

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

_T = TypeVar("_T")

PAGE = 100
"""Most rows of a page; more is cut down to it (conventions page)."""

_PREFIX = "api/3"
_STEP = 25
"""Rows to go back when the one a page must begin with is not there."""
_MOST_STEPS = 20
_MOST_FORBIDDEN = 10
"""Records that may be forbidden one after another before we stop asking for more."""
_MOST_PASSES = 12
"""Times a list without an order is read at most."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        rows: those that have an id.
        total: what the list has in all; None = it does not say.
        body: the whole answer, with what was sideloaded.
    """

    rows: list[Json]
    total: int | None
    body: Json = field(default_factory=dict)


Reader = Callable[[int], Awaitable[Page]]
"""Reads the page of a list that begins at an offset."""


class Http:
    """The way to one account.

    ``client.base_url`` may end in ``/api/3`` or not: ActiveCampaign shows users the address
    without it, and some tools want it with it.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        given = client.base_url.path.rstrip("/")
        self._prefix = "" if given.endswith(_PREFIX) else f"{_PREFIX}/"
        self._forbidden: defaultdict[tuple[str, str], int] = defaultdict(lambda: _MOST_FORBIDDEN)
        """403s in a row, by what was tried; as many as count before anything was allowed."""
        self.told_at: datetime | None = None
        """The instant of the last answer, by ActiveCampaign's clock."""

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Read; what is read must be an object, else something stands in between."""
        what = f"GET {path}"
        full = self._prefix + path
        response = await request(self.client, "GET", full, effect=Effect.NONE, params=params)
        self.told_at = told_at(response) or self.told_at
        check(response, what)
        return must(parsed(response), what)

    async def one(self, path: str, name: str, read: Callable[[Json], _T | None]) -> _T:
        """Read a single object, which is called ``name`` in the answer."""
        row = (await self.get(path)).get(name)
        return must(read(row) if isinstance(row, dict) else None, f"GET {path}")

    async def send(  # the parts of a request
        self,
        method: str,
        path: str,
        content: Any = None,  # noqa: ANN401  # an object, or a bare list for the bulk operations
        *,
        effect: Effect,
        params: Mapping[str, str] | None = None,
    ) -> Json:
        """Write; the answer may be empty.

        A 403 is about this one record when the key could do the same with others: a pipeline that
        is not for its user, a text that a firewall takes offence at.
        """
        what, kind = f"{method} {path}", (method, path.partition("/")[0])

        async def once() -> httpx.Response:
            full = self._prefix + path
            return await request(
                self.client, method, full, effect=effect, json=content, params=params
            )

        response = await once()
        if response.status_code == 403 and self._forbidden[kind] < _MOST_FORBIDDEN:
            await self.get("users/me")  # the key is good
            response = await once()  # a 403 may come and go
            if response.status_code == 403:
                self._forbidden[kind] += 1
                raise Refusal(403, forbidden(response), what)
        answer = check(response, what)
        self._forbidden[kind] = 0
        return answer

    async def page(
        self, path: str, name: str, params: Mapping[str, str] | None = None, offset: int = 0
    ) -> Page:
        """A page of a list that is called ``name`` in the answer."""
        query = {**(params or {}), "limit": str(PAGE), "offset": str(offset)}
        body = await self.get(path, query)
        rows = must(body.get(name) if isinstance(body.get(name), list) else None, f"GET {path}")
        meta = body.get("meta")
        total = whole(meta.get("total")) if isinstance(meta, dict) else None
        return Page([row for row in objects(rows) if row.get("id") is not None], total, body)

    def reader(self, path: str, name: str, params: Mapping[str, str] | None = None) -> Reader:
        """Reads the pages of a list."""

        async def read(offset: int) -> Page:
            return await self.page(path, name, params, offset)

        return read


async def walk(read: Reader, seen: set[str]) -> AsyncIterator[Page]:
    """Pages of a list with the rows not seen before; ``seen`` grows by their ids.

    Each page begins with the last row of the one before. When it does not, rows before it were
    deleted meanwhile and others moved up unread, perhaps all that were left: we go back until a
    page meets what was seen.
    """
    offset = steps = 0
    while True:
        page = await read(offset)
        ids = [str(row["id"]) for row in page.rows]
        if offset and (not ids or ids[0] not in seen) and steps < _MOST_STEPS:
            steps += 1
            offset = max(0, offset - _STEP)
            continue
        fresh = [row for row in page.rows if str(row["id"]) not in seen]
        seen.update(ids)
        yield Page(fresh, page.total, page.body)
        if _is_last(page, offset, any_new=bool(fresh)):
            return
        offset += max(1, len(ids) - 1)


def _is_last(page: Page, offset: int, *, any_new: bool) -> bool:
    if not page.rows:
        return True
    if page.total is None:  # some lists have no meta, and may know nothing of pages
        return len(page.rows) < PAGE or not any_new
    return offset + len(page.rows) >= page.total


async def every(readers: Sequence[Reader], what: str) -> AsyncIterator[Page]:
    """All rows of a list, each once, checked against what the list says it has in all.

    The default order of lists is not promised and pages overlap in it. When rows are missing in
    the end, the list is read again, by the next reader where there are several, for as long as
    that brings new ones.

    Raises:
        Unavailable: rows are missing still.
    """
    seen: set[str] = set()
    total: int | None = None
    for number in range(_MOST_PASSES):
        before = len(seen)
        async for page in walk(readers[number % len(readers)], seen):
            total = page.total
            if page.rows:
                yield page
        if total is None or len(seen) >= total:
            return
        if number >= len(readers) and len(seen) == before:
            break
    raise Unavailable(
        f"ActiveCampaign says it has {total:,} {what}, but lists {len(seen):,} of them, time and "
        "again. Somebody may be changing many at this moment; nothing is lost, try again later."
    )


def read_rows(read: Callable[[Json], _T | None], rows: Iterable[Json]) -> list[_T]:
    """Rows as the objects they are; odd ones are left out."""
    found = (read(row) for row in rows)
    return [one for one in found if one is not None]


def chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Runs of at most ``size`` items.

    >>> list(chunks("abc", 2))
    ['ab', 'c']
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]
