"""Whatever happens, every row is in the account once or named in the books.

A failing seed prints the one command that replays it, with all that happened.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from tests.simulation.crms import VENDORS
from tests.simulation.faults_by_hand import MUTANTS, Mutant, changed
from tests.simulation.mutants import PACKAGE
from tests.simulation.simulate import in_a_row, simulate

SEEDS = 300
_CHUNK = 10


@pytest.mark.parametrize("first", range(0, SEEDS, _CHUNK))
@pytest.mark.parametrize("vendor", VENDORS)
def test_promises_are_kept(vendor: str, first: int) -> None:
    """Nothing lost, nothing twice, books that are true, quotas that are kept."""
    broken = [
        f"{verdict.command}\n    " + "\n    ".join(verdict.complaints[:5])
        for verdict in in_a_row(range(first, first + _CHUNK), vendor)
        if verdict.complaints
    ]
    assert not broken, "\n".join(broken)


_AGAIN = (3, 6, 20, 40)
_TRACES = """
import hashlib
from tests.simulation.simulate import simulate
for seed in {seeds}:
    print(hashlib.sha256("\\n".join(simulate(seed, "{vendor}").trace).encode()).hexdigest())
"""


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_seed_is_a_world(vendor: str) -> None:
    """The same seed gives the same events, in another process and another order of hashes too."""
    traces = ["\n".join(simulate(seed, vendor).trace) for seed in _AGAIN]
    assert "killed" in "".join(traces)
    there = subprocess.run(
        [sys.executable, "-c", _TRACES.format(seeds=_AGAIN, vendor=vendor)],
        env={**os.environ, "PYTHONHASHSEED": "17"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [hashlib.sha256(trace.encode()).hexdigest() for trace in traces]
    assert there.stdout.split() == here


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutants_can_be_made(mutant: Mutant) -> None:
    """The words that a mutant changes stand in the product once, and what comes of it is Python."""
    for path, text in changed(PACKAGE, mutant).items():
        assert text != path.read_text(encoding="utf-8")
        compile(text, path, "exec")
