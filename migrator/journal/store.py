"""The file under the journal: one SQLite database, its transactions and what goes wrong with it.

WAL mode with ``synchronous=FULL``: what a transaction has written survives a kill and a power cut.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError, Stopped
from migrator.sqlite_files import write_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

VERSION = 4
"""Of the tables; a file with other tables is brought up to it, or not opened."""


class Store:
    """A database file.

    Args:
        path: of the file; it is made when it is missing.
        schema: statements that make what is not there yet.
        upgrades: statements that make of tables of a version those of the next one.

    Raises (from every method):
        InputError: the file is no journal, or damaged.
        Stopped: the disk is full or the file cannot be written; nothing was sent since.
    """

    def __init__(
        self, path: Path, schema: str, upgrades: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            write_ahead(self.connection)
            self.connection.execute("PRAGMA synchronous = FULL")
            self._set_up(schema, upgrades or {})
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"The journal {path} cannot be opened: {error}. "
                "Choose another place with --state, or mend the file's permissions."
            ) from error

    def _set_up(self, schema: str, upgrades: Mapping[int, Sequence[str]]) -> None:
        # In this order: a process that makes the tables meanwhile sets the version with them.
        (tables,) = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if not tables:
            # In one transaction: another process sees all of it or nothing.
            self.connection.executescript(
                f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {VERSION}; COMMIT;"
            )
            return
        if version in upgrades:
            version = self._upgraded(upgrades)
        if version != VERSION:
            self.connection.close()
            raise InputError(
                f"{self.path} is no journal of migrator, or of another version of it (its tables "
                f"are of version {version}, ours of {VERSION}). Finish its runs with that version, "
                "or choose another place with --state."
            )

    def _upgraded(self, upgrades: Mapping[int, Sequence[str]]) -> int:
        """Bring the tables up to date, all or nothing; the version that they are of then."""
        with self.write() as cursor:
            (version,) = cursor.execute("PRAGMA user_version").fetchone()  # by another process?
            while version in upgrades:
                for statement in upgrades[version]:
                    cursor.execute(statement)
                version += 1
            cursor.execute(f"PRAGMA user_version = {version}")
        return int(version)

    def close(self) -> None:
        """Close the file; further calls fail."""
        self.connection.close()

    def read(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of a query."""
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._foreign(error) from error

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Cursor]:
        """One durable transaction."""
        cursor = self.connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                if self.connection.in_transaction:  # a full disk has rolled it back already
                    cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "no such" in str(error) or "has no column" in str(error):
                raise self._foreign(error) from error
            raise Stopped(
                f"The journal {self.path} could not be written: {error}. Nothing was sent since; "
                "make room or mend the permissions, then resume."
            ) from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # a fault of our own
                raise
            raise self._foreign(error) from error
        finally:
            cursor.close()

    def _foreign(self, error: sqlite3.Error) -> InputError:
        return InputError(
            f"{self.path} is no journal of migrator, or it is damaged: {error}. Name another with "
            "--state, or restore it from a copy."
        )
