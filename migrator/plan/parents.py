"""Parents of records: found in the account, created, skipped, or waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import Action, Link, ObjectType, OnMissing, Op
from migrator.plan.absent import id_in
from migrator.plan.records import LINK_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from migrator.model import Account, Record
    from migrator.vendors.base import Vendor

_AT_ONCE = 100_000
"""Names of one kind that are looked up and remembered together: a vendor that has to list all of
its contacts to find any does so once for as many as that."""


Known = dict[ObjectType, dict[str, tuple[str, ...]]]
"""Per kind: a name as :func:`called` has it, and the ids of all that are called so."""


def called(type: ObjectType, name: str) -> str:
    """The name of a parent as it is compared with others.

    Letter case makes no difference but in the keys of deals: those of many sources differ in
    nothing else.
    """
    return name if type is ObjectType.DEALS else name.casefold()


def nothing_known() -> Known:
    """What is known before anything was asked."""
    return {kind: {} for kind in LINK_FIELDS}


@dataclass(frozen=True, slots=True)
class Parents:
    """The parents of one record: its links, those that are still to create, or why it has to wait.

    Attributes:
        new: type and name of each link's parent that the account does not have.
        skipped: links left out.
    """

    links: tuple[Link, ...] = ()
    parked: tuple[str, ...] = ()
    skipped: int = 0
    new: tuple[tuple[ObjectType, str], ...] = ()


@dataclass
class Resolver:
    """Turns the names of parents into links, a chunk of records at a time.

    Attributes:
        policy: what to do with a name that the account does not know, per type.
        next_seq: numbers the ops that create parents.
        ahead: the names that all records have, per kind, in their order.
        known: ids by name, as far as they were asked for.
    """

    vendor: Vendor
    account: Account
    policy: Mapping[ObjectType, OnMissing]
    next_seq: Callable[[], int]
    ahead: Callable[[ObjectType], Iterator[str]]
    known: Known = field(default_factory=nothing_known)
    _coming: dict[ObjectType, Iterator[str]] = field(default_factory=dict)
    _created: set[tuple[ObjectType, str]] = field(default_factory=set)

    async def look_up(self, records: Sequence[Record]) -> None:
        """Ask the account for the names of a chunk, and with them for those of the next ones."""
        for kind in LINK_FIELDS:
            names = {
                called(kind, name): name
                for record in records
                for name in record.links.get(kind, ())
            }
            known = self.known[kind]
            if names.keys() <= known.keys():
                continue
            if len(known) >= _AT_ONCE:
                known.clear()
            for folded in known.keys() & names.keys():
                del names[folded]
            for name in self._coming.setdefault(kind, self.ahead(kind)):
                if called(kind, name) not in known:
                    names.setdefault(called(kind, name), name)
                if len(names) >= _AT_ONCE:
                    break
            found = await self._found(kind, names.values())
            known |= dict.fromkeys(names, ())
            known |= {called(kind, name): ids for name, ids in found.items()}

    async def _found(
        self, kind: ObjectType, names: Collection[str]
    ) -> Mapping[str, tuple[str, ...]]:
        """Ids by name; what refers to a record of the account itself is asked for by its id."""
        own = {name: id_ for name in names if (id_ := id_in(self.account, kind, name))}
        others = [name for name in names if name not in own]
        found = await self.vendor.resolve(kind, others) if others else {}
        there = await self.vendor.read(kind, own.values()) if own else {}
        return found | {name: (id_,) for name, id_ in own.items() if id_ in there}

    def parents_of(self, record: Record) -> Parents:
        """Links of one record, each parent once, however often and in whichever case it stands."""
        links: dict[tuple[ObjectType, str], Link] = {}
        new: list[tuple[ObjectType, str]] = []
        parked: list[str] = []
        skipped = 0
        for type, names in record.links.items():
            policy = self.policy.get(type, OnMissing.PARK)
            for name in names:
                ids = self.known[type][called(type, name)]
                if len(ids) == 1:
                    links.setdefault((type, ids[0]), Link(type, name, ids[0]))
                elif policy is OnMissing.CREATE and not ids:
                    links.setdefault((type, name.casefold()), Link(type, name.casefold()))
                    new.append((type, name))
                elif policy is OnMissing.SKIP_LINK:
                    skipped += 1
                else:
                    parked.append(_reason(type, name, ids))
        return Parents(tuple(links.values()), tuple(parked), skipped, tuple(new))

    def to_create(self, parents: Parents) -> Iterator[Op]:
        """Ops for the parents that a record needs and none before it did; none when it waits."""
        for type, name in () if parents.parked else parents.new:
            key = name.casefold()
            if (type, key) not in self._created:
                self._created.add((type, key))
                properties = self.vendor.parent(type, name)
                yield Op(self.next_seq(), type, Action.CREATE, key, None, properties)


def _reason(type: ObjectType, name: str, ids: Sequence[str]) -> str:
    if ids:
        return f'{len(ids)} records of type {type.singular} match "{name}" (ids {", ".join(ids)})'
    return f'no {type.singular} "{name}" in the account'
