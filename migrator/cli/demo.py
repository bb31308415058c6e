"""``demo``: a whole migration on this machine, in under a minute."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path

import click

from migrator import report as reports
from migrator.cli import options, show
from migrator.errors import MigratorError
from migrator.resources import sample_data
from migrator.runs.execution import execute
from migrator.runs.inputs import Request
from migrator.runs.planning import plan_run
from migrator.runs.target import Target, connected
from migrator.runs.verification import verify_run
from migrator.runs.workspace import Workspace
from migrator.sandbox import SandboxServer
from migrator.vendors.registry import names
from migrator.vendors.registry import product as product_of
from migrator.wire import SystemClock

_TEMPLATE = "pipedrive"


@click.command()
@click.option("--to", "vendor", default=names()[0], show_default=True, help="The CRM.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where the run's files go. [default: new]"
)
@click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
def demo(vendor: str, folder: Path | None, quiet: bool) -> int:
    """Load a sample export with wrong rows into a sandbox of a CRM, then verify it.

    Nothing leaves this machine, and no account is needed.
    """
    product = product_of(vendor)
    root = folder or Path(tempfile.mkdtemp(prefix="migrator-demo-"))
    token = secrets.token_hex(8)
    with SandboxServer(product.sandbox(token=token)) as server:
        _step(1, f"A {product.title} sandbox listens at {server.url}")
        workspace = Workspace(
            root / "journal.db",
            SystemClock(),
            progress=options.progress(quiet=quiet),
            say=_say,
        )
        try:
            asyncio.run(_migrate(workspace, Target(product, server.url, token)))
        finally:
            workspace.close()
    click.echo(f"\nAll files of the run are in {root}")
    return 0


def _say(text: str) -> None:
    click.echo("\n".join(reports.wrapped(f"  {text}")))


def _step(number: int, text: str) -> None:
    click.secho(f"\n[{number}] {text}", bold=True)


async def _migrate(workspace: Workspace, target: Target) -> None:
    title = target.product.title
    source = sample_data() / f"{_TEMPLATE}_deals.csv"
    _step(2, f"Check {source.name}, an export with wrong rows in it, and plan")
    async with connected(target, workspace) as session:
        request = Request(_TEMPLATE, (str(source),))
        planned = await plan_run(workspace, request, session, lock=True)
        click.echo(show.plan(planned))
        _step(3, f"Write to {title}")
        report = await execute(workspace, planned.run, session, inputs=planned.inputs)
        click.echo(reports.as_text(report))
        _step(4, "Verify: read everything back and compare")
        run = workspace.journal.run(planned.run.id)
        result = await verify_run(workspace, run, session)
        click.echo(show.verification(result, run))
    if not (report.adds_up and result.agrees):
        raise MigratorError("The demo's books do not add up; please report this.")
