"""Notes, tasks and files: what is attached to deals, contacts and companies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.vendors.brevo.sandbox.answers import (
    Answer,
    Refusal,
    bad_route_id,
    flag_of,
    invalid,
    list_of,
    missing,
    not_found,
    text_of,
)
from migrator.vendors.brevo.sandbox.multipart import parts
from migrator.vendors.brevo.sandbox.values import instant, is_id, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.brevo.sandbox.answers import Call, Json, Object
    from migrator.vendors.brevo.sandbox.organization import Organization

MAX_NOTE = 3_000
MAX_FILE = 10_000_000
FILE_SECONDS = 300
NOTE_LINKS: Final = {"contacts": "contactIds", "deals": "dealIds", "companies": "companyIds"}
TASK_LINKS: Final = {"contacts": "contactsIds", "deals": "dealsIds", "companies": "companiesIds"}
FILE_LINKS: Final = {"contacts": "contactId", "deals": "dealId", "companies": "companyId"}
_STATUS: Final = {"done": True, "undone": False}


class _Shelf:
    """What notes, tasks and files have in common: bodies by id, oldest first."""

    def __init__(
        self,
        organization: Organization,
        held: dict[str, Object],
        title: str,
        fields: Mapping[str, str],
    ) -> None:
        self._org = organization
        self._held = held
        self._title = title
        self._fields = fields

    def one(self, call: Call) -> Object:
        """The one a path names."""
        id = call.args["id"]
        if not is_id(id):
            raise bad_route_id()
        found = self._held.get(id)
        if found is None:
            raise not_found(self._title)
        return found

    def delete(self, call: Call) -> Answer:
        """``DELETE /{id}``."""
        del self._held[str(self.one(call)["id"])]
        return Answer(204)

    def links(self, body: Object) -> Object:
        """The ids that a body links to; unknown ones are a 400."""
        found: Object = {}
        for kind, name in self._fields.items():
            if name in body:
                ids = list_of(body, name)
                for id in ids:
                    if not isinstance(id, int | str) or self._org.find(kind, id) is None:
                        raise invalid(f"{name} is not valid")
                found[name] = ids
        return found

    def page(self, call: Call, tests: list[Callable[[Object], bool]]) -> list[Json]:
        """A page of those that pass, the newest first unless asked otherwise."""
        limit = min(call.whole("limit", 50), self._org.options.max_page)
        offset = call.whole("offset", 0)
        found = [one for one in self._held.values() if all(test(one) for test in tests)]
        if call.descending():
            found.reverse()
        return [*found[offset : offset + limit]]

    def by_entity(self, call: Call) -> list[Callable[[Object], bool]]:
        """``entity`` with ``entityIds``, and ``dateFrom`` and ``dateTo`` in epoch milliseconds."""
        tests: list[Callable[[Object], bool]] = []
        if entity := call.query.get("entity"):
            if entity not in self._fields:
                raise invalid("entity is not valid")
            name = self._fields[entity]
            ids = set(filter(None, call.query.get("entityIds", "").split(",")))
            tests.append(lambda one: _matches(one.get(name), ids))
        if "dateFrom" in call.query:
            earliest = call.whole("dateFrom", 0)
            tests.append(lambda one: _millis(one["createdAt"]) >= earliest)
        if "dateTo" in call.query:
            latest = call.whole("dateTo", 0)
            tests.append(lambda one: _millis(one["createdAt"]) <= latest)
        return tests

    def now(self) -> str:
        """The instant, with milliseconds."""
        return iso(self._org.instant().epoch, millis=True)


def _matches(value: Json, ids: set[str]) -> bool:
    """Whether a link field holds one of these ids; without ids, whether it holds any."""
    held = {str(one) for one in (value if isinstance(value, list) else [value]) if one}
    return bool(held & ids) if ids else bool(held)


def _linked_to(field: str, ids: set[str]) -> Callable[[Object], bool]:
    return lambda one: _matches(one[field], ids)


def _millis(value: Json) -> int:
    return int((instant(str(value)) or 0.0) * 1_000)


class Notes:
    """The endpoints ``/crm/notes``."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization
        self._shelf = _Shelf(organization, organization.notes, "Note", NOTE_LINKS)
        self.delete = self._shelf.delete

    def index(self, call: Call) -> Answer:
        """A bare array."""
        return Answer(200, self._shelf.page(call, self._shelf.by_entity(call)))

    def create(self, call: Call) -> Answer:
        """200 with the id; the author is the key's user."""
        body = self._body(call)
        me, now = self._org.me, self._shelf.now()
        id = self._org.new_id()
        links: Object = {name: [] for name in NOTE_LINKS.values()}
        self._org.notes[id] = {
            "id": id,
            "text": body["text"],
            **links,
            **self._shelf.links(body),
            "authorId": {"id": me.id, "email": me.email},
            "createdAt": now,
            "updatedAt": now,
        }
        return Answer(200, {"id": id})

    def get(self, call: Call) -> Answer:
        """One note."""
        return Answer(200, self._shelf.one(call))

    def update(self, call: Call) -> Answer:
        """The text is required here as well; lists of links are replaced."""
        note = self._shelf.one(call)
        body = self._body(call)
        note.update({"text": body["text"], **self._shelf.links(body)})
        note["updatedAt"] = self._shelf.now()
        return Answer(204)

    @staticmethod
    def _body(call: Call) -> Object:
        if not call.content_type.lower().startswith("application/json"):
            raise Refusal(415, "bad_request", "Content-Type should be application/json")
        body = call.object()
        text = text_of(body, "text")
        if not text:
            raise missing("text")
        if len(text) > MAX_NOTE:
            raise invalid(f"text should not exceed {MAX_NOTE} characters")
        return body


class Tasks:
    """The endpoints ``/crm/tasks`` and ``/crm/tasktypes``."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization
        self._shelf = _Shelf(organization, organization.tasks, "Task", TASK_LINKS)
        self.delete = self._shelf.delete

    def types(self, _call: Call) -> Answer:
        """``GET /crm/tasktypes``: an array (an older page shows one object)."""
        types = self._org.task_types
        return Answer(200, [{"id": id, "title": title} for id, title in types.items()])

    def index(self, call: Call) -> Answer:
        """``GET /crm/tasks``: the filters are in the singular here, ``filter[deals]``."""
        tests: list[Callable[[Object], bool]] = []
        for kind, field in TASK_LINKS.items():
            if ids := call.query.get(f"filter[{kind}]"):
                tests.append(_linked_to(field, set(ids.split(","))))
        if type := call.query.get("filter[type]"):
            tests.append(lambda one: one["taskTypeId"] == type)
        if status := call.query.get("filter[status]"):
            done = _STATUS.get(status)
            if done is None:
                raise invalid("filter[status] is not valid")
            tests.append(lambda one: one["done"] is done)
        if text := call.query.get("filter[assignTo]"):
            user = self._org.user(text)
            tests.append(lambda one: user is not None and one["assignToId"] == user.id)
        if "dateFrom" in call.query:
            earliest = call.whole("dateFrom", 0)
            tests.append(lambda one: _millis(one["date"]) >= earliest)
        if "dateTo" in call.query:
            latest = call.whole("dateTo", 0)
            tests.append(lambda one: _millis(one["date"]) <= latest)
        return Answer(200, {"items": self._shelf.page(call, tests)})

    def create(self, call: Call) -> Answer:
        """201 with the id."""
        body = call.object()
        for name in ("name", "taskTypeId", "date"):
            if not text_of(body, name):
                raise missing(name)
        id = self._org.new_id()
        links: Object = {name: [] for name in TASK_LINKS.values()}
        fresh: Object = {"id": id, **links, "done": False, "assignToId": self._org.me.id}
        self._org.tasks[id] = {**fresh, **self._checked(body), "createdAt": self._shelf.now()}
        return Answer(201, {"id": id})

    def get(self, call: Call) -> Answer:
        """One task."""
        return Answer(200, self._shelf.one(call))

    def update(self, call: Call) -> Answer:
        """Merged; lists of links are replaced."""
        task = self._shelf.one(call)
        task.update(self._checked(call.object()))
        return Answer(204)

    def _checked(self, body: Object) -> Object:
        found = {**self._shelf.links(body), **_plain(body)}
        if "taskTypeId" in found and found["taskTypeId"] not in self._org.task_types:
            raise invalid("taskTypeId is not valid")
        if assignee := text_of(body, "assignToId"):
            user = self._org.user(assignee)
            if user is None:
                raise invalid("assignToId is not valid")
            found["assignToId"] = user.id
        return found


def _plain(body: Object) -> Object:
    """What a task says without naming another record."""
    found: Object = {
        name: text
        for name in ("name", "taskTypeId", "date", "notes")
        if (text := text_of(body, name)) is not None
    }
    if "date" in found and instant(str(found["date"])) is None:
        raise invalid("date is not valid")
    if "done" in body:
        found["done"] = flag_of(body, "done", default=False)
    if "duration" in body:
        duration = body["duration"]
        if not isinstance(duration, int) or duration < 0:
            raise invalid("duration is not valid")
        found["duration"] = duration
    if "reminder" in body:
        found["reminder"] = body["reminder"]
    return found


class Files:
    """The endpoints ``/crm/files``, and the addresses they give out."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization
        self._shelf = _Shelf(organization, organization.files, "File", FILE_LINKS)
        self._contents: dict[str, bytes] = {}
        self._open: dict[str, tuple[float, str]] = {}
        self.delete = self._shelf.delete

    def index(self, call: Call) -> Answer:
        """A bare array."""
        return Answer(200, self._shelf.page(call, self._shelf.by_entity(call)))

    def create(self, call: Call) -> Answer:
        """201 with the file's data; one of deal, contact and company has it."""
        form = parts(call)
        part = form.get("file")
        if part is None or part.file_name is None:
            raise missing("file")
        if len(part.content) > MAX_FILE:
            raise Refusal(400, "out_of_range", "file should not exceed 10 MB")
        parents = [(kind, name) for kind, name in FILE_LINKS.items() if name in form]
        if len(parents) != 1:
            raise invalid("Provide one of dealId, contactId, companyId")
        kind, name = parents[0]
        text = form[name].content.decode("utf-8", "replace")
        parent = int(text) if kind == "contacts" and text.isdigit() else text
        if self._org.find(kind, parent) is None:
            raise invalid(f"{name} is not valid")
        id = self._org.new_id()
        data: Object = {
            "id": id,
            "name": part.file_name,
            "size": len(part.content),
            "authorId": self._org.me.id,
            name: parent,
            "createdAt": self._shelf.now(),
        }
        self._org.files[id] = data
        self._contents[id] = part.content
        return Answer(201, data)

    def get(self, call: Call) -> Answer:
        """An address to read the file from, which closes after five minutes."""
        id = str(self._shelf.one(call)["id"])
        path = f"/files/{self._org.new_id()}"
        self._open[path] = (self._org.instant().clock + FILE_SECONDS, id)
        return Answer(200, {"fileUrl": call.origin + path})

    def data(self, call: Call) -> Answer:
        """What is known of a file."""
        return Answer(200, self._shelf.one(call))

    def download(self, path: str) -> bytes | None:
        """The content behind an address that is open; no key is asked for."""
        until, id = self._open.get(path, (0.0, ""))
        if self._org.instant().clock > until or id not in self._org.files:
            return None
        return self._contents[id]
