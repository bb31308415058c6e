"""What stands in a journal's tables: the words of the books, and their rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from migrator.model import Action, Link, ObjectType, Op, OpState, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    properties TEXT NOT NULL, before TEXT NOT NULL, links TEXT NOT NULL, facts TEXT NOT NULL,
    content TEXT NOT NULL, file TEXT, record INTEGER, line INTEGER,
    tries INTEGER NOT NULL DEFAULT 0, sent_at TEXT, job TEXT, settled_at TEXT, seen_at TEXT,
    code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
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

OP_COLUMNS = (
    "seq, type, action, state, key, target_id, properties, before, links, facts, content,"
    " file, record, line"
)
"""In the order of :func:`row_of`."""


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Made once: ``json.dumps`` with options makes an encoder per call, a third of a plan's time."""


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


def instant(text: str | None) -> datetime | None:
    """An instant as the journal writes it."""
    return datetime.fromisoformat(text) if text else None


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
        settings=json.loads(settings),
    )


def row_of(op: Op) -> tuple[object, ...]:
    """An op as a row of :data:`OP_COLUMNS`."""
    place = op.place
    return (
        op.seq,
        op.type,
        op.action,
        op.state,
        op.key,
        op.id,
        _json(dict(op.properties)),
        _json(dict(op.before)) if op.before else "{}",
        _json([[link.type, link.key, link.id] for link in op.links]) if op.links else "[]",
        _json(dict(op.facts)),
        op.content,
        place.file if place else None,
        place.record if place else None,
        place.line if place else None,
    )


def op_of(row: Sequence[Any]) -> Op:
    """An op from its row of :data:`OP_COLUMNS`."""
    seq, type_, action, state, key, id_, properties, before, links, facts, content, *place = row
    return Op(
        seq=seq,
        type=ObjectType(type_),
        action=Action(action),
        key=key,
        id=id_,
        properties=json.loads(properties),
        before=json.loads(before),
        links=tuple(Link(ObjectType(t), k, i) for t, k, i in json.loads(links)),
        facts=json.loads(facts),
        place=Place(*place) if place[1] is not None else None,
        state=OpState(state),
        content=content,
    )
