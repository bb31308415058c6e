"""What a template asks the target to have before the run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from migrator.model import DealStatus, NewField, NewPipeline, NewStage, ObjectType
from migrator.template.base import Part, Texts


class CreateField(Part):
    """A field to create in the target when it is missing."""

    name: str = Field(description="Internal name, as after `custom.`.")
    label: str = Field(description="What people see.")
    kind: Literal["text", "number", "date", "datetime", "bool", "choice"] = "text"
    options: Texts = Field((), description="Labels of a choice.")


class CreateStage(Part):
    """A stage to create when it is missing."""

    label: str
    status: DealStatus = DealStatus.OPEN
    probability: Annotated[str, Field(pattern=r"^(0(\.\d+)?|1(\.0+)?)$")] | None = Field(
        None, description="From 0 to 1."
    )


class CreatePipeline(Part):
    """A pipeline to create, or to complete with the stages it lacks."""

    label: str
    stages: tuple[CreateStage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tells_stages_apart(self) -> Self:
        _ensure_distinct("stages", [stage.label for stage in self.stages])
        return self

    def wanted(self) -> NewPipeline:
        """The pipeline, as an account is asked for it."""
        stages = (NewStage(stage.label, stage.status, stage.probability) for stage in self.stages)
        return NewPipeline(self.label, tuple(stages))


class Create(Part):
    """What to create in the target before the run, where it is missing."""

    fields: tuple[CreateField, ...] = ()
    pipelines: tuple[CreatePipeline, ...] = ()

    @model_validator(mode="after")
    def _tells_pipelines_apart(self) -> Self:
        _ensure_distinct("pipelines", [pipeline.label for pipeline in self.pipelines])
        return self

    def new_fields(self, type: ObjectType) -> dict[ObjectType, tuple[NewField, ...]]:
        """The fields, as an account is asked for them."""
        wanted = tuple(NewField(new.name, new.label, new.kind, new.options) for new in self.fields)
        return {type: wanted} if wanted else {}

    def new_pipelines(self) -> tuple[NewPipeline, ...]:
        """The pipelines, as an account is asked for them."""
        return tuple(new.wanted() for new in self.pipelines)


def _ensure_distinct(what: str, labels: list[str]) -> None:
    """Two of a name would become one; in labels of an account letter case makes no difference."""
    seen: set[str] = set()
    for label in labels:
        folded = label.strip().casefold()
        if folded in seen:
            raise ValueError(f'two {what} are called "{label}": give one of them another name')
        seen.add(folded)
