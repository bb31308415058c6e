"""Pipelines and stages by what a file calls them, and the place of a deal among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from migrator.errors import did_you_mean
from migrator.model import DealStatus
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.model import Pipeline, Stage
    from migrator.vendors.shared.draft import Draft

_T = TypeVar("_T")

PLACED = frozenset({"pipeline", "stage", "status"})
"""Fields of a deal that are decided together."""

_STATUSES: Mapping[str, DealStatus] = {str(status): status for status in DealStatus}


@dataclass(frozen=True, slots=True)
class Place:
    """A stage within its pipeline."""

    pipeline: Pipeline
    stage: Stage


class Stages:
    """Pipelines and stages by label, by id, and as ``stage (pipeline)`` as exports write them.

    A label comes before an id. A name that two share is ambiguous, never the first that comes:
    not every vendor keeps labels unique, not even those of the stages of one pipeline.
    """

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self.pipelines = tuple(pipelines)
        self._pipelines: _Names[Pipeline] = _Names()
        self._all: _Names[Place] = _Names()
        self._of_pipeline: dict[str, _Names[Place]] = {}
        self._homes: dict[str, Pipeline] = {}
        for pipeline in self.pipelines:
            self._pipelines.add(pipeline, pipeline.label, pipeline.id)
            own = self._of_pipeline[pipeline.id] = _Names()
            for stage in pipeline.stages:
                self._homes[stage.id] = pipeline
                names = (stage.label, stage.id, f"{stage.label} ({pipeline.label})")
                for known in (self._all, own):
                    known.add(Place(pipeline, stage), *names)

    def pipeline(self, name: str) -> Pipeline:
        """The only pipeline of a label, else of an id."""
        found = self._pipelines.find(name)
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(pipeline.id for pipeline in found)
            raise BadValue(
                "ambiguous_pipeline",
                f'The account has {len(found)} pipelines called "{name}" (ids {ids}). Rename one, '
                "or name the id.",
            )
        near = did_you_mean(name, [pipeline.label for pipeline in self.pipelines])
        raise BadValue("unknown_pipeline", f'The account has no pipeline "{name}".{near}')

    def stage(self, name: str, pipeline: Pipeline | None) -> Place:
        """The only stage of a name, of the pipeline or of all."""
        known = self._of_pipeline[pipeline.id] if pipeline else self._all
        found = known.find(name)
        if len(found) == 1:
            return found[0]
        where = f'The pipeline "{pipeline.label}"' if pipeline else "The account"
        if not found:
            among = (pipeline,) if pipeline else self.pipelines
            near = did_you_mean(name, [stage.label for p in among for stage in p.stages])
            raise BadValue("unknown_stage", f'{where} has no stage "{name}".{near}')
        labels = _quoted(place.pipeline.label for place in found)
        if len({folded(place.pipeline.label) for place in found}) > 1:
            message = f'The stage "{name}" is in {labels}: the pipeline must be named.'
            raise BadValue("missing_pipeline", message, "pipeline")
        ids = ", ".join(place.stage.id for place in found)
        raise BadValue(
            "ambiguous_stage",
            f'{where} has {len(found)} stages called "{name}" (ids {ids}). Rename one, or name '
            "the id.",
        )

    def closing(self, pipeline: Pipeline, status: DealStatus) -> Place:
        """The pipeline's only stage for won, or for lost, deals."""
        found = [stage for stage in pipeline.stages if stage.status is status]
        if len(found) == 1:
            return Place(pipeline, found[0])
        if found:
            labels = _quoted(stage.label for stage in found)
            raise BadValue(
                "ambiguous_stage",
                f'The pipeline "{pipeline.label}" has several stages for {status} deals: {labels}. '
                "The stage must name one of them.",
            )
        raise BadValue(
            "no_closed_stage", f'The pipeline "{pipeline.label}" has no stage for {status} deals.'
        )

    def of_stage(self, id: str) -> Pipeline | None:
        """The pipeline that a stage's id belongs to."""
        return self._homes.get(id)


@dataclass(frozen=True, slots=True)
class _Names(Generic[_T]):
    """Things by folded label, by folded id and by folded long name; each may be several."""

    labels: dict[str, list[_T]] = field(default_factory=dict)
    ids: dict[str, list[_T]] = field(default_factory=dict)
    longs: dict[str, list[_T]] = field(default_factory=dict)

    def add(self, thing: _T, label: str, id: str, long: str = "") -> None:
        for names, name in ((self.labels, label), (self.ids, id), (self.longs, long)):
            if name.strip():
                names.setdefault(folded(name), []).append(thing)

    def find(self, name: str) -> Sequence[_T]:
        wanted = folded(name)
        return self.labels.get(wanted) or self.ids.get(wanted) or self.longs.get(wanted) or ()


def _quoted(labels: Iterable[str]) -> str:
    return ", ".join(f'"{label}"' for label in dict.fromkeys(labels))


# -- the place of a deal ---------------------------------------------------------------------------


def given_status(draft: Draft) -> DealStatus | None:
    """The status that a row names; one that is none is a problem, and None."""
    text = draft.record.values.get("status")
    if text is None:
        return None
    found = _STATUSES.get(folded(text))
    if found is None:
        message = f'"{text}" is none of open, won and lost.'
        draft.problem("status", BadValue("unknown_status", message))
    return found


def given_pipeline(given: Mapping[str, str], stages: Stages) -> Pipeline | None:
    """The pipeline that a row names, or the only one; None = the stage has to tell."""
    if "pipeline" in given:
        return stages.pipeline(given["pipeline"])
    return stages.pipelines[0] if len(stages.pipelines) == 1 else None


def missing_stage(given: Mapping[str, str], message: str) -> BadValue:
    """A row names no stage. A deal that is there has one, but only its own pipeline has it."""
    return BadValue("missing_stage", message, "stage", only_to_create="pipeline" not in given)


def put_place(draft: Draft, place: Place, pipeline: str, stage: str) -> None:
    """Fill the properties of these names with a place."""
    given = draft.record.values
    origin = "stage" if "stage" in given else "status"
    draft.put(pipeline, "pipeline" if "pipeline" in given else origin, place.pipeline.id)
    draft.put(stage, origin, place.stage.id)


def place_with_status(draft: Draft, stages: Stages, no_stage: str) -> Place | None:
    """Where a deal stands, for vendors whose stages tell the status; None = there is a problem.

    A closed status finds the pipeline's stage for it by itself, and moves a deal there from an open
    stage; a stage that is closed otherwise contradicts it.

    Args:
        draft: the deal; its problems are noted there.
        stages: the account's.
        no_stage: why a stage is wanted, for a row that names none.
    """
    given = draft.record.values
    status = given_status(draft)
    field = "pipeline"
    try:
        pipeline = given_pipeline(given, stages)
        field = "stage"
        if "stage" in given:
            return _agreed(stages.stage(given["stage"], pipeline), status, stages)
        field = "status"
        if status in {DealStatus.WON, DealStatus.LOST}:
            return _by_status(pipeline, status, stages)
        if "status" not in given or status is DealStatus.OPEN:
            raise missing_stage(given, no_stage)
    except BadValue as bad:
        draft.problem(field, bad)
    return None


def _by_status(pipeline: Pipeline | None, status: DealStatus, stages: Stages) -> Place:
    if pipeline is None:
        labels = _quoted(pipeline.label for pipeline in stages.pipelines)
        message = f"The account has several pipelines: {labels}. Name one."
        raise BadValue("missing_pipeline", message, "pipeline")
    return stages.closing(pipeline, status)


def _agreed(place: Place, status: DealStatus | None, stages: Stages) -> Place:
    if status is None or status is place.stage.status:
        return place
    if place.stage.status is DealStatus.OPEN:
        return stages.closing(place.pipeline, status)
    raise BadValue(
        "status_stage_conflict",
        f'The deal is {status}, but its stage "{place.stage.label}" is for {place.stage.status} '
        "deals.",
    )
