"""Measure migrator beside bare polars, in one run: ``make bench``.

Every measured step is a process of its own, so that its peak memory is its own as well. Ratios are
taken pair by pair, because the speed of a shared machine drifts; the median is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from migrator.runs.execution import execute
from migrator.runs.inputs import Request, read_inputs
from migrator.runs.planning import plan_run
from migrator.runs.target import Target, connected
from migrator.runs.workspace import Workspace
from migrator.sandbox import SandboxServer
from migrator.vendors.registry import product
from migrator.wire import SystemClock
from tests.benchmarks.data import write_big_csv

_TEMPLATE = "pipedrive"
_TOKEN = "bench"


@dataclass(frozen=True)
class Measured:
    """Seconds of one step without its imports, and peak memory (MB, resident) of its process."""

    seconds: float
    peak_mb: float
    told: dict[str, float]


def measure(*arguments: str) -> Measured:
    """Run one step of this file in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    told = json.loads(output)
    return Measured(told["seconds"], usage.ru_maxrss / 1024, told)


# -- the steps, each in a process of its own -------------------------------------------------------


def bare(source: Path, folder: Path) -> dict[str, float]:
    """What polars alone takes to read the file as text and write it as Parquet."""
    pl.scan_csv(source, infer_schema=False).sink_parquet(folder / "bare.parquet")
    return {}


def prepare(source: Path, folder: Path) -> dict[str, float]:
    """Scan, rules, transforms, records, and rejects.csv."""
    inputs = read_inputs(Request(_TEMPLATE, (str(source),)), folder)
    inputs.write_rejects(folder / "rejects.csv")
    return {}


def plan(source: Path, folder: Path, url: str) -> dict[str, float]:
    """Prepare and plan against a sandbox."""
    return asyncio.run(_planned(source, folder, url, write=False))


def load(source: Path, folder: Path, url: str) -> dict[str, float]:
    """Prepare, plan and write to a sandbox."""
    return asyncio.run(_planned(source, folder, url, write=True))


async def _planned(source: Path, folder: Path, url: str, *, write: bool) -> dict[str, float]:
    space = Workspace(folder / "journal.db", SystemClock())
    target = Target(product("hubspot"), url, _TOKEN)
    async with connected(target, space) as session:
        request = Request(_TEMPLATE, (str(source),))
        planned = await plan_run(space, request, session, lock=True)
        begin = time.perf_counter()
        told: dict[str, float] = {"planned": planned.plan.counts["create"]}
        if not write:
            return told
        report = await execute(space, planned.run, session, inputs=planned.inputs)
        told = {"write": time.perf_counter() - begin, "created": report.rows["created"]}
    space.close()
    return told


# -- the run ---------------------------------------------------------------------------------------


def compare_prepare(rows: int, repeats: int, root: Path) -> None:
    """Print how long prepare takes beside bare polars, and its peak memory."""
    source = root / f"deals-{rows}.csv"
    write_big_csv(source, rows)
    pairs = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            alone = measure("bare", str(source), scratch)
            ours = measure("prepare", str(source), scratch)
            pairs.append((alone, ours))
    ratio = statistics.median(ours.seconds / alone.seconds for alone, ours in pairs)
    seconds = statistics.median(ours.seconds for _, ours in pairs)
    peak = max(ours.peak_mb for _, ours in pairs)
    bare_peak = max(alone.peak_mb for alone, _ in pairs)
    print(
        f"prepare {rows:>9,} rows  {rows / seconds:>10,.0f} rows/s  {ratio:>5.2f} x bare polars"
        f"  peak {peak:,.0f} MB (bare {bare_peak:,.0f} MB)"
    )


def compare_plan(rows: int, root: Path) -> None:
    """Print the speed and peak memory of prepare and plan together."""
    source = root / f"deals-{rows}.csv"
    with _sandbox() as server, tempfile.TemporaryDirectory(dir=root) as scratch:
        ours = measure("plan", str(source), scratch, server.url)
    print(
        f"plan    {rows:>9,} rows  {rows / ours.seconds:>10,.0f} rows/s  {'':>19}"
        f"  peak {ours.peak_mb:,.0f} MB"
    )


def compare_load(rows: int, root: Path) -> None:
    """Print the speed of writing to a sandbox on this machine, and the requests it takes."""
    source = root / f"deals-{rows}.csv"
    write_big_csv(source, rows)
    with _sandbox() as server, tempfile.TemporaryDirectory(dir=root) as scratch:
        ours = measure("load", str(source), scratch, server.url)
        requests = server.faulty.state()["requests"]
    assert isinstance(requests, dict)
    deals = ours.told["created"]
    writes = sum(n for name, n in requests.items() if "batch/create" in name) / deals * 1000
    total = sum(requests.values()) / deals * 1000
    print(
        f"write   {rows:>9,} deals {deals / ours.told['write']:>10,.0f} deals/s"
        f"  {writes:.1f} batches and {total:.1f} requests per 1,000 deals"
        f"  peak {ours.peak_mb:,.0f} MB"
    )


def _sandbox() -> SandboxServer:
    """A sandbox whose quota is no limit, and whose headers say so."""
    return SandboxServer(
        product("hubspot").sandbox(token=_TOKEN, per_ten_seconds=10**6, per_day=10**9)
    )


_STEPS = {"bare": bare, "prepare": prepare, "plan": plan, "load": load}


def main() -> None:
    """Take all steps, or one of them in a process of its own."""
    if len(sys.argv) > 1 and sys.argv[1] in _STEPS:
        step, source, folder, *rest = sys.argv[1:]
        begin = time.perf_counter()
        told = _STEPS[step](Path(source), Path(folder), *rest)  # type: ignore[operator]
        print(json.dumps({"seconds": time.perf_counter() - begin} | told))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--deals", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as folder:
        for rows in options.rows:
            compare_prepare(rows, options.repeats, Path(folder))
        for rows in options.rows:
            compare_plan(rows, Path(folder))
        compare_load(options.deals, Path(folder))


if __name__ == "__main__":
    main()
