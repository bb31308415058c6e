"""How many records of a run stand where, and how many contacts and companies made for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import ObjectType, OpState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.journal import Journal, Run

_LEFT = (OpState.PLANNED, OpState.SENT)


@dataclass
class Tally:
    """Ops of one or several runs.

    A contact or company that a run makes for its records is no row of the source, and is never
    counted among them.

    Attributes:
        records: of the runs' own type, by state.
        parents: made for them, by state.
        unknown: of the records that are left, those that wait for a person.
        parents_unknown: of the parents that are left, likewise.
    """

    records: Counter[OpState] = field(default_factory=Counter)
    parents: Counter[OpState] = field(default_factory=Counter)
    unknown: int = 0
    parents_unknown: int = 0

    @property
    def left(self) -> int:
        """Records that are not written yet, unknown ones included."""
        return sum(self.records[state] for state in _LEFT)

    @property
    def parents_left(self) -> int:
        """Contacts and companies that are not made yet, unknown ones included."""
        return sum(self.parents[state] for state in _LEFT)


def tally(journal: Journal, runs: Iterable[Run]) -> Tally:
    """Count the ops of runs."""
    found = Tally()
    for run in runs:
        own = ObjectType(run.settings["types"][0])
        for (type, _, state), count in journal.counts(run.id).items():
            (found.records if type is own else found.parents)[state] += count
        for one in journal.unknown(run.id):
            found.unknown += one.op.type is own
            found.parents_unknown += one.op.type is not own
    return found
