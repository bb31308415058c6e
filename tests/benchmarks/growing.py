"""How time and memory grow with the rows: prepare, plan, load and verify."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any

from tests.benchmarks.replies import PORTAL
from tests.benchmarks.running import ensure_well, fresh, run
from tests.benchmarks.steps import measure
from tests.benchmarks.tools import TEMPLATE, migrator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.benchmarks.comparing import Bench
    from tests.benchmarks.running import Ran

ROWS = (10_000, 100_000, 1_000_000)
_MORE = 10_000_000

STEPS = ("bare", "prepare", "plan", "load", "verify")


def curve(bench: Bench, rows: Sequence[int] = ROWS, *, long: bool = False) -> list[dict[str, Any]]:
    """Seconds and peak memory of each step by the number of rows.

    Preparing goes on to ten million rows; the other steps only when ``long``.
    """
    found: list[dict[str, Any]] = []
    more = (_MORE,) if max(rows) >= ROWS[-1] else ()
    for count in (*rows, *more):
        found += prepared(bench, count)
        if count != _MORE or long:
            found += loaded(bench, count)
    return found


def prepared(bench: Bench, rows: int) -> list[dict[str, Any]]:
    """Prepare beside bare polars, as pairs; the medians, and the median of the pairs' ratios."""
    source = str(bench.source(rows))
    pairs = []
    for _ in range(bench.repeats):
        with fresh(bench.root, "prepare") as folder:
            pairs.append((measure(folder, "bare", source), measure(folder, "prepare", source)))
    found = []
    for place, step in enumerate(STEPS[:2]):
        seconds = statistics.median(pair[place][0]["seconds"] for pair in pairs)
        peak = statistics.median(pair[place][1].peak_mb for pair in pairs)
        found.append({"step": step, "rows": rows, "seconds": seconds, "peak_mb": peak})
    ratios = [ours[0]["seconds"] / alone[0]["seconds"] for alone, ours in pairs]
    found[1]["ratio"] = statistics.median(ratios)
    bench.say(f"prepare {rows:,}: {found[1]}")
    return found


def loaded(bench: Bench, rows: int) -> list[dict[str, Any]]:
    """Plan, load and verify, each a process, against a server that answers at once."""
    with fresh(bench.root, "load") as folder:
        first, plan = _planned(bench, rows, folder)
        run_id = str(json.loads(plan.output)["run"])
        write = ("run", "--plan", run_id, "--yes", "--confirm-account", str(PORTAL), "--quiet")
        rest = [
            _take(bench, rows, folder, "load", write)[0],
            _take(bench, rows, folder, "verify", ("verify", "--quiet"))[0],
        ]
    return [first, *rest]


def planned(bench: Bench, rows: int) -> dict[str, Any]:
    """Plan alone, as the first step of :func:`loaded`."""
    with fresh(bench.root, "plan") as folder:
        return _planned(bench, rows, folder)[0]


def _planned(bench: Bench, rows: int, folder: Path) -> tuple[dict[str, Any], Ran]:
    source = str(bench.source(rows))
    # With its key property there nothing has to be created first, and a plan stays as it is.
    bench.server.reset(keyed="unique")
    command = ("plan", str(TEMPLATE), source, "--to", "hubspot", "--quiet", "--json")
    return _take(bench, rows, folder, "plan", command)


def _take(
    bench: Bench, rows: int, folder: Path, step: str, command: Sequence[str]
) -> tuple[dict[str, Any], Ran]:
    env = {"HUBSPOT_BASE_URL": bench.server.url, "HUBSPOT_TOKEN": "bench"}
    ran = run(migrator(*command), folder, env)
    ensure_well(ran, folder)
    bench.say(f"{step} {rows:,}: {ran.seconds:,.1f} s, {ran.peak_mb:,.0f} MB")
    return {"step": step, "rows": rows, "seconds": ran.seconds, "peak_mb": ran.peak_mb}, ran


def draw(points: Sequence[dict[str, Any]], path: Path) -> None:
    """The picture: microseconds a row, and peak memory, by rows; each step a line."""
    # Of the extra, and slow to import.
    from matplotlib import rc_context  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    from matplotlib.figure import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        Figure,
    )

    figure = Figure(figsize=(10, 4))
    time_, memory = figure.subplots(1, 2)
    for step in STEPS:
        mine = [point for point in points if point["step"] == step]
        rows = [point["rows"] for point in mine]
        label = "bare polars" if step == "bare" else step
        per_row = [point["seconds"] * 1e6 / point["rows"] for point in mine]
        time_.plot(rows, per_row, marker="o", label=label)
        memory.plot(rows, [point["peak_mb"] for point in mine], marker="o", label=label)
    time_.set(xscale="log", yscale="log", xlabel="rows", ylabel="microseconds a row")
    memory.set(xscale="log", ylim=(0, None), xlabel="rows", ylabel="peak memory, MB")
    for axes in (time_, memory):
        axes.grid(visible=True, alpha=0.3)
    time_.legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": "migrator"}):  # the same figures give the same file
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
