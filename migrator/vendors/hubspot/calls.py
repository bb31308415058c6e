"""Requests to one portal, in words of their effect; the paths and the client in one hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from migrator.errors import Unavailable
from migrator.vendors.hubspot.answers import Json, body, check, objects
from migrator.vendors.hubspot.paths import Paths
from migrator.wire import MOST, Effect, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence

    import httpx

_T = TypeVar("_T")

BATCH = 100
"""Most inputs of an object batch request ("using object APIs"); also of a page of a list."""

CONCURRENCY = MOST
"""Parallel big writes meet 423 Locked (error handling); how many, HubSpot does not say. So the wire
begins with few, and halves them on a 423."""


class Calls:
    """One portal. ``zone`` is its time zone once it has been described."""

    def __init__(self, client: httpx.AsyncClient, version: str) -> None:
        self.client = client
        self.paths = Paths(version)
        self.zone: str | None = None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Read with GET."""
        response = await request(self.client, "GET", path, effect=Effect.NONE, params=params)
        return self._object(response, f"GET {path}")

    async def read(self, path: str, content: Json) -> Json:
        """Read with POST."""
        response = await request(self.client, "POST", path, effect=Effect.NONE, json=content)
        return self._object(response, f"POST {path}")

    async def send(self, method: str, path: str, content: Json, effect: Effect) -> Json:
        """Write."""
        response = await request(self.client, method, path, effect=effect, json=content)
        return self.check(response, f"{method} {path}")

    def check(self, response: httpx.Response, what: str) -> Json:
        """The body of a good answer; see :func:`answers.check`."""
        return check(response, what, self.zone)

    def _object(self, response: httpx.Response, what: str) -> Json:
        """As ``check``; what is read must be an object, else something stands in between."""
        self.check(response, what)
        found = body(response)
        if not found:
            raise Unavailable(
                f"{what} was answered with status {response.status_code}, but not with JSON. "
                "Look whether HUBSPOT_BASE_URL is right and nothing stands in between."
            )
        return found

    async def pages(self, path: str, params: Mapping[str, str]) -> AsyncIterator[list[Json]]:
        """Results of a paged list, a page at a time."""
        after: str | None = None
        while True:
            page = await self.get(path, {**params, "after": after} if after else params)
            yield objects(page.get("results"))
            if (following := next_page(page)) is None or following == after:
                return
            after = following


def next_page(page: Mapping[str, Any]) -> str | None:
    """Where the next page begins, or None after the last."""
    paging = page.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return str(after) if after not in (None, "") else None


def chunks(items: Iterable[_T], size: int = BATCH) -> Iterator[list[_T]]:
    """Lists of at most ``size`` items.

    >>> list(chunks("abc", 2))
    [['a', 'b'], ['c']]
    """
    chunk: list[_T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def together(jobs: Sequence[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Results of jobs in their order, as many at once as may be; the first failure ends all."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(job: Coroutine[Any, Any, _T]) -> _T:
        async with slots:
            return await job

    tasks = [asyncio.ensure_future(one(job)) for job in jobs]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in jobs:
            job.close()
