"""An account made ready for looking names up: built once, then asked for every record."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, FieldInfo, ObjectType
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.fields import KIND
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.shared.choices import Choices, Style
from migrator.vendors.shared.owners import Owners
from migrator.vendors.shared.places import Stages
from migrator.vendors.shared.problems import BadValue, Terms
from migrator.vendors.shared.values import day, flag, number, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Account

TERMS = Terms("HubSpot", "property")

_KINDS = ("CALL", "EMAIL", "TODO")
"""Kinds of tasks (tasks guide)."""

_KIND_STYLE = Style(synonyms={"to-do": "todo", "to do": "todo", "e-mail": "email"})

_CACHED = 4096
"""Days remembered with their instants: a file has many deals per day, and instants only once."""

_DAY = len("2026-03-31")


class Lookups:
    """All of an account that ``encode`` needs."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stages = Stages(account.pipelines)
        self._zone = zone_of(account.time_zone)
        self._noon = lru_cache(_CACHED)(partial(values.instant, zone=self._zone))
        self.canonical: dict[str, Callable[[str], str]] = {
            "amount": number,
            "currency": self.currency,
            "close_date": self.instant,
            "created_at": self.instant,
            "owner": Owners(account.owners).id,
            "due_at": self.instant,
            "done": values.status,
            "kind": self._kind(),
        }
        """Writers of canonical fields; the others are text."""
        self._currencies = frozenset(account.currencies)
        self._writers: dict[tuple[ObjectType, str], Callable[[str], str]] = {}
        self.keyless = frozenset(
            type
            for type, fields in account.fields.items()
            if type in KEYED and KEY_FIELD not in fields
        )
        """Types whose key field the account lacks: what is lost of them on the way stays lost."""

    def _kind(self) -> Callable[[str], str]:
        """Writer of a task's kind, of the three that every account has where it shows no others."""
        info = self.account.fields.get(ObjectType.TASKS, {}).get(KIND)
        if info is None or not info.options:
            info = FieldInfo(KIND, "Task type", "choice", {name: name for name in _KINDS})
        return Choices(info, _KIND_STYLE).value

    def instant(self, text: str) -> str:
        """An instant in UTC; a mere day becomes noon in the account's zone."""
        return self._noon(text) if len(text) == _DAY else values.instant(text, self._zone)

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

    def custom(self, type: ObjectType, name: str) -> Callable[[str], str]:
        """What turns a canonical value into one of a property that has no canonical field."""
        writer = self._writers.get((type, name))
        if writer is None:
            writer = self._writers[type, name] = self._writer(type, name)
        return writer

    def _writer(self, type: ObjectType, name: str) -> Callable[[str], str]:
        fields = self.account.fields.get(type, {})
        info = fields.get(name)
        if info is None:
            raise TERMS.unknown_field(type, name, fields)
        if info.read_only:
            raise TERMS.read_only_field(name)
        return self._of_kind(info)

    def _of_kind(self, info: FieldInfo) -> Callable[[str], str]:
        # A choice without options takes them from elsewhere (``externalOptions``), unchecked.
        if info.kind == "choice" and info.options:
            return Choices(info).value
        by_kind: dict[str, Callable[[str], str]] = {
            "number": number,
            "date": day,
            "datetime": self.instant,
            "bool": flag,
        }
        return by_kind.get(info.kind, values.text)
