"""Creating and deleting deals, and storing custom values that were not stored at first.

A deal is created by one request that is never repeated. That its custom fields failed is told by
an undocumented status in the answer; then the deal is there, and is repaired, never created again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import MigratorError, OutcomeUnknown
from migrator.model import KEY_FIELD, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.clearing import FIELDS_REFUSED, clear, parts, told
from migrator.vendors.activecampaign.content import new_deal, read_content
from migrator.vendors.activecampaign.read import texts
from migrator.vendors.activecampaign.values import same
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from migrator.model import Op
    from migrator.vendors.activecampaign.content import Content
    from migrator.vendors.activecampaign.tenant import Tenant


def refused(op: Op, error: Refusal | BadValue) -> Outcome:
    """A row that was turned down, by ActiveCampaign or by us before it left."""
    if isinstance(error, BadValue):
        return Outcome(op.key, OpState.REFUSED, None, error.code, str(error))
    return Outcome(op.key, OpState.REFUSED, None, error.fault.code, error.fault.message)


async def one_by_one(
    ops: Sequence[Op], carry_out: Callable[[Op], Awaitable[Outcome]]
) -> list[Outcome]:
    """Outcomes of ops each of which is a request of its own."""

    async def one(op: Op) -> list[Outcome]:
        try:
            return [await carry_out(op)]
        except (Refusal, BadValue) as error:
            return [refused(op, error)]

    return await in_turn([partial(one, op) for op in ops])


async def create(tenant: Tenant, op: Op) -> Outcome:
    """Create a deal, once, and see that its custom fields are there."""
    content = await new_deal(tenant, op)
    saved = await tenant.calls.deals.create(content.body())
    if saved.fields_saved or not content.custom:
        return Outcome(op.key, OpState.WRITTEN, saved.id)
    try:
        if saved.fields_saved is None and not await missing(tenant, saved.id, op, content):
            return Outcome(op.key, OpState.WRITTEN, saved.id)  # the answer just does not say
        return await repair(tenant, saved.id, op, content)
    except Refusal as refusal:
        return incomplete(op, saved.id, list(content.names.values()), str(refusal))
    except OutcomeUnknown:
        raise
    except MigratorError as error:  # the deal is there: the next load finds and repairs it
        raise OutcomeUnknown(
            f"Deal {saved.id} was created, but its custom fields were not stored yet: {error}"
        ) from error


async def missing(tenant: Tenant, deal: str, op: Op, content: Content) -> list[str]:
    """Ids of custom fields that do not hold what was sent; one request."""
    fields = await tenant.fields()
    there = texts(tenant, fields, await tenant.calls.fields.data_of(deal))
    kinds = {info.name: info for info in fields.infos().values()}
    lacking = []
    for id_, name in content.names.items():
        kind = "choices" if kinds[name].multiple else kinds[name].kind
        if not same(kind, op.properties[name], there.get(name)):
            lacking.append(id_)
    return lacking


async def repair(tenant: Tenant, deal: str, op: Op, content: Content) -> Outcome:
    """Store a deal's custom values: all in one update, else each by itself.

    The outcome is WRITTEN in any case, for the deal is there; it names the fields it lacks.
    """
    if await _in_one(tenant, deal, content):
        return Outcome(op.key, OpState.WRITTEN, deal)
    data = {datum.field: datum for datum in await tenant.calls.fields.data_of(deal)}
    failed: dict[str, str] = {}
    for id_ in await missing(tenant, deal, op, content):
        value = content.custom[id_]
        try:
            if id_ in data:
                await tenant.calls.fields.update_datum(data[id_].id, value)
            else:
                await tenant.calls.fields.create_datum(deal, id_, value)
        except Refusal as refusal:
            failed[content.names[id_]] = refusal.fault.message
    if not failed:
        return Outcome(op.key, OpState.WRITTEN, deal)
    why = "; ".join(f"{name}: {message}" for name, message in failed.items())
    return incomplete(op, deal, list(failed), why)


async def _in_one(tenant: Tenant, deal: str, content: Content) -> bool:
    fields = content.body()["fields"]
    try:
        saved = await tenant.calls.deals.update(deal, {"fields": fields})
    except Refusal:
        return False
    return saved.fields_saved is True


def incomplete(op: Op, deal: str, names: Sequence[str], why: str) -> Outcome:
    """A deal that was written without some of its custom fields."""
    message = f"the deal was written, but not its fields {', '.join(names)} ({why})."
    if KEY_FIELD in names:
        message += (
            f" It has no source key, so a later run does not know it: give deal {deal} the value "
            f'"{op.key}" in the field {KEY_FIELD} by hand.'
        )
    return Outcome(op.key, OpState.WRITTEN, deal, FIELDS_REFUSED, message)


async def update(tenant: Tenant, op: Op) -> Outcome:
    """Change a deal: everything in one PUT, custom values too; then delete what is to be blank."""
    found = parts(op)
    done = Outcome(op.key, OpState.WRITTEN, op.id)
    if found.sent:
        done = await _put(tenant, replace(op, properties=found.sent))
    if found.cleared:
        found.failed |= await clear(tenant, str(op.id), found.cleared)
    return told(op, done, found.failed)


async def _put(tenant: Tenant, op: Op) -> Outcome:
    """Change a deal to what is not blank."""
    deal = str(op.id)
    currency = None
    if tenant.money.needs_currency() and {"value"} <= op.properties.keys() - {"currency"}:
        currency = (await tenant.calls.deals.get(deal)).currency
    content = await read_content(tenant, op.properties, currency)
    saved = await tenant.calls.deals.update(deal, content.body())
    if saved.fields_saved or not content.custom:
        return Outcome(op.key, OpState.WRITTEN, op.id)
    if saved.fields_saved is None and not await missing(tenant, deal, op, content):
        return Outcome(op.key, OpState.WRITTEN, op.id)  # the answer just does not say
    return await repair(tenant, deal, op, content)


async def delete(tenant: Tenant, op: Op) -> Outcome:
    """Delete a deal; one that is gone already is deleted."""
    try:
        await tenant.calls.deals.delete(str(op.id))
    except Refusal as refusal:
        if not refusal.not_found:
            raise
    return Outcome(op.key, OpState.WRITTEN, op.id)
