"""``--from``: the account that a move comes from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import options
from migrator.errors import InputError
from migrator.model import ObjectType
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
    """Export what is to be moved; the request that loads it.

    Both accounts are asked something before the first page: a secret that is wrong shows now, and
    not after hours of reading.

    Raises:
        InputError: both are one account.
        Unauthorized: one of the secrets is missing or wrong.
    """
    if origin.vendor == onward.vendor:
        raise InputError(
            f"--from and --to are one account of {origin.vendor}: there is one secret for each "
            "CRM. Export it, set the other account's secret, and load the file."
        )
    await _ensure_reachable(workspace, access, onward)
    async with connected(access.to(origin.vendor, origin.options), workspace) as session:
        return await fetch(workspace, session, onward)


async def fetched_on(workspace: Workspace, run: Run, access: Access, onward: Onward) -> Request:
    """The same, going on with an export that was stopped."""
    await _ensure_reachable(workspace, access, onward)
    async with connected(access.of(run), workspace) as session:
        return await go_on_fetching(workspace, run, session, onward)


async def _ensure_reachable(workspace: Workspace, access: Access, onward: Onward) -> None:
    """Ask the target the cheapest thing there is."""
    async with connected(access.to(onward.vendor, onward.options), workspace) as session:
        await session.vendor.count(ObjectType.DEALS)
