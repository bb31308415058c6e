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

    from migrator.model import Held, ObjectType, Page
    from migrator.vendors.base import Reading


class ById(Unkeyed):
    """A vendor whose records are found by their ids."""

    async def find(
        self, type: ObjectType, keys: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """The records that have these ids."""
        found = await self._vendor.read(type, keys, properties)
        return {id_: replace(held, key=id_) for id_, held in found.items()}

    async def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """Every record of the type, under its id."""
        async for page in self._vendor.pages(type, properties, reading):
            yield replace(page, records=tuple(replace(one, key=one.id) for one in page.records))
