"""Moving all deals of a stage, or all tasks of a type, at once: the ids are looked at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from migrator.errors import InputError
from migrator.model import Pipeline
from migrator.vendors.activecampaign import account
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.shared.places import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from migrator.vendors.activecampaign.calls import Calls
    from migrator.vendors.activecampaign.things import Titled

_T = TypeVar("_T")


async def stage(calls: Calls, id: str) -> Place:
    """A stage and its pipeline, without the pipeline's other stages.

    Raises:
        InputError: the account has no such stage.
    """
    unknown = (
        f"The account has no stage with the id {id}. `migrator vendors describe` lists the stages "
        "and their ids."
    )
    row = await _there(calls.pipelines.stage(id), unknown)
    group = await _there(calls.pipelines.group(row.group or ""), unknown)  # it may be gone
    return Place(Pipeline(group.id, group.title, ()), account.stage(row))


async def _there(read: Awaitable[_T], unknown: str) -> _T:
    try:
        return await read
    except Refusal as refusal:
        if not refusal.not_found:
            raise
        raise InputError(unknown) from refusal


async def move_stage(calls: Calls, from_id: str, to_id: str) -> None:
    """Move all deals of a stage to another.

    Raises:
        InputError: one of them is not there, both are one, or their pipelines differ.
    """
    source, target = await stage(calls, from_id), await stage(calls, to_id)
    if source.stage.id == target.stage.id:
        raise InputError(f'"{source.stage.label}" is the stage the deals are in. Name another.')
    if source.pipeline.id != target.pipeline.id:
        raise InputError(
            f'"{source.stage.label}" is a stage of "{source.pipeline.label}" and '
            f'"{target.stage.label}" one of "{target.pipeline.label}": ActiveCampaign moves all '
            "deals of a stage within one pipeline only. Change the deals by a file instead."
        )
    await calls.pipelines.move_deals_of_stage(from_id, to_id)


async def task_type(calls: Calls, id: str) -> Titled:
    """A task type.

    Raises:
        InputError: the account has no such type.
    """
    return await _there(calls.tasks.type(id), f"The account has no task type with the id {id}.")


async def move_tasks(calls: Calls, from_id: str, to_id: str) -> None:
    """Give all tasks of a type another one.

    Raises:
        InputError: one of them is not there, both are one, or the second is out of use.
    """
    source, target = await task_type(calls, from_id), await task_type(calls, to_id)
    if source.id == target.id:
        raise InputError(f'"{source.title}" is the type the tasks have. Name another.')
    if not target.active:
        raise InputError(f'The task type "{target.title}" is out of use. Name another.')
    await calls.tasks.move_tasks_of_type(from_id, to_id)
