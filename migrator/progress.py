"""How a long step tells what it is doing: silence, bars for people, lines for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn, Protocol, TextIO

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Progress(Protocol):
    """What a step reports to."""

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:
        """A phase of ``total`` rows begins; ``pace`` is the most rows/s that the quota allows."""
        ...

    def advance(self, rows: int, **counts: int) -> None:
        """That many rows more; ``counts`` (rejected, refused ...) are totals to show."""
        ...

    def finish(self) -> None:
        """The phase is over."""
        ...


class Silent:
    """Reports nothing."""

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:
        """Report nothing."""

    def advance(self, rows: int, **counts: int) -> None:
        """Report nothing."""

    def finish(self) -> None:
        """Report nothing."""


class Lines:
    """One JSON object a line for each batch of which the answers are durable.

    ``rows`` = of this batch, ``written`` and ``refused`` and ``parked`` = so far, ``left`` = still
    to come, ``at`` = when, in ISO 8601. Steps that write nothing are passed over in silence.
    """

    WRITES = "write"
    """The phase that is told of."""

    def __init__(self, stream: TextIO, *, now: Callable[[], datetime]) -> None:
        self._stream = stream
        self._now = now
        self._total: int | None = None
        self._done = 0

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:  # noqa: ARG002  # as the protocol has it
        """Begin to count, if the phase writes."""
        self._total = total if phase == self.WRITES else None
        self._done = 0

    def advance(self, rows: int, **counts: int) -> None:
        """Tell of a batch; of none when there are no rows in it."""
        if self._total is None or not rows:
            return
        self._done += rows
        turned_down = {name: counts.get(name, 0) for name in ("refused", "parked")}
        event = {
            "event": "batch",
            "rows": rows,
            "written": self._done - sum(turned_down.values()),
            **turned_down,
            "left": self._total - self._done,
            "at": self._now().isoformat(timespec="milliseconds"),
        }
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()

    def finish(self) -> None:
        """Tell of nothing more."""
        self._total = None


class Bars:
    """One bar per phase, on a terminal.

    The time left is the larger of what the speed so far and what the quota allow: at its start a
    load is far quicker than its quota, and an estimate from speed alone would promise too much.
    """

    def __init__(self, stream: TextIO, *, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._bar: tqdm[NoReturn] | None = None
        self._pace: float | None = None
        self._begun = 0.0

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:
        """Open a bar."""
        self.finish()
        self._pace = pace
        self._begun = self._monotonic()
        bar: tqdm[NoReturn] = tqdm(
            total=total,
            desc=phase,
            unit=" rows",
            file=self._stream,
            dynamic_ncols=True,
            bar_format="{desc:<9}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} {rate_fmt}{postfix}"
            if total is not None
            else "{desc} ...",
            leave=total is not None,
        )
        self._bar = bar

    def advance(self, rows: int, **counts: int) -> None:
        """Move the bar."""
        if self._bar is None:
            return
        notes = [f"{n:,} {name}" for name, n in counts.items() if n]
        left = self._seconds_left(self._bar.n + rows)
        if left is not None:
            notes.append(f"{tqdm.format_interval(left)} left")
        self._bar.set_postfix_str(", ".join(notes), refresh=False)
        self._bar.update(rows)

    def finish(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _seconds_left(self, done: float) -> float | None:
        if self._bar is None or self._bar.total is None or done <= 0:
            return None
        left = max(0, self._bar.total - done)
        by_speed = (self._monotonic() - self._begun) / done * left
        return max(by_speed, left / self._pace if self._pace else 0.0)
