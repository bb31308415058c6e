"""Which path goes to which endpoint, with or without ``/v3`` before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from migrator.vendors.brevo.sandbox.activities import Files, Notes, Tasks
from migrator.vendors.brevo.sandbox.attributes import Attributes
from migrator.vendors.brevo.sandbox.contact_jobs import ContactJobs
from migrator.vendors.brevo.sandbox.contacts import ContactLists, Contacts
from migrator.vendors.brevo.sandbox.imports import Imports
from migrator.vendors.brevo.sandbox.jobs import Jobs
from migrator.vendors.brevo.sandbox.listing import Listing
from migrator.vendors.brevo.sandbox.pipelines import Pipelines
from migrator.vendors.brevo.sandbox.records import Records
from migrator.vendors.brevo.sandbox.schema import COMPANIES, DEALS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.brevo.sandbox.answers import Answer, Call
    from migrator.vendors.brevo.sandbox.organization import Organization

    Handler = Callable[[Call], Answer]
    Row = tuple[str, str, Handler]

_PREFIX = re.compile(r".*?/v3(?=/)")


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    method: str
    template: str
    handler: Handler
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        """Its key in the sandbox's counts: ``GET /crm/deals/{id}``."""
        return f"{self.method} {self.template}"


def place(path: str) -> str:
    """A path as it stands behind ``/v3``; still percent-encoded."""
    return _PREFIX.sub("", path, count=1).rstrip("/")


class Routes:
    """All endpoints of one account.

    Attributes:
        jobs: what goes on behind the answers.
        deals, companies: for those who look at the records.
    """

    def __init__(self, organization: Organization) -> None:
        self.jobs = Jobs(organization)
        self.deals = Records(organization, DEALS)
        self.companies = Records(organization, COMPANIES)
        self._lists = ContactLists(organization)
        self._contact_jobs = ContactJobs(organization, self.jobs, self._lists)
        self._files = Files(organization)
        table = (*self._account(organization), *self._records(organization))
        table += (*self._contacts(organization), *self._activities(organization))
        self.all = tuple(
            Route(
                method,
                template,
                handler,
                re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)),
            )
            for method, template, handler in table
        )

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The endpoint for a method and a path, with the variable parts of the path."""
        for route in self.all:
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return route, {name: unquote(text) for name, text in found.groupdict().items()}
        return None

    def knows(self, path: str) -> bool:
        """Whether any method is served there."""
        return any(route.pattern.fullmatch(path) for route in self.all)

    def download(self, path: str) -> bytes | None:
        """The file behind an address that an answer gave out."""
        found = self._files.download(path)
        return found if found is not None else self._contact_jobs.download(path)

    def _account(self, organization: Organization) -> tuple[Row, ...]:
        pipelines = Pipelines(organization)
        attributes = Attributes(organization)
        return (
            ("GET", "/account", pipelines.account),
            ("GET", "/crm/pipeline/details", pipelines.default),
            ("GET", "/crm/pipeline/details/all", pipelines.all),
            ("GET", "/crm/pipeline/details/{id}", pipelines.one),
            ("GET", "/crm/attributes/deals", attributes.of_deals),
            ("GET", "/crm/attributes/companies", attributes.of_companies),
            ("POST", "/crm/attributes", attributes.create),
            ("PATCH", "/crm/attributes/{id}", attributes.update),
            ("DELETE", "/crm/attributes/{id}", attributes.delete),
            ("GET", "/processes", self.jobs.index),
            ("GET", "/processes/{id}", self.jobs.get),
        )

    def _records(self, organization: Organization) -> tuple[Row, ...]:
        table: list[Row] = []
        for kind, records, base in (
            (DEALS, self.deals, "/crm/deals"),
            (COMPANIES, self.companies, "/companies"),
        ):
            listing = Listing(organization, kind, records)
            imports = Imports(organization, kind, records, self.jobs)
            table += [
                ("POST", f"{base}/import", imports.upload),
                ("PATCH", f"{base}/link-unlink/{{id}}", records.link_unlink),
                ("GET", base, listing.index),
                ("POST", base, records.create),
                ("GET", f"{base}/{{id}}", records.get),
                ("PATCH", f"{base}/{{id}}", records.update),
                ("DELETE", f"{base}/{{id}}", records.delete),
            ]
        return tuple(table)

    def _contacts(self, organization: Organization) -> tuple[Row, ...]:
        contacts = Contacts(organization)
        return (
            ("POST", "/contacts/import", self._contact_jobs.upload),
            ("POST", "/contacts/export", self._contact_jobs.export),
            ("GET", "/contacts/attributes", contacts.attributes),
            ("POST", "/contacts/attributes/{category}/{name}", contacts.create_attribute),
            ("GET", "/contacts/lists", self._lists.lists),
            ("POST", "/contacts/lists", self._lists.create_list),
            ("GET", "/contacts/folders", self._lists.folders),
            ("POST", "/contacts/folders", self._lists.create_folder),
            ("GET", "/contacts", contacts.index),
            ("POST", "/contacts", contacts.create),
            ("GET", "/contacts/{identifier}", contacts.get),
            ("PUT", "/contacts/{identifier}", contacts.update),
            ("DELETE", "/contacts/{identifier}", contacts.delete),
        )

    def _activities(self, organization: Organization) -> tuple[Row, ...]:
        table: list[Row] = []
        for base, shelf in (
            ("/crm/notes", Notes(organization)),
            ("/crm/tasks", Tasks(organization)),
        ):
            table += [
                ("GET", base, shelf.index),
                ("POST", base, shelf.create),
                ("GET", f"{base}/{{id}}", shelf.get),
                ("PATCH", f"{base}/{{id}}", shelf.update),
                ("DELETE", f"{base}/{{id}}", shelf.delete),
            ]
            if isinstance(shelf, Tasks):
                table.append(("GET", "/crm/tasktypes", shelf.types))
        files = self._files
        return (
            *table,
            ("GET", "/crm/files", files.index),
            ("POST", "/crm/files", files.create),
            ("GET", "/crm/files/{id}/data", files.data),
            ("GET", "/crm/files/{id}", files.get),
            ("DELETE", "/crm/files/{id}", files.delete),
        )
