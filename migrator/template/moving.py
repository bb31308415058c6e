"""The template of a move from one account to another: our own export, and what the target lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import DealStatus, Stage
from migrator.template.locate import shipped_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from migrator.model import FieldInfo, Pipeline

_OWN = "migrator"
_KINDS = frozenset({"text", "number", "date", "datetime", "bool", "choice"})
_HEAD = """\
# Made for one move, by `migrator run --from`: the template of migrator's own exports, and below it
# what the target is to have beforehand. Take away what you do not want there, and run it again.
"""


def moving_template(pipelines: Sequence[Pipeline], fields: Iterable[FieldInfo]) -> str:
    """The text of the template.

    Contacts and companies that the target lacks are created in it, and so are ``pipelines`` with
    their stages, and ``fields``.
    """
    text = shipped_paths()[_OWN].read_text(encoding="utf-8")
    for link in ("contacts", "companies"):
        text = text.replace(
            f"{link}: {{from: [{link}]}}", f"{link}: {{from: [{link}], on_missing: create}}"
        )
    wanted = {
        "fields": [_field(info) for info in fields],
        "pipelines": [line for pipeline in pipelines for line in _pipeline(pipeline)],
    }
    lines = [_HEAD + text.rstrip(), "create:" if any(wanted.values()) else ""]
    for name, body in wanted.items():
        lines += [f"  {name}:", *body] if body else []
    return "\n".join(lines).rstrip() + "\n"


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


def _field(info: FieldInfo) -> str:
    """A choice of several values is a text over there, its labels joined."""
    kind = info.kind if info.kind in _KINDS and not info.multiple else "text"
    if kind == "choice" and not info.options:
        kind = "text"
    options = f", options: {_text(list(info.options.values()))}" if kind == "choice" else ""
    return f"    - {{name: {_text(info.name)}, label: {_text(info.label)}, kind: {kind}{options}}}"


def _pipeline(pipeline: Pipeline) -> Iterable[str]:
    yield f"    - label: {_text(pipeline.label)}"
    yield "      stages:"
    for stage in pipeline.stages:
        chance = f', probability: "{stage.probability}"' if stage.probability else ""
        yield f"        - {{label: {_text(stage.label)}, status: {stage.status}{chance}}}"


def _text(value: object) -> str:
    """A text or texts as YAML takes them, whatever stands in them."""
    return json.dumps(value, ensure_ascii=False)
