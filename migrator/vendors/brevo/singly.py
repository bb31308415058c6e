"""Deals and companies one request each: the road for few, on which Brevo says why it refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from migrator.errors import InputError, MigratorError, OutcomeUnknown
from migrator.model import KEY_FIELD, ObjectType, OpState, Outcome
from migrator.vendors.brevo.account import read_pipeline
from migrator.vendors.brevo.answers import Json, Refusal, whole
from migrator.vendors.brevo.schema import KEYED
from migrator.vendors.brevo.settle import Gap, gap, refused, written
from migrator.vendors.brevo.values import for_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from migrator.model import Link, Op
    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.brevo.session import Session

NAME = {ObjectType.DEALS: "deal_name", ObjectType.COMPANIES: "name"}
_LINK_KEYS = {
    ObjectType.CONTACTS: "linkedContactsIds",
    ObjectType.COMPANIES: "linkedCompaniesIds",
    ObjectType.DEALS: "linkedDealsIds",
}
_PLACE = frozenset({"pipeline", "deal_stage"})


@contextmanager
def in_doubt(what: str, so_far: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Make of whatever stops the rest that a part was carried out, when it was.

    Raises:
        OutcomeUnknown: in place of any other error.
    """
    try:
        yield
    except OutcomeUnknown:
        raise
    except MigratorError as error:
        if so_far():
            raise OutcomeUnknown(f"{what}, then: {error}") from error
        raise


async def create(session: Session, type: ObjectType, ops: Sequence[Op]) -> list[Outcome]:
    """Create records one by one, and look at each: what Brevo does not know it may just drop."""
    if any(KEY_FIELD in op.properties for op in ops):
        await session.keyed(type)
    schema = await session.schema(type)
    outcomes: list[Outcome] = []

    def any_written() -> bool:
        return any(outcome.state is OpState.WRITTEN for outcome in outcomes)

    with in_doubt(f"Brevo created a part of {len(ops)} {type}", any_written):
        for op in ops:
            content = _content(type, schema, op.properties)
            content.update(_links(op.links))
            try:
                id_ = await session.calls.create(type, content)
            except Refusal as refusal:
                outcomes.append(await _refused(session, op, refusal))
                continue
            session.wrote()
            outcomes.append(Outcome(op.key, OpState.WRITTEN, id_))
            item = await _look(session, op, id_)
            if item is not None:
                outcomes[-1] = written(op, id_, gap(session, schema, op, item))
    return outcomes


async def _look(session: Session, op: Op, id: str) -> Json | None:
    """The record that was just created; of one without a key the id is worth more than a look."""
    try:
        return await session.calls.record(op.type, id)
    except MigratorError:
        if keyless(op):
            return None
        raise


def keyless(op: Op) -> bool:
    """Whether a create carries no source key, so that nothing but its answer tells its id."""
    return op.type in KEYED and KEY_FIELD not in op.properties


async def update(session: Session, type: ObjectType, ops: Sequence[Op]) -> list[Outcome]:
    """Change records one by one; repeating it is harmless."""
    outcomes: list[Outcome] = []
    with in_doubt(f"Brevo changed a part of {len(ops)} {type}", lambda: bool(outcomes)):
        for op in ops:
            left, reason = await change(session, op, op.properties)
            outcomes.append(changed(op, left, reason))
    return outcomes


def changed(op: Op, left: tuple[str, ...], reason: Refusal | None) -> Outcome:
    """The outcome of an update that lacks these fields; lacking all, it was refused."""
    if reason is not None and len(left) == len(op.properties):
        return refused(op, reason.code, reason.message)
    if left and len(left) == len(op.properties):
        return refused(op, "fields_refused", f"Brevo kept none of it: {', '.join(left)}")
    return written(op, op.id, Gap(left), (reason.message,) if reason else ())


async def change(
    session: Session, op: Op, properties: Mapping[str, str]
) -> tuple[tuple[str, ...], Refusal | None]:
    """Change properties of one record; those it does not hold then, and why if Brevo says."""
    schema = await session.schema(op.type)
    content = _content(op.type, schema, await with_pipeline(session, properties))
    try:
        await session.calls.update(op.type, str(op.id), content)
    except Refusal as refusal:
        told = await _refused(session, op, refusal)
        return tuple(properties), Refusal(refusal.status, told.code, told.message, "an update")
    session.wrote()
    item = await session.calls.record(op.type, str(op.id))
    if item is None:
        return tuple(properties), Refusal(404, "document_not_found", "it is gone", "an update")
    left = gap(session, schema, op, item).fields
    return tuple(name for name in left if name in properties), None


async def delete(session: Session, type: ObjectType, ops: Sequence[Op]) -> list[Outcome]:
    """Delete records one by one; one that is gone already is as wanted."""
    outcomes: list[Outcome] = []
    with in_doubt(f"Brevo deleted a part of {len(ops)} {type}", lambda: bool(outcomes)):
        for op in ops:
            try:
                if type is ObjectType.CONTACTS:
                    await session.contact_calls.delete_contact(str(op.id))
                else:
                    await session.calls.delete(type, str(op.id))
            except Refusal as refusal:
                if refusal.status != 404:
                    outcomes.append(refused(op, refusal.code, refusal.message))
                    continue
            outcomes.append(Outcome(op.key, OpState.WRITTEN, op.id))
    session.wrote()
    return outcomes


def _content(type: ObjectType, schema: Schema, properties: Mapping[str, str]) -> Json:
    """The body of a create or an update: the name stands apart from the attributes."""
    attributes = {
        schema.internal(name): for_json(schema.info(name), value)
        for name, value in properties.items()
        if name != NAME[type]
    }
    content: Json = {"attributes": attributes} if attributes else {}
    if NAME[type] in properties:
        content["name"] = properties[NAME[type]]
    return content


def _links(links: Iterable[Link]) -> Json:
    content: Json = {}
    for link in links:
        number = whole(link.id) if link.type is ObjectType.CONTACTS else None
        content.setdefault(_LINK_KEYS[link.type], []).append(number or link.id)
    return content


async def with_pipeline(session: Session, properties: Mapping[str, str]) -> Mapping[str, str]:
    """A stage goes with its pipeline: Brevo wants both to move a deal."""
    if "deal_stage" not in properties or "pipeline" in properties:
        return properties
    found = (await session.stages()).of_stage(properties["deal_stage"])
    return {**properties, "pipeline": found.id} if found else properties


async def _refused(session: Session, op: Op, refusal: Refusal) -> Outcome:
    """The outcome, with a word on the pipeline when that may be what Brevo means.

    ("Invalid attribute" is all that Brevo says of a stage that is gone.)
    """
    message = refusal.message
    pipeline, stage = op.properties.get("pipeline"), op.properties.get("deal_stage")
    if refusal.status == 400 and pipeline and stage:
        message += await _about_place(session, pipeline, stage)
    return refused(op, refusal.code, message)


async def _about_place(session: Session, pipeline: str, stage: str) -> str:
    try:
        items = await session.calls.pipeline(pipeline)
    except InputError:
        items = []
    found = [one for item in items if (one := read_pipeline(item)).id == pipeline]
    if not found:
        return f" (the account has no pipeline with the id {pipeline})"
    if all(one.id != stage for one in found[0].stages):
        labels = ", ".join(f'"{one.label}"' for one in found[0].stages)
        return (
            f' (the pipeline "{found[0].label}" has no stage with the id {stage}; it has {labels})'
        )
    return ""
