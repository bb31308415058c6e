"""An account made ready for looking names up: built once, then asked for every record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from migrator.errors import did_you_mean
from migrator.model import DealStatus
from migrator.vendors.brevo import values
from migrator.vendors.brevo.schema import find_field
from migrator.vendors.brevo.values import BadValue, Choice, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.model import Account, FieldInfo, ObjectType, Pipeline, Stage

_T = TypeVar("_T")

_WON = frozenset({"won", "gagné", "gewonnen", "ganado", "ganada", "vinto", "ganho"})
_LOST = frozenset({"lost", "perdu", "verloren", "perdido", "perdida", "perso"})
_FILLING = frozenset({"closed", "deal", "deals", "stage", "fermé", "geschlossen"})


def status_of(stage: str) -> DealStatus:
    """What a stage means by its name: Brevo has nothing else that tells.

    (The probability of a stage does not: a new one has been seen with 100.)

    >>> [str(status_of(name)) for name in ("Won", "Closed - lost", "Won back by phone")]
    ['won', 'lost', 'open']
    """
    words = [word for word in re.findall(r"\w+", stage.casefold()) if word not in _FILLING]
    if len(words) == 1 and words[0] in _WON:
        return DealStatus.WON
    if len(words) == 1 and words[0] in _LOST:
        return DealStatus.LOST
    return DealStatus.OPEN


@dataclass(frozen=True, slots=True)
class Place:
    """A stage within its pipeline."""

    pipeline: Pipeline
    stage: Stage


class Stages:
    """Pipelines and stages by label, by id, and as ``stage (pipeline)`` as exports write them."""

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self.pipelines = tuple(pipelines)
        self._pipelines = _by_name((p.label, p.id, p) for p in self.pipelines)
        self._stages = {
            p.id: _by_name((s.label, s.id, Place(p, s)) for s in p.stages) for p in self.pipelines
        }
        self._bracketed = {
            folded(f"{s.label} ({p.label})"): Place(p, s) for p in self.pipelines for s in p.stages
        }

    def pipeline(self, name: str) -> Pipeline:
        """The pipeline of a label or id."""
        found = self._pipelines.get(folded(name))
        if found is None:
            labels = [pipeline.label for pipeline in self.pipelines]
            raise BadValue(
                "unknown_pipeline",
                f'The account has no pipeline "{name}".{did_you_mean(name, labels)}',
            )
        return found

    def stage(self, name: str, pipeline: Pipeline | None) -> Place:
        """The stage of a label or id: of the pipeline, or else the only one of that name."""
        among = (pipeline,) if pipeline else self.pipelines
        found = [place for p in among if (place := self._stages[p.id].get(folded(name)))]
        bracketed = self._bracketed.get(folded(name))
        if not found and bracketed and bracketed.pipeline in among:
            found = [bracketed]
        if len(found) == 1:
            return found[0]
        if found:
            where = ", ".join(f'"{place.pipeline.label}"' for place in found)
            raise BadValue(
                "missing_pipeline", f'The stage "{name}" is in {where}: the pipeline must be named.'
            )
        labels = [stage.label for p in among for stage in p.stages]
        where = f'The pipeline "{pipeline.label}"' if pipeline else "The account"
        raise BadValue(
            "unknown_stage", f'{where} has no stage "{name}".{did_you_mean(name, labels)}'
        )

    def closing(self, pipeline: Pipeline, status: DealStatus) -> Place:
        """The pipeline's only stage for won, or for lost, deals."""
        found = [stage for stage in pipeline.stages if stage.status is status]
        if len(found) == 1:
            return Place(pipeline, found[0])
        if found:
            labels = ", ".join(f'"{stage.label}"' for stage in found)
            message = f'The pipeline "{pipeline.label}" has several stages for {status} deals: '
            raise BadValue("ambiguous_stage", f"{message}{labels}. The stage must name one.")
        raise BadValue(
            "no_closed_stage",
            f'The pipeline "{pipeline.label}" has no stage called {status.capitalize()}.',
        )

    def of_stage(self, id: str) -> Pipeline | None:
        """The pipeline that a stage's id belongs to."""
        for pipeline in self.pipelines:
            if any(stage.id == id for stage in pipeline.stages):
                return pipeline
        return None


class Lookups:
    """All of an account that ``encode`` needs."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stages = Stages(account.pipelines)
        self._owners = {folded(owner.email): owner.id for owner in account.owners if owner.email}
        self._owner_ids = {owner.id for owner in account.owners}
        self._writers: dict[tuple[ObjectType, str], Callable[[str], str]] = {}

    def owner(self, name: str) -> str:
        """A user's id, by e-mail address: Brevo shows no names."""
        wanted = self._owners.get(folded(name))
        if wanted is None and name.strip() in self._owner_ids:
            wanted = name.strip()
        if wanted is None:
            raise BadValue(
                "unknown_owner",
                f'The account has no user with the e-mail address "{name}".'
                f"{did_you_mean(name, self._owners)}",
            )
        return wanted

    def field(self, type: ObjectType, name: str) -> FieldInfo | None:
        """The field of a name."""
        return find_field(self.account.fields.get(type, {}), name)

    def writer(self, type: ObjectType, info: FieldInfo) -> Callable[[str], str]:
        """What turns a canonical value into one of this field."""
        found = self._writers.get((type, info.name))
        if found is None:
            found = self._writers[type, info.name] = _writer(info)
        return found


def _writer(info: FieldInfo) -> Callable[[str], str]:
    if info.kind == "choice":
        return Choice(info).value
    by_kind = {"number": values.number, "date": values.day, "bool": values.flag}
    return by_kind.get(info.kind, values.plain)


def _by_name(items: Iterable[tuple[str, str, _T]]) -> dict[str, _T]:
    """Things by folded label, else by id; of two with one label the first."""
    ordered = list(items)
    found: dict[str, _T] = {}
    for label, _, thing in ordered:
        found.setdefault(folded(label), thing)
    for _, id_, thing in ordered:
        found.setdefault(folded(id_), thing)
    return found
