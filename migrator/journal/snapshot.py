"""The records of an account at one moment, in a file that nobody keeps."""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from migrator.errors import Stopped
from migrator.model import Held, ObjectType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator

_SCHEMA = """
CREATE TABLE records (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, properties TEXT NOT NULL, links TEXT NOT NULL,
    updated_at TEXT
) WITHOUT ROWID;
CREATE INDEX by_key ON records (key);
"""
_AT_ONCE = 1_000


class Snapshot:
    """All records of one type that hold a source key, with their properties and links.

    They are on the disk and not in memory, in a file that the system deletes with the process.
    """

    def __init__(self, type: ObjectType) -> None:
        self._type = type
        self._db = sqlite3.connect("", isolation_level=None)  # "" = a temporary file of its own
        self._db.executescript(_SCHEMA)

    async def fill(self, records: AsyncIterator[Held]) -> Self:
        """Take records in, such as an export gives them; one seen twice counts once.

        Raises:
            Stopped: the temporary folder is full.
        """
        waiting = []
        async for held in records:
            if held.key is not None:
                waiting.append(held)
            if len(waiting) == _AT_ONCE:
                self._add(waiting)
                waiting = []
        self._add(waiting)
        return self

    def _add(self, records: Iterable[Held]) -> None:
        rows = (
            (
                held.id,
                held.key,
                json.dumps(dict(held.properties)),
                json.dumps(dict(held.links)),
                held.updated_at.isoformat() if held.updated_at else None,
            )
            for held in records
        )
        try:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Stopped(
                f"What the account holds could not be kept in a temporary file: {error}. Make room "
                "in the system's temporary folder, or set SQLITE_TMPDIR to another one."
            ) from error

    def all_held(self, keys: Collection[str]) -> dict[str, list[Held]]:
        """All records that hold these keys, by key."""
        found: dict[str, list[Held]] = {}
        for row in self._rows("key", keys):
            held = self._held(row)
            found.setdefault(str(held.key), []).append(held)
        return found

    def beginning(self, text: str) -> Iterator[Held]:
        """The records whose keys begin so, read as they are asked for."""
        end = text + chr(sys.maxunicode)
        for row in self._db.execute(
            "SELECT * FROM records WHERE key >= ? AND key < ? ORDER BY key, id", (text, end)
        ):
            yield self._held(row)

    def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        """Ids of the ``to`` records that are linked to each of these records, by record id."""
        found = dict.fromkeys(ids, frozenset[str]())
        for row in self._rows("id", ids):
            held = self._held(row)
            found[held.id] = frozenset(held.links.get(to, ()))
        return found

    def close(self) -> None:
        """Delete the file."""
        self._db.close()

    def _rows(self, column: str, values: Collection[str]) -> Iterable[Any]:
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            yield from self._db.execute(
                f"SELECT * FROM records WHERE {column} IN ({marks})",  # noqa: S608 - constants
                some,
            ).fetchall()

    def _held(self, row: tuple[str, str, str, str, str | None]) -> Held:
        id_, key, properties, links, updated_at = row
        parents = {ObjectType(type): tuple(ids) for type, ids in json.loads(links).items()}
        changed = datetime.fromisoformat(updated_at) if updated_at else None
        return Held(self._type, id_, key, json.loads(properties), parents, changed)
