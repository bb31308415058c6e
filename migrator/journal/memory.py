"""What the account surely holds of each source, from run to run: key, id and a digest of the row.

A feed is what one template loads into one account. What is remembered of a record is a claim about
the account, and it is kept true step by step: it is withdrawn in the transaction that makes the
sending of a request durable, and made again in the one that makes the answer durable. So it may say
too little after a kill, never too much; and a killed run's answers need not be collected later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migrator.json_text import dumps
from migrator.model import Action, OpState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from migrator.journal.rows import Settled
    from migrator.journal.store import Store
    from migrator.model import ObjectType, Op

_AT_ONCE = 1_000
_OF_FEED = "vendor = ? AND account = ? AND feed = ? AND type = ?"
_OF_RECORD = "vendor = ? AND account = ? AND type = ? AND id = ?"


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose keys: the records of one kind that one template loads into one account."""

    vendor: str
    account: str
    name: str
    type: ObjectType

    @property
    def values(self) -> tuple[str, str, str, str]:
        """As a query takes it."""
        return (self.vendor, self.account, self.name, self.type)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A record of a feed.

    Attributes:
        id: in the account.
        content: digest of the row that the account holds (``Op.content``); blank = the record is
            there, but what it holds is not certain.
        run: the last run that wrote it, or found it as the source had it.
    """

    id: str
    content: str
    run: str


class Memory:
    """The records of all feeds, in a journal's own table.

    Raises (from every method): as :class:`~migrator.journal.store.Store`.
    """

    def __init__(self, store: Store) -> None:
        self._read = store.read
        self._write = store.write

    # -- within the journal's own transactions -------------------------------------------------

    def doubt(self, cursor: sqlite3.Cursor, run_id: str, ops: Iterable[Op]) -> None:
        """These ops are about to be sent: from now on nobody knows what their records hold.

        A record is one, whichever feed remembers it: two templates may write to the same deal.
        """
        vendor, account, feed = _target(cursor, run_id)
        there: dict[ObjectType, list[str]] = {}
        new: dict[ObjectType, list[str]] = {}
        for op in ops:
            if op.id:
                there.setdefault(op.type, []).append(op.id)
            else:
                new.setdefault(op.type, []).append(op.key)
        for type, ids in there.items():
            cursor.execute(
                "UPDATE memory SET content = '' WHERE vendor = ? AND account = ? AND type = ?"
                " AND id IN (SELECT value FROM json_each(?))",
                (vendor, account, type, dumps(ids)),
            )
        for type, keys in new.items():
            cursor.execute(
                f"UPDATE memory SET content = '' WHERE {_OF_FEED}"  # noqa: S608 - constant
                " AND key IN (SELECT value FROM json_each(?))",
                (vendor, account, feed, type, dumps(keys)),
            )

    def confirm(self, cursor: sqlite3.Cursor, run_id: str, settled: Iterable[Settled]) -> None:
        """These ops have an answer: what was written is remembered, what was deleted is not.

        Of a record that was written only in part the id is remembered, but not the content.
        """
        vendor, account, feed = _target(cursor, run_id)
        written, deleted = [], []
        for one in settled:
            op, id_ = one.op, one.id or one.op.id
            if one.state is not OpState.WRITTEN or not id_:
                continue
            if op.action is Action.DELETE:
                deleted.append((vendor, account, op.type, id_))
            elif op.place is not None and op.action is not Action.UNLINK:
                content = "" if one.code else op.content
                written.append((vendor, account, feed, op.type, op.key, id_, content, run_id))
        cursor.executemany(f"DELETE FROM memory WHERE {_OF_RECORD}", deleted)  # noqa: S608 - constant
        query = f"INSERT INTO memory VALUES (?, ?, ?, ?, ?, ?, ?, ?) {_ELSE}"  # noqa: S608 - constant
        cursor.executemany(query, written)

    # -- by itself -----------------------------------------------------------------------------

    def confirm_unchanged(self, run_id: str) -> None:
        """The rows that a plan found in the account as they are to be: true when it was made.

        To be called before another run can have written to the account.
        """
        with self._write() as cursor:
            cursor.execute(
                "INSERT INTO memory"  # noqa: S608 - constant
                " SELECT runs.vendor, account, template, type, key, target_id,"
                " content, run FROM ops JOIN runs ON runs.id = run"
                " WHERE run = ? AND phase = 1 AND ops.state = 'unchanged' AND ops.code = ''"
                f" AND target_id IS NOT NULL {_ELSE}",
                (run_id,),
            )

    def count(self, feed: Feed) -> int:
        """How many records of a feed are remembered."""
        query = f"SELECT count(*) FROM memory WHERE {_OF_FEED}"  # noqa: S608 - constant
        ((count,),) = self._read(query, feed.values)
        return int(count)

    def known(self, feed: Feed, keys: Collection[str]) -> dict[str, Remembered]:
        """What is remembered of these source keys, by key."""
        return {
            key: Remembered(*rest)
            for key, *rest in self._some(feed, "key, id, content, run", "key", keys)
        }

    def keys_of(self, feed: Feed, ids: Collection[str]) -> dict[str, str]:
        """The source keys of records of the account, by id; of a feed's own only."""
        return dict(self._some(feed, "id, key", "id", ids))

    def _some(self, feed: Feed, columns: str, by: str, values: Collection[str]) -> list[Any]:
        wanted = dumps(list(values))
        query = (
            f"SELECT {columns} FROM memory WHERE {_OF_FEED}"  # noqa: S608 - constants
            f" AND {by} IN (SELECT value FROM json_each(?))"
        )
        return self._read(query, (*feed.values, wanted))

    def holders_before(
        self, run_id: str, type: ObjectType, ids: Collection[str]
    ) -> dict[str, tuple[str, str]]:
        """Those of these records of a run's account that other runs wrote, by id: key and run.

        Of all feeds: a record is one, whichever of them remembers it.
        """
        rows = self._read(
            "SELECT memory.id, key, run FROM runs JOIN memory ON memory.vendor = runs.vendor"
            " AND memory.account = runs.account WHERE runs.id = ? AND memory.type = ?"
            " AND run != runs.id AND memory.id IN (SELECT value FROM json_each(?))",
            (run_id, type, dumps(list(ids))),
        )
        return {id_: (key, run) for id_, key, run in rows}

    def overtaken(
        self, run_id: str, records: Collection[tuple[ObjectType, str]]
    ) -> list[tuple[ObjectType, str, str, str]]:
        """Those of these records that a run which came after a given one wrote, or found right.

        Type and id, that run, and the digest of the row that it surely left there.
        """
        ids = dumps([id_ for _, id_ in records])
        rows = self._read(
            "SELECT memory.type, memory.id, memory.run, memory.content FROM runs"
            " JOIN memory ON memory.vendor = runs.vendor AND memory.account = runs.account"
            " JOIN runs AS later ON later.id = memory.run AND later.rowid > runs.rowid"
            " WHERE runs.id = ? AND memory.id IN (SELECT value FROM json_each(?))"
            " ORDER BY later.rowid DESC",
            (run_id, ids),
        )
        return [row for row in rows if (row[0], row[1]) in records]

    def missing(
        self, feed: Feed, run_id: str, turned_down: Iterable[str]
    ) -> Iterator[tuple[str, Remembered]]:
        """Keys that are remembered and that a run's source has no more, in order.

        The run is planned: its ops are the source's records, ``turned_down`` the keys of rows that
        became none. Read to the end before this is called again.
        """
        with self._write() as cursor:
            cursor.execute("DROP TABLE IF EXISTS temp.missing")
            cursor.execute(
                "CREATE TEMP TABLE missing AS SELECT key, id, content, run FROM memory"  # noqa: S608 - constant
                f" WHERE {_OF_FEED}"
                " AND key NOT IN (SELECT key FROM ops WHERE run = ? AND phase = 1)",
                (*feed.values, run_id),
            )
            cursor.execute("CREATE INDEX temp.missing_keys ON missing (key)")
            cursor.executemany(
                "DELETE FROM temp.missing WHERE key = ?", ((key,) for key in turned_down)
            )
        after = ""
        while rows := self._read(
            "SELECT key, id, content, run FROM temp.missing WHERE key > ? ORDER BY key LIMIT ?",
            (after, _AT_ONCE),
        ):
            yield from ((key, Remembered(*rest)) for key, *rest in rows)
            after = rows[-1][0]
        with self._write() as cursor:
            cursor.execute("DROP TABLE temp.missing")

    def forget(self, feed: Feed, keys: Sequence[str]) -> None:
        """These keys are of no record any more."""
        with self._write() as cursor:
            cursor.executemany(
                f"DELETE FROM memory WHERE {_OF_FEED} AND key = ?",  # noqa: S608 - constant
                ((*feed.values, key) for key in keys),
            )


_ELSE = (
    "ON CONFLICT (vendor, account, feed, type, key) DO UPDATE"
    " SET id = excluded.id, content = excluded.content, run = excluded.run"
)


def _target(cursor: sqlite3.Cursor, run_id: str) -> tuple[str, str, str]:
    """Vendor, account and feed of a run."""
    query = "SELECT vendor, account, template FROM runs WHERE id = ?"
    vendor, account, feed = cursor.execute(query, (run_id,)).fetchone()
    return vendor, account, feed
