"""Counts and money of a run beside the account's, by pipeline, stage, owner and currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Account, Held, Op
    from migrator.vendors.base import Vendor

DIMENSIONS = ("pipeline", "stage", "owner", "currency")

_Key = tuple[str, str, str]


@dataclass
class Sum:
    """Rows and money of one value of one dimension, in one currency."""

    dimension: str
    value: str
    currency: str
    ours: int = 0
    held: int = 0
    ours_amount: Decimal = Decimal(0)
    held_amount: Decimal = Decimal(0)

    @property
    def equal(self) -> bool:
        """Whether the account says the same."""
        return (self.ours, self.ours_amount) == (self.held, self.held_amount)


class Sums:
    """Adds up what a run wrote, and what the account holds of it.

    Args:
        vendor, account: tell whether two values say the same, and what ids are called.
        origin: the vendor's field to the canonical one.
        kept: the template may leave the account's amount as it is, so that it is not ours.

    Attributes:
        stages: records and money by the account's own stage and currency.
    """

    def __init__(
        self, vendor: Vendor, account: Account, origin: Mapping[str, str], *, kept: bool
    ) -> None:
        self._vendor = vendor
        self._field = {of: name for name, of in origin.items()}
        self._labels = {
            "pipeline": {one.id: one.label for one in account.pipelines},
            "stage": {stage.id: stage.label for one in account.pipelines for stage in one.stages},
            "owner": {owner.id: owner.email or owner.name for owner in account.owners},
            "currency": {},
        }
        self._kept = kept
        self._sums: dict[_Key, Sum] = {}
        self.stages: dict[tuple[str, str], tuple[int, Decimal]] = {}

    @property
    def fields(self) -> set[str]:
        """The vendor's fields that have to be read."""
        wanted = (*DIMENSIONS, "amount")
        return {self._field[of] for of in wanted if of in self._field}

    def to_compare(self, op: Op) -> Mapping[str, str]:
        """What a record is to hold: what was written, and the amount if it is added up."""
        amount = self._our_amount(op)
        return op.properties if amount is None else {self._field["amount"]: amount, **op.properties}

    def ours(self, op: Op) -> None:
        """One record as the run wrote it, or left it."""
        currency = op.facts.get("currency", "")
        amount = _decimal(self._our_amount(op))
        for dimension in DIMENSIONS:
            one = self._sum(dimension, op.facts.get(dimension, ""), currency)
            one.ours += 1
            one.ours_amount += amount

    def held(self, op: Op, held: Held) -> None:
        """The same record as the account holds it."""
        currency = self._value(op, held, "currency")
        amount = Decimal(0)
        if self._our_amount(op) is not None:
            amount = _decimal(held.properties.get(self._field.get("amount", "")))
        for dimension in DIMENSIONS:
            one = self._sum(dimension, self._value(op, held, dimension), currency)
            one.held += 1
            one.held_amount += amount
        there = held.properties.get(self._field.get("stage", "")) or ""
        stage = self._labels["stage"].get(there) or there or op.facts.get("stage", "")
        rows, before = self.stages.get((stage, currency), (0, Decimal(0)))
        self.stages[stage, currency] = rows + 1, before + amount

    def all(self) -> list[Sum]:
        """All sums, in order."""
        return [self._sums[key] for key in sorted(self._sums)]

    def _our_amount(self, op: Op) -> str | None:
        """What the account's amount should be; None when the run has no say in it."""
        ours = op.properties.get(self._field.get("amount", ""))
        if ours is None and not self._kept and "amount" in self._field:
            return op.facts.get("amount")  # the same in the account when the plan was made
        return ours

    def _value(self, op: Op, held: Held, dimension: str) -> str:
        """The account's value as a person calls it; our own word where it says the same."""
        ours = op.facts.get(dimension, "")
        name = self._field.get(dimension)
        written = op.properties.get(name) if name else None
        if name is None or written is None:
            return ours
        there = held.properties.get(name)
        if self._vendor.same(op.type, name, written, there):
            return ours
        return self._labels[dimension].get(there or "", there or "")

    def _sum(self, dimension: str, value: str, currency: str) -> Sum:
        key = (dimension, value, currency)
        if key not in self._sums:
            self._sums[key] = Sum(*key)
        return self._sums[key]


def _decimal(text: str | None) -> Decimal:
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)  # the difference itself is reported beside its record
