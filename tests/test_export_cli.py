"""Exports, moves and cleanups on the command line: what is said, and the exit codes."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import polars as pl
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
"""These sandboxes show at once what was written, and here time is real."""


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in a folder with a template and a file of deals."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    columns = {"contact": lambda n: f"p{n % 3}@example.com", "stage": lambda _: "Due"}
    (tmp_path / "deals.csv").write_text(deals(4, **columns), encoding="utf-8")
    return Shell(capsys)


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A served sandbox of each CRM, which the environment names."""
    found: dict[str, Any] = {}
    with ExitStack() as servers:
        for vendor, options in OPTIONS.items():
            made = product(vendor)
            quick = {} if vendor == "hubspot" else {"limits": False}
            found[vendor] = made.sandbox(token="secret", **options, **quick)
            server = servers.enter_context(SandboxServer(found[vendor]))
            monkeypatch.setenv(made.token_env, "secret")
            monkeypatch.setenv(made.base_url_env, server.url)
        yield found


def test_export_says_what_it_has(shell: Shell, accounts: dict[str, Any], tmp_path: Path) -> None:
    """The number of rows beside the account's own; JSON for programs; what to do with it next."""
    assert shell("run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes")[0] == 0
    code, out, _ = shell("export", "hubspot", "deals", "--to", "out.parquet")
    assert code == 0
    assert "4 deals in" in out
    assert "The account says 4." in out
    code, out, _ = shell("export", "hubspot", "contacts", "--to", "people.csv", "--json")
    assert (code, json.loads(out)["rows"]) == (0, 3)
    code, out, _ = shell("status")
    assert "contacts of hubspot ->" in out
    run = json.loads(shell("status", "--json")[1])[-1]["run"]
    for command in ("verify", "undo", "report", "settle"):
        code, _, err = shell(command, run)
        assert (code, "is an export" in err) == (2, True), command
    code, _, err = shell("resume")
    assert (code, "is complete" in err) == (2, True)
    code, _, err = shell("export", "hubspot", "deals", "--to", "out.xlsx")
    assert (code, ".parquet, .csv, .ndjson" in err) == (2, True)
    code, out, _ = shell("export", "hubspot", "deals", "--to", "no.csv", "--since", "2999-01-01")
    assert (code, "0 deals in" in out) == (0, True)
    assert shell("export", "hubspot", "deals", "--to", "no.csv", "--since", "soon")[0] == 2
    assert len(accounts["hubspot"].records("deals")) == pl.read_parquet("out.parquet").height


def test_a_cleanup_needs_no_template(shell: Shell, accounts: dict[str, Any]) -> None:
    """Plan shows each field before and after, run writes it, and nothing else is touched."""
    shell("run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes")
    shell("export", "hubspot", "deals", "--to", "out.csv")
    frame = pl.read_csv("out.csv", infer_schema=False)
    stage = pl.when(pl.col("key") == "k3").then(pl.lit("Talks")).otherwise("stage")
    frame.with_columns(stage=stage, name=pl.lit("x")).write_csv("out.csv")
    narrow = ("out.csv", "--to", "hubspot", "--update-only", "--only", "stage")
    code, out, _ = shell("plan", *narrow)
    assert code == 0
    assert "stage: Due -> Talks" in out
    assert "cost: 1 request" in out
    assert shell("run", *narrow, "--yes")[0] == 0
    names = [deal["dealname"] for deal in accounts["hubspot"].records("deals")]
    assert sorted(names) == sorted(f"Deal {n}" for n in range(1, 5))
    code, _, err = shell("plan", "out.csv", "--to", "hubspot", "--only", "stage")
    assert (code, "go with --update-only" in err) == (2, True)


def test_a_move_in_one_go(shell: Shell, accounts: dict[str, Any], tmp_path: Path) -> None:
    """--from exports, makes a template, and loads; a dry run writes nothing."""
    shell("run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes")
    move = ("run", "--from", "hubspot", "--to", "activecampaign", *NO_LAG)
    code, out, _ = shell(*move, "--dry-run")
    assert code == 0
    assert "Attachments, e-mails" in out
    assert accounts["activecampaign"].records("deals") == []
    run = json.loads(shell("status", "--json")[1])[-2]["run"]
    code, out, _ = shell("resume", run)  # as after a kill: what else was asked for is not known
    assert (code, "Go on with the options" in out) == (0, True)
    assert accounts["activecampaign"].records("deals") == []
    code, out, _ = shell(*move, "--yes")
    assert code == 0, out
    assert len(accounts["activecampaign"].records("deals")) == 4
    assert list(tmp_path.glob(".migrator/runs/*/move.yaml"))
    code, out, _ = shell(*move, "--yes", "--json")
    assert json.loads(out.splitlines()[-1])["rows"]["created"] == 0
    for wrong in (
        ("--from", "hubspot"),
        ("deals.csv", "--from", "hubspot", "--to", "brevo"),
        ("deals.csv", "--from-option", "a=b", "--to", "brevo"),
        ("--from", "hubspot", "--to", "brevo", "--update-only", "--only", "owner"),
        ("out.csv", "--to", "hubspot", "--update-only", "--mirror", "100%"),
        ("out.csv", "--to", "hubspot", "--update-only", "--no-key-field"),
    ):
        assert shell("run", *wrong)[0] == 2


def test_one_request_for_all(shell: Shell, accounts: dict[str, Any]) -> None:
    """move-stage asks before it writes, and so does move-tasks."""
    shell("run", "template.yaml", "deals.csv", "--to", "activecampaign", "--yes", *NO_LAG)
    asked = ("activecampaign", *NO_LAG, "--pipeline", "Renewals", "--stage", "Due", "--to", "Talks")
    code, out, err = shell("move-stage", *asked)
    assert (code, "Add --yes" in err) == (2, True)
    assert "stage: Due -> Talks" in out
    code, out, _ = shell("move-stage", *asked, "--yes", "--json")
    assert (code, json.loads(out.splitlines()[-1])["rows"]["updated"]) == (0, 4)
    code, out, _ = shell("verify")
    assert (code, "Nothing left to do" in out) == (0, True)
    code, _, err = shell("move-stage", *asked, "--yes")
    assert (code, "no deal in the stage" in err) == (2, True)
    code, out, _ = shell("move-tasks", "activecampaign", "--kind", "Call", "--to", "Email", "--yes")
    assert (code, "0 tasks are of the kind" in out) == (0, True)


def test_the_road_may_be_chosen(shell: Shell, accounts: dict[str, Any]) -> None:
    """--via is an option of the CRMs that have two roads; the others say that they have not."""
    code, _, err = shell("plan", "template.yaml", "deals.csv", "--to", "hubspot", "--via", "batch")
    assert code == 0, err
    code, _, err = shell("plan", "template.yaml", "deals.csv", "--to", "brevo", "--via", "batch")
    assert (code, 'no option "via"' in err) == (2, True)


def test_a_demo_names_two(shell: Shell) -> None:
    """A move from a CRM to itself is no move."""
    code, _, err = shell("demo", "--from", "brevo", "--to", "brevo")
    assert (code, "the same CRM" in err) == (2, True)
