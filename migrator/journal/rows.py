"""What stands in a journal's tables: the words of the books, and their rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from migrator.json_text import dumps, loads
from migrator.model import Action, Link, ObjectType, Op, OpState, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, created_at TEXT NOT NULL, state TEXT NOT NULL, vendor TEXT NOT NULL,
    account TEXT NOT NULL, template TEXT NOT NULL, template_fingerprint TEXT NOT NULL,
    source_fingerprint TEXT NOT NULL, account_fingerprint TEXT NOT NULL, settings TEXT NOT NULL,
    touched_at TEXT
);
CREATE TABLE IF NOT EXISTS ops (
    run TEXT NOT NULL, phase INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL,
    action TEXT NOT NULL, state TEXT NOT NULL, key TEXT NOT NULL, target_id TEXT,
    content TEXT NOT NULL, file TEXT, record INTEGER, line INTEGER,
    tries INTEGER NOT NULL DEFAULT 0, sent_at TEXT, job TEXT, settled_at TEXT, seen_at TEXT,
    code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run, phase, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wishes (
    run TEXT NOT NULL, phase INTEGER NOT NULL, seq INTEGER NOT NULL,
    properties TEXT NOT NULL, before TEXT NOT NULL, links TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (run, phase, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retried (
    run TEXT NOT NULL, record INTEGER NOT NULL, taken_from TEXT NOT NULL, PRIMARY KEY (run, record)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memory (
    vendor TEXT NOT NULL, account TEXT NOT NULL, feed TEXT NOT NULL, type TEXT NOT NULL,
    key TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (vendor, account, feed, type, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS remembered ON memory (vendor, account, type, id);
CREATE INDEX IF NOT EXISTS unsettled ON ops (run, phase, seq) WHERE state = 'sent';
CREATE INDEX IF NOT EXISTS parents ON ops (run, type, key) WHERE phase = 0;
"""

RUN_COLUMNS = (
    "id, created_at, state, vendor, account, template, template_fingerprint, source_fingerprint,"
    " account_fingerprint, settings"
)
"""In the order of :func:`run_of`."""

_STANDING = "seq, type, action, state, key, target_id, content, file, record, line"
_WISHED = "properties, before, links, facts"

ADD_OP = f"INSERT INTO ops (run, phase, {_STANDING}, code, message) VALUES ({', '.join('?' * 14)})"  # noqa: S608 - constants
"""Adds a row of :func:`row_of`, with its code and message."""

ADD_WISH = f"INSERT INTO wishes (run, phase, seq, {_WISHED}) VALUES ({', '.join('?' * 7)})"  # noqa: S608 - constants
"""Adds a row of :func:`wish_of`.

What an op is to write never changes, and is long. It stands in a table of its own, because a row
that changes is written anew as a whole.
"""

OPS = "ops CROSS JOIN wishes USING (run, phase, seq)"
"""Where :data:`OP_COLUMNS` are; CROSS = the ops are looked through, and each brings its wishes."""

SENT_OPS = OPS.replace("ops", "ops INDEXED BY unsettled", 1)
"""The same of those in state ``sent``, without looking through all the others."""

OP_COLUMNS = f"{_STANDING}, {_WISHED}"
"""In the order of :func:`op_of`."""

BARE_COLUMNS = f"{_STANDING}, '{{}}', '{{}}', '[]', '{{}}'"
"""The same without the wishes, of ``ops`` alone."""

WITHOUT_WISHES = (
    # The statements that make of version 3 of the tables version 4.
    """CREATE TABLE wishes (
        run TEXT NOT NULL, phase INTEGER NOT NULL, seq INTEGER NOT NULL,
        properties TEXT NOT NULL, before TEXT NOT NULL, links TEXT NOT NULL, facts TEXT NOT NULL,
        PRIMARY KEY (run, phase, seq)
    ) WITHOUT ROWID""",
    "INSERT INTO wishes SELECT run, phase, seq, properties, before, links, facts FROM ops",
    "ALTER TABLE ops RENAME TO whole_ops",
    "DROP INDEX unsettled",
    "DROP INDEX parents",
    """CREATE TABLE ops (
        run TEXT NOT NULL, phase INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL,
        action TEXT NOT NULL, state TEXT NOT NULL, key TEXT NOT NULL, target_id TEXT,
        content TEXT NOT NULL, file TEXT, record INTEGER, line INTEGER,
        tries INTEGER NOT NULL DEFAULT 0, sent_at TEXT, job TEXT, settled_at TEXT, seen_at TEXT,
        code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run, phase, seq)
    ) WITHOUT ROWID""",
    """INSERT INTO ops SELECT run, phase, seq, type, action, state, key, target_id, content, file,
        record, line, tries, sent_at, job, settled_at, seen_at, code, message FROM whole_ops""",
    "DROP TABLE whole_ops",
    "CREATE INDEX unsettled ON ops (run, phase, seq) WHERE state = 'sent'",
    "CREATE INDEX parents ON ops (run, type, key) WHERE phase = 0",
)

_TYPES = {str(one): one for one in ObjectType}
_ACTIONS = {str(one): one for one in Action}
_STATES = {str(one): one for one in OpState}
"""By what the tables call them: an enum takes three times as long to find one of its own."""


class RunState(StrEnum):
    """Where a run stands; each state says what a resume has to do.

    A run killed while ``planning`` is planned anew; one killed while ``provisioning`` has sent no
    record yet and plans again with what the account has got by then. One that is ``undone`` was
    taken back, or is being taken back, by the run that its settings name.
    """

    PLANNING = "planning"
    PLANNED = "planned"
    PROVISIONING = "provisioning"
    RUNNING = "running"
    SAMPLED = "sampled"
    FINISHED = "finished"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the journal knows it; ``settings`` is plain JSON data."""

    id: str
    created_at: str
    state: RunState
    vendor: str
    account: str
    template: str
    template_fingerprint: str
    source_fingerprint: str
    account_fingerprint: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """A new state for one op: written, refused, parked, unchanged, or planned again."""

    op: Op
    state: OpState
    id: str | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """An op with what became of it.

    Attributes:
        settled_at: when we knew, by our clock; None for what the plan settled.
        seen_at: the vendor's time of the record's last change, when it was found as we left it.
    """

    op: Op
    tries: int
    code: str
    message: str
    settled_at: datetime | None = None
    seen_at: datetime | None = None


class Booked(NamedTuple):
    """What became of an op, as far as the books of a run need it: each op is read for them once.

    Attributes:
        record: number of the source's record; None = the op stands at none.
        settled_at: see :class:`Finished`.
        chosen: the properties that were asked for, in that order; None = not among its own.
    """

    type: ObjectType
    action: Action
    state: OpState
    key: str
    id: str | None
    record: int | None
    code: str
    message: str
    settled_at: datetime | None
    facts: Mapping[str, str]
    chosen: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Unknown:
    """An op of which only a person can find out what became; ``message`` says how."""

    op: Op
    sent_at: datetime
    message: str


PHASES = (0, 1, 2)


def phase_of(op: Op) -> int:
    """Parents that a run creates (they stand at no place of the source) go before the records.

    Parents that it deletes go after them.
    """
    if op.place is not None:
        return 1
    return 2 if op.action is Action.DELETE else 0


def ranges(ops: Iterable[Op]) -> Iterator[tuple[int, int, int]]:
    """Ops by phase, first and last number, for as long as no number between them is missing.

    A batch is mostly one range: so it takes one statement and not a hundred.
    """
    numbers = sorted((phase_of(op), op.seq) for op in ops)
    for _, some in groupby(enumerate(numbers), key=lambda one: (one[1][0], one[1][1] - one[0])):
        within = [number for _, number in some]
        yield *within[0], within[-1][1]


@lru_cache(64)  # of a whole batch it is one and the same
def instant(text: str | None) -> datetime | None:
    """An instant as the journal writes it."""
    return datetime.fromisoformat(text) if text else None


def in_order(
    read: Callable[[str, Sequence[object]], list[Any]], query: str, *values: object
) -> Iterator[list[Any]]:
    """Rows about ops in the order of sending, without the phase and number they begin with.

    A thousand are read at a time, so that a run of any size fits in memory and other calls may be
    made meanwhile.
    """
    further = f"{query} AND (phase, seq) > (?, ?) ORDER BY phase, seq LIMIT 1000"
    place = (-1, 0)
    while rows := read(further, (*values, *place)):
        for _phase, _seq, *row in rows:
            yield row
        place = rows[-1][:2]


def run_of(row: Sequence[Any]) -> Run:
    """A run from its row of :data:`RUN_COLUMNS`."""
    run_id, created_at, state, vendor, account, template, *fingerprints, settings = row
    of_template, of_source, of_account = fingerprints
    return Run(
        id=run_id,
        created_at=created_at,
        state=RunState(state),
        vendor=vendor,
        account=account,
        template=template,
        template_fingerprint=of_template,
        source_fingerprint=of_source,
        account_fingerprint=of_account,
        settings=loads(settings),
    )


def row_of(run_id: str, op: Op, code: str, message: str) -> tuple[object, ...]:
    """An op as a row for :data:`ADD_OP`."""
    place = op.place
    return (
        run_id,
        phase_of(op),
        op.seq,
        op.type,
        op.action,
        op.state,
        op.key,
        op.id,
        op.content,
        place.file if place else None,
        place.record if place else None,
        place.line if place else None,
        code,
        message,
    )


def wish_of(run_id: str, op: Op) -> tuple[object, ...]:
    """What an op is to write, as a row for :data:`ADD_WISH`."""
    return (
        run_id,
        phase_of(op),
        op.seq,
        dumps(dict(op.properties)) if op.properties else "{}",
        dumps(dict(op.before)) if op.before else "{}",
        dumps([(str(link.type), link.key, link.id) for link in op.links]) if op.links else "[]",
        dumps(dict(op.facts)) if op.facts else "{}",
    )


BOOKED_COLUMNS = "type, action, state, key, target_id, record, code, message, settled_at, facts"
"""In the order of :func:`booked_of`, before the chosen properties."""


def booked_of(row: Sequence[Any]) -> Booked:
    """What the books need, from a row of :data:`BOOKED_COLUMNS` and properties."""
    type_, action, state, key, id_, record, code, message, settled, facts, *chosen = row
    return Booked(
        _TYPES[type_],
        _ACTIONS[action],
        _STATES[state],
        key,
        id_,
        record,
        code,
        message,
        instant(settled),
        loads(facts) if facts != "{}" else {},
        chosen,
    )


def op_of(row: Sequence[Any]) -> Op:
    """An op from its row of :data:`OP_COLUMNS`."""
    seq, type_, action, state, key, id_, content, file, record, line, *wishes = row
    properties, before, links, facts = wishes
    return Op(
        seq=seq,
        type=_TYPES[type_],
        action=_ACTIONS[action],
        key=key,
        id=id_,
        properties=loads(properties) if properties != "{}" else {},
        before=loads(before) if before != "{}" else {},
        links=_links(links) if links != "[]" else (),
        facts=loads(facts) if facts != "{}" else {},
        place=Place(file, record, line) if record is not None else None,
        state=_STATES[state],
        content=content,
    )


def _links(text: str) -> tuple[Link, ...]:
    return tuple(Link(_TYPES[type], key, id_) for type, key, id_ in loads(text))
