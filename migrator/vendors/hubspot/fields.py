"""Which property of HubSpot a canonical field is, per type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, ObjectType
from migrator.vendors.hubspot.account import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNER, PIPELINE, STAGE = "hubspot_owner_id", "pipeline", "dealstage"
CLOSE_DATE = "closedate"
KIND, MOMENT = "hs_task_type", "hs_timestamp"
STATUS, DONE, NOT_DONE = "hs_task_status", "COMPLETED", "NOT_STARTED"
"""Of a task; it may also be in progress, waiting or deferred, none of which is done."""

UNKEYED = frozenset({ObjectType.NOTES, ObjectType.TASKS})
"""Types that have no field for a source key: no property of theirs is documented as unique."""

PROPERTIES: Mapping[ObjectType, Mapping[str, str]] = {
    ObjectType.DEALS: {
        "name": "dealname",
        "amount": "amount",
        "currency": CURRENCY,
        "close_date": CLOSE_DATE,
        "created_at": "createdate",
        "owner": OWNER,
        "description": "description",
    },
    ObjectType.CONTACTS: {
        "first_name": "firstname",
        "last_name": "lastname",
        "phone": "phone",
        "owner": OWNER,
        "created_at": "createdate",
    },
    ObjectType.COMPANIES: {
        "name": "name",
        "domain": "domain",
        "phone": "phone",
        "owner": OWNER,
        "description": "description",
        "created_at": "createdate",
    },
    ObjectType.NOTES: {
        "body": "hs_note_body",
        "owner": OWNER,
        "created_at": MOMENT,
    },
    ObjectType.TASKS: {
        "title": "hs_task_subject",
        "body": "hs_task_body",
        "kind": KIND,
        "due_at": MOMENT,
        "done": STATUS,
        "owner": OWNER,
        "created_at": "hs_createdate",
    },
}
"""Canonical field to property, per type. ``createdate`` may be backdated on a deal: its
readOnlyValue is false (default deal properties). ``hs_timestamp`` is where a note stands on the
timeline, and when a task is due (notes and tasks guides)."""

TEXTS: Mapping[ObjectType, tuple[str, ...]] = {
    ObjectType.NOTES: ("hs_note_body",),
    ObjectType.TASKS: ("hs_task_subject", "hs_task_body"),
}
"""What is written in a note or a task."""

REQUIRED: Mapping[ObjectType, tuple[str, str]] = {
    ObjectType.NOTES: ("created_at", "HubSpot wants to know when a note was made, to show it."),
    ObjectType.TASKS: ("due_at", "HubSpot wants to know when a task is due."),
}
"""The canonical field without which there is no record of a type (notes and tasks guides)."""

_CREATED = "HubSpot notes by itself when a record of this type was created"

IGNORED = {
    "probability": "HubSpot takes the probability of a deal from its stage",
    "contacts.created_at": _CREATED,
    "companies.created_at": _CREATED,
    "tasks.created_at": _CREATED,
}
"""Canonical fields that are not written, and why; of one type where one is named."""


def key_property(type: ObjectType) -> str:
    """The property that keeps the source key; a contact's key is its e-mail address."""
    return "email" if type is ObjectType.CONTACTS else KEY_FIELD
