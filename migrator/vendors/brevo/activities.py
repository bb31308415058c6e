"""Writing notes and tasks, one request each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.brevo.activity_recover import Mark, linked_ids, look
from migrator.vendors.brevo.answers import Json, Refusal, text, whole
from migrator.vendors.brevo.encode_activity import TASK_TYPE, letters
from migrator.vendors.brevo.names import LINKS
from migrator.vendors.brevo.settle import refused
from migrator.vendors.brevo.singly import changed
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migrator.model import Op
    from migrator.vendors.brevo.session import Session

_DEFAULT_TYPE = "todo"
"""Letters of the type of a task that names none."""


async def write(
    session: Session,
    action: Action,
    ops: Sequence[Op],
    note: Callable[[str], None],
) -> list[Outcome]:
    """Carry out creates, updates or deletes, one after the other."""
    if action is Action.CREATE:
        return await in_turn([partial(_create, session, op, note) for op in ops])
    step = _update if action is Action.UPDATE else _delete
    return await in_turn([partial(step, session, op) for op in ops])


async def _create(session: Session, op: Op, note: Callable[[str], None]) -> list[Outcome]:
    content = _content(op)
    for parent, name in LINKS[op.type].items():
        ids = [str(link.id) for link in op.links if link.type is parent]
        if ids:
            content[name] = _ids(parent, ids)
    if op.type is ObjectType.TASKS and TASK_TYPE not in content:
        type_id = await _default_type(session)
        if type_id is None:
            return [refused(op, "no_task_type", "The account has no types of tasks.")]
        content[TASK_TYPE] = type_id
    alike = session.written[look(op)]
    told = session.calls.server_now()
    note(str(Mark(told or session.clock.now(), told is not None, frozenset(alike))))
    try:
        id_ = await session.calls.create(op.type, content)
    except Refusal as refusal:
        return [refused(op, refusal.code, refusal.message)]
    alike.add(id_)
    session.wrote()
    return [Outcome(op.key, OpState.WRITTEN, id_)]


async def _default_type(session: Session) -> str | None:
    """The type for things to do; where there is none, the first."""
    types = await session.task_types()
    todo = (id_ for id_, title in types.items() if letters(title) == _DEFAULT_TYPE)
    return next(todo, next(iter(types), None))


async def _update(session: Session, op: Op) -> list[Outcome]:
    """Change what is named; links that are not stay as they are.

    UNCERTAIN is that blank text or null clears a field: so it is looked whether it did.
    """
    try:
        await session.calls.update(op.type, str(op.id), _content(op))
    except Refusal as refusal:
        return [refused(op, refusal.code, refusal.message)]
    session.wrote()
    cleared = [name for name, value in op.properties.items() if not value]
    item = await session.calls.record(op.type, str(op.id)) if cleared else None
    left = tuple(name for name in cleared if item and text(item.get(name)))
    return [changed(op, left, None)]


async def _delete(session: Session, op: Op) -> list[Outcome]:
    try:
        await session.calls.delete(op.type, str(op.id))
    except Refusal as refusal:
        if refusal.status != 404:
            return [refused(op, refusal.code, refusal.message)]
    session.wrote()
    return [Outcome(op.key, OpState.WRITTEN, op.id)]


async def link(session: Session, op: Op) -> list[Outcome]:
    """Link a note or task to more records."""
    return [
        await _relink(session, op, lambda ids, more: [*ids, *(i for i in more if i not in ids)])
    ]


async def unlink(session: Session, op: Op) -> list[Outcome]:
    """Part a note or task from records."""
    return [await _relink(session, op, lambda ids, less: [i for i in ids if i not in less])]


async def _relink(
    session: Session, op: Op, change: Callable[[list[str], list[str]], list[str]]
) -> Outcome:
    """Give it other links: lists of them replace what was there, so that it is read before.

    UNCERTAIN is that a list that is not sent stays; so all of them are.
    """
    item = await session.calls.record(op.type, str(op.id))
    if item is None:
        return refused(op, "document_not_found", "it is gone")
    there = linked_ids(op.type, item)
    wanted = {
        type: change(there[type], [str(one.id) for one in op.links if one.type is type])
        for type in there
    }
    if wanted == there:
        return Outcome(op.key, OpState.WRITTEN, op.id)
    content: Json = {LINKS[op.type][type]: _ids(type, ids) for type, ids in wanted.items()}
    if op.type is ObjectType.NOTES:
        content["text"] = item.get("text")  # which no change of a note may lack
    try:
        await session.calls.update(op.type, str(op.id), content)
    except Refusal as refusal:
        return refused(op, refusal.code, refusal.message)
    session.wrote()
    return Outcome(op.key, OpState.WRITTEN, op.id)


def _ids(type: ObjectType, ids: Iterable[str]) -> list[Any]:
    """Ids as the API takes them: those of contacts are numbers."""
    return [whole(id_) or id_ if type is ObjectType.CONTACTS else id_ for id_ in ids]


def _content(op: Op) -> Json:
    """The body of a create or an update."""
    content: Json = dict(op.properties)
    if "done" in content:
        content["done"] = content["done"] == "true"
    if content.get("assignToId") == "":
        content["assignToId"] = None
    return content
