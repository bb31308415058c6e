"""Deals that are in the account without a key of ours, and look like a row of the file.

They were typed in by people, or loaded by other tools. Unless a rule says what makes two deals one,
nobody looks for them: it takes reading all deals of the account, once, page by page.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import Snapshot
from migrator.model import Held, ObjectType, Problem
from migrator.plan.likeness import Looks, one_sided, told
from migrator.plan.rows import ignored_of
from migrator.plan.takeovers import Takeovers
from migrator.template import Likeness, Survivor
from migrator.vendors.base import records

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence

    from migrator.model import Account, Record
    from migrator.plan.holdings import Holdings
    from migrator.plan.intent import Intent, Plan
    from migrator.plan.likeness import Look
    from migrator.plan.rows import Row
    from migrator.template import Existing
    from migrator.vendors.base import Vendor

_TOLD = 5
"""So many of them are named."""

DOUBTFUL = "perhaps_there"
"""Code of a row that may be a deal of the account, and what both say is not enough to know."""


@dataclass(frozen=True, slots=True)
class _Twin:
    """A deal of the account that may be a row's, and why it may be another one after all."""

    held: Held
    doubts: tuple[str, ...]


class Twins:
    """The account's deals without a key of ours, by what makes two deals one.

    It is what the account holds of the rows, besides: a deal that a row has been made one with is
    asked about like any other.
    """

    def __init__(
        self,
        vendor: Vendor,
        account: Account,
        intent: Intent,
        rule: Existing,
        there: Holdings,
        plan: Plan,
    ) -> None:
        self._vendor = vendor
        self._account = account
        self._type = intent.type
        self._rule = rule
        self._there = there
        self._plan = plan
        self._looks = Looks(vendor, account, rule)
        self._takeovers = Takeovers(vendor, account, intent, plan)
        self._snapshot: Snapshot | None = None
        self._exit = contextlib.ExitStack()
        self._adopted: set[str] = set()

    def close(self) -> None:
        """Forget what was read."""
        self._exit.close()

    # -- as the account's holdings -------------------------------------------------------------

    async def held(
        self, keys: Collection[str], properties: Collection[str]
    ) -> dict[str, list[Held]]:
        """The records that hold these keys."""
        return await self._there.held(keys, properties)

    async def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        """Ids of the ``to`` records that are linked to each of these records."""
        ours = [id_ for id_ in ids if id_ not in self._adopted]
        found = await self._there.linked(ours, to)
        adopted = [id_ for id_ in ids if id_ in self._adopted]
        if adopted and self._snapshot:
            found = {**found, **self._snapshot.linked(adopted, to)}
        return found

    # -- rows beside them ----------------------------------------------------------------------

    async def adopt(
        self, rows: Sequence[Row], held: Mapping[str, Sequence[Held]]
    ) -> tuple[dict[str, Sequence[Held]], list[Row], list[Row]]:
        """What the account holds of some rows, those that go on, and those that cannot.

        Args:
            rows: to look for.
            held: the account's records by key.
        """
        alike = await self._alike([record for record, _ in rows if record.key not in held])
        holding = dict(held)
        fine: list[Row] = []
        unfit: list[Row] = []
        adopted: list[Row] = []
        for record, encoded in rows:
            found = alike.get(record.key, ())
            problem = self._decided(record, found) if found else None
            if problem is not None:
                unfit.append((record, replace(encoded, problems=(problem,))))
                continue
            fine.append((record, encoded))
            if found and self._rule.then is Survivor.UPDATE:
                self._adopted.add(found[0].held.id)
                holding[record.key] = [replace(found[0].held, key=None)]
                adopted.append((record, encoded))
        if adopted:
            wanted = {name for _, encoded in fine for name in encoded.properties}
            holding = await self._complete(holding, wanted | self._looks.properties())
        for record, encoded in adopted:
            if there := holding.get(record.key):
                self._takeovers.note(record, encoded, there[0])
        return holding, fine, unfit

    def _decided(self, record: Record, found: Sequence[_Twin]) -> Problem | None:
        """What the rule makes of a row with these twins; a problem = it is turned down."""
        then, plan = self._rule.then, self._plan
        there = self._named(found)
        doubts = _doubts(found)
        why = f" (not sure: {', '.join(doubts)})" if doubts else ""
        if len(plan.twins) < _TOLD:
            plan.twins.append(f"{record.key} {told(record.values)}: {there}{why}")
        if then is Survivor.UPDATE or then is Survivor.SKIP:
            turned_down = self._turned_down(record, found, there)
            if turned_down is not None:
                code, message = turned_down
                plan.alike[code] += 1
                return Problem("name", code, message, record.values.get("name", ""))
        plan.alike[then.value] += 1
        return None

    def _turned_down(
        self, record: Record, found: Sequence[_Twin], there: str
    ) -> tuple[str, str] | None:
        """Why a row cannot be made one with what looks like it, as a code and a sentence."""
        if doubts := _doubts(found):
            return DOUBTFUL, (
                f"The deal may be in the account already, without a key of ours: {there}. It is "
                f"not sure, for {' and '.join(doubts)}. If the two are one, make them the "
                "same, over there or in the file; if they are not, load this row by itself with "
                f"--existing {','.join(self._rule.match)}=create."
            )
        if self._rule.then is Survivor.SKIP:
            return "already_there", (
                f"The deal is in the account already, without a key of ours: {there}; it was left "
                "as it is, as the rule about existing deals says."
            )
        if len(found) > 1:
            return "several_alike", (
                f"{len(found)} deals of the account look like this one ({there}), so it is not "
                "known which to update. Delete or rename the others, or match by more."
            )
        if found[0].held.id in self._adopted:
            return "several_alike", (
                f"Another row of the file, before {record.key}, looks like the same deal of the "
                f"account ({there}). Leave one of them in the file, or match by more."
            )
        return None

    def _named(self, found: Sequence[_Twin]) -> str:
        """Deals of the account by what people know them by."""
        ordered = sorted((one.held for one in found), key=lambda one: one.id)
        some = [
            f"record {one.id} {told(self._vendor.decode(one, self._account))}"
            for one in ordered[:_TOLD]
        ]
        more = len(ordered) - _TOLD
        return ", ".join(some) + (f" and {more:,} more" if more > 0 else "")

    async def _complete(
        self, holding: dict[str, Sequence[Held]], wanted: Collection[str]
    ) -> dict[str, Sequence[Held]]:
        """Adopted records with all that is to be compared."""
        if self._vendor.capabilities.reads_all:
            return holding
        adopted = {key: one[0].id for key, one in holding.items() if one and one[0].key is None}
        found = await self._vendor.read(self._type, set(adopted.values()), wanted)
        for key, id_ in adopted.items():
            there = found.get(id_)
            if there is None:  # deleted a moment ago
                del holding[key]
            else:
                holding[key] = [replace(there, key=None)]
        return holding

    async def _alike(self, some: Sequence[Record]) -> dict[str, Sequence[_Twin]]:
        """The twins of some records by key; those in doubt only where there are no others."""
        looks = {record.key: look for record in some if (look := self._looks.of(record.values))}
        if not looks:
            return {}
        there = await self._read()
        near = there.all_held({place for look in looks.values() for place in look.places()})
        known: dict[Look, list[_Twin]] = {}
        for look in looks.values():
            if look not in known:
                known[look] = list(self._near(look, near, there))
        close = {key: known[look] for key, look in looks.items() if known[look]}
        found = await self._of_company(some, close)
        return {
            key: [one for one in twins if not one.doubts] or twins for key, twins in found.items()
        }

    def _near(
        self, look: Look, near: Mapping[str, Sequence[Held]], there: Snapshot
    ) -> Iterator[_Twin]:
        """Deals of the account that are no other ones for sure, as far as the look goes.

        All that say the same are at the same place. Of the others some are enough, but for the
        company, which may tell any of them apart.
        """
        same = list(self._twins_of(look, near.get(look.place, ())))
        yield from same
        elsewhere = sorted(look.places() - {look.place})
        others = itertools.chain.from_iterable(near.get(place, ()) for place in elsewhere)
        if look.blank:
            seen = {one.held.id for one in same}
            every = there.beginning(look.beginning)
            others = itertools.chain(one for one in every if one.id not in seen)
        most = None if Likeness.COMPANY in self._rule.match else _TOLD
        yield from itertools.islice(self._twins_of(look, others), most)

    def _twins_of(self, look: Look, some: Iterable[Held]) -> Iterator[_Twin]:
        for held in some:
            theirs = self._looks.of_held(held)
            doubts = look.doubts(theirs) if theirs else None
            if doubts is not None:
                yield _Twin(held, doubts)

    async def _of_company(
        self, some: Sequence[Record], close: Mapping[str, Sequence[_Twin]]
    ) -> dict[str, Sequence[_Twin]]:
        """Those that are not of another company, where that is asked for."""
        if Likeness.COMPANY not in self._rule.match or not close:
            return dict(close)
        of = {r.key: r.links.get(ObjectType.COMPANIES, ()) for r in some if r.key in close}
        names = {name for each in of.values() for name in each}
        ids = await self._vendor.resolve(ObjectType.COMPANIES, names) if names else {}
        found: dict[str, Sequence[_Twin]] = {}
        for key, candidates in close.items():
            ours = {id_ for name in of[key] for id_ in ids.get(name, ())}
            same = [
                twin
                for one in candidates
                if (twin := _beside(one, ours, named=bool(of[key]))) is not None
            ]
            if same:
                found[key] = same
        return found

    async def _read(self) -> Snapshot:
        """All deals without a key, read at the first question."""
        if self._snapshot is None:
            names = () if self._vendor.capabilities.reads_all else self._looks.properties()
            snapshot = self._exit.enter_context(contextlib.closing(Snapshot(self._type)))
            pages = self._vendor.pages(self._type, names)
            self._snapshot = await snapshot.fill(self._unkeyed(records(pages)))
        return self._snapshot

    async def _unkeyed(self, found: AsyncIterator[Held]) -> AsyncIterator[Held]:
        """Records without a key, under the place at which those like them are looked for."""
        async for held in found:
            self._plan.compared += 1
            look = self._looks.of_held(held) if held.key is None else None
            if look is not None:
                yield replace(held, key=look.place)


def _doubts(found: Iterable[_Twin]) -> list[str]:
    """Why none of them is a twin for sure; empty = they are."""
    return list(dict.fromkeys(why for one in found for why in one.doubts))


def _beside(twin: _Twin, ours: Collection[str], *, named: bool) -> _Twin | None:
    """A twin beside the companies of a row; None = it is of another one.

    Args:
        twin: without a look at its companies.
        ours: ids of those that the row names, as far as the account has them.
        named: whether the row names any.
    """
    theirs = twin.held.links.get(ObjectType.COMPANIES, ())
    if named and theirs:
        return twin if set(theirs) & set(ours) else None
    if named or theirs:
        return replace(twin, doubts=(*twin.doubts, one_sided("company", in_file=named)))
    return twin


@contextlib.contextmanager
def with_twins(
    vendor: Vendor, account: Account, intent: Intent, there: Holdings, plan: Plan
) -> Iterator[Twins | None]:
    """The deals without a key of ours, where a plan is to look at them."""
    if intent.existing is None:
        yield None
        return
    ignored = ignored_of(vendor.capabilities, intent.type)
    for one in intent.existing.match:
        if one.value in ignored:
            raise InputError(
                f"Deals cannot be matched by {one.value} here: {ignored[one.value]}. Match by "
                "something else (existing, --existing)."
            )
    with contextlib.closing(Twins(vendor, account, intent, intent.existing, there, plan)) as twins:
        yield twins
