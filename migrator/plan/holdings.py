"""What the account holds already: asked key by key, or read once from end to end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from migrator.journal import Snapshot
from migrator.vendors.base import records

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection

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


class _Lazy:
    """Asks nothing of the account, and reads nothing of it, before there is a question."""

    def __init__(self, opened: Callable[[], Awaitable[Holdings]]) -> None:
        self._opened = opened
        self._there: Holdings | None = None

    async def held(
        self, keys: Collection[str], properties: Collection[str]
    ) -> dict[str, list[Held]]:
        return await (await self._open()).held(keys, properties) if keys else {}

    async def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        return await (await self._open()).linked(ids, to) if ids else {}

    async def _open(self) -> Holdings:
        if self._there is None:
            self._there = await self._opened()
        return self._there


@contextlib.asynccontextmanager
async def holdings(
    vendor: Vendor, type: ObjectType, keys: int, *, nothing: bool = False
) -> AsyncIterator[Holdings]:
    """The records of a type; about so many ``keys`` are going to be asked for.

    A vendor that reads all for every question is read once, at the first one. So is another one
    whose account is so small that asking for every key takes more requests. Where nothing is asked,
    no request is sent. ``nothing`` = there surely are no records of ours.
    """
    with contextlib.ExitStack() as files:
        yield _Nothing() if nothing else _Lazy(lambda: _opened(vendor, type, keys, files))


async def _opened(
    vendor: Vendor, type: ObjectType, keys: int, files: contextlib.ExitStack
) -> Holdings:
    reads_all = vendor.capabilities.reads_all
    few = not reads_all and keys >= _MANY and await _holds_fewer(vendor, type, keys / 3)
    if not (reads_all or few):
        return _Asked(vendor, type)
    snapshot = files.enter_context(contextlib.closing(Snapshot(type)))
    await snapshot.fill(records(vendor.pages(type)))
    return _Read(snapshot) if reads_all else _AskedOfThose(vendor, type, snapshot)


async def _holds_fewer(vendor: Vendor, type: ObjectType, number: float) -> bool:
    count = await vendor.count(type)
    return count is not None and count < number
