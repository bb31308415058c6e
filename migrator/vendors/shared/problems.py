"""What may be wrong with a value, by codes and in words that are the same for all vendors.

The codes are for programs and stay; every rule that raises one stands in one of the modules beside
this one, unless it is a vendor's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.model import ObjectType

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE_OF = {
    ObjectType.DEALS: "deal",
    ObjectType.CONTACTS: "contact",
    ObjectType.COMPANIES: "company",
    ObjectType.NOTES: "note",
    ObjectType.TASKS: "task",
}
"""What one record of a type is called in a sentence."""


class BadValue(ValueError):
    """A value that cannot go to the target; ``code`` and text are for the user.

    Args:
        code: as in :class:`~migrator.model.Problem`.
        message: whole sentences.
        field: the canonical field at fault, when it is not the one that was looked at.
        only_to_create: a record that is there can be updated all the same.
    """

    def __init__(
        self, code: str, message: str, field: str | None = None, *, only_to_create: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.only_to_create = only_to_create


@dataclass(frozen=True, slots=True)
class Terms:
    """What a vendor calls things.

    Attributes:
        vendor: its name in prose.
        field: its word for a field: property, attribute.
    """

    vendor: str
    field: str = "field"

    def unknown_field(self, type: ObjectType, name: str, known: Iterable[str]) -> BadValue:
        """The account has no field of this name."""
        near = did_you_mean(name, known)
        return BadValue(
            "unknown_field", f'{self.vendor}\'s {type} have no {self.field} "{name}".{near}'
        )

    def read_only_field(self, name: str) -> BadValue:
        """The vendor alone writes the field."""
        return BadValue("read_only_field", f'{self.vendor} fills the {self.field} "{name}" itself.')

    def key_field(self, name: str) -> BadValue:
        """Only we write the field, and only one thing into it."""
        message = f'The {self.field} "{name}" keeps the source key; leave it to migrator.'
        return BadValue("read_only_field", message)

    def duplicate_field(self, name: str, first: str, second: str) -> BadValue:
        """Two canonical fields lead to the same one."""
        message = f'"{second}" and "{first}" both fill the {self.field} {name}.'
        return BadValue("duplicate_field", message)

    def missing_name(self, type: ObjectType) -> BadValue:
        """A record that is there has a name; a file need not repeat it to update it."""
        message = f"{self.vendor} wants a name for every {ONE_OF[type]}."
        return BadValue("missing_name", message, "name", only_to_create=True)
