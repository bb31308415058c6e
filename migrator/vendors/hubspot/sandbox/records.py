"""Endpoints of single records, and what a record looks like in an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import Answer, Refusal, invalid, not_found
from migrator.vendors.hubspot.sandbox.writes import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.schema import Kind
    from migrator.vendors.hubspot.sandbox.store import Row

LIST_LIMIT = 100
"""Most records in one page of a list (using-object-apis)."""

LINKS_SHOWN = 100
"""Most links of one kind within a record; the rest is behind ``paging``."""

_CREATED = {"createdate", "hs_createdate"}
_UPDATED = {"hs_lastmodifieddate", "lastmodifieddate"}
_CLOSED = {"hs_is_closed", "hs_is_closed_won"}


class Records:
    """The endpoints ``objects/{type}`` and ``objects/{type}/{id}``."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def index(self, call: Call) -> Answer:
        """One page in the order of ids."""
        portal = self._portal
        kind = portal.kind(call.args["type"])
        limit = call.whole("limit", 10, LIST_LIMIT)
        after = call.query.get("after") or "0"
        if not after.isascii() or not after.isdigit():
            raise invalid("Query parameter after is not a cursor of a list.")
        archived = call.flag("archived")
        page: list[Row] = []
        for row in portal.tables[kind.name].after(int(after)):
            if (row.archived_at is not None) == archived:
                if len(page) == limit:
                    break
                page.append(row)
        else:
            return Answer(200, {"results": [self._full(kind, row, call) for row in page]})
        last = str(page[-1].id)
        paging: Object = {"next": {"after": last, "link": f"?limit={limit}&after={last}"}}
        return Answer(
            200, {"results": [self._full(kind, row, call) for row in page], "paging": paging}
        )

    def get(self, call: Call) -> Answer:
        """One record by its id or by a unique property."""
        kind = self._portal.kind(call.args["type"])
        archived = call.flag("archived")
        row = self.find(kind, call.args["id"], call.query.get("idProperty"), archived=archived)
        if row is None:
            raise not_found()
        return Answer(200, self._full(kind, row, call))

    def create(self, call: Call) -> Answer:
        """One new record."""
        kind = self._portal.kind(call.args["type"])
        writer = Writer(self._portal, kind, enforces=call.enforces)
        row = writer.store(writer.create(call.object()))
        return Answer(201, self.written(kind, row))

    def update(self, call: Call) -> Answer:
        """Overwrite properties of one record."""
        kind = self._portal.kind(call.args["type"])
        row = self.find(kind, call.args["id"], call.query.get("idProperty"))
        if row is None:
            raise not_found()
        writer = Writer(self._portal, kind, enforces=call.enforces)
        draft = writer.update(call.object(), row)
        writer.store(draft)
        return Answer(200, self.written(kind, row, draft.values))

    def archive(self, call: Call) -> Answer:
        """Move one record to the recycle bin; what is gone already is no error."""
        kind = self._portal.kind(call.args["type"])
        self.discard(kind, call.args["id"])
        return Answer(204)

    def discard(self, kind: Kind, id: str) -> None:
        """Move a record to the recycle bin and unlink it."""
        portal = self._portal
        table = portal.tables[kind.name]
        row = table.by_id(id)
        if row is not None:
            table.archive(row, portal.time(), keep_unique=portal.options.archived_keep_unique)
            portal.links.forget(kind.name, row.id)

    def find(
        self,
        kind: Kind,
        id: str,
        id_property: str | None,
        *,
        archived: bool = False,
    ) -> Row | None:
        """A record by its id, or by a property whose values are unique."""
        table = self._portal.tables[kind.name]
        if not id_property:
            return table.by_id(id, archived=archived)
        self.check_id_property(kind, id_property)
        return table.by_value(id_property, id, archived=archived)

    def check_id_property(self, kind: Kind, name: str) -> None:
        """A 400 unless the property exists and is unique; ``hs_object_id`` is not taken."""
        prop = self._portal.property(kind, name)
        if prop is None or not prop.unique:
            message = f"Unable to perform this call by non-unique {kind.type_id} property {name}"
            raise Refusal(400, "VALIDATION_ERROR", message)

    def written(self, kind: Kind, row: Row, names: Iterable[str] = ()) -> Object:
        """A record as the answer of a write: the default set and what is set."""
        shown = dict.fromkeys([*kind.defaults, *(names or row.properties)])
        held = row.properties
        values = {
            name: value
            for name in shown
            if (value := held.get(name) or self.value(kind, row, name)) is not None
        }
        return self._envelope(row, values)

    def read(
        self,
        kind: Kind,
        row: Row,
        names: Iterable[str],
        held: Mapping[str, str] | None = None,
    ) -> Object:
        """A record as the answer of a read: properties not set are null, unknown ones left out."""
        shown = [*names] or kind.defaults
        wanted = dict.fromkeys([*shown, "createdate", "hs_lastmodifieddate", "hs_object_id"])
        values = {
            name: self.value(kind, row, name, held)
            for name in wanted
            if self._portal.property(kind, name) is not None
        }
        return self._envelope(row, values)

    def value(
        self,
        kind: Kind,
        row: Row,
        name: str,
        held: Mapping[str, str] | None = None,
    ) -> str | None:
        """One property of a record, written or computed."""
        held = row.properties if held is None else held
        value = held.get(name)
        if value is None and name == "hs_object_id":
            value = str(row.id)
        elif value is None and name in _CREATED and name in self._portal.properties[kind.name]:
            value = row.created
        elif value is None and name in _UPDATED:
            value = row.updated
        elif name in _CLOSED and kind.name == "deals":
            value = self._closed(held.get("dealstage"), won=name.endswith("won"))
        return value

    def _closed(self, stage_id: str | None, *, won: bool) -> str:
        for pipeline in self._portal.pipelines:
            stage = pipeline.stage(stage_id or "")
            if stage is not None:
                return "true" if (stage.won if won else stage.closed) else "false"
        return "false"

    def _envelope(self, row: Row, values: Mapping[str, str | None]) -> Object:
        created = row.created
        if self._portal.options.created_at_follows:
            created = row.properties.get("createdate", created)
        body: Object = {
            "id": str(row.id),
            "properties": dict(values),
            "createdAt": created,
            "updatedAt": row.updated,
            "archived": row.archived_at is not None,
        }
        if row.archived_at is not None:
            body["archivedAt"] = row.archived_at
        return body

    def _full(self, kind: Kind, row: Row, call: Call) -> Object:
        body = self.read(kind, row, call.names("properties"))
        wanted = call.names("associations")
        if wanted:
            linked = {name: self._linked(kind, row, name) for name in wanted}
            shown: Object = {name: part for name, part in linked.items() if part is not None}
            if shown:
                body["associations"] = shown
        return body

    def _linked(self, kind: Kind, row: Row, name: str) -> Json:
        """Links to one kind, one item per association type; None when there are none."""
        target = self._portal.kind(name)
        links = self._portal.links.of(kind.name, row.id, target.name)
        if not links:
            return None
        shown = sorted(links)[:LINKS_SHOWN]
        results: list[Json] = [
            {"id": str(other), "type": self._portal.link_types[key].name}
            for other in shown
            for key in links[other]
        ]
        body: Object = {"results": results}
        if len(links) > LINKS_SHOWN:
            after = str(shown[-1])
            link = f"/crm/v4/objects/{kind.name}/{row.id}/associations/{target.name}?after={after}"
            body["paging"] = {"next": {"after": after, "link": link}}
        return body
