"""``move-stage``, ``move-tasks``: the requests by which a CRM changes many records at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from migrator.cli import options
from migrator.cli.access import access
from migrator.cli.confirming import confirm, confirm_account
from migrator.cli.load import print_plan, print_report
from migrator.runs import emptying
from migrator.runs.confirming import Destination
from migrator.runs.target import connected

if TYPE_CHECKING:
    from migrator.cli.access import Access
    from migrator.report import Report
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace

_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask before writing.")


@click.command("move-stage")
@click.argument("vendor")
@click.option("--pipeline", required=True, help="Its name, or its id.")
@click.option("--stage", required=True, help="The stage to empty.")
@click.option("--to", required=True, help="The stage of the same pipeline that all go to.")
@options.vendor_options
@_yes
@access
@confirm_account
@options.as_json
@options.common
def move_stage(  # one per option
    workspace: Workspace,
    vendor: str,
    pipeline: str,
    stage: str,
    to: str,
    vendor_options: dict[str, str],
    yes: bool,
    access: Access,
    as_json: bool,
) -> int:
    """Move all deals of a stage to another one, by the one request that the CRM has for it.

    Which deals they are is written down first: `migrator verify` and `migrator undo` know them.

    \b
    migrator move-stage activecampaign --pipeline Sales --stage Talks --to "In Contact"
    """
    target = access.to(vendor, vendor_options)
    asked = emptying.Emptying(pipeline, stage, to)
    report = asyncio.run(_empty(workspace, target, asked, yes=yes, as_json=as_json))
    return print_report(report, as_json=as_json)


async def _empty(
    workspace: Workspace, target: Target, asked: emptying.Emptying, *, yes: bool, as_json: bool
) -> Report:
    async with connected(target, workspace) as session:
        planned = await emptying.plan_emptying(workspace, session, asked)
        if not as_json:
            print_plan(planned, as_json=False)
        confirm(workspace, Destination.of(planned.run), target, yes=yes)
        return await emptying.empty(workspace, session, planned)


@click.command("move-tasks")
@click.argument("vendor")
@click.option("--kind", required=True, help="The kind that the tasks have.")
@click.option("--to", required=True, help="The kind that they are to have.")
@options.vendor_options
@_yes
@access
@confirm_account
@options.common
def move_tasks(  # one per option
    workspace: Workspace,
    vendor: str,
    kind: str,
    to: str,
    vendor_options: dict[str, str],
    yes: bool,
    access: Access,
) -> None:
    """Give all tasks of a kind another kind, by the one request that the CRM has for it.

    Which tasks they are is written to a file first; there is no undo for it.

    \b
    migrator move-tasks activecampaign --kind Call --to "Phone call"
    """
    target = access.to(vendor, vendor_options)
    asyncio.run(_move_tasks(workspace, target, kind, to, yes=yes))


async def _move_tasks(
    workspace: Workspace, target: Target, kind: str, to: str, *, yes: bool
) -> None:
    async with connected(target, workspace) as session:
        kinds = await emptying.find_tasks(workspace, session, kind, to)
        click.echo(f"{kinds.count:,} tasks are of the kind {kinds.old[1]}; listed in {kinds.file}")
        if kinds.count:
            account = await session.account(())
            confirm(workspace, Destination.among(account), target, yes=yes)
            await emptying.move_tasks(session, kinds)
            click.echo(f"They are of the kind {kinds.new[1]} now.")
