"""Canonical records in HubSpot's terms: labels become ids, values take its formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, Encoded, ObjectType
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.account import CURRENCY
from migrator.vendors.hubspot.fields import IGNORED, PROPERTIES, REQUIRED, UNKEYED, key_property
from migrator.vendors.hubspot.lookups import TERMS
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.names import folded, looks_like_domain
from migrator.vendors.shared.places import PLACED, place_with_status, put_place
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from migrator.model import Record
    from migrator.vendors.hubspot.lookups import Lookups


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
    if record.type not in UNKEYED:
        draft.put(key_property(record.type), "key", record.key)
    names = PROPERTIES.get(record.type, {})
    deal = record.type is ObjectType.DEALS
    for field in record.values:
        if _is_ignored(record.type, field) or _is_key(draft, field):
            continue
        if deal and field in PLACED:
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
    if record.type in REQUIRED:
        _check_required(draft)
    return draft.done()


def _is_ignored(type: ObjectType, field: str) -> bool:
    return field in IGNORED or f"{type}.{field}" in IGNORED


def _check_required(draft: Draft) -> None:
    field, why = REQUIRED[draft.record.type]
    if field not in draft.record.values:
        message = f"{why} Map a column to {field}, or give it a default."
        draft.problem(field, BadValue(f"missing_{field}", message, only_to_create=True))


def _is_key(draft: Draft, field: str) -> bool:
    """Whether a contact's address stands there once more."""
    record = draft.record
    if record.type is not ObjectType.CONTACTS or field != "email":
        return False
    return folded(record.values[field]) == folded(record.key)


def _known(draft: Draft, name: str, field: str, lookups: Lookups) -> None:
    info = lookups.account.fields.get(draft.record.type, {}).get(name)
    if info is not None and info.read_only:
        draft.problem(field, TERMS.read_only_field(name))
        return
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
