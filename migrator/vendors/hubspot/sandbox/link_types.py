"""By which types records can be linked: those HubSpot defines, and labels that users make.

A type is seen from one side; its inverse, with a number of its own, from the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrator.vendors.hubspot.sandbox.schema import KINDS

HUBSPOT_DEFINED, USER_DEFINED = "HUBSPOT_DEFINED", "USER_DEFINED"

USER_KEYS = 1_000_000
"""Added to the number of a user's type to tell it from HubSpot's: the two count separately."""


@dataclass(frozen=True, slots=True)
class LinkType:
    """An association type, seen from one side.

    Attributes:
        type_id: its number, together with the category.
        inverse: key of the type that the other side sees.
        primary: a record has at most one link of this type.
        name: as lists of records tell it.
    """

    type_id: int
    source: str
    target: str
    label: str | None
    name: str
    inverse: int
    category: str = HUBSPOT_DEFINED
    primary: bool = False

    @property
    def key(self) -> int:
        """Its number among all types, whatever their category."""
        return link_key(self.category, self.type_id)


def link_key(category: str, type_id: int) -> int:
    """The number of a type among all types: the categories may have the same numbers."""
    return type_id + (USER_KEYS if category == USER_DEFINED else 0)


def _both(
    source: str,
    target: str,
    ids: tuple[int, int],
    label: str | None = None,
    suffix: str = "",
) -> tuple[LinkType, LinkType]:
    one, other = KINDS[source].singular, KINDS[target].singular
    primary = label is not None
    return (
        LinkType(
            ids[0], source, target, label, f"{one}_to_{other}{suffix}", ids[1], primary=primary
        ),
        LinkType(
            ids[1], target, source, label, f"{other}_to_{one}{suffix}", ids[0], primary=primary
        ),
    )


_DEFINED = (
    *_both("deals", "contacts", (3, 4)),
    *_both("deals", "companies", (5, 6), "Primary"),
    *_both("deals", "companies", (341, 342), suffix="_unlabeled"),
    *_both("contacts", "companies", (1, 2), "Primary"),
    *_both("contacts", "companies", (279, 280), suffix="_unlabeled"),
    *_both("notes", "deals", (214, 213)),
    *_both("notes", "contacts", (202, 201)),
    *_both("notes", "companies", (190, 189)),
    *_both("tasks", "deals", (216, 215)),
    *_both("tasks", "contacts", (204, 203)),
    *_both("tasks", "companies", (192, 191)),
)
"""Association types of HubSpot's own (association_type.py of its client)."""


class LinkTypes:
    """All association types of one account, by their keys."""

    def __init__(self) -> None:
        self._all = {link.key: link for link in _DEFINED}
        self._default = {
            (link.source, link.target): link.key for link in _DEFINED if link.label is None
        }
        self._next = 1

    def __getitem__(self, key: int) -> LinkType:
        return self._all[key]

    def get(self, category: str, type_id: int) -> LinkType | None:
        """The type of this category and number."""
        link = self._all.get(link_key(category, type_id))
        return link if link is not None and link.category == category else None

    def default(self, source: str, target: str) -> int | None:
        """Key of the unlabeled type between two kinds, the one of ``associate/default``."""
        return self._default.get((source, target))

    def between(self, source: str, target: str) -> list[LinkType]:
        """The types from one kind to another."""
        sides = (source, target)
        return [link for link in self._all.values() if (link.source, link.target) == sides]

    def define(
        self, source: str, target: str, name: str, label: str, inverse_label: str
    ) -> tuple[LinkType, LinkType]:
        """A user's label between two kinds: a type for each side.

        The numbers are small, so that one may be that of another type of HubSpot's own: only the
        category tells them apart (user-defined numbers as seen in public answers).
        """
        there, back = self._next, self._next + 1
        self._next += 2
        pair = (
            LinkType(
                there, source, target, label, name, link_key(USER_DEFINED, back), USER_DEFINED
            ),
            LinkType(
                back,
                target,
                source,
                inverse_label,
                name,
                link_key(USER_DEFINED, there),
                USER_DEFINED,
            ),
        )
        self._all |= {link.key: link for link in pair}
        return pair

    def put(self, link: LinkType) -> None:
        """Replace a type by another one of the same key."""
        self._all[link.key] = link

    def drop(self, link: LinkType) -> None:
        """Take a user's type away, for both sides."""
        del self._all[link.key], self._all[link.inverse]
