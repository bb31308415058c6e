"""Canonical records in HubSpot's terms: labels become ids, values take its formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, Encoded, ObjectType
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.account import CURRENCY
from migrator.vendors.hubspot.lookups import TERMS
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.names import looks_like_domain
from migrator.vendors.shared.places import PLACED, place_with_status, put_place
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Record
    from migrator.vendors.hubspot.lookups import Lookups

_PROPERTIES: Mapping[ObjectType, Mapping[str, str]] = {
    ObjectType.DEALS: {
        "name": "dealname",
        "amount": "amount",
        "currency": CURRENCY,
        "close_date": "closedate",
        "created_at": "createdate",
        "owner": "hubspot_owner_id",
        "description": "description",
    },
    ObjectType.COMPANIES: {
        "name": "name",
        "owner": "hubspot_owner_id",
        "description": "description",
    },
    ObjectType.CONTACTS: {"owner": "hubspot_owner_id"},
}
"""Canonical field to property, per type. ``createdate`` may be backdated on a deal: its
readOnlyValue is false (default deal properties)."""

IGNORED = {"probability": "HubSpot takes the probability of a deal from its stage"}


def key_property(type: ObjectType) -> str:
    """The property that keeps the source key; a contact's key is its e-mail address."""
    return "email" if type is ObjectType.CONTACTS else KEY_FIELD


def parent(type: ObjectType, name: str) -> dict[str, str]:
    """A contact of which the e-mail, or a company of which the domain or the name is known.

    Letter case is ignored in names of parents, so a company's key is its name case-folded. With
    a domain HubSpot fills the name in by itself.
    """
    if type is ObjectType.CONTACTS:
        return {"email": name.strip()}
    found = {KEY_FIELD: name.strip().casefold()}
    if looks_like_domain(name):
        found["domain"] = name.strip().lower()
    else:
        found["name"] = name.strip()
    return found


def encode(record: Record, lookups: Lookups) -> Encoded:
    """The record's properties, or every problem it has."""
    draft = Draft(record, TERMS)
    draft.put(key_property(record.type), "key", record.key)
    names = _PROPERTIES.get(record.type, {})
    deal = record.type is ObjectType.DEALS
    for field in record.values:
        if field in IGNORED or (deal and field in PLACED):
            continue
        name = names.get(field)
        if name is not None:
            _known(draft, name, field, lookups)
        else:
            # What has neither a canonical place nor the prefix is reported as unknown.
            _custom(draft, field.removeprefix(CUSTOM_PREFIX), field, lookups)
    if deal:
        place = place_with_status(draft, lookups.stages, "HubSpot wants a stage for every deal.")
        if place is not None:
            put_place(draft, place, "pipeline", "dealstage")
        if "name" not in record.values:
            draft.problem("name", TERMS.missing_name(record.type))
    return draft.done()


def _known(draft: Draft, name: str, field: str, lookups: Lookups) -> None:
    if field == "currency":
        deals = lookups.account.fields.get(ObjectType.DEALS)
        code = draft.record.values[field].strip().upper()
        if deals is not None and CURRENCY not in deals and code == lookups.account.currency:
            return  # an account of one currency needs no code for it
    draft.convert(name, field, lookups.canonical.get(field, values.text))


def _custom(draft: Draft, name: str, field: str, lookups: Lookups) -> None:
    type = draft.record.type
    if name == KEY_FIELD and type in KEYED:
        draft.problem(field, TERMS.key_field(name))
        return
    try:
        writer = lookups.custom(type, name)
    except BadValue as bad:
        draft.problem(field, bad)
        return
    draft.convert(name, field, writer)
