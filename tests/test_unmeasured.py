"""Which tests run without coverage."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.pages import ROOT
from tests.unmeasured import UNMEASURED, unmeasured

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
def once():
    return 1


def by_a_thread():
    return 2


def by_a_process():
    return 3
"""
TEST = """
import subprocess
import sys
from threading import Thread

import measured


def test_all_ways():
    measured.once()
    thread = Thread(target=measured.by_a_thread)
    thread.start()
    thread.join()
    subprocess.run([sys.executable, "-c", "import measured; measured.by_a_process()"], check=True)
"""
SETTINGS = """
[run]
source = measured
patch = subprocess
parallel = true
[report]
fail_under = 0
"""


@pytest.mark.parametrize("place", UNMEASURED)
def test_they_are_there(place: str) -> None:
    """What is named has tests, so that none is measured, or not, by a slip of the pen."""
    files = (ROOT / place).glob("test_*.py") if place.endswith("/") else [ROOT / place]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    named = {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert named
    assert named.issuperset(UNMEASURED[place])


def test_others_are_measured() -> None:
    """A folder, a file or a function is meant whole; its neighbours are not."""
    assert unmeasured("tests/process/test_kill.py::test_any")
    assert unmeasured("tests/test_every_vendor.py::test_any[of]")
    assert unmeasured("tests/test_init.py::test_from_init_to_a_verified_load_in_four_commands[a]")
    assert unmeasured("tests/test_cleanup.py::test_a_cleanup[of]")
    assert not unmeasured("tests/test_cleanup.py::test_a_cleanup_that_fails[of]")
    assert not unmeasured("tests/test_every_vendor_too.py::test_any")
    assert not unmeasured("tests/test_unmeasured.py::test_others_are_measured")


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize(("name", "missing"), [("test_every_vendor", "3, 7, 11"), ("test_x", "")])
def test_neither_threads_nor_processes_are_traced(
    name: str, missing: str, workers: str, tmp_path: Path
) -> None:
    """Nothing that an unmeasured test does counts as covered; of others all that they do."""
    (tmp_path / "tests").mkdir()
    for module in ("__init__", "conftest", "unmeasured"):
        shutil.copy(ROOT / "tests" / f"{module}.py", tmp_path / "tests")
    (tmp_path / "measured.py").write_text(MODULE)
    (tmp_path / "tests" / f"{name}.py").write_text(TEST)
    (tmp_path / "settings").write_text(SETTINGS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    words = f"-n {workers} --cov --cov-config=settings --cov-report=term-missing tests"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words.split()],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = re.findall(r"^measured\.py .*%(.*)$", done.stdout, flags=re.MULTILINE)
    assert told.strip() == missing
