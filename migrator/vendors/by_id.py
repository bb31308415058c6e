"""An account whose records are called by their own ids: for changing records in bulk.

The file that is loaded names records of the account itself, whoever made them. So the id takes the
key's place: what asks for keys asks for ids, what is read comes back under its id, and the field of
the source key is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.vendors.view import View, without_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from migrator.model import Account, Encoded, Held, ObjectType, Provision, Record


class ById(View):
    """A vendor whose records are found by their ids."""

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

    async def find(
        self, type: ObjectType, keys: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """The records that have these ids."""
        found = await self._vendor.read(type, keys, properties)
        return {id_: replace(held, key=id_) for id_, held in found.items()}

    async def export(
        self, type: ObjectType, properties: Collection[str] = ()
    ) -> AsyncIterator[Held]:
        """Every record of the type once, under its id."""
        async for held in self._vendor.export(type, properties):
            yield replace(held, key=held.id)
