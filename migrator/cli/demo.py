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
from migrator.export import likeness
from migrator.model import ObjectType, Provision
from migrator.resources import sample_data, templates
from migrator.runs.execution import execute
from migrator.runs.exporting import Wanted, export
from migrator.runs.inputs import Request
from migrator.runs.moving import Onward, fetch
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

    from migrator.export import Likeness
    from migrator.model import Account
    from migrator.report import Report
    from migrator.runs.planning import Planned
    from migrator.runs.target import Session
    from migrator.template import Template
    from migrator.vendors.product import Product

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
@click.option("--from", "origin", help="Move the deals there from this CRM, and compare both.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where the run's files go. [default: new]"
)
@click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
def demo(vendor: str, origin: str | None, folder: Path | None, quiet: bool) -> int:
    """Load a sample export with wrong rows into a sandbox of a CRM, then verify it.

    With --from, a sandbox of that CRM holds the sample, and its deals are moved to the other one.
    Nothing leaves this machine, and no account is needed.

    \b
    migrator demo
    migrator demo --to brevo
    migrator demo --from activecampaign --to hubspot
    """
    product = product_of(vendor)
    source = product_of(origin) if origin else None
    if source is product:
        raise click.UsageError("--from and --to name the same CRM.")
    root = folder or Path(tempfile.mkdtemp(prefix="migrator-demo-"))
    clock = LeapingClock()
    workspace = Workspace(
        root / "journal.db", clock, progress=options.progress(quiet=quiet), say=_say, pages=True
    )
    with contextlib.closing(workspace):
        if source:
            asyncio.run(_move(workspace, source, product, clock))
        else:
            _step(1, f"Imitate a {product.title} account in this process")
            target = asyncio.run(_imitated(product, workspace, clock, load_template(_TEMPLATE)))
            asyncio.run(_migrate(workspace, target, clock))
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


async def _imitated(
    product: Product, workspace: Workspace, clock: LeapingClock, template: Template
) -> Target:
    """A new account in this process, in which the template's pipelines are or can be created."""
    token = secrets.token_hex(8)
    make = functools.partial(product.sandbox, token=token, now=clock.now, clock=clock.monotonic)
    empty = Target(product, f"http://{token}.localhost", token, in_process(make()))
    like = await _with_pipelines(empty, workspace, template)
    return dataclasses.replace(empty, transport=in_process(make(like=like)))


async def _with_pipelines(
    target: Target, workspace: Workspace, template: Template
) -> Account | None:
    """The account as a person would have prepared it, where the vendor creates no pipelines."""
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


# -- from one CRM to another -----------------------------------------------------------------------


async def _move(
    workspace: Workspace, origin: Product, product: Product, clock: LeapingClock
) -> None:
    """Move the sample from a sandbox of one CRM to one of another, and compare them."""
    _step(1, f"Imitate a {origin.title} account in this process, with the sample in it")
    source = await _imitated(origin, workspace, clock, load_template(_TEMPLATE))
    template = workspace.root / f"{_TEMPLATE}.yaml"
    template.write_text(_with_owners(), encoding="utf-8")
    request = Request(str(template), (str(sample_data() / f"{_TEMPLATE}_deals.csv"),))
    async with connected(source, workspace) as session:
        loaded = await _load(workspace, session, request)
    click.echo(f"  {loaded.rows['created']:,} deals are there.")
    _step(2, f"Export them from {origin.title}")
    async with connected(source, workspace) as session:
        request = await fetch(workspace, session, Onward(product.name, {}))
    click.echo(f"  The deals: {request.files[0]}\n  The template made for them: {request.template}")
    _step(3, f"Imitate a {product.title} account, plan, and write")
    target = await _imitated(product, workspace, clock, load_template(request.template))
    async with connected(target, workspace) as session:
        planned = await plan_run(workspace, request, session, lock=True)
        click.echo(show.plan(planned))
        report = await execute(workspace, planned.run, session, inputs=planned.inputs)
        click.echo(reports.as_text(report))
    _step(4, f"Export them from {product.title}, and compare both exports")
    there = workspace.root / "there.parquet"
    async with connected(target, workspace) as session:
        await export(workspace, session, Wanted(ObjectType.DEALS, there))
    found = likeness(Path(request.files[0]), there)
    click.echo(_compared(found))
    if not _is_as_said(found, planned, report):
        raise MigratorError("The demo's accounts do not say the same; please report this.")


async def _load(workspace: Workspace, session: Session, request: Request) -> Report:
    planned = await plan_run(workspace, request, session, lock=True)
    return await execute(workspace, planned.run, session, inputs=planned.inputs)


def _compared(found: Likeness) -> str:
    """The comparison for people."""
    lines = [
        f"  {found.both:,} deals are in both accounts; {len(found.missing):,} were turned down.",
        f"  The same in all of them: {', '.join(found.fields)}.",
    ]
    lines += [
        f"  {name} differs in {count:,}, as the plan has said: {example}."
        for name, (count, example) in found.differing.items()
    ]
    return "\n".join(line for text in lines for line in reports.wrapped(text, indent=4))


def _is_as_said(found: Likeness, planned: Planned, report: Report) -> bool:
    """Whether all that is not the same over there was named before."""
    settings = planned.run.settings
    named = settings["left_out"].keys() | settings["altered"].keys()
    turned_down = report.rows["rejected"] + report.rows["refused"] + report.rows["parked"]
    complete = len(found.missing) == turned_down and not found.added
    return complete and bool(found.both) and found.differing.keys() <= named


def _with_owners() -> str:
    """The shipped template with a map of owners, as a user would complete it."""
    text = (templates() / f"{_TEMPLATE}.yaml").read_text(encoding="utf-8")
    owners = "".join(f"      {name}: {address}\n" for name, address in _OWNERS.items())
    return text.replace("  owner:\n", f"  owner:\n    values:\n{owners}", 1)
