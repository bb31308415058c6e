"""Tasks, notes and the history of deals.

Tasks and notes have no custom fields, so their source key stands in the last line of their text.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.model import KEY_FIELD, Action, Held, ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import BUILT_IN
from migrator.vendors.activecampaign.http import every, read_rows
from migrator.vendors.activecampaign.recover import waits
from migrator.vendors.activecampaign.task_things import (
    Activity,
    Note,
    Task,
    read_activity,
    read_note,
    read_task,
)
from migrator.vendors.activecampaign.write import one_by_one
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from migrator.model import Op, Sent
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.wire import Clock

_KEY_LINE = re.compile(rf"\n*\[{KEY_FIELD}: ([^\n]*)\]\s*\Z")


def with_key(text: str, key: str) -> str:
    r"""A text with its source key in the last line.

    >>> with_key("Call Ann", "n-1")
    'Call Ann\n\n[migrator_key: n-1]'
    """
    return f"{text}\n\n[{KEY_FIELD}: {key}]".lstrip("\n")


def without_key(text: str | None) -> tuple[str | None, str | None]:
    r"""The text as it was in the source, and its key.

    >>> without_key("Call Ann\n\n[migrator_key: n-1]"), without_key("Call Bob")
    (('Call Ann', 'n-1'), ('Call Bob', None))
    """
    found = _KEY_LINE.search(text or "")
    if text is None or found is None:
        return text, None
    return text[: found.start()] or None, found.group(1)


# -- reading ---------------------------------------------------------------------------------------


async def export(tenant: Tenant, type: ObjectType, names: Collection[str]) -> AsyncIterator[Held]:
    """Every task, or every note, once; those that are not on a deal have no link.

    No ``names`` = all there are.
    """
    names = names or [*BUILT_IN[type]]
    if type is ObjectType.TASKS:
        titles = {one.id: one.title for one in await tenant.task_types()}
        async for page in every([tenant.calls.tasks.reader()], "tasks"):
            for task in read_rows(read_task, page.rows):
                yield _held_task(task, titles, names)
    else:
        async for page in every([tenant.calls.tasks.note_reader()], "notes"):
            for note in read_rows(read_note, page.rows):
                text, key = without_key(note.text)
                yield _held(type, note, key, {name: text for name in names if name == "note"})


def _held_task(task: Task, titles: Mapping[str, str], names: Collection[str]) -> Held:
    text, key = without_key(task.note)
    known = {
        "title": task.title,
        "note": text,
        "duedate": task.due,
        "dealTasktype": titles.get(task.type or "", task.type),
        "status": "1" if task.done else "0",
        "assignee": task.assignee,
    }
    return _held(ObjectType.TASKS, task, key, {name: known.get(name) for name in names})


def _held(
    type: ObjectType, one: Task | Note, key: str | None, properties: Mapping[str, str | None]
) -> Held:
    links = {ObjectType.DEALS: (one.on_deal,) if one.on_deal else ()}
    return Held(type, one.id, key, properties, links, one.updated)


async def activities(
    tenant: Tenant, deal: str = "", *, emails: bool = True
) -> AsyncIterator[Activity]:
    """What happened to one deal, or to all; history can be read and not written."""
    reader = tenant.calls.tasks.activity_reader(deal, emails=emails)
    async for page in every([reader], "activities"):
        for one in read_rows(read_activity, page.rows):
            if not deal or one.deal == deal:  # a filter may be ignored
                yield one


async def find(
    tenant: Tenant, type: ObjectType, keys: Collection[str], names: Collection[str]
) -> dict[str, Held]:
    """Tasks or notes by source key: all are read."""
    wanted = {key for key in keys if key.strip()}
    found: dict[str, Held] = {}
    if wanted:
        async for one in export(tenant, type, names):
            if one.key in wanted:
                found.setdefault(one.key, one)
    return found


async def recover(
    tenant: Tenant, clock: Clock, type: ObjectType, sent: Sequence[Sent]
) -> list[Outcome]:
    """Creates that landed, by the key in their text; looked for several times, as deals are."""
    waiting = {one.op.key for one in sent if one.op.action is Action.CREATE}
    outcomes: list[Outcome] = []
    for wait in waits(tenant.options):
        if not waiting:
            break
        await clock.sleep(wait)
        found = await find(tenant, type, waiting, ())
        outcomes += [Outcome(key, OpState.WRITTEN, held.id) for key, held in found.items()]
        waiting -= found.keys()
    return outcomes


# -- writing ---------------------------------------------------------------------------------------


async def write(
    tenant: Tenant, type: ObjectType, action: Action, ops: Sequence[Op]
) -> list[Outcome]:
    """Create, change or delete tasks or notes of deals, one by one."""
    carry_out = _task if type is ObjectType.TASKS else _note
    return await one_by_one(ops, partial(carry_out, tenant, action))


async def _task(tenant: Tenant, action: Action, op: Op) -> Outcome:
    calls = tenant.calls.tasks
    if action is Action.DELETE:
        return await _gone(tenant, op)
    content: dict[str, object] = dict(op.properties)
    if "dealTasktype" in content:
        content["dealTasktype"] = await task_type(tenant, op.properties["dealTasktype"])
    if "status" in content:
        content["status"] = int(op.properties["status"])
    if action is Action.UPDATE:
        if "note" in content:
            content["note"] = with_key(op.properties["note"], op.key)
        return Outcome(op.key, OpState.WRITTEN, (await calls.update(str(op.id), content)).id)
    for name, what in (("duedate", "a due date"), ("dealTasktype", "a type")):
        if name not in content:
            raise BadValue(f"missing_{name}", f"ActiveCampaign wants {what} for every task.")
    content["note"] = with_key(op.properties.get("note", ""), op.key)
    return Outcome(op.key, OpState.WRITTEN, (await calls.create(_deal(op), content)).id)


async def _note(tenant: Tenant, action: Action, op: Op) -> Outcome:
    calls = tenant.calls.tasks
    if action is Action.DELETE:
        return await _gone(tenant, op)
    text = with_key(op.properties.get("note", ""), op.key)
    if action is Action.UPDATE:
        await calls.update_note(_deal(op), str(op.id), text)
        return Outcome(op.key, OpState.WRITTEN, op.id)
    return Outcome(op.key, OpState.WRITTEN, (await calls.create_note(_deal(op), text)).id)


async def _gone(tenant: Tenant, op: Op) -> Outcome:
    calls = tenant.calls.tasks
    delete = calls.delete if op.type is ObjectType.TASKS else calls.delete_note
    try:
        await delete(str(op.id))
    except Refusal as refusal:
        if not refusal.not_found:
            raise
    return Outcome(op.key, OpState.WRITTEN, op.id)


def _deal(op: Op) -> str:
    for link in op.links:
        if link.type is ObjectType.DEALS and link.id:
            return link.id
    raise BadValue("no_deal", "A task or a note belongs to a deal, and this one names none.")


async def task_type(tenant: Tenant, title: str) -> str:
    """Id of a task type that is in use.

    Raises:
        BadValue: there is none of that title.
    """
    types = await tenant.task_types()
    for one in types:
        if one.active and title.strip().casefold() in {one.title.casefold(), one.id}:
            return one.id
    near = did_you_mean(title, [one.title for one in types if one.active])
    raise BadValue("unknown_task_type", f'The account has no task type "{title}".{near}')
