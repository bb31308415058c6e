"""What is measured of each tool, on the same file and the same server, turn by turn."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmarks.data import write_big_csv
from tests.benchmarks.peers.deals import BATCH
from tests.benchmarks.running import fresh
from tests.benchmarks.tools import Tool, Work, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tests.benchmarks.running import Ran, Server

LATENCIES = (0, 50, 300)
"""Milliseconds."""

MANY = ("sdk", "migrator")
"""Tools whose speed is measured once more with many deals, beside which a start counts little."""

MANY_LATENCIES = (0, 300)

QUOTA, WINDOW = 190, 10.0
"""Requests per seconds of the account whose quota is to be used."""

_QUOTA_LATENCY = 50
_KILL_LATENCY = 50


@dataclass(frozen=True)
class Sizes:
    """Deals of each measure: enough that what is measured outweighs the noise."""

    speed: int = 20_000
    many: int = 100_000
    quota: int = 40_000
    lost: int = 2_000
    killed: int = 4_000
    bad: int = 2_000


def to_load(tool: Tool, latency: int, deals: int) -> int:
    """Deals that a tool loads at a latency, where others load ``deals``.

    A loop that has hardly begun is as fast as it will ever be, so it need not be waited for.
    """
    return deals // {50: 2, 300: 10}.get(latency, 1) if tool.loop else deals


@dataclass(frozen=True)
class Bench:
    """One server, one folder for files, and how often everything is done."""

    server: Server
    root: Path
    repeats: int
    say: Callable[[str], None]

    def source(self, deals: int) -> Path:
        """A CSV of so many deals, the same for all."""
        path = self.root / f"deals-{deals}.csv"
        if not path.exists():
            write_big_csv(path, deals)
        return path


def compare(bench: Bench, tools: Sequence[Tool], sizes: Sizes) -> dict[str, dict[str, Any]]:
    """All measures of all tools: medians by the tool's and the measure's name."""
    steps: list[tuple[str, Callable[[Tool], dict[str, float]]]] = [
        *((f"{latency} ms", partial(speed, bench, sizes.speed, latency)) for latency in LATENCIES),
        ("quota", partial(quota, bench, sizes.quota)),
        ("lost answer", partial(lost_answer, bench, sizes.lost)),
        ("kill", partial(killed, bench, sizes.killed)),
        ("bad row", partial(bad_row, bench, sizes.bad)),
    ]
    found: dict[str, dict[str, Any]] = {tool.name: {"title": tool.title} for tool in tools}
    for label, step in steps:
        for name, measured in turn_by_turn(bench, tools, label, step).items():
            found[name] |= measured
    for latency in MANY_LATENCIES:
        step = partial(speed, bench, sizes.many, latency)
        some = [tool for tool in tools if tool.name in MANY]
        label = f"{latency} ms, {sizes.many:,} deals"
        for name, measured in turn_by_turn(bench, some, label, step).items():
            found[name][f"many_{latency}ms"] = measured[f"rate_{latency}ms"]
    return found


def turn_by_turn(
    bench: Bench, tools: Iterable[Tool], label: str, step: Callable[[Tool], dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Medians of one step: all tools once, then all again, because a machine's speed drifts."""
    tools = list(tools)
    all_: dict[str, dict[str, list[float]]] = {tool.name: defaultdict(list) for tool in tools}
    for round_ in range(bench.repeats):
        for tool in tools:
            measured = step(tool)
            shown = ", ".join(f"{name} {value:,.1f}" for name, value in measured.items())
            bench.say(f"{label}, round {round_ + 1}, {tool.name}: {shown}")
            for name, value in measured.items():
                all_[tool.name][name].append(value)
    return {
        tool: {name: statistics.median(values) for name, values in measures.items()}
        for tool, measures in all_.items()
    }


# -- the steps -------------------------------------------------------------------------------------


def speed(bench: Bench, deals: int, latency: int, tool: Tool) -> dict[str, float]:
    """Deals a second, of the whole process and of its writing alone; requests and memory.

    ``deals`` as in :func:`to_load`.
    """
    deals = to_load(tool, latency, deals)
    bench.server.reset(keyed=tool.keyed, latency=latency / 1000)
    with fresh(bench.root, tool.name) as folder:
        ran = load(tool, Work(bench.source(deals), bench.server, folder))
    stats = complete(bench, tool, deals, ran)
    measured = {
        f"rate_{latency}ms": deals / ran.seconds,
        f"writing_{latency}ms": deals / _writing(stats, latency / 1000),
    }
    if not latency:
        measured |= {"requests": stats["total"], "peak_mb": ran.peak_mb}
    return measured


def quota(bench: Bench, deals: int, tool: Tool) -> dict[str, float]:
    """Share of the allowed requests that were made, and how many were refused with 429."""
    bench.server.reset(keyed=tool.keyed, latency=_QUOTA_LATENCY / 1000, quota=QUOTA, window=WINDOW)
    with fresh(bench.root, tool.name) as folder:
        work = Work(bench.source(deals), bench.server, folder, rate=QUOTA / WINDOW)
        ran = load(tool, work)
    stats = complete(bench, tool, deals, ran)
    # From its first write on: what a tool checks before takes time, not quota.
    times = [time for time in stats["times"] if time >= stats["first_write"]]
    return {"quota_share": share(times), "refused_429": stats["refused_429"]}


def share(times: Sequence[float], most: int = QUOTA, window: float = WINDOW) -> float:
    """Part of the allowed rate that requests were let through at, over whole windows' requests.

    Whoever sends ``most`` at once and waits for the rest of the window has 1.0, and so has whoever
    sends them evenly.

    >>> share([0, 0, 10, 10, 20], most=2)
    1.0
    """
    windows = (len(times) - 1) // most
    if not windows:
        raise ValueError(f"{len(times)} requests do not fill a window of {most}")
    return windows * window / (times[windows * most] - times[0])


def lost_answer(bench: Bench, deals: int, tool: Tool) -> dict[str, float]:
    """Duplicates, and deals that are missing, after one batch was created and not answered."""
    middle = deals // BATCH // 2
    bench.server.reset(keyed=tool.keyed, lose=max(1, middle))
    with fresh(bench.root, tool.name) as folder:
        work = Work(bench.source(deals), bench.server, folder)
        ran = load(tool, work)
        if ran.code and bench.server.stats()["distinct"] < deals:
            load(tool, work, again=True)
    stats = bench.server.stats()
    return {"lost_duplicates": stats["duplicates"], "lost_missing": deals - stats["distinct"]}


def killed(bench: Bench, deals: int, tool: Tool) -> dict[str, float]:
    """The same after a SIGKILL when half of the deals were created, and another run."""
    bench.server.reset(keyed=tool.keyed, latency=_KILL_LATENCY / 1000)
    with fresh(bench.root, tool.name) as folder:
        work = Work(bench.source(deals), bench.server, folder)
        load(tool, work, kill_at=deals // 2)
        load(tool, work, again=True)
    stats = bench.server.stats()
    return {"kill_duplicates": stats["duplicates"], "kill_missing": deals - stats["distinct"]}


def bad_row(bench: Bench, deals: int, tool: Tool) -> dict[str, float]:
    """Good deals that are missing because the CRM turned one down."""
    bench.server.reset(keyed=tool.keyed, refuse=str(deals // 2))
    with fresh(bench.root, tool.name) as folder:
        load(tool, Work(bench.source(deals), bench.server, folder))
    return {"bad_row_lost": deals - 1 - bench.server.stats()["distinct"]}


def complete(bench: Bench, tool: Tool, deals: int, ran: Ran) -> dict[str, Any]:
    """What the server counted; a tool that did not load all of it has no speed."""
    stats = bench.server.stats()
    if stats["distinct"] != deals:
        raise SystemExit(
            f"{tool.name} ended with {ran.code} and loaded {stats['distinct']:,} of {deals:,} "
            f"deals; what it said is in {bench.root}"
        )
    return stats


def _writing(stats: dict[str, Any], latency: float) -> float:
    """Seconds from the arrival of the first batch to the answer to the last one."""
    return float(stats["last_write"] - stats["first_write"] + latency)
