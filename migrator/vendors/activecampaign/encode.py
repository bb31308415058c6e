"""Canonical records in ActiveCampaign's terms: titles become ids, values take its formats.

A property that a row does not name is not there, so that an update leaves it alone; what a create
must have besides is filled in when it is sent.
"""

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
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.catalogue import (
    BUILT_IN,
    CLOSE_DATE,
    COMPANY_FIELDS,
    CONTACT_FIELDS,
)
from migrator.vendors.activecampaign.lookups import STATUSES, status_of_stage
from migrator.vendors.activecampaign.values import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Account, FieldInfo, Record
    from migrator.vendors.activecampaign.lookups import Lookups, Place
    from migrator.vendors.activecampaign.options import ActiveCampaignOptions

_PLACED = ("pipeline", "stage", "status")
"""Fields of a deal that are decided together."""

_BLAMED = {"missing_pipeline": "pipeline", "ambiguous_pipeline": "pipeline"}
"""Field at fault when it is not the one being looked at."""

_ONLY_TO_CREATE = {"missing_name", "missing_stage", "no_contact"}
"""A record that is there has these already; a file need not repeat them to update it."""

NO_CREATION_DATE = "ActiveCampaign sets the date of creation itself; keep it in a custom field"
NO_PROBABILITY = "ActiveCampaign works the probability of a deal out itself"
NO_CLOSE_DATE = 'the account has no built-in field "Forecasted Close Date"'

_ON_DEALS = {
    "name": "title",
    "description": "note",
    "owner": "assignee",
    "close_date": "duedate",
}
"""Canonical fields of a task or a note; the others are named as the API does."""

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)

KEYED = frozenset({ObjectType.DEALS})
"""Types with a key field: addresses of contacts and names of companies are unique by themselves."""


def looks_like_domain(name: str) -> bool:
    """Whether a company's name may be its domain.

    >>> looks_like_domain("acme.example.com"), looks_like_domain("Acme Inc.")
    (True, False)
    """
    return bool(_DOMAIN.fullmatch(name.strip()))


def parent(type: ObjectType, name: str) -> dict[str, str]:
    """A contact of which the e-mail, or a company of which the name or the domain is known."""
    if type is ObjectType.CONTACTS:
        return {"email": name.strip()}
    found = {"name": name.strip()}
    if looks_like_domain(name):
        found["accountUrl"] = f"https://{name.strip().lower()}"
    return found


def ignored(account: Account | None, options: ActiveCampaignOptions) -> dict[str, str]:
    """Canonical fields that go nowhere, with the reason."""
    found = {"created_at": NO_CREATION_DATE}
    if options.probability == "ignore":
        found["probability"] = NO_PROBABILITY
    deals = account.fields.get(ObjectType.DEALS) if account else None
    if deals is not None and CLOSE_DATE not in deals:
        found["close_date"] = NO_CLOSE_DATE
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
            message = f'"{field}" and "{self.origin[name]}" both fill the field {name}.'
            self.problem(field, BadValue("duplicate_field", message))
            return
        self.properties[name] = value
        self.origin[name] = field

    def problem(self, field: str, bad: BadValue) -> None:
        given = self.record.values
        enough = bad.code in _ONLY_TO_CREATE and not (
            bad.code == "missing_stage" and "pipeline" in given
        )
        value = given.get(field, "")
        self.problems.append(Problem(field, bad.code, str(bad), value, only_to_create=enough))

    def convert(self, name: str, field: str, convert: Callable[[str], str]) -> None:
        try:
            self.put(name, field, convert(self.record.values[field]))
        except BadValue as bad:
            self.problem(field, bad)

    def done(self) -> Encoded:
        return Encoded(self.properties, self.origin, tuple(self.problems))


def encode(record: Record, lookups: Lookups, options: ActiveCampaignOptions) -> Encoded:
    """The record's properties, or every problem it has."""
    draft = _Draft(record)
    if record.type is ObjectType.DEALS:
        _deal(draft, lookups, options)
    elif record.type is ObjectType.CONTACTS:
        draft.put("email", "key", record.key)
        _plain(draft, CONTACT_FIELDS, {}, lookups)
    elif record.type is ObjectType.COMPANIES:
        draft.put("name", "name", record.values.get("name", record.key))
        _plain(draft, COMPANY_FIELDS, {"owner": "owner"}, lookups)
    else:
        _plain(draft, BUILT_IN[record.type], _ON_DEALS, lookups)
        if not record.links.get(ObjectType.DEALS):
            message = f"ActiveCampaign's {record.type} of this kind belong to a deal: name it."
            draft.problem(ObjectType.DEALS, BadValue("no_deal", message))
    return draft.done()


def _plain(
    draft: _Draft, infos: Mapping[str, FieldInfo], names: Mapping[str, str], lookups: Lookups
) -> None:
    """A contact or a company: built-in fields, by canonical or by the API's own name."""
    for field in draft.record.values:
        name = names.get(field, field.removeprefix(CUSTOM_PREFIX))
        if field == "name" and draft.origin.get("name") == "name":
            continue
        if name not in infos:
            message = f'ActiveCampaign\'s {draft.record.type} have no field "{name}".'
            draft.problem(field, BadValue("unknown_field", message))
        elif name in {"owner", "assignee"}:
            draft.convert(name, field, lookups.owner)
        elif infos[name].kind == "datetime":
            draft.convert(name, field, lookups.instant)
        else:
            draft.convert(name, field, values.text)


def _deal(draft: _Draft, lookups: Lookups, options: ActiveCampaignOptions) -> None:
    given = draft.record.values
    draft.put(KEY_FIELD, "key", draft.record.key)
    skipped = ignored(lookups.account, options)
    for field in given:
        if field in skipped or field in _PLACED:
            continue
        name, convert = _writer(field, given, lookups) or ("", None)
        if convert is not None:
            draft.convert(name, field, convert)
        else:
            _custom(draft, field, lookups)
    _place(draft, lookups)
    if "name" not in given:
        message = "ActiveCampaign wants a title for every deal."
        draft.problem("name", BadValue("missing_name", message))
    if not any(draft.record.links.values()) and not options.default_contact:
        draft.problem(
            "contacts",
            BadValue(
                "no_contact",
                "ActiveCampaign wants a contact or a company for every deal. Name one in the row, "
                "or give all such deals one with the option default_contact=ADDRESS.",
            ),
        )


def _writer(
    field: str, given: Mapping[str, str], lookups: Lookups
) -> tuple[str, Callable[[str], str]] | None:
    """Name and writer of a canonical field."""
    writers: dict[str, tuple[str, Callable[[str], str]]] = {
        "name": ("title", values.text),
        "description": ("description", values.text),
        "owner": ("owner", lookups.owner),
        "currency": ("currency", lookups.currency),
        "close_date": (CLOSE_DATE, lookups.day),
        "probability": ("percent", values.percent),
        "amount": ("value", lambda amount: _amount(amount, given, lookups)),
    }
    return writers.get(field)


def _amount(amount: str, given: Mapping[str, str], lookups: Lookups) -> str:
    currency = given.get("currency") or lookups.account.currency
    if lookups.money.needs_currency() and not currency:
        raise BadValue(
            "missing_currency",
            "The row names no currency, the account's pipelines have several, and the option "
            "zero_decimal=units makes the amount depend on it. Name it in the row, or set the "
            "option currency.",
        )
    lookups.money.deal_cents(amount, currency)  # as which it will be sent
    return values.number(amount)


def _custom(draft: _Draft, field: str, lookups: Lookups) -> None:
    """What has neither a canonical place nor the prefix is reported as unknown."""
    asked = field.removeprefix(CUSTOM_PREFIX)
    try:
        name, convert = lookups.custom(asked)
    except BadValue as bad:
        draft.problem(field, bad)
        return
    if name == KEY_FIELD:
        message = f"The field {name} keeps the record's source key; leave it to migrator."
        draft.problem(field, BadValue("read_only_field", message))
        return
    draft.convert(name, field, convert)


# -- pipeline, stage and status --------------------------------------------------------------------


def _place(draft: _Draft, lookups: Lookups) -> None:
    """Pipeline and stage of a deal, and its status, which is apart from them here."""
    given = draft.record.values
    field = "stage"
    try:
        status = _status(given)
    except BadValue as bad:
        draft.problem("status", bad)
        return
    if status is not None:
        draft.put("status", "status", STATUSES[status])
    try:
        field = "pipeline" if "pipeline" in given else "stage"
        pipeline = _pipeline(given, lookups)
        field = "stage"
        place = _stage(given, pipeline, lookups)
    except BadValue as bad:
        draft.problem(_BLAMED.get(bad.code, field), bad)
        return
    draft.put("group", "pipeline" if "pipeline" in given else "stage", place.pipeline.id)
    draft.put("stage", "stage", place.stage.id)
    by_stage = status_of_stage(place.stage.label)
    if status is None and by_stage is not DealStatus.OPEN:
        draft.put("status", "stage", STATUSES[by_stage])


def _pipeline(given: Mapping[str, str], lookups: Lookups) -> Pipeline | None:
    """The pipeline that is named, or the only one; None = the stage has to tell."""
    if "pipeline" in given:
        return lookups.stages.pipeline(given["pipeline"])
    pipelines = lookups.stages.pipelines
    return pipelines[0] if len(pipelines) == 1 else None


def _stage(given: Mapping[str, str], pipeline: Pipeline | None, lookups: Lookups) -> Place:
    if "stage" not in given:
        raise BadValue(
            "missing_stage",
            "The row names no stage, and ActiveCampaign would put the deal into the first one of "
            "its pipeline. Name one.",
        )
    return lookups.stages.stage(given["stage"], pipeline)


def _status(given: Mapping[str, str]) -> DealStatus | None:
    text = given.get("status")
    if text is None:
        return None
    try:
        return DealStatus(text.strip().casefold())
    except ValueError:
        raise BadValue("unknown_status", f'"{text}" is none of open, won and lost.') from None
