"""When a request is sent again: only where that is safe."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import httpx

from migrator.wire.base import retry_after

if TYPE_CHECKING:
    import random

    from migrator.wire.base import Clock, Dialect

TRIES = 5
"""Most times one request is sent."""

PASSING_TRIES = 4
"""Most times a request is sent whose refusal may be a passing one; a wrong token is one as well."""

NOT_CARRIED_OUT = frozenset({423, 429, 477})
"""Statuses by which a server says that it did nothing: locked, too many, moving house."""

_AGAIN_IF_REPEATABLE = frozenset({408, 500, 502, 503, 504, 520, 521, 522, 523, 524})
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LONGEST_WAIT = 120.0
"""Seconds that one request may wait between its tries; a longer Retry-After ends them."""

IN_DOUBT = "in_doubt"
"""Extension of a request one of whose tries had no readable answer."""


class Effect(StrEnum):
    """What a request does over there, and so when it may be sent again."""

    NONE = "none"
    """It only reads."""
    REPEATABLE = "repeatable"
    """Done twice it leaves the same as done once."""
    ONCE = "once"
    """Done twice it leaves two; it is sent again only after proof that nothing was done."""


class Retry(httpx.AsyncBaseTransport):
    """Sends again where that is safe: bounded tries, bounded waits, growing and spread out.

    A request is repeatable when ``request.extensions["repeatable"]`` says so, by default when it
    is a GET. Others are sent again only if they were surely not carried out: no connection, or a
    status of :data:`NOT_CARRIED_OUT`. A 503 is no such proof. Answers are read whole in here, so
    that an answer cut short counts as lost.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        dialect: Dialect,
        clock: Clock,
        rng: random.Random,
        *,
        tries: int = TRIES,
    ) -> None:
        self._inner = inner
        self._dialect = dialect
        self._clock = clock
        self._rng = rng
        self._tries = tries

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send until there is an answer worth returning."""
        repeatable = request.extensions.get("repeatable", request.method in {"GET", "HEAD"})
        waited = 0.0
        for trial in range(1, self._tries + 1):
            response, error = await self._try(request)
            wait = self._wait(trial, response)
            last = trial == self._tries or waited + wait > _LONGEST_WAIT
            if response is not None:
                if not self._worth_again(response, trial, repeatable=repeatable) or last:
                    return response
            elif error is not None and (last or not (repeatable or isinstance(error, NOT_SENT))):
                raise error
            waited += wait
            await self._clock.sleep(wait)
        raise AssertionError  # pragma: no cover  # the last trial returns or raises

    async def _try(
        self, request: httpx.Request
    ) -> tuple[httpx.Response | None, httpx.RequestError | None]:
        try:
            response = await self._inner.handle_async_request(request)
            await response.aread()
        except httpx.RequestError as error:
            if not isinstance(error, NOT_SENT):
                request.extensions[IN_DOUBT] = True
            return None, error
        in_doubt = response.status_code >= 500 or response.status_code == 408
        if in_doubt and not self._dialect.passing(response):
            request.extensions[IN_DOUBT] = True
        return response, None

    def _worth_again(self, response: httpx.Response, trial: int, *, repeatable: bool) -> bool:
        if self._dialect.passing(response):
            return trial < PASSING_TRIES
        if response.status_code in NOT_CARRIED_OUT:
            return not (response.status_code == 429 and self._dialect.spent(response))
        return repeatable and response.status_code in _AGAIN_IF_REPEATABLE

    def _wait(self, trial: int, response: httpx.Response | None) -> float:
        """Seconds before the next try: as asked for, else 0.5, 1, 2, 4 and up to half more."""
        if response is not None and response.status_code == 429:
            return 0.0  # the pacing holds the whole bucket, this request among the others
        asked = retry_after(response, self._clock.now()) if response is not None else None
        backoff = 0.5 * 2.0 ** (trial - 1)
        if response is not None and response.status_code in NOT_CARRIED_OUT:
            backoff += 1.5  # a locked account wants two seconds at least
        return (backoff if asked is None else asked) + backoff * self._rng.uniform(0.0, 0.5)

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()
