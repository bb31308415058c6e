"""What a transform gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason why a transform has no result for a value.

    Attributes:
        code: the reject's code.
        message: ends the sentence that begins with the value, with the way out.
        when: on the transform's input; None = whatever no other fault explains.
    """

    code: str
    message: str
    when: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The result of a transform on a column.

    ``value`` is null where the input is null. With ``faults`` it is null also where the transform
    has no result, and such a row is turned down with the first fault that applies; the last fault
    has no condition. Without ``faults`` a null is a result: nothing was left of the text.
    """

    value: pl.Expr
    faults: tuple[Fault, ...] = ()


SPREADSHEET_ERROR = r"^#"


def spreadsheet_error(column: pl.Expr) -> Fault:
    """``#N/A``, ``#REF!`` and the ``####`` of a column too narrow, saved as if they were data."""
    return Fault(
        "spreadsheet_error",
        "is what a spreadsheet shows instead of a value; mend the cell and save again",
        column.str.contains(SPREADSHEET_ERROR),
    )


def per_text(column: pl.Expr, function: Callable[[str], str | None]) -> pl.Expr:
    """Apply a Python function to every text that is there, inside the streaming engine."""

    def apply(series: pl.Series) -> pl.Series:
        texts = [None if text is None else function(text) for text in series]
        return pl.Series(series.name, texts, pl.String)

    return column.map_batches(apply, return_dtype=pl.String, is_elementwise=True)


def where_needed(
    column: pl.Expr,
    odd: Callable[[pl.Series], pl.Series],
    change: Callable[[pl.Series], pl.Series],
) -> pl.Expr:
    """Change only the texts for which ``odd`` is true; costly work is rarely needed by many.

    An expression would be worked out for all rows: ``when/then`` evaluates both of its branches.
    """

    def apply(series: pl.Series) -> pl.Series:
        rows = odd(series).arg_true()
        if not len(rows):
            return series
        return series.scatter(rows, change(series.gather(rows)))

    return column.map_batches(apply, return_dtype=pl.String, is_elementwise=True)


_FEW = 8
"""So many targets are quicker compared one by one than looked up."""


def lookup(column: pl.Expr, targets: Mapping[str, str]) -> pl.Expr:
    """The target of each text, or null.

    A long map is looked up batch by batch in Python: as an expression of the plan,
    ``replace_strict`` leaves the streaming engine (three times the memory), and a join, which stays
    in it, copies every other column of the frame.
    """
    sources: dict[str, list[str]] = {}
    for source, target in targets.items():
        sources.setdefault(target, []).append(source)
    if len(sources) <= _FEW:
        found = pl.lit(None, pl.String)
        for target, texts in sources.items():
            hit = column == texts[0] if len(texts) == 1 else column.is_in(texts)
            found = pl.when(hit).then(pl.lit(target)).otherwise(found)
        return found
    return column.map_batches(_finder(targets), return_dtype=pl.String, is_elementwise=True)


def lookup_folded(column: pl.Expr, targets: Mapping[str, str]) -> pl.Expr:
    """The target of each text whatever its letter case, or null; ``targets`` has small letters.

    Most texts are written in one of the usual ways, so that few have to be made small.
    """
    if not targets:
        return pl.lit(None, pl.String)
    usual = {
        written: target
        for source, target in targets.items()
        for written in (source, source.upper(), source.capitalize(), source.title())
        if written.lower() == source
    }
    as_written, small = _finder(usual), _finder(targets)

    def apply(texts: pl.Series) -> pl.Series:
        found = as_written(texts)
        if found.null_count() == texts.null_count():
            return found
        others = (found.is_null() & texts.is_not_null()).arg_true()
        return found.scatter(others, small(texts.gather(others).str.to_lowercase()))

    return column.map_batches(apply, return_dtype=pl.String, is_elementwise=True)


def _finder(targets: Mapping[str, str]) -> Callable[[pl.Series], pl.Series]:
    """What looks up the targets of a batch; null for texts that have none.

    An enumeration is made once for all batches; ``replace_strict`` makes a table for each of them,
    which takes longer than looking up.
    """
    sources = pl.Enum(list(targets))
    found = pl.Series(list(targets.values()), dtype=pl.String)

    def find(texts: pl.Series) -> pl.Series:
        places = texts.cast(sources, strict=False).to_physical()
        return found.gather(places).alias(texts.name)

    return find
