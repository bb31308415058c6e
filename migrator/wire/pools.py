"""Connections in several small pools instead of one large one.

A pool looks through all its connections whenever a request begins and whenever one ends. With one
connection that is nothing; with sixty, half of our own time for a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

POOLS = 8


class Pools(httpx.AsyncBaseTransport):
    """Sends each request by the pool that has the fewest under way; by the first of several.

    Args:
        pool: makes one, which must bear all requests by itself.
        count: how many pools.
    """

    def __init__(self, pool: Callable[[], httpx.AsyncBaseTransport], count: int = POOLS) -> None:
        self._pools = [pool() for _ in range(count)]
        self._under_way = [0] * count

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send by one of the pools."""
        number = self._under_way.index(min(self._under_way))
        self._under_way[number] += 1
        try:
            return await self._pools[number].handle_async_request(request)
        finally:
            self._under_way[number] -= 1

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.aclose()
