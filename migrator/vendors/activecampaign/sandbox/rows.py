"""What the account holds, as rows of tables. Instants are whole seconds since 1970, in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from migrator.vendors.activecampaign.sandbox.answers import no_result, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.vendors.activecampaign.sandbox.answers import Json, Object


@dataclass(slots=True)
class User:
    """Somebody who can own deals."""

    id: int
    email: str
    first_name: str
    last_name: str


@dataclass(slots=True)
class Pipeline:
    """A ``dealGroup``; ``turn`` counts the deals that the round robin has given away."""

    id: int
    title: str
    currency: str
    created: int
    updated: int
    auto_assign: int = 1
    all_groups: int = 1
    all_users: int = 1
    users: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    turn: int = 0


@dataclass(slots=True)
class Stage:
    """A ``dealStage``; ``created`` is None on the three that come with a pipeline."""

    id: int
    title: str
    group: int
    order: int
    created: int | None
    updated: int | None
    looks: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Deal:
    """A deal. ``value`` is in cents; ``group`` may name a pipeline that is gone or hidden.

    Attributes:
        values: ids of the custom field values, by field.
        secondary: ids of the ``contactDeals``, by contact.
        tasks: ids of its tasks.
        shown: when lists begin to show it, by the sandbox's clock.
    """

    id: int
    title: str
    description: str
    contact: int | None
    account: int | None
    value: int
    currency: str
    group: int
    stage: int
    owner: int
    percent: int
    status: int
    created: int
    updated: int
    hash: str
    shown: float
    ended: str | None = None
    activities: list[int] = field(default_factory=list)
    values: dict[int, list[int]] = field(default_factory=dict)
    secondary: dict[int, int] = field(default_factory=dict)
    tasks: dict[int, None] = field(default_factory=dict)
    next_task: int | None = None


@dataclass(slots=True)
class Field:
    """A deal's custom field (``dealCustomFieldMeta``)."""

    id: int
    label: str
    type: str
    options: list[Json] | None
    personalization: str
    created: int
    updated: int
    default: Json = None
    default_currency: str | None = None
    visible: int = 0
    required: int = 0
    order: int = 0
    known: int | None = None


@dataclass(slots=True)
class Datum:
    """A custom field's value on one deal (``dealCustomFieldData``)."""

    id: int
    deal: int
    field: int
    value: Json
    currency: str | None
    created: int
    updated: int
    shown: float


@dataclass(slots=True)
class ContactField:
    """A contact's custom field; its values are kept on the contact."""

    id: int
    title: str
    type: str
    tag: str
    options: tuple[str, ...]
    created: int


@dataclass(slots=True)
class Contact:
    """A contact; ``values`` by custom field."""

    id: int
    email: str
    first_name: str
    last_name: str
    phone: str
    hash: str
    created: int
    updated: int
    values: dict[int, str] = field(default_factory=dict)
    tags: dict[int, None] = field(default_factory=dict)
    account: int | None = None
    deals: dict[int, None] = field(default_factory=dict)


@dataclass(slots=True)
class Company:
    """What ActiveCampaign calls an account."""

    id: int
    name: str
    url: str | None
    owner: int
    created: int
    updated: int
    fields: list[Object] = field(default_factory=list)


@dataclass(slots=True)
class Membership:
    """An ``accountContact``; a contact has one account at most."""

    id: int
    contact: int
    account: int
    job_title: str
    created: int
    updated: int


@dataclass(slots=True)
class Secondary:
    """A ``contactDeal``: a contact of a deal besides its primary one."""

    id: int
    deal: int
    contact: int
    role: int | None
    created: int


@dataclass(slots=True)
class Role:
    """What a secondary contact is for a deal."""

    id: int
    title: str
    created: int
    updated: int


@dataclass(slots=True)
class TaskType:
    """A ``dealTasktype``; ``status`` 1 = disabled."""

    id: int
    title: str
    status: int
    created: int | None
    updated: int | None


@dataclass(slots=True)
class Task:
    """A ``dealTask`` of a deal or a contact; dates are kept as they were sent."""

    id: int
    kind: str
    relid: int
    type: int
    due: str
    end: str
    title: str | None
    note: str
    status: int
    user: int
    assignee: int
    created: int
    updated: int
    due_at: float
    done: str | None = None
    outcome: Json = None
    outcome_info: Json = None
    automation: Json = None
    done_automation: Json = None


@dataclass(slots=True)
class Activity:
    """A line of a deal's history."""

    id: int
    deal: int
    stage: int
    data_id: str
    data_type: str
    action: str
    old: str
    time: int


@dataclass(slots=True)
class Note:
    """A note; ``kind`` is the ``reltype``."""

    id: int
    text: str
    kind: str
    relid: int
    created: int
    updated: int


@dataclass(slots=True)
class Tag:
    """A tag of contacts."""

    id: int
    name: str
    created: int


T = TypeVar("T")


class Table(Generic[T]):
    """Rows by id, in the order of ids; ``name`` is what a 404 calls a row."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[int, T] = {}
        self._last = 0

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def next_id(self) -> int:
        """The id of a new row."""
        self._last += 1
        return self._last

    def put(self, id: int, row: T) -> T:
        """Keep a row under an id that is new, or greater than all."""
        self._last = max(self._last, id)
        self.rows[id] = row
        return row

    def find(self, id: object) -> T | None:
        """The row with this id, given as a number or as text."""
        number = whole(id)
        return None if number is None else self.rows.get(number)

    def get(self, id: str) -> T:
        """The row with this id, or a 404."""
        row = self.find(id)
        if row is None:
            raise no_result(self.name, id)
        return row

    def remove(self, id: int) -> None:
        """Take a row away."""
        self.rows.pop(id, None)
