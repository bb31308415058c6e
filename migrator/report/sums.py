"""Rows and money of a run, by outcome and by pipeline, stage, owner and currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIMENSIONS = ("pipeline", "stage", "owner", "currency")

_Much = tuple[int, Decimal]
"""Rows and money."""

_NOTHING: _Much = (0, Decimal(0))

_Kind = tuple[str, str | None, str, str, str, str, str]
"""Outcome, place and status, and the dimensions in their order."""

_Key = TypeVar("_Key")


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
        # Once for each record, and only in the end by dimension and stage: records have few values.
        self._sums: dict[_Kind, _Much] = {}

    def add(self, facts: Mapping[str, str], outcome: str, place: str | None) -> None:
        """One record, by the facts of its op, with what became of it.

        ``place`` = id of the stage of the account in which it stands, blank = of none that we
        know; None = it is not there.
        """
        of = facts.get
        kind = (
            outcome,
            place,
            of("status", ""),
            of("pipeline", ""),
            of("stage", ""),
            of("owner", ""),
            of("currency", ""),
        )
        rows, amount = self._sums.get(kind, _NOTHING)
        self._sums[kind] = rows + 1, amount + Decimal(of("amount", "0"))

    def placed(self) -> list[Placed]:
        """What stands where, in order."""
        found: dict[tuple[str, str, str, str], _Much] = {}
        for (_, place, status, _, stage, _, currency), much in self._sums.items():
            if place is not None:
                _add(found, (stage, status, place, currency), much)
        return [Placed(*key, *found[key]) for key in sorted(found)]

    def sums(self) -> list[Sum]:
        """All sums, in order."""
        found: dict[tuple[str, str, str, str], _Much] = {}
        for (outcome, _, _, *values), much in self._sums.items():
            of = dict(zip(_DIMENSIONS, values, strict=True))
            for dimension, value in of.items():
                _add(found, (dimension, value, of["currency"], outcome), much)
        return [Sum(*key, *found[key]) for key in sorted(found)]


def _add(sums: dict[_Key, _Much], key: _Key, much: _Much) -> None:
    rows, amount = sums.get(key, _NOTHING)
    sums[key] = rows + much[0], amount + much[1]
