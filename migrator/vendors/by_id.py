"""An account whose records are called by their own ids: for changing records in bulk.

The file that is loaded names records of the account itself, whoever made them. So the id takes the
key's place: what asks for keys asks for ids, what is read comes back under its id, and the field of
the source key is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.vendors.view import Unkeyed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from migrator.model import Held, ObjectType


class ById(Unkeyed):
    """A vendor whose records are found by their ids."""

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
