"""What may go wrong on the way, on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable, Mapping

    from migrator.wire.base import Clock


class FaultKind(StrEnum):
    """How a request may go wrong on its way."""

    NO_CONNECTION = "no_connection"
    """There is nobody at that address."""
    LOST_BEFORE = "lost_before"
    """It never arrives; no answer comes."""
    LOST_AFTER = "lost_after"
    """It is carried out; its answer never arrives."""
    CUT = "cut"
    """It is carried out; the connection breaks in the middle of the answer."""
    SLOW = "slow"
    """It is carried out; the answer comes late."""
    STATUS = "status"
    """Something in between answers with a status; it never arrives."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong.

    Attributes:
        status, body, headers: of an answer that is not the server's.
        seconds: by which a slow answer is late.
    """

    kind: FaultKind
    status: int = 503
    seconds: float = 5.0
    body: str = "not from the server"
    headers: Mapping[str, str] = field(default_factory=dict)


def at_random(
    rng: random.Random, chances: Mapping[FaultKind, float]
) -> Callable[[httpx.Request], Fault | None]:
    """A plan for :class:`Faulty` by which each kind of fault has its chance, 0 to 1 in all."""

    def plan(_request: httpx.Request) -> Fault | None:
        drawn = rng.random()
        for kind, chance in chances.items():
            drawn -= chance
            if drawn < 0:
                return Fault(kind)
        return None

    return plan


class _Cut(httpx.AsyncByteStream):
    """The first half of a body, then a broken connection."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: len(self._body) // 2]
        raise httpx.ReadError("the connection broke in the middle of the answer")


class Faulty(httpx.AsyncBaseTransport):
    """Injects faults on the client's side: ``plan`` names the fault of each request, or None."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        plan: Callable[[httpx.Request], Fault | None],
        clock: Clock,
    ) -> None:
        self._inner = inner
        self._plan = plan
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry the request on, or let go wrong what the plan says."""
        fault = self._plan(request)
        if fault is None:
            return await self._inner.handle_async_request(request)
        if fault.kind is FaultKind.NO_CONNECTION:
            raise httpx.ConnectError("nobody is there")
        if fault.kind is FaultKind.LOST_BEFORE:
            raise httpx.ReadTimeout("the request was lost")
        if fault.kind is FaultKind.STATUS:
            return httpx.Response(fault.status, text=fault.body, headers=fault.headers)
        if fault.kind is FaultKind.SLOW:
            await self._clock.sleep(fault.seconds)
            return await self._inner.handle_async_request(request)
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        if fault.kind is FaultKind.LOST_AFTER:
            raise httpx.ReadError("the answer was lost")
        return httpx.Response(response.status_code, headers=response.headers, stream=_Cut(body))

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()
