"""Records and their links, in memory."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from migrator.vendors.hubspot.sandbox.link_types import LinkTypes
    from migrator.vendors.hubspot.sandbox.schema import Kind


class Stale(NamedTuple):
    """What search still shows of a record until the clock reads ``until``; None = nothing."""

    until: float
    properties: Mapping[str, str] | None


class Window(NamedTuple):
    """From when to when, by the clock, search shows a record as it was before a write."""

    start: float
    end: float


@dataclass(slots=True)
class Row:
    """One record. ``properties`` holds what was written; HubSpot's own values are computed."""

    id: int
    properties: dict[str, str]
    created: str
    updated: str
    archived_at: str | None = None
    stale: Stale | None = None


class Table:
    """All records of one kind, by id and by the values of their unique properties."""

    def __init__(self, kind: Kind, *, fold: bool) -> None:
        self.kind = kind
        self.rows: dict[int, Row] = {}
        self._ids: list[int] = []
        self._unique: dict[str, dict[str, int]] = {}
        self._fold = fold
        self.live = 0

    def folded(self, name: str, value: str) -> str:
        """The value as it is compared with others for uniqueness; e-mail ignores letter case."""
        return value.casefold() if self._fold or name == "email" else value

    def track(self, name: str) -> None:
        """Keep the values of a property unique from now on."""
        if name not in self._unique:
            self._unique[name] = {
                self.folded(name, row.properties[name]): row.id
                for row in self.rows.values()
                if row.archived_at is None and name in row.properties
            }

    def untrack(self, name: str) -> None:
        """Let the values of a property repeat."""
        self._unique.pop(name, None)

    @property
    def unique(self) -> Collection[str]:
        """Names of the properties that are kept unique."""
        return self._unique.keys()

    def holder(self, name: str, value: str) -> int | None:
        """Id of the record that holds this value of a unique property."""
        return self._unique[name].get(self.folded(name, value))

    def by_id(self, text: str, *, archived: bool = False) -> Row | None:
        """The record with this id: a live one, or an archived one when asked for."""
        row = self.rows.get(int(text)) if text.isascii() and text.isdigit() else None
        return row if row is not None and (row.archived_at is not None) == archived else None

    def by_value(self, name: str, value: str, *, archived: bool = False) -> Row | None:
        """The record that holds this value of a unique property, as :meth:`by_id`."""
        id = self.holder(name, value)
        return None if id is None else self.by_id(str(id), archived=archived)

    def add(self, properties: dict[str, str], now: str, window: Window) -> Row:
        """A new record; its values must have been found free."""
        stale = Stale(window.end, None) if window.end > window.start else None
        id = self._ids[-1] + 1 if self._ids else self.kind.first_id
        row = Row(id, properties, now, now, stale=stale)
        self._ids.append(id)
        self.rows[id] = row
        self.live += 1
        self._hold(row, properties)
        return row

    def change(
        self,
        row: Row,
        changes: Mapping[str, str | None],
        now: str,
        window: Window,
    ) -> None:
        """Overwrite properties, None = clear; search goes on showing the old ones for a while."""
        if window.end > window.start:
            pending = row.stale is not None and row.stale.until > window.start
            shown = row.stale.properties if row.stale and pending else dict(row.properties)
            row.stale = Stale(window.end, shown)
        for name, value in changes.items():
            self._release(row, name)
            if value is None:
                row.properties.pop(name, None)
            else:
                row.properties[name] = value
        row.updated = now
        self._hold(row, changes)

    def archive(self, row: Row, now: str, *, keep_unique: bool) -> None:
        """Move to the recycle bin."""
        row.archived_at = now
        self.live -= 1
        if not keep_unique:
            for name in self._unique:
                self._release(row, name)

    def after(self, id: int) -> Iterator[Row]:
        """Records with a greater id, in the order of ids."""
        for position in range(bisect_right(self._ids, id), len(self._ids)):
            yield self.rows[self._ids[position]]

    def _hold(self, row: Row, names: Iterable[str]) -> None:
        for name in self._unique.keys() & set(names):
            value = row.properties.get(name)
            if value is not None:
                self._unique[name][self.folded(name, value)] = row.id

    def _release(self, row: Row, name: str) -> None:
        value = row.properties.get(name)
        if name in self._unique and value is not None:
            self._unique[name].pop(self.folded(name, value), None)


class Links:
    """Which records are linked, and by which association types; both sides are kept.

    Types stand for themselves by their keys, see :mod:`.link_types`.
    """

    def __init__(self, types: LinkTypes) -> None:
        self._types = types
        self._sides: dict[tuple[str, str], dict[int, dict[int, tuple[int, ...]]]] = {}

    def of(self, source: str, id: int, target: str) -> Mapping[int, tuple[int, ...]]:
        """Ids of the linked records of kind ``target``, with the keys of their types."""
        return self._sides.get((source, target), {}).get(id, {})

    def add(self, id: int, other: int, keys: Iterable[int]) -> None:
        """Link two records; the kinds follow from the types, which all join the same two.

        A link with a label is an unlabeled one as well. A primary one replaces the primary of
        before: a deal has one primary company (association type 5).
        """
        for key in keys:
            link = self._types[key]
            if link.primary:
                self._demote(link.source, id, link.target, key)
            default = self._types.default(link.source, link.target)
            if default is not None:
                self._put(id, other, default)
            self._put(id, other, key)

    def remove(self, source: str, id: int, target: str, other: int) -> None:
        """Take away all links between two records."""
        for one, first, two, second in ((source, id, target, other), (target, other, source, id)):
            side = self._sides.get((one, two), {})
            side.get(first, {}).pop(second, None)

    def unlabel(self, source: str, id: int, target: str, other: int, key: int) -> None:
        """Take away one association type; without the unlabeled one nothing remains."""
        if self._types[key].label is None:
            self.remove(source, id, target, other)
        else:
            self._drop(source, id, target, other, key)

    def unlabel_all(self, source: str, target: str, key: int) -> None:
        """Take a type away wherever it is."""
        for id, other, held in list(self.pairs(source, target)):
            if key in held:
                self._drop(source, id, target, other, key)

    def forget(self, source: str, id: int) -> None:
        """Take away all links of a record that is gone."""
        for one, target in list(self._sides):
            if one == source:
                for other in list(self._sides[one, target].get(id, {})):
                    self.remove(source, id, target, other)
                self._sides[one, target].pop(id, None)

    def pairs(self, source: str, target: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Every link from one kind to another."""
        for id, others in self._sides.get((source, target), {}).items():
            for other, keys in others.items():
                yield id, other, keys

    def _put(self, id: int, other: int, key: int) -> None:
        for one, two, number in ((id, other, key), (other, id, self._types[key].inverse)):
            link = self._types[number]
            side = self._sides.setdefault((link.source, link.target), {}).setdefault(one, {})
            held = side.get(two, ())
            if number not in held:
                side[two] = tuple(sorted((*held, number)))

    def _demote(self, source: str, id: int, target: str, key: int) -> None:
        for other, held in list(self.of(source, id, target).items()):
            if key in held:
                self._drop(source, id, target, other, key)

    def _drop(self, source: str, id: int, target: str, other: int, key: int) -> None:
        for one, first, two, second, number in (
            (source, id, target, other, key),
            (target, other, source, id, self._types[key].inverse),
        ):
            side = self._sides.get((one, two), {}).get(first, {})
            if second in side:
                side[second] = tuple(held for held in side[second] if held != number)
