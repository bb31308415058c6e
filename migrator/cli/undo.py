"""``undo``: take a run back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from migrator.cli import options, show
from migrator.cli.access import access
from migrator.cli.confirming import confirm_account, ensure_named
from migrator.report import counted, wrapped
from migrator.runs.confirming import Destination
from migrator.runs.exporting import ensure_load
from migrator.runs.target import connected
from migrator.runs.undo import undoing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from migrator.cli.access import Access
    from migrator.journal import Run
    from migrator.runs.target import Session
    from migrator.runs.undo.undoing import Undo
    from migrator.runs.workspace import Workspace

    _Step = Callable[[Workspace, Run, Session], Awaitable[Undo]]


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("-y", "--yes", is_flag=True, help="Do it; without, only what it would do is said.")
@access
@confirm_account
@options.as_json
@options.common
def undo(  # one per option
    workspace: Workspace, run_id: str, yes: bool, access: Access, as_json: bool
) -> int:
    """Take RUN back: delete what it created, restore what it changed.

    What somebody has changed since is kept and listed. Without --yes nothing is changed: the same
    lists say what would be. An undo that was stopped goes on with `migrator resume`. Fields and
    pipelines that the run created stay.

    \b
    migrator undo 2026-11-22-1004-k7m2
    migrator undo 2026-11-22-1004-k7m2 --yes
    """
    run = workspace.journal.run(run_id)
    ensure_load(run)
    if yes:
        ensure_named(workspace, Destination.of(run), access.of(run))
    step = undoing.undo if yes else undoing.foresee
    return told(asyncio.run(_with_account(workspace, run, access, step)), as_json=as_json)


def go_on(workspace: Workspace, run: Run, access: Access, *, as_json: bool) -> int:
    """Resume an undo that was stopped."""
    ensure_named(workspace, Destination.of(run), access.of(run))
    return told(asyncio.run(_with_account(workspace, run, access, undoing.go_on)), as_json=as_json)


async def _with_account(workspace: Workspace, run: Run, access: Access, step: _Step) -> Undo:
    async with connected(access.of(run), workspace) as session:
        return await step(workspace, run, session)


def told(result: Undo, *, as_json: bool) -> int:
    """Print what an undo does or has done; 1 when something of the run stays."""
    if as_json:
        # asdict makes pairs of a Counter's keys
        own = {"ops": dict(result.ops), "complete": result.complete}
        summary = {"event": "summary"} | asdict(result) | own
        click.echo(json.dumps(summary))
    else:
        click.echo("\n".join(_lines(result)))
    return int(not result.complete)


def _lines(result: Undo) -> list[str]:
    done = result.run is not None
    head = f"Undo of run {result.undoes} in {result.vendor} account {result.account}"
    counts = (
        ("deleted" if done else "to delete", result.ops["delete"], "records that it created"),
        ("restored" if done else "to restore", result.ops["update"], "records that it changed"),
        ("unlinked" if done else "to unlink", result.ops["unlink"], "records that it linked"),
        ("deleted" if done else "to delete", result.ops["parents"], "contacts and companies"),
        ("gone", result.gone, "are not there any more, or not under their key"),
        ("kept", result.kept, "changed since or used by others, see kept"),
        ("failed", result.failed, "cannot be taken back, see failed"),
    )
    lines = [*wrapped(head + (f" ({result.run})" if done else ": what it would do")), ""]
    lines += [
        f"  {name:<12}{count:>10,}  {what}"
        for name, count, what in counts
        if count or name.endswith(("delete", "deleted"))
    ]
    if not done:
        cost = result.cost
        requests = counted(cost.requests, "request", "requests")
        lines.append(f"  cost: {requests}, about {show.duration(cost.seconds)}")
    lines += ["", *(f"  {name}: {path}" for name, path in result.files.items())]
    lines += wrapped("  Fields, pipelines and stages that the run created stay as they are.")
    if not done:
        lines.append(f"  Nothing was changed. To do it: migrator undo {result.undoes} --yes")
    return lines
