"""Moves on the command line: what is asked before the first page, and before the first write."""

from __future__ import annotations

import io
import json
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors.registry import product
from tests.exports import OPTIONS, TEMPLATE
from tests.shell import Shell
from tests.support import deals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_LAG = ("--option", "list_lag=0")


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Two served sandboxes, which the environment names."""
    found: dict[str, Any] = {}
    with ExitStack() as servers:
        for vendor in ("hubspot", "activecampaign"):
            made = product(vendor)
            quick = {} if vendor == "hubspot" else {"limits": False}
            found[vendor] = made.sandbox(token="secret", **OPTIONS[vendor], **quick)
            server = servers.enter_context(SandboxServer(found[vendor]))
            monkeypatch.setenv(made.token_env, "secret")
            monkeypatch.setenv(made.base_url_env, server.url)
        yield found


@pytest.fixture
def shell(
    tmp_path: Path,
    accounts: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """A shell in a folder with a template and a file of deals, which the first account has."""
    assert accounts
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    columns = {"contact": lambda n: f"p{n % 3}@example.com", "stage": lambda _: "Due"}
    (tmp_path / "deals.csv").write_text(deals(4, **columns), encoding="utf-8")
    found = Shell(capsys)
    code, out, err = found("run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes")
    assert code == 0, out + err
    return found


def exports(shell: Shell) -> list[str]:
    """States of the exports that were begun."""
    runs = json.loads(shell("status", "--json")[1])
    return [run["state"] for run in runs if run["template"] == "export"]


def test_both_secrets_before_the_first_page(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target whose secret is missing or wrong is told before anything is exported."""
    move = ("run", "--from", "hubspot", "--to", "activecampaign", *NO_LAG, "--yes")
    name = product("activecampaign").token_env
    monkeypatch.setenv(name, "wrong")
    assert shell(*move)[0] == 3
    monkeypatch.delenv(name)
    code, _, err = shell(*move)
    assert (code, name in err) == (3, True)
    assert exports(shell) == []
    monkeypatch.setenv(name, "secret")
    monkeypatch.setenv(product("hubspot").token_env, "wrong")
    assert shell(*move)[0] == 3
    assert exports(shell) == []
    code, _, err = shell("run", "--from", "hubspot", "--to", "hubspot", "--yes")
    assert (code, "are one account of hubspot" in err) == (2, True)


def test_deals_of_others_on_the_command_line(
    shell: Shell, accounts: dict[str, Any], tmp_path: Path
) -> None:
    """--yes alone changes no deals that were there before; --take-over does, of the kept plan."""

    def names() -> list[str]:
        return [deal["dealname"] for deal in accounts["hubspot"].records("deals")]

    before = names()
    moved = "record,key,name,pipeline,stage\nbrevo/a/deals/7,k2,Another,Renewals,Due\n"
    (tmp_path / "moved.csv").write_text(moved, encoding="utf-8")
    plan = json.loads(shell("plan", "moved.csv", "--to", "hubspot", "--json")[1].splitlines()[-1])
    assert plan["strangers"] == 1
    assert any("with the same key" in line for line in plan["remarks"])
    code, out, err = shell("run", "moved.csv", "--to", "hubspot", "--yes")
    assert (code, "with --take-over only" in " ".join(out.split())) == (2, True)
    assert names() == before
    run = json.loads(shell("status", "--json")[1])[-1]["run"]
    assert f"migrator run --plan {run} --take-over" in err
    assert shell("run", "--plan", run, "--take-over", "--yes")[0] == 0
    assert sorted(names()) == sorted(["Another" if name == "Deal 2" else name for name in before])


def test_an_export_overwrites_nothing(shell: Shell, tmp_path: Path) -> None:
    """A file that is there stays, unless --force or a person says otherwise."""
    asked = ("export", "hubspot", "deals", "--to", "out.csv")
    (tmp_path / "out.csv").write_text("precious", encoding="utf-8")
    code, _, err = shell(*asked)
    assert (code, "add --force" in " ".join(err.split())) == (2, True)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "precious"
    assert exports(shell) == []
    assert shell(*asked, "--force")[0] == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").count("\n") == 5


@pytest.mark.parametrize("answer", ["n", "y"])
def test_an_export_asks_on_a_terminal(
    answer: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a person decides."""
    (tmp_path / "out.csv").write_text("precious", encoding="utf-8")
    typed = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    code, _, err = shell("export", "hubspot", "deals", "--to", "out.csv")
    assert code == (0 if answer == "y" else 130)
    kept = (tmp_path / "out.csv").read_text(encoding="utf-8") == "precious"
    assert kept == (answer == "n")
    assert "Write over it?" in err
