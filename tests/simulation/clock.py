"""Time in a simulated world: it goes on whether or not a process lives in it."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

START = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)
_TICK = 1e-6
"""Seconds; sums of floats must not make time stand still."""
_BURIAL = 1_000
"""Steps in which what a dead process left in memory must have fallen apart."""


class WorldClock:
    """The true time, and what happens at its moments by itself.

    Attributes:
        seconds: since the world began.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def monotonic(self) -> float:
        """Seconds since the world began."""
        return self.seconds

    def now(self) -> datetime:
        """The instant."""
        return START + timedelta(seconds=self.seconds)

    def at(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let something happen at a moment, whoever lives by then."""
        self._number += 1
        heapq.heappush(self._due, (seconds, self._number, happen))

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due happens at its own moment."""
        end = self.seconds + seconds
        while self._due and self._due[0][0] <= end:
            moment, _, happen = heapq.heappop(self._due)
            self.seconds = max(self.seconds, moment)
            happen()
        self.seconds = end

    def pass_all(self) -> None:
        """Let everything happen that is still to come."""
        while self._due:
            self.advance(max(0.0, self._due[0][0] - self.seconds))


class ProcessClock:
    """The time as one process sees it (see ``migrator.wire.Clock``).

    Args:
        world: the true time.
        wrong: seconds by which the wall clock of the machine is wrong.
        origin: where its monotonic seconds begin; another one after each start of the machine.
    """

    def __init__(self, world: WorldClock, wrong: float = 0.0, origin: float = 0.0) -> None:
        self._world = world
        self._wrong = timedelta(seconds=wrong)
        self._origin = origin - world.seconds

    def monotonic(self) -> float:
        """Seconds."""
        return self._world.seconds + self._origin

    def now(self) -> datetime:
        """The instant, as far as this machine knows."""
        return self._world.now() + self._wrong

    async def sleep(self, seconds: float) -> None:
        """Let time pass: as in any real clock, a little more than was asked for."""
        await asyncio.sleep(seconds + _TICK)


class Killed(BaseException):
    """The process ends here and now; nothing of it may have any effect from now on."""


def live(world: WorldClock, main: Coroutine[Any, Any, T], dead: Callable[[], bool]) -> T:
    """Run a process in the world's time until it ends, or until ``dead`` says that it was killed.

    Of a killed one nothing runs on: its tasks are unwound while time stands still, and whoever
    carries their effects out (the disk, the network) refuses them.

    Raises:
        Killed: it was killed.
    """
    loop = _Loop(world)
    task = loop.create_task(main)
    try:
        loop.run_until_complete(task)
    except (Killed, RuntimeError):
        if not dead():
            raise
    except BaseException:
        if not dead():
            raise
    finally:
        _bury(loop)
    if dead():
        raise Killed
    return task.result()


def _bury(loop: _Loop) -> None:
    """Unwind what is left, in no time; a task that does not end is dropped as it is."""
    loop.frozen = True
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        with contextlib.suppress(BaseException):
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, world: WorldClock) -> None:
        self.world = world
        self.frozen = False
        self._steps = 0
        super().__init__(_Selector(self))
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        return self.world.seconds

    def let_pass(self, timeout: float | None) -> None:
        if not self.frozen:
            if timeout is None:
                raise RuntimeError("every task waits for another one: a deadlock")
            self.world.advance(max(0.0, timeout))
            return
        self._steps += 1
        if timeout != 0 or self._steps > _BURIAL:
            raise Killed


class _Selector(selectors.DefaultSelector):
    """Nothing comes from outside, so waiting is only a matter of letting time pass."""

    def __init__(self, loop: _Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.let_pass(timeout)
        return super().select(0)
