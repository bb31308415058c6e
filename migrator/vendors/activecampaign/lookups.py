"""An account made ready for looking names up: built once, then asked for every record."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from migrator.currencies import CURRENCIES
from migrator.errors import did_you_mean
from migrator.model import DealStatus, ObjectType
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.catalogue import CLOSE_DATE, find
from migrator.vendors.shared.choices import Choices
from migrator.vendors.shared.owners import Owners
from migrator.vendors.shared.places import Stages
from migrator.vendors.shared.problems import BadValue, Terms
from migrator.vendors.shared.required import required_among
from migrator.vendors.shared.values import number, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Account, FieldInfo
    from migrator.vendors.activecampaign.values import Money

TERMS = Terms("ActiveCampaign")

_CACHED = 4096
"""Days remembered with what becomes of them: a file has many deals per day."""

STATUSES = {DealStatus.OPEN: "0", DealStatus.WON: "1", DealStatus.LOST: "2"}


class Lookups:
    """All of an account that ``encode`` needs."""

    def __init__(self, account: Account, money: Money) -> None:
        self.account = account
        self.money = money
        self.stages = Stages(account.pipelines)
        self.owner = Owners(account.owners).id
        zone = zone_of(account.time_zone)
        self.instant = lru_cache(_CACHED)(partial(values.instant, zone=zone))
        self.day = lru_cache(_CACHED)(partial(values.day, zone=zone))
        self.canonical: dict[str, tuple[str, Callable[[str], str]]] = {
            "name": ("title", values.text),
            "description": ("description", values.text),
            "owner": ("owner", self.owner),
            "currency": ("currency", self.currency),
            "close_date": (CLOSE_DATE, self.day),
            "probability": ("percent", values.percent),
        }
        """Names and writers of canonical fields; that of the amount needs the currency too."""
        kind = account.fields.get(ObjectType.TASKS, {}).get("dealTasktype")
        self._kind = Choices(kind).value if kind and kind.options else values.text
        self._infos = account.fields.get(ObjectType.DEALS, {})
        self._writers: dict[str, tuple[str, Callable[[str], str]]] = {}
        self.required = required_among(self._infos.values(), ())
        """Names of the fields of deals that the account wants filled."""

    def currency(self, code: str) -> str:
        """A currency's code, in the small letters that requests want."""
        if code.strip().upper() not in CURRENCIES:
            near = did_you_mean(code, CURRENCIES)
            raise BadValue("unknown_currency", f'"{code}" is no currency (ISO 4217).{near}')
        return code.strip().lower()

    def kind(self, name: str, otherwise: str) -> str:
        """The id of a task type; of ``otherwise``, where that is named, for one that is not there.

        In an account of which the task types were not read, the name.
        """
        try:
            return self._kind(name)
        except BadValue:
            if not otherwise:
                raise
            return self._kind(otherwise)

    def custom(self, name: str) -> tuple[str, Callable[[str], str]]:
        """The name of a custom field of deals, and what makes its text of a canonical one."""
        writer = self._writers.get(name)
        if writer is None:
            info = find(self._infos, name)
            if info is None:
                raise TERMS.unknown_field(ObjectType.DEALS, name, self._infos)
            writer = self._writers[name] = (info.name, self._of_kind(info))
        return writer

    def _of_kind(self, info: FieldInfo) -> Callable[[str], str]:
        if info.kind in {"choice", "bool"} and info.options:
            return Choices(info, values.TRUTH if info.kind == "bool" else values.SEVERAL).value
        by_kind: dict[str, Callable[[str], str]] = {
            "number": number,
            "date": self.day,
            "datetime": self.instant,
        }
        return by_kind.get(info.kind, values.text)
