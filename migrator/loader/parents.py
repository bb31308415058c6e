"""Parents that a run creates: their ids, once they are written, and who has to wait for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import OpState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.journal import Journal
    from migrator.model import Link, ObjectType, Op

Parents = dict[tuple["ObjectType", str], str | None]
"""Parents that the run creates, by type and key, with their ids; None = not written."""


def created_parents(journal: Journal, run: str, ops: Sequence[Op]) -> Parents:
    """The parents of these ops that the run itself creates."""
    wanted: dict[ObjectType, set[str]] = {}
    for op in ops:
        for link in op.links:
            if link.id is None:
                wanted.setdefault(link.type, set()).add(link.key)
    return {
        (type, key): id_ if state is OpState.WRITTEN else None
        for type, keys in wanted.items()
        for key, (state, id_) in journal.parents(run, type, keys).items()
    }


def resolved(
    op: Op, parents: Mapping[tuple[ObjectType, str], str | None]
) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """Links of an op with ids filled in, and those whose parent was not written."""
    filled = [
        link if link.id else replace(link, id=parents.get((link.type, link.key)))
        for link in op.links
    ]
    return tuple(li for li in filled if li.id), tuple(li for li in filled if not li.id)
