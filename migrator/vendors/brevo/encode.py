"""Canonical records in Brevo's terms: names become ids, values take the form of their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.model import (
    CUSTOM_PREFIX,
    KEY_FIELD,
    DealStatus,
    Encoded,
    ObjectType,
    Pipeline,
    Problem,
)
from migrator.vendors.brevo.read import looks_like_domain
from migrator.vendors.brevo.schema import KEYED
from migrator.vendors.brevo.values import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Record
    from migrator.vendors.brevo.lookups import Lookups, Place

_FIELDS: Mapping[ObjectType, Mapping[str, str]] = {
    ObjectType.DEALS: {
        "name": "deal_name",
        "amount": "amount",
        "close_date": "close_date",
        "owner": "deal_owner",
        "description": "deal_description",
    },
    ObjectType.COMPANIES: {"name": "name", "owner": "owner"},
    ObjectType.CONTACTS: {},
}
"""Canonical field to attribute, per type."""

_ALWAYS_THERE = frozenset({"deal_name", "deal_owner", "name", "owner"})
"""Attributes that every account has, whether or not its list shows them."""

_PLACED = ("pipeline", "stage", "status")
"""Fields of a deal that are decided together."""

_BLAMED = {"missing_pipeline": "pipeline", "missing_stage": "stage", "unknown_status": "status"}
"""Field at fault when it is not the one being looked at."""

IGNORED: Mapping[str, str] = {
    "currency": "Brevo's deals have no currency: amounts go over as they are (the option currency "
    "turns down deals in any other)",
    "created_at": "Brevo sets the day of creation itself",
    "probability": "Brevo takes the probability of a deal from its stage",
}


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


class _Draft:
    """A record on its way: properties, where they come from, and what is wrong."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.properties: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.problems: list[Problem] = []

    def put(self, name: str, field: str, value: str) -> None:
        if name in self.properties:
            message = f'"{field}" and "{self.origin[name]}" both fill the attribute {name}.'
            self.problem(field, BadValue("duplicate_field", message))
            return
        self.properties[name] = value
        self.origin[name] = field

    def problem(self, field: str, bad: BadValue) -> None:
        value = self.record.values.get(field, "")
        # A deal that is there has a name; a file need not repeat it to update it.
        self.problems.append(
            Problem(field, bad.code, str(bad), value, only_to_create=bad.code == "missing_name")
        )

    def convert(self, name: str, field: str, convert: Callable[[str], str]) -> None:
        try:
            self.put(name, field, convert(self.record.values[field]))
        except BadValue as bad:
            self.problem(field, bad)


def encode(record: Record, lookups: Lookups) -> Encoded:
    """The record's properties, or every problem it has."""
    draft = _Draft(record)
    deal = record.type is ObjectType.DEALS
    draft.put("email" if record.type is ObjectType.CONTACTS else KEY_FIELD, "key", record.key)
    names = _FIELDS.get(record.type, {})
    for field in record.values:
        if deal and field == "currency":
            _check_currency(draft, lookups)
        elif (deal and field in _PLACED) or field in IGNORED:
            continue
        elif field == "owner" and field in names:
            draft.convert(names[field], field, lookups.owner)
        else:
            _plain(draft, names.get(field, field.removeprefix(CUSTOM_PREFIX)), field, lookups)
    if deal:
        _place(draft, lookups)
    if record.type in KEYED and "name" not in record.values:
        message = f"Brevo wants a name for every record of {record.type}."
        draft.problem("name", BadValue("missing_name", message))
    return Encoded(draft.properties, draft.origin, tuple(draft.problems))


def _check_currency(draft: _Draft, lookups: Lookups) -> None:
    """A deal in another currency than the account's would lose it without a word."""
    ours = lookups.account.currency
    theirs = draft.record.values["currency"].strip().upper()
    if ours and theirs != ours:
        message = (
            f"The deal is in {theirs}; the account's currency is {ours} (option currency), and "
            "Brevo's deals have none of their own."
        )
        draft.problem("currency", BadValue("other_currency", message))


def _plain(draft: _Draft, name: str, field: str, lookups: Lookups) -> None:
    type = draft.record.type
    info = lookups.field(type, name)
    if info is None and name in _ALWAYS_THERE:
        draft.convert(name, field, str)
    elif info is None:
        near = did_you_mean(name, lookups.account.fields.get(type, {}))
        message = f'Brevo\'s {type} have no attribute "{name}" in this account.{near}'
        draft.problem(field, BadValue("unknown_field", message))
    elif info.name == KEY_FIELD or info.read_only:
        why = "keeps the source key" if info.name == KEY_FIELD else "is filled by Brevo itself"
        draft.problem(field, BadValue("read_only_field", f'The attribute "{name}" {why}.'))
    else:
        draft.convert(info.name, field, lookups.writer(type, info))


# -- pipeline, stage and status --------------------------------------------------------------------


def _place(draft: _Draft, lookups: Lookups) -> None:
    """Pipeline and stage of a deal, which go together and must agree with its status.

    A deal of which nothing of the kind is known is left to Brevo: it puts a new one into the first
    stage of its default pipeline, and leaves one that is there where it is.
    """
    given = draft.record.values
    field = "pipeline"
    try:
        status = _status(given)
        if "pipeline" not in given and "stage" not in given and status in {None, DealStatus.OPEN}:
            return
        pipeline = _pipeline(given, lookups)
        field = "stage" if "stage" in given else "status"
        place = _stage(given, status, pipeline, lookups)
    except BadValue as bad:
        draft.problem(_BLAMED.get(bad.code, field), bad)
        return
    origin = "stage" if "stage" in given else "status"
    draft.put("pipeline", "pipeline" if "pipeline" in given else origin, place.pipeline.id)
    draft.put("deal_stage", origin, place.stage.id)


def _pipeline(given: Mapping[str, str], lookups: Lookups) -> Pipeline | None:
    """The pipeline that is named, or the only one; None = the stage has to tell."""
    if "pipeline" in given:
        return lookups.stages.pipeline(given["pipeline"])
    pipelines = lookups.stages.pipelines
    return pipelines[0] if len(pipelines) == 1 else None


def _stage(
    given: Mapping[str, str],
    status: DealStatus | None,
    pipeline: Pipeline | None,
    lookups: Lookups,
) -> Place:
    if "stage" not in given:
        if status is None or status is DealStatus.OPEN:
            message = "Brevo wants a stage with every pipeline."
            raise BadValue("missing_stage", message)
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
