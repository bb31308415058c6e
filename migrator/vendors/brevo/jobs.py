"""Imports as jobs: what the journal notes of one, and how to learn that it has ended.

An import answers with the id of a process and nothing more. Whether ``GET /processes`` shows the
process of a CRM import is UNCERTAIN, its statuses are taken as an open list, and an import whose
answer was lost has no id at all. So the end of an import is found by both: what its process says,
and whether the records it was to write stand still.

=========================  ===================================  ===========================
what is known              the records                          what it means
=========================  ===================================  ===========================
anything                   all there                            ended
process ended              two readings agree                   ended, the rest not taken
process running            not all there yet                    wait; when neither it nor
                                                                they move for
                                                                ``import_patience``: unknown
process not shown          none has moved for                   ended, the rest not taken
                           ``import_patience``
upload without an answer:
- one runs that may be it  not all there yet                    wait, as above
- a newer one has ended    some there, two readings agree       ended, the rest not taken
- none shown               some there, none has moved for       ended, the rest not taken
                           ``import_patience``
- none shown               none there, and ``import_patience``  not carried out
                           has passed since the upload
- an earlier one of ours   none there, and a minute has passed  not carried out
  is shown, none after it
=========================  ===================================  ===========================

Only "not carried out" lets a file be sent again. How much time has passed is taken from the
server's own clock where both ends of it are known; else it counts from when we began to look, so
that no wrong clock of ours shortens it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown
from migrator.vendors.brevo.answers import Json, Odd, text, whole
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from migrator.model import ObjectType, Op
    from migrator.vendors.brevo.session import Session

_FIRST_GAP, _LONGEST_GAP = 2.0, 60.0
"""Seconds between polls: doubling, because each counts against the quota of an hour."""

_SHORTLY = 60.0
"""Seconds within which an upload that arrived shows in the list of processes."""

_HIDDEN_GAP = 15.0
"""Seconds before the records of an import are first read whose process is not shown."""

_HIDDEN_POLLS = 2
"""Polls without a process before it is taken for one that is not shown."""

_ENDED = re.compile(r"complete|done|finish|success|fail|error|cancel|abort")
_RUNNING = re.compile(r"queue|process|progress|running|pending|started|wait")
_OTHER_JOBS = frozenset(
    {
        "SEARCH_EXPORT_USERS",
        "TRANS-CALC",
        "TRANS-GLOBAL-CALC",
        "CAMPAIGN_PROCESSING",
        "LIST_EXPORT",
        "CONTACT_EXPORT",
    }
)
"""Documented names of processes that are no imports."""

_MARKER = re.compile(
    r"(?P<what>upload|accepted|\d+)(?: at (?P<at>\S+))?(?: after (?P<after>\d+))?"
    r"(?: of (?P<label>\w+))?(?: through (?P<through>\d+))?"
)


@dataclass(frozen=True, slots=True)
class Job:
    """An import, as far as it is known; its text is what the journal notes.

    Attributes:
        process: the id Brevo gave it; None while the upload has no answer, or one without an id.
        uploaded: when it left, by the server's clock.
        after: the newest import of ours before it, of the same type, whose process Brevo showed.
        accepted: whether Brevo said that it took the file.
        through: the last op of the file, by its number in the run; those behind it were not sent.
        label: of the changes in the file, where those sent at once go by several.
    """

    process: int | None = None
    uploaded: datetime | None = None
    after: int | None = None
    accepted: bool = False
    through: int | None = None
    label: str | None = None

    def holds(self, op: Op, label: str | None = None) -> bool:
        """Whether an op of that label for which this was noted was in the file."""
        if self.label is not None and label is not None and label != self.label:
            return False
        return self.through is None or op.seq <= self.through

    def taken(self, process: int | None) -> Job:
        """The same, as Brevo has taken it."""
        return replace(self, process=process, accepted=True)

    def __str__(self) -> str:
        what = "accepted" if self.accepted else "upload"
        if self.process is not None:
            what = str(self.process)
        at = f" at {self.uploaded.isoformat()}" if self.uploaded else ""
        after = f" after {self.after}" if self.after is not None else ""
        of = f" of {self.label}" if self.label is not None else ""
        return (
            what
            + at
            + after
            + of
            + (f" through {self.through}" if self.through is not None else "")
        )

    @classmethod
    def parse(cls, noted: str | None) -> Job:
        """The job that a note tells of; nothing is known of one that has none.

        >>> Job.parse("78").process, Job.parse("upload after 77").after, Job.parse(None).process
        (78, 77, None)
        """
        found = _MARKER.fullmatch(noted or "")
        if found is None:
            return cls()
        try:
            at = datetime.fromisoformat(found["at"]) if found["at"] else None
        except ValueError:
            at = None
        accepted = found["what"] != "upload"
        process, after, through = (whole(found[name]) for name in ("what", "after", "through"))
        return cls(process, at, after, accepted, through, found["label"])


class State(StrEnum):
    """What the processes say of an import."""

    RUNNING = "running"
    ENDED = "ended"
    HIDDEN = "hidden"
    """Nothing: neither that it runs nor that it has ended."""
    ABSENT = "absent"
    """Imports are shown here, and this one is not among them."""


class Verdict(StrEnum):
    """What became of an import; ``status`` of its process is told apart."""

    ENDED = "ended"
    NOT_CARRIED_OUT = "not carried out"


@dataclass
class Watch:
    """An import that is waited for.

    Attributes:
        type: of the records.
        job: what is known of it.
        since: when it was sent at the latest (monotonic).
        status: the last status Brevo showed of its process, for messages.
    """

    session: Session
    type: ObjectType
    job: Job
    since: float
    status: str = ""
    _misses: int = 0
    _ended: bool = False
    _looked: bool = False

    async def end(
        self, read: Callable[[], Awaitable[frozenset[str]]], total: int
    ) -> tuple[Verdict, frozenset[str]]:
        """Wait until the import has ended; what it left open.

        Args:
            read: reads the records back; the keys of those that are not as they should be.
            total: how many keys there are.

        Raises:
            OutcomeUnknown: it is said to run, and does not move.
        """
        clock = self.session.clock
        moved = self.since
        before: frozenset[str] | None = None
        last: State | None = None
        patience = self.session.options.import_patience
        gap = shortest = max(_FIRST_GAP, self.session.options.list_lag)
        while True:
            state = await self._wait_for_process()
            # A reading is as old as its beginning: within it the quota may be waited for.
            looked = clock.monotonic()
            left = await read()
            if not left:
                self.session.read_back()
                return Verdict.ENDED, left
            some = len(left) < total
            if left != before and (some or before is not None):
                moved = clock.monotonic()
            still = max(0.0, looked - moved)
            # A reading of before the end says nothing of what came at the end: lists lag.
            just_ended = state is State.ENDED and last is not State.ENDED
            agree = left == before and not just_ended
            if agree and (verdict := self._verdict(state, still, some=some)) is not None:
                return verdict, left
            before, last = left, state
            await clock.sleep(max(shortest, min(gap, patience - still)))
            gap *= 2  # reading all the records takes many requests

    def _verdict(self, state: State, still: float, *, some: bool) -> Verdict | None:
        """What two readings that agree mean, nothing having moved for ``still`` seconds."""
        ours = self.job.accepted
        patient = still >= self.session.options.import_patience
        if state is State.RUNNING:
            if patient:
                raise self._stuck()
            return None
        if state is State.ENDED and (ours or some):
            return Verdict.ENDED
        if state is State.ABSENT and not some and still >= _SHORTLY:
            return Verdict.NOT_CARRIED_OUT
        if not patient:
            return None
        return Verdict.ENDED if ours or some else Verdict.NOT_CARRIED_OUT

    def _stuck(self) -> OutcomeUnknown:
        name = f"import {self.job.process}" if self.job.process is not None else "an import"
        status = f' (status "{self.status}")' if self.status else ""
        return OutcomeUnknown(
            f"Brevo says that {name} is still under way{status}, but for "
            f"{self.session.options.import_patience:.0f} seconds no record of it has changed. "
            "Nothing was sent a second time. Resume later, when Brevo has worked it off; if it has "
            "and still says so, resume with the option import_watch=records."
        )

    # -- what the processes say ----------------------------------------------------------------

    async def _wait_for_process(self) -> State:
        """Poll until the process has ended, is not shown, or has run for ``import_patience``."""
        options = self.session.options
        if self._ended:
            return State.ENDED
        if options.import_watch == "records" or self._known_hidden():
            if not self._looked:
                await self.session.clock.sleep(_HIDDEN_GAP)
            self._looked = True
            return State.HIDDEN
        began = self.session.clock.monotonic()
        gap = _FIRST_GAP
        while True:
            await self.session.clock.sleep(gap)
            state = await self._ask()
            waited = self.session.clock.monotonic() - began
            if state is State.HIDDEN and self.job.process is not None:
                self._misses += 1
                if self._misses < _HIDDEN_POLLS:
                    continue
                self.session.hidden.add(self.type)
            if state is not State.RUNNING or waited >= options.import_patience:
                return state
            gap = min(gap * 2, _LONGEST_GAP)

    def _known_hidden(self) -> bool:
        return self.job.process is not None and self.type in self.session.hidden

    async def _ask(self) -> State:
        try:
            if self.job.process is not None:
                return self._of_ours(await self.session.calls.process(self.job.process))
            return self._of_all(await self.session.calls.processes())
        except (InputError, Odd):  # refused, or answered with something else: not shown
            return State.HIDDEN

    def _of_ours(self, found: Json | None) -> State:
        """A process of a status that nobody knows is as good as one that is not shown."""
        if found is None:
            return State.HIDDEN
        self.status = text(found.get("status")) or ""
        state = _state(self.status)
        if state is not State.HIDDEN and self.job.process is not None:
            self.session.shown[self.type] = self.job.process
        self._ended = state is State.ENDED
        return state

    def _of_all(self, found: list[Json]) -> State:
        """What the list says of an import whose id is not known."""
        after = self.job.after
        imports = [p for p in found if str(p.get("name")).upper() not in _OTHER_JOBS]
        if after is not None:
            imports = [p for p in imports if (whole(p.get("id")) or 0) > after]
        states = {_state(text(p.get("status")) or "") for p in imports}
        if State.RUNNING in states:
            return State.RUNNING
        if after is None or State.HIDDEN in states:
            return State.HIDDEN
        if State.ENDED in states:
            return State.ENDED
        shown = any(whole(p.get("id")) == after for p in found)
        return State.ABSENT if shown else State.HIDDEN


def _state(status: str) -> State:
    """A status as documented (queued, in_process, processing, completed, failed, cancelled)."""
    known = folded(status)
    if _ENDED.search(known):
        return State.ENDED
    return State.RUNNING if _RUNNING.search(known) else State.HIDDEN
