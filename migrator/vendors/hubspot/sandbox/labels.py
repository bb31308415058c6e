"""Endpoints of association types: HubSpot's own, and labels that users make (associations v4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    as_text,
    invalid,
    missing_fields,
    not_found,
)
from migrator.vendors.hubspot.sandbox.link_types import USER_DEFINED

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.answers import Call, Object
    from migrator.vendors.hubspot.sandbox.link_types import LinkType
    from migrator.vendors.hubspot.sandbox.portal import Portal


def show_type(link: LinkType) -> Object:
    """A type as answers have it; the unlabeled one has no label."""
    return {"category": link.category, "typeId": link.type_id, "label": link.label}


class Labels:
    """The endpoints ``associations/{type}/{to}/labels``."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def index(self, call: Call) -> Answer:
        """The types from one kind to another, HubSpot's own before those of users."""
        found = self._portal.link_types.between(*self._sides(call))
        return Answer(200, {"results": [show_type(link) for link in found]})

    def create(self, call: Call) -> Answer:
        """A label of a user's: one type for each side, of which this side's comes first.

        Without ``inverseLabel`` both sides have the same label.
        """
        source, target = self._sides(call)
        body = call.object()
        name, label = as_text(body.get("name")), as_text(body.get("label"))
        if not name or not label:
            raise missing_fields("name", "label")
        types = self._portal.link_types
        if types.default(source, target) is None:
            raise invalid(f"{source} and {target} cannot be associated.")
        if any(name == link.name or label == link.label for link in types.between(source, target)):
            # UNCERTAIN: that they must differ is by the settings page; the status is our guess.
            raise invalid(f'An association label "{label}" ({name}) exists already.')
        pair = types.define(source, target, name, label, as_text(body.get("inverseLabel")) or label)
        return Answer(200, {"results": [show_type(link) for link in pair]})

    def update(self, call: Call) -> Answer:
        """Other words for a label of a user's."""
        body = call.object()
        link = self._find(call, as_text(body.get("associationTypeId")))
        label = as_text(body.get("label"))
        if not label:
            raise missing_fields("label")
        types = self._portal.link_types
        types.put(replace(link, label=label))
        inverse = as_text(body.get("inverseLabel"))
        if inverse:
            types.put(replace(types[link.inverse], label=inverse))
        return Answer(204)

    def delete(self, call: Call) -> Answer:
        """A label of a user's goes, from all links as well; the links stay, unlabeled."""
        link = self._find(call, call.args["number"])
        self._portal.links.unlabel_all(link.source, link.target, link.key)
        self._portal.link_types.drop(link)
        return Answer(204)

    def _sides(self, call: Call) -> tuple[str, str]:
        return self._portal.kind(call.args["type"]).name, self._portal.kind(call.args["to"]).name

    def _find(self, call: Call, number: str) -> LinkType:
        """A user's own type between these kinds; HubSpot's cannot be changed."""
        known = number.isascii() and number.isdigit()
        link = self._portal.link_types.get(USER_DEFINED, int(number)) if known else None
        if link is None or (link.source, link.target) != self._sides(call):
            raise not_found(f"Association label {number} was not found.")
        return link
