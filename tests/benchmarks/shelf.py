"""Where the benchmarks' HubSpot keeps ten million deals in a few gigabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BETWEEN = "\x1f"
"""The separator of units, which stands in no value."""


class Shelf:
    """Deals with ids from 1, and their keys.

    A deal is one text of its values, beside the names that it shares with others.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._deals: list[tuple[tuple[str, ...], bytes]] = []
        self._first: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._deals)

    @property
    def keys(self) -> int:
        """How many different keys the deals have."""
        return len(self._first)

    def add(self, key: str, properties: Mapping[str, str]) -> int:
        """Keep a deal; its id."""
        self._deals.append(self._packed(properties))
        self._first.setdefault(key, len(self._deals))
        return len(self._deals)

    def update(self, id_: int, properties: Mapping[str, str]) -> None:
        """Change what is named."""
        self._deals[id_ - 1] = self._packed(self[id_] | dict(properties))

    def of_key(self, key: str) -> int | None:
        """The id of the first deal with a key."""
        return self._first.get(key)

    def __contains__(self, id_: int) -> bool:
        return 0 < id_ <= len(self._deals)

    def __getitem__(self, id_: int) -> dict[str, str]:
        names, values = self._deals[id_ - 1]
        return dict(zip(names, values.decode().split(_BETWEEN), strict=True))

    def _packed(self, properties: Mapping[str, str]) -> tuple[tuple[str, ...], bytes]:
        names = tuple(properties)
        values = _BETWEEN.join(properties.values()).encode()
        return self._names.setdefault(names, names), values
