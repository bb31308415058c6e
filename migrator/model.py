"""The words of the toolkit as frozen dataclasses and enums; no I/O.

Values cross this module as *canonical text*: decimals as ``1234.50``, dates as ``2026-03-31``,
instants as ``2026-03-31T09:00:00Z``, booleans as ``true``/``false``. A field that the source leaves
blank is absent; blank never means "clear what is there".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

KEY_FIELD = "migrator_key"
"""Name of the field of a target record that keeps the record's id in the source."""

DEAL_FIELDS = (
    "name",
    "pipeline",
    "stage",
    "status",
    "amount",
    "currency",
    "close_date",
    "created_at",
    "owner",
    "description",
    "probability",
)
"""The canonical fields of a deal that are values; ``key`` and the links stand apart."""

NOTE_FIELDS = ("body", "owner", "created_at")
"""The canonical fields of a note that are values."""

TASK_FIELDS = ("title", "body", "kind", "due_at", "done", "owner", "created_at")
"""The canonical fields of a task that are values."""

ID_FIELDS = ("pipeline_id", "stage_id", "owner_id")
"""What stands beside labels in an export: the ids that the CRM has for them."""

KEY_EXISTS = "key_exists"
"""Code of an outcome: a create was refused because a record with its source key is there."""

UNKNOWN = "unknown"
"""Code of an outcome: nobody but a person can find out what became of the op."""

CUSTOM_PREFIX = "custom."
"""Before the name of a field of the target that has no canonical name."""


class ObjectType(StrEnum):
    """The kinds of record a CRM keeps."""

    DEALS = "deals"
    CONTACTS = "contacts"
    COMPANIES = "companies"
    NOTES = "notes"
    TASKS = "tasks"

    @property
    def singular(self) -> str:
        """The word for one of them.

        >>> ObjectType.COMPANIES.singular
        'company'
        """
        return "company" if self is ObjectType.COMPANIES else self.value.removesuffix("s")


FIELDS: Mapping[ObjectType, tuple[str, ...]] = {
    ObjectType.DEALS: DEAL_FIELDS,
    ObjectType.NOTES: NOTE_FIELDS,
    ObjectType.TASKS: TASK_FIELDS,
}
"""The canonical fields that are values, for the types that are loaded."""

LINKS: Mapping[ObjectType, tuple[ObjectType, ...]] = {
    ObjectType.DEALS: (ObjectType.CONTACTS, ObjectType.COMPANIES),
    ObjectType.NOTES: (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES),
    ObjectType.TASKS: (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES),
}
"""The types of parents that records of these types are linked to; a parent's type names the field
that names it: deals are called by their source key, the others as ``Vendor.resolve`` takes them."""

UNKEYED = frozenset({ObjectType.NOTES, ObjectType.TASKS})
"""Types for which no CRM has a field that could keep the source key."""


class DealStatus(StrEnum):
    """Whether a deal is still open."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Action(StrEnum):
    """What a plan means to do with one record; ``unlink`` takes links off it and no more."""

    CREATE = "create"
    UPDATE = "update"
    SKIP = "skip"
    DELETE = "delete"
    UNLINK = "unlink"


class OpState(StrEnum):
    """Where an op stands: planned -> sent -> written | refused; or settled by the plan itself.

    An op that is ``sent`` and has no answer is *unsettled*.
    """

    PLANNED = "planned"
    SENT = "sent"
    WRITTEN = "written"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    PARKED = "parked"


class OnConflict(StrEnum):
    """What to do with a field that the account already fills with another value."""

    OVERWRITE = "overwrite"
    FILL_BLANK = "fill_blank"
    NEVER = "never"


class OnMissing(StrEnum):
    """What to do with a deal whose contact or company is not in the account."""

    PARK = "park"
    SKIP_LINK = "skip_link"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record comes from: a file, its record number and its physical line, both from 1."""

    file: str
    record: int
    line: int


@dataclass(frozen=True, slots=True)
class Record:
    """One prepared row.

    Attributes:
        type: the kind of record.
        key: the source key, unique within the source.
        values: canonical field name (or ``custom.<target field>``) to canonical text.
        links: names of the parents: e-mail addresses of contacts, domains or names of companies,
            source keys of deals.
        place: where in the source it stands.
    """

    type: ObjectType
    key: str
    values: Mapping[str, str]
    links: Mapping[ObjectType, tuple[str, ...]]
    place: Place


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one value of a record cannot go to the target; becomes a row of ``rejects.csv``.

    Attributes:
        field: canonical field name.
        code: short stable word, such as ``unknown_stage``.
        message: a sentence for the user, with a "did you mean" where there is one.
        value: the value as it stands in the record.
        only_to_create: the record cannot be created so, but one that is there can be updated.
    """

    field: str
    code: str
    message: str
    value: str
    only_to_create: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record in the vendor's own terms.

    Attributes:
        properties: the vendor's field name to the value as it goes over the wire.
        origin: the vendor's field name to the canonical field it comes from.
        problems: why the record cannot be written; with any, it becomes a reject.
    """

    properties: Mapping[str, str]
    origin: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the account holds it, in the vendor's own terms.

    Attributes:
        key: content of the key field; None on records that no run of ours wrote.
        properties: the vendor's field name to text; None or absent = blank.
        links: ids of linked records; filled by ``export`` only.
    """

    type: ObjectType
    id: str
    key: str | None
    properties: Mapping[str, str | None]
    links: Mapping[ObjectType, tuple[str, ...]] = field(default_factory=dict)
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """One record of one account, in a text that spreadsheets leave alone: ``v/4711/deals/12``.

    A bare id would do harm where it is read in another account, and a long one comes back from a
    spreadsheet as ``1.23457E+11``.
    """

    vendor: str
    account: str
    type: ObjectType
    id: str

    def __str__(self) -> str:
        parts = (self.vendor, self.account, self.type.value, self.id)
        return "/".join(quote(part, safe="@") for part in parts)

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """The reference in a text; None when it is none.

        >>> Reference.parse("v/a%2Fb/deals/12").account
        'a/b'
        >>> Reference.parse("deals/12")
        """
        parts = [unquote(part) for part in text.strip().split("/")]
        if len(parts) != len(cls.__slots__) or not all(parts) or parts[2] not in set(ObjectType):
            return None
        return cls(parts[0], parts[1], ObjectType(parts[2]), parts[3])


@dataclass(frozen=True, slots=True)
class Page:
    """Records of an account as they arrive, and where the reading goes on behind them.

    Attributes:
        records: with properties and links; may be none.
        place: what to give to ``Vendor.pages`` to go on behind this page; means nothing to others.
        hidden: records that the account counts and does not show.
    """

    records: tuple[Held, ...]
    place: str
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a pipeline."""

    id: str
    label: str
    status: DealStatus = DealStatus.OPEN
    probability: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages in display order."""

    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """A user who can own records; ``active`` is False for one who was deactivated."""

    id: str
    email: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of an object type in the account.

    Attributes:
        name: internal name.
        kind: ``text``, ``number``, ``date``, ``datetime``, ``bool`` or ``choice``.
        options: internal value to label, for a choice.
        multiple: a choice that takes several values.
    """

    name: str
    label: str
    kind: str
    options: Mapping[str, str] = field(default_factory=dict)
    multiple: bool = False
    unique: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """One customer's tenant of a vendor's CRM, as far as a load needs to know it.

    Attributes:
        id: the vendor's id of the tenant; names the lock and the run's target.
        currency: the home currency (ISO 4217), upper case.
        currencies: all that deals may use; empty = the vendor does not restrict them.
        fields: per object type, internal name to field.
    """

    vendor: str
    id: str
    name: str
    pipelines: tuple[Pipeline, ...]
    owners: tuple[Owner, ...]
    fields: Mapping[ObjectType, Mapping[str, FieldInfo]]
    currency: str | None = None
    currencies: tuple[str, ...] = ()
    time_zone: str | None = None

    def fingerprint(self) -> str:
        """A digest of all that a plan relies on; it differs when somebody changed the account."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to create: ``kind`` as in :class:`FieldInfo`, ``options`` labels for a choice."""

    name: str
    label: str
    kind: str = "text"
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewStage:
    """A stage to create."""

    label: str
    status: DealStatus = DealStatus.OPEN
    probability: str | None = None


@dataclass(frozen=True, slots=True)
class NewPipeline:
    """A pipeline to create, or one to complete with the stages it lacks."""

    label: str
    stages: tuple[NewStage, ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """What an account must have before a run, and lacks.

    Attributes:
        keys: the object types whose key field is missing.
        fields: fields to create, per object type.
        pipelines: pipelines to create or complete.
    """

    keys: tuple[ObjectType, ...] = ()
    fields: Mapping[ObjectType, tuple[NewField, ...]] = field(default_factory=dict)
    pipelines: tuple[NewPipeline, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys or any(self.fields.values()) or self.pipelines)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``requests`` in any window of ``per``.

    ``calendar`` = not in any window, but in each day from midnight to midnight in the account's
    time zone.
    """

    requests: int
    per: timedelta
    calendar: bool = False
