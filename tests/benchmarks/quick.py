"""Five figures in less than a minute, so that a regression is seen: ``make bench-quick``."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.comparing import Sizes, quota, speed
from tests.benchmarks.growing import planned, prepared
from tests.benchmarks.tools import TOOLS

if TYPE_CHECKING:
    from tests.benchmarks.comparing import Bench
    from tests.benchmarks.tools import Tool

_ROWS = 100_000
_SIZES = Sizes(speed=20_000, quota=20_000)
_COMPARED = ("sdk", "migrator")


def quick(bench: Bench) -> dict[str, float]:
    """See the names in the result; all are medians or single runs of whole processes.

    * ``ratio_prepare``: our time to prepare 100,000 rows by that of bare polars; less is better;
    * ``ratio_sdk_0ms``, ``ratio_sdk_300ms``: our deals a second by those of the vendor's SDK in a
      loop, when answers come at once and after 300 ms; more is better;
    * ``quota_share``: part of 190 requests per 10 seconds that is used;
    * ``peak_mb_100k``: peak memory of preparing and planning 100,000 rows.
    """
    tools = {tool.name: tool for tool in TOOLS if tool.name in _COMPARED}
    ours, sdk = tools["migrator"], tools["sdk"]

    def rate(tool: Tool, latency: int) -> float:
        found = speed(bench, _SIZES.speed, latency, tool)[f"rate_{latency}ms"]
        bench.say(f"{tool.name}, {latency} ms: {found:,.0f} deals/s")
        return found

    at_once = median(rate(ours, 0) / rate(sdk, 0) for _ in range(bench.repeats))
    slow = rate(ours, 300) / rate(sdk, 300)
    used = quota(bench, _SIZES.quota, ours)["quota_share"]
    bench.say(f"quota: {used:.1%}")
    prepare = prepared(replace(bench, repeats=bench.repeats + 1), _ROWS)
    return {
        "ratio_prepare": prepare[1]["ratio"],
        "ratio_sdk_0ms": at_once,
        "ratio_sdk_300ms": slow,
        "quota_share": used,
        "peak_mb_100k": planned(bench, _ROWS)["peak_mb"],
    }
