"""What became of ops that were sent and have no answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown
from migrator.journal import Settled
from migrator.loader.links import linked, needs_link
from migrator.loader.notes import from_outcome
from migrator.loader.parents import created_parents, resolved
from migrator.model import UNKNOWN, Action, OpState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Journal
    from migrator.loader.notes import Notes
    from migrator.model import Sent
    from migrator.vendors.base import Vendor
    from migrator.wire import Clock

_AT_ONCE = 2_000
_PATIENCE = 1.0
"""Seconds given to a request whose answer was lost before we ask what became of it."""


class Settler:
    """Settles one run's open ops by asking the vendor, and where that is of no use, says so.

    An op of which nothing can be found out stays ``sent`` with the code :data:`UNKNOWN`, and is not
    asked about again within this load: a person has to (see ``Journal.answered``).
    """

    def __init__(
        self, vendor: Vendor, journal: Journal, run: str, clock: Clock, notes: Notes
    ) -> None:
        self._vendor = vendor
        self._journal = journal
        self._run = run
        self._clock = clock
        self._notes = notes
        # All ops of one batch are asked about together: a vendor may have to read much for that.
        self.most_open = max(_AT_ONCE, *vendor.capabilities.batch.values())

    async def settle(self) -> bool:
        """Find out what became of every op without an answer; whether there was any.

        Raises:
            OutcomeUnknown: of some it is not known, and it is not safe to send others.
        """
        any_open = False
        while sent := self._journal.unsettled(self._run, limit=self.most_open):
            if not any_open:
                await self._clock.sleep(_PATIENCE)
                any_open = True
            settled = await self._recovered(self._with_links(sent))
            rest = [s for s in settled if needs_link(self._vendor, s)]
            self._notes.note([s for s in settled if not needs_link(self._vendor, s)])
            self._notes.note(await linked(self._vendor, rest))
        return any_open

    async def _recovered(self, sent: Sequence[Sent]) -> list[Settled]:
        """What the vendor says of each op; one of which it says nothing is sent again."""
        told = [s for s in sent if s.op.action is Action.CREATE and s.op.id]
        settled = [Settled(s.op, OpState.WRITTEN, s.op.id) for s in told]  # by a person
        left = [s for s in sent if s not in told]
        # One action at a time: a record may be updated and parted from others in one run.
        for type, action in dict.fromkeys((one.op.type, one.op.action) for one in left):
            alike = [s for s in left if (s.op.type, s.op.action) == (type, action)]
            ops = {one.op.key: one.op for one in alike}
            try:
                outcomes = await self._vendor.recover(type, alike)
            except OutcomeUnknown as error:
                unknown = [
                    Settled(op, OpState.SENT, None, UNKNOWN, str(error)) for op in ops.values()
                ]
                self._notes.note(unknown)
                raise
            settled += [from_outcome(ops.pop(outcome.key), outcome) for outcome in outcomes]
            settled += [Settled(op, OpState.PLANNED) for op in ops.values()]
        return settled

    def _with_links(self, sent: Sequence[Sent]) -> list[Sent]:
        """The same, their links with ids, as they were sent."""
        parents = created_parents(self._journal, self._run, [s.op for s in sent])
        return [replace(s, op=replace(s.op, links=resolved(s.op, parents).ready)) for s in sent]
