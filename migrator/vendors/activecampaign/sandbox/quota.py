"""The one quota there is: requests per second of the whole account."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.vendors.activecampaign.sandbox.options import ActiveCampaignOptions

_WINDOW = 1.0
"""Seconds; a sliding one. No daily quota is documented."""


class Quota:
    """Counts requests; a refused one does not count (UNCERTAIN)."""

    def __init__(self, options: ActiveCampaignOptions, clock: Callable[[], float]) -> None:
        self._options = options
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> bool:
        """Count a request; False = it is one too many."""
        if not self._options.limits:
            return True
        now = self._clock()
        while self._taken and self._taken[0] <= now - _WINDOW:
            self._taken.popleft()
        if len(self._taken) >= self._options.per_second:
            return False
        self._taken.append(now)
        return True

    def headers(self) -> dict[str, str]:
        """The documented headers, which recorded answers do not have."""
        if not self._options.limit_headers:
            return {}
        most = self._options.per_second
        left = max(0, most - len(self._taken))
        return {"RateLimit-Limit": str(most), "RateLimit-Remaining": str(left)}

    def refusal_headers(self) -> dict[str, str]:
        """What goes with a refusal."""
        seconds = self._options.retry_after
        return {} if seconds is None else {"Retry-After": str(seconds)}
