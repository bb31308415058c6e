"""What a plan is made of, and what it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import ObjectType, OnConflict, OnMissing, Op
from migrator.plan.cost import Cost
from migrator.plan.parents import Known, nothing_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from migrator.journal import Feed
    from migrator.model import Record, Shape
    from migrator.template import Existing

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
        known: parents that were looked up a moment ago.
        nothing_held: no record of the account has a key: its key field was created a moment ago.
        feed: whose rows the journal's memory knows; None = it is not to be asked.
        changed_only: rows that are as the memory has them are unchanged, without a question.
        keyless: the account has no key field and is to have none.
        surplus: key and id of the records to delete; asked for when all rows are planned.
        share: part of the account's quota that is ours, for the cost.
        update_only: nothing is created; a record that is not there is rejected.
        only: canonical fields to write; None = all. The others are context.
        leave_out: whether a canonical field that the account does not have is left out instead of
            rejecting the row.
        renamed: the record under the name by which the account is asked for it.
        guarded: count the records of which the feed knows nothing, but which have its keys: another
            source may have written them.
        reading_back: find out what the vendor cannot hold, by decoding what was encoded.
        existing: how deals of the account that have no key of ours are told to be rows'; None =
            they are not looked at.
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
    feed: Feed | None = None
    changed_only: bool = False
    keyless: bool = False
    surplus: Callable[[], Iterable[tuple[str, str]]] = tuple
    share: float = 1.0
    update_only: bool = False
    only: frozenset[str] | None = None
    leave_out: Callable[[str], bool] = lambda _: False
    renamed: Callable[[Record], Record] = lambda record: record
    guarded: bool = False
    reading_back: bool = False
    existing: Existing | None = None


@dataclass
class Plan:
    """All ops of a run, with their cost; the ops themselves are in the journal.

    Attributes:
        counts: records per ``create``, ``update``, ``unchanged``, ``rejected``, ``parked``,
            ``delete``, and ``parents`` to create.
        remembered: unchanged records about which the account was not asked.
        skipped_links: links left out because the template says so.
        strangers: records to change of which the feed knows nothing: how many.
        stranger: key and id of one of them.
        alike: rows whose deals are in the account without a key of ours: how many were, or were
            not, made one with them, by what became of them.
        twins: the first of them, each with the deals of the account that look like it.
        moved: deals of the account that rows were made one with, by what becomes of their place:
            ``reopened``, ``closed``, ``moved``, or ``changed`` of one that stays closed.
        moves: the first of each of these.
        compared: records of the account that were read for it.
        ignored: canonical fields with a value that the vendor cannot hold: in how many records.
        absent: the same of fields that the account does not have.
        changed: the same of fields of which it holds something else than we have, with an example.
        unlinkable: types of parents that records name and cannot have beside another one: in how
            many records.
        lost_currencies: of deals whose currency the vendor cannot hold.
        cost: what carrying it out takes.
        shapes: how many ops there are of each.
        origin: the vendor's field names to canonical ones.
    """

    counts: Counter[str] = field(default_factory=Counter)
    remembered: int = 0
    skipped_links: int = 0
    strangers: int = 0
    stranger: tuple[str, str] = ("", "")
    alike: Counter[str] = field(default_factory=Counter)
    twins: list[str] = field(default_factory=list)
    moved: Counter[str] = field(default_factory=Counter)
    moves: dict[str, list[str]] = field(default_factory=dict)
    compared: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    unlinkable: Counter[str] = field(default_factory=Counter)
    lost_currencies: set[str] = field(default_factory=set)
    cost: Cost = field(default_factory=Cost)
    shapes: dict[Shape, int] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
