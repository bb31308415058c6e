"""What would take a run back: a plan built from the journal backwards.

What the run created is deleted, what it changed gets the value of before, links that it made are
taken off. A record or a field that somebody has changed since is kept, and named.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING

from migrator.loader import created_parents, resolved
from migrator.model import Action, ObjectType, Op
from migrator.plan import differences
from migrator.runs.since import changed_since
from migrator.runs.undo.written import Written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from migrator.journal import Finished, Journal
    from migrator.model import Held, Link
    from migrator.plan import Holdings
    from migrator.vendors.base import Vendor

_CHUNK = 2_000

Done = tuple[ObjectType, str, Action]
"""Type and key of a record, and what an undo has done about it."""


@dataclass(frozen=True)
class Kept:
    """Something that the run wrote and that stays, or could not be brought back.

    Attributes:
        field: "(record)" for the whole of it.
        wrote: what the run had written; ``held``: what the account says now.
        why: in words.
        failed: it should have been taken back; otherwise it is kept on purpose.
    """

    type: ObjectType
    key: str
    id: str
    field: str
    wrote: str
    held: str
    why: str
    failed: bool = False


@dataclass(frozen=True)
class Reversal:
    """What takes a chunk of a run back.

    Attributes:
        ops: to carry out.
        kept: what stays.
        gone: records that the run created and somebody deleted already.
    """

    ops: Sequence[Op]
    kept: Sequence[Kept]
    gone: int


class Reverser:
    """Builds the plan that takes one run back, a chunk at a time.

    Args:
        vendor: the account.
        there: what it holds of the run's type.
        journal: the run's memory.
        runs: the run to take back and its retries, the newest first.
        done: type and key of what an undo that was stopped has settled already, and what it did:
            a record may be restored while its links are still to be taken off.
        first: number of the first op.
    """

    def __init__(
        self,
        vendor: Vendor,
        there: Holdings,
        journal: Journal,
        runs: Sequence[str],
        *,
        done: Collection[Done] = (),
        first: int = 1,
    ) -> None:
        self._vendor = vendor
        self._there = there
        self._journal = journal
        self._written = Written(journal, runs)
        self._done = done
        self._numbers = itertools.count(first)
        self._deleted: set[str] = set()
        self._parted: set[tuple[ObjectType, str | None, str]] = set()

    async def records(self) -> AsyncIterator[Reversal]:
        """The run's records; before :meth:`parents`."""
        for run, chunk in self._chunks(parents=False):
            wanted = {name for one in chunk for name in one.op.properties}
            keys = [one.op.key for one in chunk]
            held = await self._there.held(keys, wanted)
            by_key = {one.op.key: _its(one.op, held.get(one.op.key, ())) for one in chunk}
            yield await self._reverse(run, chunk, by_key)

    async def parents(self) -> AsyncIterator[Reversal]:
        """Contacts and companies that the run created; one that serves others by now is kept."""
        for run, chunk in self._chunks(parents=True):
            for type in dict.fromkeys(one.op.type for one in chunk):
                of_type = [one for one in chunk if one.op.type == type]
                wanted = {name for one in of_type for name in one.op.properties}
                held = await self._vendor.find(type, [one.op.key for one in of_type], wanted)
                by_key = {one.op.key: _its(one.op, _all(held.get(one.op.key))) for one in of_type}
                reversal = await self._reverse(run, of_type, by_key)
                yield await self._without_those_in_use(type, reversal)

    def _chunks(self, *, parents: bool) -> Iterator[tuple[str, Sequence[Finished]]]:
        for run, of_run in itertools.groupby(self._written.all(parents=parents), itemgetter(0)):
            written = (
                one
                for _, one in of_run
                if one.op.action is not Action.CREATE or not self._is_done(one.op, Action.DELETE)
            )
            while chunk := list(itertools.islice(written, _CHUNK)):
                yield run, chunk

    def _is_done(self, op: Op, *actions: Action) -> bool:
        return any((op.type, op.key, action) in self._done for action in actions)

    async def _reverse(
        self, run: str, chunk: Sequence[Finished], held: Mapping[str, Held | None]
    ) -> Reversal:
        ops: list[Op] = []
        kept: list[Kept] = []
        gone = 0
        for one in chunk:
            there = held[one.op.key]
            if one.op.action is Action.DELETE:
                kept.append(_lost(one.op, "it was deleted by the run; no CRM brings it back whole"))
            elif there is None and one.op.action is Action.CREATE:
                gone += 1
            elif there is None:
                if not self._is_done(one.op, Action.UPDATE, Action.UNLINK):
                    kept.append(_lost(one.op, "it is no longer in the account"))
            elif one.op.action is Action.CREATE:
                self._uncreate(one, there, ops, kept)
            elif not self._is_done(one.op, Action.UPDATE):
                self._restore(one, there, ops, kept)
        ops += await self._unlinked(run, [one for one in chunk if held[one.op.key] is not None])
        return Reversal(ops, kept, gone)

    def _uncreate(self, one: Finished, there: Held, ops: list[Op], kept: list[Kept]) -> None:
        """Delete what was created, unless somebody has worked on it."""
        op = one.op
        differing = {
            name: value
            for name, value in differences(self._vendor, op.type, op.properties, there).items()
            if value or not one.code  # a field that was refused is blank, and nobody's change
        }
        if differing:
            kept += [
                Kept(op.type, op.key, there.id, name, op.properties[name], value or "", _CHANGED)
                for name, value in differing.items()
            ]
        elif changed_since(one, there):
            when = f"{there.updated_at:%Y-%m-%d %H:%M} UTC" if there.updated_at else ""
            why = f"{_CHANGED} ({when}), in fields that the run did not write"
            kept.append(Kept(op.type, op.key, there.id, "(record)", "", "", why))
        else:
            self._deleted.add(there.id)
            ops.append(self._op(op, Action.DELETE, there.id, properties={}))

    def _restore(self, one: Finished, there: Held, ops: list[Op], kept: list[Kept]) -> None:
        """Give fields the value of before, where they still have ours."""
        op = one.op
        differing = differences(self._vendor, op.type, op.properties, there)
        back = {}
        for name, ours in op.properties.items():
            value = differing.get(name) or ""
            if name in differing:
                known = op.before.get(name) or ""
                if not self._vendor.same(op.type, name, known, differing[name]):
                    kept.append(Kept(op.type, op.key, there.id, name, ours, value, _CHANGED))
            elif name in op.before:
                back[name] = op.before[name] or ""
            else:
                why = "its value before the run is not known"
                kept.append(Kept(op.type, op.key, there.id, name, ours, ours, why, failed=True))
        if back:
            restored = self._op(op, Action.UPDATE, there.id, properties=back)
            ours_now = {name: op.properties[name] for name in back}
            ops.append(replace(restored, before=ours_now))

    async def _unlinked(self, run: str, chunk: Sequence[Finished]) -> list[Op]:
        """Take off the links that the run added to records which were there before it."""
        updates = [
            one.op
            for one in chunk
            if one.op.action is Action.UPDATE
            and one.op.links
            and not self._is_done(one.op, Action.UNLINK)
        ]
        if not updates:
            return []
        made = created_parents(self._journal, run, updates)
        links: dict[str, list[Link]] = {op.key: [] for op in updates}
        for type in dict.fromkeys(link.type for op in updates for link in op.links):
            there = await self._there.linked([str(op.id) for op in updates], type)
            for op in updates:
                links[op.key] += [
                    link
                    for link in resolved(op, made).ready
                    if link.type == type and link.id in there.get(str(op.id), frozenset())
                ]
        self._parted |= {(li.type, li.id, str(op.id)) for op in updates for li in links[op.key]}
        return [
            replace(self._op(op, Action.UNLINK, str(op.id), properties={}), links=tuple(found))
            for op in updates
            if (found := links[op.key])
        ]

    async def _without_those_in_use(self, type: ObjectType, reversal: Reversal) -> Reversal:
        """Keep a parent to which deals are linked that stay, by other hands than the run's."""
        ids = [str(op.id) for op in reversal.ops]
        linked = await self._vendor.linked(type, ids, ObjectType.DEALS) if ids else {}
        used = {
            id_: {
                deal
                for deal in linked.get(id_, frozenset()) - self._deleted
                if (type, id_, deal) not in self._parted
            }
            for id_ in ids
        }
        kept = [
            Kept(op.type, op.key, str(op.id), "(record)", "", "", _in_use(used[str(op.id)]))
            for op in reversal.ops
            if used[str(op.id)]
        ]
        ops = [op for op in reversal.ops if not used[str(op.id)]]
        return Reversal(ops, [*reversal.kept, *kept], reversal.gone)

    def _op(self, op: Op, action: Action, id_: str, properties: dict[str, str]) -> Op:
        return Op(
            seq=next(self._numbers),
            type=op.type,
            action=action,
            key=op.key,
            id=id_,
            properties=properties,
            place=op.place,
        )


_CHANGED = "changed in the account since the run"


def _in_use(deals: Collection[str]) -> str:
    some = ", ".join(sorted(deals)[:3])
    return f"{len(deals)} deals are linked to it that stay (such as {some})"


def _lost(op: Op, why: str) -> Kept:
    return Kept(op.type, op.key, str(op.id or ""), "(record)", "", "", why, failed=True)


def _all(held: Held | None) -> Sequence[Held]:
    return [held] if held else []


def _its(op: Op, held: Sequence[Held]) -> Held | None:
    """The very record that the run wrote; another one with its key is none of ours."""
    return next((one for one in held if one.id == op.id), None)
