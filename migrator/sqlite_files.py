"""What all SQLite files of ours have in common: processes that open them at the same moment."""

from __future__ import annotations

import sqlite3

_TRIES = 20


def write_ahead(db: sqlite3.Connection) -> None:
    """Put a database file into WAL mode, though another process may be doing so just now.

    Of two that switch a new file at once, SQLite refuses one without waiting, since they might wait
    for each other for ever. So the refused one waits where SQLite does wait, at the beginning of a
    transaction, for as long as the connection's ``timeout`` allows, and asks again.

    Raises:
        sqlite3.Error: somebody has the file for longer than that, or it cannot be used.
    """
    tries = 0
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            tries += 1
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or tries == _TRIES:
                raise
            db.execute("BEGIN EXCLUSIVE")
            db.execute("ROLLBACK")
        else:
            return
