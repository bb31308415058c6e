"""Commands that change many records or a pipeline at once, because a person asked for it.

None of them is ever part of a load. Each first says what it will do, and does it only then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import InputError, did_you_mean
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import every, read_rows
from migrator.vendors.activecampaign.pipelines import is_empty
from migrator.vendors.activecampaign.task_things import read_task
from migrator.vendors.activecampaign.things import read_deal
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from migrator.vendors.activecampaign.tenant import Funnel, Tenant
    from migrator.vendors.activecampaign.things import StageRow, Titled


@dataclass(frozen=True, slots=True)
class Step:
    """What a command is about to do: a sentence, and how many records it touches."""

    what: str
    count: int


async def move_stage(
    tenant: Tenant, pipeline: str, stage: str, to: str, agree: Callable[[Step], bool]
) -> int:
    """Move all deals of a stage to another of the same pipeline; how many were moved.

    Args:
        tenant: the account.
        pipeline: title or id.
        stage: title or id of the stage to empty.
        to: title or id of the stage to fill.
        agree: is told what is about to happen, with the number of deals; False ends it.

    Raises:
        InputError: there is no such stage, or both are one.
    """
    funnel = await _funnel(tenant, pipeline)
    source, target = _stage(funnel, stage), _stage(funnel, to)
    if source.id == target.id:
        raise InputError(f'"{source.title}" is the stage the deals are in. Name another.')
    count = await _deals_in(tenant, source.id)
    where = f'stage "{source.title}" to "{target.title}" in "{funnel.group.title}"'
    if count == 0 or not agree(Step(f"move all deals of {where}", count)):
        return 0
    return len(await tenant.calls.pipelines.move_deals_of_stage(source.id, target.id))


async def _deals_in(tenant: Tenant, stage: str) -> int:
    """How many deals a stage has; those that a filter should have left out are not counted."""
    count = 0
    async for page in every([tenant.calls.deals.reader(filters={"stage": stage})], "deals"):
        count += sum(deal.stage == stage for deal in read_rows(read_deal, page.rows))
    return count


async def move_tasks(tenant: Tenant, type: str, to: str, agree: Callable[[Step], bool]) -> int:
    """Move all tasks of a type to another type; how many were moved.

    Raises:
        InputError: there is no such type, or both are one.
    """
    types = await tenant.calls.tasks.types()
    source, target = _titled(types, type), _titled(types, to)
    if source.id == target.id:
        raise InputError(f'"{source.title}" is the type the tasks have. Name another.')
    count = 0
    async for page in every([tenant.calls.tasks.reader({"d_tasktypeid": source.id})], "tasks"):
        count += sum(task.type == source.id for task in read_rows(read_task, page.rows))
    step = Step(f'move all tasks of type "{source.title}" to "{target.title}"', count)
    if count == 0 or not agree(step):
        return 0
    return len(await tenant.calls.tasks.move_tasks_of_type(source.id, target.id))


async def retire_task_type(tenant: Tenant, type: str) -> None:
    """Put a task type out of use: it cannot be deleted any more."""
    one = _titled(await tenant.calls.tasks.types(), type)
    await tenant.calls.tasks.update_type(one.id, {"title": one.title, "status": 1})


async def rename_pipeline(tenant: Tenant, pipeline: str, title: str) -> None:
    """Give a pipeline another title."""
    funnel = await _funnel(tenant, pipeline)
    await _done(tenant, tenant.calls.pipelines.update_group(funnel.group.id, {"title": title}))


async def rename_stage(tenant: Tenant, pipeline: str, stage: str, title: str) -> None:
    """Give a stage another title."""
    found = _stage(await _funnel(tenant, pipeline), stage)
    await _done(tenant, tenant.calls.pipelines.update_stage(found.id, {"title": title}))


async def order_stages(tenant: Tenant, pipeline: str, titles: Sequence[str]) -> None:
    """Put the stages of a pipeline into an order; those not named come behind, as they were."""
    funnel = await _funnel(tenant, pipeline)
    first = [_stage(funnel, title) for title in titles]
    ordered = list(dict.fromkeys([*first, *funnel.stages]))
    for order, stage in enumerate(ordered, 1):
        if stage.order != order:
            await tenant.calls.pipelines.update_stage(stage.id, {"order": order})
    tenant.forget()


async def delete_stage(tenant: Tenant, pipeline: str, stage: str) -> None:
    """Delete a stage without deals.

    Raises:
        InputError: there are deals in it, which would be lost.
    """
    funnel = await _funnel(tenant, pipeline)
    found = _stage(funnel, stage)
    if not await is_empty(tenant, "stage", found.id):
        raise InputError(
            f'The stage "{found.title}" of "{funnel.group.title}" has deals, which would be lost '
            "with it. Move them to another stage first."
        )
    await _done(tenant, tenant.calls.pipelines.delete_stage(found.id))


async def delete_pipeline(tenant: Tenant, pipeline: str) -> None:
    """Delete a pipeline without deals, with its stages.

    Raises:
        InputError: there are deals in it, which would be lost.
    """
    funnel = await _funnel(tenant, pipeline)
    if not await is_empty(tenant, "group", funnel.group.id):
        raise InputError(
            f'The pipeline "{funnel.group.title}" has deals, which would be lost with it. Move '
            "them to another pipeline first."
        )
    await _done(tenant, tenant.calls.pipelines.delete_group(funnel.group.id))


async def create_role(tenant: Tenant, title: str) -> str:
    """Id of the deal role of this title, created when it is not there."""
    for role in await tenant.calls.deals.roles():
        if folded(role.title) == folded(title):
            return role.id
    role = await tenant.calls.deals.create_role(title)
    tenant.forget()
    return role.id


async def _done(tenant: Tenant, change: Awaitable[object]) -> None:
    try:
        await change
    except Refusal as refusal:
        raise InputError(f"ActiveCampaign refuses that: {refusal.fault.message}") from refusal
    finally:
        tenant.forget()


async def _funnel(tenant: Tenant, name: str) -> Funnel:
    tenant.forget()
    funnels = await tenant.funnels()
    found = [one for one in funnels if folded(one.group.title) == folded(name)]
    found = found or [one for one in funnels if one.group.id == name.strip()]
    if len(found) != 1:
        raise _not_one("pipeline", name, [one.group.title for one in funnels], len(found))
    return found[0]


def _stage(funnel: Funnel, name: str) -> StageRow:
    found = [one for one in funnel.stages if folded(one.title) == folded(name)]
    found = found or [one for one in funnel.stages if one.id == name.strip()]
    if len(found) != 1:
        raise _not_one("stage", name, [one.title for one in funnel.stages], len(found))
    return found[0]


def _titled(titled: Sequence[Titled], name: str) -> Titled:
    found = [one for one in titled if folded(name) in {folded(one.title), one.id}]
    if len(found) != 1:
        raise _not_one("task type", name, [one.title for one in titled], len(found))
    return found[0]


def _not_one(what: str, name: str, titles: Sequence[str], count: int) -> InputError:
    if count:
        return InputError(f'There are {count} {what}s called "{name}". Name the id instead.')
    near = did_you_mean(name, titles)
    known = ", ".join(f'"{title}"' for title in titles) or "none"
    return InputError(f'There is no {what} "{name}".{near} There are: {known}.')
