"""Names of links: what a contact or company is to a deal.

A portal defines labels of its own ("Decision maker"); a link may have some beside its default type.
Which id a label has, the portal's definitions tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, did_you_mean
from migrator.model import ObjectType
from migrator.vendors.hubspot.answers import objects
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.hubspot.answers import Json
    from migrator.vendors.hubspot.calls import Calls

_OPTION = {ObjectType.CONTACTS: "contact_label", ObjectType.COMPANIES: "company_label"}


async def defined(calls: Calls, type: ObjectType, to: ObjectType) -> dict[str, Json]:
    """All that a link from one type to another may be called, with what tells it: one request."""
    listed = objects((await calls.get(calls.paths.associations(type, to, "labels"))).get("results"))
    return {str(item["label"]): item for item in listed if item.get("label")}


class Labels:
    """The labels with which deals are linked.

    Args:
        calls: to the portal.
        wanted: type of the parent to the label of its links.
    """

    def __init__(self, calls: Calls, wanted: Mapping[ObjectType, str]) -> None:
        self._calls = calls
        self._wanted = {type: label for type, label in wanted.items() if label.strip()}
        self._known: dict[ObjectType, list[Json]] = {}

    async def types(self, type: ObjectType, to: ObjectType) -> list[Json]:
        """What to add to the types of a link; read once, one request.

        Raises:
            InputError: the portal has no such label.
        """
        if type is not ObjectType.DEALS or to not in self._wanted:
            return []
        if to not in self._known:
            self._known[to] = [await self._read(to)]
        return self._known[to]

    async def check(self) -> None:
        """Read all that are wanted anew."""
        self._known.clear()
        for to in self._wanted:
            await self.types(ObjectType.DEALS, to)

    async def _read(self, to: ObjectType) -> Json:
        named = await defined(self._calls, ObjectType.DEALS, to)
        wanted = folded(self._wanted[to])
        for label, item in named.items():
            if folded(label) == wanted:
                return {
                    "associationCategory": item.get("category"),
                    "associationTypeId": item.get("typeId"),
                }
        known = ", ".join(sorted(named)) or "none"
        near = did_you_mean(self._wanted[to], named)
        raise InputError(
            f'HubSpot has no label "{self._wanted[to]}" for the {to} of a deal.{near} There are: '
            f"{known}. Create it under Settings > Objects > Deals > Associations, or give the "
            f"option {_OPTION[to]} another value."
        )
