"""Creating pipelines, with what ActiveCampaign puts into them on its own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import read_rows
from migrator.vendors.activecampaign.tenant import Funnel, in_order
from migrator.vendors.activecampaign.things import read_deal
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import NewPipeline, NewStage
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import StageRow

AUTOMATIC = ("to contact", "in contact", "follow up")
"""Titles, in small letters, of the stages that every new pipeline is created with."""


async def provision_pipeline(tenant: Tenant, wanted: NewPipeline) -> None:
    """Create a pipeline, or complete the one of that title.

    Its automatic stages are given the wanted titles; those left over are deleted only when this
    very call created the pipeline. A pipeline that a kill left behind is found with nothing but
    automatic stages and without deals: there they are used as well, but none is deleted. In any
    other pipeline the stages are somebody's, and ours come behind them.

    Raises:
        InputError: ActiveCampaign turns it down.
        OutcomeUnknown: the answer is lost, and what was created is not there (yet).
    """
    try:
        funnel = await _named(tenant, wanted.label)
        if funnel is None:
            await _complete(tenant, await _create(tenant, wanted), wanted, ours=True)
        else:
            await _complete(tenant, funnel, wanted, ours=False)
    except Refusal as refusal:
        raise InputError(
            f'ActiveCampaign does not create the pipeline "{wanted.label}" as it is wanted: '
            f"{refusal.fault.message}. Create it in ActiveCampaign (Deals > Pipelines), or map the "
            "deals to one that is there."
        ) from refusal
    finally:
        tenant.forget()


async def _named(tenant: Tenant, label: str) -> Funnel | None:
    for funnel in await tenant.funnels():
        if folded(funnel.group.title) == folded(label):
            return funnel
    return None


async def _create(tenant: Tenant, wanted: NewPipeline) -> Funnel:
    calls = tenant.calls.pipelines
    try:
        group, stages = await calls.create_group(wanted.label, await tenant.currency_of(None))
    except OutcomeUnknown:
        tenant.forget()
        found = await _named(tenant, wanted.label)
        if found is None:
            raise
        return found
    found_stages = in_order(stages, group.id) or in_order(await calls.stages(group.id), group.id)
    return Funnel(group, found_stages)


async def _complete(tenant: Tenant, funnel: Funnel, wanted: NewPipeline, *, ours: bool) -> None:
    names = {folded(stage.label) for stage in wanted.stages}
    free = [stage for stage in funnel.stages if folded(stage.title) not in names]
    left_over = all(folded(stage.title) in AUTOMATIC for stage in free)
    if ours or (free and left_over and await is_empty(tenant, "group", funnel.group.id)):
        await _arrange(tenant, funnel, wanted, free)
        if ours:
            await _drop(tenant, free[_missing_count(funnel, wanted) :])
    else:
        order = max((stage.order for stage in funnel.stages), default=0)
        await _append(tenant, funnel, wanted.stages, order)


def _missing_count(funnel: Funnel, wanted: NewPipeline) -> int:
    return len(_missing(funnel.stages, wanted.stages))


def _missing(there: Sequence[StageRow], wanted: Sequence[NewStage]) -> list[NewStage]:
    known = {folded(stage.title) for stage in there}
    return [stage for stage in wanted if folded(stage.label) not in known]


async def _arrange(
    tenant: Tenant, funnel: Funnel, wanted: NewPipeline, free: Sequence[StageRow]
) -> None:
    """Give every wanted stage its place: one of that title, else a free one, else a new one."""
    calls = tenant.calls.pipelines
    by_title = {folded(stage.title): stage for stage in funnel.stages}
    spare = list(free)
    for order, new in enumerate(wanted.stages, 1):
        there = by_title.get(folded(new.label))
        if there is None and not spare:
            await _new_stage(tenant, funnel, new.label, order)
            continue
        stage = there or spare.pop(0)
        if stage.title != new.label or stage.order != order:
            await calls.update_stage(stage.id, {"title": new.label, "order": order})
    for order, stage in enumerate(spare, len(wanted.stages) + 1):
        if stage.order != order:
            await calls.update_stage(stage.id, {"order": order})


async def _drop(tenant: Tenant, surplus: Sequence[StageRow]) -> None:
    """Delete stages, each only after a look that no deal is in it: it would be lost as well."""
    for stage in surplus:
        if await is_empty(tenant, "stage", stage.id):
            await tenant.calls.pipelines.delete_stage(stage.id)


async def _append(tenant: Tenant, funnel: Funnel, wanted: Sequence[NewStage], order: int) -> None:
    for new in _missing(funnel.stages, wanted):
        order += 1
        await _new_stage(tenant, funnel, new.label, order)


async def _new_stage(tenant: Tenant, funnel: Funnel, title: str, order: int) -> None:
    calls = tenant.calls.pipelines
    try:
        await calls.create_stage(funnel.group.id, title, order)
    except OutcomeUnknown:
        there = await calls.stages(funnel.group.id)
        if all(folded(stage.title) != folded(title) for stage in there):
            raise


async def is_empty(tenant: Tenant, kind: str, id: str) -> bool:
    """Whether no deal is in a pipeline (``group``) or a ``stage``.

    Filters may be ignored: a page that shows any deal of another place proves nothing, and the
    answer is no.
    """
    page = await tenant.calls.deals.page(filters={kind: id})
    deals = read_rows(read_deal, page.rows)
    return not deals and not page.total
