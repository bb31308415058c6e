"""Records beside the account: what to create, update and leave, before anything is written."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.model import (
    KEY_FIELD,
    Action,
    ObjectType,
    OnConflict,
    OnMissing,
    Op,
    OpState,
    Shape,
)
from migrator.plan.compare import differences, to_write
from migrator.plan.cost import Cost, cost
from migrator.plan.holdings import holdings
from migrator.plan.parents import Known, Parents, Resolver, nothing_known
from migrator.plan.records import LINK_FIELDS, count_records, parent_names, read_records
from migrator.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from migrator.journal import Journal
    from migrator.model import Account, Encoded, Held, Link, Problem, Record
    from migrator.plan.holdings import Holdings
    from migrator.vendors.base import Vendor

_CHUNK = 2_000
_FACTS = ("pipeline", "stage", "status", "owner", "currency", "amount")


PlannedOp = tuple[Op, str, str]
"""An op with its code and message; both are blank unless it is parked."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a plan is made of.

    Attributes:
        run: the run's id in the journal.
        records: Parquet file of prepared records.
        type: their kind.
        on_conflict: canonical field to what to do with one that the account fills otherwise.
        on_missing: parents' type to what to do when the account does not know one.
        problems: NDJSON file to which rejected values are written, one problem a line.
        table: is given every op of the plan, to be written down for people.
        fields: what each canonical field is called in the source, for messages.
        known: contacts and companies that were looked up a moment ago.
        nothing_held: the account's key field was created a moment ago, so that no record has one.
    """

    run: str
    records: Path
    type: ObjectType
    on_conflict: Callable[[str], OnConflict]
    on_missing: Mapping[ObjectType, OnMissing]
    problems: Path
    table: Callable[[Sequence[PlannedOp]], None] = lambda _: None
    fields: Mapping[str, str] = field(default_factory=dict)
    known: Known = field(default_factory=nothing_known)
    nothing_held: bool = False


@dataclass
class Plan:
    """All ops of a run, with their cost; the ops themselves are in the journal.

    Attributes:
        counts: records per ``create``, ``update``, ``unchanged``, ``rejected``, ``parked``, and
            ``parents`` to create.
        skipped_links: links left out because the template says so.
        ignored: canonical fields with a value that the vendor cannot hold: in how many records.
        lost_currencies: of deals whose currency the vendor cannot hold.
        cost: what carrying it out takes.
        origin: the vendor's field names to canonical ones.
    """

    counts: Counter[str] = field(default_factory=Counter)
    skipped_links: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    lost_currencies: set[str] = field(default_factory=set)
    cost: Cost = field(default_factory=Cost)
    origin: dict[str, str] = field(default_factory=dict)


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
    nothing = intent.nothing_held or KEY_FIELD not in account.fields.get(intent.type, {})
    count = count_records(intent.records)
    async with holdings(vendor, intent.type, count, nothing=nothing) as there:
        planner = _Planner(vendor, there, intent, journal)
        await _plan_all(planner, vendor, account, report)
    return planner.finish()


async def _plan_all(
    planner: _Planner, vendor: Vendor, account: Account, progress: Progress
) -> None:
    """One pass over the records; problems go into a file as they are met."""
    intent = planner.intent
    with intent.problems.open("w", encoding="utf-8") as problems:
        for records in read_records(intent.records, intent.type, chunk=_CHUNK):
            encoded = [(record, vendor.encode(record, account)) for record in records]
            for record, rejected in await planner.add(encoded):
                problems.writelines(planner.problem_lines(record, rejected))
            progress.advance(len(records), rejected=planner.plan.counts["rejected"])


class _Planner:
    def __init__(self, vendor: Vendor, there: Holdings, intent: Intent, journal: Journal) -> None:
        self.plan = Plan()
        self.intent = intent
        self._vendor = vendor
        self._there = there
        self._journal = journal
        self._numbers = itertools.count(1)
        self._resolver = Resolver(
            vendor,
            intent.on_missing,
            lambda: next(self._numbers),
            lambda kind: parent_names(intent.records, kind),
            intent.known,
        )
        self._shapes: Counter[Shape] = Counter()

    def problem_lines(self, record: Record, encoded: Encoded) -> Iterable[str]:
        for problem in encoded.problems:
            row = {
                "_record": record.place.record,
                "_field": self.intent.fields.get(problem.field, problem.field),
                "_code": problem.code,
                "_error": problem.message,
                "_value": problem.value,
            }
            yield json.dumps(row, ensure_ascii=False) + "\n"

    async def add(self, records: Sequence[tuple[Record, Encoded]]) -> list[tuple[Record, Encoded]]:
        """Ops of a chunk, into the journal in one transaction; returns the rejected records."""
        records, rejected = _parted(records, lambda _, problem: not problem.only_to_create)
        held = await self._held(records)
        records, too_little = _parted(records, lambda record, _: record.key not in held)
        rejected += too_little
        self.plan.counts["rejected"] += len(rejected)
        await self._resolver.look_up([record for record, _ in records])
        parents: list[Op] = []
        entries: list[tuple[Op, Parents]] = []
        for record, encoded in records:
            self.plan.origin.update(encoded.origin)
            ignored = record.values.keys() & self._vendor.capabilities.ignored
            self.plan.ignored.update(ignored)
            if "currency" in ignored:
                self.plan.lost_currencies.add(record.values["currency"])
            of_record = self._resolver.parents_of(record)
            self.plan.skipped_links += of_record.skipped
            there, of_record = _the_one(record, held.get(record.key, ()), of_record)
            parents += self._resolver.to_create(of_record)
            entries.append((self._op(record, encoded, of_record, there), of_record))
        entries = await self._without_known_links(entries)
        for op, _ in entries:
            self._count(op)
        for op in parents:
            self._shapes[_shape(op)] += 1
        self.plan.counts["parents"] += len(parents)
        rows: list[PlannedOp] = [(op, "", "") for op in parents]
        rows += [
            (op, "parked" if of_record.parked else "", "; ".join(of_record.parked))
            for op, of_record in entries
        ]
        self._journal.add_ops(self.intent.run, rows)
        self.intent.table(rows)
        return rejected

    async def _held(self, records: Sequence[tuple[Record, Encoded]]) -> dict[str, list[Held]]:
        wanted = {name for _, encoded in records for name in encoded.properties}
        return await self._there.held([record.key for record, _ in records], wanted)

    def _op(self, record: Record, encoded: Encoded, parents: Parents, held: Held | None) -> Op:
        properties: Mapping[str, str] = encoded.properties
        before: dict[str, str | None] = {}
        state = OpState.PLANNED
        action = Action.CREATE
        if held is not None:
            differing = differences(self._vendor, record.type, encoded.properties, held)
            changed = to_write(
                encoded.properties, encoded.origin, differing, self.intent.on_conflict
            )
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
            facts={name: record.values[name] for name in _FACTS if name in record.values},
            place=record.place,
            state=state,
        )

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
        if op.state is OpState.PARKED:
            self.plan.counts["parked"] += 1
        elif op.state is OpState.UNCHANGED:
            self.plan.counts["unchanged"] += 1
        else:
            self.plan.counts[op.action.value] += 1
            self._shapes[_shape(op)] += 1

    def finish(self) -> Plan:
        self.plan.cost = cost(self._vendor, self._shapes)
        return self.plan


def _shape(op: Op) -> Shape:
    links = tuple(link.type for link in op.links)
    return Shape(op.type, op.action, frozenset(op.properties), links)


def _the_one(record: Record, held: Sequence[Held], parents: Parents) -> tuple[Held | None, Parents]:
    """The account's record of a key; one whose key is there twice waits for a person."""
    if len(held) < 2:
        return (held[0] if held else None), parents
    ids = ", ".join(sorted(one.id for one in held))
    why = f'{len(held)} {record.type} of the account hold the key "{record.key}" (ids {ids})'
    return held[0], replace(parents, parked=(*parents.parked, why))


def _parted(
    records: Sequence[tuple[Record, Encoded]], counts: Callable[[Record, Problem], bool]
) -> tuple[list[tuple[Record, Encoded]], list[tuple[Record, Encoded]]]:
    """Records without and with a problem that counts."""
    fine: list[tuple[Record, Encoded]] = []
    faulty: list[tuple[Record, Encoded]] = []
    for record, encoded in records:
        bad = any(counts(record, problem) for problem in encoded.problems)
        (faulty if bad else fine).append((record, encoded))
    return fine, faulty


def _with_new_links(op: Op, there: Mapping[ObjectType, Mapping[str, frozenset[str]]]) -> Op:
    if op.id is None or not op.links:
        return op
    missing: tuple[Link, ...] = tuple(
        link for link in op.links if link.id not in there[link.type].get(op.id, frozenset())
    )
    relink = bool(missing) and op.state is OpState.UNCHANGED
    return Op(
        seq=op.seq,
        type=op.type,
        action=Action.UPDATE if relink else op.action,
        key=op.key,
        id=op.id,
        properties={} if relink else op.properties,
        before=op.before,
        links=missing,
        facts=op.facts,
        place=op.place,
        state=OpState.PLANNED if relink else op.state,
    )
