"""How one life of a process ends, and all that was seen of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.clock import Killed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.clock import WorldClock


@dataclass
class Trace:
    """What happened in a world, in order: the same lines for the same seed.

    Attributes:
        hidden: what is called otherwise each time: the world's folder, the host of its CRM.
        say: is given each line as it comes, for whoever watches.
    """

    clock: WorldClock
    hidden: tuple[str, ...]
    lines: list[str] = field(default_factory=list)
    say: Callable[[str], None] | None = None

    def __call__(self, line: str) -> None:
        """Write a line down."""
        for name in self.hidden:
            line = line.replace(name, ".")
        stamped = f"{self.clock.seconds:12.3f} {line}"
        self.lines.append(stamped)
        if self.say:
            self.say(stamped)


@dataclass
class Fate:
    """One life.

    Moments are counted: each time a transaction begins, is about to be committed and is committed,
    each time a request leaves, has left, and its answer is there.

    Attributes:
        dies_at: number of the moment it dies at; None = it lives to its end.
        stops_at: number of the moment at which somebody presses Ctrl-C.
        full_at: number of the moment from which on the disk is full.
        stop: what Ctrl-C does, once there is something to stop.
    """

    trace: Trace
    dies_at: int | None = None
    stops_at: int | None = None
    full_at: int | None = None
    stop: Callable[[], None] | None = None
    moments: int = 0
    dead: bool = False

    def moment(self, what: str) -> None:
        """A moment at which it may end.

        Raises:
            Killed: it ends here, or it has ended already and has no effect any more.
        """
        if self.dead:
            raise Killed
        self.moments += 1
        if self.moments == self.dies_at:
            self.trace(f"killed: {what}")
            self.dead = True
            asyncio.get_running_loop().stop()
            raise Killed
        if self.stops_at is not None and self.moments >= self.stops_at and self.stop:
            self.trace(f"Ctrl-C: {what}")
            self.stop()
            self.stops_at = None

    @property
    def disk_is_full(self) -> bool:
        """Whether nothing more can be written to the disk in this life."""
        return self.full_at is not None and self.moments >= self.full_at
