"""Connections in several pools: spread evenly, and the warm one first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
from hypothesis import given
from hypothesis import strategies as st

from migrator.wire.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Pool(httpx.AsyncBaseTransport):
    """Answers when it is told to, or fails; counts what is under way."""

    def __init__(self, go: asyncio.Event) -> None:
        self.go = go
        self.now = 0
        self.most = 0
        self.answered = 0
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.go.wait()
        finally:
            self.now -= 1
        self.answered += 1
        if request.url.path == "/lost":
            raise httpx.ReadError("gone")
        return httpx.Response(200)

    async def aclose(self) -> None:
        self.closed = True


async def _sent(paths: Sequence[str], count: int, *, together: bool) -> list[_Pool]:
    go, made = asyncio.Event(), list[_Pool]()

    def pool() -> _Pool:
        made.append(_Pool(go))
        return made[-1]

    pools = Pools(pool, count)
    requests = [httpx.Request("GET", f"http://crm.test{path}") for path in paths]
    if together:
        under_way = [asyncio.create_task(pools.handle_async_request(one)) for one in requests]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*under_way, return_exceptions=True)
    else:
        go.set()
        for one in requests:
            await asyncio.gather(pools.handle_async_request(one), return_exceptions=True)
    await pools.aclose()
    return made


_PATHS = st.lists(st.sampled_from(["/well", "/lost"]), min_size=1, max_size=60)


@given(_PATHS, st.integers(1, 9))
def test_requests_at_once_are_spread_evenly(paths: list[str], count: int) -> None:
    """No pool has more under way than its share, whatever ends badly; all end, and all close."""
    pools = asyncio.run(_sent(paths, count, together=True))
    assert max(pool.most for pool in pools) == -(-len(paths) // count)
    assert sum(pool.answered for pool in pools) == len(paths)
    assert all(pool.closed and not pool.now for pool in pools)


@given(_PATHS, st.integers(1, 9))
def test_one_after_another_take_the_warm_connection(paths: list[str], count: int) -> None:
    """A request that is alone goes by the first pool; a failure before it changes nothing."""
    pools = asyncio.run(_sent(paths, count, together=False))
    assert pools[0].answered == len(paths)
