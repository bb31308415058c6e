"""A vendor seen through something that changes a part of it, as wire transports wrap each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD
from migrator.vendors.base import no_note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from migrator.model import (
        Account,
        Action,
        Encoded,
        Held,
        ObjectType,
        Op,
        Outcome,
        Page,
        Provision,
        Record,
        Sent,
        Shape,
    )
    from migrator.vendors.base import Capabilities, Reading, Vendor


class View:
    """A vendor as it is; what a derived class does not say otherwise is the vendor's own.

    Args:
        vendor: the account.
    """

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    @property
    def name(self) -> str:
        """The vendor's."""
        return self._vendor.name

    @property
    def capabilities(self) -> Capabilities:
        """The vendor's."""
        return self._vendor.capabilities

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """As the vendor."""
        return await self._vendor.describe(types)

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """As the vendor."""
        return self._vendor.lacking(account, wanted)

    def provisional(self, account: Account, missing: Provision) -> Account:
        """As the vendor."""
        return self._vendor.provisional(account, missing)

    async def provision(self, missing: Provision) -> None:
        """As the vendor."""
        await self._vendor.provision(missing)

    def encode(self, record: Record, account: Account) -> Encoded:
        """As the vendor."""
        return self._vendor.encode(record, account)

    def decode(self, held: Held, account: Account) -> dict[str, str]:
        """As the vendor."""
        return self._vendor.decode(held, account)

    def exported(self, type: ObjectType, account: Account) -> tuple[str, ...]:
        """As the vendor."""
        return self._vendor.exported(type, account)

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """As the vendor."""
        return self._vendor.parent(type, name)

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
        """As the vendor."""
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
        """As the vendor."""
        return await self._vendor.find(type, keys, properties)

    def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """As the vendor."""
        return self._vendor.pages(type, properties, reading)

    async def read(
        self, type: ObjectType, ids: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """As the vendor."""
        return await self._vendor.read(type, ids, properties)

    async def holders(
        self, type: ObjectType, name: str, values: Collection[str]
    ) -> Mapping[str, str]:
        """As the vendor."""
        return await self._vendor.holders(type, name, values)

    async def count(self, type: ObjectType) -> int | None:
        """As the vendor."""
        return await self._vendor.count(type)

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """As the vendor."""
        return self._vendor.requests(shapes)


class Unkeyed(View):
    """A vendor whose key field is neither wanted nor written."""

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """As the vendor; a key field is not wanted."""
        return self._vendor.lacking(account, replace(wanted, keys=()))

    def encode(self, record: Record, account: Account) -> Encoded:
        """As the vendor, without the key."""
        encoded = self._vendor.encode(record, account)
        return replace(
            encoded,
            properties=without_key(encoded.properties),
            origin=without_key(encoded.origin),
        )


def without_key(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties but for the key field."""
    return {name: value for name, value in properties.items() if name != KEY_FIELD}
