"""Deals, one at a time: what is taken, what is refused, and what the answer says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.vendors.activecampaign.sandbox.answers import Answer, bare, id_text, titled
from migrator.vendors.activecampaign.sandbox.data import given_fields
from migrator.vendors.activecampaign.sandbox.dealinput import DealInput
from migrator.vendors.activecampaign.sandbox.rows import Deal

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.contacts import Contacts
    from migrator.vendors.activecampaign.sandbox.data import Data
    from migrator.vendors.activecampaign.sandbox.history import Activities
    from migrator.vendors.activecampaign.sandbox.pipelines import Pipelines
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

_LINKS = (
    "dealActivities",
    "contact",
    "contactDeals",
    "group",
    "nextTask",
    "notes",
    "account",
    "customerAccount",
    "organization",
    "owner",
    "scoreValues",
    "stage",
    "tasks",
    "dealCustomFieldData",
)
_ECHOED = (
    "title",
    "description",
    "value",
    "currency",
    "contact",
    "owner",
    "group",
    "stage",
    "percent",
    "status",
)
"""Keys that an answer to a write repeats as they were sent."""

_WATCHED = {
    "stage": "d_stageid",
    "owner": "userid",
    "value": "value",
    "status": "status",
    "group": "d_groupid",
}
"""Changes that are written into the history, by the type they get there."""


class Deals:
    """The endpoints of ``/deals`` except the list."""

    def __init__(
        self,
        tenant: Tenant,
        data: Data,
        activities: Activities,
        contacts: Contacts,
        pipelines: Pipelines,
    ) -> None:
        self._tenant = tenant
        self._input = DealInput(tenant)
        self._data = data
        self._activities = activities
        self._contacts = contacts
        self._pipelines = pipelines

    def get(self, call: Call) -> Answer:
        """One deal, as it is stored."""
        deal = self._tenant.deals.get(call.id)
        body: Object = {"deal": self.row(deal)}
        if "dealCustomFieldData" in call.query.get("include", ""):
            if self._tenant.options.include == "400":
                raise bare()
            if self._tenant.options.include == "works":
                body["dealCustomFieldData"] = self._data.raw([deal])
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        """A new deal; there is nothing that would recognise the same one sent twice."""
        given = call.wrapped("deal")
        fields = given_fields(given.get("fields"))
        table, time = self._tenant.deals, self._tenant.time()
        new = self._input.create(given, fields)
        id = table.next_id()
        shown = self._tenant.shown_from()
        deal = Deal(
            id=id, created=time, updated=time, hash=self._tenant.token(8), shown=shown, **new
        )
        table.put(id, deal)
        self._of_contact(deal, None)
        self._activities.log(deal)
        saved = self._data.save(deal, fields)
        return Answer(201, self._written(deal, given, fields, saved=saved))

    def update(self, call: Call) -> Answer:
        """Change what is named; the answer repeats what was sent, as that of a create does."""
        deal = self._open(call.id)
        given = call.wrapped("deal")
        fields = given_fields(given.get("fields"))
        contact = deal.contact
        if given:
            self.change(deal, self._input.update(given, deal))
        self._of_contact(deal, contact)
        saved = self._data.save(deal, fields) if fields else True
        body = self._written(deal, given, fields, saved=saved)
        del body["contacts"], body["dealGroups"]
        return Answer(200, body)

    def delete(self, call: Call) -> Answer:
        """Take a deal away for good, with all that hangs on it."""
        self.remove(self._open(call.id))
        return Answer(200, {})

    def delete_contact(self, call: Call) -> Answer:
        """Take a contact away, and its deals with it if the options say so (UNCERTAIN)."""
        contact = self._tenant.contacts.find(call.id)
        if contact is not None and self._tenant.options.contact_deleted == "deals_go":
            for id in list(contact.deals):
                self.remove(self._tenant.deals.rows[id])
        return self._contacts.delete(call)

    def bulk_update(self, call: Call) -> Answer:
        """Give deals other owners: one result per id, or nothing done when an owner is wrong."""
        body = call.body if isinstance(call.body, dict) else {}
        wanted: list[tuple[str, Deal | None, int]] = []
        for one in call.objects(body.get("deals")):
            id = str(one.get("id"))
            if one.get("ownerId") is None:
                raise titled(422, f"ownerId is required for a deal '{id}'.")
            owner = self._tenant.users.find(one["ownerId"])
            if owner is None:
                title = f"Owner(user) with id '{one['ownerId']}' was not found for a deal '{id}'."
                raise titled(422, title, plain=True)
            wanted.append((id, self._tenant.deals.find(id), owner.id))
        results: dict[str, list[Json]] = {"success": [], "nochange": [], "failed": []}
        for id, deal, owner_id in wanted:
            if deal is None or self._tenant.disabled(deal):
                results["failed"].append(id)
            elif deal.owner == owner_id:
                results["nochange"].append(id)
            else:
                self.change(deal, {"owner": owner_id})
                results["success"].append(id)
        return Answer(200, {**results})

    def change(self, deal: Deal, changes: dict[str, Any]) -> None:
        """Write changes of stored values, and those that matter into the history."""
        for name, value in changes.items():
            old = getattr(deal, name)
            if old == value:
                continue
            setattr(deal, name, value)
            if name in _WATCHED:
                self._activities.log(deal, _WATCHED[name], "update", str(value), str(old))
            if name == "status":
                # UNCERTAIN: what ends when; all three forms of ``edate`` have been seen.
                now = self._tenant.naive(self._tenant.time())
                deal.ended = now if value else "0000-00-00 00:00:00"
        deal.updated = self._tenant.time()

    def remove(self, deal: Deal) -> None:
        """Take a deal away, its values, tasks, notes, activities and secondary contacts too."""
        tenant = self._tenant
        tenant.deals.remove(deal.id)
        self._data.forget(deal)
        for contact_deal in deal.secondary.values():
            tenant.secondary.remove(contact_deal)
        for task in deal.tasks:
            tenant.tasks.remove(task)
        for activity in deal.activities:
            tenant.activities.remove(activity)
        for note in list(tenant.notes):
            if (note.kind, note.relid) == ("Deal", deal.id):
                tenant.notes.remove(note.id)
        contact = tenant.contacts.find(deal.contact)
        if contact is not None:
            contact.deals.pop(deal.id, None)

    def row(self, deal: Deal) -> Object:
        """A deal as reads give it: text throughout, or a stub."""
        if self._tenant.disabled(deal):
            # Lists say 1 or true (documented); which, nobody knows.
            flag: Json = 1 if deal.id % 2 else True
            status = str(deal.status)
            return {"title": deal.title, "status": status, "isDisabled": flag, "id": str(deal.id)}
        task = self._tenant.tasks.find(deal.next_task)
        account = id_text(deal.account)
        return {
            "hash": deal.hash,
            "owner": str(deal.owner),
            "contact": id_text(deal.contact),
            "organization": account,
            "group": str(deal.group),
            "stage": str(deal.stage),
            "title": deal.title,
            "description": deal.description,
            "percent": str(deal.percent),
            "cdate": self._tenant.local(deal.created),
            "mdate": self._tenant.local(deal.updated),
            "nextdate": task.due if task else None,
            "nexttaskid": id_text(deal.next_task),
            "value": str(deal.value),
            "currency": deal.currency,
            "winProbability": None,
            "winProbabilityMdate": None,
            "status": str(deal.status),
            "activitycount": str(len(deal.activities)),
            "nextdealid": str(deal.id),
            "edate": deal.ended,
            "links": _links(deal.id),
            "id": str(deal.id),
            "isDisabled": False,
            "nextTask": id_text(deal.next_task),
            "account": account,
            "customerAccount": account,
        }

    def _open(self, id: str) -> Deal:
        """A deal that may be written. What a stub answers to writes is UNCERTAIN."""
        deal = self._tenant.deals.get(id)
        if self._tenant.disabled(deal):
            raise bare(403)
        return deal

    def _of_contact(self, deal: Deal, before: int | None) -> None:
        """Keep the list of a contact's deals."""
        if deal.contact == before:
            return
        for id in (before, deal.contact):
            contact = self._tenant.contacts.find(id)
            if contact is not None and id == deal.contact:
                contact.deals[deal.id] = None
            elif contact is not None:
                contact.deals.pop(deal.id, None)

    def _written(
        self, deal: Deal, given: Object, fields: list[Object], *, saved: bool
    ) -> dict[str, Json]:
        """The answer to a write: the stored row with the input laid over it."""
        row = self.row(deal)
        row.update({name: given[name] for name in _ECHOED if given.get(name) is not None})
        if "percent" in given:
            row["percent"] = given["percent"]
        row["nextdealid"] = "0"
        row["fields"] = [{**one, "dealId": str(deal.id)} for one in fields]
        status = "success" if saved else self._tenant.options.failed_status
        row["customFieldSaveStatus"] = {"status": status}
        contact = self._tenant.contacts.find(deal.contact)
        stage = self._tenant.stages.rows[deal.stage]
        return {
            "contacts": [self._contacts.row(contact)] if contact else [],
            "dealGroups": [self._pipelines.row(self._tenant.pipelines.rows[deal.group])],
            "dealStages": [self._pipelines.stage_row(stage)],
            "deal": row,
        }


def _links(id: int) -> Object:
    base = f"https://sandbox.activehosted.com/api/3/deals/{id}/"
    return {name: base + name for name in _LINKS}


def money_sum(deals: list[Deal]) -> Json:
    """The sums per currency that a list of deals carries; ``[]`` where PHP has nothing."""
    totals: dict[str, list[int]] = {}
    for deal in deals:
        total = totals.setdefault(deal.currency, [0, 0])
        total[0] += 1
        total[1] += deal.value
    if not totals:
        return []
    return {
        code.upper(): {
            "total": str(count),
            "value": str(value),
            "currency": code.upper(),
            "isDisabled": False,
        }
        for code, (count, value) in totals.items()
    }
