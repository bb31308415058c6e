"""Commands in a crontab: nobody is asked, a program reads along, and the options mean something."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from migrator.cli.nightly import terminal
from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.shell import Shell
from tests.support import deals
from tests.test_nightly import SIMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotSandbox]:
    """A served sandbox that the environment names, and a folder with a feed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feed.yaml").write_text(SIMPLE, encoding="utf-8")
    (tmp_path / "deals.csv").write_text(deals(250), encoding="utf-8")
    sandbox = HubSpotSandbox(token="secret")
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        yield sandbox


@pytest.fixture
def shell(sandbox: HubSpotSandbox, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell beside the sandbox."""
    return Shell(capsys)


RUN = ("run", "feed.yaml", "deals.csv", "--to", "hubspot")


def events(out: str) -> list[dict[str, Any]]:
    """What a program reads: every line of standard output is an object."""
    return [json.loads(line) for line in out.splitlines()]


def ensure_told(found: Sequence[dict[str, Any]], rows: int) -> dict[str, Any]:
    """Batches that add up to all rows, then the summary and nothing else."""
    *batches, summary = found
    assert {one["event"] for one in batches} == {"batch"}
    assert sum(one["rows"] for one in batches) == rows
    so_far = 0
    for one in batches:
        so_far += one["rows"]
        assert one["written"] + one["refused"] + one["parked"] == so_far
        assert one["left"] == rows - so_far
    assert [one["at"] for one in batches] == sorted(one["at"] for one in batches)
    assert summary["event"] == "summary"
    return dict(summary)


def test_a_program_reads_a_line_for_each_batch_and_a_summary(shell: Shell) -> None:
    """``run``, ``resume``, ``undo`` tell of each durable batch, and end with the whole story."""
    code, out, _ = shell(*RUN, "--yes", "--json", "--sample", "20")
    summary = ensure_told(events(out), 20)
    assert (code, summary["rows"]["created"], summary["adds_up"]) == (0, 20, True)
    code, out, _ = shell("resume", "--json")
    assert ensure_told(events(out), 230)["rows"]["created"] == 250
    assert len(events(out)) == 4  # three batches of a hundred at most
    code, out, _ = shell("undo", summary["run"], "--yes", "--json")
    undone = ensure_told(events(out), 250)
    assert (code, undone["ops"]["delete"]) == (0, 250)


def test_refused_and_retried_rows_are_told_apart(
    shell: Shell, sandbox: HubSpotSandbox, tmp_path: Path
) -> None:
    """A row that is turned down in the file shows in the summary; a retry tells its own batches."""
    text = deals(30, stage=lambda n: "Nowhere" if n == 4 else "Qualified To Buy")
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    code, out, _ = shell(*RUN, "--yes", "--json")
    summary = ensure_told(events(out), 29)
    assert (code, summary["rows"]["rejected"]) == (1, 1)
    rejects = tmp_path / ".migrator" / "runs" / summary["run"] / "rejects.csv"
    mended = rejects.read_text(encoding="utf-8-sig").replace("Nowhere", "Qualified To Buy")
    rejects.write_text(mended, encoding="utf-8")
    code, out, _ = shell("retry", str(rejects), "--yes", "--json")
    assert (code, ensure_told(events(out), 1)["rows"]["created"]) == (0, 30)
    assert len(sandbox.records("deals")) == 30


def test_a_dry_run_is_one_object(shell: Shell) -> None:
    """A plan has no batches."""
    code, out, _ = shell(*RUN, "--dry-run", "--json")
    (plan,) = events(out)
    assert (code, plan["counts"]["create"], plan["remembered"], plan["missing"]) == (0, 250, 0, 0)


# -- nobody is asked -------------------------------------------------------------------------------


class Unread(io.StringIO):
    """A pipe that nobody writes to: who reads from it would wait for ever."""

    def read(self, _size: int | None = -1, /) -> str:
        """Nobody may."""
        raise AssertionError("a command waits for an answer")

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]  # typeshed's own
        """Nobody may."""
        return self.read()


def closed() -> io.StringIO:
    """A standard input that was closed."""
    stream = io.StringIO()
    stream.close()
    return stream


STDINS = {"none": lambda: None, "closed": closed, "pipe": Unread}


@pytest.mark.parametrize("stdin", STDINS)
def test_without_a_terminal_nobody_is_asked(
    shell: Shell, sandbox: HubSpotSandbox, monkeypatch: pytest.MonkeyPatch, stdin: str
) -> None:
    """Commands that would ask write nothing without --yes and say so; the others go on."""
    monkeypatch.setattr(sys, "stdin", STDINS[stdin]())
    assert not terminal()
    code, _, err = shell(*RUN)
    assert (code, "Add --yes" in err) == (2, True)
    run = shell("plan", *RUN[1:], "--json")[1]
    plan = json.loads(run)["run"]
    code, _, err = shell("run", "--plan", plan)
    assert (code, "Add --yes" in err) == (2, True)
    assert sandbox.records("deals") == []
    assert shell("run", "--plan", plan, "--yes", "--sample", "10")[0] == 0
    assert shell("resume")[0] == 0
    code, out, _ = shell("undo", plan)
    assert (code, "Nothing was changed" in out) == (0, True)
    assert len(sandbox.records("deals")) == 250
    code, _, err = shell("settle", plan, "--not-written", "k1")
    assert (code, "Nothing of it is unknown" in err) == (2, True)


def test_a_retry_without_a_terminal_needs_yes(
    shell: Shell, sandbox: HubSpotSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a run: nothing is written, and the text says what to add."""
    monkeypatch.setattr(sys, "stdin", Unread())
    text = deals(3, stage=lambda n: "Nowhere" if n == 2 else "Qualified To Buy")
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    code, out, _ = shell(*RUN, "--yes", "--json")
    rejects = tmp_path / ".migrator" / "runs" / events(out)[-1]["run"] / "rejects.csv"
    mended = rejects.read_text(encoding="utf-8-sig").replace("Nowhere", "Qualified To Buy")
    rejects.write_text(mended, encoding="utf-8")
    code, _, err = shell("retry", str(rejects))
    assert (code, "Add --yes" in err) == (2, True)
    assert len(sandbox.records("deals")) == 2


def test_a_process_with_a_closed_standard_input_is_not_confused(
    sandbox: HubSpotSandbox, tmp_path: Path
) -> None:
    """As some schedulers start it: descriptor 0 is not open at all."""
    command = f'exec "{sys.executable}" -m migrator {" ".join(RUN)} <&-'
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=os.environ, capture_output=True, check=False
    )
    assert (done.returncode, b"Add --yes" in done.stderr) == (2, True), done.stderr
    assert sandbox.records("deals") == []


# -- options ---------------------------------------------------------------------------------------


def test_a_night_by_its_options(shell: Shell, sandbox: HubSpotSandbox, tmp_path: Path) -> None:
    """Guards stop with 2 and write nothing; a mirror deletes; the plan says what it did not ask."""
    assert shell(*RUN, "--yes", "-q")[0] == 0
    (tmp_path / "deals.csv").write_text(deals(150), encoding="utf-8")
    code, _, err = shell(*RUN, "--yes", "--guard-max-drop", "30%")
    assert (code, "--guard-max-drop 30% allows" in err) == (2, True)
    code, _, err = shell(*RUN, "--yes", "--guard-min-rows", "200")
    assert (code, "--guard-min-rows expects 200" in err) == (2, True)
    code, _, err = shell(*RUN, "--yes", "--mirror", "99")
    assert (code, "--mirror 99 allows to delete" in err) == (2, True)
    assert len(sandbox.records("deals")) == 250
    code, out, _ = shell(*RUN, "--dry-run", "--changed-only")
    assert (code, "150 are unchanged since an earlier run: not asked for" in out) == (0, True)
    assert "100 records that were loaded before are missing in the source; they stay" in out
    assert "missing.csv" in out
    code, out, _ = shell(*RUN, "--yes", "--changed-only", "--mirror", "40%")
    assert (code, "missing in the source: 100, deleted: 100" in out) == (0, True)
    assert len(sandbox.records("deals")) == 150


def test_a_finished_plan_takes_no_such_options(shell: Shell) -> None:
    """What a plan decided cannot be asked for when it is carried out."""
    plan = json.loads(shell("plan", *RUN[1:], "--json")[1])["run"]
    code, _, err = shell("run", "--plan", plan, "--yes", "--changed-only")
    assert (code, "belong to the planning" in err) == (2, True)


def test_an_account_without_a_key_field(
    shell: Shell, sandbox: HubSpotSandbox, tmp_path: Path
) -> None:
    """With --no-key-field it stays without one; resume, retry, verify and undo know it."""
    text = deals(15, stage=lambda n: "Nowhere" if n == 4 else "Qualified To Buy")
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    code, out, _ = shell(*RUN, "--yes", "--json", "--no-key-field", "--sample", "5")
    run = events(out)[-1]["run"]
    assert (code, shell("resume")[0], len(sandbox.records("deals"))) == (1, 1, 14)
    rejects = tmp_path / ".migrator" / "runs" / run / "rejects.csv"
    mended = rejects.read_text(encoding="utf-8-sig").replace("Nowhere", "Qualified To Buy")
    rejects.write_text(mended, encoding="utf-8")
    assert shell("retry", str(rejects), "--yes")[0] == 0
    assert shell("verify", run)[0] == 0
    assert all("migrator_key" not in deal for deal in sandbox.records("deals"))
    assert len(sandbox.records("deals")) == 15
    code, _, err = shell(*RUN, "--yes")
    assert (code, "add --no-key-field" in err) == (2, True)
    assert shell("undo", run, "--yes")[0] == 0
    assert sandbox.records("deals") == []
