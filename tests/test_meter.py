"""The meter counts every request once, and does not grow with time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Rate
from migrator.runs.signing.traffic import traffic
from migrator.runs.spending import FILE, Spending, read_spending
from migrator.wire import Meter
from migrator.wire.budget import Limit

if TYPE_CHECKING:
    from pathlib import Path

TIMES = st.lists(st.floats(0, 10**7, allow_nan=False), max_size=60)


def counted(times: list[float]) -> Meter:
    """A meter of these requests, each second one of them refused."""
    meter = Meter()
    for at, time in enumerate(times):
        meter.sent("", time)
        if at % 2:
            meter.refused("", time)
    return meter


def totals(meter: Meter) -> tuple[int, int]:
    """All requests sent and refused."""
    slots = [counts for flow in meter.flows.values() for counts in flow.slots.values()]
    return sum(sent for sent, _ in slots), sum(refused for _, refused in slots)


@given(TIMES, TIMES)
def test_two_sessions_are_counted_as_one(first: list[float], second: list[float]) -> None:
    """Merged, and written and read in between, two meters count what one would have counted."""
    together = Meter.of(json.loads(json.dumps(counted(first).data())))
    together.merge(counted(second))
    sent, refused = totals(together)
    assert sent == len(first) + len(second)
    assert refused == len(first) // 2 + len(second) // 2


def test_a_long_run_is_told_in_longer_moments() -> None:
    """A request every second for a day makes no more than six hundred moments; none is lost."""
    meter = Meter()
    for second in range(86_400):
        meter.sent("", second)
    assert len(meter.flows[""].slots) <= 600
    assert totals(meter) == (86_400, 0)
    assert meter.width == 256


def test_the_fullest_window_is_found() -> None:
    """Of requests at 0, 1, 1, 1 and 15 s, four are in one window of ten seconds."""
    meter = Meter()
    meter.allowed("", [Limit(Rate(100, timedelta(seconds=10)), 50)])
    for time in (0, 1, 1, 1, 15):
        meter.sent("", time)
    (found,) = traffic({"write": meter})
    assert (found.sent, found.refused, [one.at for one in found.moments]) == (5, 0, [0, 1, 15])
    (window,) = found.windows
    assert (window.most, window.ours, window.busiest) == (100, 50, 4)


def test_a_window_shorter_than_the_moments_gets_its_part() -> None:
    """Of 256 s with 256 requests, a window of 128 s has half of them."""
    meter = Meter(width=256)
    meter.allowed("", [Limit(Rate(500, timedelta(seconds=128)), 500)])
    for time in range(256):
        meter.sent("", time)
    (found,) = traffic({"write": meter})
    assert found.windows[0].busiest == 128


def test_a_resume_adds_and_a_kill_loses_half_a_minute(tmp_path: Path) -> None:
    """What a session spends is on disk every thirty seconds, and the next one adds to it."""
    killed = Meter()
    spending = Spending(tmp_path, "write", killed)
    for second in range(70):
        killed.sent("", second)
    assert totals(read_spending(tmp_path)["write"]) == (61, 0)  # kept as second 60 was counted
    del spending
    resumed = Meter()
    going_on = Spending(tmp_path, "write", resumed)
    resumed.sent("", 100)
    going_on.keep()
    going_on.keep()  # twice is not counted twice
    other = Spending(tmp_path, "verify", counted([200, 201]))
    other.keep()
    found = read_spending(tmp_path)
    assert totals(found["write"]) == (62, 0)
    assert totals(found["verify"]) == (2, 1)


def test_a_file_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    """Rubbish in the file is passed over, and so is a folder that is gone."""
    for rubbish in ("", "[]", '{"write": 3}', '{"write": {"width": 1}}'):
        (tmp_path / FILE).write_text(rubbish, encoding="utf-8")
        assert read_spending(tmp_path) == {}
    Spending(tmp_path / "gone", "write", counted([1])).keep()
    assert not (tmp_path / "gone").exists()
