"""The command line as a user meets it: exit codes, sentences instead of traces, JSON on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.cli.show import duration
from migrator.runs.target import account_lock, target_from
from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.shell import Shell
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in an empty folder, without any account."""
    monkeypatch.chdir(tmp_path)
    for name in ("HUBSPOT_TOKEN", "HUBSPOT_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("PARK_CONTACTS", "park"))
    (tmp_path / "deals.csv").write_text(deals(30))
    bad = deals(30, title=lambda n: "" if n == 3 else f"Deal {n}")
    (tmp_path / "bad.csv").write_text(bad)
    return Shell(capsys)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotSandbox]:
    """A served sandbox that the environment names."""
    sandbox = HubSpotSandbox(token="secret")
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        yield sandbox


def test_check_says_what_is_wrong_and_where(shell: Shell) -> None:
    """A check names the reason and the rejects file; 0 when all is well, 1 with rejects."""
    code, out, _ = shell("check", "template.yaml", "bad.csv")
    assert code == 1
    assert "required" in out
    assert "rejects.csv" in out
    code, out, _ = shell("check", "template.yaml", "deals.csv", "--json")
    assert code == 0
    assert json.loads(out)["records"] == 30


def test_plan_run_status_report_verify(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """The whole way: plan, write that plan, look at it, read it back."""
    code, out, _ = shell("plan", "template.yaml", "bad.csv", "--to", "hubspot", "--json")
    plan = json.loads(out)
    assert (code, plan["counts"]["create"], plan["rejected"]) == (1, 29, 1)
    assert plan["cost"]["requests"] == 1
    code, out, _ = shell("status")
    assert f"migrator run --plan {plan['run']}" in out
    code, out, err = shell("resume")
    assert code == 2
    assert f"migrator run --plan {plan['run']}" in err
    code, out, _ = shell("run", "--plan", plan["run"], "--yes")
    assert code == 1
    assert "adds up" in out
    assert len(sandbox.records("deals")) == 29
    assert f"next: migrator verify {plan['run']}" in shell("status")[1]
    code, out, _ = shell("verify")
    assert (code, "Nothing left to do" in out) == (0, True)
    code, out, _ = shell("verify", "--json")
    assert json.loads(out)["agrees"] is True
    code, out, _ = shell("report", "--json")
    report = json.loads(out)
    assert report["rows"]["created"] == 29
    assert report["adds_up"] is True
    code, out, _ = shell("report", plan["run"])
    assert "29" in out
    code, out, _ = shell("status", "--json")
    (run,) = json.loads(out)
    assert (run["state"], run["rejected"], run["next"]) == ("finished", 1, "")
    assert run["verified"]
    code, out, _ = shell("status")
    assert "29 written, 1 rejected\n    verified" in out
    assert "next:" not in out
    code, _, err = shell("run", "--plan", plan["run"], "--yes")
    assert code == 2
    assert "no plan that waits" in err


def test_verify_names_what_somebody_changed(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """A value changed behind the run's back is named with ours and theirs; exit 1."""
    assert shell("run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes", "-q")[0] == 0
    environment = os.environ
    record = sandbox.records("deals")[4]
    httpx.patch(
        f"{environment['HUBSPOT_BASE_URL']}/crm/v3/objects/deals/{record['id']}",
        headers={"Authorization": "Bearer secret"},
        json={"properties": {"amount": "1"}},
    ).raise_for_status()
    gone = sandbox.records("deals")[5]
    httpx.delete(
        f"{environment['HUBSPOT_BASE_URL']}/crm/v3/objects/deals/{gone['id']}",
        headers={"Authorization": "Bearer secret"},
    ).raise_for_status()
    code, out, _ = shell("verify")
    assert code == 1
    assert f'{record["migrator_key"]} amount: ours "{record["amount"]}", account "1"' in out
    assert f"1 is missing in the account, such as {gone['migrator_key']}" in out
    assert "DIFFERENT" in out
    assert "verify.csv" in out


def test_writing_unattended_needs_yes(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """Without a terminal and without --yes nothing is written; a dry run never asks."""
    code, _, err = shell("run", "template.yaml", "deals.csv", "--to", "hubspot")
    assert code == 2
    assert "--yes" in err
    code, out, _ = shell("run", "template.yaml", "deals.csv", "--to", "hubspot", "--dry-run")
    assert (code, "create" in out) == (0, True)
    assert sandbox.records("deals") == []
    code, out, _ = shell(
        "run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes", "--json", "--sample", "5"
    )
    assert json.loads(out.splitlines()[-1])["rows"]["created"] == 5
    code, out, _ = shell("status")
    assert "migrator resume" in out
    code, out, _ = shell("resume", "--json")
    assert json.loads(out.splitlines()[-1])["rows"]["created"] == 30


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["check", "template.yaml", "none.csv"], 2, "none.csv"),
        (["check", "none.yaml", "deals.csv"], 2, "none.yaml"),
        (["check", "template.yaml", "empty.csv"], 2, "empty"),
        (["check", "template.yaml", "header.csv"], 2, "header"),
        (["check", "template.yaml", "other.csv"], 2, "id"),
        (["check", "template.yaml", "cut.parquet"], 2, "cut.parquet"),
        (["check", "template.yaml", "picture.png"], 2, "picture.png"),
        (["plan", "template.yaml", "deals.csv", "--to", "hubspo"], 2, 'Did you mean "hubspot"'),
        (["plan", "template.yaml", "deals.csv", "--to", "hubspot"], 3, "HUBSPOT_TOKEN"),
        (["verify"], 2, "none yet"),
        (["run"], 2, "TEMPLATE"),
        (["check", "template.yaml", "deals.csv", "--max-rejects", "few"], 2, "percentage"),
        (["check", "template.yaml", "bad.csv", "--max-rejects", "0"], 2, "--max-rejects 0"),
        (["status", "--state", "mysql://x/y"], 2, "sqlite"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_a_users_error_is_one_clear_sentence(
    shell: Shell, tmp_path: Path, arguments: list[str], code: int, text: str
) -> None:
    """What, where and the way out; never a trace; exit code by what to do about it."""
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("id,title,stage,amount\n")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + b"\0" * 40)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    got, out, err = shell(*arguments)
    assert got == code
    assert text in err
    assert "Traceback" not in out + err


def test_a_wrong_token_ends_with_3(
    shell: Shell, sandbox: HubSpotSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused token is told from everything else."""
    monkeypatch.setenv("HUBSPOT_TOKEN", "s3cr3t")
    code, _, err = shell("plan", "template.yaml", "deals.csv", "--to", "hubspot")
    assert code == 3
    assert "HUBSPOT_TOKEN" in err
    assert "s3cr3t" not in err


def test_a_server_that_is_down_ends_with_4(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is no fault of the file: stopped, safe to go on."""
    with SandboxServer(HubSpotSandbox(token="secret")) as server:
        url = server.url
    monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
    monkeypatch.setenv("HUBSPOT_BASE_URL", url)
    code, _, err = shell("plan", "template.yaml", "deals.csv", "--to", "hubspot", "-q")
    assert code == 4
    assert "resume" in err or "again" in err


def test_vendors_templates_rules_transforms(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """The reference commands list what there is, and describe an account as JSON."""
    assert "HUBSPOT_TOKEN" in shell("vendors")[1]
    account = json.loads(shell("vendors", "describe", "hubspot")[1])
    assert account["pipelines"][0]["label"] == "Sales Pipeline"
    assert "pipedrive" in shell("templates")[1]
    assert "key:" in shell("templates", "show", "pipedrive")[1]
    assert json.loads(shell("templates", "schema")[1])["properties"]["key"]
    assert "max_length" in shell("rules")[1]
    assert "money" in shell("transforms")[1]


def test_describing_an_account_counts_against_its_quota(
    shell: Shell, sandbox: HubSpotSandbox
) -> None:
    """Another process that works on the account meanwhile has only the rest of it."""
    assert shell("vendors", "describe", "hubspot", "--state", "here/journal.db")[0] == 0
    with contextlib.closing(sqlite3.connect("here/quota.db")) as ledger:
        states = [json.loads(row[0]) for row in ledger.execute("SELECT state FROM budgets")]
    assert sum(state["taken"] for state in states) == sum(sandbox.requests.values()) > 0


def test_verbose_shows_requests_without_the_secret(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """--verbose prints one line per request and never the token."""
    code, _, err = shell("plan", "template.yaml", "deals.csv", "--to", "hubspot", "-v")
    assert code == 0
    assert "GET" in err
    assert "pipelines" in err
    assert "secret" not in err


def test_standard_input_is_a_source(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """A pipe can be loaded, and a run that read one can be gone on with."""
    done = subprocess.run(
        [sys.executable, "-m", "migrator", "run", "template.yaml", "-", "--to", "hubspot", "--yes"],
        input=deals(40).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(sandbox.records("deals")) == 40
    code, out, _ = shell("resume")
    assert code == 0
    assert "40" in out


def test_a_sandbox_is_served_until_ctrl_c(tmp_path: Path) -> None:
    """It says how to use it, answers, and ends cleanly; a port in use is told with the way out."""
    command = [sys.executable, "-u", "-m", "migrator", "sandbox", "hubspot", "--port"]
    with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        url = serving.stdout.readline().split(" at ")[1].split()[0]
        assert f"HUBSPOT_BASE_URL={url}" in serving.stdout.readline()
        state = httpx.get(f"{url}/__sandbox__/state").json()
        assert state["records"]["deals"] == 0
        port = url.rsplit(":", 1)[1]
        second = subprocess.run([*command, port], capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"Port {port}" in second.stderr
        assert "--port" in second.stderr
        serving.send_signal(signal.SIGINT)
        assert serving.wait(10) == 0


def test_a_second_run_on_the_account_ends_with_6(shell: Shell, sandbox: HubSpotSandbox) -> None:
    """While another process holds the account, a run is told so and writes nothing."""
    account = json.loads(shell("vendors", "describe", "hubspot")[1])
    target = target_from("hubspot", os.environ)
    command = ["run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes"]
    with account_lock(target, account["id"]):
        done = subprocess.run(
            [sys.executable, "-m", "migrator", *command],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 6, done.stderr
    assert "Another run" in done.stderr
    assert sandbox.records("deals") == []
    assert shell(*command)[0] == 0


@pytest.mark.parametrize("address", ["pat-na1-s3cr3t", "http://localhost:99999", "ftp://u:pw@h"])
def test_a_base_url_that_is_none_is_not_repeated(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """The secret in the wrong variable is a user's error, and is not printed."""
    monkeypatch.setenv("HUBSPOT_TOKEN", "x")
    monkeypatch.setenv("HUBSPOT_BASE_URL", address)
    code, _, err = shell("plan", "template.yaml", "deals.csv", "--to", "hubspot", "-q")
    assert code == 2
    assert "HUBSPOT_BASE_URL" in err
    assert address not in err


def test_a_file_that_is_no_journal_is_told(shell: Shell, tmp_path: Path) -> None:
    """Neither some file nor another program's database is taken for a journal."""
    (tmp_path / "text.db").write_text("hello, this is no database at all" * 100)
    code, _, err = shell("status", "--state", "text.db")
    assert code == 2
    assert "text.db" in err
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE runs (something TEXT)")
    database.close()
    code, _, err = shell("status", "--state", "other.db")
    assert code == 2
    assert "no journal of migrator" in err


def test_a_fault_of_our_own_has_a_code_of_its_own(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 says that a run finished; what we did not foresee must not say so."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("migrator.cli.load.check_files", fail)
    code, _, err = shell("check", "template.yaml", "deals.csv")
    assert code == 70
    assert "ZeroDivisionError" in err


def test_help_is_there_for_every_command(shell: Shell) -> None:
    """``--help`` of every command says what it does, and the list names them all."""
    code, out, _ = shell("--help")
    assert code == 0
    for name in ("demo", "check", "plan", "run", "resume", "status", "verify", "report", "sandbox"):
        assert name in out
        assert "Usage" in shell(name, "--help")[1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 s"), (59, "59 s"), (75, "1 min 15 s"), (9000, "2 h 30 min"), (200_000, "2 d 7 h")],
)
def test_durations_are_said_in_words(seconds: float, words: str) -> None:
    """The plan's estimate reads as a person would say it."""
    assert duration(seconds) == words


def test_vendor_options_are_listed_and_read(shell: Shell) -> None:
    """They are listed with their defaults; one that does not read NAME=VALUE is a usage error."""
    code, out, _ = shell("vendors", "options", "hubspot")
    assert code == 0
    assert "associations [batch]" in out
    code, _, err = shell("run", "maven", "deals.csv", "--to", "hubspot", "--option", "v3")
    assert code == 2
    assert "NAME=VALUE" in err
