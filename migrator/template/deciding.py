"""A template with what a person decided about single values: the decisions file.

A check lists the values that keep rows from being loaded, a person says what each becomes, and the
same file is given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import TemplateError, did_you_mean
from migrator.model import CUSTOM_PREFIX
from migrator.template.creation import CreatePipeline, CreateStage
from migrator.template.spec import ValueRow
from migrator.template.tables import is_blank, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from migrator.template.spec import Template
    from migrator.template.tables import Sheet

COLUMNS = ("pipeline", "field", "source", "target")
"""What a decisions file must have, but for the first; its other columns are for people."""

_CREATE = "(create)"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one value of one field.

    Attributes:
        field: canonical field name.
        pipeline: in which pipeline, as the record has it; None = in any.
        source: the value as the record has it, after the template's own value map, or as it stands
            in the source.
        target: what it becomes: another value, ``(blank)`` for none, ``(create)`` for a stage or
            pipeline that is to be made; blank = not decided yet.
    """

    field: str
    pipeline: str | None
    source: str
    target: str


def decisions_sheet(path: Path) -> Sheet:
    """A CSV file of decisions as it stands there.

    Raises:
        TemplateError: it is no such file.
    """
    sheet = read_sheet(path, f"The decisions in {path}", "a file of decisions", COLUMNS)
    if "field" not in sheet.names:
        raise TemplateError(
            f"{path}: the column field is missing; a file of decisions has the columns "
            f"{', '.join(COLUMNS)}."
        )
    return sheet


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions in a CSV file, those that are open still included.

    Raises:
        TemplateError: it is no such file, or decides one value twice.
    """
    return decisions_of(decisions_sheet(path), path)


def decisions_of(sheet: Sheet, path: Path) -> tuple[Decision, ...]:
    """The decisions in what was read from a file; see :func:`read_decisions`."""
    found: dict[tuple[str, str, str], Decision] = {}
    for row in sheet.rows:
        one = Decision(row["field"], row.get("pipeline") or None, row["source"], row["target"])
        if not (one.field and one.source):
            continue
        same = found.setdefault(_place(one), one)
        if same.target != one.target:
            raise TemplateError(
                f'{path} decides twice about {one.field} "{one.source}": "{same.target}" and '
                f'"{one.target}". Letter case does not tell values apart; remove one of the lines.'
            )
    return tuple(found.values())


def _place(one: Decision) -> tuple[str, str, str]:
    return one.field, (one.pipeline or "").casefold(), one.source.casefold()


def decided(template: Template, decisions: Iterable[Decision]) -> Template:
    """The template as it is with the decisions taken: value maps, defaults, what to create.

    Raises:
        TemplateError: a decision is about a field that the template does not fill.
    """
    taken = [one for one in decisions if one.target]
    for one in taken:
        _ensure_filled(template, one)
    undecided = template
    # Stages are told by their pipelines, by the names that these had or that they have now.
    for one in sorted(taken, key=lambda one: one.field != "pipeline"):
        if one.target.casefold() == _CREATE:
            template = _created(template, one)
        else:
            pipelines = _in_source((undecided, template), one.pipeline)
            template = _mapped(template, one, pipelines)
    return template


def _ensure_filled(template: Template, one: Decision) -> None:
    every = f"{CUSTOM_PREFIX}*" in template.fields and one.field.startswith(CUSTOM_PREFIX)
    if one.field not in template.fields and not every:
        hint = did_you_mean(one.field, template.fields)
        raise TemplateError(
            f'A decision is about the field "{one.field}", which {template.origin} does not '
            f"fill.{hint}"
        )


def _mapped(template: Template, one: Decision, pipelines: Iterable[str | None]) -> Template:
    """With a value mapped: as it stands in the source, and where the map came to it so far."""
    target = "" if is_blank(one.target) else one.target
    rows = list(template.value_map(one.field))
    for pipeline in pipelines:
        rows = _with_value(rows, pipeline, one.source, target)
    default = template.field(one.field).default
    if one.pipeline is None and default and _same(default, one.source):
        template = _with_default(template, one.field, target or None)
    return template.with_value_map(one.field, rows)


def _with_default(template: Template, name: str, default: str | None) -> Template:
    spec = template.field(name).model_copy(update={"default": default})
    return template.model_copy(update={"fields": {**template.fields, name: spec}})


def _with_value(
    rows: Sequence[ValueRow], pipeline: str | None, source: str, target: str
) -> list[ValueRow]:
    """A value map with a value mapped, and with whatever led to that value led on.

    A text that stands in the source and is mapped to something else is another value than the one
    of the same name that the map leads to; it is meant only when there is no such one.
    """
    general = [row for row in rows if row.pipeline is None]
    special = [row for row in rows if row.pipeline and _same(row.pipeline, pipeline or "")]
    valid = {row.source.casefold(): row for row in (*general, *special)}
    led = [row.source for row in valid.values() if _same(row.target, source)]
    if source.casefold() not in valid or not led:
        led = [source, *led]
    sources = {each.casefold(): each for each in led}
    new = [ValueRow(pipeline=pipeline, source=each, target=target) for each in sources.values()]
    kept = [
        _led_on(row, source, target) if pipeline is None and row.pipeline else row
        for row in rows
        if not (row.source.casefold() in sources and _same(row.pipeline or "", pipeline or ""))
    ]
    return [*new, *kept]


def _led_on(row: ValueRow, source: str, target: str) -> ValueRow:
    return row.model_copy(update={"target": target}) if _same(row.target, source) else row


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _in_source(templates: Iterable[Template], pipeline: str | None) -> list[str | None]:
    """What the source calls a pipeline of the records; None for any of them."""
    if pipeline is None:
        return [None]
    rows = [row for template in templates for row in template.value_map("pipeline")]
    came = [row.source for row in rows if _same(row.target, pipeline)]
    return list({one.casefold(): one for one in (pipeline, *came)}.values())


def _created(template: Template, one: Decision) -> Template:
    """With a stage to make."""
    if one.field != "stage" or not one.pipeline:
        raise TemplateError(
            f'A decision says to create the {one.field} "{one.source}". Only stages can be created '
            "so, on a line that names their pipeline; anything else stands in the template, under "
            "`create:`."
        )
    stage = CreateStage(label=one.source)
    wanted = {pipeline.label.casefold(): pipeline for pipeline in template.create.pipelines}
    known = wanted.get(one.pipeline.casefold(), CreatePipeline(label=one.pipeline, stages=(stage,)))
    stages = known.stages if stage in known.stages else (*known.stages, stage)
    wanted[one.pipeline.casefold()] = known.model_copy(update={"stages": stages})
    create = template.create.model_copy(update={"pipelines": tuple(wanted.values())})
    return template.model_copy(update={"create": create})
