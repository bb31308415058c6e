"""Rows and money of a run, by outcome and by pipeline, stage, owner and currency."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIMENSIONS = ("pipeline", "stage", "owner", "currency")


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows and money of one outcome, for one value of one dimension, in one currency."""

    dimension: str
    value: str
    currency: str
    outcome: str
    rows: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Placed:
    """Records of a stage and status of the source that stand in one stage of the account.

    Attributes:
        id: of the account's stage; blank = the run did not write one.
    """

    stage: str
    status: str
    id: str
    currency: str
    rows: int
    amount: Decimal


class MoneyTally:
    """Adds up rows and money by what became of them, and by where they stand."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, ...], tuple[int, Decimal]] = {}
        self._places: Counter[tuple[str, str, str, str]] = Counter()
        self._placed: dict[tuple[str, str, str, str], Decimal] = {}

    def add(self, facts: Mapping[str, str], outcome: str) -> None:
        """One record, by the facts of its op, with what became of it."""
        # Once for each record, and only in the end by each dimension: records have few values.
        key = (outcome, *[facts.get(dimension, "") for dimension in _DIMENSIONS])
        rows, amount = self._sums.get(key, (0, Decimal(0)))
        self._sums[key] = rows + 1, amount + Decimal(facts.get("amount", "0"))

    def place(self, facts: Mapping[str, str], id_: str) -> None:
        """One record that stands in a stage of the account."""
        stage, status, currency = (facts.get(name, "") for name in ("stage", "status", "currency"))
        key = (stage, status, id_, currency)
        self._places[key] += 1
        amount = Decimal(facts.get("amount", "0"))
        self._placed[key] = self._placed.get(key, Decimal(0)) + amount

    def placed(self) -> list[Placed]:
        """What stands where, in order."""
        return [Placed(*key, rows, self._placed[key]) for key, rows in sorted(self._places.items())]

    def sums(self) -> list[Sum]:
        """All sums, in order."""
        found: dict[tuple[str, str, str, str], tuple[int, Decimal]] = {}
        for (outcome, *values), (rows, amount) in self._sums.items():
            of = dict(zip(_DIMENSIONS, values, strict=True))
            for dimension, value in of.items():
                key = (dimension, value, of["currency"], outcome)
                before = found.get(key, (0, Decimal(0)))
                found[key] = before[0] + rows, before[1] + amount
        return [Sum(*key, *found[key]) for key in sorted(found)]
