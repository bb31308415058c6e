"""The source's own values beside what was made of them, for people who compare both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from migrator.prepare.binding import bind
from migrator.prepare.checks import checked, raw_text
from migrator.prepare.survey import survey
from migrator.prepare.texts import ROW, raw_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from migrator.prepare.binding import Binding
    from migrator.prepare.survey import Answers
    from migrator.template import Step, Template


def source_of(name: str) -> str:
    """The column with the source's own text of a field."""
    return f"source.{name}"


@dataclass(frozen=True)
class Traced:
    """How some fields of a source are read, whether their rows passed the checks or not.

    Attributes:
        fields: the canonical fields that were asked for and that the file gives, with the columns
            they are made of.
    """

    fields: Mapping[str, tuple[str, ...]]
    binding: Binding
    steps: Mapping[str, Sequence[Step]]

    def rows(self, scan: pl.LazyFrame) -> pl.LazyFrame:
        """Rows of the source as it has them, and as they were read.

        ``_record``; for each of the fields the canonical value under its name (null where it is
        blank or could not be read) and the source's own text under :func:`source_of` its name.
        """
        needed = self.binding.needed()
        frame = scan.select(*ROW, *(pl.col(name).alias(raw_of(name)) for name in needed))
        plan = checked(frame, self.binding, self.steps)
        fields = [one for one in self.binding.fields if one.name in self.fields]
        return plan.frame.select(
            "_record",
            *(pl.col(plan.values[one.name]).alias(one.name) for one in fields),
            *(raw_text(one.columns, one.spec.default).alias(source_of(one.name)) for one in fields),
        )


def traced(
    template: Template,
    scan: pl.LazyFrame,
    columns: Sequence[str],
    answers: Answers,
    names: Collection[str],
) -> Traced:
    """Find out how some fields were read.

    ``template``, ``scan`` and ``columns`` are as for :func:`migrator.prepare.prepare`, ``answers``
    what it decided over whole columns, ``names`` canonical fields.
    """
    whole = bind(template, columns)
    # A value map may ask for the pipeline.
    wanted = {*names, "pipeline"}
    binding = replace(whole, fields=tuple(one for one in whole.fields if one.name in wanted))
    needed = [pl.col(column).alias(raw_of(column)) for column in binding.needed()]
    steps = survey(scan.select(*ROW, *needed), binding, answers).steps
    fields = {one.name: one.columns for one in binding.fields if one.name in names}
    return Traced(fields, binding, steps)


def columns_of(template: Template, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The key and the canonical fields that a file gives, each with the columns it is made of."""
    binding = bind(template, columns)
    return {"key": binding.key, **{one.name: one.columns for one in binding.fields}}
