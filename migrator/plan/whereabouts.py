"""Deals of which a row tells the status and no stage: the account knows where they stand.

Where a stage tells whether a deal is closed, a status can be written only by one who knows the
pipeline. A row that changes a deal need not say it: the deal has one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import ObjectType, Place, Problem, Record
from migrator.plan.absent import absent_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Account, Encoded, Held
    from migrator.plan.rows import Row
    from migrator.vendors.base import Vendor

REOPENED = "reopened_nowhere"
"""Code of a row that opens a closed deal without a stage for it to go to."""

_UNPLACED = frozenset({"missing_pipeline", "missing_stage"})
"""Codes of problems that say that a status cannot be written without the place of its deal."""


class Whereabouts:
    """Puts deals whose place a row does not tell where the account has them."""

    def __init__(self, vendor: Vendor, account: Account) -> None:
        self._vendor = vendor
        self._account = account

    def names(self) -> frozenset[str]:
        """The properties that tell where a deal stands; none in an account without pipelines."""
        for pipeline in self._account.pipelines:
            for stage in pipeline.stages:
                values = {"pipeline": pipeline.id, "stage": stage.id}
                some = Record(ObjectType.DEALS, "", values, {}, Place("", 0, 0))
                origin = self._vendor.encode(some, self._account).origin
                return frozenset(name for name, of in origin.items() if of in values)
        return frozenset()

    def placed(self, row: Row, held: Sequence[Held]) -> Row:
        """The row beside what the account holds of its deal."""
        record, encoded = row
        if not held:
            return record, replace(encoded, problems=(absent_from(record, self._account),))
        there = self._vendor.decode(held[0], self._account)
        if there.get("status") == record.values["status"].strip().casefold():
            others = tuple(one for one in encoded.problems if one.code not in _UNPLACED)
            return record, replace(encoded, problems=others)
        known = {"pipeline": there.get("pipeline_id", ""), **record.values}
        again = self._vendor.encode(replace(record, values=known), self._account)
        return record, _reopening(record, there.get("status", "closed"), again)


def is_unplaced(record: Record, encoded: Encoded) -> bool:
    """Whether a row tells the status of a deal, and nothing that is written comes of it."""
    return (
        record.type is ObjectType.DEALS
        and "status" in record.values
        and "stage" not in record.values
        and "status" not in encoded.origin.values()
    )


def _reopening(record: Record, status: str, encoded: Encoded) -> Encoded:
    """A deal that is to be opened again goes to a stage that only a person can name."""
    if not any(problem.code in _UNPLACED for problem in encoded.problems):
        return encoded
    message = (
        f"The deal is {status}. To be {record.values['status']} it has to go to another stage: "
        "name it in the column stage, and write both (--only status,stage)."
    )
    problem = Problem("status", REOPENED, message, record.values["status"])
    others = (one for one in encoded.problems if one.code not in _UNPLACED)
    return replace(encoded, problems=(problem, *others))
