"""An account made ready for looking names up: built once, then asked for every record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from migrator.errors import did_you_mean
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.values import BadValue, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.model import Account, DealStatus, FieldInfo, ObjectType, Pipeline, Stage

_T = TypeVar("_T")

_CACHED = 4096
"""Days remembered with their instants: a file has many deals per day."""


def folded(text: str) -> str:
    """Text as names are compared: trimmed, in one letter case."""
    return text.strip().casefold()


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
        wanted = folded(name)
        among = [pipeline] if pipeline else self.pipelines
        found = [place for p in among if (place := self._stages[p.id].get(wanted))]
        if not found and (bracketed := self._bracketed.get(wanted)) and bracketed.pipeline in among:
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
            raise BadValue(
                "ambiguous_stage",
                f'The pipeline "{pipeline.label}" has several stages for {status} deals: {labels}. '
                "The stage must name one of them.",
            )
        raise BadValue(
            "no_closed_stage", f'The pipeline "{pipeline.label}" has no stage for {status} deals.'
        )


class Owners:
    """Users by e-mail address or full name."""

    def __init__(self, account: Account) -> None:
        # Active ones last, so that of two users of one address the active one stays.
        ordered = sorted(account.owners, key=lambda owner: owner.active)
        self._by_email = {folded(owner.email): owner for owner in ordered if owner.email}
        active = Counter(folded(owner.name) for owner in ordered if owner.active)
        self._by_name = {folded(owner.name): owner for owner in ordered if owner.name}
        self._shared = {name for name, count in active.items() if count > 1}
        self._names = [owner.email for owner in ordered if owner.active and owner.email]
        self._names += [owner.name for owner in ordered if owner.active and owner.name]

    def id(self, name: str) -> str:
        """The id of an active user."""
        wanted = folded(name)
        owner = self._by_email.get(wanted)
        if owner is None and wanted in self._shared:
            raise BadValue(
                "ambiguous_owner", f'Several users are called "{name}": use the e-mail address.'
            )
        owner = owner or self._by_name.get(wanted)
        if owner is None:
            raise BadValue(
                "unknown_owner",
                f'The account has no user "{name}".{did_you_mean(name, self._names)}',
            )
        if not owner.active:
            raise BadValue(
                "inactive_owner", f'The user "{name}" was deactivated and can own nothing.'
            )
        return owner.id


class Lookups:
    """All of an account that ``encode`` needs."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stages = Stages(account.pipelines)
        zone = values.zone_of(account.time_zone)
        self.instant = lru_cache(_CACHED)(partial(values.instant, zone=zone))
        self.canonical: dict[str, Callable[[str], str]] = {
            "amount": values.number,
            "currency": self.currency,
            "close_date": self.instant,
            "created_at": self.instant,
            "owner": Owners(account).id,
        }
        """Writers of canonical fields; the others are text."""
        self._currencies = frozenset(account.currencies)
        self._writers: dict[tuple[ObjectType, str], Callable[[str], str]] = {}

    def currency(self, code: str) -> str:
        """An enabled currency's code."""
        upper = code.strip().upper()
        if self._currencies and upper not in self._currencies:
            known = ", ".join(self.account.currencies)
            raise BadValue(
                "unknown_currency",
                f'The currency "{code}" is not enabled in the account, which has {known}. Enable '
                "it in HubSpot under Settings > Account defaults > Currency.",
            )
        return upper

    def custom(self, type: ObjectType, name: str, value: str) -> str:
        """The value of a property that has no canonical field."""
        writer = self._writers.get((type, name))
        if writer is None:
            writer = self._writers[type, name] = self._writer(type, name)
        return writer(value)

    def _writer(self, type: ObjectType, name: str) -> Callable[[str], str]:
        fields = self.account.fields.get(type, {})
        info = fields.get(name)
        if info is None:
            near = did_you_mean(name, fields)
            raise BadValue("unknown_field", f'HubSpot\'s {type} have no property "{name}".{near}')
        if info.read_only:
            raise BadValue("read_only_field", f'HubSpot fills the property "{name}" itself.')
        return self._of_kind(info)

    def _of_kind(self, info: FieldInfo) -> Callable[[str], str]:
        if info.kind == "choice":
            return Choice(info).value
        by_kind: dict[str, Callable[[str], str]] = {
            "number": values.number,
            "date": values.day,
            "datetime": self.instant,
            "bool": values.flag,
        }
        return by_kind.get(info.kind, values.text)


def _by_name(items: Iterable[tuple[str, str, _T]]) -> dict[str, _T]:
    """Things by folded label, else by id; of two with one label the first."""
    ordered = list(items)
    found: dict[str, _T] = {}
    for label, _, thing in ordered:
        found.setdefault(folded(label), thing)
    for _, id_, thing in ordered:
        found.setdefault(folded(id_), thing)
    return found
