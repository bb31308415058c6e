"""What an account has of what a run wants: pipelines, stages and options, by their labels.

Labels are compared in any letter case, as people read them; no vendor here tells two of them apart
by letter case alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from migrator.model import Account, NewField, NewPipeline, NewStage, Stage


def folded(text: str) -> str:
    """A label as it is compared.

    >>> folded(" In Negotiation ")
    'in negotiation'
    """
    return text.strip().casefold()


def new_options(there: Mapping[str, str], new: NewField) -> list[str]:
    """Labels of ``new`` that are neither the value nor the label of an option."""
    known = {folded(text) for option in there.items() for text in option}
    return [label for label in dict.fromkeys(new.options) if folded(label) not in known]


def named(pipelines: Iterable[Pipeline], label: str) -> Pipeline | None:
    """The first pipeline of a label."""
    return next((one for one in pipelines if folded(one.label) == folded(label)), None)


def new_stages(found: Pipeline, wanted: NewPipeline) -> list[NewStage]:
    """The stages that a pipeline lacks."""
    known = {folded(stage.label) for stage in found.stages}
    return [stage for stage in wanted.stages if folded(stage.label) not in known]


def lacking_pipelines(
    pipelines: Sequence[Pipeline], wanted: Iterable[NewPipeline]
) -> tuple[NewPipeline, ...]:
    """Of each wanted pipeline what is missing; nothing of one that is whole."""
    missing = []
    for new in wanted:
        found = named(pipelines, new.label)
        stages = new.stages if found is None else tuple(new_stages(found, new))
        if found is None or stages:
            missing.append(replace(new, stages=stages))
    return tuple(missing)


def with_pipelines(
    account: Account,
    missing: Iterable[NewPipeline],
    stage: Callable[[NewStage, str, int, int], Stage],
) -> Account:
    """The account as if the missing pipelines and stages were there, with ids of ``new:``.

    ``stage`` makes one of what is wanted, its id, its place among the new ones, and their number.
    """
    pipelines = list(account.pipelines)
    for wanted in missing:
        found = named(pipelines, wanted.label)
        base = found or Pipeline(f"new:{wanted.label}", wanted.label, ())
        news = new_stages(base, wanted)
        added = [
            stage(new, f"new:{wanted.label}:{new.label}", place, len(news))
            for place, new in enumerate(news)
        ]
        completed = replace(base, stages=(*base.stages, *added))
        if found is None:
            pipelines.append(completed)
        else:
            pipelines[pipelines.index(found)] = completed
    return replace(account, pipelines=tuple(pipelines))
