"""The fields of an account by name: built-in ones, and custom ones under names of our making.

ActiveCampaign has no internal names for custom fields but the merge tag, which it makes of the
label (``DEAL_RENEWAL_ON``, with ``_1`` behind when it is taken). We call a field by it, in small
letters and without ``DEAL_``: labels may repeat and ids differ from account to account.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, FieldInfo, ObjectType
from migrator.vendors.activecampaign.values import KINDS, MULTIPLE, is_truth
from migrator.vendors.shared.names import find_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.vendors.activecampaign.things import FieldMeta

CLOSE_DATE = "forecasted_close_date"
"""A deal has no close date; this built-in custom field (``knownFieldId`` 13) is its place."""

_KNOWN = {13: CLOSE_DATE}


def _built_in(name: str, label: str, kind: str = "text", *, read_only: bool = False) -> FieldInfo:
    return FieldInfo(name, label, kind, read_only=read_only)


DEAL_FIELDS: Mapping[str, FieldInfo] = {
    info.name: info
    for info in (
        _built_in("title", "Title"),
        _built_in("description", "Description"),
        _built_in("value", "Value", "number"),
        _built_in("currency", "Currency"),
        _built_in("group", "Pipeline"),
        _built_in("stage", "Stage"),
        _built_in("owner", "Owner"),
        _built_in("status", "Status: 0 open, 1 won, 2 lost"),
        _built_in("percent", "Percent", "number"),
        _built_in("contact", "Primary contact", read_only=True),
        _built_in("account", "Account", read_only=True),
        _built_in("cdate", "Created", "datetime", read_only=True),
        _built_in("mdate", "Changed", "datetime", read_only=True),
    )
}
"""What every deal has. Contact and account are links to us."""

CONTACT_FIELDS: Mapping[str, FieldInfo] = {
    info.name: info
    for info in (
        _built_in("email", "E-mail"),
        _built_in("firstName", "First name"),
        _built_in("lastName", "Last name"),
        _built_in("phone", "Phone"),
        _built_in("cdate", "Created", "datetime", read_only=True),
    )
}

COMPANY_FIELDS: Mapping[str, FieldInfo] = {
    info.name: info
    for info in (
        _built_in("name", "Name"),
        _built_in("accountUrl", "Website"),
        _built_in("owner", "Owner"),
        _built_in("createdTimestamp", "Created", "datetime", read_only=True),
    )
}

TASK_FIELDS: Mapping[str, FieldInfo] = {
    info.name: info
    for info in (
        _built_in("title", "Title"),
        _built_in("note", "Text"),
        _built_in("duedate", "Due", "datetime"),
        _built_in("dealTasktype", "Task type"),
        _built_in("status", "Status: 0 open, 1 done"),
        _built_in("assignee", "User it is assigned to"),
        _built_in("cdate", "Created", "datetime", read_only=True),
    )
}

NOTE_FIELDS: Mapping[str, FieldInfo] = {
    info.name: info
    for info in (
        _built_in("note", "Text"),
        _built_in("user", "User who wrote it", read_only=True),
        _built_in("cdate", "Created", "datetime", read_only=True),
    )
}

BUILT_IN: Mapping[ObjectType, Mapping[str, FieldInfo]] = {
    ObjectType.DEALS: DEAL_FIELDS,
    ObjectType.CONTACTS: CONTACT_FIELDS,
    ObjectType.COMPANIES: COMPANY_FIELDS,
    ObjectType.TASKS: TASK_FIELDS,
    ObjectType.NOTES: NOTE_FIELDS,
}


PARENTS: Mapping[ObjectType, tuple[ObjectType, ...]] = {
    ObjectType.TASKS: (ObjectType.DEALS, ObjectType.CONTACTS),
    ObjectType.NOTES: (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES),
}
"""What tasks and notes may hang on: one record, of several the first that is there."""


def writable(type: ObjectType) -> dict[str, FieldInfo]:
    """The built-in fields of a type that can be written."""
    return {name: info for name, info in BUILT_IN[type].items() if not info.read_only}


def slug(label: str) -> str:
    """A label as a merge tag is made of it: letters, digits, underscores.

    >>> slug("Renewal on (EU)")
    'renewal_on_eu'
    """
    return re.sub(r"\W+", "_", label.strip().casefold()).strip("_")


def find(infos: Mapping[str, FieldInfo], name: str, label: str = "") -> FieldInfo | None:
    """The custom field a template means: by its name, by its label, by what its label makes."""
    custom = {key: info for key, info in infos.items() if key not in DEAL_FIELDS}
    return find_field(custom, name, label, slug)


class Fields:
    """The custom fields of deals: name to field, and back."""

    def __init__(self, metas: Iterable[FieldMeta]) -> None:
        self._by_name: dict[str, FieldMeta] = {}
        for meta in sorted(metas, key=_age):
            name = _name(meta)
            if name in self._by_name or name in DEAL_FIELDS:
                name = f"{name}_{meta.id}"
            self._by_name[name] = meta
        self._names = {meta.id: name for name, meta in self._by_name.items()}

    def with_one(self, meta: FieldMeta) -> Fields:
        """These and one more."""
        return Fields([*self._by_name.values(), meta])

    @property
    def key(self) -> FieldMeta | None:
        """The field that keeps the source key; of two, which a lost answer may leave, the older."""
        return self._by_name.get(KEY_FIELD)

    def meta(self, name: str) -> FieldMeta | None:
        """The field of a name."""
        return self._by_name.get(name)

    def name(self, id: str) -> str | None:
        """The name of a field."""
        return self._names.get(id)

    def infos(self) -> dict[str, FieldInfo]:
        """All of them as a load sees them, by name."""
        return {name: _info(name, meta) for name, meta in self._by_name.items()}


def _age(meta: FieldMeta) -> tuple[int, str]:
    return (int(meta.id) if meta.id.isdigit() else 0, meta.id)


def _name(meta: FieldMeta) -> str:
    if meta.label.strip().casefold() == KEY_FIELD:
        return KEY_FIELD
    if meta.known in _KNOWN:
        return _KNOWN[meta.known]
    tag = meta.personalization.strip().strip("%").casefold().removeprefix("deal_")
    return tag or slug(meta.label) or f"field_{meta.id}"


def _info(name: str, meta: FieldMeta) -> FieldInfo:
    kind = KINDS.get(meta.type, "text")
    multiple = meta.type in MULTIPLE
    if kind == "choice" and not multiple and is_truth(meta.options):
        kind = "bool"
    return FieldInfo(
        name,
        meta.label,
        kind,
        options={option: option for option in meta.options},
        multiple=multiple,
        required=meta.required,
    )
