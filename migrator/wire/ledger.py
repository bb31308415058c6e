"""Where budgets are kept: in memory, or in a file that all processes of a folder share.

The file must survive a kill, not a power cut: a request costs a tenth of a millisecond and no wait
for the disk. It is a help and never a hindrance: when it cannot be used, each process goes on
counting by itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Protocol, TypeVar

from migrator.sqlite_files import write_ahead
from migrator.wire.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")

_BUSY = 1.0
"""Seconds to wait for another process that has the file; it takes a ten-thousandth of that."""

_PAGES = 64
"""Pages of SQLite's log after which it is written back: it stays as small as the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS budgets (
    account TEXT NOT NULL,
    bucket TEXT NOT NULL,
    until REAL NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (account, bucket)
) WITHOUT ROWID
"""

_UNUSABLE = (sqlite3.Error, OSError, ValueError, LookupError, TypeError, AttributeError)
"""What a file that is locked, read-only, damaged or another one makes of reading or writing it."""


class Ledger(Protocol):
    """Budgets by account and bucket."""

    def change(self, account: str, bucket: str, now: float, work: Callable[[Budget], _T]) -> _T:
        """Let ``work`` look at a budget and change it, alone; what it returns.

        ``now`` = seconds of the wall clock. Raises nothing of its own.
        """
        ...

    def close(self) -> None:
        """Let go of whatever it holds; it may be used again."""
        ...


class Memory:
    """A ledger of this process alone."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], Budget] = {}

    def change(
        self,
        account: str,
        bucket: str,
        now: float,  # noqa: ARG002  # nothing in memory grows old
        work: Callable[[Budget], _T],
    ) -> _T:
        """Let ``work`` look at a budget and change it."""
        return work(self._budgets.setdefault((account, bucket), Budget()))

    def close(self) -> None:
        """Keep everything."""


class LedgerFile:
    """A ledger in a SQLite file, opened when it is first needed, from one thread.

    Args:
        path: of the file; its folder must be there.
        say: is told once if the file cannot be used.
    """

    def __init__(self, path: Path, say: Callable[[str], object]) -> None:
        self._path = path
        self._say = say
        self._db: sqlite3.Connection | None = None
        self._usable = True
        # As this process saw them last: what it goes by when the file fails.
        self._known: dict[tuple[str, str], Budget] = {}
        # Those that nobody has changed since: they need not be read again.
        self._fresh: set[tuple[str, str]] = set()
        self._version = -1

    def change(self, account: str, bucket: str, now: float, work: Callable[[Budget], _T]) -> _T:
        """Let ``work`` look at a budget and change it, while no other process does."""
        key = account, bucket
        try:
            budget = self._begun(key, now)
            self._known[key] = budget
            budget.changed = False
            result = work(budget)
            self._end(key, budget)
        except BaseException:
            self._fresh.discard(key)
            self._roll_back()
            raise
        return result

    def _begun(self, key: tuple[str, str], now: float) -> Budget:
        """The budget as it is in the file, which is locked from here on."""
        if self._usable:
            try:
                db = self._opened(now)
                db.execute("BEGIN IMMEDIATE")
                self._look_for_changes(db)
                if key not in self._fresh:
                    return self._read(db, key)
            except _UNUSABLE as error:
                self._give_up(error)
        return self._known.get(key, Budget())

    def _look_for_changes(self, db: sqlite3.Connection) -> None:
        """SQLite counts the commits of others: without one, we know what is in the file."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version = version
            self._fresh.clear()

    def _read(self, db: sqlite3.Connection, key: tuple[str, str]) -> Budget:
        query = "SELECT state FROM budgets WHERE account = ? AND bucket = ?"
        row = db.execute(query, key).fetchone()
        return Budget.loads(row[0]) if row else Budget()

    def _end(self, key: tuple[str, str], budget: Budget) -> None:
        """Write the budget back if there is anything new in it, and unlock the file."""
        if self._db is None:
            return
        try:
            if budget.changed:
                self._db.execute(
                    "INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?)",
                    (*key, budget.until, budget.dumps()),
                )
            self._db.execute("COMMIT")
            self._fresh.add(key)
        except _UNUSABLE as error:
            self._give_up(error)

    def _opened(self, now: float) -> sqlite3.Connection:
        if self._db is None:
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=_BUSY)
            write_ahead(self._db)
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
            self._db.execute(_SCHEMA)
            self._db.execute("DELETE FROM budgets WHERE until < ?", (now,))
        return self._db

    def _give_up(self, error: Exception) -> None:
        self._usable = False
        self.close()
        self._say(
            f"{self._path}, in which processes share the quota of requests, cannot be used "
            f"({error}). The run goes on and counts by itself; let no other one work on the "
            "account meanwhile. If the file is damaged, delete it."
        )

    def _roll_back(self) -> None:
        """Leave no transaction open, whatever has happened."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.rollback()

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None
