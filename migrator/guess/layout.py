"""Recognise the layout of a file: which shipped template was made for headers like these."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from migrator.guess.headers import alike
from migrator.model import CUSTOM_PREFIX, ObjectType
from migrator.prepare.binding import fold
from migrator.template import Pick, Template, load_template
from migrator.template.locate import shipped_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FITS = 0.7
"""A template of whose fields less is found was made for something else."""
_RENAMED = 0.92
"""A header so much like one of a template's is that one, renamed a little."""
_WEIGHTS = {"key": 2.0, "name": 2.0, "stage": 2.0, "amount": 1.5}
_CUSTOM = 0.3
_SELDOM = 0.4
"""Fields that many files of a layout have not."""
_OFTEN_ABSENT = frozenset({"currency", "description", "probability", "contacts", "status"})


@dataclass(frozen=True, slots=True)
class Found:
    """A column that a template names.

    Attributes:
        alias: the header that the template has.
        exact: whether the column is called just so.
    """

    column: str
    alias: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A shipped template that fits a file.

    Attributes:
        score: how much of it is found in the file, from 0 to 1.
        fields: canonical field (``key`` too) to the columns that give it, in the order of picking.
    """

    template: Template
    score: float
    fields: Mapping[str, tuple[Found, ...]]


def recognise(columns: Sequence[str]) -> Layout | None:
    """The shipped template that fits best; None where none fits well."""
    each = [_fitted(template, columns) for template in _templates()]
    best = max(each, key=lambda layout: (layout.score, len(layout.fields)))
    return best if best.score >= _FITS else None


@cache
def _templates() -> tuple[Template, ...]:
    """The shipped templates of deals; they do not change while we run."""
    each = (load_template(name) for name in shipped_paths())
    return tuple(template for template in each if template.object is ObjectType.DEALS)


def _fitted(template: Template, columns: Sequence[str]) -> Layout:
    fields: dict[str, tuple[Found, ...]] = {}
    key = _found(_flat(template.key.from_ or ()), columns)[:1]
    parts = [_found(_flat(part.from_), columns)[:1] for part in template.key.parts]
    if key:
        fields["key"] = key
    elif parts and all(parts):
        fields["key"] = tuple(found for (found,) in parts)
    total = score = _WEIGHTS["key"]
    score *= "key" in fields
    for name, spec in template.fields.items():
        if spec.from_ is None or name.endswith("*"):
            continue
        found = _picked(spec.from_, spec.pick, columns)
        weight = _weight(name)
        if found:
            fields[name] = found
            exact = any(each.exact for each in found)
            score += weight if exact else weight * 0.8
            total += weight
        else:
            total += weight * (_SELDOM if name in _OFTEN_ABSENT else 1.0)
    essential = {"name", "stage"} & set(template.fields)
    if not essential <= set(fields):
        score *= 0.5
    return Layout(template, score / total, fields)


def _weight(name: str) -> float:
    return _CUSTOM if name.startswith(CUSTOM_PREFIX) else _WEIGHTS.get(name, 1.0)


def _flat(aliases: Iterable[str | tuple[str, ...]]) -> list[str]:
    return [a for part in aliases for a in ((part,) if isinstance(part, str) else part)]


def _picked(
    aliases: Iterable[str | tuple[str, ...]], pick: Pick, columns: Sequence[str]
) -> tuple[Found, ...]:
    found = _found(_flat(aliases), columns)
    return found[:1] if pick is Pick.FIRST_PRESENT else found


def _found(aliases: Sequence[str], columns: Sequence[str]) -> tuple[Found, ...]:
    """The columns of these headers, each once: those called just so first, else renamed ones."""
    folded = {fold(column): column for column in reversed(columns)}
    exact = [Found(folded[fold(a)], a, exact=True) for a in aliases if fold(a) in folded]
    renamed = exact or [
        Found(column, alias, exact=False)
        for alias in aliases
        for column in columns
        if len(alias) > 3 and alike(alias, column) >= _RENAMED
    ]
    once = {found.column: found for found in reversed(renamed)}
    return tuple(found for found in dict.fromkeys(renamed) if once[found.column] is found)
