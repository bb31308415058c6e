"""Endpoints of associations: v4 (and its dated twins) and the deprecated v1 of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    Refusal,
    as_object,
    as_objects,
    as_text,
    invalid,
    not_found,
)
from migrator.vendors.hubspot.sandbox.batches import batch_answer
from migrator.vendors.hubspot.sandbox.labels import show_type
from migrator.vendors.hubspot.sandbox.writes import link_keys, unknown_records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.link_types import LinkType
    from migrator.vendors.hubspot.sandbox.portal import Portal

READ_BATCH = 1_000
"""Most ids in one batch read (changelog of 2025-02-10)."""

PAGE = 500
"""Most links in one page of one record."""


class Associations:
    """The endpoints that link records and tell which are linked."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def batch_create(self, call: Call) -> Answer:
        """Link pairs by the types each names; repeating is harmless; bad pairs make it a 207."""
        source, target = self._sides(call)

        def one(given: Object) -> Object:
            keys = link_keys(self._portal, given.get("types"), source, target)
            id, other = self._pair(source, _id(given, "from"), target, _id(given, "to"))
            self._link(id, other, keys)
            return self._linked(source, id, target, other, keys)

        return self._each(201, call, one)

    def batch_default(self, call: Call) -> Answer:
        """Link pairs by the unlabeled type."""
        source, target = self._sides(call)

        def one(given: Object) -> Object:
            return self._default(source, _id(given, "from"), target, _id(given, "to"))

        return self._each(200, call, one)

    def batch_read(self, call: Call) -> Answer:
        """Who is linked to each of these records.

        A record with no links is an error item, as real answers have it (UNCERTAIN: no page).
        """
        source, target = self._sides(call)
        results: list[Json] = []
        errors: list[Object] = []
        for given in call.inputs(READ_BATCH):
            id = as_text(given.get("id"))
            row = self._portal.tables[source].by_id(id)
            links = self._portal.links.of(source, row.id, target) if row else {}
            if not links:
                errors.append(self._nothing(source, target, id))
            else:
                after = as_text(given.get("after"))
                results.append({"from": {"id": id}, **self._page(call, links, after, PAGE, "to")})
        return batch_answer(self._portal, 200, results, errors)

    def batch_archive(self, call: Call) -> Answer:
        """Unlink pairs altogether."""
        source, target = self._sides(call)
        pairs = []
        for given in call.inputs(self._portal.options.association_batch):
            listed = given.get("to")
            others = as_objects(listed) if isinstance(listed, list) else [as_object(listed)]
            pairs += [(_id(given, "from"), as_text(other.get("id"))) for other in others]
        if self._portal.options.unknown_unlink == "refuse":
            for id, other in pairs:
                self._pair(source, id, target, other)
        for id, other in pairs:
            self._remove(source, id, target, other)
        return Answer(204)

    def batch_labels_archive(self, call: Call) -> Answer:
        """Take single association types away."""
        source, target = self._sides(call)
        for given in call.inputs(self._portal.options.association_batch):
            keys = link_keys(self._portal, given.get("types"), source, target)
            id, other = self._pair(source, _id(given, "from"), target, _id(given, "to"))
            for key in keys:
                self._portal.links.unlabel(source, id, target, other, key)
        return Answer(204)

    def index(self, call: Call) -> Answer:
        """Who is linked to one record, page by page."""
        source, target = self._sides(call)
        row = self._portal.tables[source].by_id(call.args["id"])
        if row is None:
            raise not_found()
        links = self._portal.links.of(source, row.id, target)
        limit = call.whole("limit", PAGE, PAGE)
        return Answer(200, self._page(call, links, call.query.get("after", ""), limit, "results"))

    def put(self, call: Call) -> Answer:
        """Link two records by the types in the body."""
        source, target = self._sides(call)
        keys = link_keys(self._portal, call.body, source, target)
        id, other = self._pair(source, call.args["id"], target, call.args["other"])
        self._link(id, other, keys)
        return Answer(201, self._linked(source, id, target, other, keys))

    def put_default(self, call: Call) -> Answer:
        """Link two records by the unlabeled type."""
        source, target = self._sides(call)
        done = self._default(source, call.args["id"], target, call.args["other"])
        return batch_answer(self._portal, 200, [done], [])

    def delete(self, call: Call) -> Answer:
        """Unlink two records."""
        source, target = self._sides(call)
        self._remove(source, call.args["id"], target, call.args["other"])
        return Answer(204)

    def legacy_add(self, call: Call) -> Answer:
        """The deprecated v1 way: a deal is linked to ``?id=..&id=..``; no body.

        UNCERTAIN: 204 or 200, both with an empty body; and the type, here the unlabeled one.
        """
        target, pairs = self._legacy_pairs(call)
        link = self._default_type("deals", target)
        for id, other in pairs:
            self._link(id, other, [link.key])
        return Answer(204)

    def legacy_remove(self, call: Call) -> Answer:
        """The deprecated v1 way of unlinking."""
        target, pairs = self._legacy_pairs(call)
        for id, other in pairs:
            self._unlink("deals", id, target, other)
        return Answer(204)

    def _legacy_pairs(self, call: Call) -> tuple[str, list[tuple[int, int]]]:
        target = self._portal.kind(call.args["to"]).name
        if target not in {"contacts", "companies"}:
            raise invalid("Deals are associated with CONTACT or COMPANY.")
        ids = call.query.get_list("id")
        if not ids:
            raise invalid("Query parameter id is required.")
        return target, [self._pair("deals", call.args["id"], target, other) for other in ids]

    def _sides(self, call: Call) -> tuple[str, str]:
        return self._portal.kind(call.args["type"]).name, self._portal.kind(call.args["to"]).name

    def _each(self, status: int, call: Call, one: Callable[[Object], Object]) -> Answer:
        results: list[Json] = []
        errors: list[Object] = []
        for given in call.inputs(self._portal.options.association_batch):
            try:
                results.append(one(given))
            except Refusal as refusal:
                errors.append(
                    refusal.row(fromObjectId=[_id(given, "from")], toObjectId=[_id(given, "to")])
                )
        return batch_answer(self._portal, status, results, errors)

    def _default(self, source: str, id: str, target: str, other: str) -> Object:
        link = self._default_type(source, target)
        self._link(*self._pair(source, id, target, other), [link.key])
        return {
            "from": {"id": id},
            "to": {"id": other},
            "associationSpec": {
                "associationCategory": link.category,
                "associationTypeId": link.type_id,
            },
        }

    def _default_type(self, source: str, target: str) -> LinkType:
        types = self._portal.link_types
        key = types.default(source, target)
        if key is None:
            raise invalid(f"No default association type from {source} to {target}.")
        return types[key]

    def _linked(self, source: str, id: int, target: str, other: int, keys: Sequence[int]) -> Object:
        """What an answer says about a link that was made."""
        tables, types = self._portal.tables, self._portal.link_types
        return {
            "fromObjectTypeId": tables[source].kind.type_id,
            "fromObjectId": str(id),
            "toObjectTypeId": tables[target].kind.type_id,
            "toObjectId": str(other),
            "labels": [label for key in keys if (label := types[key].label)],
        }

    def _pair(self, source: str, id: str, target: str, other: str) -> tuple[int, int]:
        one = self._portal.tables[source].by_id(id)
        two = self._portal.tables[target].by_id(other)
        if one is None or two is None:
            named = ((source, id, one), (target, other, two))
            raise unknown_records(self._portal, [(kind, t) for kind, t, row in named if not row])
        return one.id, two.id

    def _remove(self, source: str, id: str, target: str, other: str) -> None:
        one = self._portal.tables[source].by_id(id)
        two = self._portal.tables[target].by_id(other)
        if one is not None and two is not None:
            self._unlink(source, one.id, target, two.id)

    def _link(self, id: int, other: int, keys: Sequence[int]) -> None:
        self._portal.links.add(id, other, keys)
        link = self._portal.link_types[keys[0]]
        self._moved(link.source, id, link.target, other)

    def _unlink(self, source: str, id: int, target: str, other: int) -> None:
        self._portal.links.remove(source, id, target, other)
        self._moved(source, id, target, other)

    def _moved(self, source: str, id: int, target: str, other: int) -> None:
        """Properties that count links are properties: whether they count as a change is open."""
        if self._portal.options.links_move_updated:
            for kind, number in ((source, id), (target, other)):
                self._portal.tables[kind].rows[number].updated = self._portal.time()

    def _page(
        self,
        call: Call,
        links: Mapping[int, tuple[int, ...]],
        after: str,
        limit: int,
        name: str,
    ) -> Object:
        """One page of links; ``toObjectId`` is a number in v4 and text in dated versions."""
        ids = sorted(links)
        if after.isascii() and after.isdigit():
            ids = [id for id in ids if id > int(after)]
        page: list[Json] = [
            {
                "toObjectId": id if call.version.startswith("v") else str(id),
                "associationTypes": [show_type(self._portal.link_types[key]) for key in links[id]],
            }
            for id in ids[:limit]
        ]
        body: Object = {name: page}
        if len(ids) > limit:
            last = str(ids[limit - 1])
            body["paging"] = {"next": {"after": last, "link": f"?after={last}"}}
        return body

    def _nothing(self, source: str, target: str, id: str) -> Object:
        one, two = self._portal.tables[source].kind, self._portal.tables[target].kind
        refusal = not_found(f"No {two.singular} is associated with {one.singular} {id}.")
        refusal.sub_category = "crm.associations.NO_ASSOCIATIONS_FOUND"
        return refusal.row(fromObjectId=[id], fromObjectType=[one.singular])


def _id(given: Object, side: str) -> str:
    return as_text(as_object(given.get(side)).get("id"))
