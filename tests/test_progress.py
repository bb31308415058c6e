"""What a terminal shows during a long step."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from migrator.progress import Bars, Lines, Silent


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
    assert "2 refused, 15:00 left" in stream.getvalue()


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
    silent.finish()


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
