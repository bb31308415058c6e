"""``retry``: load rows that a run turned down, once they are mended."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from migrator.cli import options
from migrator.cli.access import access
from migrator.cli.confirming import confirm, confirm_account
from migrator.cli.load import print_plan, print_report
from migrator.files import ReadOptions
from migrator.runs.confirming import Destination
from migrator.runs.execution import execute
from migrator.runs.retry.retrying import open_retry, plan_retry
from migrator.runs.retry.returned import Asked
from migrator.runs.signing.writing import after_plan
from migrator.runs.target import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.cli.access import Access
    from migrator.report import Report
    from migrator.runs.limits import Limit
    from migrator.runs.planning import Planned
    from migrator.runs.retry.returned import Returned
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace


@click.command()
@click.argument("rejects", metavar="REJECTS")
@click.option("--run", "run_id", metavar="RUN", help="The run, if the file's _run is not to say.")
@click.option("--template", help="Another template than the run's.")
@click.option("--delimiter", help="What separates cells; 'tab' for a tab.")
@click.option("--encoding", help="Such as utf-8, cp1252 or utf-16.")
@click.option("--sheet", help="Worksheet of an XLSX file.")
@click.option("--dry-run", is_flag=True, help="Plan only.")
@options.max_rejects
@click.option("-y", "--yes", is_flag=True, help="Do not ask before writing.")
@access
@confirm_account
@options.as_json
@options.common
def retry(  # one per option
    workspace: Workspace,
    rejects: str,
    run_id: str | None,
    template: str | None,
    delimiter: str | None,
    encoding: str | None,
    sheet: str | None,
    dry_run: bool,
    limit: Limit | None,
    yes: bool,
    access: Access,
    as_json: bool,
) -> int:
    """Load the rows of REJECTS again, a rejects.csv of a run that was mended in a spreadsheet.

    Only these rows are loaded, and they count in the books of their run. Rows that were taken out
    of the file stay as they were. A retry that was stopped goes on with `migrator resume`.

    \b
    migrator retry .migrator/runs/2026-11-22-1004-k7m2/rejects.csv
    migrator retry mended.xlsx --template corrected.yaml --dry-run
    """
    read = ReadOptions(
        delimiter="\t" if delimiter in {"tab", r"\t"} else delimiter,
        encoding=encoding,
        sheet=sheet,
    )
    stdin = sys.stdin.buffer if rejects == "-" else None
    returned = open_retry(workspace, Asked(rejects, run_id, template, read, stdin))
    target = access.of(returned.run)

    def ready(planned: Planned) -> None:
        if not as_json:
            print_plan(planned, as_json=False)
        confirm(workspace, Destination.of(planned.run), target, yes=yes)

    if dry_run:
        planned = asyncio.run(_plan(workspace, returned, target, limit))
        print_plan(planned, as_json=as_json)
        return int(planned.run.settings["rejected"] > 0)
    report = asyncio.run(_plan_and_write(workspace, returned, target, limit, ready))
    return print_report(report, as_json=as_json)


async def _plan(
    workspace: Workspace, returned: Returned, target: Target, limit: Limit | None
) -> Planned:
    async with connected(target, workspace) as session:
        planned = await plan_retry(workspace, returned, session, limit)
        after_plan(workspace, planned.run, session)
        return planned


async def _plan_and_write(
    workspace: Workspace,
    returned: Returned,
    target: Target,
    limit: Limit | None,
    ready: Callable[[Planned], None],
) -> Report:
    async with connected(target, workspace) as session:
        planned = await plan_retry(workspace, returned, session, limit, lock=True)
        ready(planned)
        return await execute(workspace, planned.run, session, inputs=planned.inputs)
