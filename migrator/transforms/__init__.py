"""Transforms: named steps, each a column expression to a column expression.

A transform that can fail for a value says so by a fault (see :class:`Change`): the row is turned
down with the fault's code, never loaded with a blank in place of the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from migrator.catalogue import Info, Kind, describe
from migrator.transforms import dates, numbers, private, text
from migrator.transforms.base import Change, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULTS",
    "TRANSFORMS",
    "Change",
    "Fault",
    "Transform",
    "catalogue",
    "evaluate",
]


@dataclass(frozen=True, slots=True)
class Transform:
    """A transform in the table: what it takes and gives; ``over_column`` needs a decision first."""

    apply: Callable[..., Change]
    takes: Kind = Kind.TEXT
    gives: Kind = Kind.TEXT
    over_column: bool = False


TRANSFORMS: dict[str, Transform] = {
    "strip": Transform(text.strip),
    "normalise": Transform(text.normalise),
    "collapse_spaces": Transform(text.collapse_spaces),
    "upper": Transform(text.upper),
    "lower": Transform(text.lower),
    "title_case": Transform(text.title_case),
    "map": Transform(text.map_values),
    "replace": Transform(text.replace),
    "replace_pattern": Transform(text.replace_pattern),
    "prefix": Transform(text.prefix),
    "suffix": Transform(text.suffix),
    "remove_prefix": Transform(text.remove_prefix),
    "truncate": Transform(text.truncate),
    "first_word": Transform(text.first_word),
    "digits": Transform(text.digits),
    "html_to_text": Transform(text.html_to_text),
    "fix_encoding": Transform(text.fix_encoding),
    "hash": Transform(private.hash_text),
    "anonymise": Transform(private.anonymise),
    "status": Transform(text.status),
    "number": Transform(numbers.number, gives=Kind.DECIMAL, over_column=True),
    "money": Transform(numbers.money, gives=Kind.DECIMAL, over_column=True),
    "percent": Transform(numbers.percent, gives=Kind.DECIMAL, over_column=True),
    "date": Transform(dates.date, gives=Kind.DATE, over_column=True),
    "datetime": Transform(dates.datetime, gives=Kind.DATETIME, over_column=True),
    "date_or_datetime": Transform(dates.date_or_datetime, gives=Kind.DATE, over_column=True),
    "iso": Transform(dates.iso, gives=Kind.MOMENT),
    "boolean": Transform(text.boolean, gives=Kind.BOOLEAN),
    "split": Transform(text.split, gives=Kind.TEXTS),
    "join": Transform(text.join, takes=Kind.TEXTS),
}
"""Every transform by the name a template calls it."""

DEFAULTS: dict[str, str] = {
    "amount": "money",
    "probability": "percent",
    "close_date": "date_or_datetime",
    "created_at": "datetime",
    "status": "status",
    "currency": "upper",
    "due_at": "date_or_datetime",
    "done": "boolean",
    "deals": "split",
    "contacts": "split",
    "companies": "split",
}
"""Canonical field to the transform it gets where a template gives none; the others stay texts."""


def catalogue() -> list[Info]:
    """The reference of all transforms, in the order of the table."""
    return [describe(name, transform.apply) for name, transform in TRANSFORMS.items()]


def evaluate(name: str, value: object, **arguments: object) -> object:
    """Apply a transform to one value: the result, or the code of its fault.

    What the examples in the docstrings show.
    """
    frame = pl.DataFrame({"value": pl.Series([value], dtype=TRANSFORMS[name].takes.dtype)})
    change = TRANSFORMS[name].apply(pl.col("value"), **arguments)
    result = frame.select(change.value).item()
    if result is not None or not change.faults or value is None:
        return result.to_list() if isinstance(result, pl.Series) else result
    for fault in change.faults:
        if fault.when is None or frame.select(fault.when.fill_null(False)).item():
            return fault.code
    raise AssertionError("the last fault of a transform has no condition")
