"""Tasks, notes and activities as we use them; see :mod:`.things`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.vendors.activecampaign.answers import id_of, text_of
from migrator.vendors.activecampaign.things import flag, instant

if TYPE_CHECKING:
    from datetime import datetime

    from migrator.vendors.activecampaign.answers import Json


Parent = tuple[ObjectType, str]
"""What a task or a note hangs on: the type and the id of a record."""

_KINDS = {
    "deal": ObjectType.DEALS,
    "subscriber": ObjectType.CONTACTS,
    "contact": ObjectType.CONTACTS,
    "customeraccount": ObjectType.COMPANIES,
    "account": ObjectType.COMPANIES,
}
"""What the API calls the types of parents, here and there."""


def _parent(row: Json, kind: object) -> Parent | None:
    type, id_ = _KINDS.get(str(kind or "").casefold()), id_of(row.get("relid"))
    return None if type is None or id_ is None else (type, id_)


@dataclass(frozen=True, slots=True)
class Task:
    """A task; ``type`` is the id of its type, ``parent`` a deal or a contact."""

    id: str
    title: str | None
    note: str | None
    due: datetime | None
    type: str | None
    done: bool
    assignee: str | None
    parent: Parent | None
    updated: datetime | None = None
    created: datetime | None = None

    def properties(self) -> dict[str, str | None]:
        """Its fields by the API's names."""
        return {
            "title": self.title,
            "note": self.note,
            "duedate": self.due.isoformat() if self.due else None,
            "dealTasktype": self.type,
            "status": "1" if self.done else "0",
            "assignee": self.assignee,
            "cdate": self.created.isoformat() if self.created else None,
        }


def read_task(row: Json) -> Task | None:
    """A row of ``dealTasks``: requests say ``ownerType``, answers ``reltype`` and ``owner``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    owner = row.get("owner")
    kind = row.get("reltype") or row.get("ownerType")
    if isinstance(owner, dict) and owner.get("type"):
        kind = owner["type"]
    return Task(
        id=id_,
        title=text_of(row.get("title")),
        note=text_of(row.get("note")),
        due=instant(row.get("duedate")),
        type=id_of(row.get("dealTasktype")),
        done=flag(row.get("status")),
        assignee=id_of(row.get("assignee")),
        parent=_parent(row, kind),
        updated=instant(row.get("udate")),
        created=instant(row.get("cdate")),
    )


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a deal, a contact or a company; ``user`` wrote it."""

    id: str
    text: str | None
    parent: Parent | None
    updated: datetime | None = None
    created: datetime | None = None
    user: str | None = None

    def properties(self) -> dict[str, str | None]:
        """Its fields by the API's names."""
        created = self.created.isoformat() if self.created else None
        return {"note": self.text, "user": self.user, "cdate": created}


def read_note(row: Json) -> Note | None:
    """A row of ``notes``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    return Note(
        id=id_,
        text=text_of(row.get("note")),
        parent=_parent(row, row.get("reltype")),
        updated=instant(row.get("mdate")),
        created=instant(row.get("cdate")),
        user=id_of(row.get("user")) or id_of(row.get("userid")),
    )


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened to a deal; history cannot be written."""

    id: str
    deal: str | None
    at: datetime | None
    type: str | None
    action: str | None
    old: str | None
    user: str | None


def read_activity(row: Json) -> Activity | None:
    """A row of ``dealActivities``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    return Activity(
        id=id_,
        deal=id_of(row.get("deal")) or id_of(row.get("d_id")),
        at=instant(row.get("cdate")),
        type=text_of(row.get("dataType")),
        action=text_of(row.get("dataAction")),
        old=text_of(row.get("dataOldval")),
        user=id_of(row.get("user")) or id_of(row.get("userid")),
    )
