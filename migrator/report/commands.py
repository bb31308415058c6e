"""The command that goes on with a run, as somebody would type it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from migrator.journal import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migrator.journal import Run

UNWRITTEN = frozenset({RunState.PLANNING, RunState.PLANNED, RunState.PROVISIONING})
"""States in which a run has not sent a record yet."""


def next_command(run: Run) -> str:
    """What goes on with a run that is not at its end; blank for one that is.

    A run that was stopped while it was planned cannot be gone on with: it is started again.
    """
    match run.state:
        case RunState.PLANNING:
            return shlex.join(_again(run))
        case RunState.PLANNED:
            return f"migrator run --plan {run.id}"
        case RunState.PROVISIONING | RunState.RUNNING | RunState.SAMPLED:
            return f"migrator resume {run.id}"
        case _:
            return ""


def _again(run: Run) -> Iterator[str]:
    """The words of the command that had begun a run, as far as its settings know them."""
    settings = run.settings
    request: Mapping[str, Any] = settings["request"]
    if "retry_of" in settings:
        yield from ("migrator", "retry", *request["files"], "--run", settings["retry_of"])
        return
    yield from ("migrator", "run", request["template"], *request["files"], "--to", run.vendor)
    narrow = request.get("narrow")
    if narrow:
        yield "--update-only"
        if narrow["only"]:
            yield from ("--only", ",".join(narrow["only"]))
        yield from ("--match", narrow["match"])
    for name in ("decisions", "existing"):
        if request.get(name):
            yield from (f"--{name}", request[name])
    for name, value in settings.get("vendor_options", {}).items():
        yield from ("--option", f"{name}={value}")
