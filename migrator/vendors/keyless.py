"""An account in which no key field is allowed: the journal's memory takes the field's place.

Records go out without a source key, and what is read of the account comes back with the key that
the memory has of each id. So planning, verify and undo ask what they always ask; only a question
for single keys has become the reading of the whole. A create whose answer is lost cannot be found
again by its key: a person has to look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.vendors.base import records
from migrator.vendors.view import Unkeyed, without_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from migrator.model import Account, Held, Page
    from migrator.vendors.base import Capabilities, Reading, Vendor

_PARENTS = frozenset({ObjectType.CONTACTS, ObjectType.COMPANIES})


class Keyless(Unkeyed):
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
        super().__init__(vendor)
        self._keys_of = keys_of
        self._account: Account | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Whoever asks for keys reads all, and nobody refuses a second record with the same one."""
        return replace(self._vendor.capabilities, reads_all=True, unique_keys=False)

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """As the vendor."""
        self._account = await self._vendor.describe(types)
        return self._account

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """As the vendor, without the key."""
        return without_key(self._vendor.parent(type, name))

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
            every = records(self._vendor.pages(type, self._all(type, properties)))
            return {names[h.id]: replace(h, key=names[h.id]) async for h in every if h.id in names}
        every = records(self.pages(type, properties))
        return {h.key: h async for h in every if h.key in keys and h.key}

    async def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """Every record of the type, those in the memory with their keys."""
        async for page in self._vendor.pages(type, self._all(type, properties), reading):
            yield replace(page, records=tuple(self._named(type, page.records)))

    def _all(self, type: ObjectType, properties: Collection[str]) -> Collection[str]:
        """What to read when nothing is named: all that ``encode`` may give."""
        if properties or self._account is None or self._vendor.capabilities.reads_all:
            return properties
        infos = self._account.fields.get(type, {}).values()
        return [info.name for info in infos if not info.read_only]

    def _named(self, type: ObjectType, found: Sequence[Held]) -> list[Held]:
        if self._account is None:
            return [replace(held, key=None) for held in found]
        keys = self._keys_of(self._account.id, type, [held.id for held in found])
        return [replace(held, key=keys.get(held.id)) for held in found]
