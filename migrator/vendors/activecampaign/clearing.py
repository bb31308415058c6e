"""Blank values of an update: which fields they clear, and how.

The documented way to have no value in a custom field is to delete the value; what null or blank
text do to one is not documented (UNCERTAIN). Of the built-in fields few can be blank: the others
are left as they are, and the outcome names them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.model import Op
    from migrator.vendors.activecampaign.tenant import Tenant

FIELDS_REFUSED = "fields_refused"
"""Code of an outcome: the record was written, but some of its fields were not."""

_NEVER_BLANK: Mapping[ObjectType, Collection[str]] = {
    ObjectType.DEALS: DEAL_FIELDS.keys() - {"description"},
    ObjectType.CONTACTS: {"email"},
    ObjectType.COMPANIES: {"name", "owner"},
    ObjectType.NOTES: {"note"},
    ObjectType.TASKS: {"title", "duedate", "dealTasktype", "status", "assignee"},
}

_NEVER = "ActiveCampaign has no way to leave it blank"


def clears(op: Op) -> bool:
    """Whether an update clears a field."""
    return not all(op.properties.values())


@dataclass
class Parts:
    """What becomes of the properties of an update.

    Attributes:
        sent: those that are written as they are.
        cleared: custom fields whose values are deleted.
        failed: fields that stay as they are, with the reason.
    """

    sent: dict[str, str] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def parts(op: Op) -> Parts:
    """The properties of an update by what becomes of them."""
    found = Parts()
    never = _NEVER_BLANK.get(op.type, ())
    custom = op.type is ObjectType.DEALS
    for name, value in op.properties.items():
        if value or (name not in never and not (custom and name not in DEAL_FIELDS)):
            found.sent[name] = value
        elif name in never:
            found.failed[name] = _NEVER
        else:
            found.cleared.append(name)
    return found


async def clear(tenant: Tenant, deal: str, names: Collection[str]) -> dict[str, str]:
    """Delete the values of custom fields of a deal; those that stay, with the reason.

    Raises:
        Refusal: the deal is gone.
    """
    data = await tenant.calls.fields.data_of(deal)
    if not data:
        await tenant.calls.deals.get(deal)
    fields = await tenant.fields()
    metas = {meta.id: name for name in names if (meta := fields.meta(name)) is not None}
    failed: dict[str, str] = {}
    for datum in data:
        if datum.field not in metas:
            continue
        try:
            await tenant.calls.fields.delete_datum(datum.id)
        except Refusal as refusal:
            if not refusal.not_found:
                failed[metas[datum.field]] = refusal.fault.message
    return failed


def told(op: Op, done: Outcome, failed: Mapping[str, str]) -> Outcome:
    """An outcome with the fields that stay as they are; REFUSED when that is all of them."""
    if not failed:
        return done
    message = "; ".join(f"{name}: {why}" for name, why in failed.items())
    if failed.keys() == op.properties.keys():
        return Outcome(op.key, OpState.REFUSED, None, FIELDS_REFUSED, message)
    message = f"written, but not {message}"
    if done.message:
        message = f"{done.message} {message}"
    return replace(done, code=FIELDS_REFUSED, message=message)
