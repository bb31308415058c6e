"""What a terminal shows during a long step."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from migrator.progress import Bars, Lines, LogLines, Progress, Silent


class Ticker:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds since an origin."""
        return self.now


def test_the_time_left_knows_the_quota() -> None:
    """When the speed so far beats the quota, the estimate follows the quota."""
    clock, stream = Ticker(), io.StringIO()
    bars = Bars(stream, monotonic=clock)
    bars.start("write", 10_000, pace=10.0)
    clock.now = 1.0
    bars.advance(1_000, refused=2)
    bars.finish()
    assert "1,000/s, 15:00 left, 2 refused" in stream.getvalue()


def test_the_time_left_follows_a_speed_below_the_quota() -> None:
    """When answers are slow, the estimate follows them."""
    clock, stream = Ticker(), io.StringIO()
    bars = Bars(stream, monotonic=clock)
    bars.start("write", 100, pace=1000.0)
    clock.now = 50.0
    bars.advance(50)
    bars.finish()
    assert "00:50 left" in stream.getvalue()
    assert "refused" not in stream.getvalue()


def test_a_phase_of_unknown_length_promises_no_end() -> None:
    """Without a total there is a count and no time left; advancing no phase is harmless."""
    clock, stream = Ticker(), io.StringIO()
    bars = Bars(stream, monotonic=clock)
    bars.advance(1)
    bars.start("prepare", None)
    bars.advance(5)
    bars.start("plan", 0)
    bars.advance(0)
    bars.finish()
    assert "prepare" in stream.getvalue()
    assert "left" not in stream.getvalue()


def test_silence() -> None:
    """The silent progress takes the same calls."""
    silent = Silent()
    silent.start("write", 1)
    silent.advance(1, refused=1)
    silent.watch(lambda: 0.5)
    silent.finish()


@pytest.mark.parametrize("kind", [Bars, LogLines])
def test_the_quota_is_told_while_it_is_watched(kind: type[Bars | LogLines]) -> None:
    """What the fullest window is used stands in each line, and not when the session is over."""
    clock, stream = Ticker(), io.StringIO()
    progress: Progress = kind(stream, monotonic=clock)
    used: list[float | None] = [None, 0.874]
    progress.watch(lambda: used.pop(0))
    progress.start("write", 10_000)
    for seconds in (40.0, 80.0):
        clock.now = seconds
        progress.advance(100)
    progress.watch(None)
    clock.now = 120.0
    progress.advance(100)
    progress.finish()
    assert stream.getvalue().count("quota") == 1
    assert "quota 87%" in stream.getvalue()


def test_a_full_line_fits_into_80_columns() -> None:
    """Everything that a line of a large load has to tell is readable at 80 columns."""
    clock, stream = Ticker(), io.StringIO()
    bars = Bars(stream, monotonic=clock)
    bars.watch(lambda: 0.98)
    bars.start("write", 200_000, pace=100.0)
    clock.now = 900.0
    bars.advance(90_000, refused=120, parked=35)
    line = stream.getvalue().split("\r")[-1]
    assert line.endswith("90000/200000, 100/s, 18:20 left, quota 98%, 120 refused, 35 parked")
    assert len(line.replace("####5     ", "")) <= 80
    bars.finish()


def test_a_log_has_a_line_every_half_minute() -> None:
    """However many batches there are, a log gets two lines a minute, and one at the end."""
    clock, stream = Ticker(), io.StringIO()
    lines = LogLines(stream, monotonic=clock)
    lines.start("write", 1_200, pace=10.0)
    for second in range(1, 101):
        clock.now = float(second)
        lines.advance(12, refused=second // 50)
    lines.finish()
    assert stream.getvalue().splitlines() == [
        "write: 360 of 1,200 (30%), 12/s, 01:24 left",
        "write: 720 of 1,200 (60%), 12/s, 00:48 left, 1 refused",
        "write: 1,080 of 1,200 (90%), 12/s, 00:12 left, 1 refused",
        "write: 1,200 rows, in 01:40, 12/s, 2 refused",
    ]


def test_a_log_says_nothing_of_quick_phases() -> None:
    """A phase that is over within a second is not worth a line; one of unknown length is."""
    clock, stream = Ticker(), io.StringIO()
    lines = LogLines(stream, monotonic=clock)
    lines.advance(1)
    lines.finish()
    lines.start("check", None)
    clock.now = 0.9
    lines.start("prepare", None)
    clock.now = 4.9
    lines.finish()
    lines.start("export", None)
    clock.now = 36.0
    lines.advance(5)
    lines.finish()
    lines.start("write", 0)
    clock.now = 39.0
    lines.finish()
    assert stream.getvalue().splitlines() == [
        "prepare: in 00:04",
        "export: 5, 0.2/s",
        "export: 5 rows, in 00:31, 0.2/s",
        "write: 0 rows, in 00:03",
    ]


def test_a_line_for_each_batch_that_writes() -> None:
    """Phases that write nothing, and batches of no rows, are passed over; counts are so far."""
    stream = io.StringIO()
    lines = Lines(stream, now=lambda: datetime(2026, 3, 31, 9, tzinfo=UTC))
    lines.start("plan", 5)
    lines.advance(5, rejected=1)
    lines.start("write", 250, pace=3.0)
    lines.advance(0, refused=0)
    lines.advance(100, refused=2, parked=0)
    lines.advance(50, refused=2, parked=1)
    lines.finish()
    lines.advance(1)
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    at = "2026-03-31T09:00:00.000+00:00"
    assert found == [
        {
            "event": "batch",
            "rows": 100,
            "written": 98,
            "refused": 2,
            "parked": 0,
            "left": 150,
            "at": at,
        },
        {
            "event": "batch",
            "rows": 50,
            "written": 147,
            "refused": 2,
            "parked": 1,
            "left": 100,
            "at": at,
        },
    ]
