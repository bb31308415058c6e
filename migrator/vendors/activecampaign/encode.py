"""Canonical records in ActiveCampaign's terms: titles become ids, values take its formats.

A property that a row does not name is not there, so that an update leaves it alone; what a create
must have besides is filled in when it is sent.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, DealStatus, Encoded, ObjectType
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.authorship import with_author
from migrator.vendors.activecampaign.catalogue import CLOSE_DATE, PARENTS, writable
from migrator.vendors.activecampaign.lookups import STATUSES, TERMS
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.names import looks_like_domain
from migrator.vendors.shared.places import (
    PLACED,
    Place,
    given_pipeline,
    given_status,
    missing_stage,
    put_place,
)
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.required import check_required
from migrator.vendors.shared.values import flag, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Account, Record
    from migrator.vendors.activecampaign.lookups import Lookups
    from migrator.vendors.activecampaign.options import ActiveCampaignOptions

NO_CREATION_DATE = "ActiveCampaign sets the date of creation itself; keep it in a custom field"
NO_PROBABILITY = "ActiveCampaign works the probability of a deal out itself"
NO_CLOSE_DATE = 'the account has no built-in field "Forecasted Close Date"'

NO_BODY = "A note without a text cannot be written."

_CANONICAL = {CLOSE_DATE: "close_date"}
"""Custom fields that have a canonical name."""

_NAMES: Mapping[ObjectType, Mapping[str, str]] = {
    ObjectType.CONTACTS: {
        "email": "email",
        "first_name": "firstName",
        "last_name": "lastName",
        "phone": "phone",
    },
    ObjectType.COMPANIES: {"name": "name", "domain": "accountUrl", "owner": "owner"},
    ObjectType.TASKS: {
        "title": "title",
        "body": "note",
        "kind": "dealTasktype",
        "due_at": "duedate",
        "done": "status",
        "owner": "assignee",
    },
}
"""Canonical fields and what the API calls them; others are named as the API does."""

KEYED = frozenset({ObjectType.DEALS})
"""Types with a key field: addresses of contacts and names of companies are unique by themselves."""


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


def encode(record: Record, lookups: Lookups, options: ActiveCampaignOptions) -> Encoded:
    """The record's properties, or every problem it has."""
    draft = Draft(record, TERMS)
    given = record.values
    if record.type is ObjectType.DEALS:
        _deal(draft, lookups, options)
    elif record.type is ObjectType.CONTACTS:
        draft.put("email", "email" if "email" in given else "key", given.get("email", record.key))
        _plain(draft, lookups, options, done="email")
    elif record.type is ObjectType.COMPANIES:
        draft.put("name", "name", given.get("name", record.key))
        _plain(draft, lookups, options, done="name")
    elif record.type is ObjectType.NOTES:
        _note(draft)
    else:
        _plain(draft, lookups, options)
        _wants(draft, "due_at", "duedate", "ActiveCampaign wants a due date for every task.")
        if not options.task_type:
            _wants(
                draft,
                "kind",
                "dealTasktype",
                "ActiveCampaign wants a type for every task. Name one in the row, or give all such "
                "tasks one with the option task_type.",
            )
    if record.type in PARENTS and not any(record.links.get(type) for type in PARENTS[record.type]):
        message = f"ActiveCampaign's {record.type} belong to a deal or a contact: name it."
        draft.problem(ObjectType.DEALS, BadValue("no_deal", message, only_to_create=True))
    return draft.done()


def _wants(draft: Draft, field: str, name: str, message: str) -> None:
    """What a create must have."""
    if name not in draft.properties and field not in draft.record.values:
        draft.problem(field, BadValue(f"missing_{field}", message, only_to_create=True))


def _plain(
    draft: Draft, lookups: Lookups, options: ActiveCampaignOptions, *, done: str = ""
) -> None:
    """Built-in fields, by canonical or by the API's own name; ``done`` was put already."""
    type = draft.record.type
    names, infos = _NAMES[type], writable(type)
    writers: dict[str, Callable[[str], str]] = {
        "owner": lookups.owner,
        "assignee": lookups.owner,
        "accountUrl": _url,
        "dealTasktype": partial(lookups.kind, otherwise=options.task_type),
        "status": lambda value: "1" if flag(value) == "true" else "0",
        "duedate": lookups.instant,
    }
    for field in draft.record.values:
        if field in {done, "created_at"}:
            continue
        name = names.get(field, field.removeprefix(CUSTOM_PREFIX))
        if name in infos:
            plain = field not in names and name in {"accountUrl", "status"}
            draft.convert(name, field, values.text if plain else writers.get(name, values.text))
        else:
            draft.problem(field, TERMS.unknown_field(type, name, infos))


def _url(domain: str) -> str:
    return domain if "//" in domain else f"https://{domain.strip()}"


def _note(draft: Draft) -> None:
    """A note is its text; who wrote it and when stands in its last line."""
    given = draft.record.values
    for field in given:
        if field not in {"body", "owner", "created_at"}:
            draft.problem(field, TERMS.unknown_field(ObjectType.NOTES, field, ("body",)))
    if "body" in given:
        text = with_author(given["body"], given.get("owner"), given.get("created_at"))
        draft.put("note", "body", text)
    elif any(field in given for field in ("owner", "created_at")):
        message = "ActiveCampaign writes notes as the user of the key: an author goes with a text."
        draft.problem("owner" if "owner" in given else "created_at", BadValue("no_body", message))
    else:
        draft.problem("body", BadValue("no_body", NO_BODY, only_to_create=True))


def _deal(draft: Draft, lookups: Lookups, options: ActiveCampaignOptions) -> None:
    given = draft.record.values
    draft.put(KEY_FIELD, "key", draft.record.key)
    skipped = ignored(lookups.account, options)
    for field in given:
        if field in skipped or field in PLACED:
            continue
        if field == "amount":
            draft.convert("value", field, partial(_amount, given=given, lookups=lookups))
        elif field in lookups.canonical:
            name, convert = lookups.canonical[field]
            draft.convert(name, field, convert)
        else:
            _custom(draft, field, lookups)
    _place(draft, lookups)
    if options.required_fields == "check":
        check_required(draft, lookups.required, _CANONICAL, "required_fields=ignore")
    if "name" not in given:
        draft.problem("name", TERMS.missing_name(draft.record.type))
    if not any(draft.record.links.values()) and not options.default_contact:
        draft.problem(
            "contacts",
            BadValue(
                "no_contact",
                "ActiveCampaign wants a contact or a company for every deal. Name one in the row, "
                "or give all such deals one with the option default_contact=ADDRESS.",
                only_to_create=True,
            ),
        )


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
    return number(amount)


def _custom(draft: Draft, field: str, lookups: Lookups) -> None:
    """What has neither a canonical place nor the prefix is reported as unknown."""
    asked = field.removeprefix(CUSTOM_PREFIX)
    try:
        name, convert = lookups.custom(asked)
    except BadValue as bad:
        draft.problem(field, bad)
        return
    if name == KEY_FIELD:
        draft.problem(field, TERMS.key_field(name))
        return
    draft.convert(name, field, convert)


# -- pipeline, stage and status --------------------------------------------------------------------


def _place(draft: Draft, lookups: Lookups) -> None:
    """Pipeline and stage of a deal, and its status, which is apart from them here.

    A stage of another CRM may be called "Won"; a deal that comes from there with the stage alone
    would stay open for ever, so the stage's name tells the status where the row does not.
    """
    status = given_status(draft)
    if status is not None:
        draft.put("status", "status", STATUSES[status])
    place = _stage(draft, lookups)
    if place is None:
        return
    put_place(draft, place, "group", "stage")
    if "status" not in draft.record.values and place.stage.status is not DealStatus.OPEN:
        draft.put("status", "stage", STATUSES[place.stage.status])


def _stage(draft: Draft, lookups: Lookups) -> Place | None:
    given = draft.record.values
    field = "pipeline"
    try:
        pipeline = given_pipeline(given, lookups.stages)
        field = "stage"
        if "stage" not in given:
            raise missing_stage(
                given,
                "The row names no stage, and ActiveCampaign would put the deal into the first one "
                "of its pipeline. Name one.",
            )
        return lookups.stages.stage(given["stage"], pipeline)
    except BadValue as bad:
        draft.problem(field, bad)
        return None
