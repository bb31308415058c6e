"""What was spent of one quota: the requests that still count in each of its windows.

A budget is plain data, so that a ledger can keep it between processes: with what was spent, it
keeps what the vendor's answers told of the windows. All times are seconds of the wall clock,
because processes share it; where that clock was set back, no request counts for longer than its
window from then on.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrator.json_text import dumps, loads
from migrator.model import Rate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from migrator.wire.base import Quota

_MARGIN = 0.01
"""Part of a window added to it, for requests that take unlike times to arrive."""

_SHORT = 5.0
"""Seconds: in a window shorter than this, milliseconds of the way count."""

_JITTER = 0.018
"""Seconds by which requests over an open connection may come closer together on their way."""

_GRAIN = 200
"""Parts of a long window within which requests are kept as one entry: few to write and to read."""

_LATE = 60.0
"""Seconds after midnight from which a new day counts: clocks differ."""

_DAY = 86_400.0
_MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Limit:
    """A window as we may use it: ``ours`` of the requests of its rate; the rest is for others."""

    rate: Rate
    ours: int

    @property
    def seconds(self) -> float:
        """The window's length."""
        return self.rate.per.total_seconds()


class Learned(NamedTuple):
    """A window as an answer told it, where ``assumed`` requests were documented (0 = none)."""

    assumed: int
    requests: int
    calendar: bool


class Entry(NamedTuple):
    """So many requests at about one time; it is the time of the last of them."""

    time: float
    ours: int = 0
    others: int = 0


@dataclass(slots=True)
class Tally:
    """The requests that count in one window, oldest first, and how many they are."""

    entries: list[Entry] = field(default_factory=list)
    ours: int = 0
    others: int = 0

    def add(self, limit: Limit, entry: Entry) -> None:
        """Count requests; not before the last of those that are there."""
        self.ours += entry.ours
        self.others += entry.others
        if self.entries and _place(limit, self.entries[-1].time) == _place(limit, entry.time):
            entry = _both(self.entries.pop(), entry)
        self.entries.append(entry)

    def add_earlier(self, limit: Limit, entry: Entry) -> None:
        """Count requests that were made some time ago."""
        if self.entries and self.entries[-1].time > entry.time:
            self.ours += entry.ours
            self.others += entry.others
            insort(self.entries, entry)
        else:
            self.add(limit, entry)

    def move(self, limit: Limit, time: float, now: float) -> None:
        """One of ours was not sent then but now; if it counts no more by then, it does again."""
        for at, entry in enumerate(self.entries):
            if entry.ours and _place(limit, entry.time) == _place(limit, time):
                self.entries[at] = entry._replace(ours=entry.ours - 1)
                self.ours -= 1
                break
        self.add(limit, Entry(now, ours=1))

    def forget(self, limit: Limit, zone: str | None, now: float) -> bool:
        """Drop what counts no more; what by the clock is still to come happened just now.

        Whether there was anything to come: the clock was set back.
        """
        ahead_of_us = bool(self.entries) and self.entries[-1].time > now
        while self.entries and self.entries[-1].time > now:
            ahead = self.entries.pop()._replace(time=now)
            if self.entries and self.entries[-1].time > now:
                ahead = _both(self.entries.pop(), ahead)
            self.entries.append(ahead)
        gone = 0
        while gone < len(self.entries) and _until(limit, self.entries[gone].time, zone) <= now:
            self.ours -= self.entries[gone].ours
            self.others -= self.entries[gone].others
            gone += 1
        del self.entries[:gone]
        return ahead_of_us

    def wait(self, limit: Limit, zone: str | None, now: float) -> float:
        """Seconds until the window allows one more."""
        ours = self.ours + 1 - limit.ours
        together = self.ours + self.others + 1 - limit.rate.requests
        until = now
        for entry in self.entries:
            if ours <= 0 and together <= 0:
                break
            ours -= entry.ours
            together -= entry.ours + entry.others
            until = _until(limit, entry.time, zone)
        return until - now


@dataclass(slots=True)
class Ticket:
    """What was known when a request was let through, to compare the vendor's count with.

    Attributes:
        time: when it left.
        taken: requests of ours so far, ever.
        used: per window in seconds, what counted then: ours, and those of others.
    """

    time: float
    taken: int
    used: dict[float, tuple[int, int]]

    def part_of(self, limits: Iterable[Limit]) -> float:
        """How much is used of the window that is fullest, from 0 to 1.

        >>> minute = Limit(Rate(100, timedelta(minutes=1)), ours=50)
        >>> Ticket(0.0, 25, {60.0: (25, 10)}).part_of([minute])
        0.5
        """
        parts = [0.0]
        for limit in limits:
            ours, others = self.used.get(limit.seconds, (0, 0))
            parts += [ours / limit.ours, (ours + others) / limit.rate.requests]
        return max(parts)


@dataclass(slots=True)
class Budget:
    """What was spent of one quota.

    Attributes:
        used: per window in seconds, the requests that count.
        taken: requests of ours so far, ever.
        held: from when on, and for how many seconds, the vendor wants no request.
        zone: the account's time zone, where it is known.
        learned: per window in seconds, what the vendor's answers told of it.
        changed: something is to be kept that was not known before; that time goes by is nothing.
    """

    used: dict[float, Tally] = field(default_factory=dict)
    taken: int = 0
    held: tuple[float, float] = (0.0, 0.0)
    zone: str | None = None
    learned: dict[float, Learned] = field(default_factory=dict)
    changed: bool = field(default=False, compare=False)

    def rates(self, documented: Iterable[Rate]) -> list[Rate]:
        """All windows: the documented ones, as far as no answer told otherwise.

        What was learned while something else was documented (the user has chosen another plan
        since) is no longer believed.
        """
        rates = {rate.per.total_seconds(): rate for rate in documented}
        for seconds, learned in self.learned.items():
            if learned.assumed == (rates[seconds].requests if seconds in rates else 0):
                per = timedelta(seconds=seconds)
                rates[seconds] = Rate(learned.requests, per, learned.calendar)
        return list(rates.values())

    def take(self, limits: Collection[Limit], now: float) -> Ticket | float:
        """Count one request in every window, or say how many seconds it has to wait."""
        tallies = [(one, self._tally(one, now)) for one in limits]
        waits = [tally.wait(limit, self.zone, now) for limit, tally in tallies]
        wait = max(self._held(now), *waits) if waits else self._held(now)
        if wait > 0:
            return wait
        self.changed = True
        self.taken += 1
        for limit, tally in tallies:
            tally.add(limit, Entry(now, ours=1))
        used = {limit.seconds: (tally.ours, tally.others) for limit, tally in tallies}
        return Ticket(now, self.taken, used)

    def left_late(self, limits: Collection[Limit], ticket: Ticket, now: float) -> None:
        """A request left only now: it had a connection to open."""
        self.changed = True
        for limit in limits:
            self._tally(limit, now).move(limit, ticket.time, now)
        ticket.time = now

    def learn(self, quota: Quota, documented: Iterable[Rate]) -> None:
        """Take over a window as an answer told it."""
        rate = quota.rate
        assumed = [one.requests for one in documented if one.per == rate.per]
        learned = Learned(assumed[0] if assumed else 0, rate.requests, rate.calendar)
        seconds = rate.per.total_seconds()
        if self.learned.get(seconds) != learned:
            self.changed = True
            self.learned[seconds] = learned

    def learn_of_others(self, limit: Limit, quota: Quota, ticket: Ticket, now: float) -> None:
        """Take over what others have used of a window, as the vendor's count shows.

        The vendor counted when the request arrived, some time since it left. Whatever counted here
        then, or left since, may be in its count; what is beyond that is somebody else's, and may
        have been made just now, if the vendor does not say how soon it is forgotten. Of a window
        that was not known when the request left, nothing can be said yet.
        """
        if quota.left is None or limit.seconds not in ticket.used:
            return
        tally = self._tally(limit, now)
        ours, others = ticket.used[limit.seconds]
        ours += max(0, self.taken - ticket.taken)
        more = quota.rate.requests - quota.left - ours - max(others, tally.others)
        if more > 0:
            self.changed = True
            since = now
            if quota.resets is not None:
                since = min(now, now + quota.resets - (_until(limit, now, self.zone) - now))
            tally.add_earlier(limit, Entry(since, others=more))

    def hold(self, seconds: float, now: float) -> None:
        """Let nothing through for so long."""
        if seconds > self._held(now):
            self.changed = True
            self.held = (now, seconds)

    def _held(self, now: float) -> float:
        since, seconds = self.held
        if since > now:
            self.changed = True
            self.held = now, seconds
        return self.held[0] + seconds - now

    def _tally(self, limit: Limit, now: float) -> Tally:
        tally = self.used.setdefault(limit.seconds, Tally())
        if tally.forget(limit, self.zone, now):
            self.changed = True
        return tally

    # -- keeping -------------------------------------------------------------------------------

    def dumps(self) -> str:
        """As text; entries as whole numbers in a row, because that is quick to write and read."""
        used = {
            seconds: [
                number
                for time, ours, others in tally.entries
                for number in (int(time * _MICRO), ours, others)
            ]
            for seconds, tally in self.used.items()
        }
        state = {
            "used": used,
            "taken": self.taken,
            "held": self.held,
            "zone": self.zone,
            "learned": self.learned,
        }
        return dumps(state)

    @classmethod
    def loads(cls, text: str) -> Self:
        """From the text of :meth:`dumps`.

        Raises:
            ValueError, LookupError, TypeError, AttributeError: it is another text.
        """
        found = loads(text)
        since, seconds = found["held"]
        zone = None if found["zone"] is None else str(found["zone"])
        budget = cls({}, int(found["taken"]), (float(since), float(seconds)), zone)
        for window, (assumed, requests, calendar) in found["learned"].items():
            learned = Learned(int(assumed), int(requests), bool(calendar))
            budget.learned[float(window)] = learned
        for window, numbers in found["used"].items():
            times, ours, others = numbers[::3], numbers[1::3], numbers[2::3]
            entries = [
                Entry(time / _MICRO, mine, theirs)
                for time, mine, theirs in zip(times, ours, others, strict=True)
            ]
            budget.used[float(window)] = Tally(entries, sum(ours), sum(others))
        return budget

    @property
    def until(self) -> float:
        """When nothing of it matters any more, at the latest."""
        ends = [
            tally.entries[-1].time + 2 * max(seconds, _LATE)
            for seconds, tally in self.used.items()
            if tally.entries
        ]
        return max(sum(self.held), *ends) if ends else sum(self.held)


def _until(limit: Limit, time: float, zone: str | None) -> float:
    """When a request counts no more."""
    if limit.rate.calendar:
        return midnight_after(time, zone) + _LATE
    seconds = limit.seconds
    return time + seconds + (seconds * _MARGIN if seconds >= _SHORT else _JITTER)


def _both(one: Entry, other: Entry) -> Entry:
    time = max(one.time, other.time)
    return Entry(time, one.ours + other.ours, one.others + other.others)


def _place(limit: Limit, time: float) -> int:
    """Requests of one place are kept as one entry; in a short window only those of one instant."""
    seconds = limit.seconds
    return math.floor(time / seconds * _GRAIN) if seconds >= _SHORT else int(time * _MICRO)


def midnight_after(time: float, zone: str | None) -> float:
    """The first midnight after an instant; where the zone is not known, a whole day later.

    >>> midnight_after(datetime(2026, 3, 31, 9, tzinfo=UTC).timestamp(), "America/New_York")
    1775016000.0
    """
    try:
        local = datetime.fromtimestamp(time, ZoneInfo(zone or ""))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return time + _DAY
    day = (local + timedelta(days=1)).date()
    return datetime(day.year, day.month, day.day, tzinfo=local.tzinfo).astimezone(UTC).timestamp()
