"""What canonical fields are called in Brevo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import ObjectType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Account

FIELDS: Mapping[ObjectType, Mapping[str, str]] = {
    ObjectType.DEALS: {
        "name": "deal_name",
        "pipeline": "pipeline",
        "stage": "deal_stage",
        "amount": "amount",
        "close_date": "close_date",
        "owner": "deal_owner",
        "description": "deal_description",
        "created_at": "created_at",
    },
    ObjectType.COMPANIES: {
        "name": "name",
        "domain": "domain",
        "phone": "phone_number",
        "owner": "owner",
        "description": "description",
        "created_at": "created_at",
    },
    ObjectType.CONTACTS: {"email": "email", "phone": "SMS", "created_at": "createdAt"},
    ObjectType.NOTES: {"body": "text", "owner": "authorId", "created_at": "createdAt"},
    ObjectType.TASKS: {
        "title": "name",
        "body": "notes",
        "kind": "taskTypeId",
        "due_at": "date",
        "done": "done",
        "owner": "assignToId",
        "created_at": "createdAt",
    },
}
"""Canonical field to attribute, or to what stands beside the attributes, per type."""

ALWAYS_THERE: Mapping[ObjectType, tuple[str, ...]] = {
    ObjectType.DEALS: ("deal_name", "pipeline", "deal_stage", "deal_owner"),
    ObjectType.COMPANIES: ("name", "owner"),
    ObjectType.CONTACTS: ("email",),
}
"""Attributes that every account has, whether or not its list shows them."""

LINKS = {
    ObjectType.NOTES: {
        ObjectType.CONTACTS: "contactIds",
        ObjectType.COMPANIES: "companyIds",
        ObjectType.DEALS: "dealIds",
    },
    ObjectType.TASKS: {
        ObjectType.CONTACTS: "contactsIds",
        ObjectType.COMPANIES: "companiesIds",
        ObjectType.DEALS: "dealsIds",
    },
}
"""Notes spell their links the one way, tasks the other."""

_PEOPLE = {
    "first_name": ("FIRSTNAME", "FIRST_NAME", "PRENOM", "VORNAME", "NOMBRE"),
    "last_name": ("LASTNAME", "LAST_NAME", "NOM", "NACHNAME", "APELLIDOS"),
}
"""What contacts' names are called: it depends on the language in which the account was opened."""


def canonical_names(type: ObjectType, account: Account) -> dict[str, str]:
    """Canonical field to attribute, for one type of this account."""
    found = dict(FIELDS[type])
    if type is ObjectType.CONTACTS:
        there = account.fields.get(type, {})
        for field, names in _PEOPLE.items():
            found[field] = next((name for name in names if name in there), names[0])
    return found
