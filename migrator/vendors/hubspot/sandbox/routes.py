"""Which path goes to which endpoint, in the older and in the dated spelling.

``/crm/v3/objects/deals`` and ``/crm/objects/2026-03/deals`` both become ``objects/deals``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.hubspot.sandbox.associations import Associations
from migrator.vendors.hubspot.sandbox.batches import Batches
from migrator.vendors.hubspot.sandbox.labels import Labels
from migrator.vendors.hubspot.sandbox.properties import Properties
from migrator.vendors.hubspot.sandbox.records import Records
from migrator.vendors.hubspot.sandbox.search import Search
from migrator.vendors.hubspot.sandbox.settings import Accounts, Pipelines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from migrator.vendors.hubspot.sandbox.answers import Answer, Call
    from migrator.vendors.hubspot.sandbox.imports import Imports
    from migrator.vendors.hubspot.sandbox.portal import Portal

    Handler = Callable[[Call], Answer]

_OLD = re.compile(r"/crm/(v[134])/([a-z-]+)(/.*)?")
_DATED = re.compile(r"/crm/([a-z-]+)/(2026-03|2026-09)(/.*)?")
_DETAILS = re.compile(r"/account-info/(v3|2026-03|2026-09)/details")
_V1_LINK = re.compile(r"/deals/v1/deal/([^/]+)/associations/([^/]+)")


class Place(NamedTuple):
    """A path without its version."""

    version: str
    path: str


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes:
        scope: ``objects`` and ``schemas`` become ``crm.<scope>.<type>.read`` or ``.write``; other
            texts are scopes as they are, empty = none needed.
        reads: whether it only reads, whatever its method.
        old: the older versions it exists in.
    """

    method: str
    template: str
    handler: Handler
    scope: str
    reads: bool
    old: frozenset[str]
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        """Its key in the sandbox's counts: ``POST objects/{type}/batch/create``."""
        return f"{self.method} {self.template}"


def place(path: str) -> Place | None:
    """Take the version out of a path; None when no endpoint can be there."""
    path = path.rstrip("/")
    if found := _DATED.fullmatch(path):
        return Place(found[2], found[1] + (found[3] or ""))
    if found := _OLD.fullmatch(path):
        return Place(found[1], found[2] + (found[3] or ""))
    if found := _DETAILS.fullmatch(path):
        return Place(found[1], "account-info/details")
    if found := _V1_LINK.fullmatch(path):
        return Place("v1", f"deals-v1/{found[1]}/associations/{found[2]}")
    return None


class Routes:
    """All endpoints of one account."""

    def __init__(self, portal: Portal, imports: Imports) -> None:
        self.all = (
            *_records(portal),
            *_associations(portal),
            *_account(portal),
            *_imports(imports),
        )
        self._by_method: dict[str, list[Route]] = {}
        for route in self.all:
            self._by_method.setdefault(route.method, []).append(route)

    def find(self, method: str, where: Place) -> tuple[Route, Mapping[str, str]] | None:
        """The endpoint for a method and a path, with the variable parts of the path."""
        for route in self._by_method.get(method, ()):
            found = route.pattern.fullmatch(where.path)
            if found and (not where.version.startswith("v") or where.version in route.old):
                return route, found.groupdict()
        return None


def _routes(
    table: Iterable[tuple[str, str, Handler]],
    scope: str,
    old: str,
    reads: frozenset[str] = frozenset(),
) -> list[Route]:
    """Routes of one family; ``reads`` are the endings of POSTs that only read."""
    return [
        Route(
            method,
            template,
            handler,
            scope,
            method == "GET" or template.rsplit("/", 1)[-1] in reads,
            frozenset({old}),
            re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)),
        )
        for method, template, handler in table
    ]


def _records(portal: Portal) -> list[Route]:
    records = Records(portal)
    batches = Batches(portal, records)
    search = Search(portal, records)
    base = "objects/{type}"
    table: list[tuple[str, str, Handler]] = [
        ("POST", f"{base}/batch/create", batches.create),
        ("POST", f"{base}/batch/update", batches.update),
        ("POST", f"{base}/batch/upsert", batches.upsert),
        ("POST", f"{base}/batch/read", batches.read),
        ("POST", f"{base}/batch/archive", batches.archive),
        ("POST", f"{base}/search", search.search),
        ("GET", base, records.index),
        ("POST", base, records.create),
        ("GET", f"{base}/{{id}}", records.get),
        ("PATCH", f"{base}/{{id}}", records.update),
        ("DELETE", f"{base}/{{id}}", records.archive),
    ]
    return _routes(table, "objects", "v3", frozenset({"search", "read"}))


def _associations(portal: Portal) -> list[Route]:
    links = Associations(portal)
    labels = Labels(portal)
    batch = "associations/{type}/{to}"
    single = "objects/{type}/{id}/associations"
    table: list[tuple[str, str, Handler]] = [
        ("POST", f"{batch}/batch/create", links.batch_create),
        ("POST", f"{batch}/batch/associate/default", links.batch_default),
        ("POST", f"{batch}/batch/read", links.batch_read),
        ("POST", f"{batch}/batch/archive", links.batch_archive),
        ("POST", f"{batch}/batch/labels/archive", links.batch_labels_archive),
        ("GET", f"{batch}/labels", labels.index),
        ("POST", f"{batch}/labels", labels.create),
        ("PUT", f"{batch}/labels", labels.update),
        ("DELETE", f"{batch}/labels/{{number}}", labels.delete),
        ("PUT", f"{single}/default/{{to}}/{{other}}", links.put_default),
        ("GET", f"{single}/{{to}}", links.index),
        ("PUT", f"{single}/{{to}}/{{other}}", links.put),
        ("DELETE", f"{single}/{{to}}/{{other}}", links.delete),
    ]
    legacy: list[tuple[str, str, Handler]] = [
        ("PUT", "deals-v1/{id}/associations/{to}", links.legacy_add),
        ("DELETE", "deals-v1/{id}/associations/{to}", links.legacy_remove),
    ]
    return [
        *_routes(table, "objects", "v4", frozenset({"read"})),
        *_routes(legacy, "crm.objects.deals.write", "v1"),
    ]


def _account(portal: Portal) -> list[Route]:
    pipelines = Pipelines(portal)
    properties = Properties(portal)
    accounts = Accounts(portal)
    base = "pipelines/{type}"
    own = "properties/{type}"
    schema: list[tuple[str, str, Handler]] = [
        ("GET", base, pipelines.index),
        ("POST", base, pipelines.create),
        ("GET", f"{base}/{{id}}", pipelines.get),
        ("PATCH", f"{base}/{{id}}", pipelines.update),
        ("DELETE", f"{base}/{{id}}", pipelines.delete),
        ("GET", f"{base}/{{id}}/stages", pipelines.stages),
        ("POST", f"{base}/{{id}}/stages", pipelines.create_stage),
        ("PATCH", f"{base}/{{id}}/stages/{{stage}}", pipelines.update_stage),
        ("DELETE", f"{base}/{{id}}/stages/{{stage}}", pipelines.delete_stage),
        ("POST", f"{own}/batch/create", properties.batch_create),
        ("POST", f"{own}/batch/read", properties.batch_read),
        ("POST", f"{own}/batch/archive", properties.batch_archive),
        ("GET", f"{own}/groups", properties.groups),
        ("POST", f"{own}/groups", properties.create_group),
        ("GET", own, properties.index),
        ("POST", own, properties.create),
        ("GET", f"{own}/{{name}}", properties.get),
        ("PATCH", f"{own}/{{name}}", properties.update),
        ("DELETE", f"{own}/{{name}}", properties.archive),
    ]
    owners: list[tuple[str, str, Handler]] = [
        ("GET", "owners", accounts.owners),
        ("GET", "owners/{id}", accounts.owner),
    ]
    rest: list[tuple[str, str, Handler]] = [
        ("GET", "limits/{name}", accounts.limits),
        ("GET", "account-info/details", accounts.details),
    ]
    return [
        *_routes(schema, "schemas", "v3", frozenset({"read"})),
        *_routes(owners, "crm.objects.owners.read", "v3"),
        *_routes(rest, "", "v3"),
    ]


def _imports(imports: Imports) -> list[Route]:
    table: list[tuple[str, str, Handler]] = [
        ("GET", "imports", imports.index),
        ("POST", "imports", imports.start),
        ("GET", "imports/{id}", imports.get),
        ("GET", "imports/{id}/errors", imports.errors),
        ("POST", "imports/{id}/cancel", imports.cancel),
    ]
    return _routes(table, "crm.import", "v3")
