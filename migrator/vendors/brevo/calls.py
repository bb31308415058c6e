"""Every operation of the API that is used: one method each, named for what it does.

``GET`` reads, ``PATCH`` and ``DELETE`` may be repeated, ``POST`` that creates may not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from migrator.model import ObjectType
from migrator.vendors.brevo.answers import (
    Json,
    Refusal,
    check,
    nested,
    objects,
    odd,
    text,
    unclear,
    whole,
)
from migrator.wire import Effect, Part, request, told_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from migrator.wire import Clock

_RECORDS = {
    ObjectType.DEALS: "/crm/deals",
    ObjectType.COMPANIES: "/companies",
    ObjectType.NOTES: "/crm/notes",
    ObjectType.TASKS: "/crm/tasks",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        total: records in the whole list, where the answer tells (``pager`` is undocumented).
        limit: how many a page has by the server's word.
    """

    items: list[Json]
    total: int | None = None
    limit: int | None = None


class Transport:
    """Requests to one account, and what time it is over there."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._server: tuple[datetime, float] | None = None

    def server_now(self) -> datetime | None:
        """The instant by the server's clock; None as long as no answer had a ``Date``."""
        if self._server is None:
            return None
        then, at = self._server
        return then + timedelta(seconds=self._clock.monotonic() - at)

    async def send(  # noqa: PLR0913  # the parts of a request
        self,
        method: str,
        path: str,
        effect: Effect,
        *,
        content: object = None,
        params: Mapping[str, str] | None = None,
        parts: Mapping[str, Part] | None = None,
        leaving: Callable[[], None] | None = None,
    ) -> Any:  # noqa: ANN401  # whatever JSON can say
        """Send one request; the JSON of its answer."""
        response = await request(
            self._client,
            method,
            path,
            effect=effect,
            json=content,
            params=params,
            parts=parts,
            leaving=leaving,
        )
        self._note_time(response)
        return check(response, f"{method} {path}")

    def _note_time(self, response: httpx.Response) -> None:
        then = told_at(response)
        if then is not None:
            self._server = then, self._clock.monotonic()

    async def read_object(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """GET an object."""
        found = await self.send("GET", path, Effect.NONE, params=params)
        if not isinstance(found, dict):
            raise odd(f"GET {path}", "not with a JSON object")
        return found

    async def read_list(self, path: str, params: Mapping[str, str] | None = None) -> list[Json]:
        """GET an array of objects."""
        found = await self.send("GET", path, Effect.NONE, params=params)
        if not isinstance(found, list):
            raise odd(f"GET {path}", "not with a JSON array")
        return objects(found)

    async def read_one(self, path: str, params: Mapping[str, str] | None = None) -> Json | None:
        """GET one object of an id; None when there is none, or the id cannot be one (400)."""
        try:
            return await self.read_object(path, params)
        except Refusal as refusal:
            if refusal.status in {400, 404}:
                return None
            raise

    async def read_record(self, path: str, params: Mapping[str, str] | None = None) -> Json | None:
        """As ``read_one``, of a record; an answer without its id is none."""
        found = await self.read_one(path, params)
        if found is not None and text(found.get("id")) is None:
            raise odd(f"GET {path}", "it names no id")
        return found


class Calls(Transport):
    """Pipelines, attributes, deals, companies, imports, processes, notes and tasks."""

    # -- the account ---------------------------------------------------------------------------

    async def account(self) -> Json:
        """GET /account."""
        return await self.read_object("/account")

    async def pipelines(self) -> list[Json]:
        """GET /crm/pipeline/details/all; creates the default pipeline where there is none."""
        return await self.read_list("/crm/pipeline/details/all")

    async def pipeline(self, id: str) -> list[Json]:
        """GET /crm/pipeline/details/{id}: an array, though of one."""
        return await self.read_list(f"/crm/pipeline/details/{_id(id)}")

    async def default_pipeline(self) -> Json:
        """GET /crm/pipeline/details, deprecated: the default pipeline, as an object."""
        return await self.read_object("/crm/pipeline/details")

    async def attributes(self, type: ObjectType) -> list[Json]:
        """GET /crm/attributes/deals or /crm/attributes/companies."""
        return await self.read_list(f"/crm/attributes/{type}")

    async def create_attribute(
        self, type: ObjectType, kind: str, label: str, options: Sequence[str]
    ) -> str | None:
        """POST /crm/attributes; its id, which no list shows. The answer has no internal name.

        Labels are unique, so that repeating leaves one.
        """
        content: Json = {"objectType": str(type), "attributeType": kind, "label": label}
        if options:
            content["optionsLabels"] = list(options)
        found = await self.send("POST", "/crm/attributes", Effect.REPEATABLE, content=content)
        return text(found.get("id")) if isinstance(found, dict) else None

    async def change_options(self, type: ObjectType, id: str, options: Mapping[str, str]) -> None:
        """PATCH /crm/attributes/{id}: the whole list of options, key to label."""
        labels = [{"key": key, "value": label} for key, label in options.items()]
        content = {"objectType": str(type), "optionsLabels": labels}
        path = f"/crm/attributes/{_id(id)}"
        await self.send("PATCH", path, Effect.REPEATABLE, content=content)

    # -- records ---------------------------------------------------------------------------------

    async def records(self, type: ObjectType, params: Mapping[str, str]) -> Page:
        """GET /crm/deals (by offset) or /companies (by page number, from 1)."""
        path = records_path(type)
        found = await self.read_object(path, params)
        items = found.get("items")
        # An account without any has been seen to leave the list out.
        if items is not None and not isinstance(items, list):
            raise odd(f"GET {path}", "its items are no list")
        pager = nested(found, "pager")
        return Page(objects(items), whole(pager.get("total")), whole(pager.get("limit")))

    async def record(self, type: ObjectType, id: str) -> Json | None:
        """GET /crm/deals/{id}, /companies/{id}, /crm/notes/{id} or /crm/tasks/{id}."""
        return await self.read_record(f"{records_path(type)}/{_id(id)}")

    async def create(self, type: ObjectType, content: Json) -> str:
        """POST /crm/deals, /crm/tasks (201), /companies or /crm/notes (200); the new id."""
        path = records_path(type)
        found = await self.send("POST", path, Effect.ONCE, content=content)
        return _new_id(found, f"POST {path}")

    async def update(self, type: ObjectType, id: str, content: Json) -> None:
        """PATCH /crm/deals/{id}, /crm/notes/{id}, /crm/tasks/{id} (204), /companies/{id} (or 200).

        Link arrays would replace what is linked; they are never sent here.
        """
        path = f"{records_path(type)}/{_id(id)}"
        await self.send("PATCH", path, Effect.REPEATABLE, content=content)

    async def delete(self, type: ObjectType, id: str) -> None:
        """DELETE /crm/deals/{id}, /companies/{id}, /crm/notes/{id} or /crm/tasks/{id} (204)."""
        await self.send("DELETE", f"{records_path(type)}/{_id(id)}", Effect.REPEATABLE)

    async def link_deal(self, id: str, contacts: Sequence[int], companies: Sequence[str]) -> None:
        """PATCH /crm/deals/link-unlink/{id} (204): additive, and harmless to repeat."""
        await self._link_unlink(id, {"linkContactIds": contacts, "linkCompanyIds": companies})

    async def unlink_deal(self, id: str, contacts: Sequence[int], companies: Sequence[str]) -> None:
        """The same, taking away; what is not linked is none the worse for it."""
        await self._link_unlink(id, {"unlinkContactIds": contacts, "unlinkCompanyIds": companies})

    async def _link_unlink(self, id: str, ids: Mapping[str, Sequence[int] | Sequence[str]]) -> None:
        content = {name: list(some) for name, some in ids.items() if some}
        path = f"/crm/deals/link-unlink/{_id(id)}"
        await self.send("PATCH", path, Effect.REPEATABLE, content=content)

    # -- imports and processes -----------------------------------------------------------------

    async def import_file(
        self,
        type: ObjectType,
        file: bytes,
        mapping: Json,
        leaving: Callable[[], None] | None = None,
    ) -> int | None:
        """POST /crm/deals/import or /companies/import; the process's id ("integer or null").

        ``mapping`` is a form field of JSON text and holds switches, no columns. A file sent twice
        leaves its rows twice.
        """
        path = f"{records_path(type)}/import"
        parts = {
            "file": Part(file, "text/csv", f"{type}.csv"),
            "mapping": Part(json.dumps(mapping).encode(), "text/plain"),
        }
        found = await self.send("POST", path, Effect.ONCE, parts=parts, leaving=leaving)
        if isinstance(found, dict) and found.get("processId", "") is None:
            return None
        return _process_id(found, f"POST {path}")

    async def process(self, id: int) -> Json | None:
        """GET /processes/{id}; None when Brevo does not show it."""
        return await self.read_one(f"/processes/{id}")

    async def processes(self) -> list[Json]:
        """GET /processes: the newest fifty, which is the most of a page."""
        found = await self.read_object("/processes", {"limit": "50", "sort": "desc"})
        return objects(found.get("processes"))

    # -- notes and tasks -----------------------------------------------------------------------

    async def notes(self, params: Mapping[str, str]) -> Page:
        """GET /crm/notes: a bare array, which does not tell how many there are."""
        return Page(await self.read_list("/crm/notes", params))

    async def tasks(self, params: Mapping[str, str]) -> Page:
        """GET /crm/tasks, which does not tell it either."""
        return Page(objects((await self.read_object("/crm/tasks", params)).get("items")))

    async def task_types(self) -> list[Json]:
        """GET /crm/tasktypes: an array; the older pages show one object."""
        found = await self.send("GET", "/crm/tasktypes", Effect.NONE)
        return objects(found if isinstance(found, list) else [found])


class ContactCalls(Transport):
    """Contacts, their attributes and lists; they have a quota of their own."""

    async def contacts(self, params: Mapping[str, str]) -> Page:
        """GET /contacts, by creation."""
        found = await self.read_object("/contacts", params)
        return Page(objects(found.get("contacts")), whole(found.get("count")))

    async def contact(self, email: str) -> Json | None:
        """GET /contacts/{email}."""
        path = f"/contacts/{quote(email, safe='')}"
        return await self.read_record(path, {"identifierType": "email_id"})

    async def contact_of_id(self, id: str) -> Json | None:
        """GET /contacts/{id}."""
        return await self.read_record(f"/contacts/{_id(id)}", {"identifierType": "contact_id"})

    async def create_contact(self, content: Json) -> str:
        """POST /contacts (201); 400 ``duplicate_parameter`` when the address is there."""
        found = await self.send(
            "POST", "/contacts", Effect.ONCE, content={**content, "updateEnabled": False}
        )
        return _new_id(found, "POST /contacts")

    async def update_contact(self, id: str, content: Json) -> None:
        """PUT /contacts/{id} (204)."""
        path = f"/contacts/{_id(id)}"
        await self.send("PUT", path, Effect.REPEATABLE, content=content)

    async def delete_contact(self, id: str) -> None:
        """DELETE /contacts/{id} (204)."""
        await self.send("DELETE", f"/contacts/{_id(id)}", Effect.REPEATABLE)

    async def import_contacts(self, contacts: Sequence[Json], list_id: int) -> int:
        """POST /contacts/import (202); the process's id. Contacts that are there stay as they are.

        Attributes the account does not know are ignored silently.
        """
        content = {
            "jsonBody": list(contacts),
            "listIds": [list_id],
            "updateExistingContacts": False,
            "emptyContactsAttributes": False,
            "disableNotification": True,
        }
        found = await self.send("POST", "/contacts/import", Effect.ONCE, content=content)
        return _process_id(found, "POST /contacts/import")

    async def contact_attributes(self) -> list[Json]:
        """GET /contacts/attributes."""
        return objects((await self.read_object("/contacts/attributes")).get("attributes"))

    async def create_contact_attribute(self, category: str, name: str, content: Json) -> None:
        """POST /contacts/attributes/{category}/{name} (201); the name is the label too."""
        path = f"/contacts/attributes/{category}/{quote(name, safe='')}"
        await self.send("POST", path, Effect.REPEATABLE, content=content)

    async def lists(self, offset: int) -> Page:
        """GET /contacts/lists, fifty at a time, which is the most."""
        params = {"limit": "50", "offset": str(offset)}
        found = await self.read_object("/contacts/lists", params)
        return Page(objects(found.get("lists")), whole(found.get("count")))

    async def create_list(self, name: str, folder: int) -> int:
        """POST /contacts/lists (201). Another list of the same name would do no harm."""
        content = {"name": name, "folderId": folder}
        found = await self.send("POST", "/contacts/lists", Effect.REPEATABLE, content=content)
        return _new_number(found, "POST /contacts/lists")

    async def folders(self) -> list[Json]:
        """GET /contacts/folders: the first of them."""
        params = {"limit": "10", "offset": "0"}
        return objects((await self.read_object("/contacts/folders", params)).get("folders"))

    async def create_folder(self, name: str) -> int:
        """POST /contacts/folders (201)."""
        content = {"name": name}
        found = await self.send("POST", "/contacts/folders", Effect.REPEATABLE, content=content)
        return _new_number(found, "POST /contacts/folders")


def records_path(type: ObjectType) -> str:
    """Where the records of a type are; those of contacts are told by :class:`ContactCalls`."""
    return _RECORDS[type]


def _id(id: str) -> str:
    """An id as a part of a path; ids are opaque, and one from elsewhere may have any character."""
    return quote(id, safe="")


def _new_id(found: object, what: str) -> str:
    id_ = found.get("id") if isinstance(found, dict) else None
    if not isinstance(id_, str | int) or id_ == "":
        raise unclear(what, "the answer names no id")
    return str(id_)


def _new_number(found: object, what: str) -> int:
    number = whole(_new_id(found, what))
    if number is None:
        raise unclear(what, "the id is no number")
    return number


def _process_id(found: object, what: str) -> int:
    """The id to watch an import by."""
    process = whole(found.get("processId")) if isinstance(found, dict) else None
    if process is None:
        raise unclear(what, "the answer names no process")
    return process
