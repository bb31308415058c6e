"""When a request may leave: as fast as the quota allows, and never faster."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from migrator.wire.allowance import Allowance, spent
from migrator.wire.base import retry_after, told_at
from migrator.wire.budget import Budget, Limit, Ticket, midnight_after
from migrator.wire.crowd import ADMITTED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from migrator.model import Rate
    from migrator.wire.base import Clock, Dialect, Quota

_T = TypeVar("_T")

_MOST_REFUSALS = 5
"""A bucket refused again and again is held for so many windows at most."""

_OPENED = 0.005
"""Seconds from which a request is held to have waited for its connection."""

_DAY = 86_400.0
_LATE = 60.0
"""Seconds after midnight at which a new day is tried: clocks differ."""

_HOUR, _AGAIN = 3600.0, 900.0
"""A day that is still spent within an hour of its beginning is tried again after a quarter."""

LEAVING = "leaving"
"""Extension of a request: a function that is called each time just before the request leaves."""


class _Bucket:
    """One quota: its windows as they are known, and who is next."""

    def __init__(self, name: str, rates: tuple[Rate, ...]) -> None:
        self.name = name
        self.turn = asyncio.Lock()
        self.rates = rates
        self.refusals = 0
        self.refused_at = 0.0
        self.steady: float | None = None

    @property
    def shortest(self) -> float:
        return min((rate.per.total_seconds() for rate in self.rates), default=1.0)


class Pace(httpx.AsyncBaseTransport):
    """Lets requests leave as fast as every window of their quota allows, and never faster.

    Windows are rolling ones, as the vendor's are or stricter, or calendar days. A request counts
    from when it goes over its open connection, plus one per cent of the window, so that requests
    that take unlike times to arrive do not meet in one window over there; in windows of a second
    less than two. On a 429 the whole bucket waits.

    Args:
        inner: what carries a request on.
        dialect: buckets, windows, and how to read both from answers.
        clock: the time.
        allowance: our part of the quota, how to wait for it, and what others spent of it.
        account: what the ledger calls the account; no secret.

    Raises:
        QuotaSpent: a request would have to wait for longer than the allowance has patience for.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        dialect: Dialect,
        clock: Clock,
        allowance: Allowance | None = None,
        account: str = "",
    ) -> None:
        self._inner = inner
        self._dialect = dialect
        self._clock = clock
        self._allowance = allowance or Allowance()
        self._account = account
        self._buckets = {name: _Bucket(name, rates) for name, rates in dialect.rates.items()}
        self._day_ends = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send when the quota allows; learn from the answer."""
        bucket = self._buckets[self._dialect.bucket(request)]
        while True:
            ticket = await self._admitted(bucket)
            response = await self._sent(bucket, ticket, request)
            if response.status_code != 429:
                bucket.refusals = 0
                return response
            self._allowance.meter.refused(bucket.name, self._now())
            await response.aread()
            if not self._dialect.spent(response):
                self._refused(bucket, ticket, response)
                return response
            if not self._waits_for_the_day(response):
                return response

    # -- before --------------------------------------------------------------------------------

    async def _admitted(self, bucket: _Bucket) -> Ticket:
        """Wait for one's turn and for the quota."""
        title = self._dialect.title
        async with bucket.turn:  # first come, first served
            while True:
                rest_of_day = self._day_ends - self._now()
                if rest_of_day > 0 and not self._allowance.patient:
                    raise spent(title, self._clock.now() + timedelta(seconds=rest_of_day))
                got = rest_of_day if rest_of_day > 0 else self._take(bucket)
                if isinstance(got, Ticket):
                    return got
                await self._allowance.wait(got, title, self._clock)

    def _take(self, bucket: _Bucket) -> Ticket | float:
        now = self._now()

        def take(budget: Budget) -> Ticket | float:
            budget.zone = self._allowance.zone or budget.zone
            limits = self._limits(bucket, budget)
            self._allowance.meter.allowed(bucket.name, limits)
            bucket.steady = _steady(limits)
            got = budget.take(limits, now)
            if isinstance(got, Ticket):
                self._allowance.used = got.part_of(limits)
            return got

        return self._change(bucket, take)

    # -- on the way ----------------------------------------------------------------------------

    async def _sent(
        self, bucket: _Bucket, ticket: Ticket, request: httpx.Request
    ) -> httpx.Response:
        """Send a request that is counted, and learn from the answer."""

        async def trace(event: str, _info: Any) -> None:  # noqa: ANN401  # httpcore's own
            # Opening a connection takes a few times as long as the way over an open one.
            if event.endswith("send_request_headers.started"):
                self._leaves(bucket, ticket)

        request.extensions["trace"] = trace
        if leaving := request.extensions.get(LEAVING):
            leaving()
        self._allowance.meter.sent(bucket.name, ticket.time)
        request.extensions[ADMITTED] = self._clock.monotonic(), bucket.steady
        response = await self._inner.handle_async_request(request)
        if quotas := self._dialect.learn(response):
            self._learn(bucket, quotas, ticket)
        return response

    def _leaves(self, bucket: _Bucket, ticket: Ticket) -> None:
        now = self._now()
        if now - ticket.time > _OPENED:
            self._change(
                bucket,
                lambda budget: budget.left_late(self._limits(bucket, budget), ticket, now),
            )

    def _learn(self, bucket: _Bucket, quotas: Collection[Quota], ticket: Ticket) -> None:
        now = self._now()

        def learn(budget: Budget) -> None:
            for quota in quotas:
                (limit,) = self._allowance.limits([quota.rate])
                budget.learn(quota, bucket.rates)
                budget.learn_of_others(limit, quota, ticket, now)

        self._change(bucket, learn)

    # -- refusals ------------------------------------------------------------------------------

    def _refused(self, bucket: _Bucket, ticket: Ticket, response: httpx.Response) -> None:
        """Hold the bucket: somebody else uses the quota too, or the vendor counts otherwise."""
        now = self._now()
        if ticket.time >= bucket.refused_at:  # those that left together are refused together
            bucket.refusals += 1
            bucket.refused_at = now
        seconds = retry_after(response, self._clock.now())
        if seconds is None:
            seconds = self._resets(response)
        if seconds is None:
            seconds = bucket.shortest * min(bucket.refusals, _MOST_REFUSALS)
        self._change(bucket, lambda budget: budget.hold(seconds, now))

    def _resets(self, response: httpx.Response) -> float | None:
        """Seconds until the window that is used up allows requests again; None = nothing said."""
        quotas = self._dialect.learn(response)
        asked = [one.resets for one in quotas if one.resets is not None and not one.left]
        return max(1.0, *asked) if asked else None

    def _waits_for_the_day(self, response: httpx.Response) -> bool:
        """The day's quota is spent: whether to send again when the next one has begun.

        All buckets end with the day, but only in this process: the vendor may have been asked for a
        greater quota meanwhile, and whoever starts anew may ask it.
        """
        zone = self._allowance.zone
        there = told_at(response) or self._clock.now()
        if zone is None and not self._allowance.patient:
            return False  # the vendor's own words on it are better
        self._day_ends = self._now() + _rest_of_day(there.timestamp(), zone)
        return True

    # -- the ledger ----------------------------------------------------------------------------

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _limits(self, bucket: _Bucket, budget: Budget) -> list[Limit]:
        return self._allowance.limits(budget.rates(bucket.rates))

    def _change(self, bucket: _Bucket, work: Callable[[Budget], _T]) -> _T:
        return self._allowance.ledger.change(self._account, bucket.name, self._now(), work)

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()


def _steady(limits: Collection[Limit]) -> float | None:
    """Requests a second that may leave for long; a day's are meant to be spent within hours.

    >>> from migrator.model import Rate
    >>> _steady([Limit(Rate(190, timedelta(seconds=10)), 152)])
    15.2
    """
    paces = [limit.ours / limit.seconds for limit in limits if limit.seconds < _DAY]
    return min(paces, default=None)


def _rest_of_day(there: float, zone: str | None) -> float:
    """Seconds until a spent day is tried again; in an unknown zone that may be at any full hour.

    UNCERTAIN whether a vendor's new day begins at midnight sharp: it is tried again soon after.
    """
    if zone is None:
        return _HOUR - there % _HOUR + _LATE
    rest = midnight_after(there, zone) - there
    begun = midnight_after(there - _HOUR, zone) <= there
    return _AGAIN if begun else rest + _LATE
