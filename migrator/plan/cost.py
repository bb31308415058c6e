"""What a plan costs: requests, share of the day's quota, time to finish."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Action, ObjectType
    from migrator.vendors.base import Vendor

_LATENCY = 0.3
"""Seconds that an answer is assumed to take; only the estimate of the time rests on it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What carrying a plan out takes.

    Attributes:
        requests: requests that write.
        daily_share: part of the vendor's daily quota; None when there is none.
        seconds: time to finish, at the vendor's documented quota and 300 ms an answer.
    """

    requests: int
    daily_share: float | None
    seconds: float


def cost(
    vendor: Vendor, writes: Mapping[tuple[ObjectType, Action], int], linked_updates: int
) -> Cost:
    """The cost of so many writes per type and action; ``linked_updates`` need a link request."""
    capabilities = vendor.capabilities
    requests = sum(vendor.requests(type, action, n) for (type, action), n in writes.items())
    requests += math.ceil(linked_updates / 100)
    seconds = requests * _LATENCY / capabilities.concurrency
    daily_share = None
    for rate in capabilities.rate:
        if rate.per >= timedelta(days=1):
            daily_share = requests / rate.requests
        windows = max(0, math.ceil(requests / rate.requests) - 1)
        seconds = max(seconds, windows * rate.per.total_seconds())
    return Cost(requests, daily_share, seconds)
