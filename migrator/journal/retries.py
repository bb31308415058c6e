"""A run and its retries as one family: which rows a retry took on, and what stands of each run.

A retry is a run of its own that loads rows which an earlier run of the family turned down. From the
moment it begins to write, those rows count with what becomes of them there and no longer with what
became of them before. ``settings["retry_of"]`` of a retry is the id of the family's first run;
``settings["begun"]``, which it gets with that moment, its number in the family.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migrator.journal.rows import BOOKED_COLUMNS, OPS, booked_of, in_order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from migrator.journal.journal import Journal
    from migrator.journal.rows import Booked, Finished, Run
    from migrator.model import OpState


@dataclass(frozen=True, slots=True)
class Holder:
    """A record of the family that holds a key: its number in the source, and where it stands."""

    record: int
    run: str
    state: OpState
    id: str | None


@dataclass(frozen=True)
class Family:
    """A run with the retries of it that have begun, in the order in which they did."""

    first: Run
    retries: tuple[Run, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """All of them."""
        return (self.first, *self.retries)


def family_of(journal: Journal, run: Run) -> Family:
    """The family that a run belongs to; a retry that is only planned is not of it yet.

    Whether it has begun is no matter of its state: one that was undone may never have begun.
    """
    first = run.settings.get("retry_of", run.id)
    runs = journal.runs()
    begun = [
        each for each in runs if each.settings.get("retry_of") == first and "begun" in each.settings
    ]
    return Family(
        next(each for each in runs if each.id == first),
        tuple(sorted(begun, key=lambda each: int(each.settings["begun"]))),
    )


class Retries:
    """Which rows retries took on, in a journal's own tables."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read = journal.store.read
        self._write = journal.store.write

    def take(self, run_id: str, taken: Iterable[tuple[int, str]]) -> None:
        """Make durable which records a retry takes on, each with the run it stands in till then."""
        with self._write() as cursor:
            cursor.execute("DELETE FROM retried WHERE run = ?", (run_id,))
            cursor.executemany(
                "INSERT INTO retried VALUES (?, ?, ?)",
                ((run_id, record, taken_from) for record, taken_from in taken),
            )

    def join(self, family: Family, retry: Run, left: Mapping[str, Any]) -> None:
        """Make durable that a retry begins, as the newest of its family.

        ``left`` is what it leaves of the rejected rows of the runs it takes rows from, by run.
        """
        settings = {**retry.settings, "begun": len(family.retries) + 1, "left": left}
        self._journal.update_run(
            retry.id, account_fingerprint=retry.account_fingerprint, settings=settings
        )

    def taken(self, run_id: str) -> dict[int, str]:
        """The records that a retry takes on, and the run that each stood in when it was planned."""
        return dict(self._read("SELECT record, taken_from FROM retried WHERE run = ?", (run_id,)))

    def standing_in(self, family: Family) -> dict[int, str]:
        """The records that retries have taken on, and the one that each stands in now."""
        found: dict[int, str] = {}
        for run in family.retries:  # the newest, which has the last word, comes last
            found |= dict.fromkeys(self.taken(run.id), run.id)
        return found

    def taken_from(self, family: Family, run_id: str) -> frozenset[int]:
        """The records of one run of a family that retries have taken on since."""
        return frozenset(
            record
            for retry in family.retries
            for record, owner in self.taken(retry.id).items()
            if owner == run_id
        )

    def finished(
        self, family: Family, states: Collection[OpState] = ()
    ) -> Iterator[tuple[Run, Finished]]:
        """What stands of all ops of a family, with the run that each is of: one op a record.

        Contacts and companies that runs create stand always. The order is that of the runs, and
        of sending in each.
        """
        for run in family.runs:
            gone = self.taken_from(family, run.id)
            for finished in self._journal.finished(run.id, states):
                place = finished.op.place
                if place is None or place.record not in gone:
                    yield run, finished

    def booked(self, family: Family, properties: Sequence[str]) -> Iterator[Booked]:
        """What the books need of what stands of a family's ops, in the order of :meth:`finished`.

        ``properties`` = names of those that are told of each op.
        """
        for run in family.runs:
            gone = self.taken_from(family, run.id)
            for booked in self.booked_in(run.id, properties):
                if booked.record is None or booked.record not in gone:
                    yield booked

    def booked_in(self, run_id: str, properties: Sequence[str] = ()) -> Iterator[Booked]:
        """The same of all ops of one run."""
        chosen = "".join(", json_extract(properties, ?)" for _ in properties)
        query = f"SELECT phase, seq, {BOOKED_COLUMNS}{chosen} FROM {OPS} WHERE run = ?"  # noqa: S608 - constants
        paths = [f'$."{name}"' for name in properties]
        for row in in_order(self._read, query, *paths, run_id):
            yield booked_of(row)

    def holders(self, family: Family, keys: Collection[str]) -> dict[str, list[Holder]]:
        """The records of a family that hold these source keys and stand, by key."""
        wanted = json.dumps(list(keys))
        found: dict[str, list[Holder]] = {}
        for run in family.runs:
            gone = self.taken_from(family, run.id)
            rows = self._read(
                "SELECT key, record, state, target_id FROM ops WHERE run = ? AND phase = 1"
                " AND key IN (SELECT value FROM json_each(?)) ORDER BY seq",
                (run.id, wanted),
            )
            for key, record, state, id_ in rows:
                if record not in gone:
                    found.setdefault(key, []).append(Holder(record, run.id, state, id_))
        return found
