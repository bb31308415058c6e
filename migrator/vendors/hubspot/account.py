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
    """Read details, pipelines, owners and properties at once: 4 requests and one per type."""
    wanted = sorted(types)
    (details,), found_pipelines, active, inactive, *found_fields = await together(
        [
            _details(calls),
            _results(calls, calls.paths.pipelines(ObjectType.DEALS)),
            _people(calls, archived=False),
            _people(calls, archived=True),
            *(_results(calls, calls.paths.properties(type)) for type in wanted),
        ]
    )
    portal = str(details.get("portalId") or "")
    if not portal:
        raise InputError(
            f"{calls.paths.account} names no portal. Look whether HUBSPOT_BASE_URL is right."
        )
    fields = {
        type: {info.name: info for info in map(_field, found)}
        for type, found in zip(wanted, found_fields, strict=True)
    }
    home = str(details.get("companyCurrency") or "").upper() or None
    return Account(
        vendor="hubspot",
        id=portal,
        name=f"portal {portal}",  # the API names no company; the uiDomain is every portal's
        pipelines=tuple(
            read_pipeline(item) for item in _in_order(found_pipelines) if not item.get("archived")
        ),
        owners=_owners(active, inactive),
        fields=fields,
        currency=home,
        currencies=_currencies(details, home, fields.get(ObjectType.DEALS, {}).get(CURRENCY)),
        time_zone=calls.zone,
    )


async def _details(calls: Calls) -> list[Json]:
    """The portal's details, alone in a list; they tell in whose midnight its days end."""
    details = await calls.get(calls.paths.account)
    calls.zone = str(details["timeZone"]) if details.get("timeZone") else None
    return [details]


async def _results(calls: Calls, path: str) -> list[Json]:
    """A list that is not paged."""
    return objects((await calls.get(path)).get("results"))


async def _people(calls: Calls, *, archived: bool) -> list[Json]:
    """Owners who are active, or those who were deactivated: the list shows the ones or the others.

    A QUEUE owns no deals.
    """
    params = {"limit": "100", "archived": str(archived).lower()}
    pages = calls.pages(calls.paths.owners, params)
    people = [item async for page in pages for item in page]
    return [item for item in people if item.get("type", "PERSON") == "PERSON"]


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


def _owners(active: list[Json], inactive: list[Json]) -> tuple[Owner, ...]:
    """Each owner once; who is in both lists is active."""
    found: dict[str, Owner] = {}
    for people, is_active in ((active, True), (inactive, False)):
        for item in people:
            owner = _owner(item, active=is_active)
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
