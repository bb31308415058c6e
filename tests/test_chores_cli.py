"""``migrator vendors do``: what there is, what is asked, and what happens then."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from migrator.runs.target import account_lock, target_from
from migrator.sandbox import SandboxServer
from migrator.vendors.registry import names, product
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HAS_SOME = "activecampaign"
HAS_NONE = tuple(name for name in names() if not product(name).chores)
DO = ("vendors", "do", HAS_SOME)
CREATE = (*DO, "create-task-type", "Fax")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in an empty folder, with no terminal and no account."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for name in names():
        monkeypatch.delenv(product(name).token_env, raising=False)
        monkeypatch.delenv(product(name).base_url_env, raising=False)
    return Shell(capsys)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The variables that name a served account."""
    made = product(HAS_SOME)
    sandbox: Any = made.sandbox(token="secret", limits=False)
    with SandboxServer(sandbox) as server:
        found = {made.token_env: "secret", made.base_url_env: server.url}
        for name, value in found.items():
            monkeypatch.setenv(name, value)
        yield found


class Terminal(io.StringIO):
    """A person at the keyboard."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def kinds(shell: Shell) -> str:
    """The kinds of task that the account has, as a refusal lists them."""
    code, _, err = shell(*DO, "retire-task-type", "no such kind", "--yes")
    assert code == 2
    return err.rpartition("There are: ")[2]


def test_chores_are_listed_without_an_account(shell: Shell) -> None:
    """Each with its arguments and its help; those that only look are marked."""
    code, out, _ = shell(*DO)
    assert code == 0
    lines = out.splitlines()
    for name, chore in product(HAS_SOME).chores.items():
        at = lines.index(" ".join((name, *chore.arguments)))
        assert lines[at + 1].startswith(f"    {chore.help}")
        assert lines[at + 1].endswith(" Changes nothing.") != chore.writes


@pytest.mark.parametrize("vendor", HAS_NONE)
def test_who_has_none_says_so(shell: Shell, vendor: str) -> None:
    """Whether a chore is named or not, there is none."""
    for more in ((), ("delete-field", "Tier")):
        code, _, err = shell("vendors", "do", vendor, *more)
        assert (code, f"no chores in {product(vendor).title}" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("delete-feild", "Tier"), 2, 'Did you mean "delete-field"'),
        (("delete-field",), 2, "delete-field FIELD"),
        (("delete-field", "Tier"), 2, "Add --yes"),
        (("delete-field", "Tier", "--yes"), 3, "_TOKEN"),
        (("imports",), 3, "_TOKEN"),
    ],
)
def test_mistakes_are_told_first(
    shell: Shell, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    """Before an account is needed at all."""
    found, out, err = shell(*DO, *arguments)
    assert (found, out, expected in err) == (code, "", True)


def test_a_chore_that_writes_asks_first(
    shell: Shell, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without consent nothing is changed; with it, or with --yes, it is done and told."""
    assert shell(*CREATE)[0] == 2
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    code, out, err = shell(*CREATE)
    assert (code, out) == (130, "")
    assert 'create-task-type "Fax": Create a task type' in err
    assert "There is no undo" in err
    assert "Nothing was changed" in err
    assert "Fax" not in kinds(shell)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    code, out, _ = shell(*CREATE)
    assert (code, 'The task type "Fax" is created' in out) == (0, True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, out, _ = shell(*DO, "create-task-type", "Skype", "--yes")
    assert code == 0
    assert all(kind in kinds(shell) for kind in ("Fax", "Skype"))


def test_a_chore_that_looks_asks_nothing(shell: Shell, environment: Mapping[str, str]) -> None:
    """It needs neither consent nor a terminal."""
    code, out, _ = shell(*DO, "imports", "-q")
    assert (code, out) == (0, "No import of contacts is under way.\n")


def test_a_chore_waits_for_nobody(shell: Shell, environment: Mapping[str, str]) -> None:
    """While a run writes to the account, nothing else there is changed."""
    target = target_from(HAS_SOME, environment)
    account = json.loads(shell("vendors", "describe", HAS_SOME)[1])["id"]
    with account_lock(target, account):
        code, out, err = shell(*CREATE, "--yes")
    assert (code, out) == (6, "")
    assert "Another run is writing" in err
    assert "Fax" not in kinds(shell)
