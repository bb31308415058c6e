"""Records of the account in canonical fields: ids become names, values canonical text."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, FieldInfo, ObjectType
from migrator.vendors.brevo.answers import instant
from migrator.vendors.brevo.names import ALWAYS_THERE, canonical_names
from migrator.vendors.brevo.values import is_day
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.values import decimal, zone_of, zulu

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Account, Held

_FLAGS = {"true": "true", "1": "true", "false": "false", "0": "false"}

_IDS = {"pipeline": "pipeline_id", "stage": "stage_id", "owner": "owner_id"}
"""Canonical fields of deals beside which their id stands."""

_MADE = {
    ObjectType.DEALS: "created_at",
    ObjectType.COMPANIES: "created_at",
    ObjectType.CONTACTS: "createdAt",
}
"""What tells the moment of a record's creation."""

_ACTIVITIES = {
    ObjectType.NOTES: ("text", "authorId", "createdAt"),
    ObjectType.TASKS: ("name", "notes", "taskTypeId", "date", "done", "assignToId", "createdAt"),
}


def exported(type: ObjectType, account: Account) -> tuple[str, ...]:
    """The properties that people fill, and the moment of creation."""
    if type in _ACTIVITIES:
        return _ACTIVITIES[type]
    names = dict.fromkeys(ALWAYS_THERE[type])
    for name, info in account.fields.get(type, {}).items():
        if not info.read_only and name != KEY_FIELD:
            names[name] = None
    return (*names, _MADE[type])


class Decoder:
    """An account made ready for giving records in canonical fields."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._zone = zone_of(account.time_zone)
        self._owners = {one.id: one.email or one.name or one.id for one in account.owners}
        self._pipelines = {one.id: one.label for one in account.pipelines}
        self._stages = {stage.id: stage for one in account.pipelines for stage in one.stages}
        self._canonical = {type: _reversed(canonical_names(type, account)) for type in ObjectType}
        self._readers: dict[tuple[ObjectType, str], tuple[str, Callable[[str], str]]] = {}

    def decode(self, held: Held) -> dict[str, str]:
        """What the record has in the fields that were read; blank ones are absent."""
        found: dict[str, str] = {}
        for name, value in held.properties.items():
            if not value or name == KEY_FIELD:
                continue
            field, read = self._reader(held.type, name)
            found[field] = read(value)
            if held.type is ObjectType.DEALS and field in _IDS:
                found[_IDS[field]] = value
        if held.type is ObjectType.DEALS:
            stage = self._stages.get(found.get("stage_id", ""))
            if stage is not None:
                found["status"] = stage.status.value
            if "amount" in found and self._account.currency:
                found["currency"] = self._account.currency
        return {name: value for name, value in found.items() if value}

    def _reader(self, type: ObjectType, name: str) -> tuple[str, Callable[[str], str]]:
        """The canonical field that a property fills, and what makes canonical text of its value."""
        found = self._readers.get((type, name))
        if found is None:
            field = self._canonical[type].get(name, CUSTOM_PREFIX + name)
            info = self._account.fields.get(type, {}).get(name)
            found = self._readers[type, name] = field, self._read(type, field, info)
        return found

    def _read(self, type: ObjectType, field: str, info: FieldInfo | None) -> Callable[[str], str]:
        by_field: dict[str, Callable[[str], str]] = {
            "owner": self._owner,
            "pipeline": lambda id_: self._pipelines.get(id_, id_),
            "stage": lambda id_: self._stages[id_].label if id_ in self._stages else id_,
            "created_at": moment,
            "due_at": moment,
        }
        if field in by_field:
            return by_field[field]
        if info is None or (type, field) in _TEXTS:
            return str
        if info.kind == "choice":
            return lambda keys: label(info, keys)
        return {"number": number, "bool": flag, "date": self._date}.get(info.kind, str)

    def _owner(self, value: str) -> str:
        """A user: by id, or as the object that a note shows of its author."""
        if not value.startswith("{"):
            return self._owners.get(value, value)
        shown = json.loads(value)
        name = shown.get("name")
        full = name.get("fullName") if isinstance(name, dict) else name
        id_ = str(shown.get("id") or shown.get("_id") or "")
        return str(shown.get("email") or self._owners.get(id_) or full or id_)

    def _date(self, value: str) -> str:
        """A day, or an instant.

        UNCERTAIN is the form in which Brevo gives a day back. Midnight, as it is written or in the
        account's time zone, stands for a day.
        """
        found = instant(value)
        if found is None:
            return value
        if is_day(value):
            return value[:10]
        local = found.astimezone(self._zone)
        midnight = (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
        return local.date().isoformat() if midnight else zulu(found)


_TEXTS = frozenset({(ObjectType.CONTACTS, "phone"), (ObjectType.COMPANIES, "phone")})
"""Fields that are text for us, whatever they are for Brevo."""


def _reversed(names: Mapping[str, str]) -> dict[str, str]:
    return {name: field for field, name in names.items()}


def number(value: str) -> str:
    """A plain decimal: no exponent, no zeros at its end.

    >>> number("1e3"), number("1234.50"), number("-0.0"), number("none")
    ('1000', '1234.5', '0', 'none')
    """
    found = decimal(value)
    if found is None:
        return value
    plain = format(found, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def flag(value: str) -> str:
    """``true`` or ``false``; what is neither stays as it is."""
    return _FLAGS.get(folded(value), value)


def moment(value: str) -> str:
    """An instant in UTC; what is none stays as it is."""
    found = instant(value)
    return zulu(found.astimezone(UTC)) if found else value


def label(info: FieldInfo, keys: str) -> str:
    """What people call the options of a choice."""
    parts = keys.split(";") if info.multiple else [keys]
    return ";".join(info.options.get(key, key) for key in parts)
