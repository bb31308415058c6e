"""Pages of lists: in the order of ids, or in no order at all."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.vendors.activecampaign.sandbox.answers import Call

T = TypeVar("T")

_DRIFT = 25
"""So many rows of a page bring one that was on the page before, where order is unsure."""


def page(rows: Sequence[T], call: Call, default: int = 20) -> list[T]:
    """The page a request asks for."""
    offset = call.offset()
    return list(rows[offset : offset + call.limit(default)])


def unordered_page(rows: Sequence[T], call: Call, seed: int) -> list[T]:
    """A page of a list that has no order of its own.

    Rows come scattered, and every page begins a few rows before the end of the one before it, so
    that a walk sees some rows twice and the last ones never; a single page holds all of them. It
    repeats by seed and takes no longer than the page is long.
    """
    count, limit, offset = len(rows), call.limit(), call.offset()
    if offset >= count:
        return []
    stride = _stride(count, seed)
    drift = -(-limit // _DRIFT) if limit > 4 else 0
    start = offset - drift * (offset // limit)
    taken = min(limit, count - offset)
    return [rows[(seed + (start + step) * stride) % count] for step in range(taken)]


def _stride(count: int, seed: int) -> int:
    """A step by which every row is reached, near the golden section of the list."""
    stride = max(1, int(count * 0.618) + seed % 7)
    while gcd(stride, count) != 1:
        stride += 1
    return stride
