"""Measure migrator beside its alternatives, in one run: ``make bench``.

Every measured thing is a process of its own and meets one server, a process too; tools take turns,
because the speed of a shared machine drifts, and medians are told. Without a name all parts are
measured. Progress goes to standard error, results to standard output and, with ``--into``, into a
folder as ``bench.json``, ``bench.md`` and ``cost.svg``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import growing, resuming, spending, tables
from tests.benchmarks.ceiling import ceiling
from tests.benchmarks.comparing import Bench, Sizes, compare
from tests.benchmarks.quick import quick
from tests.benchmarks.running import Server, machine
from tests.benchmarks.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PARTS = ("tools", "requests", "curve", "resume")


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    part: str
    tools: Sequence[str]
    repeats: int
    sizes: Sizes
    rows: Sequence[int]
    long: bool
    json: bool
    into: Path | None
    root: Path | None


def main() -> None:
    """Measure what is asked for, and tell it."""
    asked = _asked()
    with Server() as server, tempfile.TemporaryDirectory(prefix="migrator-bench-") as folder:
        root = (asked.root or Path(folder)).resolve()
        root.mkdir(parents=True, exist_ok=True)
        bench = Bench(server, root, asked.repeats, _say(time.monotonic()))
        if asked.part == "quick":
            figures = quick(replace(bench, repeats=min(asked.repeats, 2)))
            print("\n".join(f"{name}={value:.3f}" for name, value in figures.items()))
            return
        _tell(measure(bench, asked), asked)


def measure(bench: Bench, asked: Asked) -> dict[str, Any]:
    """All results of the parts asked for, by part; what was measured where as ``machine``."""
    parts = _PARTS if asked.part == "all" else (asked.part,)
    work: dict[str, Callable[[], Any]] = {
        "tools": lambda: _tools(bench, asked),
        "requests": spending.spend,
        "curve": lambda: growing.curve(bench, asked.rows, long=asked.long),
        "resume": lambda: _resume(bench, max(asked.rows)),
    }
    # The machine first: its load is that before we began.
    found: dict[str, Any] = {"machine": machine(), "ceiling": ceiling(bench)}
    bench.say(f"the server's ceiling: {found['ceiling']:,.0f} deals/s")
    return found | {part: work[part]() for part in parts}


def _tools(bench: Bench, asked: Asked) -> dict[str, dict[str, Any]]:
    wanted = [tool for tool in TOOLS if tool.name in asked.tools]
    for tool in wanted:
        if not tool.installed:
            bench.say(f"{tool.name} is not installed and left out")
    return compare(bench, [tool for tool in wanted if tool.installed], asked.sizes)


def _resume(bench: Bench, rows: int) -> dict[str, float]:
    return (
        resuming.helps(bench)
        | resuming.journal(bench, min(rows, 100_000))
        | resuming.resume(bench, rows)
    )


# -- telling ---------------------------------------------------------------------------------------


def _tell(found: dict[str, Any], asked: Asked) -> None:
    data = json.dumps(found, indent=2, default=vars)
    text = as_markdown(found, asked.sizes)
    print(data if asked.json else text)
    if asked.into:
        asked.into.mkdir(parents=True, exist_ok=True)
        (asked.into / "bench.json").write_text(data + "\n", encoding="utf-8")
        (asked.into / "bench.md").write_text(text + "\n", encoding="utf-8")
        if "curve" in found:
            growing.draw(found["curve"], asked.into / "cost.svg")


def as_markdown(found: dict[str, Any], sizes: Sizes) -> str:
    """The parts that were measured, each under a heading."""
    parts = [tables.about(found["machine"], "make bench")]
    if "tools" in found:
        words = (
            f"{sizes.speed:,} deals, of which loops are given half at 50 ms and a tenth at 300 ms "
            "(x = beside the SDK in a loop); for the quota of 190 requests "
            f"per 10 s {sizes.quota:,}; one lost answer and one bad row among {sizes.lost:,}; "
            f"SIGKILL at half of {sizes.killed:,}. The server could answer "
            f"{found['ceiling']:,.0f} deals/s."
        )
        parts += ["## Beside the alternatives", words, tables.tools_table(found["tools"])]
        parts += filter(None, [tables.many_table(found["tools"], sizes.many)])
    if "requests" in found:
        parts += ["## Requests", tables.spent_table(found["requests"], spending.DEALS)]
    if "curve" in found:
        parts += ["## Cost by rows", tables.curve_table(found["curve"])]
    if "resume" in found:
        parts += ["## Resume, journal, help", tables.resume_lines(found["resume"])]
    return "\n\n".join(parts)


def _say(begin: float) -> Callable[[str], None]:
    def say(line: str) -> None:
        print(f"[{time.monotonic() - begin:6.0f} s] {line}", file=sys.stderr, flush=True)

    return say


def _asked() -> Asked:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add = parser.add_argument
    add("part", nargs="?", default="all", choices=("all", "quick", *_PARTS))
    add("--tools", nargs="+", default=[tool.name for tool in TOOLS], help="only these")
    add("--repeats", type=int, default=3, help="of everything that is timed")
    add("--deals", type=int, default=Sizes.speed, help="for the tools' speeds")
    add("--many-deals", type=int, default=Sizes.many, help="for the speeds of some once more")
    add("--quota-deals", type=int, default=Sizes.quota)
    add("--rows", type=int, nargs="+", default=list(growing.ROWS), help="of the curve")
    add("--long", action="store_true", help="plan, load and verify ten million rows as well")
    add("--json", action="store_true", help="the results as JSON")
    add("--into", type=Path, help="folder for bench.json, bench.md and cost.svg")
    add("--root", type=Path, help="folder for data and states, which is kept")
    given = parser.parse_args()
    return Asked(
        part=given.part,
        tools=given.tools,
        repeats=given.repeats,
        sizes=Sizes(speed=given.deals, many=given.many_deals, quota=given.quota_deals),
        rows=given.rows,
        long=given.long,
        json=given.json,
        into=given.into,
        root=given.root,
    )


if __name__ == "__main__":
    main()
