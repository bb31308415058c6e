"""How many requests are under way at once: as many as help, and as the server bears.

No vendor says how many it bears; it is found out. A crowd begins small, grows while its places are
what is waited for and answers come well, and is halved when the server says that it is too much. It
never grows beyond what the quota can use: at a steady rate, rate times the time of an answer are
under way (Little's law).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.wire.base import Clock, Dialect

FEW = 5
"""Requests under way at once that every server has borne; a crowd begins with them."""

MOST = 48
"""More gain nothing at 300 ms an answer, and would leave more to look up after a kill: see
``docs/decisions/0019-requests-at-once.md``."""

STRUGGLING = frozenset({408, 423})
"""Statuses besides those from 500 on by which a server says that it is too much for it."""

ADMITTED = "admitted"
"""Extension of a request: when the quota let it leave (seconds of the monotonic clock), and how
many a second that quota allows in the long run (None = it has no window but the day)."""

_FASTEST = 100.0
"""Requests a second that are aimed at where a quota allows more, or none is known: five times what
the vendors' quotas allow, and more than one core of ours can make. So a server that answers at once
has no more under way than keeps both sides busy."""

_SPARE = 1.25
"""Answers take unlike times, and whoever waits for the slowest must not hold the others up."""

_WEIGHT = 0.2
"""Of the last answer's time in the mean."""

_CALM, _LONG = 10.0, 60.0
"""Seconds after a halving in which the crowd does not grow, and in which it does not grow as far as
it was: where so many are too much for good, it shall not find out again and again."""


class Slots:
    """A semaphore whose number may change while it is used; first come, first served.

    Args:
        most: how many may be taken now.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.taken = 0

    async def acquire(self) -> None:
        """Take a slot, when there is one."""
        if not self._waiting and self.taken < self._most():
            self.taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given the slot just before
                self.release()
            raise

    def release(self) -> None:
        """Give a slot back: as many of those who wait are let in as there is room for."""
        self.taken -= 1
        while self._waiting and self.taken < self._most():
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self.taken += 1
                turn.set_result(None)


class Crowd:
    """Requests of one quota under way at once.

    It doubles within the time of an answer until it was too much for once; from then on it grows by
    one in that time.

    Args:
        most: it never grows beyond.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = min(FEW, most)
        self._need = most
        self._slots = Slots(lambda: self.size)
        self._entered = 0
        self._full = 0  # number of the last request that found no more room behind itself
        self._told = 0  # what entered up to this one says nothing of the size as it is now
        self._struggled_at = -math.inf
        self._borne = most  # as far as is known
        self._gain = 0.0
        self._latency: float | None = None

    @property
    def size(self) -> int:
        """How many may be under way now."""
        return min(self._size, self._need)

    async def enter(self) -> int:
        """Wait for a place; the request's number."""
        await self._slots.acquire()
        self._entered += 1
        if self._slots.taken >= self.size:
            self._full = self._entered
        return self._entered

    def leave(self) -> None:
        """Give the place back."""
        self._slots.release()

    def answered(self, number: int, took: float, rate: float | None, now: float) -> None:
        """A request was answered well.

        Args:
            number: from ``enter``.
            took: seconds since the quota let it leave.
            rate: requests a second that the quota allows; None = it is not known.
            now: seconds of the monotonic clock.
        """
        before = took if self._latency is None else self._latency
        self._latency = before + (took - before) * _WEIGHT
        used = math.ceil(min(rate or _FASTEST, _FASTEST) * self._latency * _SPARE) + 1
        self._need = min(self._most, max(FEW, used))
        places_were_short = self._full >= number
        if places_were_short and now >= self._struggled_at + _CALM:
            self._grow(now)

    def _grow(self, now: float) -> None:
        long_ago = now >= self._struggled_at + _LONG
        goal = self._need if long_ago else min(self._need, self._borne)
        if self._size >= goal:
            return
        self._gain += 1 if self._struggled_at == -math.inf else 1 / self._size
        whole = int(self._gain + 1e-9)
        self._gain -= whole
        self._size = min(goal, self._size + whole)

    def struggled(self, number: int, now: float) -> None:
        """A request was too much for the server; those that were under way with it are one sign."""
        if number <= self._told:
            return
        self._borne = max(1, self.size - 1)
        self._size = max(1, self.size // 2)
        self._told = self._entered
        self._gain = 0.0
        self._struggled_at = now


class Crowds:
    """The crowds of an account, one for each bucket of its quota: none waits for another's."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._by_bucket: dict[str, Crowd] = {}

    def of(self, bucket: str) -> Crowd:
        """The crowd of a bucket."""
        if bucket not in self._by_bucket:
            self._by_bucket[bucket] = Crowd(self._most)
        return self._by_bucket[bucket]

    @property
    def size(self) -> int:
        """How many requests of one bucket may be under way now, whichever it is."""
        few = min(FEW, self._most)
        return max((crowd.size for crowd in self._by_bucket.values()), default=few)

    def slots(self, most: int) -> Slots:
        """Slots for work of which each has one request under way, never more than ``most``."""
        return Slots(lambda: min(most, self.size))


class Turnstile(httpx.AsyncBaseTransport):
    """Lets in as many requests at once as the crowd of their bucket has places.

    A 429 says nothing of the crowd: for that the pacing holds the bucket.

    Args:
        inner: what carries a request on, when its quota allows.
        dialect: names the buckets.
        clock: the time.
        crowds: of the account.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, dialect: Dialect, clock: Clock, crowds: Crowds
    ) -> None:
        self._inner = inner
        self._dialect = dialect
        self._clock = clock
        self._crowds = crowds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send when there is a place; learn from how the answer came."""
        crowd = self._crowds.of(self._dialect.bucket(request))
        number = await crowd.enter()
        try:
            response = await self._inner.handle_async_request(request)
            self._learn(crowd, number, request, response)
        except httpx.TransportError:
            crowd.struggled(number, self._clock.monotonic())
            raise
        finally:
            crowd.leave()
        return response

    def _learn(
        self, crowd: Crowd, number: int, request: httpx.Request, response: httpx.Response
    ) -> None:
        now = self._clock.monotonic()
        status = response.status_code
        if status in STRUGGLING or (status >= 500 and not self._dialect.passing(response)):
            crowd.struggled(number, now)
        elif status != 429:
            left, rate = request.extensions[ADMITTED]
            crowd.answered(number, now - left, rate, now)

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()
