"""What happened to a deal (``dealActivities``), and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    bare,
    id_text,
    no_result,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.rows import Activity, Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.vendors.activecampaign.sandbox.answers import Call, Object
    from migrator.vendors.activecampaign.sandbox.rows import Deal, Table
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

_MAIL = frozenset({"email", "connection_email", "LinkData"})
"""Types of activity that ``exclude=email`` leaves out."""

_OWNERS = {"Subscriber": "contact", "Deal": "deal", "CustomerAccount": "customerAccount"}


class Activities:
    """The endpoints of ``/dealActivities``; nobody can write there but ActiveCampaign itself."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def log(
        self, deal: Deal, type: str = "", action: str = "add", data_id: str = "0", old: str = ""
    ) -> None:
        """Note what happened to a deal."""
        table = self._tenant.activities
        id = table.next_id()
        time = self._tenant.time()
        table.put(id, Activity(id, deal.id, deal.stage, data_id, type, action, old, time))
        deal.activities.append(id)

    def index(self, call: Call) -> Answer:
        """Activities, of one deal by ``deal=``."""
        asked = call.query.get("deal")
        if asked is None:
            return self._answer(call, self._tenant.activities)
        deal = self._tenant.deals.find(asked)
        return self._answer(call, self._of(deal) if deal else ())

    def of_deal(self, call: Call) -> Answer:
        """Activities of the deal in the path."""
        return self._answer(call, self._of(self._tenant.deals.get(call.id)))

    def _of(self, deal: Deal) -> list[Activity]:
        return [self._tenant.activities.rows[id] for id in deal.activities]

    def _answer(self, call: Call, listed: Iterable[Activity]) -> Answer:
        type, data = call.filter("data_type"), call.filter("data_id")
        no_mail = call.query.get("exclude") == "email"
        rows = [
            one
            for one in listed
            if (type is None or one.data_type == type)
            and (data is None or one.data_id == data)
            and not (no_mail and one.data_type in _MAIL)
        ]
        found = [self._row(one) for one in page(rows, call)]
        return Answer(200, {"dealActivities": [*found], "meta": {"total": str(len(rows))}})

    def _row(self, activity: Activity) -> Object:
        time = self._tenant.local(activity.time)
        me = id_text(next(iter(self._tenant.users.rows), None))
        link = f"https://sandbox.activehosted.com/api/3/dealActivities/{activity.id}"
        return {
            "d_id": str(activity.deal),
            "d_stageid": str(activity.stage),
            "userid": me,
            "dataId": activity.data_id,
            "dataType": activity.data_type,
            "dataAction": activity.action,
            "dataOldval": activity.old,
            "cdate": time,
            "sortdate": time,
            "isAddtask": "0",
            "deleted": "0",
            "seriesid": "0",
            "links": {name: f"{link}/{name}" for name in ("deal", "stage", "user", "activity")},
            "id": str(activity.id),
            "deal": str(activity.deal),
            "stage": str(activity.stage),
            "user": me,
            "automation": None,
        }


class Notes:
    """The endpoints of ``/notes`` and ``/deals/{id}/notes``.

    The author is the token's user and the time is now, whatever is sent.
    """

    def __init__(self, tenant: Tenant, activities: Activities) -> None:
        self._tenant = tenant
        self._activities = activities

    def index(self, call: Call) -> Answer:
        """All notes."""
        rows = list(self._tenant.notes)
        found = [self.row(one) for one in page(rows, call)]
        return Answer(200, {"notes": [*found], "meta": {"total": str(len(rows))}})

    def of_deal(self, call: Call) -> Answer:
        """A deal's notes; the path is the deal's own link, not documented (UNCERTAIN)."""
        deal = self._tenant.deals.get(call.id)
        rows = [one for one in self._tenant.notes if (one.kind, one.relid) == ("Deal", deal.id)]
        found = [self.row(one) for one in page(rows, call)]
        return Answer(200, {"notes": [*found], "meta": {"total": str(len(rows))}})

    def get(self, call: Call) -> Answer:
        """One note."""
        return Answer(200, {"note": self.row(self._tenant.notes.get(call.id))})

    def create(self, call: Call) -> Answer:
        """A note about a record of any kind."""
        given = call.wrapped("note")
        kind = text_of(given.get("reltype"))
        tables: dict[str, Table[Any]] = {
            "Deal": self._tenant.deals,
            "Subscriber": self._tenant.contacts,
            "CustomerAccount": self._tenant.companies,
            "DealTask": self._tenant.tasks,
            "Activity": self._tenant.activities,
        }
        if kind not in tables:
            raise bare()
        relid = whole(given.get("relid"))
        if relid is None or relid not in tables[kind].rows:
            raise no_result(tables[kind].name, text_of(given.get("relid")))
        note = self._add(given, kind, relid)
        return Answer(201, {"note": {**self.row(note), "relid": given["relid"]}})

    def create_for_deal(self, call: Call) -> Answer:
        """A note about the deal in the path."""
        deal = self._tenant.deals.get(call.id)
        note = self._add(call.wrapped("note"), "Deal", deal.id)
        return Answer(201, {"note": self.row(note)})

    def update(self, call: Call) -> Answer:
        """Change the text; another wrapper changes nothing."""
        return self._update(call, self._tenant.notes.get(call.id))

    def update_for_deal(self, call: Call) -> Answer:
        """Change the text of a note of the deal in the path."""
        deal = self._tenant.deals.get(call.id)
        note = self._tenant.notes.get(call.args["noteId"])
        if (note.kind, note.relid) != ("Deal", deal.id):
            raise no_result("Note", note.id)
        return self._update(call, note)

    def delete(self, call: Call) -> Answer:
        """Take a note away."""
        self._tenant.notes.remove(self._tenant.notes.get(call.id).id)
        return Answer(200, {})

    def row(self, note: Note) -> Object:
        """A note as reads give it."""
        me = id_text(next(iter(self._tenant.users.rows), None))
        relid = str(note.relid)
        return {
            "note": note.text,
            "relid": relid,
            "reltype": note.kind,
            "cdate": self._tenant.local(note.created),
            "mdate": self._tenant.local(note.updated),
            "userid": me,
            "user": me,
            "owner": {"type": _OWNERS.get(note.kind, note.kind), "id": relid},
            "is_draft": "",
            "links": {"activities": f"/api/3/notes/{note.id}/activities"},
            "id": str(note.id),
        }

    def _add(self, given: Object, kind: str, relid: int) -> Note:
        text = text_of(given.get("note"))
        if not text:
            raise bare()
        table, time = self._tenant.notes, self._tenant.time()
        id = table.next_id()
        if kind == "Deal":
            self._activities.log(self._tenant.deals.rows[relid], "note", data_id=str(id))
        return table.put(id, Note(id, text, kind, relid, time, time))

    def _update(self, call: Call, note: Note) -> Answer:
        given = call.wrapped("note")
        if "note" in given:
            note.text = text_of(given["note"])
            note.updated = self._tenant.time()
        return Answer(200, {"note": self.row(note)})
