"""Changes to pipelines, stages, fields, roles and task types, because a person asked for them.

None of them is ever part of a load, and none takes a deal or a value of one with it. Each answers
what it has done, in a sentence; things go by their titles or ids.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown
from migrator.vendors.activecampaign import naming, read
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import read_rows
from migrator.vendors.activecampaign.listing import listed
from migrator.vendors.activecampaign.pipelines import is_empty
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.things import read_datum, read_secondary
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Titled

_IN_USE, _OUT_OF_USE = 0, 1
"""``status`` of a task type."""

_BLANK: tuple[object, ...] = (None, "", [])
"""Values of custom fields that say nothing."""


# -- pipelines and stages --------------------------------------------------------------------------


async def rename_pipeline(tenant: Tenant, pipeline: str, title: str) -> str:
    """Give a pipeline another title.

    Raises:
        InputError: another pipeline has that title.
    """
    group = (await naming.pipeline(tenant, pipeline)).group
    others = [one.group for one in await tenant.funnels() if one.group.id != group.id]
    _ensure_free("pipeline", title, (one.title for one in others))
    await _done(tenant, tenant.calls.pipelines.update_group(group.id, {"title": title}))
    return f'The pipeline "{group.title}" is called "{title}" now.'


async def rename_stage(tenant: Tenant, pipeline: str, stage: str, title: str) -> str:
    """Give a stage another title.

    Raises:
        InputError: another stage of the pipeline has that title.
    """
    funnel = await naming.pipeline(tenant, pipeline)
    found = naming.stage(funnel, stage)
    _ensure_free("stage", title, (one.title for one in funnel.stages if one.id != found.id))
    await _done(tenant, tenant.calls.pipelines.update_stage(found.id, {"title": title}))
    return f'The stage "{found.title}" of "{funnel.group.title}" is called "{title}" now.'


def _ensure_free(what: str, title: str, others: Iterable[str]) -> None:
    """Two of one title could no longer be told apart by the templates that name it."""
    if folded(title) in map(folded, others):
        raise InputError(f'There is another {what} called "{title}". Choose another title.')


async def order_stages(tenant: Tenant, pipeline: str, *titles: str) -> str:
    """Put the stages of a pipeline into an order; those not named come behind, as they were."""
    funnel = await naming.pipeline(tenant, pipeline)
    first = [naming.stage(funnel, title) for title in titles]
    ordered = list(dict.fromkeys([*first, *funnel.stages]))
    for order, stage in enumerate(ordered, 1):
        if stage.order != order:
            await _done(tenant, tenant.calls.pipelines.update_stage(stage.id, {"order": order}))
    shown = ", ".join(stage.title for stage in ordered)
    return f'The stages of "{funnel.group.title}" are in this order now: {shown}.'


async def delete_stage(tenant: Tenant, pipeline: str, stage: str) -> str:
    """Delete a stage without deals.

    Raises:
        InputError: there are deals in it, which would be lost.
    """
    funnel = await naming.pipeline(tenant, pipeline)
    found = naming.stage(funnel, stage)
    if not await is_empty(tenant, "stage", found.id):
        raise InputError(
            f'The stage "{found.title}" of "{funnel.group.title}" has deals, which would be lost '
            "with it. Move them to another stage first: `migrator move-stage`."
        )
    await _deleted(tenant, tenant.calls.pipelines.delete_stage(found.id))
    return f'The stage "{found.title}" of "{funnel.group.title}" is deleted.'


async def delete_pipeline(tenant: Tenant, pipeline: str) -> str:
    """Delete a pipeline without deals, with its stages.

    Raises:
        InputError: there are deals in it, which would be lost.
    """
    group = (await naming.pipeline(tenant, pipeline)).group
    if not await is_empty(tenant, "group", group.id):
        raise InputError(
            f'The pipeline "{group.title}" has deals, which would be lost with it. Move them to '
            "another pipeline first: export them, change `pipeline` and `stage` in the file, and "
            "write that with --update-only."
        )
    await _deleted(tenant, tenant.calls.pipelines.delete_group(group.id))
    return f'The pipeline "{group.title}" is deleted with its stages.'


# -- fields ----------------------------------------------------------------------------------------


async def delete_field(tenant: Tenant, field: str) -> str:
    """Delete a custom field in which no deal has a value.

    Raises:
        InputError: it keeps the source keys, ActiveCampaign made it itself, or a deal has a value.
    """
    name, listed_ = await naming.field(tenant, field)
    meta = await tenant.calls.fields.meta(listed_.id)
    key = await tenant.key()
    if key is not None and key.id == meta.id:
        raise InputError(
            f'The field "{meta.label}" keeps the source keys, by which migrator finds again what '
            "it has written. Without it a second load would write everything twice."
        )
    if meta.known:
        raise InputError(f"The field \"{meta.label}\" is ActiveCampaign's own, not the account's.")
    holder = await _holder(tenant, name, meta.id)
    if holder is not None:
        raise InputError(
            f'The field "{meta.label}" has values, such as that of deal {holder}, which would be '
            "lost with it. Export the deals to keep them; who does not need them deletes the field "
            "in ActiveCampaign itself (Deals > Manage Fields)."
        )
    await _deleted(tenant, tenant.calls.fields.delete_meta(meta.id))
    return f'The field "{meta.label}" is deleted.'


async def _holder(tenant: Tenant, name: str, field: str) -> str | None:
    """Id of a deal that has a value in a field.

    A value may be listed still when its deal is gone. UNCERTAIN is whether values of deals that
    the key's user may not see are listed; those that are count.
    """
    if tenant.options.custom_fields == "include":
        return await _holder_in_all(tenant, name)
    reader = tenant.calls.fields.data_reader()
    async for page, _ in listed([reader], "values of custom fields"):
        for datum in read_rows(read_datum, page.rows):
            filled = datum.field == field and datum.value not in _BLANK
            if filled and await _is_there(tenant, datum.deal):
                return datum.deal
    return None


async def _holder_in_all(tenant: Tenant, name: str) -> str | None:
    with contextlib.closing(Scratch()) as scratch:
        async for held in read.every_deal(tenant, [name], scratch):
            if held.properties[name]:
                return held.id
    return None


async def _is_there(tenant: Tenant, deal: str) -> bool:
    try:
        await tenant.calls.deals.get(deal)
    except Refusal as refusal:
        if not refusal.not_found:
            raise
        return False
    return True


# -- roles -----------------------------------------------------------------------------------------


async def create_role(tenant: Tenant, title: str) -> str:
    """Create a deal role, unless there is one of that title."""
    for role in await tenant.calls.deals.roles():
        if folded(role.title) == folded(title):
            return f'There is a role "{role.title}" already, with the id {role.id}.'
    role = await tenant.calls.deals.create_role(title)
    tenant.forget()
    return f'The role "{role.title}" is created, with the id {role.id}.'


async def delete_role(tenant: Tenant, role: str) -> str:
    """Delete a role that no contact has.

    Raises:
        InputError: a contact of a deal has it.
    """
    found = naming.titled("role", await tenant.calls.deals.roles(), role)
    reader = tenant.calls.deals.secondary_reader()
    async for page, _ in listed([reader], "secondary contacts"):
        for one in read_rows(read_secondary, page.rows):
            if one.role == found.id:
                raise InputError(
                    f'The role "{found.title}" is that of contact {one.contact} in deal '
                    f"{one.deal}, and perhaps of others. Give them another one in ActiveCampaign "
                    "first."
                )
    await _deleted(tenant, tenant.calls.deals.delete_role(found.id))
    return f'The role "{found.title}" is deleted.'


# -- task types ------------------------------------------------------------------------------------


async def create_task_type(tenant: Tenant, title: str) -> str:
    """Create a task type; one of that title that is out of use is put into use again.

    Titles are unique, so that a request whose answer is lost is looked after by its title.
    """
    found = await _task_type(tenant, title)
    if found is None:
        try:
            made = await tenant.calls.tasks.create_type(title)
        except OutcomeUnknown:
            again = await _task_type(tenant, title)
            if again is None:
                raise
            made = again
        tenant.forget()
        return f'The task type "{made.title}" is created, with the id {made.id}.'
    if found.active:
        return f'There is a task type "{found.title}" already, with the id {found.id}.'
    await _set_status(tenant, found, _IN_USE)
    return f'The task type "{found.title}" is in use again.'


async def _task_type(tenant: Tenant, title: str) -> Titled | None:
    types = await tenant.calls.tasks.types()
    return next((one for one in types if folded(one.title) == folded(title)), None)


async def retire_task_type(tenant: Tenant, type: str) -> str:
    """Put a task type out of use: it cannot be deleted any more. Its tasks stay as they are."""
    found = naming.titled("task type", await tenant.calls.tasks.types(), type)
    await _set_status(tenant, found, _OUT_OF_USE)
    return (
        f'The task type "{found.title}" is out of use: no new task gets it. ActiveCampaign lets '
        "nobody delete a task type; `migrator move-tasks` gives its tasks another one."
    )


async def _set_status(tenant: Tenant, type: Titled, status: int) -> None:
    content = {"title": type.title, "status": status}
    await _done(tenant, tenant.calls.tasks.update_type(type.id, content))


# -- doing it --------------------------------------------------------------------------------------


async def _done(tenant: Tenant, change: Awaitable[object]) -> None:
    """Carry out a change; a refusal is told, and what was known of the account is forgotten."""
    try:
        await change
    except Refusal as refusal:
        raise _refused(refusal) from refusal
    finally:
        tenant.forget()


async def _deleted(tenant: Tenant, deletion: Awaitable[object]) -> None:
    """Carry out a deletion; what is gone by now (an answer was lost) is deleted."""
    try:
        await deletion
    except Refusal as refusal:
        if not refusal.not_found:
            raise _refused(refusal) from refusal
    finally:
        tenant.forget()


def _refused(refusal: Refusal) -> InputError:
    return InputError(f"ActiveCampaign refuses that: {refusal.fault.message}")
