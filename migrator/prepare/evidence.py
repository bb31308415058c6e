"""What occurs in a column, and when a few values that speak against the others are slips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIMES = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A text that occurs in a column: how often, and in which record first."""

    text: str
    count: int
    record: int


def total(seen: Iterable[Seen]) -> int:
    """How many values there are."""
    return sum(each.count for each in seen)


def outweighs(proofs: int, against: int) -> bool:
    """Whether a reading proven so often stands, although some values prove another one.

    One slip must not stop a whole file. A column that is really written in two ways, on the other
    hand, has far more than one in a hundred of each.

    >>> outweighs(100, 1), outweighs(99, 1), outweighs(1, 0)
    (True, False, True)
    """
    return proofs >= _TIMES * against
