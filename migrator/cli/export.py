"""``export``."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import options
from migrator.cli.access import access
from migrator.cli.nightly import terminal
from migrator.errors import InputError, Interrupted
from migrator.model import ObjectType
from migrator.report import wrapped
from migrator.runs import exporting
from migrator.runs.exporting import Exported, Wanted
from migrator.runs.target import connected

if TYPE_CHECKING:
    from migrator.cli.access import Access
    from migrator.journal import Run
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace


class Instant(click.ParamType[datetime]):
    """``2026-11-21`` or ``2026-11-21T18:00:00Z``; without a zone it is UTC."""

    name = "DATE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read an instant."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date; write it as in 2026-11-21", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command()
@click.argument("vendor")
@click.argument("what", type=click.Choice([type.value for type in ObjectType]))
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file: .parquet, .csv or .ndjson.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--since", type=Instant(), help="Only what was changed since then.")
@options.vendor_options
@access
@options.as_json
@options.common
def export(  # one per option
    workspace: Workspace,
    vendor: str,
    what: str,
    target: Path,
    force: bool,
    since: datetime | None,
    vendor_options: dict[str, str],
    access: Access,
    as_json: bool,
) -> int:
    """Write all records of an account to a file, which `migrator run migrator FILE` loads.

    What is read is kept page by page: `migrator resume` goes on with an export that was stopped.
    The number of records is compared with what the account itself says.

    \b
    migrator export hubspot deals --to deals.parquet
    migrator export hubspot deals --to changed.csv --since 2026-11-21
    """
    account = access.to(vendor, vendor_options)
    if not force:
        _ensure_free(target)
    wanted = Wanted(ObjectType(what), target, since)
    return told(asyncio.run(_export(workspace, account, wanted)), as_json=as_json)


def _ensure_free(target: Path) -> None:
    """Ask before a file is lost; unattended, ``--force`` has to say so."""
    if not target.exists():
        return
    if not terminal():
        raise InputError(
            f"{target} is there already. Nothing was read; name another file, or add --force to "
            "write over it."
        )
    if not click.confirm(f"{target} is there already. Write over it?", err=True):
        raise Interrupted("Nothing was read.")


def go_on(workspace: Workspace, run: Run, access: Access, *, as_json: bool) -> int:
    """Go on with an export that was stopped."""
    return told(asyncio.run(_go_on(workspace, run, access.of(run))), as_json=as_json)


async def _export(workspace: Workspace, target: Target, wanted: Wanted) -> Exported:
    async with connected(target, workspace) as session:
        return await exporting.export(workspace, session, wanted)


async def _go_on(workspace: Workspace, run: Run, target: Target) -> Exported:
    async with connected(target, workspace) as session:
        return await exporting.go_on(workspace, run, session)


def told(result: Exported, *, as_json: bool) -> int:
    """What was exported."""
    click.echo(json.dumps(result.data()) if as_json else text(result))
    return 0


def text(result: Exported) -> str:
    """An export for people."""
    lines = [f"Export {result.run}: {result.rows:,} {result.type} in {result.to}", ""]
    if result.counted is None:
        lines.append("  The account does not say how many it holds, so they were not counted.")
    else:
        lines.append(f"  The account says {result.counted:,}.")
    remarks = [
        (result.hidden, "are counted by the account but not shown to this user"),
        (result.created, "were created while the export ran; they are in the file"),
        (result.deleted, "were deleted while it ran; they are not in the file"),
        (
            result.moving,
            "came or went while the account was read last; nobody can count it while it changes",
        ),
        *(
            (n, f"linked {type} have no name; the file has their ids")
            for type, n in result.nameless.items()
        ),
    ]
    lines += [f"  {n:,} {what}." for n, what in remarks if n]
    return "\n".join(line for one in lines for line in (wrapped(one) if one else [""]))
