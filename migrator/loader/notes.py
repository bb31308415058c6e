"""What became of ops: made durable first, then told to whoever watches."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from migrator.journal import Settled
from migrator.model import UNKNOWN, ObjectType, OpState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Journal
    from migrator.model import Op, Outcome
    from migrator.progress import Progress
    from migrator.wire import Clock

_PARENTS = {ObjectType.CONTACTS, ObjectType.COMPANIES}
_STILL_OPEN = {OpState.PLANNED, OpState.SENT}


class Notes:
    """Writes one run's answers into the journal.

    Attributes:
        settled: ops that got an answer since this load began.
    """

    def __init__(self, journal: Journal, run: str, clock: Clock, progress: Progress) -> None:
        self._journal = journal
        self._run = run
        self._clock = clock
        self._progress = progress
        self._refused = 0
        self._parked = 0
        self._held: list[Sequence[Settled]] = []
        self.settled = 0

    def note(self, settled: Sequence[Settled]) -> None:
        """Make answers durable, then tell who watches; contacts and companies do not count."""
        self._journal.settle(self._run, settled, self._clock.now())
        self._tell(settled)

    def hold(self, settled: Sequence[Settled]) -> None:
        """Keep answers for a moment, to be made durable with the next sending or by ``flush``."""
        self._held.append(settled)

    def sending(self, batch: Sequence[Op]) -> None:
        """Make durable that a batch is about to be sent, and the answers that are held."""
        held, self._held = self._held, []
        self._journal.sending(self._run, batch, self._clock.now(), list(chain(*held)))
        for settled in held:
            self._tell(settled)

    def flush(self) -> None:
        """Make durable the answers that no sending has taken along."""
        held, self._held = self._held, []
        if held:
            self._journal.settle(self._run, list(chain(*held)), self._clock.now())
            for settled in held:
                self._tell(settled)

    def _tell(self, settled: Sequence[Settled]) -> None:
        done = [s for s in settled if s.state not in _STILL_OPEN]
        self.settled += len(done)
        rows = [s for s in done if s.op.type not in _PARENTS]
        self._refused += sum(s.state is OpState.REFUSED for s in rows)
        self._parked += sum(s.state is OpState.PARKED for s in rows)
        self._progress.advance(len(rows), refused=self._refused, parked=self._parked)


def from_outcome(op: Op, outcome: Outcome) -> Settled:
    """The journal's words for a vendor's outcome."""
    blank = {OpState.REFUSED: "refused", OpState.SENT: UNKNOWN}.get(outcome.state, "")
    code = UNKNOWN if outcome.state is OpState.SENT else outcome.code or blank
    return Settled(op, outcome.state, outcome.id or op.id, code, outcome.message)
