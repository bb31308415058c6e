"""What a session may spend of an account's quota, and how long it waits for the rest."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.errors import QuotaSpent
from migrator.wire.budget import Limit
from migrator.wire.crowd import Crowds
from migrator.wire.ledger import Ledger, Memory
from migrator.wire.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from migrator.model import Rate
    from migrator.wire.base import Clock

PATIENCE = timedelta(hours=2)
"""A wait for the quota that is longer stops the run instead: it can be resumed."""

_LOOK = 60.0
"""Seconds after which a waiting request looks again: clocks are set, vendors change their minds."""

_TICK = 0.0002
"""Seconds that a wait is longer than it must be, so that none is followed by a tiny one."""

_SOON = 2.0
"""Seconds that are waited out even when everything is to stop: what is half done gets done."""

_SAID = 60.0
"""Seconds from which a wait is worth a line."""


def _silent(_text: str) -> None:
    """Say nothing."""


class Allowance:
    """What a session may spend of an account's quota, and how long it waits for the rest.

    Args:
        share: part of each window that is ours, above 0 to 1. What others really use counts against
            their part first.
        patient: wait for the quota however long that takes; otherwise :data:`PATIENCE`.
        ledger: keeps the account's budgets; by default in memory, for this session alone.
        say: receives one line about each long wait.

    Attributes:
        zone: the account's time zone, as soon as it is known: a day's quota ends at its midnight.
        meter: what the session has spent, by time.
        crowds: how many requests are under way at once.
        used: how much of the fullest window was used, from 0 to 1, as the last request left.
    """

    def __init__(
        self,
        *,
        share: float = 1.0,
        patient: bool = False,
        ledger: Ledger | None = None,
        say: Callable[[str], object] = _silent,
    ) -> None:
        self.patient = patient
        self.ledger = ledger or Memory()
        self.zone: str | None = None
        self.meter = Meter()
        self.crowds = Crowds()
        self.used: float | None = None
        self._share = share
        self._say = say
        self._said: datetime | None = None
        self._stopped = False
        self._waiting: set[asyncio.Future[None]] = set()

    def limits(self, rates: Collection[Rate]) -> list[Limit]:
        """Windows with our part of them: one request at least, or nothing would ever happen."""
        # 0.29 of 100 is 28.999999999999996 in binary.
        return [Limit(one, max(1, math.floor(one.requests * self._share + 1e-9))) for one in rates]

    def stop(self) -> None:
        """Wait no more, now and later: whoever waits gets ``QuotaSpent``, but for what is due."""
        self._stopped = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, seconds: float, title: str, clock: Clock) -> None:
        """Wait for a quota for so long, or a part of it: look again then.

        Raises:
            QuotaSpent: that is more than we have patience for, or ``stop`` was called.
        """
        until = clock.now() + timedelta(seconds=seconds)
        if self._stopped and seconds > _SOON:
            raise QuotaSpent(f"Stopped while waiting for {title}'s quota of requests.", until)
        if not self.patient and seconds > PATIENCE.total_seconds():
            raise spent(title, until)
        if seconds <= _SOON:
            await clock.sleep(seconds + _TICK)
            return
        self._tell(seconds, title, until)
        await self._sleep(min(seconds + _TICK, _LOOK), clock)

    def _tell(self, seconds: float, title: str, until: datetime) -> None:
        """Say once what everybody waits for."""
        known = self._said is not None and until < self._said + timedelta(seconds=_SAID)
        if seconds >= _SAID and not known:
            self._said = until
            self._say(
                f"{title}: the quota of requests is used up. Going on at {_moment(until)} "
                f"({_length(seconds)}); it is safe to stop now and resume then."
            )

    async def _sleep(self, seconds: float, clock: Clock) -> None:
        """Sleep until the time has come or ``stop`` is called."""
        sleeping = asyncio.ensure_future(clock.sleep(seconds))
        stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(stopping)
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.discard(stopping)
            sleeping.cancel()


def spent(title: str, until: datetime) -> QuotaSpent:
    """The error of a quota that is used up until then."""
    return QuotaSpent(
        f"{title}: the quota of requests is used up, at the latest until {_moment(until)}. Nothing "
        "is lost. From then on `migrator resume` goes on with a run, and any other command can be "
        "given again; with --wait migrator waits for it.",
        until,
    )


def _moment(until: datetime) -> str:
    """A full minute by which it is over."""
    return f"{until + timedelta(seconds=59):%Y-%m-%d %H:%M} UTC"


def _length(seconds: float) -> str:
    """A time to wait in words.

    >>> _length(5400), _length(3600), _length(61)
    ('in 1 h 30 min', 'in 1 h', 'in 2 min')
    """
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return f"in {' '.join(parts)}"
