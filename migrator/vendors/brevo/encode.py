"""Canonical records in Brevo's terms: names become ids, values take the form of their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, DealStatus, Encoded, ObjectType
from migrator.vendors.brevo.lookups import TERMS
from migrator.vendors.brevo.names import ALWAYS_THERE
from migrator.vendors.brevo.schema import KEYED
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.names import folded, looks_like_domain
from migrator.vendors.shared.places import PLACED, place_with_status, put_place
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.required import check_required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Record
    from migrator.vendors.brevo.lookups import Lookups

_ALWAYS_THERE = frozenset(name for names in ALWAYS_THERE.values() for name in names)

IGNORED: Mapping[str, str] = {
    "currency": "Brevo's deals have no currency: amounts go over as they are (the option currency "
    "turns down deals in any other)",
    "created_at": "Brevo sets the day of creation itself",
    "probability": "Brevo takes the probability of a deal from its stage",
    "notes.owner": "Brevo makes the user of the API key the author of every note",
}
"""Canonical fields that Brevo cannot hold; of one type only, where that stands before the name."""


def parent(type: ObjectType, name: str) -> dict[str, str]:
    """A contact of which the e-mail, or a company of which the domain or the name is known.

    Letter case is ignored in names of parents, so a company's key is its name case-folded. Brevo
    wants a name for every company: one that is known by its domain is called by it.
    """
    if type is ObjectType.CONTACTS:
        return {"email": name.strip().lower()}
    found = {KEY_FIELD: name.strip().casefold(), "name": name.strip()}
    if looks_like_domain(name):
        found["domain"] = name.strip().lower()
    return found


def encode(record: Record, lookups: Lookups, *, required: bool = True) -> Encoded:
    """The record's properties, or every problem it has.

    ``required`` = one that leaves an attribute blank that the account requires has one.
    """
    draft = Draft(record, TERMS)
    deal = record.type is ObjectType.DEALS
    draft.put("email" if record.type is ObjectType.CONTACTS else KEY_FIELD, "key", record.key)
    names = lookups.canonical(record.type)
    for field in record.values:
        if deal and field == "currency":
            _check_currency(draft, lookups)
        elif (deal and field in PLACED) or field in IGNORED:
            continue
        elif field == "owner" and field in names:
            draft.convert(names[field], field, lookups.owner)
        else:
            _plain(draft, names.get(field, field.removeprefix(CUSTOM_PREFIX)), field, lookups)
    if deal:
        _place(draft, lookups)
    if deal and required:
        canonical = {attribute: field for field, attribute in names.items()}
        check_required(draft, lookups.required, canonical, "required_fields=ignore")
    if record.type in KEYED and "name" not in record.values:
        draft.problem("name", TERMS.missing_name(record.type))
    return draft.done()


def _check_currency(draft: Draft, lookups: Lookups) -> None:
    """A deal in another currency than the account's would lose it without a word."""
    ours = lookups.account.currency
    theirs = draft.record.values["currency"].strip().upper()
    if ours and theirs != ours:
        message = (
            f"The deal is in {theirs}; the account's currency is {ours} (option currency), and "
            "Brevo's deals have none of their own."
        )
        draft.problem("currency", BadValue("other_currency", message))


def _plain(draft: Draft, name: str, field: str, lookups: Lookups) -> None:
    type = draft.record.type
    info = lookups.field(type, name)
    if info is None and name in _ALWAYS_THERE:
        draft.convert(name, field, str)
    elif info is None:
        known = lookups.account.fields.get(type, {})
        draft.problem(field, TERMS.unknown_field(type, name, known))
    elif info.name == KEY_FIELD:
        draft.problem(field, TERMS.key_field(name))
    elif info.read_only:
        draft.problem(field, TERMS.read_only_field(name))
    else:
        draft.convert(info.name, field, lookups.writer(type, info))


def _place(draft: Draft, lookups: Lookups) -> None:
    """Pipeline and stage of a deal, which go together and must agree with its status.

    A deal of which nothing of the kind is known is left to Brevo: it puts a new one into the first
    stage of its default pipeline, and leaves one that is there where it is.
    """
    given = draft.record.values
    named = "pipeline" in given or "stage" in given
    if not named and folded(given.get("status", "")) in {"", DealStatus.OPEN}:
        return
    place = place_with_status(draft, lookups.stages, "Brevo wants a stage with every pipeline.")
    if place is not None:
        put_place(draft, place, "pipeline", "deal_stage")
