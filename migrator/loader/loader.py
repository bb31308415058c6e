"""Carries a journal's ops out: settles first what is open, then sends, bounded.

The order of steps is the promise: an op is durably ``sent`` before its request leaves and durably
settled before anything relies on its answer. Of what has no answer the vendor finds out what became
before it is sent again; a create is never repeated blindly.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.errors import (
    Interrupted,
    MigratorError,
    OutcomeUnknown,
    QuotaSpent,
    Unauthorized,
    Unavailable,
)
from migrator.journal import Settled
from migrator.loader.parents import created_parents, resolved
from migrator.loader.presence import Presence
from migrator.model import KEY_EXISTS, Action, ObjectType, OnMissing, OpState, Outcome
from migrator.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from migrator.journal import Journal
    from migrator.model import Op, Sent
    from migrator.vendors.base import Vendor
    from migrator.wire import Clock

_PARENTS, _RECORDS = 0, 1
_READ = 2_000
_ROUNDS = 5
_SPLIT = 100
"""So many ops that no answer comes to are sent in smaller and smaller batches."""
_FEW = 10
"""So many are refused in the end; more would mean that not they are at fault."""
_PATIENCE = 1.0
"""Seconds given to a request whose answer was lost before we ask what became of it."""

_Bucket = tuple[ObjectType, Action]


@dataclass(frozen=True, slots=True)
class Job:
    """What to load.

    Attributes:
        run: the run's id in the journal.
        on_missing: what becomes of a record whose parent, created by this run, was refused.
        only: numbers of the ops to write (a sample and its parents); None = all.
        fresh: nobody of ours can have written to the account since the plan was made.
    """

    run: str
    on_missing: Mapping[ObjectType, OnMissing]
    only: Collection[int] | None = None
    fresh: bool = False


class Loader:
    """Writes one run into one account; knows no vendor by name."""

    def __init__(
        self,
        vendor: Vendor,
        journal: Journal,
        job: Job,
        clock: Clock,
        progress: Progress | None = None,
    ) -> None:
        self._vendor = vendor
        self._journal = journal
        self._job = job
        self._clock = clock
        self._progress = progress or Silent()
        self._slots = asyncio.Semaphore(vendor.capabilities.concurrency)
        # All ops of one batch are asked about together: a vendor may have to read much for that.
        self._most_open = max(_READ, *vendor.capabilities.batch.values())
        self._presence = Presence(vendor, journal, job.run)
        self._stopping = False
        self._failure: MigratorError | None = None
        self._crash: BaseException | None = None
        self._refused = 0
        self._settled = 0

    async def settle(self) -> None:
        """Find out what became of every op that was sent and has no answer; write nothing new.

        Raises:
            OutcomeUnknown: the vendor has no means to tell what became of some ops.
        """
        await self._settle_open()

    def stop(self) -> None:
        """Send nothing more; requests under way are waited for."""
        self._stopping = True

    async def load(self) -> None:
        """Carry out all planned ops of the job, or raise why it had to stop.

        Raises:
            Interrupted: ``stop`` was called.
            Unauthorized, Unavailable, QuotaSpent: nothing is lost; load again later.
            OutcomeUnknown: the vendor has no means to tell what became of some ops.
        """
        await self._settle_open()
        if not (self._job.fresh or self._vendor.capabilities.unique_keys):
            async for settled in self._presence.since_the_plan():
                self._note(settled)
        for phase in (_PARENTS, _RECORDS):
            idle = 0
            while True:
                before = self._settled
                await self._send_phase(phase, idle)
                if not await self._settle_open():
                    break
                idle = 0 if self._settled > before else idle + 1
                if idle >= _ROUNDS:
                    self._give_up(phase)
                    break

    def _give_up(self, phase: int) -> None:
        """Refuse the few ops that never get an answer while others did, or else stop.

        They are surely not in the account, and the account answers to all else: so it is they that
        the CRM stumbles over, and they must not hold up every resume.
        """
        left = self._journal.planned(self._job.run, phase, after=0, limit=_FEW + 1)
        keys = ", ".join(op.key for op in left[:_FEW])
        states = {state for _, _, state in self._journal.counts(self._job.run)}
        if len(left) > _FEW or OpState.WRITTEN not in states:
            raise Unavailable(
                f"{_ROUNDS} times in a row no answer came and nothing was written (of {keys} and "
                "others). Nothing is lost; look after the connection, then resume."
            )
        message = (
            f"sent {_ROUNDS} times or more without a good answer, while others had one; "
            "look at what is odd about it, or load it again later"
        )
        self._note([Settled(op, OpState.REFUSED, code="no_answer", message=message) for op in left])

    # -- sending -------------------------------------------------------------------------------

    async def _send_phase(self, phase: int, idle: int) -> None:
        """Send every planned op of a phase once; return when all requests have ended.

        ``idle`` = so many times nothing came of it: the ops that are left go in smaller batches,
        if they are few enough, so that one that the CRM stumbles over holds up fewer others.
        """
        tasks: set[asyncio.Task[None]] = set()
        try:
            async for batch in self._batches(phase, idle):
                await self._slots.acquire()
                if self._stopping or self._failure or self._crash:
                    self._slots.release()
                    break
                self._journal.sending(self._job.run, batch, self._clock.now())
                task = asyncio.create_task(self._send(batch))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._crash:
            raise self._crash
        if self._failure:
            raise self._failure
        if self._stopping:
            raise Interrupted("Stopped. Nothing is lost: what was sent is in the journal.")

    async def _batches(self, phase: int, idle: int) -> AsyncIterator[list[Op]]:
        """Planned ops in full batches of one type and action, the rests last."""
        waiting: dict[_Bucket, list[Op]] = {}
        after = 0
        first = self._journal.planned(self._job.run, phase, after=0, limit=_SPLIT + 1)
        most = max(1, _SPLIT >> 2 * idle) if idle and len(first) <= _SPLIT else self._most_open
        while ops := self._journal.planned(self._job.run, phase, after=after, limit=_READ):
            after = ops[-1].seq
            for op in self._ready(ops):
                batch = waiting.setdefault((op.type, op.action), [])
                batch.append(op)
                full = min(most, self._vendor.capabilities.batch[op.type, op.action])
                if len(batch) == full:
                    yield waiting.pop((op.type, op.action))
            await asyncio.sleep(0)
        for batch in waiting.values():
            yield batch

    def _ready(self, ops: Sequence[Op]) -> Iterator[Op]:
        """Ops whose parents all have ids; the others are parked, or lose a link, by policy."""
        parents = created_parents(self._journal, self._job.run, ops)
        parked = []
        for op in ops:
            if self._job.only is not None and op.seq not in self._job.only:
                continue
            links, refused = resolved(op, parents)
            if any(self._policy(link.type) is not OnMissing.SKIP_LINK for link in refused):
                names = ", ".join(f'{link.type} "{link.key}"' for link in refused)
                message = f"waits for {names}, refused by the CRM"
                parked.append(Settled(op, OpState.PARKED, code="parked", message=message))
            else:
                yield replace(op, links=links)
        if parked:
            self._note(parked)

    def _policy(self, type: ObjectType) -> OnMissing:
        return self._job.on_missing.get(type, OnMissing.PARK)

    async def _send(self, batch: Sequence[Op]) -> None:
        """One batch and its answers; a failure that concerns the whole run is kept for later."""
        try:
            outcomes = await self._write(batch)
            if outcomes is not None:
                await self._settle(batch, outcomes)
        except OutcomeUnknown:
            pass  # the ops stay "sent" and are settled by looking them up
        except (Unavailable, QuotaSpent, Unauthorized) as error:
            self._failure = self._failure or error  # after the write: looked up by the next load
        except BaseException as error:
            self._crash = self._crash or error
            raise
        finally:
            self._slots.release()

    async def _write(self, batch: Sequence[Op]) -> list[Outcome] | None:
        """The vendor's word on each op of a batch; None when it surely did not see them."""
        to_write = [op for op in batch if op.properties or op.action is not Action.UPDATE]
        links_only = [op for op in batch if not op.properties and op.action is Action.UPDATE]
        outcomes = [Outcome(op.key, OpState.WRITTEN, op.id) for op in links_only]
        if to_write:
            first = to_write[0]
            try:
                outcomes += await self._vendor.write(
                    first.type,
                    first.action,
                    to_write,
                    lambda job: self._journal.note_job(self._job.run, to_write, job),
                )
            except (Unavailable, QuotaSpent, Unauthorized) as error:
                self._journal.unsend(self._job.run, batch)
                self._failure = self._failure or error
                return None
        return outcomes

    async def _settle(self, batch: Sequence[Op], outcomes: Sequence[Outcome]) -> None:
        """What is certain goes into the journal first; only then come questions and links."""
        by_key = {op.key: op for op in batch}
        settled = [_from_outcome(by_key[outcome.key], outcome) for outcome in outcomes]
        certain = [s for s in settled if s.code != KEY_EXISTS and not self._needs_link(s)]
        self._note(certain)
        rest = [s for s in settled if s.code == KEY_EXISTS or self._needs_link(s)]
        if rest:
            found = await self._presence.told_taken(rest)
            self._note(await self._linked(found))

    def _needs_link(self, settled: Settled) -> bool:
        """Whether a written record's links are still to be made."""
        op = settled.op
        inline = self._vendor.capabilities.links_on_create and op.action is Action.CREATE
        return settled.state is OpState.WRITTEN and bool(op.links) and not inline

    async def _linked(self, settled: Sequence[Settled]) -> list[Settled]:
        """Link written records to their parents.

        One whose links are refused is written all the same, with the refusal as its message.
        """
        to_link = [
            replace(s.op, id=s.id) for s in settled if s.state is OpState.WRITTEN and s.op.links
        ]
        outcomes = await self._vendor.link(to_link) if to_link else []
        refused = {o.key: o for o in outcomes if o.state is OpState.REFUSED}
        return [
            replace(s, code="link_refused", message=refused[s.op.key].message)
            if s.op.key in refused
            else s
            for s in settled
        ]

    # -- settling ------------------------------------------------------------------------------

    async def _settle_open(self) -> bool:
        """Find out what became of every op without an answer; whether there was any."""
        any_open = False
        while sent := self._journal.unsettled(self._job.run, limit=self._most_open):
            if not any_open:
                await self._clock.sleep(_PATIENCE)
                any_open = True
            settled = await self._recovered(self._with_links(sent))
            self._note([s for s in settled if not self._needs_link(s)])
            self._note(await self._linked([s for s in settled if self._needs_link(s)]))
        return any_open

    async def _recovered(self, sent: Sequence[Sent]) -> list[Settled]:
        """What the vendor says of each op; one of which it says nothing is sent again."""
        settled = []
        for type in dict.fromkeys(one.op.type for one in sent):
            ops = {one.op.key: one.op for one in sent if one.op.type == type}
            outcomes = await self._vendor.recover(type, [s for s in sent if s.op.type == type])
            settled += [_from_outcome(ops.pop(outcome.key), outcome) for outcome in outcomes]
            settled += [Settled(op, OpState.PLANNED) for op in ops.values()]
        return settled

    def _with_links(self, sent: Sequence[Sent]) -> list[Sent]:
        """The same, their links with ids, as they were sent."""
        parents = created_parents(self._journal, self._job.run, [s.op for s in sent])
        return [replace(s, op=replace(s.op, links=resolved(s.op, parents)[0])) for s in sent]

    def _note(self, settled: Sequence[Settled]) -> None:
        """Make answers durable, then tell the progress bar."""
        self._journal.settle(self._job.run, settled, self._clock.now())
        done = [s for s in settled if s.state is not OpState.PLANNED]
        self._settled += len(done)
        self._refused += sum(s.state is OpState.REFUSED for s in done)
        rows = sum(s.op.place is not None for s in done)
        self._progress.advance(rows, refused=self._refused)


def _from_outcome(op: Op, outcome: Outcome) -> Settled:
    code = outcome.code or ("refused" if outcome.state is OpState.REFUSED else "")
    return Settled(op, outcome.state, outcome.id or op.id, code, outcome.message)
