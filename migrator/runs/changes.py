"""What a cleanup would change, field by field, in the words of people and not of the CRM."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from migrator.model import ID_FIELDS, Action, Held, OpState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from migrator.model import Account, Op
    from migrator.plan import PlannedOp
    from migrator.vendors.base import Vendor

CHANGES = "changes.csv"
"""File in a run's folder."""

_SHOWN = 5


class Changes:
    """Writes a line for each field that a plan changes: what it is, and what it is to be.

    Links are added and never taken away: such a line tells which.

    Args:
        target: the file.
        vendor: knows what the CRM's values mean.
        account: has the labels.
        only: fields to tell of, none = all; others may follow from them (a status, from a stage).

    Attributes:
        examples: the first of them, for the terminal: ``key, field, before, after``.
    """

    def __init__(
        self, target: Path, vendor: Vendor, account: Account, only: Collection[str]
    ) -> None:
        self._only = frozenset(only)
        self._vendor = vendor
        self._account = account
        self._file = target.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(["line", "key", "id", "field", "before", "after"])
        self.examples: list[tuple[str, str, str, str]] = []

    def add(self, planned: Sequence[PlannedOp]) -> None:
        """Write the changes of some ops down."""
        for op, _, _ in planned:
            if op.action is Action.UPDATE and op.state is OpState.PLANNED:
                self._add(op)

    def _add(self, op: Op) -> None:
        before = self._words(op, {name: value for name, value in op.before.items() if value})
        after = self._words(op, op.properties)
        line = op.place.line if op.place else ""
        changed = [
            (field, before.get(field, ""), after.get(field, ""))
            for field in dict.fromkeys([*after, *before])
        ]
        for field, was, becomes in [*changed, *_links(op)]:
            self._writer.writerow([line, op.key, op.id, field, was, becomes])
            if len(self.examples) < _SHOWN:
                self.examples.append((op.key, field, was, becomes))

    def _words(self, op: Op, properties: Mapping[str, str | None]) -> dict[str, str]:
        held = Held(op.type, op.id or "", op.key, properties)
        values = self._vendor.decode(held, self._account)
        hidden = {name for name in values if self._only and name not in self._only}
        return {name: values[name] for name in values if name not in hidden.union(ID_FIELDS)}

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _links(op: Op) -> Iterable[tuple[str, str, str]]:
    """The links that are added; those that are there stay, and so they are not told."""
    names: dict[str, list[str]] = {}
    for link in op.links:
        names.setdefault(link.type.value, []).append(link.key)
    for type, keys in names.items():
        yield type, "", f"added: {'; '.join(keys)}"
