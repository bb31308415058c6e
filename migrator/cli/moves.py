"""``--from``: the account that a move comes from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import options
from migrator.runs.moving import fetch, go_on_fetching
from migrator.runs.target import connected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.cli.access import Access
    from migrator.journal import Run
    from migrator.runs.inputs import Request
    from migrator.runs.moving import Onward
    from migrator.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Origin:
    """A CRM that deals come from, with what the user sets about it."""

    vendor: str
    options: Mapping[str, str]


def origin(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--from`` and ``--from-option``; the command gets an ``origin`` of them, None without."""

    @click.option("--from", "from_vendor", help="Move deals from this CRM; no TEMPLATE, no FILES.")
    @click.option(
        "--from-option",
        "from_options",
        multiple=True,
        metavar="NAME=VALUE",
        callback=options.as_mapping,
        help="Of that CRM; may be given several times.",
    )
    @functools.wraps(command)
    def with_origin(
        *args: Any, from_vendor: str | None, from_options: dict[str, str], **rest: Any
    ) -> Any:
        if from_options and not from_vendor:
            raise click.UsageError("--from-option goes with --from.")
        if from_vendor and rest.get("request"):
            raise click.UsageError("--from takes the place of TEMPLATE and FILES.")
        found = Origin(from_vendor, from_options) if from_vendor else None
        return command(*args, origin=found, **rest)

    return with_origin


async def fetched(workspace: Workspace, origin: Origin, access: Access, onward: Onward) -> Request:
    """Export what is to be moved; the request that loads it."""
    async with connected(access.to(origin.vendor, origin.options), workspace) as session:
        return await fetch(workspace, session, onward)


async def fetched_on(workspace: Workspace, run: Run, access: Access) -> Request:
    """The same, going on with an export that was stopped."""
    async with connected(access.of(run), workspace) as session:
        return await go_on_fetching(workspace, run, session)
