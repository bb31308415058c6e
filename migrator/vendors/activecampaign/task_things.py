"""Tasks, notes and activities as we use them; see :mod:`.things`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.answers import id_of, text_of
from migrator.vendors.activecampaign.things import flag, instant

if TYPE_CHECKING:
    from datetime import datetime

    from migrator.vendors.activecampaign.answers import Json


@dataclass(frozen=True, slots=True)
class Task:
    """A task; ``on_deal`` is the id of its deal, None when it belongs to a contact."""

    id: str
    title: str | None
    note: str | None
    due: str | None
    type: str | None
    done: bool
    assignee: str | None
    on_deal: str | None
    updated: datetime | None = None


def read_task(row: Json) -> Task | None:
    """A row of ``dealTasks``: requests say ``ownerType``, answers ``reltype`` and ``owner``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    owner = row.get("owner")
    kind = str(row.get("reltype") or row.get("ownerType") or "").casefold()
    if isinstance(owner, dict) and owner.get("type"):
        kind = str(owner["type"]).casefold()
    return Task(
        id=id_,
        title=text_of(row.get("title")),
        note=text_of(row.get("note")),
        due=text_of(row.get("duedate")),
        type=id_of(row.get("dealTasktype")),
        done=flag(row.get("status")),
        assignee=id_of(row.get("assignee")),
        on_deal=id_of(row.get("relid")) if kind == "deal" else None,
        updated=instant(row.get("udate")),
    )


@dataclass(frozen=True, slots=True)
class Note:
    """A note; ``on_deal`` is the id of its deal, None when it is about something else."""

    id: str
    text: str | None
    on_deal: str | None
    updated: datetime | None = None


def read_note(row: Json) -> Note | None:
    """A row of ``notes``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    on_deal = str(row.get("reltype") or "").casefold() == "deal"
    deal = id_of(row.get("relid")) if on_deal else None
    return Note(id_, text_of(row.get("note")), deal, instant(row.get("mdate")))


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
