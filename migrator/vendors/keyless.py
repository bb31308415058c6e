"""An account in which no key field is allowed: the journal's memory takes the field's place.

Wraps a vendor as wire transports wrap each other. Records go out without a source key, and what is
read of the account comes back with the key that the memory has of each id. So planning, verify and
undo ask what they always ask; only a question for single keys has become the reading of the whole.
A create whose answer is lost cannot be found again by its key: a person has to look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, ObjectType
from migrator.vendors.base import no_note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from migrator.model import (
        Account,
        Action,
        Encoded,
        Held,
        Op,
        Outcome,
        Provision,
        Record,
        Sent,
        Shape,
    )
    from migrator.vendors.base import Capabilities, Vendor

_AT_ONCE = 1_000
_PARENTS = frozenset({ObjectType.CONTACTS, ObjectType.COMPANIES})


class Keyless:
    """A vendor whose records carry no key.

    Args:
        vendor: the account as it is.
        keys_of: the source keys of these records of an account (its id), by the records' ids; those
            that are none of ours are absent.
    """

    def __init__(
        self,
        vendor: Vendor,
        keys_of: Callable[[str, ObjectType, Collection[str]], Mapping[str, str]],
    ) -> None:
        self._vendor = vendor
        self._keys_of = keys_of
        self._account: Account | None = None

    @property
    def name(self) -> str:
        """The vendor's."""
        return self._vendor.name

    @property
    def capabilities(self) -> Capabilities:
        """Whoever asks for keys reads all, and nobody refuses a second record with the same one."""
        return replace(self._vendor.capabilities, reads_all=True, unique_keys=False)

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """As the vendor."""
        self._account = await self._vendor.describe(types)
        return self._account

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """As the vendor; a key field is not wanted."""
        return self._vendor.lacking(account, replace(wanted, keys=()))

    def provisional(self, account: Account, missing: Provision) -> Account:
        """As the vendor."""
        return self._vendor.provisional(account, missing)

    async def provision(self, missing: Provision) -> None:
        """As the vendor."""
        await self._vendor.provision(missing)

    def encode(self, record: Record, account: Account) -> Encoded:
        """As the vendor, without the key."""
        encoded = self._vendor.encode(record, account)
        return replace(
            encoded, properties=_without(encoded.properties), origin=_without(encoded.origin)
        )

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """As the vendor, without the key."""
        return _without(self._vendor.parent(type, name))

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """As the vendor."""
        return self._vendor.same(type, name, ours, held)

    async def resolve(self, type: ObjectType, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """As the vendor."""
        return await self._vendor.resolve(type, names)

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None] = no_note,
    ) -> list[Outcome]:
        """As the vendor."""
        return await self._vendor.write(type, action, ops, note)

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """As the vendor: of a create it mostly says that there is no means to know."""
        return await self._vendor.recover(type, sent)

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """As the vendor."""
        return await self._vendor.link(ops)

    async def unlink(self, ops: Sequence[Op]) -> list[Outcome]:
        """As the vendor."""
        return await self._vendor.unlink(ops)

    async def linked(
        self, type: ObjectType, ids: Collection[str], to: ObjectType
    ) -> dict[str, frozenset[str]]:
        """As the vendor."""
        return await self._vendor.linked(type, ids, to)

    async def find(
        self, type: ObjectType, keys: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """The records that the memory has under these keys, read with all others.

        A contact or company that a run created is known by the name that it was created with.
        """
        if type in _PARENTS:
            matches = await self._vendor.resolve(type, keys) if keys else {}
            names = {ids[0]: name for name, ids in matches.items() if len(ids) == 1}
            if not names:
                return {}
            every = self._vendor.export(type, self._all(type, properties))
            return {names[h.id]: replace(h, key=names[h.id]) async for h in every if h.id in names}
        return {h.key: h async for h in self.export(type, properties) if h.key in keys and h.key}

    async def export(
        self, type: ObjectType, properties: Collection[str] = ()
    ) -> AsyncIterator[Held]:
        """Every record of the type once, those in the memory with their keys."""
        waiting: list[Held] = []
        async for held in self._vendor.export(type, self._all(type, properties)):
            waiting.append(held)
            if len(waiting) == _AT_ONCE:
                for one in self._named(type, waiting):
                    yield one
                waiting = []
        for one in self._named(type, waiting):
            yield one

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """As the vendor."""
        return self._vendor.requests(shapes)

    def _all(self, type: ObjectType, properties: Collection[str]) -> Collection[str]:
        """What to read when nothing is named: all that ``encode`` may give."""
        if properties or self._account is None or self._vendor.capabilities.reads_all:
            return properties
        infos = self._account.fields.get(type, {}).values()
        return [info.name for info in infos if not info.read_only]

    def _named(self, type: ObjectType, records: Sequence[Held]) -> list[Held]:
        if self._account is None:
            return [replace(held, key=None) for held in records]
        keys = self._keys_of(self._account.id, type, [held.id for held in records])
        return [replace(held, key=keys.get(held.id)) for held in records]


def _without(properties: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in properties.items() if name != KEY_FIELD}
