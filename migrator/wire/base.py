"""Time, quotas, and what the wire must know of a product."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from migrator.model import Rate


class Clock(Protocol):
    """Time as the library sees it; tests pass their own."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from any origin."""
        ...

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others work for so long."""
        ...


class SystemClock:
    """The computer's own clock."""

    def monotonic(self) -> float:
        """Seconds since the computer's start."""
        return time.monotonic()

    def now(self) -> datetime:
        """The instant in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Let others work for so long."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Quota:
    """What the headers of an answer say of one window.

    Attributes:
        rate: the window.
        left: requests that it still allows, whoever makes them.
        resets: seconds until it allows requests again.
    """

    rate: Rate
    left: int | None = None
    resets: float | None = None


class Dialect(Protocol):
    """What the wire must know of a product; :class:`migrator.vendors.base.Product` is one."""

    @property
    def title(self) -> str:
        """The product's name in prose."""
        ...

    @property
    def token_env(self) -> str:
        """Environment variable the secret came from."""
        ...

    @property
    def base_url_env(self) -> str:
        """Environment variable the base URL came from."""
        ...

    @property
    def base_url(self) -> str | None:
        """The product's own address; None = every account has its own."""
        ...

    @property
    def headers(self) -> Callable[[str], Mapping[str, str]]:
        """The authorization headers made of the secret."""
        ...

    @property
    def bucket(self) -> Callable[[httpx.Request], str]:
        """Names the quota a request counts against."""
        ...

    @property
    def rates(self) -> Mapping[str, tuple[Rate, ...]]:
        """The documented windows per bucket."""
        ...

    @property
    def learn(self) -> Callable[[httpx.Response], tuple[Quota, ...]]:
        """Reads the windows of the request's bucket from an answer's headers."""
        ...

    @property
    def spent(self) -> Callable[[httpx.Response], bool]:
        """Whether a 429 says that the day's quota is spent, not that of some seconds."""
        ...

    @property
    def passing(self) -> Callable[[httpx.Response], bool]:
        """Whether an answer says that nothing was done, and soon might be."""
        ...


def told_at(response: httpx.Response) -> datetime | None:
    """The instant by the server's clock, to a second; None when the answer has no readable date.

    >>> import httpx
    >>> told_at(httpx.Response(200, headers={"Date": "Tue, 31 Mar 2026 12:01:00 GMT"})).isoformat()
    '2026-03-31T12:01:00+00:00'
    """
    try:
        found = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds an answer asks us to wait; None when it does not say.

    >>> import httpx
    >>> now = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)
    >>> retry_after(httpx.Response(429, headers={"Retry-After": "3"}), now)
    3.0
    >>> late = {"Retry-After": "Tue, 31 Mar 2026 12:01:00 GMT"}
    >>> retry_after(httpx.Response(503, headers=late), now)
    60.0
    """
    text = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
