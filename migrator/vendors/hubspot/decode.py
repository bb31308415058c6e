"""HubSpot's records in canonical fields: ids become labels, values canonical text."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, ObjectType
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.account import CURRENCY
from migrator.vendors.hubspot.fields import KIND, OWNER, PIPELINE, PROPERTIES, STAGE
from migrator.vendors.shared.choices import Choices
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.values import zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from migrator.model import Account, FieldInfo, Held

    Reader: TypeAlias = Callable[[str], dict[str, str]]
    """What a property's value says, in canonical fields."""

_CACHED = 4096
"""Moments remembered with their days."""


def exported(type: ObjectType, account: Account) -> tuple[str, ...]:
    """What people fill, the canonical properties first; the moment of creation, too.

    A currency that the account has no property for is asked for all the same: that it is blank
    says that the deal is in the home currency. Unknown properties are left out by HubSpot.
    """
    fields = account.fields.get(type, {})
    placed = (PIPELINE, STAGE) if type is ObjectType.DEALS else ()
    known = [*_email(type), *PROPERTIES[type].values(), *placed]
    written = [info.name for info in fields.values() if not info.read_only]
    names = dict.fromkeys([*known, *written])
    return tuple(name for name in names if name != KEY_FIELD)


def _email(type: ObjectType) -> tuple[str, ...]:
    return ("email",) if type is ObjectType.CONTACTS else ()


class Decoder:
    """An account made ready for reading: built once, then asked for every record."""

    def __init__(self, account: Account) -> None:
        self.account = account
        zone = zone_of(account.time_zone)
        self._day = lru_cache(_CACHED)(partial(values.day_at_noon, zone=zone))
        self._owners = {owner.id: owner.email or owner.name or owner.id for owner in account.owners}
        self._pipelines = {pipeline.id: pipeline.label for pipeline in account.pipelines}
        self._stages = {
            stage.id: stage for pipeline in account.pipelines for stage in pipeline.stages
        }
        self._readers: dict[ObjectType, dict[str, Reader]] = {}

    def decode(self, held: Held) -> dict[str, str]:
        """The record's values; see :meth:`migrator.vendors.base.Vendor.decode`."""
        readers = self._readers.get(held.type)
        if readers is None:
            readers = self._readers[held.type] = self._known(held.type)
        found: dict[str, str] = {}
        for name, value in held.properties.items():
            if not value or name == KEY_FIELD:
                continue
            reader = readers.get(name)
            if reader is None:
                reader = readers[name] = self._other(held.type, name)
            found |= reader(value)
        self._home_currency(held, found)
        return found

    def _home_currency(self, held: Held, found: dict[str, str]) -> None:
        """A deal without a currency is in the account's own ("use multiple currencies")."""
        blank = held.type is ObjectType.DEALS and CURRENCY in held.properties
        home = self.account.currency
        if blank and home and "amount" in found:
            found.setdefault("currency", home)

    # -- properties that have a canonical field ----------------------------------------------------

    def _known(self, type: ObjectType) -> dict[str, Reader]:
        """Readers by property."""
        kinds = self.account.fields.get(type, {}).get(KIND)
        converts: Mapping[str, Callable[[str], str]] = {
            "amount": values.plain,
            "currency": str.upper,
            "close_date": self._day,
            "created_at": values.moment,
            "due_at": values.moment,
            "done": _done,
            "kind": _of_kind(kinds) if kinds is not None else str,
        }
        found = {
            name: _reader(field, converts.get(field, str))
            for field, name in PROPERTIES[type].items()
        }
        found |= {name: _reader("email", str) for name in _email(type)}
        found[OWNER] = partial(self._owner, deal=type is ObjectType.DEALS)
        if type is ObjectType.DEALS:
            found |= {PIPELINE: self._pipeline, STAGE: self._stage}
        return found

    def _owner(self, id: str, *, deal: bool) -> dict[str, str]:
        name = self._owners.get(id, id)
        return {"owner": name, "owner_id": id} if deal else {"owner": name}

    def _pipeline(self, id: str) -> dict[str, str]:
        return {"pipeline": self._pipelines.get(id, id), "pipeline_id": id}

    def _stage(self, id: str) -> dict[str, str]:
        stage = self._stages.get(id)
        if stage is None:
            return {"stage": id, "stage_id": id}
        return {"stage": stage.label, "stage_id": id, "status": str(stage.status)}

    # -- all others --------------------------------------------------------------------------------

    def _other(self, type: ObjectType, name: str) -> Reader:
        info = self.account.fields.get(type, {}).get(name)
        return _reader(CUSTOM_PREFIX + name, _of_kind(info) if info is not None else str)


def _done(status: str) -> str:
    return "true" if values.is_done(status) else "false"


def _reader(field: str, convert: Callable[[str], str]) -> Reader:
    return lambda value: {field: convert(value)}


def _of_kind(info: FieldInfo) -> Callable[[str], str]:
    """What turns a value of a property into canonical text."""
    if info.kind == "choice" and info.options:
        labels = _labels(info)
        return partial(_joined, labels) if info.multiple else lambda v: labels.get(v, v)
    by_kind: dict[str, Callable[[str], str]] = {
        "number": values.plain,
        "date": values.calendar_day,
        "datetime": values.moment,
        "bool": folded,
    }
    return by_kind.get(info.kind, str)


def _labels(info: FieldInfo) -> dict[str, str]:
    """Value to label, of those options that are found again by their label; else to itself.

    Two options may share a label, and one may be called as the value of another.
    """
    choices = Choices(info)
    found = {}
    for value, label in info.options.items():
        try:
            same = choices.value(label) == value
        except BadValue:
            same = False
        found[value] = label if same and not (info.multiple and ";" in label) else value
    return found


def _joined(labels: Mapping[str, str], held: str) -> str:
    return ";".join(labels.get(value, value) for value in held.split(";") if value)
