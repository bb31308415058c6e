"""Parents that a run creates: their ids, once they are written, and who has to wait for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.model import OpState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.journal import Journal
    from migrator.model import Link, ObjectType, Op


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent that the run creates: ``id`` is None until it is there."""

    state: OpState
    id: str | None


_THERE = {OpState.WRITTEN, OpState.UNCHANGED}
"""Created by the run, or found to be there by then."""

Parents = dict[tuple["ObjectType", str], Parent]
"""Parents that the run creates, by type and key."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The links of an op.

    Attributes:
        ready: with ids.
        refused: to parents that were turned down.
        open: to parents of which it is not known yet whether they are there.
    """

    ready: tuple[Link, ...]
    refused: tuple[Link, ...]
    open: tuple[Link, ...]


def created_parents(journal: Journal, run: str, ops: Sequence[Op]) -> Parents:
    """The parents of these ops that the run itself creates."""
    wanted: dict[ObjectType, set[str]] = {}
    for op in ops:
        for link in op.links:
            if link.id is None:
                wanted.setdefault(link.type, set()).add(link.key)
    return {
        (type, key): Parent(state, id_ if state in _THERE else None)
        for type, keys in wanted.items()
        for key, (state, id_) in journal.parents(run, type, keys).items()
    }


_NONE = Parent(OpState.REFUSED, None)


def resolved(op: Op, parents: Mapping[tuple[ObjectType, str], Parent]) -> Resolved:
    """Links of an op by what is known of their parents."""
    ready, refused, open_ = [], [], []
    for link in op.links:
        parent = parents.get((link.type, link.key), _NONE)
        id_ = link.id or parent.id
        if id_:
            ready.append(replace(link, id=id_))
        elif parent.state in {OpState.PLANNED, OpState.SENT}:
            open_.append(link)
        else:
            refused.append(link)
    return Resolved(tuple(ready), tuple(refused), tuple(open_))
