"""The options of a field by what people call them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from migrator.model import FieldInfo


@dataclass(frozen=True, slots=True)
class Style:
    """How a vendor writes several options as one text.

    Attributes:
        separator: what keeps them apart in what is given, as a regular expression.
        join: makes one text of them.
        synonyms: other words for an option, in small letters, where none is called so itself.
    """

    separator: str = ";"
    join: Callable[[Iterable[str]], str] = ";".join
    synonyms: Mapping[str, str] = field(default_factory=dict)


SEMICOLONS = Style()


class Choices:
    """A field's options: by value, by label as it is written, by either in any letter case.

    A name that two options share is ambiguous, never the first that comes; a value comes before a
    label. Two that differ in letter case alone are told apart by it, and by nothing else.
    """

    def __init__(self, info: FieldInfo, style: Style = SEMICOLONS) -> None:
        self._info = info
        self._style = style
        self._labels = _once((label.strip(), value) for value, label in info.options.items())
        self._named: dict[str, str | None] = {}
        """Folded name to value; None = two options are called so."""
        self._add((folded(value), value) for value in info.options)
        taken = frozenset(self._named)
        labels = [(folded(label), value) for value, label in info.options.items()]
        self._add((name, value) for name, value in labels if name not in taken)
        for word, meant in style.synonyms.items():
            if meant in self._named:
                self._named.setdefault(word, self._named[meant])

    def _add(self, names: Iterable[tuple[str, str]]) -> None:
        for name, value in names:
            if self._named.setdefault(name, value) != value:
                self._named[name] = None

    def value(self, given: str) -> str:
        """The option that is meant; of a field that takes several, all of them, in the order given.

        Separators before, behind and between are no options: before the first one, some vendors
        take it for the wish to add to what is there.
        """
        if not self._info.multiple:
            return self._one(given)
        whole = self._find(given)  # an option may have a separator in its name
        if whole:
            return self._style.join([whole])
        parts = [part for part in re.split(self._style.separator, given) if part.strip()]
        return self._style.join(dict.fromkeys(self._one(part) for part in parts))

    def _find(self, given: str) -> str | None:
        """A value; None for two or more, "" for none."""
        exact = given.strip()
        if exact in self._info.options:
            return exact
        return self._labels.get(exact) or self._named.get(exact.casefold(), "")

    def _one(self, given: str) -> str:
        found = self._find(given)
        if found:
            return found
        name, label = given.strip(), self._info.label
        if found is None:
            message = f'"{name}" names several options of {label}; use the value of one.'
            raise BadValue("ambiguous_option", message)
        near = did_you_mean(name, self._info.options.values())
        raise BadValue("unknown_option", f'"{name}" is no option of {label}.{near}')


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Those of the names that stand for one thing alone."""
    found: dict[str, set[str]] = {}
    for name, value in pairs:
        found.setdefault(name, set()).add(value)
    return {name: min(values) for name, values in found.items() if len(values) == 1}
