"""The three lists of an undo: ``reversed.csv``, ``kept.csv`` and ``failed.csv``."""

from __future__ import annotations

import contextlib
import csv
from typing import TYPE_CHECKING

from migrator.model import Action, OpState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from migrator.journal import Journal
    from migrator.runs.undo.reversal import Done, Kept

_COLUMNS = ("type", "key", "id", "field", "wrote", "account", "why")

_Row = tuple[str, ...]


class _List:
    """A list that is written row by row, and is not there when nothing is on it.

    What was there before stays until the new one is whole: an undo may die half-way.

    Attributes:
        records: that are on the list; the rows of one come one after the other.
    """

    def __init__(self, path: Path, rows: Iterable[_Row]) -> None:
        self._path = path
        self._part = path.with_suffix(".part")
        self._last: _Row = ()
        self.records = 0
        before = list(rows)
        self._stream = self._part.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(_COLUMNS)
        for row in before:
            self.add(row)

    def add(self, row: _Row) -> None:
        self._writer.writerow(row)
        self.records += row[:2] != self._last
        self._last = row[:2]

    def finish(self) -> None:
        self._stream.close()
        if self.records:
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave no half a list behind."""
        self._stream.close()
        self._part.unlink(missing_ok=True)


class KeptLists:
    """What an undo leaves as it is, and what it cannot take back.

    Args:
        folder: where the lists go.
        settled: what an earlier part of the undo has done: what the lists of before say of these
            records stays. Who was only parted from others is looked at again.
    """

    def __init__(self, folder: Path, settled: Collection[Done] = ()) -> None:
        known = {(type.value, key) for type, key, act in settled if act is not Action.UNLINK}
        self._paths = (folder / "kept.csv", folder / "failed.csv")
        self._kept, self._failed = (
            _List(path, (row for row in _rows(path) if row[:2] in known)) for path in self._paths
        )

    @property
    def kept(self) -> int:
        """Records of which something stays on purpose."""
        return self._kept.records

    @property
    def failed(self) -> int:
        """Records that cannot be taken back."""
        return self._failed.records

    def add(self, kept: Sequence[Kept]) -> None:
        """Write down what stays."""
        for one in kept:
            row = (one.type.value, one.key, one.id, one.field, one.wrote, one.held, one.why)
            (self._failed if one.failed else self._kept).add(row)

    def finish(self) -> dict[str, str]:
        """End the lists; name to file of those that have anything on them."""
        self._kept.finish()
        self._failed.finish()
        return _named(self._paths)

    def close(self) -> None:
        """Let go of the files; without :meth:`finish` the lists of before stay."""
        self._kept.close()
        self._failed.close()


def write_lists(journal: Journal, undo_id: str, folder: Path) -> None:
    """Write what was reversed, and add to ``failed.csv`` what the CRM refused."""
    reversed_, failed = folder / "reversed.csv", folder / "failed.csv"
    with reversed_.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["type", "key", "id", "action", "fields"])
        for one in journal.finished(undo_id, {OpState.WRITTEN}):
            fields = ", ".join([*one.op.properties, *(link.key for link in one.op.links)])
            writer.writerow([one.op.type, one.op.key, one.op.id, one.op.action, fields])
    refused = (
        (one.op.type.value, one.op.key, str(one.op.id), "(record)", "", "", one.message)
        for one in journal.finished(undo_id, {OpState.REFUSED})
    )
    rows = dict.fromkeys((*_rows(failed), *refused))
    with contextlib.closing(_List(failed, rows)) as anew:
        anew.finish()
    run = journal.run(undo_id)
    settings = {
        **run.settings,
        "failed_records": len({row[:2] for row in rows}),
        "files": _named([reversed_, folder / "kept.csv", failed]),
    }
    journal.update_run(undo_id, account_fingerprint=run.account_fingerprint, settings=settings)


def _named(paths: Iterable[Path]) -> dict[str, str]:
    return {path.stem: str(path) for path in paths if path.exists()}


def _rows(path: Path) -> list[_Row]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [tuple(row) for row in csv.reader(stream)][1:]
