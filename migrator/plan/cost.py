"""What a plan costs: requests, share of the day's quota, time to finish."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from migrator.model import Action, ObjectType, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.model import Rate
    from migrator.vendors.base import Vendor

_LATENCY = 0.3
"""Seconds that an answer is assumed to take; only the estimate of the time rests on it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What carrying a plan out takes.

    Attributes:
        requests: all of them.
        buckets: the same by the quota they count against ("" = the general one).
        daily_share: part of the vendor's daily quota; None when there is none.
        seconds: time to finish, at our share of the documented quota and 300 ms an answer.
    """

    requests: int = 0
    buckets: Mapping[str, int] = field(default_factory=dict)
    daily_share: float | None = None
    seconds: float = 0.0


def cost(vendor: Vendor, shapes: Mapping[Shape, int], share: float = 1.0) -> Cost:
    """The cost of so many ops of each shape, when ``share`` of the quota is ours."""
    capabilities = vendor.capabilities
    buckets = {name: n for name, n in vendor.requests(shapes).items() if n}
    total = sum(buckets.values())
    seconds = [total * _LATENCY / capabilities.concurrency]
    shares = []
    for name, requests in buckets.items():
        for rate in capabilities.rates[name]:
            seconds.append(_seconds(requests, rate, share))
            if rate.per >= timedelta(days=1):
                shares.append(requests / rate.requests)
    return Cost(total, buckets, max(shares) if shares else None, max(seconds))


LARGE = 1_000
"""Ops of one shape below which no CRM has another way than the usual one."""


def large_shapes(shapes: Mapping[Shape, int]) -> list[dict[str, Any]]:
    """Shapes that many ops have, as plain data, to be kept with a plan."""
    return [
        {
            "type": shape.type.value,
            "action": shape.action.value,
            "names": sorted(shape.names),
            "links": [type.value for type in shape.links],
            "clears": sorted(shape.clears),
            "ops": count,
        }
        for shape, count in shapes.items()
        if count >= LARGE
    ]


def shapes_of(data: Iterable[Mapping[str, Any]]) -> dict[Shape, int]:
    """The shapes of :func:`large_shapes`."""
    return {
        Shape(
            ObjectType(one["type"]),
            Action(one["action"]),
            frozenset(one["names"]),
            tuple(ObjectType(type) for type in one["links"]),
            frozenset(one["clears"]),
        ): one["ops"]
        for one in data
    }


def _seconds(requests: int, rate: Rate, share: float) -> float:
    """The least time in which a window lets so many requests pass."""
    ours = max(1, int(rate.requests * share))
    return max(0, math.ceil(requests / ours) - 1) * rate.per.total_seconds()
