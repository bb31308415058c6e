"""Makes an empty sandbox look like a real account, as ``migrator vendors describe`` wrote it."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from migrator.vendors import likeness
from migrator.vendors.activecampaign.sandbox.answers import whole
from migrator.vendors.activecampaign.sandbox.fields import personalization
from migrator.vendors.activecampaign.sandbox.rows import ContactField, Field, Pipeline, Stage, User
from migrator.vendors.activecampaign.sandbox.tenant import FORECAST
from migrator.vendors.likeness import fields_of, items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.activecampaign.sandbox.answers import Json
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant
    from migrator.vendors.likeness import Like, Parts


_TYPES = {
    "text": "text",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "dropdown",
    "choice": "dropdown",
}
_ID = re.compile(r"(?:[a-zA-Z_]+[.:_-])?([0-9]+)")
"""A field's name that is, or ends with, the id it has in the account."""

_TAG = re.compile(r"DEAL_[A-Z0-9_]+")

_OWN = frozenset(
    {
        "account",
        "amount",
        "cdate",
        "close_date",
        "contact",
        "created_at",
        "currency",
        "description",
        "edate",
        "group",
        "mdate",
        "name",
        "organization",
        "owner",
        "percent",
        "pipeline",
        "probability",
        "stage",
        "status",
        "title",
        "value",
    }
)
"""Names of what every deal has; they are no custom fields."""


def imitate(tenant: Tenant, like: Like) -> None:
    """Give the tenant the pipelines, owners, custom fields and currency of ``like``.

    Raises:
        InputError: the file cannot be read or is not an account.
    """
    likeness.imitate(like, functools.partial(_apply, tenant))


def _apply(tenant: Tenant, account: Parts) -> None:
    tenant.name = str(account.get("name") or account["id"])
    if currency := account.get("currency"):
        tenant.currency = str(currency).lower()
    if zone := account.get("time_zone"):
        tenant.zone = ZoneInfo(str(zone))
    pipelines, owners = items(account["pipelines"]), items(account["owners"])
    if pipelines:
        tenant.pipelines.rows.clear()
        tenant.stages.rows.clear()
    for one in pipelines:
        _pipeline(tenant, one)
    # Deactivated users are not visible, and nothing can be given to them (UNCERTAIN).
    active = [one for one in owners if one.get("active") is not False]
    if active:
        tenant.users.rows.clear()
    for one in active:
        _user(tenant, one)
    fields = fields_of(account)
    _fields(tenant, fields.get("deals", {}))
    for name, info in fields.get("contacts", {}).items():
        _contact_field(tenant, name, info)


def _user(tenant: Tenant, given: Parts) -> None:
    first, _, last = str(given.get("name") or "").partition(" ")
    id = _number(given["id"]) or tenant.users.next_id()
    tenant.users.put(id, User(id, str(given["email"]), first, last))


def _pipeline(tenant: Tenant, given: Parts) -> None:
    time = tenant.time()
    id = _number(given["id"]) or tenant.pipelines.next_id()
    pipeline = Pipeline(id, str(given["label"]), tenant.currency, time, time)
    tenant.pipelines.put(id, pipeline)
    for order, one in enumerate(items(given["stages"]), 1):
        stage = _number(one["id"]) or tenant.stages.next_id()
        tenant.stages.put(stage, Stage(stage, str(one["label"]), id, order, time, time))


def _fields(tenant: Tenant, given: Mapping[str, Parts]) -> None:
    """Custom fields of deals; the one that every account has comes under the account's id."""
    built_in = tenant.fields.rows.pop(FORECAST)
    for name, info in given.items():
        if name.casefold() in _OWN or info.get("read_only"):
            continue
        if built_in.personalization == name or built_in.label == info.get("label"):
            built_in.id = _wanted(tenant, name)
            tenant.fields.put(built_in.id, built_in)
        else:
            _field(tenant, name, info)
    if built_in.id not in tenant.fields.rows:
        tenant.fields.put(built_in.id, built_in)
    elif tenant.fields.rows[built_in.id] is not built_in:
        built_in.id = tenant.fields.next_id()
        tenant.fields.put(built_in.id, built_in)


def _wanted(tenant: Tenant, name: str) -> int:
    """The id that a field's name says it has, else a new one."""
    found = None if _TAG.fullmatch(name) else _ID.fullmatch(name)
    id = int(found[1]) if found else 0
    return id if id and id not in tenant.fields.rows else tenant.fields.next_id()


def _field(tenant: Tenant, name: str, given: Parts) -> None:
    """One custom field of deals."""
    kind = _TYPES[str(given["kind"])]
    label = str(given.get("label") or name)
    options = cast("Mapping[str, str]", given.get("options") or {})
    listed: list[Json] | None = None
    if kind == "dropdown":
        kind = "multiselect" if given.get("multiple") else kind
        listed = [str(one) for one in options.values()]
    time = tenant.time()
    id = _wanted(tenant, name)
    taken = {one.personalization for one in tenant.fields}
    tag = name if _TAG.fullmatch(name) else personalization(label, taken)
    field = Field(id, label, kind, listed, tag, time, time, order=len(tenant.fields) + 1)
    tenant.fields.put(id, field)


def _contact_field(tenant: Tenant, name: str, given: Parts) -> None:
    """A custom field of contacts, which by the API's names start with an id."""
    found = _ID.fullmatch(name)
    if found is None:
        return
    id = int(found[1])
    label = str(given.get("label") or name)
    options = cast("Mapping[str, str]", given.get("options") or {})
    tag = re.sub(r"[^A-Z0-9]+", "_", label.upper())
    row = ContactField(id, label, str(given["kind"]), tag, tuple(options.values()), tenant.time())
    tenant.contact_fields.put(id, row)


def _number(id: object) -> int | None:
    """An id of the account, if it is a number as ActiveCampaign's are."""
    return whole(str(id))
