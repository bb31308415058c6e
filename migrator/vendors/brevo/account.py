"""The account as an :class:`~migrator.model.Account`: what a load must know before it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import Account, ObjectType, Owner, Pipeline, Stage
from migrator.vendors.brevo.answers import Json, Refusal, nested, objects, text
from migrator.vendors.brevo.schema import note_fields, task_fields
from migrator.vendors.shared.names import status_of_stage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.model import FieldInfo
    from migrator.vendors.brevo.calls import Calls
    from migrator.vendors.brevo.session import Session

OWNER = "deal_owner"


async def describe(session: Session, types: Collection[ObjectType]) -> Account:
    """Read the account, its pipelines and its attributes: two requests and one per type."""
    session.forget()
    details = await session.calls.account()
    id_ = text(details.get("organization_id")) or text(details.get("email"))
    if not id_:
        raise InputError("GET /account names no account. Look whether BREVO_BASE_URL is right.")
    fields: dict[ObjectType, Mapping[str, FieldInfo]] = {}
    owners = await _owners(session)
    for type in sorted(types):
        if type is ObjectType.NOTES:
            fields[type] = note_fields()
        elif type is ObjectType.TASKS:
            fields[type] = task_fields(await session.task_types(), owners)
        else:
            fields[type] = (await session.schema(type)).fields
    currency = session.options.currency
    return Account(
        vendor="brevo",
        id=id_,
        name=text(details.get("companyName")) or id_,
        pipelines=await session.pipelines(),
        owners=owners,
        fields=fields,
        currency=currency.upper() if currency else None,
        time_zone=text(nested(details, "dateTimePreferences").get("timezone")),
    )


async def read_pipelines(calls: Calls) -> tuple[Pipeline, ...]:
    """All pipelines; where the list is refused, the default one by the deprecated form."""
    try:
        items = await calls.pipelines()
    except Refusal as refusal:
        if refusal.status not in {400, 404, 405}:
            raise
        items = [await calls.default_pipeline()]
    return tuple(pipeline for item in items if (pipeline := read_pipeline(item)).id)


def read_pipeline(item: Json) -> Pipeline:
    """A pipeline as the API shows it; its id is called ``pipeline``."""
    id_ = text(item.get("pipeline")) or text(item.get("id")) or ""
    stages = []
    for stage in objects(item.get("stages")):
        stage_id = text(stage.get("id"))
        if stage_id:
            label = text(stage.get("name")) or stage_id
            stages.append(Stage(stage_id, label, status_of_stage(label)))
    return Pipeline(id_, text(item.get("pipeline_name")) or id_, tuple(stages))


async def _owners(session: Session) -> tuple[Owner, ...]:
    """Users of the account: the options of a deal's owner, else of a company's.

    UNCERTAIN: seen live for companies only.
    """
    for type, name in ((ObjectType.DEALS, OWNER), (ObjectType.COMPANIES, "owner")):
        info = (await session.schema(type)).fields.get(name)
        if info and info.options:
            return tuple(Owner(id_, email, "") for id_, email in info.options.items())
    return ()
