"""Deals and companies one by one: create, read, update, delete, link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.brevo.sandbox.answers import (
    Answer,
    Refusal,
    bad_route_id,
    invalid,
    list_of,
    missing,
    not_found,
    object_of,
    text_of,
)
from migrator.vendors.brevo.sandbox.attributes import Values
from migrator.vendors.brevo.sandbox.schema import COMPANIES, DEALS
from migrator.vendors.brevo.sandbox.store import Row
from migrator.vendors.brevo.sandbox.values import is_id, iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.brevo.sandbox.answers import Call, Json, Object
    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.brevo.sandbox.schema import Kind
    from migrator.vendors.brevo.sandbox.store import Instant


class Records:
    """The endpoints ``/crm/deals`` or ``/companies`` that name one record."""

    def __init__(self, organization: Organization, kind: Kind) -> None:
        self._org = organization
        self._kind = kind
        self._values = Values(organization)
        self._table = organization.deals if kind is DEALS else organization.companies

    def create(self, call: Call) -> Answer:
        """``POST``: 201 for a deal, 200 for a company; names may repeat."""
        kind = self._kind
        body = call.object()
        name = text_of(body, "name")
        if not name:
            raise missing("name")
        values = self._values.check(kind, {**object_of(body, "attributes")})
        values.setdefault(kind.title_attribute, name)
        self._check_phone(body)
        parents = self._parents(body, kind.link_fields)
        at = self._org.instant()
        row = self.add(values, at)
        for other, rows in parents.items():
            for one in rows:
                self._org.link(kind.name, row, other, one, at.clock)
        return Answer(201 if kind is DEALS else 200, {"id": row.id})

    def get(self, call: Call) -> Answer:
        """``GET /{id}``."""
        return Answer(200, self.body(self._row(call)))

    def update(self, call: Call) -> Answer:
        """``PATCH /{id}``: attributes are merged, lists of links are replaced."""
        kind = self._kind
        row = self._row(call)
        body = call.object()
        given = {**object_of(body, "attributes")}
        if (name := text_of(body, "name")) is not None:
            given[kind.title_attribute] = name
        values = self._values.check(kind, given)
        self._check_phone(body)
        parents = self._parents(body, kind.link_fields)
        at = self._org.instant()
        if values:
            self.change(row, values, at)
        for other, rows in parents.items():
            if kind.link_fields[other] in body:
                kept = {one.id for one in rows}
                for id in [one for one in row.linked.get(other, {}) if one not in kept]:
                    self._org.unlink(kind.name, row, other, id, at.clock)
                for one in rows:
                    self._org.link(kind.name, row, other, one, at.clock)
        if kind is COMPANIES and self._org.options.company_patch == 200:
            return Answer(200, self.body(row))
        return Answer(204)

    def delete(self, call: Call) -> Answer:
        """``DELETE /{id}``: for its owner, or for who may manage all."""
        row = self._row(call)
        mine = row.values.get(self._kind.owner_attribute) == self._org.me.id
        if self._kind is DEALS and not (mine or self._org.options.manage_deals):
            raise Refusal(403, "permission_denied", "You are not allowed to delete this deal")
        clock = self._org.instant().clock
        self._org.forget(self._kind.name, row, clock)
        self._table.remove(row, clock)
        return Answer(204)

    def link_unlink(self, call: Call) -> Answer:
        """``PATCH /link-unlink/{id}``: adds and takes away; of errors only a 400 is documented."""
        kind = self._kind
        try:
            row = self._row(call)
        except Refusal as refusal:
            raise Refusal(400, refusal.code, refusal.message) from refusal
        body = call.object()
        added = self._parents(body, kind.link)
        removed = self._parents(body, kind.unlink)
        clock = self._org.instant().clock
        for other, rows in added.items():
            for one in rows:
                self._org.link(kind.name, row, other, one, clock)
        for other, rows in removed.items():
            for one in rows:
                self._org.unlink(kind.name, row, other, one.id, clock)
        return Answer(204)

    def add(self, values: dict[str, Json], at: Instant) -> Row:
        """Keep a new record of checked values; what a deal lacks gets its default (recorded)."""
        kept: dict[str, Json] = {name: value for name, value in values.items() if value is not None}
        me = self._org.me.id
        turned = None
        if self._kind is DEALS:
            if "deal_stage" not in kept:
                pipeline = self._org.default_pipeline()
                kept["pipeline"], kept["deal_stage"] = pipeline.id, pipeline.stages[0].id
            kept.setdefault("deal_owner", me)
            turned = at.epoch
        elif "owner" in kept:
            turned = at.epoch
        row = Row(self._org.new_id(), kept, at.epoch, at.epoch, me, turned)
        return self._table.add(row, at.clock)

    def change(self, row: Row, values: Mapping[str, Json], at: Instant) -> None:
        """Overwrite checked values, null = clear."""
        turning = "deal_stage" if self._kind is DEALS else "owner"
        if turning in values and values[turning] != row.values.get(turning):
            row.turned = at.epoch
        for name, value in values.items():
            if value is None:
                row.values.pop(name, None)
            else:
                row.values[name] = value
        row.updated = at.epoch
        self._table.changed(row, at.clock)

    def attributes(self, row: Row) -> Object:
        """All attributes with a value, the computed ones among them."""
        kind = self._kind
        millis = kind.millis or self._org.options.millis
        contacts = len(row.linked.get("contacts", ()))
        found: Object = {
            **row.values,
            kind.created: iso(row.created, millis=millis),
            kind.updated: iso(row.updated, millis=millis),
            "number_of_contacts": contacts,
        }
        if kind is COMPANIES:
            found["linked_contacts"] = contacts
        if row.turned is not None:
            name = "stage_updated_at" if kind is DEALS else "owner_assign_date"
            found[name] = iso(row.turned, millis=millis)
        return dict(sorted(found.items()))

    def body(self, row: Row) -> Object:
        """A record as answers give it; all after the links is not documented (recorded)."""
        found: Object = {"id": row.id, "attributes": self.attributes(row)}
        for other, name in self._kind.link_fields.items():
            found[name] = row.links(other)
        found["createdBy"] = row.author
        if self._kind is DEALS:
            found["companyTimelineEnabledFrom"] = None
        found["refs"] = {}
        return found

    def _row(self, call: Call) -> Row:
        id = call.args["id"]
        if not is_id(id):
            raise bad_route_id()
        row = self._table.rows.get(id)
        if row is None:
            raise not_found(self._kind.title)
        return row

    def _parents(self, body: Object, fields: Mapping[str, str]) -> dict[str, list[Row]]:
        """The records that the lists of ids name, by kind."""
        return {other: self._named(other, list_of(body, name)) for other, name in fields.items()}

    def _named(self, kind: str, ids: list[Json]) -> list[Row]:
        found = []
        for id in ids:
            whole = isinstance(id, int) and not isinstance(id, bool)
            fits = whole if kind == "contacts" else isinstance(id, str) and is_id(id)
            if not fits:
                raise invalid(f"{kind} ids are not valid")
            row = self._org.find(kind, id) if isinstance(id, int | str) else None
            if row is not None:
                found.append(row)
            elif self._org.options.unknown_link == "refuse":
                # UNCERTAIN: what Brevo does with ids that it does not know.
                raise invalid(f"{kind} ids do not exist")
        return found

    def _check_phone(self, body: Object) -> None:
        """A telephone number of a company must come with its country code (documented)."""
        attributes = object_of(body, "attributes")
        if self._kind is not COMPANIES or not attributes.get("phone_number"):
            return
        if not isinstance(body.get("countryCode"), int):
            raise missing("countryCode")
