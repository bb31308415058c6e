"""The disk under a journal: a process may die at each write, and it may be full.

Faults are injected at SQLite itself, under the product's own code: a connection that is killed
commits nothing, a full disk is the error that SQLite raises.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.simulation.clock import Killed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.fate import Fate

_FULL = "database or disk is full"
_connect = sqlite3.connect


class _Cursor(sqlite3.Cursor):
    connection: _Connection

    def execute(self, sql: str, *values: Any) -> _Cursor:
        fate = self.connection.fate
        if fate.dead:
            raise Killed
        verb = sql.lstrip().split(None, 1)[0].upper() if sql.strip() else ""
        if verb == "BEGIN":
            fate.moment("before a transaction")
        if verb != "COMMIT":
            return super().execute(sql, *values)
        fate.moment("before a commit")
        if fate.disk_is_full:
            super().execute("ROLLBACK")
            fate.trace("the disk is full")
            raise sqlite3.OperationalError(_FULL)
        done = super().execute(sql)
        fate.moment("after a commit")
        return done


class _Connection(sqlite3.Connection):
    fate: Fate

    def cursor(self, *_: Any, **__: Any) -> _Cursor:  # type: ignore[override]
        return super().cursor(_Cursor)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self.cursor().execute(sql, *values)


@contextlib.contextmanager
def mortal(fate: Fate) -> Iterator[None]:
    """Databases in files opened in this block share the fate of their process."""

    def connect(path: object, **options: Any) -> sqlite3.Connection:
        if not str(path):  # a temporary one, of which nothing is left anyway
            temporary: sqlite3.Connection = _connect("", **options)
            return temporary
        connection: _Connection = _connect(str(path), factory=_Connection, **options)
        connection.fate = fate
        opened.append(connection)
        return connection

    opened: list[sqlite3.Connection] = []
    with patch.object(sqlite3, "connect", connect):
        try:
            yield
        finally:
            for connection in opened:  # as the system does for a process that is gone
                connection.close()
