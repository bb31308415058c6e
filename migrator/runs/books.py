"""The files a run leaves behind: its plan as a table, and the rows that were turned down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from migrator.model import OpState
from migrator.runs.inputs import TURNED_DOWN, Inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from migrator.journal import Journal

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
    "changes": pl.List(pl.Struct({"field": pl.String, "before": pl.String, "after": pl.String})),
    "message": pl.String,
}


def write_turned_down(journal: Journal, run_id: str, inputs: Inputs, target: Path) -> int:
    """Write ``rejects.csv``: rows that were rejected, refused or parked, to be mended there.

    Returns the number of rows; no file is left when there are none.
    """
    with (inputs.folder / TURNED_DOWN).open("w", encoding="utf-8") as stream:
        for finished in journal.finished(run_id, {OpState.REFUSED, OpState.PARKED}):
            if finished.op.place:
                row = {
                    "_record": finished.op.place.record,
                    "_field": "",
                    "_code": finished.code or finished.op.state.value,
                    "_error": finished.message,
                    "_value": "",
                }
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return inputs.write_rejects(target)


def write_plan(journal: Journal, run_id: str, target: Path) -> None:
    """Write all ops of a run as Parquet: what happens to which record, before and after."""
    parts = target.with_suffix(".parts")
    parts.mkdir(exist_ok=True)
    names = []
    for number, frame in enumerate(_frames(journal, run_id)):
        names.append(parts / f"{number:06}.parquet")
        frame.write_parquet(names[-1])
    if names:
        pl.scan_parquet(names).sink_parquet(target)
    for name in names:
        name.unlink()
    parts.rmdir()


def _frames(journal: Journal, run_id: str) -> Iterator[pl.DataFrame]:
    """Ops as frames of at most ``_PLAN_CHUNK`` rows; at least one, so that there is a schema."""
    rows: list[tuple[object, ...]] = []
    for finished in journal.finished(run_id):
        op = finished.op
        place = op.place
        rows.append(
            (
                op.type.value,
                op.action.value,
                op.state.value,
                op.key,
                op.id,
                place.file if place else None,
                place.record if place else None,
                place.line if place else None,
                _changes(op.properties, op.before),
                finished.message or None,
            )
        )
        if len(rows) == _PLAN_CHUNK:
            yield pl.DataFrame(rows, schema=_PLAN_SCHEMA, orient="row")
            rows = []
    yield pl.DataFrame(rows, schema=_PLAN_SCHEMA, orient="row")


def _changes(
    after: Mapping[str, str], before: Mapping[str, str | None]
) -> list[dict[str, str | None]]:
    return [
        {"field": name, "before": before.get(name), "after": value} for name, value in after.items()
    ]
