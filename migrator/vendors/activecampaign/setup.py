"""What an account lacks for a run, and creating it. Everything here may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import KEY_FIELD, FieldInfo, NewField, ObjectType
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS, Fields, find, slug
from migrator.vendors.activecampaign.encode import KEYED
from migrator.vendors.activecampaign.pipelines import provision_pipeline
from migrator.vendors.activecampaign.values import NO, YES, is_truth
from migrator.vendors.shared.wanted import Making, new_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Account, Provision
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import FieldMeta

_DEALS = ObjectType.DEALS

_TYPES: Mapping[str, str] = {
    "text": "textarea",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "dropdown",
    "choice": "dropdown",
}
"""Our kind to the API's type. ``textarea`` rather than ``text``: a single line is kept in a short
column, and how much of a long one is lost there is not documented."""

_KEY_KINDS = ("text",)


# -- what is missing: pure -------------------------------------------------------------------------


def lacking(account: Account, wanted: Provision) -> Provision:
    """The part of ``wanted`` that the account does not have.

    Raises:
        InputError: the key field is there, but cannot hold keys.
    """
    there = account.fields.get(_DEALS, {}).get(KEY_FIELD)
    if _DEALS in wanted.keys and there is not None and there.kind not in _KEY_KINDS:
        raise InputError(
            f'The account has a deal field "{there.label}" of kind {there.kind}, which cannot keep '
            "source keys. Rename it in ActiveCampaign (Settings > Deals > Fields), then run again."
        )
    return MAKING.lacking(account, wanted)


def provisional(account: Account, missing: Provision) -> Account:
    """The account as it will be, with ids that begin with ``new:``."""
    return MAKING.provisional(account, missing)


def _find(fields: Mapping[str, FieldInfo], new: NewField) -> FieldInfo | None:
    return find(fields, new.name, new.label)


def _field(new: NewField) -> FieldInfo:
    """What :class:`Fields` will make of it; one that is called as a built-in gets its id behind."""
    options = {YES: YES, NO: NO} if new.kind == "bool" else {}
    kind = "bool" if new.kind == "choice" and is_truth(new.options) else new.kind
    name = f"{new.name}_new" if new.name in DEAL_FIELDS else new.name
    return FieldInfo(name, _label(new), kind, options)


def _label(new: NewField) -> str:
    """The merge tag is made of the label, and is what the template's name has to be."""
    return new.label if slug(new.label) == new.name.casefold() else new.name


MAKING = Making(KEYED, find=_find, field=_field)


# -- creating it -----------------------------------------------------------------------------------


async def provision(tenant: Tenant, missing: Provision) -> None:
    """Create the key field, fields and pipelines, in this order, after looking once more.

    Raises:
        InputError: ActiveCampaign turns one down; the text has its message and the way out.
    """
    tenant.forget()
    for type in missing.keys:
        if type in KEYED:
            await _provision_key(tenant)
    for type, news in missing.fields.items():
        if type is not _DEALS and news:
            raise InputError(
                f"migrator creates no fields of {type} in ActiveCampaign. Create "
                f"{', '.join(new.label for new in news)} there, or leave them out of the template."
            )
        for new in news:
            await _provision_field(tenant, new)
    for pipeline in missing.pipelines:
        await provision_pipeline(tenant, pipeline)
    tenant.forget()


async def _provision_key(tenant: Tenant) -> None:
    content = {
        "fieldLabel": KEY_FIELD,
        "fieldType": "text",
        "isFormVisible": 0,
        "isRequired": 0,
    }
    if (await tenant.fields()).key is None:
        await _create_field(tenant, content, lambda fields: fields.key)


async def _provision_field(tenant: Tenant, new: NewField) -> None:
    fields = await tenant.fields()
    found = _find(fields.infos(), new)
    if found is not None:
        meta = fields.meta(found.name)
        if meta is not None and found.kind == "choice":
            await _extend_options(tenant, meta, new)
        return
    for option in new.options:
        if "||" in option:
            raise InputError(
                f'The option "{option}" of the field {new.name} has two bars in it, with which '
                "ActiveCampaign keeps several values apart. Map it to another value."
            )
    label = _label(new)
    content: dict[str, object] = {
        "fieldLabel": label,
        "fieldType": _TYPES[new.kind],
        "isFormVisible": 1,
        "isRequired": 0,
    }
    options = [YES, NO] if new.kind == "bool" else list(dict.fromkeys(new.options))
    if options:
        content["fieldOptions"] = options

    def look(fields: Fields) -> FieldMeta | None:
        info = find(fields.infos(), new.name, label)
        return fields.meta(info.name) if info else None

    await _create_field(tenant, content, look)


async def _create_field(
    tenant: Tenant, content: Mapping[str, object], look: Callable[[Fields], FieldMeta | None]
) -> None:
    """Labels may repeat: when the answer is lost, we look before anything else happens."""
    label = content["fieldLabel"]
    try:
        tenant.add_field(await tenant.calls.fields.create_meta(content))
    except Refusal as refusal:
        raise InputError(
            f'ActiveCampaign does not create the deal field "{label}": {refusal.fault.message}. '
            "The number of fields depends on the account's plan. Create it in ActiveCampaign, or "
            "leave it out of the template."
        ) from refusal
    except OutcomeUnknown:
        tenant.forget()
        if look(await tenant.fields()) is None:
            raise


async def _extend_options(tenant: Tenant, meta: FieldMeta, new: NewField) -> None:
    """PUT replaces the list, so the options that are there go along, as they are at this moment."""
    there = (await tenant.calls.fields.meta(meta.id)).options
    added = new_options({option: option for option in there}, new)
    if not added:
        return
    wanted = [*there, *added]
    try:
        await tenant.calls.fields.update_meta(meta.id, {"fieldOptions": wanted})
    except Refusal as refusal:
        raise InputError(
            f'ActiveCampaign adds no options to the deal field "{meta.label}": '
            f"{refusal.fault.message}. Add them there: {', '.join(added)}."
        ) from refusal
    tenant.forget()
    found = (await tenant.calls.fields.meta(meta.id)).options
    lost = [option for option in wanted if option not in found]
    if lost:  # a 200 is no proof: what it does not understand it leaves out
        raise InputError(
            f'ActiveCampaign did not add options to the deal field "{meta.label}", though it said '
            f"so. Add them there: {', '.join(lost)}."
        )
