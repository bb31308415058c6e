"""Records beside the account: what to create, update and leave, before anything is written."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from migrator.model import (
    KEY_FIELD,
    Action,
    Held,
    ObjectType,
    OnConflict,
    Op,
    OpState,
    Shape,
)
from migrator.plan.compare import differences, to_write
from migrator.plan.content import content
from migrator.plan.cost import cost
from migrator.plan.holdings import holdings
from migrator.plan.intent import Intent, Plan, PlannedOp
from migrator.plan.parents import Parents, Resolver
from migrator.plan.records import LINK_FIELDS, count_records, parent_names, read_records
from migrator.plan.rows import Row, Rows, parted
from migrator.plan.twins import Twins, with_twins
from migrator.plan.unique import Uniques
from migrator.plan.whereabouts import Whereabouts, is_unplaced
from migrator.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.journal import Journal
    from migrator.model import Account, Encoded, Link, Record
    from migrator.plan.holdings import Holdings
    from migrator.vendors.base import Vendor

_CHUNK = 2_000
_GATHERED = 10_000
"""Changed rows of a file that is mostly unchanged are looked up together, in full requests."""

_FACTS = ("pipeline", "stage", "status", "owner", "currency", "amount")


async def make_plan(
    vendor: Vendor,
    account: Account,
    intent: Intent,
    journal: Journal,
    progress: Progress | None = None,
) -> Plan:
    """Plan a run: one pass over its records, ops into the journal, problems into a file.

    ``account`` may be provisional (see ``Vendor.provisional``). Nothing is written to the CRM.
    """
    report = progress or Silent()
    # An account without the key field, until now, holds nothing of ours.
    unkeyed = KEY_FIELD not in account.fields.get(intent.type, {}) and not intent.keyless
    recalled = journal.memory.count(intent.feed) if intent.feed and intent.changed_only else 0
    asked = max(0, count_records(intent.records) - recalled)
    nothing = intent.nothing_held or unkeyed
    async with holdings(vendor, intent.type, asked, nothing=nothing) as there:
        planner = _Planner(vendor, account, there, intent, journal, recalls=recalled > 0)
        with with_twins(vendor, account, intent, there, planner.plan) as twins:
            planner.look_at(twins)
            await _plan_all(planner, report)
        await planner.delete()
    return planner.finish()


async def _plan_all(planner: _Planner, progress: Progress) -> None:
    """One pass over the records; problems go into a file as they are met."""
    intent = planner.intent
    waiting: list[Row] = []
    with intent.problems.open("w", encoding="utf-8") as problems:
        for records in read_records(intent.records, intent.type, chunk=_CHUNK):
            encoded = [planner.rows.encode(record) for record in records]
            waiting += planner.without_remembered(encoded)
            if len(waiting) >= planner.at_once:
                problems.writelines(await planner.add(waiting))
                waiting = []
            progress.advance(len(records), rejected=planner.plan.counts["rejected"])
        if waiting:
            problems.writelines(await planner.add(waiting))


class _Planner:
    """Makes ops of rows, some at a time.

    Attributes:
        rows: makes rows of records.
        at_once: rows that are worth a look at the account.
    """

    def __init__(
        self,
        vendor: Vendor,
        account: Account,
        there: Holdings,
        intent: Intent,
        journal: Journal,
        *,
        recalls: bool,
    ) -> None:
        self.plan = Plan()
        self.rows = Rows(vendor, account, intent, self.plan)
        self.intent = intent
        self.at_once = _GATHERED if recalls else 1
        self._recalls = recalls
        self._policy = cache(intent.on_conflict)
        self._vendor = vendor
        self._account = account
        self._there = there
        self._journal = journal
        self._numbers = itertools.count(1)
        self._resolver = Resolver(
            vendor,
            account,
            intent.on_missing,
            lambda: next(self._numbers),
            # Of a file that is mostly unchanged most parents need not be known.
            lambda kind: iter(()) if recalls else parent_names(intent.records, kind),
            intent.known,
        )
        self._twins: Twins | None = None
        self._uniques = Uniques(vendor, account, intent)
        self._shapes: Counter[_Parts] = Counter()

    def look_at(self, twins: Twins | None) -> None:
        """Make rows one with deals of the account that have no key of ours."""
        self._twins = twins
        self._there = twins or self._there

    def without_remembered(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Set aside the rows that are as the memory has them: they are unchanged."""
        feed = self.intent.feed
        if feed is None or not self._recalls:
            return rows
        known = self._journal.memory.known(feed, [record.key for record, _ in rows])
        fine, faulty = parted(rows, lambda _, problem: not problem.only_to_create)
        ops: list[Op] = []
        changed: list[Row] = []
        for record, encoded in fine:
            there = known.get(record.key)
            digest = self._content(record, encoded)
            if there is None or there.content != digest:
                changed.append((record, encoded))
                continue
            self.rows.note(record, encoded)
            ops.append(self._as_remembered(record, encoded, there.id, digest))
        self.plan.remembered += len(ops)
        self._store([(op, "", "") for op in ops])
        return changed + faulty

    async def add(self, rows: Sequence[Row]) -> list[str]:
        """Ops of some rows, into the journal in one transaction.

        Returns lines about the problems of those that are rejected.
        """
        if self.intent.update_only:
            rows = [self.rows.to_change(row) for row in await self._placed(rows)]
        rows, rejected = parted(rows, lambda _, problem: not problem.only_to_create)
        held: Mapping[str, Sequence[Held]] = await self._held(rows)
        if self._twins:
            held, rows, alike = await self._twins.adopt(rows, held)
            rejected += alike
        if self.intent.update_only:
            rows, unfit = self.rows.to_update(rows, held)
        else:
            rows, unfit = parted(rows, lambda record, _: record.key not in held)
        rows, taken = await self._uniques.apart(rows, held)
        rejected += unfit + taken
        self.plan.counts["rejected"] += len(rejected)
        await self._resolver.look_up([record for record, _ in rows])
        parents: list[Op] = []
        entries: list[tuple[Op, Parents]] = []
        for record, encoded in rows:
            self.rows.note(record, encoded)
            of_record = self._resolver.parents_of(record)
            self.plan.skipped_links += of_record.skipped
            there, of_record = _the_one(record, held.get(record.key, ()), of_record)
            parents += self._resolver.to_create(of_record)
            entries.append((self._op(record, encoded, of_record, there), of_record))
        entries = await self._without_known_links(entries)
        self._note_strangers([op for op, _ in entries if op.id and op.state is OpState.PLANNED])
        planned: list[PlannedOp] = [(op, "", "") for op in parents]
        planned += [
            (op, "parked" if of_record.parked else "", "; ".join(of_record.parked))
            for op, of_record in entries
        ]
        self._store(planned)
        return [line for row in rejected for line in self.rows.problem_lines(*row)]

    def _note_strangers(self, changes: Sequence[Op]) -> None:
        """Count records that have our keys, and that no run of the same feed has written."""
        feed = self.intent.feed
        if feed is None or not self.intent.guarded:
            return
        known = self._journal.memory.known(feed, [op.key for op in changes])
        for op in changes:
            adopted = KEY_FIELD in op.properties  # until now its record had no key at all
            if op.id and not adopted and (op.key not in known or known[op.key].id != op.id):
                self.plan.strangers += 1
                self.plan.stranger = (
                    self.plan.stranger if self.plan.strangers > 1 else (op.key, op.id)
                )

    async def delete(self) -> None:
        """Ops for the records that the source has no more.

        One that is gone already, or no longer has the key that we gave it, is forgotten instead.
        """
        surplus = iter(self.intent.surplus())
        while some := dict(itertools.islice(surplus, _CHUNK)):
            held = await self._there.held(some, set(self.plan.origin))
            ours = {
                key: one for key, id_ in some.items() for one in held.get(key, ()) if one.id == id_
            }
            self._store([(self._deletion(key, one), "", "") for key, one in ours.items()])
            gone = [key for key in some if key not in ours]
            if self.intent.feed and gone:
                self._journal.memory.forget(self.intent.feed, gone)

    def _store(self, planned: Sequence[PlannedOp]) -> None:
        """Ops into the books."""
        for op, _, _ in planned:
            self._count(op)
        self._journal.add_ops(self.intent.run, planned)
        self.intent.table(planned)

    def _content(self, record: Record, encoded: Encoded) -> str:
        return content(record, encoded, self._policy, self.intent.on_missing)

    async def _held(self, records: Sequence[Row]) -> dict[str, list[Held]]:
        wanted = {name for _, encoded in records for name in encoded.properties}
        return await self._there.held([record.key for record, _ in records], wanted)

    async def _placed(self, rows: Sequence[Row]) -> list[Row]:
        """Rows that do not say where their deals stand, put where the account has them."""
        unplaced = [record.key for record, encoded in rows if is_unplaced(record, encoded)]
        if not unplaced:
            return list(rows)
        places = Whereabouts(self._vendor, self._account)
        held = await self._there.held(unplaced, places.names())
        return [
            places.placed(row, held.get(row[0].key, ())) if is_unplaced(*row) else row
            for row in rows
        ]

    def _op(self, record: Record, encoded: Encoded, parents: Parents, held: Held | None) -> Op:
        properties: Mapping[str, str] = encoded.properties
        before: dict[str, str | None] = {}
        state = OpState.PLANNED
        action = Action.CREATE
        if held is not None:
            differing = differences(self._vendor, record.type, encoded.properties, held)
            changed = to_write(encoded.properties, encoded.origin, differing, self._policy)
            action = Action.UPDATE if changed else Action.SKIP
            before = {name: differing[name] for name in changed}
            properties = changed or {
                name: value for name, value in encoded.properties.items() if name not in differing
            }
        if parents.parked:
            state = OpState.PARKED
        elif action is Action.SKIP:
            state = OpState.UNCHANGED
        return Op(
            seq=next(self._numbers),
            type=record.type,
            action=action,
            key=record.key,
            id=held.id if held else None,
            properties=properties,
            before=before,
            links=parents.links,
            facts=_facts(record),
            place=record.place,
            state=state,
            # With a link left out, the row may want more as soon as the parent is there.
            content="" if parents.skipped else self._content(record, encoded),
        )

    def _as_remembered(self, record: Record, encoded: Encoded, id_: str, digest: str) -> Op:
        """An unchanged record that was not asked about; it is to hold what may be overwritten."""
        return Op(
            seq=next(self._numbers),
            type=record.type,
            action=Action.SKIP,
            key=record.key,
            id=id_,
            properties={
                name: value
                for name, value in encoded.properties.items()
                if self._policy(encoded.origin.get(name, name)) is OnConflict.OVERWRITE
            },
            facts=_facts(record),
            place=record.place,
            state=OpState.UNCHANGED,
            content=digest,
        )

    def _deletion(self, key: str, held: Held) -> Op:
        before = {name: value for name, value in held.properties.items() if value}
        seq = next(self._numbers)
        return Op(seq, held.type, Action.DELETE, key, held.id, properties={}, before=before)

    async def _without_known_links(
        self, entries: list[tuple[Op, Parents]]
    ) -> list[tuple[Op, Parents]]:
        """Existing records keep only the links the account lacks; one lacking any is an update."""
        there: dict[ObjectType, dict[str, frozenset[str]]] = {}
        for type in LINK_FIELDS:
            ids = [op.id for op, _ in entries if op.id and any(li.type == type for li in op.links)]
            there[type] = await self._there.linked(ids, type) if ids else {}
        return [(_with_new_links(op, there), parents) for op, parents in entries]

    def _count(self, op: Op) -> None:
        if op.place is None and op.action is Action.CREATE:
            self.plan.counts["parents"] += 1
            self._shapes[_shape_of(op)] += 1
        elif op.state is OpState.PARKED:
            self.plan.counts["parked"] += 1
        elif op.state is OpState.UNCHANGED:
            self.plan.counts["unchanged"] += 1
        else:
            self.plan.counts[str(op.action)] += 1
            self._shapes[_shape_of(op)] += 1

    def finish(self) -> Plan:
        shapes: Counter[Shape] = Counter()
        for (type, action, names, links), count in self._shapes.items():
            shapes[Shape(type, action, frozenset(names), links)] += count
        self.plan.cost = cost(self._vendor, shapes, self.intent.share)
        self.plan.shapes = dict(shapes)
        return self.plan


def _facts(record: Record) -> dict[str, str]:
    return {name: record.values[name] for name in _FACTS if name in record.values}


_Parts = tuple[ObjectType, Action, tuple[str, ...], tuple[ObjectType, ...]]


def _shape_of(op: Op) -> _Parts:
    """What makes an op's :class:`Shape`, as it is counted: a shape is made once for many ops."""
    return op.type, op.action, tuple(op.properties), tuple([link.type for link in op.links])


def _the_one(record: Record, held: Sequence[Held], parents: Parents) -> tuple[Held | None, Parents]:
    """The account's record of a key; one whose key is there twice waits for a person."""
    if len(held) < 2:
        return (held[0] if held else None), parents
    ids = ", ".join(sorted(one.id for one in held))
    why = f'{len(held)} {record.type} of the account hold the key "{record.key}" (ids {ids})'
    return held[0], replace(parents, parked=(*parents.parked, why))


def _with_new_links(op: Op, there: Mapping[ObjectType, Mapping[str, frozenset[str]]]) -> Op:
    if op.id is None or not op.links:
        return op
    missing: tuple[Link, ...] = tuple(
        link for link in op.links if link.id not in there[link.type].get(op.id, frozenset())
    )
    relink = bool(missing) and op.state is OpState.UNCHANGED
    return replace(
        op,
        action=Action.UPDATE if relink else op.action,
        properties={} if relink else op.properties,
        links=missing,
        state=OpState.PLANNED if relink else op.state,
    )
