"""Where deals go: pipelines and stages of the account, or new ones with the stages seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.guess.sheets import Line, candidate, lines
from migrator.guess.stages import is_stage, progress, status_in
from migrator.model import DealStatus, NewPipeline, NewStage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from migrator.guess.tally import Counted
    from migrator.model import Account, Pipeline

_ENOUGH = 0.9
"""A pipeline of the account that has the stages of so many deals is the one that is meant."""
_SIMILAR = 0.75
"""A stage so much like one that is there is not created beside it: somebody has to decide."""
_MEANT = 0.95
"""How sure it is that won deals belong into the only stage for won deals."""
_HINT = 0.5
_SLIP = 0.88
"""A rare stage so much like a usual one is that one, misspelt."""
_SELDOM = 0.005
_NUMBERED = re.compile(r"^\d+\s*[-.):]\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the deals of a source go.

    Attributes:
        default: the pipeline of all deals; blank where a column names it.
        pipelines: value map of the pipelines.
        stages: value map of the stages.
        create: pipelines to create, or to complete with stages.
        statuses: source value of a stage, in small letters, to the status it means.
        reason: why they go there, for a comment.
    """

    default: str
    pipelines: tuple[Line, ...] = ()
    stages: tuple[Line, ...] = ()
    create: tuple[NewPipeline, ...] = ()
    statuses: Mapping[str, DealStatus] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the source says of places.

    Attributes:
        pipelines: of the pipeline's column; none where there is no such column.
        stages: of the stage's column, per pipeline where there are several.
        statuses: the statuses that the column of statuses names.
        label: of a pipeline to create, where the source names none.
        known: source value, in small letters, to the stage that a layout says it is.
    """

    pipelines: Sequence[Counted]
    stages: Sequence[Counted]
    statuses: Collection[DealStatus]
    label: str
    chances: Mapping[str, str] = field(default_factory=dict)


def places(seen: Seen, account: Account | None, *, creates: bool) -> Places:
    """Decide where the deals go.

    Args:
        seen: the source.
        account: what is there; None = it is not known.
        creates: whether pipelines and stages can be created in it.
    """
    there = account.pipelines if account else ()
    if seen.pipelines:
        return _named(seen, there, creates=creates)
    return _unnamed(seen, there, creates=creates)


def label_of(value: str) -> str:
    """A stage without the number that some CRMs write before it.

    >>> label_of("3-Propose"), label_of("2. Demo"), label_of("360 review")
    ('Propose', 'Demo', '360 review')
    """
    return _NUMBERED.sub("", value)


# -- the source names no pipeline ------------------------------------------------------------------


def _unnamed(seen: Seen, there: Sequence[Pipeline], *, creates: bool) -> Places:
    stages = _together(seen.stages)
    total = sum(each.rows for each in stages) or 1
    rated = [(_covered(stages, pipeline) / total, pipeline) for pipeline in there]
    share, best = max(rated, key=lambda pair: pair[0], default=(0.0, None))
    if best is not None and (share >= _ENOUGH or not creates or not stages):
        sheet = _mapped(stages, best)
        reason = (
            f"the file names no pipeline; the stages of {share:.0%} of its deals are in this one"
            if stages
            else "the file names neither pipeline nor stage"
        )
        if not creates and share < _ENOUGH:
            reason += "; this CRM lets nobody but a person create pipelines"
        add = _additions(sheet, best.label, seen, best) if creates else None
        statuses = _statuses(sheet, {"": best})
        return Places(best.label, (), _targeted(sheet, add, best), _some(add), statuses, reason)
    label = _unused(seen.label, there)
    new, sheet = _made(label, stages, seen)
    reason = "the file names no pipeline; a new one is made of the stages seen"
    return Places(label, (), sheet, _some(new), _by_words(stages), reason)


def _unused(label: str, there: Sequence[Pipeline]) -> str:
    """A label that no pipeline has: new stages do not go into one that is in use."""
    taken = {pipeline.label.casefold() for pipeline in there}
    while label.casefold() in taken:
        label = f"{label} (imported)"
    return label


def _together(stages: Iterable[Counted]) -> list[Counted]:
    return [replace(each, pipeline="") for each in stages]


def _covered(stages: Sequence[Counted], pipeline: Pipeline) -> int:
    """How many deals have a stage that is surely one of this pipeline's, by its name."""
    names = _names(pipeline)
    return sum(each.rows for each in stages if candidate(label_of(each.value), names)[2])


def _names(pipeline: Pipeline) -> dict[str, list[str]]:
    return {
        stage.label: [stage.label, f"{stage.label} ({pipeline.label})"] for stage in pipeline.stages
    }


def _mapped(stages: Sequence[Counted], pipeline: Pipeline) -> tuple[Line, ...]:
    """The stages as those of a pipeline; won deals go into its only stage for them."""
    bare = [replace(each, value=label_of(each.value)) for each in stages]
    sheet = lines(bare, _names(pipeline))
    return tuple(
        _closing(replace(line, source=each.value), pipeline)
        for line, each in zip(sheet, stages, strict=True)
    )


def _closing(line: Line, pipeline: Pipeline) -> Line:
    status = status_in(line.source)
    if line.decided or status not in {DealStatus.WON, DealStatus.LOST}:
        return line
    found = [stage.label for stage in pipeline.stages if stage.status is status]
    if len(found) != 1:
        return line
    return replace(line, target=found[0], candidate=found[0], score=_MEANT)


def _hinted(line: Line, pipeline: Pipeline) -> Line:
    """With the stage about as far along, where no name is like it and nobody has decided."""
    steps = [stage.label for stage in pipeline.stages if stage.status is DealStatus.OPEN]
    if line.decided or line.candidate or not steps or not is_stage(line.source):
        return line
    wanted = progress(line.source)
    near = min(steps, key=lambda label: abs(progress(label) - wanted))
    return replace(line, candidate=near, score=_HINT)


# -- the source names pipelines --------------------------------------------------------------------


def _named(seen: Seen, there: Sequence[Pipeline], *, creates: bool) -> Places:
    by_label = {pipeline.label: pipeline for pipeline in there}
    sheet = list(lines(seen.pipelines, {label: [label] for label in by_label}))
    several = len(seen.pipelines) > 1
    stage_lines: list[Line] = []
    create: list[NewPipeline] = []
    homes: dict[str, Pipeline] = {}
    total = sum(each.rows for each in seen.pipelines)
    for index, line in enumerate(sheet):
        own = [each for each in seen.stages if each.pipeline == line.source]
        own = own if several else _together(own)
        home = by_label.get(line.target)
        if home is None and (not creates or _seldom(line.rows, total)):
            continue  # one deal in a pipeline that nobody knows is a slip, or somebody decides
        if home is None:
            new, made = _made(line.source, own, seen)
            create += _some(new)
            sheet[index] = replace(line, target=line.source)
            stage_lines += made
            continue
        homes[own[0].pipeline if own else ""] = home
        mapped = _mapped(own, home)
        add = _additions(mapped, home.label, seen, home) if creates else None
        create += _some(add)
        stage_lines += _targeted(mapped, add, home)
    statuses = _by_words(seen.stages) | _statuses(stage_lines, homes)
    return Places("", tuple(sheet), tuple(stage_lines), tuple(create), statuses)


def _seldom(rows: int, total: int) -> bool:
    return rows <= max(1, _SELDOM * total) < total / 2


def _additions(
    mapped: Sequence[Line], label: str, seen: Seen, home: Pipeline
) -> NewPipeline | None:
    """The stages that a pipeline of the account lacks, but for slips and for what is similar."""
    total = sum(line.rows for line in mapped) or 1
    lacking = [
        line.source
        for line in mapped
        if not line.decided
        and line.score < _SIMILAR
        and (is_stage(line.source) or not _seldom(line.rows, total))
    ]
    closed = {stage.status for stage in home.stages}
    wanted = [
        status
        for status in (DealStatus.WON, DealStatus.LOST)
        if status in seen.statuses and status not in closed
    ]
    return _new(label, lacking, seen, wanted) if lacking or wanted else None


def _targeted(mapped: Sequence[Line], add: NewPipeline | None, home: Pipeline) -> tuple[Line, ...]:
    """The lines, with the stages that are to be created as targets of theirs."""
    made = {stage.label for stage in add.stages} if add else set()
    return tuple(
        replace(line, target=label_of(line.source))
        if not line.decided and line.score < _SIMILAR and label_of(line.source) in made
        else _hinted(line, home)
        for line in mapped
    )


# -- pipelines to create ---------------------------------------------------------------------------


def _made(
    label: str, stages: Sequence[Counted], seen: Seen
) -> tuple[NewPipeline, tuple[Line, ...]]:
    """A pipeline with the stages seen, and their value map; a rare misspelling makes no stage."""
    total = sum(each.rows for each in stages)
    usual = {label_of(each.value) for each in stages if not _seldom(each.rows, total)}
    made, sheet = [], []
    for each in stages:
        name, score = label_of(each.value), 0.0
        if name not in usual:
            meant, score, _ = candidate(name, {known: [known] for known in usual})
            name = meant if score >= _SLIP else name
        line = Line(each.pipeline, each.value, name, each.rows, each.amount)
        if name == label_of(each.value):
            made.append(each.value)
        else:
            line = replace(line, candidate=name, score=score)
        sheet.append(line)
    return _new(label, made, seen), tuple(sheet)


def _some(new: NewPipeline | None) -> tuple[NewPipeline, ...]:
    return (new,) if new and new.stages else ()


def _new(
    label: str,
    stages: Iterable[str],
    seen: Seen,
    closing: Collection[DealStatus] | None = None,
) -> NewPipeline:
    """A pipeline of these stages: open ones in their usual order, then won, then lost."""
    made: dict[str, NewStage] = {}
    for value in sorted(stages, key=lambda value: _how_far(value, seen)):
        name, status = label_of(value), _status(value)
        chance = _CHANCES.get(status) or seen.chances.get(value.lower())
        made.setdefault(name.casefold(), NewStage(name, status, chance))
    has = {stage.status for stage in made.values()}
    for status in sorted(seen.statuses if closing is None else closing):
        if status not in has:
            name = status.value.capitalize()
            made.setdefault(name.casefold(), NewStage(name, status, _CHANCES[status]))
    ordered = sorted(made.values(), key=lambda stage: _ORDER[stage.status])
    return NewPipeline(label, tuple(ordered))


_ORDER = {DealStatus.OPEN: 0, DealStatus.WON: 1, DealStatus.LOST: 2}
_CHANCES = {DealStatus.WON: "1.0", DealStatus.LOST: "0.0"}


def _how_far(value: str, seen: Seen) -> tuple[float, int]:
    """By the mean probability of its deals, where the file tells; else as usual."""
    chance = seen.chances.get(value.lower())
    return (float(chance) if chance else 0.5, progress(value))


def _status(value: str) -> DealStatus:
    return status_in(value) or DealStatus.OPEN


def _by_words(stages: Iterable[Counted]) -> dict[str, DealStatus]:
    return {each.value.lower(): _status(each.value) for each in stages}


def _statuses(mapped: Iterable[Line], homes: Mapping[str, Pipeline]) -> dict[str, DealStatus]:
    """What the account's stage says of a deal in it goes before what the word says."""
    found = {}
    for line in mapped:
        home = homes.get(line.pipeline)
        known = {stage.label: stage.status for stage in home.stages} if home else {}
        found[line.source.lower()] = known.get(line.target, _status(line.source))
    return found
