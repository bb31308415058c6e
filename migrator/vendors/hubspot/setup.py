"""What a portal lacks for a run, and creating it. Everything here may be repeated."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError
from migrator.model import (
    KEY_FIELD,
    DealStatus,
    FieldInfo,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Pipeline,
    Provision,
    Stage,
)
from migrator.vendors.hubspot.account import read_pipeline
from migrator.vendors.hubspot.answers import Json, Refusal, objects
from migrator.vendors.shared.wanted import Making, named, new_options, new_stages
from migrator.wire import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Account
    from migrator.vendors.hubspot.calls import Calls

KEYED = frozenset({ObjectType.DEALS, ObjectType.COMPANIES})
"""Types with a key property. A contact's key is its e-mail address, unique by itself, and a portal
has only ten unique properties per type to give; notes and tasks have no documented unique ones."""

_GROUPS = {
    ObjectType.DEALS: "dealinformation",
    ObjectType.CONTACTS: "contactinformation",
    ObjectType.COMPANIES: "companyinformation",
}

_TYPES: Mapping[str, tuple[str, str]] = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "bool": ("bool", "booleancheckbox"),
    "choice": ("enumeration", "select"),
}
"""Our kind to HubSpot's type and fieldType (properties guide)."""

_NO_UNIQUE = (
    "HubSpot sets this only when a property is created, so rename nothing: archive and delete that "
    "property for good in HubSpot (Settings > Properties), then run again."
)


# -- what is missing: pure -------------------------------------------------------------------------


def lacking(account: Account, wanted: Provision) -> Provision:
    """The part of ``wanted`` that the account does not have.

    Raises:
        InputError: the key property is there, but two records may hold the same key.
    """
    for type in KEYED.intersection(wanted.keys):
        found = account.fields.get(type, {}).get(KEY_FIELD)
        if found is not None and not found.unique:
            raise InputError(_not_unique(type))
    return MAKING.lacking(account, wanted)


def _not_unique(type: ObjectType) -> str:
    return (
        f"The account has a property {KEY_FIELD} of {type}, but it does not require unique values, "
        f"so it cannot keep records apart. {_NO_UNIQUE}"
    )


def provisional(account: Account, missing: Provision) -> Account:
    """The account as it will be, with ids that begin with ``new:``."""
    return MAKING.provisional(account, missing)


def _foreseen(new: NewStage, id: str, place: int, of: int) -> Stage:
    return Stage(id, new.label, new.status, _probability(new, place, of))


MAKING = Making(
    KEYED, key=FieldInfo(KEY_FIELD, "Migrator key", "text", unique=True), stage=_foreseen
)


# -- creating it -----------------------------------------------------------------------------------


async def provision(calls: Calls, missing: Provision) -> None:
    """Create key properties, fields and pipelines, in this order.

    Raises:
        InputError: HubSpot turns one down; the text has its message and the way out.
    """
    for type in missing.keys:
        await _provision_key(calls, type)
    for type, news in missing.fields.items():
        for new in news:
            await _provision_field(calls, type, new)
    if missing.pipelines:
        path = calls.paths.pipelines(ObjectType.DEALS)
        results = objects((await calls.get(path)).get("results"))
        there = [(read_pipeline(item), item) for item in results if not item.get("archived")]
        for wanted in missing.pipelines:
            found = named((pipeline for pipeline, _ in there), wanted.label)
            await _provision_pipeline(calls, found, wanted)


async def _property(calls: Calls, type: ObjectType, name: str) -> Json | None:
    try:
        return await calls.get(calls.paths.properties(type, name))
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise


async def _provision_key(calls: Calls, type: ObjectType) -> None:
    content = {
        "name": KEY_FIELD,
        "label": "Migrator key",
        "description": "The record's id in the system it was migrated from.",
        "groupName": _GROUPS[type],
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
    }
    way_out = (
        "HubSpot allows ten properties with unique values per object type: if they are all "
        "taken, archive one under Settings > Properties."
    )
    what = f"the property {KEY_FIELD} of {type}"
    # It was not there a moment ago; if it is by now, that is a 409.
    found = await _create(calls, calls.paths.properties(type), content, what, way_out)
    # To create a property whose name is archived restores it as it was (properties guide).
    found = found or await _property(calls, type, KEY_FIELD) or {}
    if not found.get("hasUniqueValue"):
        raise InputError(_not_unique(type))


async def _provision_field(calls: Calls, type: ObjectType, new: NewField) -> None:
    for label in new.options:
        if ";" in label:
            raise InputError(
                f'The option "{label}" of the field {new.name} has a semicolon, with which HubSpot '
                "keeps several values of one field apart. Map it to another value."
            )
    # A choice may be there and lack options; anything else was not there a moment ago.
    found = await _property(calls, type, new.name) if new.kind == "choice" else None
    if found is None:
        hubspot_type, field_type = _TYPES[new.kind]
        content: Json = {
            "name": new.name,
            "label": new.label,
            "groupName": _GROUPS[type],
            "type": hubspot_type,
            "fieldType": field_type,
        }
        if new.kind == "choice":
            content["options"] = [_option(label, i) for i, label in enumerate(new.options)]
        elif new.kind == "bool":  # its options must be exactly these, else INVALID_BOOLEAN_OPTION
            content["options"] = [
                {"label": "Yes", "value": "true", "displayOrder": 0},
                {"label": "No", "value": "false", "displayOrder": 1},
            ]
        what = f"the property {new.name} of {type}"
        way_out = (
            "A name is made of small letters, digits and underscores and begins with a letter."
        )
        if await _create(calls, calls.paths.properties(type), content, what, way_out):
            return
        found = await _property(calls, type, new.name) or {}
    if found.get("type") == "enumeration":
        await _extend_options(calls, type, new, objects(found.get("options")))


def _option(label: str, order: int) -> Json:
    return {"label": label, "value": label, "displayOrder": order, "hidden": False}


async def _extend_options(calls: Calls, type: ObjectType, new: NewField, there: list[Json]) -> None:
    """PATCH replaces the whole list, so the options that are there go with the new ones."""
    known = {str(option.get("value")): str(option.get("label")) for option in there}
    labels = new_options(known, new)
    if labels:
        options = [*there, *(_option(label, len(there) + i) for i, label in enumerate(labels))]
        path = calls.paths.properties(type, new.name)
        try:
            await calls.send("PATCH", path, {"options": options}, Effect.REPEATABLE)
        except Refusal as refusal:
            raise InputError(
                f"HubSpot adds no options to the property {new.name} of {type}: "
                f"{refusal.fault.message}. Add them in HubSpot: {', '.join(labels)}."
            ) from refusal


async def _provision_pipeline(calls: Calls, found: Pipeline | None, wanted: NewPipeline) -> None:
    stages = new_stages(found, wanted) if found else list(wanted.stages)
    first = len(found.stages) if found else 0
    contents = [
        {
            "label": stage.label,
            "displayOrder": first + i,
            "metadata": {"probability": _probability(stage, i, len(stages))},
        }
        for i, stage in enumerate(stages)
    ]
    path = calls.paths.pipelines(ObjectType.DEALS)
    way_out = (
        "The number of pipelines depends on the account's plan. Create it in HubSpot (Settings > "
        "Objects > Deals > Pipelines), or map the deals to one that is there."
    )
    if found is None:
        content = {"label": wanted.label, "displayOrder": 0, "stages": contents}
        what = f'the pipeline "{wanted.label}"'
        await _create(calls, path, content, what, way_out)
        return
    for content in contents:
        what = f'the stage "{content["label"]}" of the pipeline "{found.label}"'
        target = calls.paths.pipelines(ObjectType.DEALS, f"{found.id}/stages")
        await _create(calls, target, content, what, way_out)


async def _create(
    calls: Calls, path: str, content: Mapping[str, Any], what: str, way_out: str
) -> Json | None:
    """POST a part of the portal's configuration; None = it is there already (409).

    Their names are unique, so that repeating leaves one: what was lost shows as a 409.
    """
    try:
        return await calls.send("POST", path, dict(content), Effect.REPEATABLE)
    except Refusal as refusal:
        if refusal.status == 409:
            return None
        raise InputError(
            f"HubSpot does not create {what}: {refusal.fault.message}. {way_out}"
        ) from refusal


def _probability(stage: NewStage, position: int, of: int) -> str:
    """0.0 is lost and 1.0 is won; between them HubSpot takes steps of 0.1.

    An open stage keeps 0.1 to 0.9: with more or less it would be closed. Percents are understood;
    what is not given rises with the stage's position.
    """
    if stage.status is not DealStatus.OPEN:
        return "1.0" if stage.status is DealStatus.WON else "0.0"
    try:
        given = Decimal((stage.probability or "").strip().rstrip("%"))
    except InvalidOperation:
        given = Decimal(position + 1) / (of + 1)
    if not given.is_finite():
        given = Decimal("0.5")
    share = given / 100 if given > 1 else given
    return str(min(Decimal("0.9"), max(Decimal("0.1"), share.quantize(Decimal("0.1")))))
