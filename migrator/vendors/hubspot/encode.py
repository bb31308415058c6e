"""Canonical records in HubSpot's terms: labels become ids, values take its formats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, Encoded, ObjectType, Record
from migrator.model import Place as Origin
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.account import CURRENCY
from migrator.vendors.hubspot.fields import IGNORED, PROPERTIES, REQUIRED, UNKEYED, key_property
from migrator.vendors.hubspot.lookups import TERMS
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.names import folded, looks_like_domain
from migrator.vendors.shared.places import PLACED, Place, place_with_status, put_place
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable

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
    type = record.type
    draft = Draft(record, TERMS)
    if type not in UNKEYED:
        draft.put(key_property(type), "key", record.key)
    for field in record.values:
        way = _way(lookups, type, field)
        if way is None or (way.address and folded(record.values[field]) == folded(record.key)):
            continue
        if way.bad is not None:
            draft.problem(field, way.bad)
        elif not (way.home and record.values[field].strip().upper() == way.home):
            draft.convert(way.name, field, way.writer)
    if type is ObjectType.DEALS:
        _put_place(draft, lookups)
        if "name" not in record.values:
            draft.problem("name", TERMS.missing_name(type))
    if type in REQUIRED:
        _check_required(draft)
    return draft.done()


@dataclass(frozen=True, slots=True)
class _Way:
    """How a field is written: the same for all records of an account.

    Attributes:
        name: of the property.
        writer: of its values.
        bad: why it cannot be written.
        address: a contact's, which is its key already where it says the same.
        home: the currency that needs no code in an account that knows no other.
    """

    name: str = ""
    writer: Callable[[str], str] = values.text
    bad: BadValue | None = None
    address: bool = False
    home: str | None = None


@lru_cache(4096)
def _way(lookups: Lookups, type: ObjectType, field: str) -> _Way | None:
    """How a field is written; None = not by itself, or not at all."""
    if field in IGNORED or f"{type}.{field}" in IGNORED:
        return None
    if type is ObjectType.DEALS and field in PLACED:
        return None
    name = PROPERTIES.get(type, {}).get(field)
    if name is None:
        # What has neither a canonical place nor the prefix is reported as unknown.
        way = _custom(type, field.removeprefix(CUSTOM_PREFIX), lookups)
    else:
        way = _known(type, name, field, lookups)
    return replace(way, address=type is ObjectType.CONTACTS and field == "email")


def _known(type: ObjectType, name: str, field: str, lookups: Lookups) -> _Way:
    info = lookups.account.fields.get(type, {}).get(name)
    if info is not None and info.read_only:
        return _Way(bad=TERMS.read_only_field(name))
    deals = lookups.account.fields.get(ObjectType.DEALS)
    alone = field == "currency" and deals is not None and CURRENCY not in deals
    writer = lookups.canonical.get(field, values.text)
    return _Way(name, writer, home=lookups.account.currency if alone else None)


def _custom(type: ObjectType, name: str, lookups: Lookups) -> _Way:
    if name == KEY_FIELD and type in KEYED:
        return _Way(bad=TERMS.key_field(name))
    try:
        return _Way(name, lookups.custom(type, name))
    except BadValue as bad:
        return _Way(bad=bad)


def _check_required(draft: Draft) -> None:
    field, why = REQUIRED[draft.record.type]
    if field not in draft.record.values:
        message = f"{why} Map a column to {field}, or give it a default."
        draft.problem(field, BadValue(f"missing_{field}", message, only_to_create=True))


# -- where a deal stands ---------------------------------------------------------------------------


def _put_place(draft: Draft, lookups: Lookups) -> None:
    given = draft.record.values
    names = (given.get("pipeline"), given.get("stage"), given.get("status"))
    place = _usual_place(lookups, names) or _place(draft, lookups)
    if place is not None:
        put_place(draft, place, "pipeline", "dealstage")


@lru_cache(4096)
def _usual_place(lookups: Lookups, names: tuple[str | None, ...]) -> Place | None:
    """The place that these names say, which are those of many deals; None = there is a problem."""
    given = {
        name: text
        for name, text in zip(("pipeline", "stage", "status"), names, strict=True)
        if text is not None
    }
    draft = Draft(Record(ObjectType.DEALS, "", given, {}, Origin("", 0, 0)), TERMS)
    place = _place(draft, lookups)
    return None if draft.problems else place


def _place(draft: Draft, lookups: Lookups) -> Place | None:
    return place_with_status(draft, lookups.stages, "HubSpot wants a stage for every deal.")
