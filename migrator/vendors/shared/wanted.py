"""What an account lacks of what a run wants, and the account as it will be. All of it is pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import KEY_FIELD, FieldInfo, Pipeline, Provision, Stage
from migrator.vendors.shared.names import folded, status_of_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from migrator.model import Account, NewField, NewPipeline, NewStage, ObjectType


KEY = FieldInfo(KEY_FIELD, KEY_FIELD, "text")
"""The key field where it has nothing special."""


def _by_internal_name(fields: Mapping[str, FieldInfo], new: NewField) -> FieldInfo | None:
    return fields.get(new.name)


def _as_asked(new: NewField) -> FieldInfo:
    return FieldInfo(new.name, new.label, new.kind)


def stage_by_name(new: NewStage, id: str, _place: int, _of: int) -> Stage:
    """A new stage where the name alone tells whether its deals are closed."""
    return Stage(id, new.label, status_of_stage(new.label))


@dataclass(frozen=True, slots=True)
class Making:
    """How a vendor makes what a run wants.

    Attributes:
        keyed: the types that have a key field.
        key: the key field as the account will show it.
        find: the field of an account that is meant.
        field: what a new one will be, but for the options asked for.
        stage: a new stage, of what is wanted, its id, its place among the new ones of its pipeline,
            and their number.
    """

    keyed: Collection[ObjectType]
    key: FieldInfo = KEY
    find: Callable[[Mapping[str, FieldInfo], NewField], FieldInfo | None] = _by_internal_name
    field: Callable[[NewField], FieldInfo] = _as_asked
    stage: Callable[[NewStage, str, int, int], Stage] = stage_by_name

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """The part of ``wanted`` that the account does not have."""
        fields = {
            type: tuple(new for new in news if self._lacks(account.fields.get(type, {}), new))
            for type, news in wanted.fields.items()
        }
        return Provision(
            keys=tuple(
                type
                for type in wanted.keys
                if type in self.keyed and KEY_FIELD not in account.fields.get(type, {})
            ),
            fields={type: news for type, news in fields.items() if news},
            pipelines=lacking_pipelines(account.pipelines, wanted.pipelines),
        )

    def _lacks(self, fields: Mapping[str, FieldInfo], new: NewField) -> bool:
        found = self.find(fields, new)
        return found is None or (found.kind == "choice" and bool(new_options(found.options, new)))

    def provisional(self, account: Account, missing: Provision) -> Account:
        """The account as it will be, with ids that begin with ``new:``."""
        fields = {type: dict(infos) for type, infos in account.fields.items()}
        for type in missing.keys:
            fields.setdefault(type, {})[KEY_FIELD] = self.key
        for type, news in missing.fields.items():
            infos = fields.setdefault(type, {})
            for new in news:
                base = self.find(infos, new) or self.field(new)
                added = {label: label for label in new_options(base.options, new)}
                infos[base.name] = replace(base, options={**base.options, **added})
        return with_pipelines(replace(account, fields=fields), missing.pipelines, self.stage)


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
    """Of each wanted pipeline what is missing; nothing of one that is whole.

    Raises:
        InputError: several are called so, and none of them is whole.
    """
    missing = []
    for new in wanted:
        found = [one for one in pipelines if folded(one.label) == folded(new.label)]
        lacks = [tuple(new_stages(one, new)) for one in found] or [new.stages]
        if not all(lacks):
            continue
        if len(found) > 1:
            ids = ", ".join(one.id for one in found)
            names = ", ".join(f'"{stage.label}"' for stage in new.stages)
            raise InputError(
                f'The account has {len(found)} pipelines called "{new.label}" (ids {ids}), and it '
                f"is not certain which of them is to get the stages that it lacks of {names}. "
                "Rename one of them in the account, or the pipeline in the template."
            )
        missing.append(replace(new, stages=lacks[0]))
    return tuple(missing)


def with_pipelines(
    account: Account,
    missing: Iterable[NewPipeline],
    stage: Callable[[NewStage, str, int, int], Stage],
) -> Account:
    """The account as if the missing pipelines and stages were there; ``stage`` as in `Making`."""
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
