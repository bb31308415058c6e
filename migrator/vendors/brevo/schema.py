"""The attributes of deals, companies and contacts as fields, and how a field is found by name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, FieldInfo, ObjectType
from migrator.vendors.brevo.answers import Json, objects
from migrator.vendors.shared import names
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.model import Owner

KEYED = frozenset({ObjectType.DEALS, ObjectType.COMPANIES})
"""Types with a key attribute. A contact's key is its e-mail address, unique by itself."""

ACTIVITIES = frozenset({ObjectType.NOTES, ObjectType.TASKS})
"""Types without attributes, and so without a key."""

_KINDS: Mapping[str, str] = {
    "number": "number",
    "integer": "number",
    "float": "number",
    "date": "date",
    "datetime": "date",
    "boolean": "bool",
    "single-select": "choice",
    "multi-choice": "choice",
    "multiple-choice": "choice",
    "user": "choice",
    "category": "choice",
}
"""Brevo's type to ours; everything else is text. The options of a ``user`` attribute are the
account's users, id to e-mail address."""

_MULTIPLE = frozenset({"multi-choice", "multiple-choice"})
_PLACES = frozenset({"pipeline", "deal_stage"})
"""Attributes whose values are ids, whatever type they are shown with."""


def slug(label: str) -> str:
    """The internal name that a label likely gets (UNCERTAIN: seen are names in this style).

    >>> slug("Renewal on (date)")
    'renewal_on_date'
    """
    return re.sub(r"[^a-z0-9]+", "_", label.casefold()).strip("_")


def find_field(fields: Mapping[str, FieldInfo], name: str, label: str = "") -> FieldInfo | None:
    """The field of an internal name; else of a label, in any letter case; else by its slug."""
    return names.find_field(fields, name, label, slug)


class Schema:
    """The attributes of one type of record.

    Attributes:
        fields: internal name to field; the key attribute stands under ``migrator_key``, whatever
            Brevo calls it.
        key: the key attribute's internal name; None when there is none.
        ids: ids of attributes by internal name, where Brevo shows them.
    """

    def __init__(self, type: ObjectType, items: Iterable[Json]) -> None:
        self.type = type
        self.ids: dict[str, str] = {}
        raw: dict[str, FieldInfo] = {}
        for item in items:
            info = _contact_field(item) if type is ObjectType.CONTACTS else _field(item)
            if info.name:
                raw[info.name] = info
                if item.get("id"):
                    self.ids[info.name] = str(item["id"])
        self.key = _key_of(raw) if type in KEYED else None
        if type is ObjectType.CONTACTS:
            raw.setdefault("email", FieldInfo("email", "Email", "text", unique=True))
        self.fields = {
            **{name: info for name, info in raw.items() if name not in {self.key, KEY_FIELD}},
            **({KEY_FIELD: replace(raw[self.key], name=KEY_FIELD)} if self.key else {}),
        }

    def internal(self, name: str) -> str:
        """Brevo's name of a field of ours."""
        if name == KEY_FIELD:
            return self.key or KEY_FIELD
        found = find_field(self.fields, name)
        return found.name if found else name

    def info(self, name: str) -> FieldInfo | None:
        """The field of a name; None when the account has none."""
        return find_field(self.fields, name)


def _key_of(fields: Mapping[str, FieldInfo]) -> str | None:
    found = find_field(fields, KEY_FIELD)
    return found.name if found else None


def _field(item: Json) -> FieldInfo:
    """An attribute of deals or companies; nothing in it is relied on."""
    name = str(item.get("internalName") or "")
    type_name = folded(str(item.get("attributeTypeName") or "text")).replace("_", "-")
    kind = "text" if name in _PLACES else _KINDS.get(type_name, "text")
    options = {
        str(option["key"]): str(option.get("value") or option["key"])
        for option in objects(item.get("attributeOptions"))
        if option.get("key") not in (None, "")
    }
    return FieldInfo(
        name=name,
        label=str(item.get("label") or name),
        kind=kind,
        options=options if kind == "choice" else {},
        multiple=type_name in _MULTIPLE,
        read_only=item.get("isValueReadonly") is True,
        # Documented is isRequired; a recorded list of companies has required.
        required=item.get("isRequired") is True or item.get("required") is True,
    )


def _contact_field(item: Json) -> FieldInfo:
    """An attribute of contacts: its name, in capitals, is all it is called."""
    name = str(item.get("name") or "")
    type_name = folded(str(item.get("type") or "text")).replace("_", "-")
    category = str(item.get("category") or "normal")
    options = {
        str(option.get("value")): str(option.get("label") or option.get("value"))
        for option in objects(item.get("enumeration"))
    }
    for label in item.get("multiCategoryOptions") or ():
        options[str(label)] = str(label)
    return FieldInfo(
        name=name,
        label=name,
        kind="choice" if options else _KINDS.get(type_name, "text"),
        options=options,
        multiple=type_name in _MULTIPLE,
        read_only=category in {"calculated", "global"},
    )


def note_fields() -> dict[str, FieldInfo]:
    """The fields of notes, which are those of the API: a note has no attributes."""
    return _named(
        FieldInfo("text", "Text", "text"),
        FieldInfo("authorId", "Author", "text", read_only=True),
        FieldInfo("createdAt", "Created", "date", read_only=True),
    )


def task_fields(types: Mapping[str, str], owners: Iterable[Owner]) -> dict[str, FieldInfo]:
    """The fields of tasks, likewise.

    Args:
        types: of tasks, id to title.
        owners: the users of the account.
    """
    return _named(
        FieldInfo("name", "Title", "text"),
        FieldInfo("notes", "Notes", "text"),
        FieldInfo("taskTypeId", "Type", "choice", types),
        FieldInfo("date", "Due", "date"),
        FieldInfo("done", "Done", "bool"),
        FieldInfo("assignToId", "Assigned to", "choice", {one.id: one.email for one in owners}),
        FieldInfo("createdAt", "Created", "date", read_only=True),
    )


def _named(*infos: FieldInfo) -> dict[str, FieldInfo]:
    return {info.name: info for info in infos}
