"""Canonical records in HubSpot's terms: labels become ids, values take its formats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.model import (
    CUSTOM_PREFIX,
    KEY_FIELD,
    DealStatus,
    Encoded,
    ObjectType,
    Pipeline,
    Problem,
)
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.account import CURRENCY
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.hubspot.values import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Record
    from migrator.vendors.hubspot.lookups import Lookups, Place

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

_PLACED = ("pipeline", "stage", "status")
"""Fields of a deal that are decided together."""

_BLAMED = {"missing_pipeline": "pipeline", "missing_stage": "stage", "unknown_status": "status"}
"""Field at fault when it is not the one being looked at."""

IGNORED = {"probability": "HubSpot takes the probability of a deal from its stage"}

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)


def key_property(type: ObjectType) -> str:
    """The property that keeps the source key; a contact's key is its e-mail address."""
    return "email" if type is ObjectType.CONTACTS else KEY_FIELD


def looks_like_domain(name: str) -> bool:
    """Whether a company's name may be its domain.

    >>> looks_like_domain("acme.example.com"), looks_like_domain("Acme Inc.")
    (True, False)
    """
    return bool(_DOMAIN.fullmatch(name.strip()))


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


class _Draft:
    """A record on its way: properties, where they come from, and what is wrong."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.properties: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.problems: list[Problem] = []

    def put(self, name: str, field: str, value: str) -> None:
        if name in self.properties:
            message = f'"{field}" and "{self.origin[name]}" both fill the property {name}.'
            self.problem(field, BadValue("duplicate_field", message))
            return
        self.properties[name] = value
        self.origin[name] = field

    def problem(self, field: str, bad: BadValue) -> None:
        value = self.record.values.get(field, "")
        # A record that is there has a name and a stage; a file need not repeat them to update it.
        enough = bad.code == "missing_name" or (
            bad.code == "missing_stage" and "pipeline" not in self.record.values
        )
        problem = Problem(field, bad.code, str(bad), value, only_to_create=enough)
        self.problems.append(problem)

    def convert(self, name: str, field: str, convert: Callable[[str], str], value: str) -> None:
        try:
            self.put(name, field, convert(value))
        except BadValue as bad:
            self.problem(field, bad)


def encode(record: Record, lookups: Lookups) -> Encoded:
    """The record's properties, or every problem it has."""
    draft = _Draft(record)
    draft.put(key_property(record.type), "key", record.key)
    names = _PROPERTIES.get(record.type, {})
    deal = record.type is ObjectType.DEALS
    for field, value in record.values.items():
        if field in IGNORED or (deal and field in _PLACED):
            continue
        name = names.get(field)
        if name is not None:
            _known(draft, name, field, value, lookups)
        else:
            # What has neither a canonical place nor the prefix is reported as unknown.
            name = field.removeprefix(CUSTOM_PREFIX)
            _custom(draft, name, field, value, lookups)
    if deal:
        _place(draft, lookups)
        if "name" not in record.values:
            draft.problem("name", BadValue("missing_name", "HubSpot wants a name for every deal."))
    return Encoded(draft.properties, draft.origin, tuple(draft.problems))


def _known(draft: _Draft, name: str, field: str, value: str, lookups: Lookups) -> None:
    if field == "currency":
        deals = lookups.account.fields.get(ObjectType.DEALS)
        if deals is not None and CURRENCY not in deals and _is_home(value, lookups):
            return  # an account of one currency needs no code for it
    draft.convert(name, field, lookups.canonical.get(field, values.text), value)


def _is_home(code: str, lookups: Lookups) -> bool:
    return code.strip().upper() == lookups.account.currency


def _custom(draft: _Draft, name: str, field: str, value: str, lookups: Lookups) -> None:
    type = draft.record.type
    if name == KEY_FIELD and type in KEYED:
        message = f"The property {name} keeps the record's source key; leave it to migrator."
        draft.problem(field, BadValue("read_only_field", message))
        return
    draft.convert(name, field, lambda given: lookups.custom(type, name, given), value)


# -- pipeline, stage and status --------------------------------------------------------------------


def _place(draft: _Draft, lookups: Lookups) -> None:
    """Pipeline and stage of a deal, which must agree with its status."""
    given = draft.record.values
    field = "pipeline"
    try:
        pipeline = _pipeline(given, lookups)
        field = "stage" if "stage" in given else "status"
        place = _stage(given, pipeline, lookups)
    except BadValue as bad:
        draft.problem(_BLAMED.get(bad.code, field), bad)
        return
    draft.put("pipeline", "pipeline" if "pipeline" in given else "stage", place.pipeline.id)
    draft.put("dealstage", "stage" if "stage" in given else "status", place.stage.id)


def _pipeline(given: Mapping[str, str], lookups: Lookups) -> Pipeline | None:
    """The pipeline that is named, or the only one; None = the stage has to tell."""
    if "pipeline" in given:
        return lookups.stages.pipeline(given["pipeline"])
    pipelines = lookups.stages.pipelines
    return pipelines[0] if len(pipelines) == 1 else None


def _stage(given: Mapping[str, str], pipeline: Pipeline | None, lookups: Lookups) -> Place:
    status = _status(given)
    if "stage" not in given:
        if status is None or status is DealStatus.OPEN:
            raise BadValue("missing_stage", "HubSpot wants a stage for every deal.")
        if pipeline is None:
            labels = ", ".join(f'"{p.label}"' for p in lookups.stages.pipelines)
            message = f"The account has several pipelines: {labels}. Name one."
            raise BadValue("missing_pipeline", message)
        return lookups.stages.closing(pipeline, status)
    place = lookups.stages.stage(given["stage"], pipeline)
    if status is None or status is place.stage.status:
        return place
    if place.stage.status is DealStatus.OPEN:
        return lookups.stages.closing(place.pipeline, status)
    raise BadValue(
        "status_stage_conflict",
        f'The deal is {status}, but its stage "{place.stage.label}" is for {place.stage.status} '
        "deals.",
    )


def _status(given: Mapping[str, str]) -> DealStatus | None:
    text = given.get("status")
    if text is None:
        return None
    try:
        return DealStatus(text.strip().casefold())
    except ValueError:
        raise BadValue("unknown_status", f'"{text}" is none of open, won and lost.') from None
