"""The README's commands work as they stand there."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from migrator.journal import open_journal
from migrator.sandbox import SandboxServer
from migrator.template import parse_template
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from migrator.vendors.registry import SHOWN_FIRST, names
from tests.support import TEMPLATE, deals

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def _commands(block: str) -> list[str]:
    lines = (line.split("  #")[0].strip() for line in block.splitlines())
    return [line for line in lines if line.startswith("migrator ") and not line.endswith("&")]


def _run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_rehearsal_runs_as_written(tmp_path: Path) -> None:
    """Each command of the rehearsal, in its order, ends with 0, or 1 where rows are turned down."""
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    block = next(text for text in _blocks("sh") if "migrator sandbox" in text)
    commands = _commands(block)
    assert len(commands) >= 7
    sandbox = HubSpotSandbox(token="sandbox")
    with SandboxServer(sandbox) as server:
        for written in commands:
            command = written
            if written.endswith(" RUN"):
                command = written.replace("RUN", _newest(tmp_path))
            done = _run(command, tmp_path, HUBSPOT_BASE_URL=server.url, HUBSPOT_TOKEN="sandbox")
            turned_down = {"check", "plan", "run", "resume"}
            allowed = {0, 1} if command.split()[1] in turned_down else {0}
            assert done.returncode in allowed, f"{command}\n{done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr
    keys = [record["migrator_key"] for record in sandbox.records("deals")]
    assert len(keys) == len(set(keys)) > 1_000


def _newest(folder: Path) -> str:
    """The id of the newest run."""
    with open_journal(folder / ".migrator" / "journal.db") as journal:
        return journal.run().id


def test_the_nightly_load_runs_as_written(tmp_path: Path) -> None:
    """Two nights: the first writes all rows, the second the one that changed, and deletes one."""
    (command,) = _commands(
        next(text for text in _blocks("sh") if "--changed-only" in text).replace("\\\n", "")
    )
    template = TEMPLATE.replace("PARK_CONTACTS", "park")
    (tmp_path / "crm.yaml").write_text(template, encoding="utf-8")
    rows = pl.read_csv(io.StringIO(deals(1_100)), infer_schema=False)
    changed = rows.with_columns(
        title=pl.when(pl.col("id") == "k7").then(pl.lit("Anew")).otherwise("title")
    )
    sandbox = HubSpotSandbox(token="sandbox")
    with SandboxServer(sandbox) as server:
        for night in (rows, changed.filter(pl.col("id") != "k9")):
            night.write_parquet(tmp_path / "deals.parquet")
            done = _run(command, tmp_path, HUBSPOT_BASE_URL=server.url, HUBSPOT_TOKEN="sandbox")
            assert done.returncode == 0, done.stdout + done.stderr
            summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["rows"]["updated"], summary["rows"]["unchanged"]) == (1, 1_098)
    assert len(sandbox.records("deals")) == 1_099


def test_the_cleanup_runs_as_written(tmp_path: Path) -> None:
    """Each command of the cleanup, in its order, ends with 0; undo is dry as long as it says so."""
    commands = _commands(next(text for text in _blocks("sh") if "migrator export" in text))
    assert len(commands) == 5
    sandbox = HubSpotSandbox(token="sandbox")
    (tmp_path / "template.yaml").write_text(
        TEMPLATE.replace("PARK_CONTACTS", "park"), encoding="utf-8"
    )
    (tmp_path / "source.csv").write_text(deals(30), encoding="utf-8")
    load = "migrator run template.yaml source.csv --to hubspot --yes"
    with SandboxServer(sandbox) as server:
        for written in (load, *commands):
            command = written
            if written.endswith(" RUN"):
                command = written.replace("RUN", _newest(tmp_path))
            if "plan" in command:
                _edited(tmp_path / "deals.csv")
            done = _run(command, tmp_path, HUBSPOT_BASE_URL=server.url, HUBSPOT_TOKEN="sandbox")
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    stages = [record["dealstage"] for record in sandbox.records("deals")]
    assert stages.count("contractsent") == 3


def _edited(path: Path) -> None:
    """Three deals get another stage."""
    frame = pl.read_csv(path, infer_schema=False).with_row_index()
    stage = pl.when(pl.col("index") < 3).then(pl.lit("Contract Sent")).otherwise("stage")
    frame.with_columns(stage=stage).drop("index").write_csv(path)


@pytest.mark.parametrize("vendor", names())
def test_the_demo_shows_the_whole_way(vendor: str, tmp_path: Path) -> None:
    """Of every CRM: plan, load, books that add up, rejects, verify; in seconds, not in hours."""
    done = _run(f"migrator demo --folder {tmp_path} --to {vendor}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for text in ("cost:", "adds up", "rejects.csv", "Nothing left to do"):
        assert text in done.stdout
    assert list(tmp_path.glob("runs/*/rejects.csv"))


@pytest.mark.parametrize(("origin", "target"), list(permutations(names(), 2)))
def test_the_demo_moves_deals(origin: str, target: str, tmp_path: Path) -> None:
    """From each CRM to each other one: what both hold is the same, the rest was named before."""
    done = _run(f"migrator demo --folder {tmp_path} --from {origin} --to {target}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deals are in both accounts" in done.stdout
    assert "The same in all of them: name, pipeline," in done.stdout


def test_make_demo_shows_the_first() -> None:
    """``make demo`` is the demo that is tested, with the CRM it names by itself."""
    assert SHOWN_FIRST in names()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:.*\n\t\$\(BIN\)/migrator demo$", makefile, flags=re.MULTILINE)


def test_the_template_in_the_readme_is_one() -> None:
    """What a reader copies out of the README is accepted."""
    (text,) = _blocks("yaml")
    assert parse_template(text, origin="README.md").name == "sales"


def test_the_first_screen_has_both_commands() -> None:
    """A stranger sees how to try and how to test without scrolling."""
    first = "\n".join(README.splitlines()[:24])
    assert "make demo" in first
    assert "make test" in first


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    """No dead link in the README."""
    assert (ROOT / link).exists()
