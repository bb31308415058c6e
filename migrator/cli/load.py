"""``check``, ``plan``, ``run``, ``resume``."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import click

from migrator import report as reports
from migrator.cli import options, show
from migrator.errors import InputError, Interrupted
from migrator.journal import RunState
from migrator.runs.checking import check_files
from migrator.runs.execution import execute
from migrator.runs.planning import plan_run
from migrator.runs.target import connected, target_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.journal import Run
    from migrator.report import Report
    from migrator.runs.inputs import Request
    from migrator.runs.planning import Limit, Planned
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace


@click.command()
@options.source
@click.option("--to", "vendor", help="Check against the live account of this CRM as well.")
@options.vendor_options
@options.max_rejects
@options.as_json
@options.common
def check(  # one per option
    workspace: Workspace,
    request: Request,
    vendor: str | None,
    vendor_options: dict[str, str],
    limit: Limit | None,
    as_json: bool,
) -> int:
    """Check FILES against TEMPLATE, and against an account when --to names one.

    Nothing is written to the account. TEMPLATE is a file or the name of a shipped one.

    \b
    migrator check pipedrive deals.csv
    migrator check pipedrive deals.csv --to hubspot
    """
    if vendor:
        target = target_from(vendor, options.environment, vendor_options)
        planned = asyncio.run(_plan(workspace, request, target, limit))
        _print_plan(planned, as_json=as_json)
        return int(planned.run.settings["rejected"] > 0)
    checked = check_files(workspace, request, limit)
    click.echo(json.dumps(checked.data()) if as_json else show.checked(checked))
    return int(checked.rejected > 0)


@click.command()
@options.source
@options.to_vendor
@options.vendor_options
@options.max_rejects
@options.as_json
@options.common
def plan(  # one per option
    workspace: Workspace,
    request: Request,
    vendor: str,
    vendor_options: dict[str, str],
    limit: Limit | None,
    as_json: bool,
) -> int:
    """Say what a run of FILES would create, update and leave, and what it costs.

    The plan is kept: `migrator run --plan RUN` writes exactly that, if nobody changed the account.
    """
    target = target_from(vendor, options.environment, vendor_options)
    planned = asyncio.run(_plan(workspace, request, target, limit))
    _print_plan(planned, as_json=as_json)
    return int(planned.run.settings["rejected"] > 0)


@click.command()
@click.argument("template", required=False)
@click.argument("files", nargs=-1)
@options.read_options
@click.option("--to", "vendor", help="The CRM; see `migrator vendors`.")
@options.vendor_options
@click.option("--plan", "plan_id", metavar="RUN", help="Write a plan made before.")
@click.option("--dry-run", is_flag=True, help="Plan only.")
@click.option("--sample", type=click.IntRange(min=1), help="Write only so many, odd ones first.")
@options.max_rejects
@click.option("-y", "--yes", is_flag=True, help="Do not ask before writing.")
@options.as_json
@options.common
def run(  # one per option
    workspace: Workspace,
    request: Request | None,
    vendor: str | None,
    vendor_options: dict[str, str],
    plan_id: str | None,
    dry_run: bool,
    sample: int | None,
    limit: Limit | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Check FILES, plan, ask, and write them to a CRM.

    \b
    migrator run pipedrive deals.csv --to hubspot
    migrator run pipedrive deals.csv --to hubspot --sample 20   then: migrator resume
    migrator run --plan 2026-11-22-1004-k7m2
    """
    if plan_id:
        return _run_plan(workspace, plan_id, sample, yes=yes, as_json=as_json)
    if not request or not vendor:
        raise click.UsageError("Name a TEMPLATE, FILES and --to VENDOR, or a --plan.")
    target = target_from(vendor, options.environment, vendor_options)

    def ready(planned: Planned) -> None:
        if not as_json:
            _print_plan(planned, as_json=False)
        _confirm(planned.run.account, target, yes=yes)

    if dry_run:
        planned = asyncio.run(_plan(workspace, request, target, limit))
        _print_plan(planned, as_json=as_json)
        return int(planned.run.settings["rejected"] > 0)
    return _print_report(
        asyncio.run(_plan_and_write(workspace, request, target, limit, sample, ready)),
        as_json=as_json,
    )


@click.command()
@options.run_argument
@options.as_json
@options.common
def resume(workspace: Workspace, run_id: str | None, as_json: bool) -> int:
    """Go on with a run that was stopped, killed or sampled; the newest when none is named.

    What was sent without an answer is looked up in the account before anything is sent again.
    """
    found = workspace.journal.run(run_id)
    if found.state is RunState.PLANNED:
        raise InputError(
            f"Run {found.id} is only planned; `migrator run --plan {found.id}` writes it."
        )
    report = asyncio.run(_write(workspace, found, _target_of(found)))
    return _print_report(report, as_json=as_json)


def _run_plan(
    workspace: Workspace, plan_id: str, sample: int | None, *, yes: bool, as_json: bool
) -> int:
    found = workspace.journal.run(plan_id)
    if found.state is not RunState.PLANNED:
        raise InputError(
            f"Run {found.id} is {found.state}, no plan that waits; see `migrator status`."
        )
    target = _target_of(found)
    _confirm(found.account, target, yes=yes)
    report = asyncio.run(_write(workspace, found, target, sample))
    return _print_report(report, as_json=as_json)


def _target_of(run: Run) -> Target:
    """The account of an earlier run, with the options it was planned with."""
    return target_from(run.vendor, options.environment, run.settings["vendor_options"])


async def _plan(
    workspace: Workspace, request: Request, target: Target, limit: Limit | None
) -> Planned:
    async with connected(target, workspace) as session:
        return await plan_run(workspace, request, session, limit)


async def _write(
    workspace: Workspace, run: Run, target: Target, sample: int | None = None
) -> Report:
    async with connected(target, workspace) as session:
        return await execute(workspace, run, session, sample=sample)


async def _plan_and_write(  # what a run is made of
    workspace: Workspace,
    request: Request,
    target: Target,
    limit: Limit | None,
    sample: int | None,
    ready: Callable[[Planned], None],
) -> Report:
    """Plan and write in one session: the account is described once, and ours in between."""
    async with connected(target, workspace) as session:
        planned = await plan_run(workspace, request, session, limit, lock=True)
        ready(planned)
        return await execute(workspace, planned.run, session, inputs=planned.inputs, sample=sample)


def _confirm(account: str, target: Target, *, yes: bool) -> None:
    """Ask before the first write; unattended, ``--yes`` has to say so."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("Nothing was written: there is no terminal to ask on. Add --yes to write.")
    if not click.confirm(f"Write to {target.product.title} account {account}?", err=True):
        raise Interrupted("Nothing was written; the plan is kept.")


def _print_plan(planned: Planned, *, as_json: bool) -> None:
    click.echo(json.dumps(show.plan_data(planned)) if as_json else show.plan(planned))


def _print_report(report: Report, *, as_json: bool) -> int:
    click.echo(reports.as_json(report) if as_json else reports.as_text(report))
    if not report.adds_up:
        raise AssertionError(f"the books of run {report.run} do not add up: {report.rows}")
    return int(report.turned_down > 0)
