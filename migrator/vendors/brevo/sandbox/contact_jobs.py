"""``POST /contacts/import`` and ``POST /contacts/export``: work done later."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.brevo.sandbox.answers import (
    Answer,
    Refusal,
    flag_of,
    invalid,
    list_of,
    missing,
    object_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.vendors.brevo.sandbox.answers import Call, Json, Object
    from migrator.vendors.brevo.sandbox.contacts import ContactLists
    from migrator.vendors.brevo.sandbox.jobs import Jobs
    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.brevo.sandbox.store import Contact, Instant

MAX_BODY = 10_000_000
"""Most characters of ``fileBody`` or bytes of ``jsonBody``."""

_SOURCES = ("fileUrl", "fileBody", "jsonBody")
_REPORT = {"email": "duplicate_email_id", "ext_id": "duplicate_ext_id", "SMS": "duplicate_phone_id"}


class _Given(NamedTuple):
    """One contact of an import."""

    email: Json
    attributes: Object


class ContactJobs:
    """The endpoints that import and export contacts."""

    def __init__(self, organization: Organization, jobs: Jobs, lists: ContactLists) -> None:
        self._org = organization
        self._jobs = jobs
        self._lists = lists
        self._exports: dict[str, ContactExport] = {}

    def upload(self, call: Call) -> Answer:
        """``POST /contacts/import``: JSON with exactly one source, and lists to put them in."""
        body = call.object()
        sources = [name for name in _SOURCES if name in body]
        if len(sources) != 1:
            raise invalid("Provide exactly one of fileUrl, fileBody, jsonBody")
        if sources == ["fileUrl"]:
            raise invalid("fileUrl cannot be reached")
        if len(call.content) > MAX_BODY:
            raise Refusal(400, "out_of_range", f"{sources[0]} should not exceed 10 MB")
        source = body[sources[0]]
        rows = _from_csv(source) if sources == ["fileBody"] else _from_json(source)
        work = ContactImport(self._org, rows, self._listed(body), body)
        return Answer(202, {"processId": self._jobs.add("IMPORTUSER", work)})

    def export(self, call: Call) -> Answer:
        """``POST /contacts/export``; the process then tells where the file is."""
        body = call.object()
        if "customContactFilter" not in body:
            raise missing("customContactFilter")
        wanted = object_of(body, "customContactFilter").get("listId")
        columns = [str(one) for one in list_of(body, "exportAttributes")]
        name = self._org.new_id()
        work = ContactExport(self._org, columns, wanted, f"{call.origin}/exports/{name}.csv")
        self._exports[f"/exports/{name}.csv"] = work
        return Answer(202, {"processId": self._jobs.add("CONTACT_EXPORT", work)})

    def download(self, path: str) -> bytes | None:
        """The file of an export that is done; no key is asked for."""
        work = self._exports.get(path)
        return work.content if work is not None else None

    def _listed(self, body: Object) -> set[int]:
        ids = {id for id in list_of(body, "listIds") if isinstance(id, int)}
        new = object_of(body, "newList")
        if not ids <= self._org.lists.keys():
            raise invalid("List ID does not exist")
        if new:
            folder = new.get("folderId", next(iter(self._org.folders)))
            ids.add(self._lists.add(new.get("listName"), folder))
        if not ids:
            raise missing("listIds or newList")
        return ids


class ContactImport:
    """The work of one import; contacts that cannot be taken are counted and left out."""

    def __init__(
        self, organization: Organization, rows: Sequence[_Given], lists: set[int], body: Object
    ) -> None:
        self._org = organization
        self._book = organization.book
        self._rows = rows
        self._lists = lists
        self._update = flag_of(body, "updateExistingContacts", default=True)
        self._clear = flag_of(body, "emptyContactsAttributes", default=False)
        self._email_blacklist = flag_of(body, "emailBlacklist", default=False)
        self._sms_blacklist = flag_of(body, "smsBlacklist", default=False)
        self._problems: Counter[str] = Counter()

    @property
    def size(self) -> int:
        """How many contacts there are."""
        return len(self._rows)

    def step(self, number: int, at: Instant) -> bool:
        """Take one contact."""
        email, attributes = self._rows[number]
        try:
            contact = self._take(email, attributes, at)
        except Refusal as refusal:
            taken = refusal.metadata.get("duplicate_identifiers")
            names = taken if isinstance(taken, list) else []
            self._problems.update([_REPORT[str(one)] for one in names] or ["invalid_emails"])
            return True
        contact.lists |= self._lists
        contact.email_blacklisted |= self._email_blacklist
        contact.sms_blacklisted |= self._sms_blacklist
        return True

    def result(self) -> Object:
        """Counts of what was left out; newer pages give addresses of reports (UNCERTAIN)."""
        names = ("invalid_emails", *_REPORT.values())
        return {"info": {"import": {name: self._problems[name] for name in names}}}

    def _take(self, email: Json, attributes: Object, at: Instant) -> Contact:
        if not self._clear:
            attributes = {name: one for name, one in attributes.items() if one not in (None, "")}
        who = self._book.identity(email or None, None, attributes)
        if not any(who):
            raise missing("email")
        values = self._book.checked(attributes)
        held = self._book.holder(who)
        self._book.free(who, held)
        if held is None:
            return self._book.add(who, values, at)
        if self._update:
            self._book.change(held, who, values, at)
        return held


class ContactExport:
    """The work of one export.

    Attributes:
        content: the CSV, once it is done.
    """

    size = 1

    def __init__(
        self, organization: Organization, columns: Sequence[str], wanted: Json, url: str
    ) -> None:
        self._org = organization
        self._columns = columns
        self._list = wanted
        self._url = url
        self.content: bytes | None = None

    def step(self, _number: int, _at: Instant) -> bool:
        """Write the file."""
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, delimiter=";")
        writer.writerow(["CONTACT ID", "EMAIL", *self._columns])
        for row in self._org.contacts.rows.values():
            if self._list is None or self._list in row.lists:
                cells = [row.values.get(name, "") for name in self._columns]
                writer.writerow([row.id, row.email or "", *cells])
        self.content = buffer.getvalue().encode()
        return True

    def result(self) -> Object:
        """Where the file is."""
        return {"export_url": self._url}


def _from_csv(source: Json) -> list[_Given]:
    """``fileBody``: text separated by semicolons whose header has upper-case names."""
    if not isinstance(source, str):
        raise invalid("fileBody should be a string")
    rows = [row for row in csv.reader(io.StringIO(source, newline=""), delimiter=";") if row]
    if len(rows) < 2:
        raise invalid("fileBody has no contacts")
    header = [name.strip() for name in rows[0]]
    if not {"EMAIL", "SMS", "EXT_ID"} & set(header):
        raise invalid("fileBody should have a column EMAIL, SMS or EXT_ID")
    found = []
    for row in rows[1:]:
        given: Object = dict(zip(header, row, strict=False))
        found.append(_Given(given.pop("EMAIL", None), given))
    return found


def _from_json(source: Json) -> list[_Given]:
    if not isinstance(source, list) or not source:
        raise invalid("jsonBody should be an array of contacts")
    found = []
    for one in source:
        if not isinstance(one, dict):
            raise invalid("jsonBody should be an array of contacts")
        found.append(_Given(one.get("email"), object_of(one, "attributes")))
    return found
