"""What a run and its retries did to the account, one op a record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.loader import created_parents, resolved
from migrator.model import Action, ObjectType, OpState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.journal import Finished, Journal
    from migrator.model import Op

_Record = tuple[ObjectType, str]


@dataclass(frozen=True)
class _Earlier:
    """What a run wrote of a record before a retry may have written it once more."""

    age: int
    finished: Finished


class Written:
    """Reads what was written, the newest run first.

    A record that was written with an objection may have been retried: the retry then wrote to what
    the run before it had left. To take that back means to take back both at once, so of such a
    record one op is given that did what all of them did together.

    Args:
        journal: the memory of the runs.
        runs: a run and its retries, the newest first.
    """

    def __init__(self, journal: Journal, runs: Sequence[str]) -> None:
        self._journal = journal
        self._runs = runs
        self._earlier: dict[_Record, list[_Earlier]] = {}
        for age, run in reversed([*enumerate(runs)][1:]):  # the oldest first
            for one in journal.finished(run, {OpState.WRITTEN}, remarked=True):
                if one.op.place is not None and one.op.id is not None:
                    kept = replace(one, op=self._with_links(run, one.op))
                    self._earlier.setdefault(_record(one.op), []).append(_Earlier(age, kept))

    def all(self, *, parents: bool) -> Iterator[tuple[str, Finished]]:
        """The contacts and companies that the runs created, or the records; with the run."""
        given: set[_Record] = set()
        for age, run in enumerate(self._runs):
            for one in self._journal.finished(run, {OpState.WRITTEN}):
                if (one.op.place is None and one.op.action is Action.CREATE) != parents:
                    continue
                record = _record(one.op)
                if record in given:
                    continue
                of_record = self._earlier.get(record, ())
                before = [each.finished for each in of_record if each.age > age]
                if before:
                    given.add(record)
                yield run, _together([*before, one])

    def _with_links(self, run: str, op: Op) -> Op:
        """The op, its links with the ids of parents that its own run created."""
        return replace(op, links=resolved(op, created_parents(self._journal, run, [op])).ready)


def _record(op: Op) -> _Record:
    return op.type, str(op.id)


def _together(some: Sequence[Finished]) -> Finished:
    """Several writings of one record, the oldest first, as one; known since the last."""
    first, last = some[0], some[-1]
    op = last.op
    for one in reversed(some[:-1]):
        op = replace(
            op,
            action=one.op.action,
            properties={**one.op.properties, **op.properties},
            before={**op.before, **one.op.before},
            links=tuple(dict.fromkeys((*one.op.links, *op.links))),
        )
    return replace(last, op=op, code=last.code or first.code)
