"""The ``migrator`` command: a group whose commands are imported when they are called.

polars alone takes longer to import than ``--help`` should take to answer.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from migrator import __version__
from migrator.errors import Interrupted, MigratorError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAULT = 70
"""Exit code of a fault of our own (EX_SOFTWARE): no other code may claim to know the state."""

_SELDOM = (20_000, 20, 50)
"""Thresholds of the collector of reference cycles: rows make none, and its passes through all that
they are made of took a sixth of the time of a plan."""

COMMANDS = {
    "demo": ("migrator.cli.demo", "Load a sample export into a sandbox on this machine."),
    "init": ("migrator.cli.init", "Look at a file and write a template for it."),
    "check": ("migrator.cli.load", "Check a file against its template and the live account."),
    "plan": ("migrator.cli.load", "Say what a run would do, and what it costs."),
    "run": ("migrator.cli.load", "Check, plan and write."),
    "resume": ("migrator.cli.load", "Go on with a run that was stopped."),
    "retry": ("migrator.cli.retry", "Load rows that a run turned down, mended."),
    "export": ("migrator.cli.export", "Write an account's records to a file."),
    "settle": ("migrator.cli.settle", "Tell what became of rows whose answer was lost."),
    "status": ("migrator.cli.look", "List runs, and the command that goes on."),
    "verify": ("migrator.cli.look", "Read the account back and compare."),
    "move-stage": ("migrator.cli.empty", "Move all deals of a stage to another one."),
    "move-tasks": ("migrator.cli.empty", "Give all tasks of a kind another one."),
    "undo": ("migrator.cli.undo", "Take a run back; a dry run without --yes."),
    "report": ("migrator.cli.look", "What became of every row of a run."),
    "sandbox": ("migrator.cli.serve", "Serve a CRM in memory, to rehearse with."),
    "vendors": ("migrator.cli.reference", "List CRMs; describe an account."),
    "templates": ("migrator.cli.reference", "List, show and explain templates."),
    "rules": ("migrator.cli.reference", "List the rules a template can use."),
    "transforms": ("migrator.cli.reference", "List the transforms a template can use."),
    "completion": ("migrator.cli.completion", "Let your shell complete commands and runs."),
}
"""Name -> module that has it, and its line in the list of commands."""


class _LazyGroup(click.Group):
    """Knows its commands by name; imports the module of one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="migrator")
def cli() -> None:
    """Move CRM deals in bulk: nothing lost, nothing twice, every row accounted for.

    \b
    Try it:       migrator demo
    Load a file:  migrator run pipedrive deals.csv --to hubspot

    Exit codes: 0 all rows accounted for · 1 finished, some rows turned down · 2 usage, template or
    input error, nothing written · 3 credentials · 4 stopped, safe to resume · 5 an outcome is
    unknown · 6 locked by another run · 130 interrupted, safe to resume.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit; a user's error is a sentence, anything else its trace."""
    gc.set_threshold(*_SELDOM)
    try:
        colour = False if os.environ.get("NO_COLOR") else None  # None = as the terminal can
        code = cli.main(args=args, prog_name="migrator", standalone_mode=False, color=colour)
    except MigratorError as error:
        click.echo(f"migrator: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("migrator: interrupted; `migrator status` says how to go on.", err=True)
        sys.exit(Interrupted.exit_code)
    except Exception:  # noqa: BLE001 - 1 would say that the run finished
        traceback.print_exc()
        click.echo("migrator: this is a fault of migrator; please report it.", err=True)
        sys.exit(_FAULT)
    sys.exit(code if isinstance(code, int) else 0)
