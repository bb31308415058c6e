"""The files a run leaves behind: its plan as a table, and the rows that were turned down."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from migrator.journal import family_of
from migrator.json_text import dumps
from migrator.report import as_json, write_id_map
from migrator.runs.turned_down import TURNED_DOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from migrator.journal import Run
    from migrator.plan import PlannedOp
    from migrator.runs.inputs import Inputs
    from migrator.runs.workspace import Workspace

_PLAN_CHUNK = 20_000
_PLAN_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "type": pl.String,
    "action": pl.String,
    "state": pl.String,
    "key": pl.String,
    "id": pl.String,
    "file": pl.String,
    "record": pl.Int64,
    "line": pl.Int64,
    "before": pl.String,
    "after": pl.String,
    "message": pl.String,
}


def write_turned_down(workspace: Workspace, run_id: str, inputs: Inputs, target: Path) -> int:
    """Write ``rejects.csv``: rows that were rejected, refused or parked, to be mended there.

    Returns the number of rows; the file has its header even when there are none. What somebody has
    edited there is not lost: it stays if the rows are the same as before, else beside the file.
    """
    with (inputs.folder / TURNED_DOWN).open("w", encoding="utf-8") as stream:
        for finished in workspace.journal.finished(run_id, remarked=True, bare=True):
            if finished.op.place:
                row = {
                    "_record": finished.op.place.record,
                    "_field": "",
                    "_code": finished.code,
                    "_error": finished.message,
                    "_value": "",
                }
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    with _beside_edits(workspace, target):
        return inputs.write_rejects(target, run_id)


@contextlib.contextmanager
def _beside_edits(workspace: Workspace, target: Path) -> Iterator[None]:
    """Write a file anew within this, and keep what a person has made of it since the last time."""
    digest = target.with_suffix(".digest")
    before = digest.read_text(encoding="ascii") if digest.exists() else ""
    edits = None
    if before and target.exists() and _digest(target) != before:
        edits = _free(target)
        target.rename(edits)
    try:
        yield
        digest.write_text(_digest(target), encoding="ascii")
    except BaseException:
        if edits:
            edits.replace(target)
        raise
    if edits and _digest(target) == before:
        edits.replace(target)
    elif edits:
        workspace.say(
            f"{target} had been edited, and is written anew because other rows are turned down by "
            f"now. What was edited is kept: {edits}. `migrator retry` takes either file."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()


def _free(target: Path) -> Path:
    """A name beside a file that no file has yet."""
    names = (target.with_name(f"{target.stem}-edited-{n}{target.suffix}") for n in count(1))
    return next(name for name in names if not name.exists())


def write_family_books(workspace: Workspace, run: Run) -> None:
    """After a retry: the id map and the report of the run that it is a retry of, written anew."""
    first = family_of(workspace.journal, run).first
    if first.id == run.id:
        return
    folder = workspace.folder(first.id)
    report = write_id_map(workspace.journal, first, folder / "id_map.csv")
    (folder / "report.json").write_text(as_json(report) + "\n", encoding="utf-8")


class PlanTable:
    """Writes the ops of a plan as Parquet, as they are made: what happens to which record.

    ``before`` and ``after`` are JSON objects by the vendor's field names, in one text column each:
    lists and structs cost polars ten times as much to build from rows. The file is there when
    ``close`` returns.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._parts = target.with_suffix(".parts")
        shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir()
        self._names: list[Path] = []
        self._rows: list[PlannedOp] = []

    def add(self, rows: Sequence[PlannedOp]) -> None:
        """More ops."""
        self._rows += rows
        if len(self._rows) >= _PLAN_CHUNK:
            self._flush()

    def close(self) -> None:
        """Put the parts together under the table's own name."""
        if self._rows or not self._names:
            self._flush()
        # The usual groups of rows, ten times as large, take 115 MB more while they are written.
        pl.scan_parquet(self._names).sink_parquet(self._target, row_group_size=_PLAN_CHUNK)
        shutil.rmtree(self._parts)

    def _flush(self) -> None:
        ops = [op for op, _, _ in self._rows]
        columns: dict[str, list[object]] = {
            "type": [str(op.type) for op in ops],
            "action": [str(op.action) for op in ops],
            "state": [str(op.state) for op in ops],
            "key": [op.key for op in ops],
            "id": [op.id for op in ops],
            "file": [op.place.file if op.place else None for op in ops],
            "record": [op.place.record if op.place else None for op in ops],
            "line": [op.place.line if op.place else None for op in ops],
            "before": [dumps(dict(op.before)) if op.before else None for op in ops],
            "after": [dumps(dict(op.properties)) for op in ops],
            "message": [message or None for _, _, message in self._rows],
        }
        self._names.append(self._parts / f"{len(self._names):06}.parquet")
        pl.DataFrame(columns, schema=_PLAN_SCHEMA).write_parquet(self._names[-1])
        self._rows = []
