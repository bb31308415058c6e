"""``settle``: what a person found out about rows whose answer was lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrator.cli import options
from migrator.journal import RunState
from migrator.report import counted, wrapped
from migrator.runs import unknown
from migrator.runs.exporting import ensure_load
from migrator.runs.signing.writing import renew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Run, Unknown
    from migrator.runs.workspace import Workspace


def _pairs(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str | None]:
    """``KEY=ID`` texts; a key may have equals signs in it, an id has none."""
    found: dict[str, str | None] = {}
    for text in given:
        key, sign, id_ = text.rpartition("=")
        if not sign or not key.strip() or not id_.strip():
            raise click.BadParameter(f"{text!r} does not read KEY=ID")
        found[key.strip()] = id_.strip()
    return found


@click.command()
@options.run_argument
@click.option(
    "--written",
    multiple=True,
    metavar="KEY=ID",
    callback=_pairs,
    help="The record of this key is in the account, with this id. May be given several times.",
)
@click.option(
    "--not-written",
    multiple=True,
    metavar="KEY",
    help="It is not in the account. May be given several times.",
)
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="The run's unsettled.csv with its column `answer` filled in: an id, or `no`.",
)
@options.as_json
@options.common
def settle(  # one per option
    workspace: Workspace,
    run_id: str | None,
    written: dict[str, str | None],
    not_written: tuple[str, ...],
    answers: Path | None,
    as_json: bool,
) -> int:
    """Tell what became of rows whose answer was lost; without options, list them.

    Where a CRM gives no means to find out, the run goes on with all else and lists them with what
    to look for. Once you have looked, tell, and `migrator resume RUN` completes the run.

    \b
    migrator settle 2026-11-22-1004-k7m2
    migrator settle 2026-11-22-1004-k7m2 --written D-17=9204711 --not-written D-18
    """
    run = workspace.journal.run(run_id)
    ensure_load(run)
    told = unknown.read_answers(answers) if answers else {}
    both = written.keys() & set(not_written)
    if both:
        raise click.UsageError(f"{', '.join(sorted(both))}: written, or not written?")
    told = told | written | dict.fromkeys(not_written, None)
    result = unknown.answer(workspace, run.id, told)
    if told:
        renew(workspace, run.id)  # its page said that nobody knew
    if as_json:
        left = [
            {"type": one.op.type, "key": one.op.key, "look_for": one.message} for one in result.left
        ]
        data = {"run": run.id, "written": result.written, "not_written": result.not_written}
        click.echo(json.dumps(data | {"left": left}))
    else:
        click.echo("\n".join(_lines(run, result)))
    return 5 if result.left else 0


def _unknown(left: Sequence[Unknown]) -> str:
    """How many rows, and how many contacts and companies made for some, are unknown."""
    rows = sum(one.op.place is not None for one in left)
    parts = [counted(rows, "row", "rows")] if rows else []
    if parents := len(left) - rows:
        parts.append(counted(parents, "contact or company", "contacts and companies"))
    return f"{' and '.join(parts)} {'is' if len(left) == 1 else 'are'}"


def _lines(run: Run, result: unknown.Answered) -> list[str]:
    run_id = run.id
    lines = []
    if result.written or result.not_written:
        lines.append(
            f"Noted: {len(result.written):,} written, {len(result.not_written):,} not written."
        )
    for one in result.left:
        place = f"record {one.op.place.record}" if one.op.place else "to be created for others"
        head = f'{one.op.type} "{one.op.key}" ({place}, sent {one.sent_at:%Y-%m-%d %H:%M} UTC)'
        lines += wrapped(f"  {head}: {one.message}")
    if result.left:
        lines += [
            "",
            f"Of run {run_id} {_unknown(result.left)} unknown. Once you have looked:",
            f"  migrator settle {run_id} --written KEY=ID --not-written KEY",
        ]
    else:
        over = run.state in {RunState.FINISHED, RunState.UNDONE}
        way = "" if over else f" Go on: migrator resume {run_id}"
        lines.append(f"Nothing of run {run_id} is unknown.{way}")
    return lines
