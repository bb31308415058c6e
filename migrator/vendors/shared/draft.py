"""A record on its way from canonical fields to a vendor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Encoded, Problem
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Record
    from migrator.vendors.shared.problems import Terms


class Draft:
    """Properties, where they come from, and what is wrong; all problems are told, not the first.

    Attributes:
        record: what it is made of.
        terms: the vendor's.
        properties: vendor's field name to value.
        origin: vendor's field name to the canonical field that fills it.
    """

    __slots__ = ("origin", "problems", "properties", "record", "terms")

    def __init__(self, record: Record, terms: Terms) -> None:
        self.record = record
        self.terms = terms
        self.properties: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.problems: list[Problem] = []

    def put(self, name: str, field: str, value: str) -> None:
        """Fill a property with what comes from ``field``."""
        if name in self.properties:
            self.problem(field, self.terms.duplicate_field(name, self.origin[name], field))
            return
        self.properties[name] = value
        self.origin[name] = field

    def convert(self, name: str, field: str, convert: Callable[[str], str]) -> None:
        """Fill a property with what ``convert`` makes of ``field``, or note what is bad in it."""
        try:
            value = convert(self.record.values[field])
            if name in self.properties:
                self.put(name, field, value)
            else:  # what nearly every field of every record comes to
                self.properties[name] = value
                self.origin[name] = field
        except BadValue as bad:
            self.problem(field, bad)

    def problem(self, field: str, bad: BadValue) -> None:
        """Note what is bad about ``field``, or about the field that the problem itself names."""
        at_fault = bad.field or field
        value = self.record.values.get(at_fault, "")
        self.problems.append(
            Problem(at_fault, bad.code, str(bad), value, only_to_create=bad.only_to_create)
        )

    def done(self) -> Encoded:
        """The record in the vendor's terms."""
        return Encoded(self.properties, self.origin, tuple(self.problems))
