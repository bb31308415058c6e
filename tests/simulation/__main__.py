"""Many seeds on all cores, or one of them with all that happens in it.

``python -m tests.simulation --seeds N [--from K] [--vendor V]`` runs the seeds K to K+N-1, each for
every vendor; ``python -m tests.simulation --seed S [--vendor V]`` shows one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.simulation.crms import VENDORS
from tests.simulation.many import verdicts
from tests.simulation.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

_EVERY = 10.0
_SHOWN = 20


def main() -> int:
    """Run what the command line asks for; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one, with all that happens")
    parser.add_argument("--vendor", choices=VENDORS, help="only this one")
    asked = parser.parse_args()
    vendors = (asked.vendor,) if asked.vendor else VENDORS
    if asked.seed is not None:
        return max(_show(asked.seed, vendor) for vendor in vendors)
    return _many(range(asked.first, asked.first + asked.seeds), vendors)


def _show(seed: int, vendor: str) -> int:
    print(f"seed {seed}, {vendor}")
    verdict = simulate(seed, vendor, say=print)
    for complaint in verdict.complaints:
        print(f"BROKEN: {complaint}")
    print(f"{verdict.lives} lives, {verdict.requests} requests")
    return 1 if verdict.complaints else 0


def _many(seeds: range, vendors: Sequence[str]) -> int:
    began = told = time.monotonic()
    done, broken = 0, []
    for verdict in verdicts(seeds, vendors):
        done += 1
        if verdict.complaints:
            broken.append(verdict)
            if len(broken) <= _SHOWN:
                print(f"{verdict.complaints[0].strip().splitlines()[-1]}\n    {verdict.command}")
        if time.monotonic() - told > _EVERY:
            told = time.monotonic()
            print(f"{done:,} of {len(seeds) * len(vendors):,}", flush=True)
    took = time.monotonic() - began
    print(f"{done:,} worlds in {took:.0f} s, {len(broken):,} with a broken promise")
    return 1 if broken else 0


def _with_one_thread() -> None:
    """Start again with one thread of polars: there are as many workers as cores."""
    if "POLARS_MAX_THREADS" not in os.environ:
        env = {**os.environ, "POLARS_MAX_THREADS": "1"}
        again = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        sys.exit(subprocess.run(again, env=env, check=False).returncode)


if __name__ == "__main__":
    _with_one_thread()
    sys.exit(main())
