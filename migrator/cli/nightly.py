"""Options for loads that nobody watches, and how such a load talks to a program."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from migrator import report as reports
from migrator.cli.options import LimitType
from migrator.runs.nightly import Nightly

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.report import Report


def nightly(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is remembered, deleted and guarded; the command gets a ``nightly`` of it."""

    @click.option(
        "--changed-only",
        is_flag=True,
        help="Ask the account about no row that is as an earlier run wrote it.",
    )
    @click.option(
        "--mirror",
        type=LimitType(),
        help="Delete what earlier runs loaded and the files have no more; refused when it is more.",
    )
    @click.option(
        "--guard-min-rows",
        "min_rows",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        help="Write nothing when the files have fewer rows.",
    )
    @click.option(
        "--guard-max-drop",
        "max_drop",
        type=LimitType(),
        help="Write nothing when the files have so many rows fewer than the last time.",
    )
    @click.option(
        "--no-key-field",
        "keyless",
        is_flag=True,
        help="For an account in which none is allowed: only the journal knows what was loaded.",
    )
    @functools.wraps(command)
    def with_nightly(*args: Any, **options: Any) -> Any:
        names = ("changed_only", "mirror", "min_rows", "max_drop", "keyless")
        asked = Nightly(**{name: options.pop(name) for name in names})
        return command(*args, nightly=asked, **options)

    return with_nightly


def ensure_none(asked: Nightly) -> None:
    """Refuse to be asked for something that a plan made before has decided."""
    if asked != Nightly():
        raise click.UsageError(
            "--changed-only, --mirror, --no-key-field and the guards belong to the planning: give "
            "them to `migrator plan`, not to `run --plan`."
        )


def terminal() -> bool:
    """Whether there is somebody to ask: standard input is open, and a terminal."""
    stdin = sys.stdin
    return stdin is not None and not stdin.closed and stdin.isatty()


def summary(report: Report) -> str:
    """The last line for a program: the whole report."""
    return json.dumps({"event": "summary"} | json.loads(reports.as_json(report)))
