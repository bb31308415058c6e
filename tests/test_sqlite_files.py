"""Several processes open a new file at the same moment, and each of them gets it."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from migrator.journal import open_journal
from migrator.sqlite_files import write_ahead
from migrator.wire import LedgerFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = 1_800_000_000.0


def opened(path: Path) -> sqlite3.Connection:
    """A connection that waits for nobody."""
    return sqlite3.connect(path, isolation_level=None, timeout=0)


def test_who_is_refused_once_waits_and_asks_again(tmp_path: Path) -> None:
    """SQLite refuses the switch while another has the file; when that one is done, it is made."""
    other, ours = opened(tmp_path / "x.db"), opened(tmp_path / "x.db")
    other.execute("BEGIN IMMEDIATE")

    def let_go(statement: str) -> None:
        if statement.startswith("BEGIN"):
            other.execute("ROLLBACK")

    ours.set_trace_callback(let_go)
    write_ahead(ours)
    assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not ours.in_transaction
    ours.close()
    other.close()


def test_who_keeps_the_file_is_named(tmp_path: Path) -> None:
    """A file that is not let go of is an error, not a wait for ever."""
    other, ours = opened(tmp_path / "x.db"), opened(tmp_path / "x.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_ahead(ours)
    ours.close()
    other.close()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Another fault than a lock is not asked about twice."""
    (tmp_path / "x.db").write_bytes(b"no database" * 100)
    ours = opened(tmp_path / "x.db")
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        write_ahead(ours)
    ours.close()
    sqlite3.connect(tmp_path / "y.db").execute("CREATE TABLE t (a)").connection.close()
    ours = sqlite3.connect(f"file:{tmp_path / 'y.db'}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        write_ahead(ours)
    ours.close()


def test_ledgers_and_journals_of_many_at_once(tmp_path: Path) -> None:
    """Four that begin together share one ledger and one journal, from the first moment on."""
    for round_ in range(5):
        folder = tmp_path / str(round_)
        folder.mkdir()
        failed = together(4, lambda folder=folder: use(folder))  # type: ignore[misc]
        assert not failed


def use(folder: Path) -> None:
    """Begin as a command does."""
    said: list[str] = []
    ledger = LedgerFile(folder / "quota.db", said.append)
    ledger.change("a", "", NOON, lambda budget: budget.hold(1.0, NOON))
    ledger.close()
    journal = open_journal(folder / "journal.db")
    journal.runs()
    journal.close()
    if said:
        raise AssertionError(said)


def together(count: int, work: Callable[[], None]) -> list[BaseException]:
    """Do something so many times at the same moment; what went wrong."""
    failed: list[BaseException] = []
    gate = threading.Barrier(count)

    def one() -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed
