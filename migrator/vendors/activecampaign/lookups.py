"""An account made ready for looking names up: built once, then asked for every record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from migrator.currencies import CURRENCIES
from migrator.errors import did_you_mean
from migrator.model import DealStatus, ObjectType
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.catalogue import find
from migrator.vendors.activecampaign.values import BadValue, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.model import Account, FieldInfo, Pipeline, Stage
    from migrator.vendors.activecampaign.values import Money

_CACHED = 4096
"""Days remembered with what becomes of them: a file has many deals per day."""

STATUSES = {DealStatus.OPEN: "0", DealStatus.WON: "1", DealStatus.LOST: "2"}

_CLOSING = {
    "won": DealStatus.WON,
    "closed won": DealStatus.WON,
    "lost": DealStatus.LOST,
    "closed lost": DealStatus.LOST,
}


def folded(text: str) -> str:
    """Text as names are compared: trimmed, in one letter case."""
    return text.strip().casefold()


def status_of_stage(title: str) -> DealStatus:
    """What a deal in a stage of this title must be when its row does not say.

    A stage has no status in ActiveCampaign, whereas in others "Won" is one; a deal that comes
    from there with the stage alone would stay open for ever.

    >>> status_of_stage("Closed - Won"), status_of_stage("Won back")
    (<DealStatus.WON: 'won'>, <DealStatus.OPEN: 'open'>)
    """
    words = " ".join(title.casefold().replace("-", " ").replace("/", " ").split())
    return _CLOSING.get(words, DealStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Place:
    """A stage within its pipeline."""

    pipeline: Pipeline
    stage: Stage


class Stages:
    """Pipelines and stages by title, by id, and as ``stage (pipeline)`` as exports write them.

    Titles may repeat, of pipelines and even of stages within one: such a name is ambiguous, never
    the first that comes.
    """

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self.pipelines = tuple(pipelines)

    def pipeline(self, name: str) -> Pipeline:
        """The only pipeline of a title, else of an id."""
        wanted = folded(name)
        found = [p for p in self.pipelines if folded(p.label) == wanted]
        found = found or [p for p in self.pipelines if p.id == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(pipeline.id for pipeline in found)
            raise BadValue(
                "ambiguous_pipeline",
                f'The account has {len(found)} pipelines called "{name}" (ids {ids}). Rename one '
                "in ActiveCampaign, or name the id.",
            )
        labels = [pipeline.label for pipeline in self.pipelines]
        raise BadValue(
            "unknown_pipeline",
            f'The account has no pipeline "{name}".{did_you_mean(name, labels)}',
        )

    def stage(self, name: str, pipeline: Pipeline | None) -> Place:
        """The only stage of a title or an id, of the pipeline or of all."""
        wanted = folded(name)
        among = [pipeline] if pipeline else self.pipelines
        places = [Place(p, stage) for p in among for stage in p.stages]
        found = [place for place in places if folded(place.stage.label) == wanted]
        found = found or [place for place in places if place.stage.id == wanted]
        found = found or [place for place in places if _bracketed(place) == wanted]
        if len(found) == 1:
            return found[0]
        where = f'The pipeline "{pipeline.label}"' if pipeline else "The account"
        if not found:
            near = did_you_mean(name, [place.stage.label for place in places])
            raise BadValue("unknown_stage", f'{where} has no stage "{name}".{near}')
        pipelines = dict.fromkeys(place.pipeline.label for place in found)
        if len(pipelines) > 1:
            labels = ", ".join(f'"{label}"' for label in pipelines)
            raise BadValue(
                "missing_pipeline",
                f'The stage "{name}" is in {labels}: the pipeline must be named.',
            )
        ids = ", ".join(place.stage.id for place in found)
        raise BadValue(
            "ambiguous_stage",
            f'{where} has {len(found)} stages called "{name}" (ids {ids}). Rename one in '
            "ActiveCampaign, or name the id.",
        )


def _bracketed(place: Place) -> str:
    return folded(f"{place.stage.label} ({place.pipeline.label})")


class Owners:
    """Users by e-mail address or full name."""

    def __init__(self, account: Account) -> None:
        self._by_email = {folded(owner.email): owner.id for owner in account.owners if owner.email}
        self._count = Counter(folded(owner.name) for owner in account.owners)
        self._by_name = {folded(owner.name): owner.id for owner in account.owners if owner.name}
        self._known = [owner.email for owner in account.owners if owner.email]
        self._known += [owner.name for owner in account.owners if owner.name]

    def id(self, name: str) -> str:
        """The id of a user. Deactivated ones are not visible, so they are unknown here."""
        wanted = folded(name)
        found = self._by_email.get(wanted)
        if found is not None:
            return found
        if self._count[wanted] > 1:
            raise BadValue(
                "ambiguous_owner", f'Several users are called "{name}": use the e-mail address.'
            )
        found = self._by_name.get(wanted)
        if found is None:
            near = did_you_mean(name, self._known)
            raise BadValue("unknown_owner", f'The account has no user "{name}".{near}')
        return found


class Lookups:
    """All of an account that ``encode`` needs."""

    def __init__(self, account: Account, money: Money) -> None:
        self.account = account
        self.money = money
        self.stages = Stages(account.pipelines)
        self.owner = lru_cache(_CACHED)(Owners(account).id)
        zone = values.zone_of(account.time_zone)
        self.instant = lru_cache(_CACHED)(partial(values.instant, zone=zone))
        self.day = lru_cache(_CACHED)(partial(values.day, zone=zone))
        self._infos = account.fields.get(ObjectType.DEALS, {})
        self._writers: dict[str, tuple[str, Callable[[str], str]]] = {}

    def currency(self, code: str) -> str:
        """A currency's code, in the small letters that requests want."""
        if code.strip().upper() not in CURRENCIES:
            near = did_you_mean(code, CURRENCIES)
            raise BadValue("unknown_currency", f'"{code}" is no currency (ISO 4217).{near}')
        return code.strip().lower()

    def custom(self, name: str) -> tuple[str, Callable[[str], str]]:
        """The name of a custom field of deals, and what makes its text of a canonical one."""
        writer = self._writers.get(name)
        if writer is None:
            info = find(self._infos, name)
            if info is None:
                near = did_you_mean(name, self._infos)
                raise BadValue(
                    "unknown_field", f'ActiveCampaign\'s deals have no custom field "{name}".{near}'
                )
            writer = self._writers[name] = (info.name, self._of_kind(info))
        return writer

    def _of_kind(self, info: FieldInfo) -> Callable[[str], str]:
        if info.kind in {"choice", "bool"} and info.options:
            return Choice(info).value
        by_kind: dict[str, Callable[[str], str]] = {
            "number": values.number,
            "date": self.day,
            "datetime": self.instant,
        }
        return by_kind.get(info.kind, values.text)
