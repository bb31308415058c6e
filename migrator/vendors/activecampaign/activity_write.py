"""Creating, changing and deleting tasks and notes, one request each.

Each hangs on one record, for good: a deal, else a contact, else (notes only) a company.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import PARENTS
from migrator.vendors.activecampaign.clearing import parts, told
from migrator.vendors.activecampaign.links import LINK_REFUSED
from migrator.vendors.activecampaign.write import one_by_one
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.model import Op
    from migrator.vendors.activecampaign.task_things import Note, Parent, Task
    from migrator.vendors.activecampaign.tenant import Tenant


def parent_of(op: Op) -> Parent:
    """What the record of an op hangs on.

    Raises:
        BadValue: it names nothing that it could.
    """
    for type in PARENTS[op.type]:
        for link in op.links:
            if link.type is type and link.id:
                return type, link.id
    raise BadValue("no_deal", "A task or a note belongs to a deal, and this one names none.")


class Writer:
    """Writes tasks and notes.

    Args:
        tenant: the account.

    Attributes:
        made: per type, ids of those that were created by this process: none of them can be one
            whose answer was lost.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._calls = tenant.calls.tasks
        self.made: dict[ObjectType, set[str]] = {type: set() for type in PARENTS}

    async def write(self, action: Action, ops: Sequence[Op]) -> list[Outcome]:
        """Carry out ops one by one."""
        carry_out = {Action.CREATE: self._create, Action.UPDATE: self._update}
        return await one_by_one(ops, carry_out.get(action, self._delete))

    async def _create(self, op: Op) -> Outcome:
        parent = parent_of(op)
        if op.type is ObjectType.NOTES:
            note = await self._calls.create_note(parent, op.properties.get("note", ""))
            return self._created(op, note)
        content = await self._content(op.properties)
        if "dealTasktype" not in content:
            content["dealTasktype"] = await self._type(self._tenant.options.task_type)
        if "duedate" not in content:
            raise BadValue("missing_due_at", "ActiveCampaign wants a due date for every task.")
        return self._created(op, await self._calls.create(parent, content))

    def _created(self, op: Op, one: Task | Note) -> Outcome:
        self.made[op.type].add(one.id)
        return Outcome(op.key, OpState.WRITTEN, one.id)

    async def _update(self, op: Op) -> Outcome:
        found = parts(op)
        if found.sent and op.type is ObjectType.TASKS:
            await self._calls.update(str(op.id), await self._content(found.sent))
        elif found.sent:
            parent = (await self._calls.note(str(op.id))).parent
            await self._calls.update_note(parent, str(op.id), found.sent["note"])
        return told(op, Outcome(op.key, OpState.WRITTEN, op.id), found.failed)

    async def _delete(self, op: Op) -> Outcome:
        """One that is gone already is deleted."""
        tasks = op.type is ObjectType.TASKS
        delete = self._calls.delete if tasks else self._calls.delete_note
        try:
            await delete(str(op.id))
        except Refusal as refusal:
            if not refusal.not_found:
                raise
        return Outcome(op.key, OpState.WRITTEN, op.id)

    async def _content(self, properties: Mapping[str, str]) -> dict[str, object]:
        """Properties of a task as the API wants them."""
        content: dict[str, object] = dict(properties)
        if "dealTasktype" in content:
            content["dealTasktype"] = await self._type(properties["dealTasktype"])
        if "status" in content:
            content["status"] = int(properties["status"])
        return content

    async def _type(self, name: str) -> str:
        """Id of a task type that is in use, by its id or title."""
        types = await self._tenant.task_types()
        wanted = name.strip().casefold()
        for one in types:
            if one.active and wanted in {one.title.casefold(), one.id}:
                return one.id
        if not wanted:
            raise BadValue(
                "missing_kind",
                "ActiveCampaign wants a type for every task. Name one in the row, or give all such "
                "tasks one with the option task_type.",
            )
        near = did_you_mean(name, [one.title for one in types if one.active])
        raise BadValue("unknown_task_type", f'The account has no task type "{name}".{near}')


async def link(tenant: Tenant, ops: Sequence[Op]) -> list[Outcome]:
    """Whether tasks and notes hang on what they are to hang on: they never change to another.

    A contact or a company beside a deal is the deal's own affair.
    """
    return await one_by_one(ops, partial(_link, tenant))


async def _link(tenant: Tenant, op: Op) -> Outcome:
    type, id_ = parent_of(op)
    if op.action is not Action.CREATE:
        calls = tenant.calls.tasks
        get = calls.get if op.type is ObjectType.TASKS else calls.note
        there = (await get(str(op.id))).parent
        id_ = there[1] if there and there[0] is type else ""
    others = [link.key for link in op.links if link.type is type and link.id != id_]
    if not others:
        return Outcome(op.key, OpState.WRITTEN, op.id)
    names = ", ".join(f'"{name}"' for name in others)
    one = "task" if op.type is ObjectType.TASKS else "note"
    message = f"a {one} belongs to one record in ActiveCampaign, and not to {names} as well"
    return Outcome(op.key, OpState.REFUSED, None, LINK_REFUSED, message)
