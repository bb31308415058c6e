"""What rules and transforms have in common: kinds of values, and how they describe themselves."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Kind(StrEnum):
    """The kind of value a column holds at some step.

    A ``moment`` is a day in one row and an instant in another, as text in ISO 8601.
    """

    TEXT = "text"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TEXTS = "texts"
    MOMENT = "moment"

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of such a column."""
        return _DTYPES[self]


def words(text: str) -> tuple[str, ...]:
    """The words of a text: a long table of words reads better without quotes."""
    return tuple(text.split())


DECIMAL = pl.Decimal(38, 6)
"""Every decimal number: exact, with room for the six places that exchange rates need."""

_BEYOND = 10 ** (DECIMAL.precision - DECIMAL.scale)

Number = Annotated[Decimal, Field(gt=-_BEYOND, lt=_BEYOND)]
"""A parameter that such numbers are compared with, of any number of places."""

INSTANT = pl.Datetime("us", "UTC")
"""Every instant."""

_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.DECIMAL: DECIMAL,
    Kind.BOOLEAN: pl.Boolean(),
    Kind.DATE: pl.Date(),
    Kind.DATETIME: INSTANT,
    Kind.TEXTS: pl.List(pl.String()),
    Kind.MOMENT: pl.String(),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a rule or transform; ``annotation`` is its Python type."""

    name: str
    annotation: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Info:
    """A rule or transform as the reference shows it.

    Attributes:
        summary: one sentence.
        parameters: as they are written, such as ``most`` or ``places=2``.
        examples: call and result, such as ``('max_length("abcd", most=3)', 'False')``.
    """

    name: str
    summary: str
    parameters: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]


def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of a rule or transform after its column."""
    listed = list(inspect.signature(function).parameters.values())[1:]
    return tuple(Parameter(p.name, p.annotation, p.default) for p in listed)


def describe(name: str, function: Callable[..., Any]) -> Info:
    """The reference entry of a rule or transform, from its signature and docstring."""
    text = inspect.getdoc(function) or ""
    written = tuple(
        p.name if p.required else f"{p.name}={p.default!r}" for p in parameters(function)
    )
    return Info(name, text.partition("\n")[0], written, tuple(_examples(text.splitlines())))


def _examples(lines: list[str]) -> Iterable[tuple[str, str]]:
    for call, result in pairwise(lines):
        if call.startswith(">>> "):
            yield call.removeprefix(">>> "), result
