"""``completion``: what a shell needs to complete commands, CRMs, templates and runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from migrator.vendors import registry

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_MIGRATOR_COMPLETE"
"""By this variable a shell asks, as click names it."""

_WAYS = {
    "bash": "migrator completion bash > ~/.local/share/bash-completion/completions/migrator",
    "zsh": "migrator completion zsh > a folder of your $fpath, as _migrator",
    "fish": "migrator completion fish > ~/.config/fish/completions/migrator.fish",
}


@click.command(
    epilog="\b\n" + "\n".join(_WAYS.values()),
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the lines that let a shell complete commands, options, CRMs, templates and runs.

    Put them where your shell looks for them, and open a new one.
    """
    kind = get_completion_class(shell)
    if kind is None:  # a shell that click has given up
        raise click.UsageError(f"There is no completion for {shell}.")
    group = context.find_root().command
    click.echo(kind(group, {}, "migrator", _VARIABLE).source())


def vendors(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """CRMs that begin so."""
    return _those(incomplete, ((name, registry.product(name).title) for name in registry.names()))


def templates(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Shipped templates that begin so, and files."""
    from migrator.template import shipped  # reads every template

    return [*_those(incomplete, shipped().items()), CompletionItem(incomplete, type="file")]


def runs(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Runs of the journal that begin so, the newest first; none when there is no journal yet."""
    from migrator.journal import open_journal  # nothing but this needs it
    from migrator.runs.workspace import DEFAULT

    place = context.params.get("state") or str(DEFAULT)
    if "://" not in place and not Path(place).is_file():
        return []  # to complete a word must not make a journal
    journal = open_journal(place)
    try:
        found = [(run.id, f"{run.state.value}, {run.template}") for run in journal.runs()]
    finally:
        journal.close()
    return _those(incomplete, reversed(found))


def _those(incomplete: str, items: Iterable[tuple[str, str]]) -> list[CompletionItem]:
    return [CompletionItem(name, help=text) for name, text in items if name.startswith(incomplete)]
