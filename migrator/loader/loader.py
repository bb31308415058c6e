"""Carries a journal's ops out: settles first what is open, then sends, bounded.

The order of steps is the promise: an op is durably ``sent`` before its request leaves and durably
settled before anything relies on its answer. Of what has no answer the vendor finds out what became
before it is sent again; a create is never repeated blindly.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from migrator.errors import (
    Interrupted,
    MigratorError,
    OutcomeUnknown,
    QuotaSpent,
    Unauthorized,
    Unavailable,
)
from migrator.journal import PHASES, Settled
from migrator.loader.links import linked, needs_link
from migrator.loader.notes import Notes, from_outcome
from migrator.loader.parents import created_parents, resolved
from migrator.loader.presence import Presence
from migrator.loader.settling import Settler
from migrator.model import Action, ObjectType, OnMissing, OpState, Outcome
from migrator.progress import Progress, Silent
from migrator.wire import Crowds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from migrator.journal import Journal
    from migrator.model import Op
    from migrator.vendors.base import Vendor
    from migrator.wire import Clock

_READ = 2_000
_ROUNDS = 5
_SPLIT = 100
"""So many of the ops that no answer comes to are sent in smaller and smaller batches."""
_FEW = 10
"""So many are refused in the end; more would mean that not they are at fault."""

_STOPPED = "Stopped. Nothing is lost: what was sent is in the journal."

_Bucket = tuple[ObjectType, Action]


@dataclass(frozen=True, slots=True)
class Job:
    """What to load.

    Attributes:
        run: the run's id in the journal.
        on_missing: what becomes of a record whose parent, created by this run, was refused.
        only: numbers of the ops to write (a sample and its parents); None = all.
        fresh: nobody of ours can have written to the account since the plan was made.
        phases: what to send of it: see :func:`migrator.journal.phase_of`.
    """

    run: str
    on_missing: Mapping[ObjectType, OnMissing]
    only: Collection[int] | None = None
    fresh: bool = False
    phases: Sequence[int] = PHASES


class Loader:
    """Writes one run into one account; knows no vendor by name.

    ``crowds`` = of the account: how many batches are under way at once follows them. A batch
    becomes durably ``sent`` only when there is a place for it, so that few are open after a kill.
    """

    def __init__(
        self,
        vendor: Vendor,
        journal: Journal,
        job: Job,
        clock: Clock,
        progress: Progress | None = None,
        crowds: Crowds | None = None,
    ) -> None:
        self._vendor = vendor
        self._journal = journal
        self._job = job
        self._clock = clock
        self._notes = Notes(journal, job.run, clock, progress or Silent())
        self._slots = (crowds or Crowds()).slots(vendor.capabilities.concurrency)
        self._presence = Presence(vendor, journal, job.run)
        self._settler = Settler(vendor, journal, job.run, clock, self._notes)
        self._stopping = False
        self._failure: MigratorError | None = None
        self._crash: BaseException | None = None

    async def settle(self) -> None:
        """Find out what became of every op that was sent and has no answer; write nothing new.

        Raises:
            OutcomeUnknown: a person has to find out what became of some ops.
        """
        self._journal.ask_again(self._job.run)
        await self._settler.settle()
        self._ensure_known()

    def _ensure_known(self) -> None:
        unknown = self._journal.unknown(self._job.run)
        if unknown:
            keys = ", ".join(one.op.key for one in unknown[:_FEW])
            more = f" and {len(unknown) - _FEW:,} others" if len(unknown) > _FEW else ""
            raise OutcomeUnknown(
                f"Whether {len(unknown):,} records of run {self._job.run} were written cannot be "
                f"found out ({keys}{more}): {unknown[0].message} All else that could be written "
                "is. Look for them in the account, then tell: migrator settle "
                f"{self._job.run} --written KEY=ID --not-written KEY"
            )

    def stop(self) -> None:
        """Send nothing more; requests under way are waited for."""
        self._stopping = True

    async def load(self) -> None:
        """Carry out all planned ops of the job, or raise why it had to stop.

        Raises:
            Interrupted: ``stop`` was called.
            Unauthorized, Unavailable, QuotaSpent: nothing is lost; load again later.
            OutcomeUnknown: a person has to find out what became of some ops; what does not depend
                on them is written.
        """
        self._journal.ask_again(self._job.run)
        try:
            await self._settler.settle()
            if not (self._job.fresh or self._vendor.capabilities.unique_keys):
                async for settled in self._presence.since_the_plan():
                    self._notes.note(settled)
            for phase in self._job.phases:
                await self._carry_out(phase)
        except QuotaSpent as error:
            if self._stopping:  # it would have had to wait
                raise Interrupted(_STOPPED) from error
            raise
        self._ensure_known()

    async def _carry_out(self, phase: int) -> None:
        """Send all ops of a phase, and those without an answer again, until none is left."""
        idle = 0
        while True:
            before = self._notes.settled
            await self._send_phase(phase, idle)
            if not await self._settler.settle():
                return
            idle = 0 if self._notes.settled > before else idle + 1
            if idle >= _ROUNDS:
                self._give_up(phase)
                return

    def _give_up(self, phase: int) -> None:
        """Refuse the few ops that never get an answer while others did, or else stop.

        They are surely not in the account, and the account answers to all else: so it is they that
        the CRM stumbles over, and they must not hold up every resume.
        """
        left = self._untold(phase)
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
        self._notes.note(
            [Settled(op, OpState.REFUSED, code="no_answer", message=message) for op in left]
        )

    def _untold(self, phase: int) -> list[Op]:
        """The first ops of a phase that wait for nothing but an answer."""
        found: list[Op] = []
        for ops in self._planned(phase):
            parents = created_parents(self._journal, self._job.run, ops)
            found += [op for op in ops if not resolved(op, parents).open]
            if len(found) > _FEW:
                break
        return found[: _FEW + 1]

    def _planned(self, phase: int) -> Iterator[list[Op]]:
        """The ops of a phase that are this load's to send and were not sent, some at a time."""
        after, only = 0, self._job.only
        while ops := self._journal.planned(self._job.run, phase, after=after, limit=_READ):
            after = ops[-1].seq
            yield [op for op in ops if only is None or op.seq in only]

    # -- sending -------------------------------------------------------------------------------

    async def _send_phase(self, phase: int, idle: int) -> None:
        """Send every planned op of a phase once; return when all requests have ended.

        ``idle`` = so many times nothing came of it: only the first ops that are left go then, in
        smaller batches, so that one that the CRM stumbles over holds up fewer others.
        """
        tasks: set[asyncio.Task[None]] = set()
        try:
            async for batch in self._batches(phase, idle):
                await self._slots.acquire()
                if self._stopping or self._failure or self._crash:
                    self._slots.release()
                    break
                self._notes.sending(batch)
                task = asyncio.create_task(self._send(batch))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._crash:
            raise self._crash
        if self._stopping:  # before the failure: a wait that was cut short is none of its own
            raise Interrupted(_STOPPED)
        if self._failure:
            raise self._failure

    async def _batches(self, phase: int, idle: int) -> AsyncIterator[list[Op]]:
        """Planned ops in full batches of one type and action, the rests last."""
        waiting: dict[_Bucket, list[Op]] = {}
        most = max(1, _SPLIT >> 2 * idle) if idle else self._settler.most_open
        ready = (self._ready(ops) for ops in self._planned(phase))
        for ops in [islice(chain.from_iterable(ready), _SPLIT)] if idle else ready:
            for op in ops:
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
            links = resolved(op, parents)
            if links.open:
                continue  # until a person has told what became of the parent
            if any(self._policy(link.type) is not OnMissing.SKIP_LINK for link in links.refused):
                names = ", ".join(f'{link.type} "{link.key}"' for link in links.refused)
                message = f"waits for {names}, refused by the CRM"
                parked.append(Settled(op, OpState.PARKED, code="parked", message=message))
            else:
                yield replace(op, links=links.ready) if op.links else op
        if parked:
            self._notes.note(parked)

    def _policy(self, type: ObjectType) -> OnMissing:
        return self._job.on_missing.get(type, OnMissing.PARK)

    async def _send(self, batch: Sequence[Op]) -> None:
        """One batch and its answers; a failure that concerns the whole run is kept for later."""
        try:
            try:
                await self._written(batch)
            finally:
                self._slots.release()
            await self._made_durable()
        except BaseException as error:
            self._crash = self._crash or error
            raise

    async def _written(self, batch: Sequence[Op]) -> None:
        try:
            outcomes = await self._write(batch)
            if outcomes is not None:
                await self._settle(batch, outcomes)
        except OutcomeUnknown:
            pass  # the ops stay "sent" and are settled by looking them up
        except (Unavailable, QuotaSpent, Unauthorized) as error:
            self._failure = self._failure or error  # after the write: looked up by the next load

    async def _made_durable(self) -> None:
        """See to it that answers are durable before anything else happens.

        Whoever waits for the slot comes first, and takes them into the transaction of its own
        batch: half as often is the disk waited for.
        """
        try:
            await asyncio.sleep(0)
        finally:
            self._notes.flush()

    async def _write(self, batch: Sequence[Op]) -> list[Outcome] | None:
        """The vendor's word on each op of a batch; None when it surely did not see them."""
        if batch[0].action is Action.UNLINK:
            return await self._vendor.unlink(batch)
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
        settled = [from_outcome(by_key[outcome.key], outcome) for outcome in outcomes]
        certain: list[Settled] = []
        rest: list[Settled] = []
        for one in settled:
            open_ = self._presence.in_doubt(one) or needs_link(self._vendor, one)
            (rest if open_ else certain).append(one)
        self._notes.hold(certain)
        if rest:
            self._notes.flush()
            found = await self._presence.told_taken(rest)
            self._notes.note(await linked(self._vendor, found))
