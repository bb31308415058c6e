"""When a request may leave: as fast as the quota allows, and never faster."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx

from migrator.errors import QuotaSpent
from migrator.wire.base import retry_after

if TYPE_CHECKING:
    from migrator.model import Rate
    from migrator.wire.base import Clock, Dialect, Quota

_MARGIN = 0.01
"""Part of a window added to it, for requests that take unlike times to arrive."""

_SHORT = 5.0
"""Seconds: in a window shorter than this, milliseconds of the way count."""

_JITTER = 0.02
"""Seconds by which requests over an open connection may come closer together on their way."""

_FIRST = 20
"""So many requests open the connections, and take longer to arrive than those that follow them."""

_OPENING = 0.4
"""Part of a short window that is added to it for those."""

_GRAIN = 1000
"""Parts of a window within which requests are counted as one entry: a day of them stays small."""

_MOST_REFUSALS = 5
"""A bucket refused again and again is held for so many windows at most."""

LEAVING = "leaving"
"""Extension of a request: a function that is called each time just before the request leaves."""

PATIENCE = timedelta(hours=2)
"""A wait for the quota that is longer stops the run instead: it can be resumed."""


@dataclass
class _Window:
    """One sliding window of a bucket: when each request of it ceases to count."""

    limit: int
    seconds: float
    counted: int = 0
    ends: deque[tuple[float, int]] = field(default_factory=deque)
    """Instant from which so many requests no longer count, in order."""
    used: int = 0

    def forget(self, now: float) -> None:
        while self.ends and self.ends[0][0] <= now:
            self.used -= self.ends.popleft()[1]

    def wait(self, now: float) -> float:
        """Seconds until one more request is allowed; 0 = now."""
        self.forget(now)
        excess = self.used - self.limit + 1
        freed_at = now
        for end, count in self.ends:
            if excess <= 0:
                break
            excess -= count
            freed_at = end
        return freed_at - now

    def count(self, now: float, requests: int = 1) -> None:
        grain = self.seconds / _GRAIN
        end = math.ceil((now + self.seconds + self._margin()) / grain) * grain
        self.counted += requests
        if self.ends and self.ends[-1][0] >= end:
            end, earlier = self.ends.pop()
            self.ends.append((end, earlier + requests))
        else:
            self.ends.append((end, requests))
        self.used += requests

    def _margin(self) -> float:
        """Seconds that a request counts longer, for what happens on the way."""
        if self.seconds >= _SHORT:
            return self.seconds * _MARGIN
        return self.seconds * _OPENING if self.counted < _FIRST else _JITTER


class _Bucket:
    """All windows of one quota; they hold at once."""

    def __init__(self, rates: tuple[Rate, ...], share: float) -> None:
        self.share = share
        self.turn = asyncio.Lock()
        self.held_until = 0.0
        self.refusals = 0
        self.windows: dict[timedelta, _Window] = {}
        for rate in rates:
            self._window(rate)

    def _window(self, rate: Rate) -> _Window:
        limit = max(1, int(rate.requests * self.share))
        window = self.windows.setdefault(rate.per, _Window(limit, rate.per.total_seconds()))
        window.limit = limit
        return window

    def wait(self, now: float) -> float:
        waits = [window.wait(now) for window in self.windows.values()]
        return max([self.held_until - now, 0.0, *waits])

    def count(self, now: float) -> None:
        for window in self.windows.values():
            window.count(now)

    def learn(self, quota: Quota, now: float) -> None:
        """Take over a window as the vendor states it, and what others have used of it.

        Our own requests cease to count here no sooner than there, so what the vendor counts beyond
        ours is somebody else's, and may have been made just now.
        """
        window = self._window(quota.rate)
        if quota.left is not None:
            window.forget(now)
            foreign = quota.rate.requests - quota.left - window.used
            if foreign > 0:
                window.count(now, foreign)

    def hold(self, seconds: float, now: float) -> None:
        self.held_until = max(self.held_until, now + seconds)

    @property
    def shortest(self) -> float:
        return min((window.seconds for window in self.windows.values()), default=1.0)


class Pace(httpx.AsyncBaseTransport):
    """Lets requests leave as fast as every window of their quota allows, and never faster.

    Windows are rolling ones, as the vendor's are or stricter. A request counts from when it leaves
    plus one per cent of the window, so that requests that take unlike times to arrive do not meet
    in one window over there; in windows of a second longer, and longest for the first requests,
    which have connections to open. On a 429 the whole bucket waits.

    Args:
        inner: what carries a request on.
        dialect: buckets, windows, and how to read both from answers.
        clock: the time.
        share: the part of the quota to use, 0 to 1; the rest is left to other programs.

    Raises:
        QuotaSpent: a request would have to wait for longer than :data:`PATIENCE`.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        dialect: Dialect,
        clock: Clock,
        *,
        share: float = 1.0,
    ) -> None:
        self._inner = inner
        self._dialect = dialect
        self._clock = clock
        self._buckets = {name: _Bucket(rates, share) for name, rates in dialect.rates.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send when the quota allows; learn from the answer."""
        bucket = self._buckets[self._dialect.bucket(request)]
        async with bucket.turn:  # first come, first served
            while (wait := bucket.wait(self._clock.monotonic())) > 0:
                if wait > PATIENCE.total_seconds():
                    raise self._spent(wait)
                await self._clock.sleep(wait)
            bucket.count(self._clock.monotonic())
        if leaving := request.extensions.get(LEAVING):
            leaving()
        response = await self._inner.handle_async_request(request)
        now = self._clock.monotonic()
        for quota in self._dialect.learn(response):
            bucket.learn(quota, now)
        if response.status_code == 429:
            await self._refused(bucket, response)
        else:
            bucket.refusals = 0
        return response

    async def _refused(self, bucket: _Bucket, response: httpx.Response) -> None:
        """Hold the bucket: somebody else uses the quota too, or the vendor counts otherwise."""
        await response.aread()
        if self._dialect.spent(response):
            return
        bucket.refusals += 1
        seconds = retry_after(response, self._clock.now())
        if seconds is None:
            seconds = bucket.shortest * min(bucket.refusals, _MOST_REFUSALS)
        bucket.hold(seconds, self._clock.monotonic())

    def _spent(self, wait: float) -> QuotaSpent:
        until = self._clock.now() + timedelta(seconds=wait)
        return QuotaSpent(
            f"{self._dialect.title}: the quota of requests is used up, at the latest until "
            f"{until:%Y-%m-%d %H:%M} UTC. Nothing is lost; resume then.",
            until,
        )

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()
