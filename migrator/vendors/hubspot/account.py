"""The portal as an :class:`~migrator.model.Account`: what a load must know before it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import Account, DealStatus, FieldInfo, ObjectType, Owner, Pipeline, Stage
from migrator.vendors.hubspot.answers import Json, objects
from migrator.vendors.hubspot.calls import together

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.vendors.hubspot.calls import Calls

CURRENCY = "deal_currency_code"

_KINDS = {
    "string": "text",
    "phone_number": "text",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "bool",
    "enumeration": "choice",
}
"""HubSpot's property type to ours; what is missing (json, object_coordinates) is internal to it."""


async def describe(calls: Calls, types: Collection[ObjectType]) -> Account:
    """Read details, pipelines, owners and properties; about 5 requests and one per type."""
    wanted = sorted(types)
    details = await calls.get(calls.paths.account)
    portal = str(details.get("portalId") or "")
    if not portal:
        raise InputError(
            f"{calls.paths.account} names no portal. Look whether HUBSPOT_BASE_URL is right."
        )
    calls.zone = str(details["timeZone"]) if details.get("timeZone") else None
    pipelines = calls.get(calls.paths.pipelines(ObjectType.DEALS))
    lists = [calls.get(calls.paths.properties(type)) for type in wanted]
    found_pipelines, *found_fields = await together([pipelines, *lists])
    fields = {
        type: {info.name: info for info in map(_field, objects(found.get("results")))}
        for type, found in zip(wanted, found_fields, strict=True)
    }
    home = str(details.get("companyCurrency") or "").upper() or None
    return Account(
        vendor="hubspot",
        id=portal,
        name=f"portal {portal}",  # the API names no company; the uiDomain is every portal's
        pipelines=tuple(
            read_pipeline(item)
            for item in _in_order(objects(found_pipelines.get("results")))
            if not item.get("archived")
        ),
        owners=await _owners(calls),
        fields=fields,
        currency=home,
        currencies=_currencies(details, home, fields.get(ObjectType.DEALS, {}).get(CURRENCY)),
        time_zone=calls.zone,
    )


def _in_order(items: list[Json]) -> list[Json]:
    return sorted(items, key=lambda item: (item.get("displayOrder") or 0, str(item.get("id"))))


def read_pipeline(item: Json) -> Pipeline:
    """A pipeline and its stages as the API shows them."""
    stages = tuple(
        _stage(stage)
        for stage in _in_order(objects(item.get("stages")))
        if not stage.get("archived")
    )
    return Pipeline(str(item["id"]), str(item.get("label") or item["id"]), stages)


def _stage(item: Json) -> Stage:
    """Probability 1.0 means closed won, 0.0 closed lost (pipelines API; values are text)."""
    metadata = item.get("metadata") or {}
    text = str(metadata.get("probability") or "")
    try:
        probability = float(text)
    except ValueError:
        probability = -1.0
    closed = str(metadata.get("isClosed")).lower()
    status = DealStatus.OPEN
    if probability >= 1.0 and closed != "false":
        status = DealStatus.WON
    elif closed == "true" or (probability == 0.0 and closed != "false"):
        status = DealStatus.LOST
    label = str(item.get("label") or item["id"])
    return Stage(str(item["id"]), label, status, text or None)


async def _owners(calls: Calls) -> tuple[Owner, ...]:
    """Owners, and those who were deactivated; the list shows either the ones or the others."""
    found: dict[str, Owner] = {}
    for archived in ("false", "true"):
        params = {"limit": "100", "archived": archived}
        async for page in calls.pages(calls.paths.owners, params):
            for item in page:
                if item.get("type", "PERSON") != "PERSON":
                    continue  # a QUEUE owns no deals
                owner = _owner(item, active=archived == "false")
                found.setdefault(owner.id, owner)
    return tuple(found.values())


def _owner(item: Json, *, active: bool) -> Owner:
    names = [str(item.get(name) or "").strip() for name in ("firstName", "lastName")]
    full = " ".join(name for name in names if name)
    return Owner(str(item["id"]), str(item.get("email") or ""), full, active=active)


def _field(item: Json) -> FieldInfo:
    kind = _KINDS.get(str(item.get("type")))
    metadata = item.get("modificationMetadata") or {}
    return FieldInfo(
        name=str(item["name"]),
        label=str(item.get("label") or item["name"]),
        kind=kind or "text",
        options={
            str(option["value"]): str(option.get("label") or option["value"])
            for option in objects(item.get("options"))
            if "value" in option
        },
        multiple=item.get("fieldType") == "checkbox",
        unique=bool(item.get("hasUniqueValue")),
        read_only=bool(metadata.get("readOnlyValue") or item.get("calculated") or kind is None),
    )


def _currencies(details: Json, home: str | None, field: FieldInfo | None) -> tuple[str, ...]:
    """Codes a deal may have: the options of its currency, else what the account's details say.

    A code that is not enabled is an INVALID_OPTION (changelog "deal currency code validation").
    """
    if field is not None and field.options:
        codes = [code.upper() for code in field.options]
    else:
        codes = [str(code).upper() for code in details.get("additionalCurrencies") or []]
    return tuple(dict.fromkeys([home, *codes] if home else codes))
