"""Rows of a plan: records beside what the vendor makes of them, as narrow as was asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, Held, ObjectType
from migrator.plan.absent import absent_from, changed_twice, is_of, moved_since, own_record
from migrator.vendors.shared.values import as_instant, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from migrator.model import Account, Encoded, Problem, Record
    from migrator.plan.intent import Intent, Plan
    from migrator.vendors.base import Capabilities, Vendor

Row = tuple["Record", "Encoded"]

_NO_FIELD = frozenset({"unknown_field", "read_only_field"})
"""Codes of problems that say that a field is not there to be written."""

_CONTEXT = {"stage": "pipeline", "status": "pipeline", "amount": "currency"}
"""Fields that say something else where another one differs: the same stage in another pipeline."""


def ignored_of(capabilities: Capabilities, type: ObjectType) -> dict[str, str]:
    """The canonical fields of a type that the vendor cannot hold, with the reason."""
    found = {}
    for name, reason in capabilities.ignored.items():
        of, _, field = name.rpartition(".")
        if not of or of == type:
            found[field] = reason
    return found


class Rows:
    """Makes rows of records, and notes in a plan what is to be told of them."""

    def __init__(self, vendor: Vendor, account: Account, intent: Intent, plan: Plan) -> None:
        self._vendor = vendor
        self._account = account
        self._intent = intent
        self._plan = plan
        self._ignored = ignored_of(vendor.capabilities, intent.type)
        self._changed: set[str] = set()
        self._zone = zone_of(account.time_zone)
        self._one_parent = vendor.capabilities.one_parent.get(intent.type, ())

    def encode(self, record: Record) -> Row:
        """A record under the name it goes by, in the vendor's terms.

        A value for which the account has no field is left out where the template says so.
        """
        record = self._on_one(self._intent.renamed(record))
        encoded = self._vendor.encode(record, self._account)
        if self._intent.reading_back and any(_instead_of_day(one) for one in encoded.problems):
            encoded = self._vendor.encode(self._by_day(record, encoded), self._account)
        if not self._intent.update_only and is_of(record, self._account):
            return record, replace(encoded, problems=(own_record(record),))
        absent = [p for p in encoded.problems if self._may_be_left_out(p)]
        if absent:
            self._plan.absent.update(problem.field for problem in absent)
            left = tuple(problem for problem in encoded.problems if problem not in absent)
            encoded = replace(encoded, problems=left)
        return record, encoded

    def _by_day(self, record: Record, encoded: Encoded) -> Record:
        """The record with days in place of the instants that its fields cannot hold.

        Only for what is encoded: the plan compares it with the record, and so tells of it.
        """
        days = {
            one.field: moment.astimezone(self._zone).date().isoformat()
            for one in encoded.problems
            if (moment := _instead_of_day(one)) is not None
        }
        return replace(record, values={**record.values, **days})

    def _may_be_left_out(self, problem: Problem) -> bool:
        return problem.code in _NO_FIELD and self._intent.leave_out(problem.field)

    def _on_one(self, record: Record) -> Record:
        """The record with the one parent that it can have, where it can have one only."""
        for type in self._one_parent:
            if names := record.links.get(type):
                others = {kind for kind in record.links if kind is not type}
                more = {type} if len(names) > 1 else set()
                self._plan.unlinkable.update(kind.value for kind in others | more)
                return replace(record, links={type: names[:1]})
        return record

    def problem_lines(self, record: Record, encoded: Encoded) -> Iterable[str]:
        """The problems of a row, each as a line of JSON."""
        for problem in encoded.problems:
            row = {
                "_record": record.place.record,
                "_field": self._intent.fields.get(problem.field, problem.field),
                "_code": problem.code,
                "_error": problem.message,
                "_value": problem.value,
            }
            yield json.dumps(row, ensure_ascii=False) + "\n"

    # -- what is told of them ------------------------------------------------------------------

    def note(self, record: Record, encoded: Encoded) -> None:
        """What the plan tells of a row that is not rejected."""
        plan = self._plan
        plan.origin.update(encoded.origin)
        lost = record.values.keys() & self._ignored.keys()
        if lost and record.type is not ObjectType.DEALS:
            # It may have found another place, such as the author of a note in its text.
            lost -= self._back(record, encoded).keys()
        if lost:
            plan.ignored.update(lost)
        if self._intent.reading_back:
            self._read_back(record, encoded)
        if "currency" in lost:
            plan.lost_currencies.add(record.values["currency"])

    def _back(self, record: Record, encoded: Encoded) -> Mapping[str, str]:
        """What the vendor's terms say in canonical fields."""
        sent = Held(record.type, "", record.key, encoded.properties)
        return self._vendor.decode(sent, self._account)

    def _read_back(self, record: Record, encoded: Encoded) -> None:
        """Note the values of which the vendor would hold something else.

        A field of the account's own may have another name over there than it has in the file.
        """
        back = self._back(record, encoded)
        for own, name in encoded.origin.items():
            ours = record.values.get(name)
            if ours is None:
                continue
            custom = name.startswith(CUSTOM_PREFIX)
            theirs = back.get(CUSTOM_PREFIX + own) if custom else back.get(name)
            if theirs is None:  # whatever it is called there
                alone = replace(encoded, properties={own: encoded.properties[own]})
                theirs = next(iter(self._back(record, alone).values()), "")
            if ours != theirs and (custom or ours.casefold() != theirs.casefold()):
                self._plan.changed[name] += 1
                self._plan.examples.setdefault(name, f'"{ours}" becomes "{theirs}"')

    # -- changing what is there, and no more ---------------------------------------------------

    def to_change(self, row: Row) -> Row:
        """The row without the problems that only a record that is not there would have."""
        record, encoded = row
        only = self._intent.only
        moves = only is None or "pipeline" in only
        problems = tuple(
            one
            for one in encoded.problems
            # A pipeline that is there to be compared needs no stage.
            if not one.only_to_create and (moves or one.code != "missing_stage")
        )
        return record, replace(encoded, problems=problems)

    def to_update(
        self, rows: Sequence[Row], held: Mapping[str, Sequence[Held]]
    ) -> tuple[list[Row], list[Row]]:
        """Rows that change a record that is there, and those that cannot, with the reason."""
        fine: list[Row] = []
        unfit: list[Row] = []
        for record, encoded in rows:
            problem = self._why_not(record, encoded, held.get(record.key, ()))
            if problem is None:
                fine.append((record, self._without_context(encoded)))
            else:
                unfit.append((record, replace(encoded, problems=(problem,))))
        return fine, unfit

    def _why_not(self, record: Record, encoded: Encoded, held: Sequence[Held]) -> Problem | None:
        if not held:
            return absent_from(record, self._account)
        if record.key in self._changed:
            return changed_twice(record)
        self._changed.add(record.key)
        only = self._intent.only
        if only is None:
            return None
        ours, theirs = self._back(record, encoded), self._vendor.decode(held[0], self._account)
        for field, context in _CONTEXT.items():
            if field in only and context not in only and context in ours and context in theirs:
                name = f"{context}_id" if f"{context}_id" in theirs else context
                if ours[name].casefold() != theirs[name].casefold():
                    return moved_since(record, field, context, theirs[context])
        return None

    def _without_context(self, encoded: Encoded) -> Encoded:
        """What is to be written alone."""
        only = self._intent.only
        if only is None:
            return encoded
        own = f"{CUSTOM_PREFIX}*" in only
        origin = {
            name: of
            for name, of in encoded.origin.items()
            if of in only or (own and of.startswith(CUSTOM_PREFIX))
        }
        properties = {name: encoded.properties[name] for name in origin}
        return replace(encoded, properties=properties, origin=origin)


def _instead_of_day(problem: Problem) -> datetime | None:
    """The instant that is wrong only because its field takes days."""
    return as_instant(problem.value) if problem.code == "invalid_date" else None


def parted(
    rows: Sequence[Row], counts: Callable[[Record, Problem], bool]
) -> tuple[list[Row], list[Row]]:
    """Rows without and with a problem that counts."""
    fine: list[Row] = []
    faulty: list[Row] = []
    for record, encoded in rows:
        bad = any(counts(record, problem) for problem in encoded.problems)
        (faulty if bad else fine).append((record, encoded))
    return fine, faulty
