"""``status``, ``verify``, ``report``."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator import report as reports
from migrator.cli import options, show
from migrator.cli.access import access
from migrator.cli.undo import told
from migrator.journal import RunState
from migrator.model import OpState
from migrator.report.statement import statement_json
from migrator.runs.exporting import EXPORT, ensure_load
from migrator.runs.signing import writing
from migrator.runs.signing.building import statement_of
from migrator.runs.signing.verified import read_verification
from migrator.runs.tallies import Tally, tally
from migrator.runs.target import connected
from migrator.runs.undo.undoing import undone
from migrator.runs.verification import verify_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.cli.access import Access
    from migrator.journal import Run
    from migrator.runs.verification import Verification
    from migrator.runs.workspace import Workspace


@click.command()
@options.as_json
@options.common
def status(workspace: Workspace, as_json: bool) -> None:
    """List runs with their state, their counts and the command that goes on.

    \b
    migrator status
    migrator status --json
    """
    rows = [_status_of(workspace, run) for run in workspace.journal.runs()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(f"No runs yet in {workspace.journal.path}.")
    for row in rows:
        what = row["of"] or f"{row['template']} -> {row['vendor']}"
        click.echo(f"{row['run']}  {row['state']:<12} {what}")
        records = dict(row["ops"])
        if row["rejected"]:
            records["rejected"] = row["rejected"]
        click.echo(f"    {_listed(records) or 'no ops'}")
        if row["parents"]:
            click.echo(f"    contacts and companies: {_listed(row['parents'])}")
        if row["verified"]:
            click.echo(f"    verified {row['verified'][:16].replace('T', ' ')} UTC: all agrees")
        if row["next"]:
            click.echo(f"    next: {row['next']}")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _status_of(workspace: Workspace, run: Run) -> dict[str, Any]:
    """A run as plain data; what it made for its records is counted apart from them."""
    counts = tally(workspace.journal, [run])
    verified = _verified(workspace, run)
    return {
        "run": run.id,
        "state": run.state.value,
        "vendor": run.vendor,
        "account": run.account,
        "template": run.template,
        "of": _of(run),
        "ops": {state.value: n for state, n in counts.records.items()},
        "parents": {state.value: n for state, n in counts.parents.items()},
        "rejected": run.settings.get("rejected", 0),
        "verified": verified,
        "next": "" if verified else _next(run, counts),
    }


def _verified(workspace: Workspace, run: Run) -> str:
    """When all of a finished run was found as it was written, if nothing was written since."""
    if run.state is not RunState.FINISHED or EXPORT in run.settings:
        return ""
    found = read_verification(workspace, run)
    return found.at if found and found.agrees and found.current else ""


def _of(run: Run) -> str:
    """The run that another one belongs to; blank for a run of its own."""
    if EXPORT in run.settings:
        return f"{run.settings['types'][0]} of {run.vendor} -> {run.settings[EXPORT]['to']}"
    for name, words in (("retry_of", "retry of"), ("undoes", "undo of")):
        if name in run.settings:
            return f"{words} {run.settings[name]}"
    return ""


def _next(run: Run, counts: Tally) -> str:
    """The command that goes on with a run."""
    if counts.unknown or counts.parents_unknown:
        return f"migrator settle {run.id}"
    if run.state is RunState.FINISHED and "undoes" not in run.settings:
        return f"migrator verify {run.id}" if counts.records[OpState.WRITTEN] else ""
    return reports.next_command(run)


@click.command()
@options.run_argument
@access
@options.as_json
@options.common
def verify(  # one per option
    workspace: Workspace, run_id: str | None, access: Access, as_json: bool
) -> int:
    """Read the account back and compare it, field by field, with what a run wrote.

    \b
    migrator verify
    migrator verify 2026-11-22-1004-k7m2
    """
    run = workspace.journal.run(run_id)
    ensure_load(run)
    result = asyncio.run(_verify(workspace, run, access))
    if as_json:
        # asdict makes pairs of a Counter's keys
        counts = {"normalised": dict(result.normalised), "filled": dict(result.filled)}
        own = {**counts, "agrees": result.agrees}
        click.echo(json.dumps(asdict(result) | own, default=str))
    else:
        click.echo(show.verification(result, run))
    return int(not result.agrees)


@click.command()
@options.run_argument
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the page of the report there as well.",
)
@options.as_json
@options.common
def report(workspace: Workspace, run_id: str | None, html: Path | None, as_json: bool) -> None:
    """Say what became of every row of a run.

    The page for people to sign, report.html, is in the run's folder from its load on; --html writes
    it anew somewhere else. With --json all that is on it.

    \b
    migrator report
    migrator report 2026-11-22-1004-k7m2 --json
    migrator report 2026-11-22-1004-k7m2 --html client.html
    """
    run = workspace.journal.run(run_id)
    ensure_load(run)
    if html:
        writing.write_page(workspace, run, html)
    if "undoes" in run.settings:
        told(undone(workspace, run), as_json=as_json)
        return
    statement = statement_of(workspace, run)
    click.echo(statement_json(statement) if as_json else reports.as_text(statement.books))


async def _verify(workspace: Workspace, run: Run, access: Access) -> Verification:
    async with connected(access.of(run), workspace) as session:
        return await verify_run(workspace, run, session)
