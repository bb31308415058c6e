"""The template of a move from one account to another: our own export, and what the target lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import DealStatus, Stage
from migrator.template.locate import shipped_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from migrator.model import FieldInfo, Pipeline
    from migrator.template.distinct import Places

_OWN = "migrator"
_KINDS = frozenset({"text", "number", "date", "datetime", "bool", "choice"})
_HEAD = """\
# Made for one move, by `migrator run --from`: the template of migrator's own exports, and below it
# what the target is to have beforehand. Take away what you do not want there, and run it again.
"""


def moving_template(
    places: Places,
    fields: Iterable[FieldInfo],
    names: Mapping[str, str] | None = None,
    bars: Collection[str] = (),
) -> str:
    """The text of the template.

    Contacts and companies that the target lacks are created in it, and so are the pipelines with
    their stages, and the fields.

    Args:
        places: pipelines with their stages.
        fields: of the account that the deals come from, those that anything is in.
        names: what some of the fields are called in the target.
        bars: texts that no option of a choice may have in it; such a field becomes a text.
    """
    names = names or {}
    text = _with_names(_with_ids(shipped_paths()[_OWN].read_text(encoding="utf-8"), places), names)
    for link in ("contacts", "companies"):
        text = text.replace(
            f"{link}: {{from: [{link}]", f"{link}: {{on_missing: create, from: [{link}]"
        )
    wanted = {
        "fields": [_field(info, names.get(info.name, info.name), bars) for info in fields],
        "pipelines": [line for pipeline in places.pipelines for line in _pipeline(pipeline)],
    }
    lines = [_HEAD + text.rstrip(), "create:" if any(wanted.values()) else ""]
    for name, body in wanted.items():
        lines += [f"  {name}:", *body] if body else []
    return "\n".join(lines).rstrip() + "\n"


def _with_ids(text: str, places: Places) -> str:
    """Pipelines and stages by their ids, where labels do not tell which is meant."""
    for field, ids in (("pipeline", places.pipeline_ids), ("stage", places.stage_ids)):
        if ids:
            text = text.replace(
                f"{field}: {{from: [{field}]}}",
                f"{field}: {{from: [{field}_id], values: {_text(dict(ids))}}}",
            )
    return text


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """Lines for the fields that are called otherwise in the target, before all the others."""
    before, others, rest = text.partition("  custom.*:")
    more = [
        f'  custom.{new}: {{from: ["custom.{old}"], if_unknown: leave_out}}\n'
        for old, new in names.items()
    ]
    return "".join((before, *more, others, rest))


def with_closing_stages(
    pipelines: Sequence[Pipeline], statuses: Collection[tuple[str, DealStatus]]
) -> list[Pipeline]:
    """Pipelines that have a stage for each status that their deals have, by pipeline's label.

    In some CRMs a deal is won in whatever stage it is; others put it into a stage for that.
    """
    found = []
    for pipeline in pipelines:
        there = {stage.status for stage in pipeline.stages}
        lacking = [
            Stage(status.value, status.value.title(), status, chance)
            for status, chance in ((DealStatus.WON, "1.0"), (DealStatus.LOST, "0.0"))
            if status not in there and (pipeline.label, status) in statuses
        ]
        found.append(replace(pipeline, stages=(*pipeline.stages, *lacking)))
    return found


def _field(info: FieldInfo, name: str, bars: Collection[str]) -> str:
    """A choice of several values is a text over there, its labels joined."""
    kind = info.kind if info.kind in _KINDS and not info.multiple else "text"
    labels = list(info.options.values())
    # An option that shares its label with another one may stand in the file by its value.
    labels += [value for value, label in info.options.items() if labels.count(label) > 1]
    if kind == "choice" and (not labels or any(bar in label for bar in bars for label in labels)):
        kind = "text"
    options = f", options: {_text(labels)}" if kind == "choice" else ""
    return f"    - {{name: {_text(name)}, label: {_text(info.label)}, kind: {kind}{options}}}"


def _pipeline(pipeline: Pipeline) -> Iterable[str]:
    yield f"    - label: {_text(pipeline.label)}"
    yield "      stages:"
    for stage in pipeline.stages:
        chance = f', probability: "{stage.probability}"' if stage.probability else ""
        yield f"        - {{label: {_text(stage.label)}, status: {stage.status}{chance}}}"


def _text(value: object) -> str:
    """A text or texts as YAML takes them, whatever stands in them."""
    return json.dumps(value, ensure_ascii=False)
