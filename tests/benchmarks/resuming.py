"""How long a resume takes to its first request, what the journal costs, and how fast help comes."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tests.benchmarks.comparing import QUOTA, WINDOW
from tests.benchmarks.peers.deals import BATCH
from tests.benchmarks.running import fresh, run
from tests.benchmarks.steps import measure
from tests.benchmarks.tools import TOOLS, Work, load, migrator

if TYPE_CHECKING:
    from tests.benchmarks.comparing import Bench

_HELPS = 10
_BEFORE = 20_000
"""Deals that are written before the kill."""

_AFTER = 200

_ALLOWED = QUOTA / WINDOW * BATCH
"""Deals a second."""


def resume(bench: Bench, rows: int) -> dict[str, float]:
    """Seconds from the start of ``migrator resume`` to its first request, and to its first write.

    The run before is killed once some of its deals are written.
    """
    tool = next(tool for tool in TOOLS if tool.name == "migrator")
    written = min(_BEFORE, rows // 2)
    bench.server.reset()
    with fresh(bench.root, "resume") as folder:
        work = Work(bench.source(rows), bench.server, folder)
        load(tool, work, kill_at=written)
        bench.server.change()
        ran = load(tool, work, again=True, kill_at=bench.server.stats()["created"] + _AFTER)
        stats = bench.server.stats()
    return {
        "resume_rows": rows,
        "resume_first_request": stats["times"][0] - ran.began,
        "resume_first_write": stats["first_write"] - ran.began,
    }


def journal(bench: Bench, rows: int) -> dict[str, float]:
    """What the journal costs a deal, and its part of the time that writing takes.

    The part is told twice: with answers that come at once, when there is next to nothing else to
    wait for; and at the speed that the account's quota allows, by calculation.
    """
    source = str(bench.source(rows))
    told = []
    for _ in range(bench.repeats):
        bench.server.reset(keyed="unique")  # so that nothing is planned anew
        with fresh(bench.root, "journal") as folder:
            told.append(measure(folder, "journal", source, bench.server.url)[0])
    each = statistics.median(one["journal"] for one in told) / rows
    return {
        "journal_rows": rows,
        "journal_microseconds": each * 1e6,
        "journal_share": statistics.median(one["journal"] / one["writing"] for one in told),
        "journal_share_quota": each * _ALLOWED,
    }


def helps(bench: Bench) -> dict[str, float]:
    """Milliseconds that ``migrator --help`` takes."""
    with fresh(bench.root, "help") as folder:
        times = [run(migrator("--help"), folder).seconds * 1000 for _ in range(_HELPS)]
    return {"help_ms": statistics.median(times)}
