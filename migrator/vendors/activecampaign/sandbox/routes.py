"""Which path goes to which endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.companies import Companies
from migrator.vendors.activecampaign.sandbox.contacts import ContactFields, Contacts
from migrator.vendors.activecampaign.sandbox.data import Data
from migrator.vendors.activecampaign.sandbox.deallist import DealList
from migrator.vendors.activecampaign.sandbox.deals import Deals
from migrator.vendors.activecampaign.sandbox.fields import Fields
from migrator.vendors.activecampaign.sandbox.history import Activities, Notes
from migrator.vendors.activecampaign.sandbox.imports import Imports
from migrator.vendors.activecampaign.sandbox.people import Roles, SecondaryContacts, Users
from migrator.vendors.activecampaign.sandbox.pipelines import Pipelines
from migrator.vendors.activecampaign.sandbox.stages import Stages
from migrator.vendors.activecampaign.sandbox.tasks import Tasks, TaskTypes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.vendors.activecampaign.sandbox.answers import Answer, Call
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

    Handler = Callable[[Call], Answer]
    Line = tuple[str, str, Handler]

_PREFIX = "/api/3"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; ``parts`` are the segments of its path, variable ones in braces."""

    name: str
    parts: tuple[str, ...]
    handler: Handler

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """The variable parts of a path of the same length; None = another endpoint's path."""
        args: dict[str, str] = {}
        for mine, given in zip(self.parts, parts, strict=True):
            if mine.startswith("{"):
                args[mine[1:-1]] = given
            elif mine != given:
                return None
        return args


class Routes:
    """All endpoints of one account."""

    def __init__(self, tenant: Tenant) -> None:
        activities, data, pipelines = Activities(tenant), Data(tenant), Pipelines(tenant)
        contacts, companies = Contacts(tenant), Companies(tenant)
        deals = Deals(tenant, data, activities, contacts, pipelines)
        secondary = SecondaryContacts(tenant, deals, contacts)
        self.deals, self.contacts, self.companies = deals, contacts, companies
        self.notes = Notes(tenant, activities)
        self.tasks = Tasks(tenant, deals, activities)
        self.imports = Imports(tenant, contacts, companies)
        self._found: dict[tuple[str, int, str], list[Route]] = {}
        self.names: tuple[str, ...] = ()
        self._add(_deals(deals, DealList(tenant, deals, data), data, activities, self.notes))
        self._add(_fields(Fields(tenant), data))
        self._add(_pipelines(pipelines, Stages(tenant, pipelines, deals)))
        self._add(_secondary(secondary, Roles(tenant)))
        self._add(_tasks(self.tasks, TaskTypes(tenant)))
        self._add(_contacts(contacts, ContactFields(tenant), self.imports))
        self._add(_rest(companies, Users(tenant), activities, self.notes))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The endpoint for a method and a path, with the variable parts of the path."""
        parts = path.removeprefix(_PREFIX).strip("/").split("/")
        for route in self._found.get((method, len(parts), parts[0]), ()):
            args = route.match(parts)
            if args is not None:
                return route, args
        return None

    def _add(self, lines: Iterable[Line]) -> None:
        for method, path, handler in lines:
            parts = tuple(path.strip("/").split("/"))
            route = Route(f"{method} {path}", parts, handler)
            self._found.setdefault((method, len(parts), parts[0]), []).append(route)
            self.names += (route.name,)


def _crud(path: str, resource: object, *without: str) -> list[Line]:
    """The five usual endpoints of a collection, or those of them that exist."""
    one = f"{path}/{{id}}"
    usual = (
        ("GET", path, "index"),
        ("POST", path, "create"),
        ("GET", one, "get"),
        ("PUT", one, "update"),
        ("DELETE", one, "delete"),
    )
    return [
        (method, where, getattr(resource, name))
        for method, where, name in usual
        if name not in without
    ]


def _deals(
    deals: Deals, deal_list: DealList, data: Data, activities: Activities, notes: Notes
) -> list[Line]:
    one = "/deals/{id}"
    return [
        ("GET", "/deals", deal_list.index),
        ("PATCH", "/deals/bulkUpdate", deals.bulk_update),
        *_crud("/deals", deals, "index"),
        ("PATCH", one, deals.update),
        ("GET", f"{one}/dealCustomFieldData", data.of_deal),
        ("GET", f"{one}/dealActivities", activities.of_deal),
        ("GET", f"{one}/notes", notes.of_deal),
        ("POST", f"{one}/notes", notes.create_for_deal),
        ("PUT", f"{one}/notes/{{noteId}}", notes.update_for_deal),
        ("GET", "/contacts/{id}/deals", deal_list.of_contact),
        ("DELETE", "/contacts/{id}", deals.delete_contact),
    ]


def _fields(fields: Fields, data: Data) -> list[Line]:
    return [
        *_crud("/dealCustomFieldMeta", fields),
        *_crud("/dealCustomFieldData", data),
        ("POST", "/dealCustomFieldData/bulkCreate", data.bulk_create),
        ("PATCH", "/dealCustomFieldData/bulkUpdate", data.bulk_update),
    ]


def _pipelines(pipelines: Pipelines, stages: Stages) -> list[Line]:
    return [
        *_crud("/dealGroups", pipelines),
        *_crud("/dealStages", stages),
        ("PUT", "/dealStages/{id}/deals", stages.move_deals),
    ]


def _secondary(secondary: SecondaryContacts, roles: Roles) -> list[Line]:
    return [
        *_crud("/contactDeals", secondary),
        ("GET", "/contacts/{id}/contactDeals", secondary.of_contact),
        ("GET", "/deals/{id}/contactDeals", secondary.of_deal),
        *_crud("/dealRoles", roles, "get", "update"),
    ]


def _tasks(tasks: Tasks, types: TaskTypes) -> list[Line]:
    return [
        *_crud("/dealTasks", tasks),
        *_crud("/dealTasktypes", types),
        ("PUT", "/dealTasktypes/{id}/dealTasks", tasks.move),
    ]


def _contacts(contacts: Contacts, fields: ContactFields, imports: Imports) -> list[Line]:
    return [
        *_crud("/contacts", contacts, "delete"),
        ("POST", "/contact/sync", contacts.sync),
        ("GET", "/fields", fields.index),
        ("GET", "/fields/{id}", fields.get),
        ("GET", "/tags", fields.tags),
        ("POST", "/import/bulk_import", imports.create),
        ("GET", "/import/bulk_import", imports.index),
        ("GET", "/import/info", imports.info),
    ]


def _rest(companies: Companies, users: Users, activities: Activities, notes: Notes) -> list[Line]:
    return [
        *_crud("/accounts", companies),
        ("GET", "/accountContacts", companies.members),
        ("POST", "/accountContacts", companies.join),
        ("GET", "/users", users.index),
        ("GET", "/users/me", users.me),
        ("GET", "/users/{id}", users.get),
        ("GET", "/users/email/{email}", users.by_email),
        ("GET", "/users/username/{username}", users.by_username),
        ("GET", "/groups", users.groups),
        ("GET", "/dealActivities", activities.index),
        *_crud("/notes", notes),
    ]
