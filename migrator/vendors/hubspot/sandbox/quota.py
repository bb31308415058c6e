"""HubSpot's request quotas: ten seconds and a day in general, one second for search."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from migrator.vendors.hubspot.sandbox.portal import HubSpotOptions

TEN_SECONDS = 10.0


class Quota:
    """Counts requests and says which one is too many.

    A refused request does not count (UNCERTAIN). Searches have a quota of their own, and their
    answers carry no headers (usage guidelines).
    """

    def __init__(
        self,
        options: HubSpotOptions,
        time_zone: str,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._zone = ZoneInfo(time_zone)
        self._now = now
        self._clock = clock
        self._burst: deque[float] = deque()
        self._searches: deque[float] = deque()
        self._day: date | None = None
        self._today = 0

    def take(self, *, search: bool) -> str | None:
        """Count one request; the name of the policy that forbids it, None = go on."""
        now = self._clock()
        today = self._now().astimezone(self._zone).date()
        if today != self._day:
            self._day, self._today = today, 0
        window, length, most = (
            (self._searches, 1.0, self._options.search_per_second)
            if search
            else (self._burst, TEN_SECONDS, self._options.per_ten_seconds)
        )
        while window and window[0] <= now - length:
            window.popleft()
        if self._options.rate_limits:
            if self._today >= self._options.per_day:
                return "DAILY"
            if len(window) >= most:
                return "SECONDLY" if search else "TEN_SECONDLY_ROLLING"
        window.append(now)
        self._today += 1
        return None

    def headers(self) -> dict[str, str]:
        """What an answer outside search says about the quota."""
        options = self._options
        return {
            "X-HubSpot-RateLimit-Max": str(options.per_ten_seconds),
            "X-HubSpot-RateLimit-Remaining": str(
                max(0, options.per_ten_seconds - len(self._burst))
            ),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(options.per_day),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, options.per_day - self._today)),
        }


def too_many(policy: str, correlation_id: str) -> dict[str, str]:
    """The body of a 429 (usage guidelines)."""
    limit = "daily" if policy == "DAILY" else policy.lower()
    return {
        "status": "error",
        "message": f"You have reached your {limit} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id,
        "policyName": policy,
        "requestId": correlation_id,
    }
