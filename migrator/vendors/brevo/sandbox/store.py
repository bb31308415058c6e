"""Records and their links, in memory, and the lists that show them a little later."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.vendors.brevo.sandbox.answers import Json

Id: TypeAlias = "str | int"
"""Contacts are numbered; all else has 24 hex digits."""


class Instant(NamedTuple):
    """A point in time: seconds since 1970, and what the clock read."""

    epoch: float
    clock: float


@dataclass(slots=True, eq=False)
class Row:
    """One record.

    Attributes:
        values: what was written; what Brevo computes is not here.
        turned: when a deal last changed its stage, or a company its owner; seconds since 1970.
        linked: kind of record to the ids of those linked.
    """

    id: Id
    values: dict[str, Json]
    created: float
    updated: float
    author: str = ""
    turned: float | None = None
    linked: dict[str, dict[Id, None]] = field(default_factory=dict)

    def links(self, kind: str) -> list[Json]:
        """Ids of the linked records of a kind."""
        return list(self.linked.get(kind, ()))

    def frozen(self) -> Row:
        """As it is now, for lists that are late."""
        other = copy(self)
        other.values = dict(self.values)
        other.linked = {kind: dict(ids) for kind, ids in self.linked.items()}
        return other


@dataclass(slots=True, eq=False)
class Contact(Row):
    """A contact; ``values`` has its attributes with upper-case names."""

    email: str | None = None
    ext_id: str | None = None
    lists: set[int] = field(default_factory=set)
    email_blacklisted: bool = False
    sms_blacklisted: bool = False

    def frozen(self) -> Contact:
        """As it is now, for lists that are late."""
        other = copy(self)
        other.values = dict(self.values)
        other.linked = {kind: dict(ids) for kind, ids in self.linked.items()}
        other.lists = set(self.lists)
        return other


R = TypeVar("R", bound=Row)


class _Change(NamedTuple):
    due: float
    id: Id
    row: Row | None


class Table(Generic[R]):
    """All records of one kind, in the order of their creation.

    Args:
        kind: its name.
        lag: seconds until lists show a change.

    Attributes:
        version: grows with every change that lists show.
    """

    def __init__(self, kind: str, lag: float) -> None:
        self.kind = kind
        self.rows: dict[Id, R] = {}
        self.version = 0
        self._lag = lag
        self._late: dict[Id, Row] = {}
        self._pending: deque[_Change] = deque()
        self._order: list[Row] = []
        self._order_version = -1

    def add(self, row: R, clock: float) -> R:
        """Keep a new record."""
        self.rows[row.id] = row
        self.changed(row, clock)
        return row

    def changed(self, row: Row, clock: float) -> None:
        """Let lists know, in time, that a record was written."""
        if self._lag > 0:
            self._pending.append(_Change(clock + self._lag, row.id, row.frozen()))
        else:
            self.version += 1

    def remove(self, row: R, clock: float) -> None:
        """Delete a record; lists go on showing it for as long as they are late."""
        del self.rows[row.id]
        if self._lag > 0:
            self._pending.append(_Change(clock + self._lag, row.id, None))
        else:
            self.version += 1

    def listed(self, clock: float) -> Sequence[Row]:
        """The records that lists show now, in the order of creation."""
        while self._pending and self._pending[0].due <= clock:
            _, id, row = self._pending.popleft()
            self.version += 1
            if row is None:
                self._late.pop(id, None)
            else:
                self._late[id] = row
        if self._order_version != self.version:
            shown: Iterable[Row] = self._late.values() if self._lag > 0 else self.rows.values()
            self._order = list(shown)
            self._order_version = self.version
        return self._order
