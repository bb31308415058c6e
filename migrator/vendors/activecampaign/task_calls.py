"""Tasks, their types, activities and notes: one method per operation of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown, Unauthorized
from migrator.model import ObjectType
from migrator.vendors.activecampaign.answers import Refusal, number, objects, written
from migrator.vendors.activecampaign.http import Http, Reader, every, read_rows
from migrator.vendors.activecampaign.task_things import Note, Task, read_note, read_task
from migrator.vendors.activecampaign.things import Titled, read_titled
from migrator.wire import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.activecampaign.task_things import Parent

_OWNER_TYPES = {ObjectType.DEALS: "deal", ObjectType.CONTACTS: "contact"}
_REL_TYPES = {ObjectType.CONTACTS: "Subscriber", ObjectType.COMPANIES: "CustomerAccount"}
"""What requests call the types of parents."""

_TASKS = "dealTasks"
_TYPES = "dealTasktypes"


class TaskCalls:
    """Operations on tasks, task types, activities and notes."""

    def __init__(self, http: Http) -> None:
        self._http = http

    # -- tasks ---------------------------------------------------------------------------------

    def reader(self, filters: Mapping[str, str] | None = None) -> Reader:
        """Reads pages of ``GET /dealTasks``, which is documented to answer 201 and answers 200."""
        params = {f"filters[{name}]": value for name, value in (filters or {}).items()}
        return self._http.reader(_TASKS, _TASKS, params)

    async def get(self, task: str) -> Task:
        """``GET /dealTasks/{id}``."""
        return await self._http.one(f"{_TASKS}/{task}", "dealTask", read_task)

    async def create(self, parent: Parent, content: Mapping[str, object]) -> Task:
        """``POST /dealTasks``: ``duedate`` and ``dealTasktype`` are required."""
        type, id_ = parent
        whole = {"ownerType": _OWNER_TYPES[type], "relid": id_, **content}
        answer = await self._http.send("POST", _TASKS, {"dealTask": whole}, effect=Effect.ONCE)
        return written(answer, "dealTask", read_task, f"POST {_TASKS}")

    async def update(self, task: str, content: Mapping[str, object]) -> Task:
        """``PUT /dealTasks/{id}``."""
        path = f"{_TASKS}/{task}"
        answer = await self._http.send(
            "PUT", path, {"dealTask": dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, "dealTask", read_task, f"PUT {path}")

    async def delete(self, task: str) -> None:
        """``DELETE /dealTasks/{id}``."""
        await self._http.send("DELETE", f"{_TASKS}/{task}", effect=Effect.REPEATABLE)

    # -- task types ----------------------------------------------------------------------------

    async def types(self) -> list[Titled]:
        """``GET /dealTasktypes``: Call, Email, Lunch, Meeting and the account's own."""
        reader = self._http.reader(_TYPES, _TYPES)
        pages = [page async for page in every([reader], "task types")]
        return [one for page in pages for one in read_rows(read_titled, page.rows)]

    async def type(self, type: str) -> Titled:
        """``GET /dealTasktypes/{id}``."""
        return await self._http.one(f"{_TYPES}/{type}", "dealTasktype", read_titled)

    async def create_type(self, title: str) -> Titled:
        """``POST /dealTasktypes``: titles are unique."""
        content = {"dealTasktype": {"title": title, "status": 0}}
        answer = await self._http.send("POST", _TYPES, content, effect=Effect.ONCE)
        return written(answer, "dealTasktype", read_titled, f"POST {_TYPES}")

    async def update_type(self, type: str, content: Mapping[str, object]) -> Titled:
        """``PUT /dealTasktypes/{id}``; ``status`` 1 puts it out of use."""
        path = f"{_TYPES}/{type}"
        answer = await self._http.send(
            "PUT", path, {"dealTasktype": dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, "dealTasktype", read_titled, f"PUT {path}")

    async def delete_type(self, type: str) -> None:
        """``DELETE /dealTasktypes/{id}``: always forbidden by now.

        Raises:
            InputError: as documented; the text has the way out.
        """
        try:
            await self._http.send("DELETE", f"{_TYPES}/{type}", effect=Effect.REPEATABLE)
        except (Refusal, Unauthorized) as error:
            if isinstance(error, Refusal) and error.status != 403:
                raise
            raise InputError(
                "ActiveCampaign lets nobody delete a task type any more. Move its tasks to "
                "another type and put it out of use instead."
            ) from error

    async def move_tasks_of_type(self, type: str, to: str) -> list[Task]:
        """``PUT /dealTasktypes/{id}/dealTasks``: moves **all** tasks of a type to another.

        Only ever done because a person asked for it, and sent once.
        """
        path = f"{_TYPES}/{type}/dealTasks"
        answer = await self._http.send(
            "PUT", path, {"dealTask": {"dealTasktype": to}}, effect=Effect.ONCE
        )
        if not isinstance(answer.get("dealTasks"), list):
            raise OutcomeUnknown(f"PUT {path} was accepted, but the answer names no tasks.")
        return read_rows(read_task, objects(answer["dealTasks"]))

    # -- activities ----------------------------------------------------------------------------

    def activity_reader(self, deal: str = "", *, emails: bool = True) -> Reader:
        """Reads pages of ``GET /dealActivities``, of one deal or of all."""
        params = {"deal": deal} if deal else {}
        if not emails:
            params["exclude"] = "email"
        return self._http.reader("dealActivities", "dealActivities", params)

    # -- notes ---------------------------------------------------------------------------------

    def note_reader(self) -> Reader:
        """Reads pages of ``GET /notes``, those of contacts and companies among them."""
        return self._http.reader("notes", "notes")

    async def note(self, note: str) -> Note:
        """``GET /notes/{id}``."""
        return await self._http.one(f"notes/{note}", "note", read_note)

    def notes_of_deal(self, deal: str) -> Reader:
        """Reads pages of ``GET /deals/{id}/notes``.

        UNCERTAIN: a deal's answer names this address; no page documents it.
        """
        return self._http.reader(f"deals/{deal}/notes", "notes")

    async def create_note(self, parent: Parent, text: str) -> Note:
        """``POST /deals/{id}/notes``, or ``POST /notes``: by the key's user, as of now."""
        type, id_ = parent
        content: dict[str, object] = {"note": text}
        path = f"deals/{id_}/notes"
        if type is not ObjectType.DEALS:
            path = "notes"
            content |= {"relid": number(id_), "reltype": _REL_TYPES[type]}
        answer = await self._http.send("POST", path, {"note": content}, effect=Effect.ONCE)
        return written(answer, "note", read_note, f"POST {path}")

    async def update_note(self, parent: Parent | None, note: str, text: str) -> Note:
        """``PUT /deals/{id}/notes/{noteId}``, or ``PUT /notes/{id}`` for one that is on no deal."""
        on_deal = parent is not None and parent[0] is ObjectType.DEALS
        path = f"deals/{parent[1]}/notes/{note}" if parent and on_deal else f"notes/{note}"
        answer = await self._http.send(
            "PUT", path, {"note": {"note": text}}, effect=Effect.REPEATABLE
        )
        return written(answer, "note", read_note, f"PUT {path}")

    async def delete_note(self, note: str) -> None:
        """``DELETE /notes/{id}``."""
        await self._http.send("DELETE", f"notes/{note}", effect=Effect.REPEATABLE)
