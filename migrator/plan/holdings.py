"""What the account holds already: asked key by key, or read once from end to end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from migrator.journal import Snapshot
from migrator.vendors.base import Counts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from migrator.model import Held, ObjectType
    from migrator.vendors.base import Vendor


_MANY = 1_000
"""Keys from which on it is worth a request to learn how many records there are."""


class Holdings(Protocol):
    """The account's records that carry a source key."""

    async def held(
        self, keys: Collection[str], properties: Collection[str]
    ) -> dict[str, list[Held]]:
        """The records that hold these keys, with ``properties``, by key; mostly one each."""
        ...

    async def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        """Ids of the ``to`` records that are linked to each of these records, by record id."""
        ...


class _Asked:
    """Every question is a request: for a vendor that can be asked for single keys."""

    def __init__(self, vendor: Vendor, type: ObjectType) -> None:
        self._vendor = vendor
        self._type = type

    async def held(
        self, keys: Collection[str], properties: Collection[str]
    ) -> dict[str, list[Held]]:
        found = await self._vendor.find(self._type, keys, properties)
        return {key: [held] for key, held in found.items()}

    async def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        return await self._vendor.linked(self._type, ids, to)


class _AskedOfThose(_Asked):
    """Only keys that are in the account are asked for: it holds far fewer than there are."""

    def __init__(self, vendor: Vendor, type: ObjectType, there: Snapshot) -> None:
        super().__init__(vendor, type)
        self._keys = there

    async def held(
        self, keys: Collection[str], properties: Collection[str]
    ) -> dict[str, list[Held]]:
        return await super().held(self._keys.all_held(keys), properties)


class _Read:
    """Every question is answered from a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    async def held(
        self,
        keys: Collection[str],
        properties: Collection[str],  # noqa: ARG002  # a snapshot has all of them
    ) -> dict[str, list[Held]]:
        return self._snapshot.all_held(keys)

    async def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        return self._snapshot.linked(ids, to)


class _Nothing:
    """An account that holds nothing of ours: its key field is missing, or was made just now."""

    async def held(
        self,
        keys: Collection[str],  # noqa: ARG002
        properties: Collection[str],  # noqa: ARG002
    ) -> dict[str, list[Held]]:
        return {}

    async def linked(
        self,
        ids: Collection[str],
        to: ObjectType,  # noqa: ARG002
    ) -> dict[str, frozenset[str]]:
        return dict.fromkeys(ids, frozenset[str]())


@contextlib.asynccontextmanager
async def holdings(
    vendor: Vendor, type: ObjectType, keys: int, *, nothing: bool = False
) -> AsyncIterator[Holdings]:
    """The records of a type; about so many ``keys`` are going to be asked for.

    A vendor that reads all for every question is read once, here and now. So is another one whose
    account is so small that asking for every key takes more requests. ``nothing`` = there surely
    are no records of ours.
    """
    if nothing:
        yield _Nothing()
    elif vendor.capabilities.reads_all:
        with contextlib.closing(Snapshot(type)) as snapshot:
            yield _Read(await snapshot.fill(vendor.export(type)))
    elif keys >= _MANY and isinstance(vendor, Counts) and await vendor.count(type) < keys / 3:
        with contextlib.closing(Snapshot(type)) as snapshot:
            yield _AskedOfThose(vendor, type, await snapshot.fill(vendor.export(type)))
    else:
        yield _Asked(vendor, type)
