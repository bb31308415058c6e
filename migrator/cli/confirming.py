"""The last question before the first write, and what answers it where nobody is to be asked."""

from __future__ import annotations

import functools
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import nightly as nights
from migrator.errors import InputError, Interrupted
from migrator.runs.confirming import ensure_called, is_first, remember

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.cli.access import Access
    from migrator.runs.confirming import Destination
    from migrator.runs.target import Target
    from migrator.runs.workspace import Workspace


def confirm_account(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--confirm-account``; the command's ``access`` knows of it."""

    @click.option(
        "--confirm-account",
        "called",
        metavar="NAME",
        help="Write only if the account has this name or id. Wanted where nobody can be asked, "
        "before anything is written to an account for the first time.",
    )
    @functools.wraps(command)
    def with_name(*args: Any, called: str | None, access: Access, **options: Any) -> Any:
        return command(*args, access=replace(access, called=called), **options)

    return with_name


def confirm(workspace: Workspace, destination: Destination, target: Target, *, yes: bool) -> None:
    """Ask before a write; unattended, options have to say so.

    Raises:
        InputError: nobody can be asked, or another account is meant.
        Interrupted: the answer is no.
    """
    first = is_first(workspace.journal, target, destination)
    if not (_named(destination, target, first=first) or yes):
        _ask(destination, target)
    if first:
        remember(workspace.journal, destination)


def ensure_named(workspace: Workspace, destination: Destination, target: Target) -> None:
    """Have the account named before the first write into it, where nothing else is asked.

    Raises:
        InputError: nobody can be asked, or another account is meant.
    """
    first = is_first(workspace.journal, target, destination)
    _named(destination, target, first=first)
    if first:
        remember(workspace.journal, destination)


def _ask(destination: Destination, target: Target) -> None:
    """The last question. What was answered before is kept only after this one."""
    if not nights.terminal():
        raise InputError("Nothing was written: there is no terminal to ask on. Add --yes to write.")
    title = target.product.title
    if not click.confirm(f"Write to {title} account {destination.text}?", err=True):
        raise Interrupted("Nothing was written; the plan is kept.")


def _named(destination: Destination, target: Target, *, first: bool) -> bool:
    """Hold the account against its name, given or typed; whether somebody typed it just now."""
    given = target.called
    if given is not None:
        ensure_called(destination, given)
    elif first:
        ensure_called(destination, _typed(destination, target))
    return first and given is None


def _typed(destination: Destination, target: Target) -> str:
    where = f"{target.product.title} account {destination.text}"
    if not nights.terminal():
        raise InputError(
            f"Nothing was written: from this folder nothing was ever written to {where}, and there "
            "is no terminal to ask on whether that is the one you mean. If it is, add "
            f"--confirm-account {shlex.quote(destination.name)} (besides --yes, where there is "
            "such an option)."
        )
    click.echo(f"From this folder nothing was ever written to {where}.", err=True)
    question = f'Type its name to write there ("{destination.name}")'
    answer: str = click.prompt(question, default="", show_default=False, err=True)
    return answer
