"""The account as an :class:`~migrator.model.Account`: what a load must know before it writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Account, FieldInfo, ObjectType, Owner, Pipeline, Stage
from migrator.vendors.activecampaign.catalogue import BUILT_IN, DEAL_FIELDS
from migrator.vendors.shared.names import status_of_stage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.vendors.activecampaign.tenant import Funnel, Tenant
    from migrator.vendors.activecampaign.things import StageRow


async def describe(tenant: Tenant, types: Collection[ObjectType]) -> Account:
    """Read user, users, pipelines and fields anew: a request for each as long as all are few.

    The API names no account, so its address tells accounts apart: every account has a host of its
    own, which stays the same (base URL page).
    """
    tenant.forget()
    host = tenant.calls.host
    me = await tenant.me()
    users = await tenant.calls.people.users()
    await tenant.roles()  # for the plan: one that is not there takes requests to create
    return Account(
        vendor="activecampaign",
        id=host,
        name=host,
        pipelines=tuple(_pipeline(funnel) for funnel in await tenant.funnels()),
        owners=tuple(Owner(user.id, user.email, user.name) for user in users),
        fields={type: await _fields(tenant, type) for type in sorted(types)},
        currency=await tenant.home_currency(),
        time_zone=me.zone,
    )


def _pipeline(funnel: Funnel) -> Pipeline:
    stages = tuple(stage(row) for row in funnel.stages)
    return Pipeline(funnel.group.id, funnel.group.title, stages)


def stage(row: StageRow) -> Stage:
    """A stage; what status its deals have is told by its title alone."""
    return Stage(row.id, row.title, status_of_stage(row.title))


async def _fields(tenant: Tenant, type: ObjectType) -> Mapping[str, FieldInfo]:
    if type is ObjectType.DEALS:
        return {**DEAL_FIELDS, **(await tenant.fields()).infos()}
    infos = dict(BUILT_IN[type])
    if type is ObjectType.TASKS:
        titles = {one.id: one.title for one in await tenant.task_types()}
        infos["dealTasktype"] = replace(infos["dealTasktype"], kind="choice", options=titles)
    return infos
