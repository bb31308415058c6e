"""What a run means to do with records, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model.words import Action, ObjectType, OpState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from migrator.model.records import Place


@dataclass(frozen=True, slots=True)
class Link:
    """A parent of a record: by id when it is in the account, by key when this run creates it."""

    type: ObjectType
    key: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Op:
    """What a run means to do with one record, in the vendor's own terms.

    Attributes:
        seq: number within the run, from 1, in the order of sending.
        key: the source key.
        id: the target's id; None until a create is written.
        properties: what to write (for a skip: what was compared).
        before: what the account held in those properties when the plan was made; None = blank.
        links: parents to link; on a create they go with it where the vendor allows.
        facts: canonical amount, currency, pipeline, stage and owner, for the sums of the report.
        place: where in the source the record stands; None for a parent that the run creates.
        content: digest of all that the row wants of its record; blank where that is not known.
    """

    seq: int
    type: ObjectType
    action: Action
    key: str
    id: str | None
    properties: Mapping[str, str]
    before: Mapping[str, str | None] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    place: Place | None = None
    state: OpState = OpState.PLANNED
    content: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """An op that was sent, as the journal remembers it until there is an answer.

    Attributes:
        at: when it was sent, by our clock.
        job: the vendor's id of the job that works it off, when one was noted.
        tries: how often it was sent, this time included.
    """

    op: Op
    at: datetime
    job: str | None = None
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """What ops have in common that decides how many requests they take.

    Attributes:
        names: the properties they write; none = they only link.
        links: the types of the parents they link, or part from, one for each parent.
        clears: those of the names that are left blank.
    """

    type: ObjectType
    action: Action
    names: frozenset[str] = frozenset()
    links: tuple[ObjectType, ...] = ()
    clears: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one op: exactly one per op, matched by key.

    ``state`` is WRITTEN (with ``id``; with a ``code`` and ``message`` when something of it is
    missing), REFUSED (with the vendor's own ``code`` and ``message``), or, when the answer was
    lost and nothing tells what became of the op, SENT (with :data:`UNKNOWN` and what a person is
    to look for).
    """

    key: str
    state: OpState
    id: str | None = None
    code: str = ""
    message: str = ""
