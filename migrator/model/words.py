"""Names of fields and kinds: what records are called, what is done to them, where that stands."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
