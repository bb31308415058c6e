"""Brevo's request quotas: contacts have one of their own, all else here shares the other."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.vendors.brevo.sandbox.options import BrevoOptions

SECOND = 1.0
HOUR = 3_600.0


class _Window:
    """At most so many requests in so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self.times: deque[float] = deque()

    def left(self, now: float) -> int:
        """Requests it still allows."""
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        return self.most - len(self.times)

    def reset(self, now: float) -> int:
        """Seconds until the oldest request leaves it."""
        oldest = self.times[0] if self.times else now
        return max(1, math.ceil(oldest + self.seconds - now))


class Quota:
    """Counts requests and says when one is too many; a refused one does not count (UNCERTAIN).

    Windows are rolling here; whether Brevo's are is not documented (UNCERTAIN).

    Attributes:
        used: requests let through, per bucket.
    """

    def __init__(self, options: BrevoOptions, clock: Callable[[], float]) -> None:
        self._limits = options.limits
        self._retry_after = options.retry_after
        self._clock = clock
        self._windows = {
            "crm": (_Window(options.crm_per_hour, HOUR),),
            "contacts": (
                _Window(options.contacts_per_second, SECOND),
                _Window(options.contacts_per_hour, HOUR),
            ),
        }
        self.used: Counter[str] = Counter()

    @staticmethod
    def bucket(path: str) -> str:
        """The quota a path counts against."""
        return "contacts" if path.startswith("/contacts") else "crm"

    def take(self, bucket: str) -> bool:
        """Count one request; False = it is one too many."""
        now = self._clock()
        windows = self._windows[bucket]
        left = min(window.left(now) for window in windows)
        if self._limits and left <= 0:
            return False
        for window in windows:
            window.times.append(now)
        self.used[bucket] += 1
        return True

    def headers(self, bucket: str, *, refused: bool) -> dict[str, str]:
        """What an answer says: nothing but on contacts (recorded); ``reset`` counts seconds."""
        now = self._clock()
        windows = self._windows[bucket]
        tight = next((one for one in windows if one.left(now) <= 0), windows[0])
        said: dict[str, str] = {}
        if bucket == "contacts":
            said["x-sib-ratelimit-limit"] = str(tight.most)
            said["x-sib-ratelimit-remaining"] = str(max(0, tight.left(now)))
            said["x-sib-ratelimit-reset"] = str(tight.reset(now))
        if refused and self._retry_after:
            said["Retry-After"] = str(tight.reset(now))
        return said
