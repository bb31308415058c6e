"""How a long step tells what it is doing: silence, bars for people, lines for logs and programs."""

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

    def watch(self, quota: Callable[[], float | None] | None) -> None:
        """From now on ``quota`` tells how much of the CRM's quota is used, from 0 to 1."""
        ...


class Silent:
    """Reports nothing."""

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:
        """Report nothing."""

    def advance(self, rows: int, **counts: int) -> None:
        """Report nothing."""

    def finish(self) -> None:
        """Report nothing."""

    def watch(self, quota: Callable[[], float | None] | None) -> None:
        """Report nothing."""


class Lines(Silent):
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


class _Phase:
    """How far a phase has come.

    Args:
        total: rows in all; None = nobody knows.
        pace: the most rows/s that the quota allows; None = it has no say.
        since: when it began, in the seconds of a monotonic clock.
    """

    def __init__(self, name: str, total: int | None, pace: float | None, since: float) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self.counts: dict[str, int] = {}
        self._pace = pace
        self._since = since

    def speed(self, now: float) -> str:
        """Rows per second so far; blank when there is nothing to tell yet."""
        seconds = now - self._since
        if self.done <= 0 or seconds <= 0:
            return ""
        speed = self.done / seconds
        return f"{speed:,.0f}/s" if speed >= _SLOW else f"{speed:.1f}/s"

    def length(self, now: float) -> str:
        """How long it has taken; blank when that was no time at all."""
        seconds = now - self._since
        return f"in {tqdm.format_interval(seconds)}" if seconds >= 1 else ""

    def left(self, now: float) -> str:
        """How long it will take still; blank when nobody knows.

        The larger of what the speed so far and what the quota allow: at its start a load is far
        quicker than its quota, and an estimate from speed alone would promise too much.
        """
        if not self.total or self.done <= 0 or self.done >= self.total:
            return ""
        left = self.total - self.done
        by_speed = (now - self._since) / self.done * left
        seconds = max(by_speed, left / self._pace if self._pace else 0.0)
        return f"{tqdm.format_interval(seconds)} left"

    def turned_down(self) -> list[str]:
        """The counts that are not zero, in words."""
        return [f"{n:,} {name}" for name, n in self.counts.items() if n]


_SLOW = 10
"""Rows/s below which tenths of them matter."""


class _Told:
    """What bars and lines in a log have in common: the phase they tell of, and the quota."""

    def __init__(self, stream: TextIO, *, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._phase: _Phase | None = None
        self._quota: Callable[[], float | None] | None = None

    def watch(self, quota: Callable[[], float | None] | None) -> None:
        """Tell of the quota with each line, if there is one."""
        self._quota = quota

    def _used(self) -> list[str]:
        used = self._quota() if self._quota else None
        return [] if used is None else [f"quota {used:.0%}"]


class Bars(_Told):
    """One bar per phase, on a terminal; 80 columns are enough."""

    def __init__(self, stream: TextIO, *, monotonic: Callable[[], float]) -> None:
        super().__init__(stream, monotonic=monotonic)
        self._bar: tqdm[NoReturn] | None = None

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:
        """Open a bar."""
        self.finish()
        self._phase = _Phase(phase, total, pace, self._monotonic())
        bar: tqdm[NoReturn] = tqdm(
            total=total,
            desc=phase,
            file=self._stream,
            dynamic_ncols=True,
            mininterval=0,  # a batch is rare enough
            bar_format="{desc:<6} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
            if total is not None
            else "{desc:<6} ...{postfix}",
            leave=total is not None,
        )
        self._bar = bar

    def advance(self, rows: int, **counts: int) -> None:
        """Move the bar."""
        if self._bar is None or self._phase is None:
            return
        phase, now = self._phase, self._monotonic()
        phase.done += rows
        phase.counts = counts
        notes = [phase.speed(now), phase.left(now), *self._used(), *phase.turned_down()]
        self._bar.set_postfix_str(", ".join(filter(None, notes)), refresh=False)
        self._bar.update(rows)

    def finish(self) -> None:
        """Close the bar; what stays of it says how long the phase took, and not what is left."""
        if self._bar is None or self._phase is None:
            return
        now = self._monotonic()
        notes = [self._phase.speed(now), self._phase.length(now)]
        notes += self._phase.turned_down()
        self._bar.set_postfix_str(", ".join(filter(None, notes)), refresh=False)
        self._bar.close()
        self._bar = None


class LogLines(_Told):
    """A line every half minute, and one at the end of a phase that took a while: for logs.

    Nothing in a phase that is over within a second; a log of a quick run is its summary alone.
    """

    EVERY = 30.0
    """Seconds between two lines."""

    SHORT = 1.0
    """Seconds within which a phase is over before anybody asks about it."""

    def __init__(self, stream: TextIO, *, monotonic: Callable[[], float]) -> None:
        super().__init__(stream, monotonic=monotonic)
        self._begun = self._said = 0.0

    def start(self, phase: str, total: int | None, pace: float | None = None) -> None:
        """Begin to count."""
        self.finish()
        self._begun = self._said = self._monotonic()
        self._phase = _Phase(phase, total, pace, self._begun)

    def advance(self, rows: int, **counts: int) -> None:
        """Tell, if there has been no line for a while."""
        if self._phase is None:
            return
        phase, now = self._phase, self._monotonic()
        phase.done += rows
        phase.counts = counts
        if now - self._said < self.EVERY:
            return
        self._said = now
        many = f"{phase.done:,}"
        if phase.total:
            many += f" of {phase.total:,} ({phase.done / phase.total:.0%})"
        self._say(many, phase.speed(now), phase.left(now), *self._used(), *phase.turned_down())

    def finish(self) -> None:
        """Say what it came to, unless it was quick."""
        if self._phase is None:
            return
        phase, now = self._phase, self._monotonic()
        if now - self._begun >= self.SHORT:
            many = f"{phase.done:,} rows" if phase.done or phase.total == 0 else ""
            self._say(many, phase.length(now), phase.speed(now), *phase.turned_down())
        self._phase = None

    def _say(self, *parts: str) -> None:
        name = self._phase.name if self._phase else ""
        self._stream.write(f"{name}: {', '.join(filter(None, parts))}\n")
        self._stream.flush()
