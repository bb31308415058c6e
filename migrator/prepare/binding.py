"""Bring template and file together: which column of the file gives which field."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.errors import TemplateError, did_you_mean
from migrator.template import Pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.catalogue import Kind
    from migrator.template import FieldSpec, Key, Step, Template

WILDCARD = "*"
_SHOWN = 40
_REPEATED = re.compile(r"^(.*\S) \((\d+)\)$")


@dataclass(frozen=True, slots=True)
class Bound:
    """A canonical field with the columns of this file that give it.

    Attributes:
        name: canonical name.
        columns: the file's columns in the order of picking; none = the default for every record.
        steps: its transforms, complete with the default one.
        kind: what they give.
    """

    name: str
    spec: FieldSpec
    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    kind: Kind

    @property
    def header(self) -> str:
        """What the field is called in the source, for messages."""
        return " + ".join(self.columns) or self.name


@dataclass(frozen=True, slots=True)
class Binding:
    """A template bound to the columns of a file.

    Attributes:
        tidy: columns whose cells are known to need no tidying.
    """

    template: Template
    key: tuple[str, ...]
    fields: tuple[Bound, ...]
    notices: tuple[str, ...]
    tidy: frozenset[str] = frozenset()

    def needed(self) -> list[str]:
        """The columns of the file that anything is made of, each once."""
        used = [*self.key, *(column for bound in self.fields for column in bound.columns)]
        return list(dict.fromkeys(used))

    def bound(self, name: str) -> Bound | None:
        """The field of this name, if the file gives it."""
        return next((bound for bound in self.fields if bound.name == name), None)


def fold(header: str) -> str:
    """A header as it is compared: NFC, no-break spaces as spaces, trimmed, letter case ignored."""
    return " ".join(unicodedata.normalize("NFC", header).casefold().split())


@dataclass
class _Columns:
    """The file's columns by folded header."""

    columns: Sequence[str]
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_folded: dict[str, list[str]] = {}
        for column in self.columns:
            self._by_folded.setdefault(fold(column), []).append(column)
            repeated = _REPEATED.match(column)
            if repeated and repeated[1] in self.columns:
                self._by_folded[fold(repeated[1])].append(column)

    def find(self, alias: str) -> str | None:
        """The column of this header, the first one where several have it."""
        found = self._by_folded.get(fold(alias), [])
        if len(found) > 1:
            others = ", ".join(f'"{column}"' for column in found[1:])
            notice = f'Column "{found[0]}" is used; {others} has the same header and is not.'
            if notice not in self.notices:
                self.notices.append(notice)
        return found[0] if found else None

    def pick(self, aliases: Iterable[str | tuple[str, ...]], pick: Pick) -> tuple[str, ...]:
        """The columns of a field, in the order of the template."""
        if pick is Pick.JOIN:
            parts = [(part,) if isinstance(part, str) else part for part in aliases]
        else:
            flat = [a for part in aliases for a in ((part,) if isinstance(part, str) else part)]
            parts = [(alias,) for alias in flat]
        found = (self._first(part) for part in parts)
        present = tuple(dict.fromkeys(column for column in found if column is not None))
        return present[:1] if pick is Pick.FIRST_PRESENT else present

    def _first(self, aliases: Iterable[str]) -> str | None:
        return next((c for alias in aliases if (c := self.find(alias)) is not None), None)


def column_of(columns: Sequence[str], aliases: Iterable[str | tuple[str, ...]]) -> str | None:
    """The file's column of one of these headers; None when it has none."""
    return next(iter(_Columns(columns).pick(aliases, Pick.FIRST_PRESENT)), None)


def has_column(columns: Sequence[str], aliases: Iterable[str | tuple[str, ...]]) -> bool:
    """Whether a file has a column of one of these headers."""
    return column_of(columns, aliases) is not None


def bind(template: Template, columns: Sequence[str]) -> Binding:
    """Find the column of every field.

    Raises:
        TemplateError: the file lacks columns that the template cannot do without; the text names
            them, what the file has instead, and near misses.
    """
    file = _Columns(columns)
    lacking: dict[str, list[str]] = {}
    key = _bind_key(template.key, file)
    if not key:
        wanted = [template.key.from_ or (), *(part.from_ for part in template.key.parts)]
        lacking["key"] = [alias for aliases in wanted for alias in _flat(aliases)]
    bound: list[Bound] = []
    absent = []
    for name, spec in template.fields.items():
        fields = list(_bind_field(template, name, spec, file))
        bound.extend(fields)
        if not fields and spec.required:
            lacking[name] = _flat(spec.from_ or ())
        elif not fields and not name.endswith(WILDCARD):
            absent.append(name)
    if lacking or not any(field.columns for field in bound):
        raise TemplateError(_does_not_fit(template, lacking, columns))
    if absent:
        file.notices.append(f"This file has no column for {', '.join(absent)}; they stay blank.")
    return Binding(template, key, tuple(bound), tuple(file.notices))


def _bind_key(key: Key, file: _Columns) -> tuple[str, ...]:
    """The column of the id; else the columns that together are one, if all of them are there."""
    single = file.pick(key.from_ or (), Pick.FIRST_PRESENT)
    parts = [file.pick(part.from_, Pick.FIRST_PRESENT) for part in key.parts]
    together = tuple(column for part in parts for column in part)
    return single or (together if len(together) == len(parts) else ())


def _bind_field(template: Template, name: str, spec: FieldSpec, file: _Columns) -> Iterable[Bound]:
    typed = template.typed(name)
    if name.endswith(WILDCARD):
        stem = name.removesuffix(WILDCARD)
        taken = _taken(template, stem, file)
        for column in file.columns:
            rest = column.strip().removeprefix(stem)
            free = stem + rest not in template.fields and column not in taken
            if rest != column.strip() and rest and free:
                yield Bound(stem + rest, spec, (column,), typed.steps, typed.kind)
        return
    columns = file.pick(spec.from_ or (), spec.pick)
    if columns or spec.default is not None:
        yield Bound(name, spec, columns, typed.steps, typed.kind)


def _taken(template: Template, stem: str, file: _Columns) -> set[str]:
    """Columns that another field of the same stem is made of: they go there, and not twice."""
    return {
        column
        for name, spec in template.fields.items()
        if name.startswith(stem) and not name.endswith(WILDCARD)
        for column in file.pick(spec.from_ or (), spec.pick)
    }


def _flat(aliases: Iterable[str | tuple[str, ...]]) -> list[str]:
    return [a for part in aliases for a in ((part,) if isinstance(part, str) else part)]


def _does_not_fit(template: Template, lacking: dict[str, list[str]], columns: Sequence[str]) -> str:
    wanted = [
        f"{name} ({' or '.join(aliases[:4])}{', ...' if len(aliases) > 4 else ''})"
        for name, aliases in lacking.items()
    ]
    missing = f"It lacks a column for {', '.join(wanted)}." if wanted else "No field has a column."
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    has = ", ".join(columns[:_SHOWN]) + more
    hints = {did_you_mean(alias, columns) for aliases in lacking.values() for alias in aliases} - {
        ""
    }
    return (
        f"The template {template.origin} does not fit this file. {missing} The file has: {has}."
        f"{''.join(sorted(hints))} Choose another template, or add the header under `from`."
    )
