"""Contacts and companies of records: found in the account, created, skipped, or waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import Action, Link, ObjectType, OnMissing, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migrator.model import Record
    from migrator.vendors.base import Vendor

_REMEMBERED = 200_000
"""Names kept from one chunk to the next; beyond, they are looked up again."""


@dataclass(frozen=True, slots=True)
class Parents:
    """The parents of one record: its links, or why it has to wait."""

    links: tuple[Link, ...] = ()
    parked: tuple[str, ...] = ()
    skipped: int = 0


@dataclass
class Resolver:
    """Turns the names of parents into links, a chunk of records at a time.

    Attributes:
        policy: what to do with a name that the account does not know, per type.
        next_seq: numbers the ops that create parents.
        lookups: how many names were asked for.
    """

    vendor: Vendor
    policy: Mapping[ObjectType, OnMissing]
    next_seq: Callable[[], int]
    lookups: int = 0
    _known: dict[tuple[ObjectType, str], tuple[str, ...]] = field(default_factory=dict)
    _created: set[tuple[ObjectType, str]] = field(default_factory=set)

    async def look_up(self, records: Sequence[Record]) -> None:
        """Ask the account for the names of a chunk that are not known yet."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        for type in (ObjectType.CONTACTS, ObjectType.COMPANIES):
            names = {
                name.casefold(): name for record in records for name in record.links.get(type, ())
            }
            unknown = [name for folded, name in names.items() if (type, folded) not in self._known]
            if not unknown:
                continue
            self.lookups += len(unknown)
            found = {
                name.casefold(): ids
                for name, ids in (await self.vendor.resolve(type, unknown)).items()
            }
            for name in unknown:
                self._known[type, name.casefold()] = found.get(name.casefold(), ())

    def parents_of(self, record: Record, create: list[Op]) -> Parents:
        """Links of one record; ops for parents to create are appended to ``create``."""
        links: list[Link] = []
        parked: list[str] = []
        skipped = 0
        for type, names in record.links.items():
            policy = self.policy.get(type, OnMissing.PARK)
            for name in names:
                ids = self._known[type, name.casefold()]
                if len(ids) == 1:
                    links.append(Link(type, name, ids[0]))
                elif policy is OnMissing.CREATE and not ids:
                    links.append(Link(type, name.casefold()))
                    self._create(type, name, create)
                elif policy is OnMissing.SKIP_LINK:
                    skipped += 1
                else:
                    parked.append(_reason(type, name, ids))
        return Parents(tuple(dict.fromkeys(links)), tuple(parked), skipped)

    def _create(self, type: ObjectType, name: str, create: list[Op]) -> None:
        key = name.casefold()
        if (type, key) in self._created:
            return
        self._created.add((type, key))
        properties = self.vendor.parent(type, name)
        create.append(Op(self.next_seq(), type, Action.CREATE, key, None, properties))


def _reason(type: ObjectType, name: str, ids: Sequence[str]) -> str:
    what = {ObjectType.CONTACTS: "contact", ObjectType.COMPANIES: "company"}[type]
    if ids:
        return f'{len(ids)} records of type {what} match "{name}" (ids {", ".join(ids)})'
    return f'no {what} "{name}" in the account'
