"""What the command line says of itself: help with examples that hold, and completion."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from migrator.cli.main import COMMANDS, cli
from migrator.journal import open_journal
from tests.pages import parsed
from tests.shell import Shell
from tests.test_journal import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(capsys)


def _commands(
    group: click.Group, context: click.Context, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, context, (*path, name))


ALL = dict(_commands(cli, click.Context(cli)))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_examples_in_help_can_be_typed(words: tuple[str, ...]) -> None:
    """Each command shows an example of itself, and what it shows are commands and options."""
    command = ALL[words]
    with click.Context(command, info_name=f"migrator {' '.join(words)}") as context:
        text = command.get_help(context)
    examples = re.findall(r"^ +migrator ((?:(?!  +| #).)+)", text, re.MULTILINE)
    assert any(shlex.split(one)[: len(words)] == list(words) for one in examples)
    for example in examples:
        parsed(shlex.split(example.partition(" > ")[0]))


def _completed(words: str, **environment: str) -> list[str]:
    """What a shell is offered for the last of the words."""
    asked = {
        "_MIGRATOR_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from migrator.cli.main import main; main()"],
        capture_output=True,
        text=True,
        env=os.environ | asked | environment,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("migrator res", "plain,resume"),
        ("migrator run --to hub", "plain,hubspot"),
        ("migrator run pipe", "plain,pipedrive"),
        ("migrator check pipedrive deals.csv --max", "plain,--max-rejects"),
    ],
)
def test_commands_vendors_templates_and_options_are_completed(words: str, offered: str) -> None:
    """A beginning that only one thing has is completed to it."""
    assert offered in _completed(words)


def test_runs_are_completed_and_no_journal_is_made_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of the journal are offered, the newest first; where there is none, nothing is made."""
    monkeypatch.chdir(tmp_path)
    assert _completed("migrator report ") == []
    assert not list(tmp_path.iterdir())
    journal = open_journal(tmp_path / ".migrator" / "journal.db")
    for run in ("2026-11-21-0900-aaaa", "2026-11-22-0900-bbbb"):
        journal.add_run(dataclasses.replace(RUN, id=run, created_at=f"{run[:10]}T09:00:00+00:00"))
    journal.close()
    assert _completed("migrator report ") == [
        "plain,2026-11-22-0900-bbbb",
        "plain,2026-11-21-0900-aaaa",
    ]
    other = tmp_path / "other.db"
    (tmp_path / ".migrator" / "journal.db").rename(other)
    assert len(_completed(f"migrator report --state {other} 2026-11-22")) == 1


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_shell_gets_lines_that_complete(shell: Shell, name: str) -> None:
    """What is printed names the command and the variable by which it is asked."""
    code, out, _ = shell("completion", name)
    assert code == 0
    assert "_MIGRATOR_COMPLETE" in out
    assert "migrator" in out


def test_the_list_of_commands_names_all(shell: Shell) -> None:
    """No command is hidden from the list, and its line there says what it does."""
    _, out, _ = shell("--help")
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in out
        assert text.split(".")[0].split(";")[0].split(",")[0].split()[0] in out
