"""The README's commands by real processes, the night, the demo; see also ``tests/test_docs.py``."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from itertools import permutations
from typing import TYPE_CHECKING

import polars as pl
import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from migrator.vendors.registry import SHOWN_FIRST, names
from tests.pages import ROOT, blocks, lines, scenes
from tests.rehearsing import Stage
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"


def _run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_first_migration_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's walk, a process a command, ends with each good deal in the account once."""

    def shell(*arguments: str) -> tuple[int, str, str]:
        done = _run(shlex.join(["migrator", *arguments]), tmp_path)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    (scene,) = (one for one in scenes(README) if "sample_data" in one.said.get("files", ()))
    with ExitStack() as servers:
        stage = Stage(tmp_path, shell, monkeypatch, servers)
        stage.play(scene)
        keys = [record["migrator_key"] for record in stage.sandboxes[0].records("deals")]
    assert len(keys) == len(set(keys)) > 1_000


def test_the_nightly_load_runs_as_written(tmp_path: Path) -> None:
    """Two nights: the first writes all rows, the second the one that changed, and deletes one."""
    (command,) = lines(blocks(ROOT / "docs" / "nightly.md", "sh")[0].text)
    template = TEMPLATE.replace("PARK_CONTACTS", "park")
    (tmp_path / "crm.yaml").write_text(template, encoding="utf-8")
    rows = pl.read_csv(io.StringIO(deals(1_100)), infer_schema=False)
    changed = rows.with_columns(
        title=pl.when(pl.col("id") == "k7").then(pl.lit("Anew")).otherwise("title")
    )
    sandbox = HubSpotSandbox(token="sandbox")
    with SandboxServer(sandbox) as server:
        for night in (rows, changed.filter(pl.col("id") != "k9")):
            night.write_csv(tmp_path / "deals.csv")
            done = _run(command, tmp_path, HUBSPOT_BASE_URL=server.url, HUBSPOT_TOKEN="sandbox")
            assert done.returncode == 0, done.stdout + done.stderr
            summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["rows"]["updated"], summary["rows"]["unchanged"]) == (1, 1_098)
    assert len(sandbox.records("deals")) == 1_099


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


def test_the_first_screen_has_both_commands() -> None:
    """A stranger sees how to try and how to test without scrolling."""
    first = "\n".join(README.read_text(encoding="utf-8").splitlines()[:24])
    assert "make demo" in first
    assert "make test" in first
