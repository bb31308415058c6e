"""``demo``: a whole migration on this machine, in under a minute."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrator import report as reports
from migrator.cli import options, show
from migrator.errors import MigratorError
from migrator.model import Provision
from migrator.resources import sample_data, templates
from migrator.runs.execution import execute
from migrator.runs.inputs import Request
from migrator.runs.planning import plan_run, types_of
from migrator.runs.target import Target, connected
from migrator.runs.verification import verify_run
from migrator.runs.workspace import Workspace
from migrator.sandbox import in_process
from migrator.template import load_template
from migrator.vendors.registry import SHOWN_FIRST
from migrator.vendors.registry import product as product_of
from migrator.wire import SystemClock

if TYPE_CHECKING:
    from datetime import datetime

    from migrator.model import Account
    from migrator.vendors.base import Product

_TEMPLATE = "pipedrive"
_OWNERS = {
    "Anna Berg": "anna.berg@example.com",
    "Bruno Costa": "bruno.costa@example.com",
    "Chlo\u00e9 Dubois": "chloe.dubois@example.com",
    "Dev Patel": "dev.patel@example.com",
}
"""The export names its owners; not every CRM knows more of its users than their addresses."""


@click.command()
@click.option("--to", "vendor", default=SHOWN_FIRST, show_default=True, help="The CRM.")
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
    clock = LeapingClock()
    workspace = Workspace(
        root / "journal.db", clock, progress=options.progress(quiet=quiet), say=_say
    )
    with contextlib.closing(workspace):
        _step(1, f"Imitate a {product.title} account in this process")
        asyncio.run(_migrate(workspace, _imitated(product, workspace, clock), clock))
    click.echo(f"\nAll files of the run are in {root}")
    return 0


class LeapingClock(SystemClock):
    """The computer's clock, but nobody waits: it is put forward instead.

    The sandbox goes by it too. So the vendor's quota holds as in life, and costs no time.

    Attributes:
        leapt: seconds that were not waited for.
    """

    def __init__(self) -> None:
        self.leapt = 0.0

    def monotonic(self) -> float:
        """Seconds, those that were left out included."""
        return super().monotonic() + self.leapt

    def now(self) -> datetime:
        """The instant by this clock."""
        return super().now() + timedelta(seconds=self.leapt)

    async def sleep(self, seconds: float) -> None:
        """Put the clock forward to then, unless somebody else has done so meanwhile."""
        until = self.monotonic() + seconds
        await super().sleep(0)
        self.leapt += max(0.0, until - self.monotonic())


def _imitated(product: Product, workspace: Workspace, clock: LeapingClock) -> Target:
    """A new account in this process, in which the template's pipelines are or can be created."""
    token = secrets.token_hex(8)
    make = functools.partial(product.sandbox, token=token, now=clock.now, clock=clock.monotonic)
    empty = Target(product, f"http://{token}.localhost", token, in_process(make()))
    like = asyncio.run(_with_pipelines(empty, workspace))
    return dataclasses.replace(empty, transport=in_process(make(like=like)))


async def _with_pipelines(target: Target, workspace: Workspace) -> Account | None:
    """The account as a person would have prepared it, where the vendor creates no pipelines."""
    template = load_template(_TEMPLATE)
    async with connected(target, workspace) as session:
        if session.vendor.capabilities.creates_pipelines:
            return None
        account = await session.account(types_of(template))
        missing = session.vendor.lacking(account, template.provision())
        return session.vendor.provisional(account, Provision(pipelines=missing.pipelines))


def _say(text: str) -> None:
    click.echo("\n".join(reports.wrapped(f"  {text}")))


def _step(number: int, text: str) -> None:
    click.secho(f"\n[{number}] {text}", bold=True)


async def _migrate(workspace: Workspace, target: Target, clock: LeapingClock) -> None:
    title = target.product.title
    source = sample_data() / f"{_TEMPLATE}_deals.csv"
    template = workspace.root / f"{_TEMPLATE}.yaml"
    template.write_text(_with_owners(), encoding="utf-8")
    _step(2, f"Check {source.name}, an export with wrong rows in it, and plan")
    async with connected(target, workspace) as session:
        request = Request(str(template), (str(source),))
        planned = await plan_run(workspace, request, session, lock=True)
        click.echo(show.plan(planned))
        _step(3, f"Write to {title}")
        begun = clock.leapt
        report = await execute(workspace, planned.run, session, inputs=planned.inputs)
        click.echo(reports.as_text(report))
        if clock.leapt - begun > 1:
            waited = show.duration(clock.leapt - begun)
            _say(f"In life {title}'s quota and its own work take {waited} more; that was skipped.")
        _step(4, "Verify: read everything back and compare")
        run = workspace.journal.run(planned.run.id)
        result = await verify_run(workspace, run, session)
        click.echo(show.verification(result, run))
    if not (report.adds_up and result.agrees):
        raise MigratorError("The demo's books do not add up; please report this.")


def _with_owners() -> str:
    """The shipped template with a map of owners, as a user would complete it."""
    text = (templates() / f"{_TEMPLATE}.yaml").read_text(encoding="utf-8")
    owners = "".join(f"      {name}: {address}\n" for name, address in _OWNERS.items())
    return text.replace("  owner:\n", f"  owner:\n    values:\n{owners}", 1)
