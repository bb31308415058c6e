"""``check``, ``plan``, ``run``, ``resume``."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import click

from migrator import report as reports
from migrator.cli import completion, export, moves, options, show
from migrator.cli import nightly as nights
from migrator.cli.access import access
from migrator.cli.confirming import confirm, confirm_account, ensure_named
from migrator.cli.decide import Decisions
from migrator.cli.undo import go_on
from migrator.errors import InputError
from migrator.journal import RunState
from migrator.runs.checking import check_files
from migrator.runs.confirming import Destination
from migrator.runs.execution import execute
from migrator.runs.exporting import EXPORT
from migrator.runs.moving import Onward, onward_of
from migrator.runs.nightly import Nightly
from migrator.runs.planning import plan_run
from migrator.runs.signing.writing import after_plan
from migrator.runs.target import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.cli.access import Access
    from migrator.cli.moves import Origin
    from migrator.journal import Run
    from migrator.report import Report
    from migrator.runs.inputs import Request
    from migrator.runs.limits import Limit
    from migrator.runs.planning import Planned
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be loaded, where, and what stops it before it writes."""

    request: Request
    target: Target
    limit: Limit | None = None
    nightly: Nightly = field(default_factory=Nightly)


@dataclass(frozen=True, slots=True)
class Writing:
    """How a plan is written: see :func:`migrator.runs.execution.execute`."""

    sample: int | None = None
    take_over: bool = False


@click.command()
@options.source
@click.option("--to", "vendor", help="Check against the live account of this CRM as well.")
@options.vendor_options
@options.max_rejects
@access
@options.as_json
@options.common
def check(  # one per option
    workspace: Workspace,
    request: Request,
    vendor: str | None,
    vendor_options: dict[str, str],
    limit: Limit | None,
    access: Access,
    as_json: bool,
) -> int:
    """Check FILES against TEMPLATE, and against an account when --to names one.

    Nothing is written to the account. TEMPLATE is a file or the name of a shipped one.

    \b
    migrator check pipedrive deals.csv
    migrator check pipedrive deals.csv --to hubspot
    """
    if vendor:
        target = access.to(vendor, vendor_options)
        return _only_planned(workspace, Asked(request, target, limit), as_json=as_json)
    checked = check_files(workspace, request, limit)
    decisions = Decisions(checked.inputs)
    click.echo(
        json.dumps(checked.data() | decisions.data())
        if as_json
        else "\n".join((show.checked(checked), *decisions.lines()))
    )
    return int(checked.rejected > 0)


@click.command()
@options.source
@options.narrowing
@options.to_vendor
@options.vendor_options
@options.road
@options.max_rejects
@nights.nightly
@access
@options.as_json
@options.common
def plan(  # one per option
    workspace: Workspace,
    request: Request,
    vendor: str,
    vendor_options: dict[str, str],
    limit: Limit | None,
    nightly: Nightly,
    access: Access,
    as_json: bool,
) -> int:
    """Say what a run of FILES would create, update and leave, and what it costs.

    The plan is kept: `migrator run --plan RUN` writes exactly that, if nobody changed the account.
    It reads the records again that it changes, and leaves those alone that somebody has changed
    since. An export of migrator needs no TEMPLATE.

    \b
    migrator plan pipedrive deals.csv --to hubspot
    migrator plan exported.csv --to hubspot --update-only --only owner,stage
    """
    target = access.to(vendor, vendor_options)
    return _only_planned(workspace, Asked(request, target, limit, nightly), as_json=as_json)


_WANTED = "Name a TEMPLATE, FILES and --to VENDOR; or --from VENDOR --to VENDOR; or a --plan."


@click.command()
@click.argument("template", required=False, shell_complete=completion.templates)
@click.argument("files", nargs=-1)
@options.read_options
@options.deciding
@options.existing
@options.narrowing
@click.option(
    "--to", "vendor", shell_complete=completion.vendors, help="The CRM; see `migrator vendors`."
)
@options.vendor_options
@options.road
@moves.origin
@click.option("--plan", "plan_id", metavar="RUN", help="Write a plan made before.")
@click.option("--dry-run", is_flag=True, help="Plan only.")
@click.option("--sample", type=click.IntRange(min=1), help="Write only so many, odd ones first.")
@options.max_rejects
@nights.nightly
@click.option("-y", "--yes", is_flag=True, help="Do not ask before writing.")
@click.option(
    "--take-over",
    is_flag=True,
    help="Of a move: also change deals that were there before under the same keys.",
)
@access
@confirm_account
@options.as_json
@options.common
def run(  # one per option
    workspace: Workspace,
    request: Request | None,
    vendor: str | None,
    vendor_options: dict[str, str],
    origin: Origin | None,
    plan_id: str | None,
    dry_run: bool,
    sample: int | None,
    limit: Limit | None,
    nightly: Nightly,
    yes: bool,
    take_over: bool,
    access: Access,
    as_json: bool,
) -> int:
    """Check FILES, plan, ask, and write them to a CRM.

    \b
    migrator run pipedrive deals.csv --to hubspot
    migrator run pipedrive deals.csv --to hubspot --sample 20   then: migrator resume
    migrator run exported.csv --to hubspot --update-only --only owner,stage
    migrator run --from hubspot --to brevo
    migrator run --plan 2026-11-22-1004-k7m2
    migrator run nightly.yaml deals.parquet --to hubspot --yes --json --changed-only

    With --json a line for each batch as its answers are known, and the report as the last line.
    """
    writing = Writing(sample=sample, take_over=take_over)
    if plan_id:
        nights.ensure_none(nightly)
        return _run_plan(workspace, plan_id, access, writing, yes=yes, as_json=as_json)
    if origin and vendor and not request:
        # What else was asked for is not kept: a resume ends with the export then.
        plain = not (dry_run or sample or limit) and nightly == Nightly()
        onward = Onward(vendor, vendor_options, yes, plain)
        request = asyncio.run(moves.fetched(workspace, origin, access, onward))
    if not request or not vendor:
        raise click.UsageError(_WANTED)
    target = access.to(vendor, vendor_options)
    asked = Asked(request, target, limit, nightly)
    if dry_run:
        return _only_planned(workspace, asked, as_json=as_json)
    return _planned_and_written(workspace, asked, writing, yes=yes, as_json=as_json)


def _only_planned(workspace: Workspace, asked: Asked, *, as_json: bool) -> int:
    planned = asyncio.run(_plan(workspace, asked))
    print_plan(planned, as_json=as_json)
    return int(planned.run.settings["rejected"] > 0)


def _planned_and_written(
    workspace: Workspace, asked: Asked, writing: Writing, *, yes: bool, as_json: bool
) -> int:
    ready = partial(_show_and_ask, workspace, target=asked.target, yes=yes, as_json=as_json)
    report = asyncio.run(_plan_and_write(workspace, asked, writing, ready))
    return print_report(report, as_json=as_json)


def _show_and_ask(
    workspace: Workspace, planned: Planned, target: Target, *, yes: bool, as_json: bool
) -> None:
    if not as_json:
        print_plan(planned, as_json=False)
    confirm(workspace, Destination.of(planned.run), target, yes=yes)


@click.command()
@options.run_argument
@access
@confirm_account
@options.as_json
@options.common
def resume(  # one per option
    workspace: Workspace, run_id: str | None, access: Access, as_json: bool
) -> int:
    """Go on with a run that was stopped, killed or sampled; the newest when none is named.

    What was sent without an answer is looked up in the account before anything is sent again.

    \b
    migrator resume
    migrator resume 2026-11-22-1004-k7m2 --wait
    """
    found = workspace.journal.run(run_id)
    if found.state is RunState.PLANNED:
        raise InputError(
            f"Run {found.id} is only planned; `migrator run --plan {found.id}` writes it."
        )
    if EXPORT in found.settings:
        return _go_on_exporting(workspace, found, access, as_json=as_json)
    if "undoes" in found.settings:
        return go_on(workspace, found, access, as_json=as_json)
    target = access.of(found)
    ensure_named(workspace, Destination.of(found), target)
    report = asyncio.run(_write(workspace, found, target, Writing()))
    return print_report(report, as_json=as_json)


def _go_on_exporting(workspace: Workspace, run: Run, access: Access, *, as_json: bool) -> int:
    """Go on with an export, and with what it was made for."""
    onward = onward_of(run)
    if onward is None:
        return export.go_on(workspace, run, access, as_json=as_json)
    request = asyncio.run(moves.fetched_on(workspace, run, access, onward))
    if not onward.plain:
        click.echo(
            "The export is complete. Go on with the options that you had given:\n"
            f"  migrator run {request.template} {request.files[0]} --to {onward.vendor}"
        )
        return 0
    target = access.to(onward.vendor, onward.options)
    asked = Asked(request, target)
    return _planned_and_written(workspace, asked, Writing(), yes=onward.yes, as_json=as_json)


def _run_plan(
    workspace: Workspace,
    plan_id: str,
    access: Access,
    writing: Writing,
    *,
    yes: bool,
    as_json: bool,
) -> int:
    found = workspace.journal.run(plan_id)
    if found.state is not RunState.PLANNED:
        raise InputError(
            f"Run {found.id} is {found.state}, no plan that waits; see `migrator status`."
        )
    target = access.of(found)
    confirm(workspace, Destination.of(found), target, yes=yes)
    report = asyncio.run(_write(workspace, found, target, writing))
    return print_report(report, as_json=as_json)


async def _plan(workspace: Workspace, asked: Asked) -> Planned:
    async with connected(asked.target, workspace) as session:
        planned = await plan_run(
            workspace, asked.request, session, asked.limit, nightly=asked.nightly
        )
        after_plan(workspace, planned.run, session)
        return planned


async def _write(workspace: Workspace, run: Run, target: Target, writing: Writing) -> Report:
    async with connected(target, workspace) as session:
        return await execute(workspace, run, session, **asdict(writing))


async def _plan_and_write(
    workspace: Workspace, asked: Asked, writing: Writing, ready: Callable[[Planned], None]
) -> Report:
    """Plan and write in one session: the account is described once, and ours in between."""
    async with connected(asked.target, workspace) as session:
        planned = await plan_run(
            workspace, asked.request, session, asked.limit, lock=True, nightly=asked.nightly
        )
        try:
            ready(planned)
        except BaseException:  # the plan is kept, and may be written later
            after_plan(workspace, planned.run, session)
            raise
        return await execute(
            workspace, planned.run, session, inputs=planned.inputs, **asdict(writing)
        )


def print_plan(planned: Planned, *, as_json: bool) -> None:
    """What would happen, for a person or a program."""
    decisions = Decisions(planned.inputs, planned.account)
    click.echo(
        json.dumps(show.plan_data(planned) | decisions.data())
        if as_json
        else "\n".join((show.plan(planned), *decisions.lines()))
    )


def print_report(report: Report, *, as_json: bool) -> int:
    """What happened; the exit code that says so."""
    click.echo(nights.summary(report) if as_json else reports.as_text(report))
    if not report.adds_up:
        raise AssertionError(f"the books of run {report.run} do not add up: {report.rows}")
    return int(report.turned_down > 0)
