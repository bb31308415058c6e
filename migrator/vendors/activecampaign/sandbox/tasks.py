"""Tasks (``dealTasks``) and their types (``dealTasktypes``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    bare,
    id_text,
    no_result,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.rows import Task, TaskType
from migrator.vendors.activecampaign.sandbox.values import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.deals import Deals
    from migrator.vendors.activecampaign.sandbox.history import Activities
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

    Test = Callable[[Task], bool]

_KINDS = {"deal": "Deal", "contact": "Subscriber"}
"""``ownerType`` of a request to ``reltype`` of an answer."""

_OWNERS = {reltype: owner for owner, reltype in _KINDS.items()}
_TEXTS = ("title", "reltype", "note", "duedate")
_NUMBERS = {
    "relid": "relid",
    "status": "status",
    "d_tasktypeid": "type",
    "userid": "user",
    "assignee_userid": "assignee",
}
_WEEK = 7 * 86_400


class Tasks:
    """The endpoints of ``/dealTasks``."""

    def __init__(self, tenant: Tenant, deals: Deals, activities: Activities) -> None:
        self._tenant = tenant
        self._deals = deals
        self._activities = activities

    def index(self, call: Call) -> Answer:
        """A page of tasks; documented with the status 201, seen with 200."""
        tests = self._tests(call)
        rows = [one for one in self._tenant.tasks if all(test(one) for test in tests)]
        found = [self.row(one) for one in page(rows, call)]
        body: Object = {"dealTasks": [*found], "meta": {"total": str(len(rows))}}
        return Answer(self._tenant.options.task_read_status, body)

    def get(self, call: Call) -> Answer:
        """One task."""
        task = self._tenant.tasks.get(call.id)
        return Answer(self._tenant.options.task_read_status, {"dealTask": self.row(task)})

    def create(self, call: Call) -> Answer:
        """A task of a deal or, by ``ownerType``, of a contact."""
        given = call.wrapped("dealTask")
        kind = _KINDS.get(text_of(given.get("ownerType", "deal")))
        if kind is None:
            raise bare()
        due, due_at = self._due(given)
        table, time, me = (
            self._tenant.tasks,
            self._tenant.time(),
            next(iter(self._tenant.users.rows)),
        )
        task = Task(
            id=table.next_id(),
            kind=kind,
            relid=self._related(kind, given.get("relid")),
            type=self.type_of(given.get("dealTasktype")).id,
            due=due,
            end=text_of(given.get("edate")) or due,
            title=None,
            note="",
            status=0,
            user=me,
            assignee=me,
            created=time,
            updated=time,
            due_at=due_at,
        )
        self._apply(task, given)
        table.put(task.id, task)
        if task.kind == "Deal":
            deal = self._tenant.deals.rows[task.relid]
            deal.tasks[task.id] = None
            self._activities.log(deal, "task", data_id=str(task.id))
        self._plan(task)
        row = self.row(task)
        row["status"] = task.status
        return Answer(201, {"dealTask": row})

    def update(self, call: Call) -> Answer:
        """Change a task (201, documented); another wrapper changes nothing."""
        task = self._tenant.tasks.get(call.id)
        given = call.wrapped("dealTask")
        done = whole(given.get("status")) == 1
        if done and self._tenant.options.outcome_required and given.get("outcomeId") is None:
            raise bare()
        due = self._due(given) if "duedate" in given else (task.due, task.due_at)
        if given.get("dealTasktype") is not None:
            task.type = self.type_of(given["dealTasktype"]).id
        if given:
            task.due, task.due_at = due
            self._apply(task, given)
            task.updated = self._tenant.time()
            self._plan(task)
        row = self.row(task)
        row["ownerType"] = _OWNERS[task.kind]
        return Answer(201, {"dealTask": row})

    def delete(self, call: Call) -> Answer:
        """Take a task away."""
        task = self._tenant.tasks.get(call.id)
        self._tenant.tasks.remove(task.id)
        if task.kind == "Deal":
            del self._tenant.deals.rows[task.relid].tasks[task.id]
        self._plan(task)
        return Answer(200, {})

    def move(self, call: Call) -> Answer:
        """Give all tasks of one type another type."""
        old = self._tenant.task_types.get(call.id)
        new = self.type_of(call.wrapped("dealTask").get("dealTasktype"))
        moved = [one for one in self._tenant.tasks if one.type == old.id]
        for task in moved:
            task.type = new.id
        deals = {one.relid: None for one in moved if one.kind == "Deal"}
        body: Object = {
            "dealTasks": [self.row(one) for one in moved],
            "deals": [self._deals.row(self._tenant.deals.rows[id]) for id in deals],
        }
        return Answer(200, body)

    def row(self, task: Task) -> Object:
        """A task as reads give it; what was sent as ``ownerType`` is called ``reltype``."""
        relid = str(task.relid)
        return {
            "title": task.title,
            "note": task.note,
            "relid": relid,
            "reltype": task.kind,
            "owner": {"type": _OWNERS[task.kind], "id": relid},
            "dealTasktype": str(task.type),
            "user": str(task.user),
            "assignee": str(task.assignee),
            "automation": task.automation,
            "doneAutomation": task.done_automation,
            "cdate": self._tenant.local(task.created),
            "udate": self._tenant.local(task.updated),
            "duedate": task.due,
            "edate": task.end,
            "donedate": task.done,
            "duration": "0",
            "status": str(task.status),
            "outcomeId": task.outcome,
            "outcomeInfo": task.outcome_info,
            "links": {"dealTasktype": f"/{task.id}/dealTasktype", "owner": f"/{task.id}/owner"},
            "id": str(task.id),
        }

    def type_of(self, value: Json) -> TaskType:
        """The type that a task is given."""
        found = self._tenant.task_types.find(value)
        if found is None:
            raise bare()
        return found

    def _related(self, kind: str, value: Json) -> int:
        table = self._tenant.deals if kind == "Deal" else self._tenant.contacts
        row = table.find(value)
        if value is None or value == "":
            raise bare()
        if row is None:
            raise no_result(table.name, text_of(value))
        return row.id

    def _due(self, given: Object) -> tuple[str, float]:
        text = text_of(given.get("duedate"))
        found = moment(text, self._tenant.zone)
        if found is None:
            raise bare()
        return text, found

    def _apply(self, task: Task, given: Object) -> None:
        """What both a create and an update can set."""
        if "title" in given:
            task.title = None if given["title"] is None else text_of(given["title"])
        if "note" in given:
            task.note = text_of(given["note"])
        if "edate" in given:
            task.end = text_of(given["edate"])
        assignee = self._tenant.users.find(given.get("assignee"))
        task.assignee = assignee.id if assignee else task.assignee
        status = whole(given.get("status"))
        if status in {0, 1}:
            task.status = status
            task.done = self._tenant.local(self._tenant.time()) if status else None
        task.automation = given.get("triggerAutomationOnCreate", task.automation)
        task.done_automation = given.get("doneAutomation", task.done_automation)
        task.outcome = given.get("outcomeId", task.outcome)
        task.outcome_info = given.get("outcomeInfo", task.outcome_info)

    def _plan(self, task: Task) -> None:
        """Have the deal know its next task: the open one that is due first."""
        if task.kind == "Deal":
            deal = self._tenant.deals.rows[task.relid]
            rows = [self._tenant.tasks.rows[id] for id in deal.tasks]
            still = [one for one in rows if not one.status]
            deal.next_task = min(still, key=lambda one: one.due_at).id if still else None

    def _tests(self, call: Call) -> list[Test]:
        tests: list[Test] = []
        for name in _TEXTS:
            wanted = call.filter(name)
            if wanted is not None:
                tests.append(_says({"reltype": "kind", "duedate": "due"}.get(name, name), wanted))
        for name, stored in _NUMBERS.items():
            number = call.filter(name)
            if number is not None:
                tests.append(_says(stored, str(whole(number))))
        outcome = call.filter("outcome_id")
        if outcome is not None:
            tests.append(_says("outcome", outcome))
        misspelt = self._tenant.options.misspelt_due_before
        before = call.query.get("Fitlers[due_before]") if misspelt else call.filter("due_before")
        after = moment(call.filter("due_after"), self._tenant.zone)
        until = moment(before, self._tenant.zone)
        if after is not None or until is not None:
            tests.append(_due_between(after, until))
        return [*tests, *self._in_range(call.filter("duedate_range"))]

    def _in_range(self, text: str | None) -> list[Test]:
        """``2026-03-01+2026-03-31``, or a word; what else there is filters nothing."""
        now = self._tenant.time()
        words: Mapping[str, Test] = {
            "overdue": lambda one: one.due_at < now and not one.status,
            "scheduled": lambda one: one.due_at >= now,
            "upcoming": lambda one: now <= one.due_at <= now + _WEEK,
        }
        if text is not None and text in words:
            return [words[text]]
        # The plus sign of the documentation is a blank once the query is decoded.
        first, _, last = (text or "").replace(" ", "+").partition("+")
        since, until = moment(first, self._tenant.zone), moment(last, self._tenant.zone)
        if since is None or until is None:
            return []
        return [_due_between(since, until + 86_400)]


class TaskTypes:
    """The endpoints of ``/dealTasktypes``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def index(self, call: Call) -> Answer:
        """All types; four of them are there from the start."""
        rows = list(self._tenant.task_types)
        found = [self._row(one) for one in page(rows, call)]
        return Answer(200, {"dealTasktypes": [*found], "meta": {"total": str(len(rows))}})

    def get(self, call: Call) -> Answer:
        """One type."""
        return Answer(200, {"dealTasktype": self._row(self._tenant.task_types.get(call.id))})

    def create(self, call: Call) -> Answer:
        """A new type; titles are unique."""
        given = call.wrapped("dealTasktype")
        title = self._title(given, None)
        table, time = self._tenant.task_types, self._tenant.time()
        id = table.next_id()
        status = int(whole(given.get("status")) == 1)
        type = table.put(id, TaskType(id, title, status, time, time))
        return Answer(200, {"dealTasktype": self._row(type)})

    def update(self, call: Call) -> Answer:
        """Change a type, or disable it: that is all that is left of deleting."""
        type = self._tenant.task_types.get(call.id)
        given = call.wrapped("dealTasktype")
        if "title" in given:
            type.title = self._title(given, type)
        status = whole(given.get("status"))
        if status in {0, 1}:
            type.status = status
        if given:
            type.updated = self._tenant.time()
        return Answer(200, {"dealTasktype": self._row(type)})

    def delete(self, _: Call) -> Answer:
        """Always refused (documented)."""
        raise bare(403)

    def _title(self, given: Object, own: TaskType | None) -> str:
        title = text_of(given.get("title"))
        taken = {one.title.casefold() for one in self._tenant.task_types if one is not own}
        if not title or title.casefold() in taken:
            raise bare()
        return title

    def _row(self, type: TaskType) -> Object:
        return {
            "title": type.title,
            "status": str(type.status),
            "defduration": "0",
            "cdate": self._tenant.local(type.created),
            "udate": self._tenant.local(type.updated),
            "links": {},
            "id": id_text(type.id),
        }


def _says(name: str, wanted: str) -> Test:
    return lambda task: str(getattr(task, name)) == wanted


def _due_between(since: float | None, until: float | None) -> Test:
    def test(task: Task) -> bool:
        return (since is None or task.due_at > since) and (until is None or task.due_at < until)

    return test
