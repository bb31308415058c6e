"""Puts faults into copies of the product, one by one, and sees whether the simulation notices.

``python -m tests.simulation.mutants [NAME...]`` prints a table; it ends with 1 if a mutant lives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import migrator
from tests.simulation.faults_by_hand import MUTANTS, Mutant, changed

PACKAGE = Path(migrator.__file__).parent
_ROOT = Path(__file__).parents[2]
_SEEDS = 800
_LONGEST = 420
"""Seconds for one mutant; one that does not end by then is caught too, for it hangs."""
_QUIETLY = ("-x", "-q", "--tb=no", "--import-mode=importlib", "-p", "no:cacheprovider")
_HUNT = """
import sys
from tests.simulation.simulate import simulate
seeds, *vendors = sys.argv[1:]
for seed in range(int(seeds)):
    for vendor in vendors:
        verdict = simulate(seed, vendor)
        if verdict.complaints:
            sys.exit(f"{vendor} {seed}: " + verdict.complaints[0].strip().splitlines()[-1])
"""


@dataclass(frozen=True)
class Fate:
    """What became of a mutant; ``caught`` = by which world and how, None = it lives."""

    mutant: Mutant
    caught: str | None
    seconds: float


def hunt(mutant: Mutant) -> Fate:
    """Run the simulation on a copy of the product with the fault in it, until a promise breaks."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "migrator"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for path, text in changed(copy, mutant).items():
            path.write_text(text, encoding="utf-8")
        env = {
            **os.environ,
            "PYTHONPATH": f"{folder}{os.pathsep}{_ROOT}",
            "POLARS_MAX_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        hunters = ["-c", _HUNT, str(_SEEDS), *mutant.vendors]
        if mutant.tests:
            hunters = ["-m", "pytest", *_QUIETLY, *mutant.tests]
        command = [sys.executable, "-P", *hunters]
        try:
            done = subprocess.run(
                command,
                cwd=_ROOT,
                env=env,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                check=False,
            )
            said = done.stdout if mutant.tests else done.stderr
            caught = said.strip().splitlines()[-1:] if done.returncode else []
        except subprocess.TimeoutExpired:
            caught = ["it does not end"]
    return Fate(mutant, caught[0] if caught else None, time.monotonic() - began)


def main() -> int:
    """Hunt all mutants, or those that are named."""
    names = set(sys.argv[1:])
    chosen = [one for one in MUTANTS if not names or one.name in names]
    alive = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fate in pool.map(hunt, chosen):
            alive += fate.caught is None
            told = fate.caught or "NOBODY NOTICED"
            print(f"{fate.mutant.name:36} {fate.seconds:5.0f} s  {told:.100}", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} mutants caught")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
