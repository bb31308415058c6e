"""The endpoints ``/contacts`` that name one contact, and their list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.vendors.brevo.sandbox.answers import (
    Answer,
    Refusal,
    flag_of,
    invalid,
    list_of,
    missing,
    not_found,
    object_of,
)
from migrator.vendors.brevo.sandbox.book import ContactAttribute
from migrator.vendors.brevo.sandbox.store import Contact
from migrator.vendors.brevo.sandbox.values import instant, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.vendors.brevo.sandbox.answers import Call, Json, Object
    from migrator.vendors.brevo.sandbox.organization import Organization

MAX_LIMIT = 1_000
_FILTER = re.compile(r'equals\(([A-Z0-9_]+),"([^"]*)"\)')
_CATEGORIES = ("normal", "transactional", "category", "calculated", "global")
_TYPES = ("text", "date", "float", "boolean", "id", "category", "multiple-choice", "user")


class Contacts:
    """Contacts one by one, their list, and their attributes."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization
        self._book = organization.book

    def index(self, call: Call) -> Answer:
        """``GET /contacts``: at most 1,000; ``count`` is of all that match."""
        limit = call.whole("limit", 50, MAX_LIMIT)
        offset = call.whole("offset", 0)
        order = self._org.contacts.listed(self._org.instant().clock)
        rows = [row for row in order if isinstance(row, Contact)]
        for test in self._tests(call):
            rows = [row for row in rows if test(row)]
        if call.descending():
            rows.reverse()
        page = [_body(row) for row in rows[offset : offset + limit]]
        return Answer(200, {"contacts": [*page], "count": len(rows)})

    def create(self, call: Call) -> Answer:
        """``POST /contacts``: one that is there is a 400 unless ``updateEnabled``."""
        body = call.object()
        given = object_of(body, "attributes")
        who = self._book.identity(body.get("email"), body.get("ext_id"), given)
        values = self._book.checked(given)
        if not any(who):
            raise missing("email")
        lists = self._lists(list_of(body, "listIds"))
        held = self._book.holder(who) if flag_of(body, "updateEnabled", default=False) else None
        self._book.free(who, held)
        at = self._org.instant()
        if held is None:
            made = self._book.add(who, values, at)
        else:
            made = held
            self._book.change(held, who, values, at)
        self._more(made, body, lists)
        if held is not None and self._org.options.upsert_status == 204:
            return Answer(204)
        return Answer(201, {"id": made.id})

    def get(self, call: Call) -> Answer:
        """``GET /contacts/{identifier}``."""
        return Answer(200, {**_body(self._contact(call)), "statistics": {}})

    def update(self, call: Call) -> Answer:
        """``PUT /contacts/{identifier}``: attributes are merged."""
        contact = self._contact(call)
        body = call.object()
        given = object_of(body, "attributes")
        who = self._book.identity(given.get("EMAIL"), body.get("ext_id"), given)
        values = self._book.checked(given)
        lists = self._lists(list_of(body, "listIds"))
        self._book.free(who, contact)
        self._book.change(contact, who, values, self._org.instant())
        self._more(contact, body, lists)
        contact.lists -= self._lists(list_of(body, "unlinkListIds"))
        return Answer(204)

    def delete(self, call: Call) -> Answer:
        """``DELETE /contacts/{identifier}``: its links go with it."""
        contact = self._contact(call)
        clock = self._org.instant().clock
        self._org.forget("contacts", contact, clock)
        self._book.remove(contact, clock)
        return Answer(204)

    def attributes(self, _call: Call) -> Answer:
        """``GET /contacts/attributes``."""
        listed: list[Json] = [
            {"name": name, "category": one.category, "type": one.type}
            for name, one in self._book.attributes.items()
        ]
        return Answer(200, {"attributes": listed})

    def create_attribute(self, call: Call) -> Answer:
        """``POST /contacts/attributes/{category}/{name}``; names become upper case."""
        category, name = call.args["category"], call.args["name"].upper()
        type = call.object().get("type", "text")
        if category not in _CATEGORIES:
            raise invalid("attributeCategory is not valid")
        if not isinstance(type, str) or type not in _TYPES:
            raise invalid("type is not valid")
        if not re.fullmatch(r"[A-Z0-9_-]+", name):
            raise invalid("Attribute name must be alphanumeric")
        if name in self._book.attributes:
            raise invalid("Attribute name must be unique")
        self._book.attributes[name] = ContactAttribute(category, type)
        return Answer(201)

    def _contact(self, call: Call) -> Contact:
        """By address, id or telephone number as such; external ids need their type (documented)."""
        text = call.args["identifier"]
        digits = text.removeprefix("+")
        number = int(digits) if digits.isascii() and digits.isdigit() else 0
        found: Contact | None
        match call.query.get("identifierType"):
            case None if number:
                found = self._org.contacts.rows.get(number) or self._book.by_phone(text)
            case None if "@" not in text:
                raise invalid("Invalid contact ID")
            case None | "email_id":
                found = self._book.by_email(text)
            case "contact_id":
                found = self._org.contacts.rows.get(number)
            case "ext_id":
                found = self._book.by_ext_id(text)
            case "phone_id":
                found = self._book.by_phone(text)
            case _:
                raise invalid("identifierType is not valid")
        if found is None:
            raise Refusal(404, "document_not_found", "Contact does not exist")
        return found

    def _lists(self, ids: list[Json]) -> set[int]:
        found = {id for id in ids if isinstance(id, int)}
        if len(found) < len(ids) or not found <= self._org.lists.keys():
            raise invalid("List ID does not exist")
        return found

    def _more(self, contact: Contact, body: Object, lists: set[int]) -> None:
        contact.lists |= lists
        contact.email_blacklisted = flag_of(body, "emailBlacklisted", contact.email_blacklisted)
        contact.sms_blacklisted = flag_of(body, "smsBlacklisted", contact.sms_blacklisted)

    def _tests(self, call: Call) -> list[Callable[[Contact], bool]]:
        """The filters of a list; unlike in the CRM a wrong one is a 400."""
        tests: list[Callable[[Contact], bool]] = []
        modified, created = _since(call, "modifiedSince"), _since(call, "createdSince")
        if modified is not None:
            tests.append(lambda row: row.updated > modified)
        if created is not None:
            tests.append(lambda row: row.created > created)
        wanted = {int(id) for id in call.query.get_list("listIds") if id.isdigit()}
        if wanted:
            tests.append(lambda row: not wanted.isdisjoint(row.lists))
        if text := call.query.get("filter"):
            found = _FILTER.fullmatch(text)
            if found is None:
                raise invalid("filter is not valid")
            name, value = found[1], found[2]
            tests.append(lambda row: str(_attributes(row).get(name, "")) == value)
        return tests


class ContactLists:
    """The endpoints ``/contacts/lists`` and ``/contacts/folders``."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization

    def lists(self, call: Call) -> Answer:
        """``GET /contacts/lists``."""
        found = [
            {**self._counts(id, name, {id}), "folderId": folder}
            for id, (name, folder) in self._org.lists.items()
        ]
        return Answer(200, _page(call, "lists", found))

    def create_list(self, call: Call) -> Answer:
        """``POST /contacts/lists``."""
        body = call.object()
        name, folder = body.get("name"), body.get("folderId")
        return Answer(201, {"id": self.add(name, folder)})

    def add(self, name: Json, folder: Json) -> int:
        """A new list in a folder that is there; its id."""
        if not isinstance(name, str) or not name:
            raise missing("name")
        if not isinstance(folder, int):
            raise missing("folderId")
        if folder not in self._org.folders:
            raise not_found("Folder")
        id = max((*self._org.lists, *self._org.folders)) + 1
        self._org.lists[id] = (name, folder)
        return id

    def folders(self, call: Call) -> Answer:
        """``GET /contacts/folders``."""
        found = []
        for id, name in self._org.folders.items():
            inside = {key for key, (_, folder) in self._org.lists.items() if folder == id}
            found.append(self._counts(id, name, inside))
        return Answer(200, _page(call, "folders", found))

    def create_folder(self, call: Call) -> Answer:
        """``POST /contacts/folders``."""
        name = call.object().get("name")
        if not isinstance(name, str) or not name:
            raise missing("name")
        id = max((*self._org.lists, *self._org.folders)) + 1
        self._org.folders[id] = name
        return Answer(201, {"id": id})

    def _counts(self, id: int, name: str, lists: set[int]) -> Object:
        rows = [one for one in self._org.contacts.rows.values() if lists & one.lists]
        return {
            "id": id,
            "name": name,
            "totalBlacklisted": sum(one.email_blacklisted for one in rows),
            "totalSubscribers": sum(not one.email_blacklisted for one in rows),
            "uniqueSubscribers": sum(not one.email_blacklisted for one in rows),
        }


def _page(call: Call, name: str, items: list[Object]) -> Object:
    limit = call.whole("limit", 10, 50)
    offset = call.whole("offset", 0)
    if call.descending():
        items.reverse()
    return {"count": len(items), name: [*items[offset : offset + limit]]}


def _since(call: Call, name: str) -> float | None:
    text = call.query.get(name)
    found = None if text is None else instant(text)
    if text is not None and found is None:
        raise invalid(f"{name} is not valid")
    return found


def _attributes(contact: Contact) -> Object:
    found = dict(contact.values)
    if contact.ext_id:
        found["EXT_ID"] = contact.ext_id
    return found


def _body(contact: Contact) -> Object:
    """A contact as answers give it; without an address the key is absent."""
    body: Object = {} if contact.email is None else {"email": contact.email}
    body |= {
        "id": contact.id,
        "emailBlacklisted": contact.email_blacklisted,
        "smsBlacklisted": contact.sms_blacklisted,
        "createdAt": iso(contact.created, millis=True),
        "modifiedAt": iso(contact.updated, millis=True),
        "listIds": [*sorted(contact.lists)],
        "listUnsubscribed": [],
        "attributes": _attributes(contact),
    }
    return body
