"""Notes, tasks and files of a Brevo sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.brevo.sandbox import ABSENT, START, Rehearsal

NOON = int(START.timestamp() * 1_000)


def note(crm: Rehearsal, text: str = "Called.", **links: Any) -> str:
    """Create a note; its id."""
    found: str = crm.call("POST", "/crm/notes", {"text": text, **links}, 200)["id"]
    return found


def task_body(crm: Rehearsal, **changes: Any) -> dict[str, Any]:
    """A task that can be created."""
    types = {one["title"]: one["id"] for one in crm.get("/crm/tasktypes")}
    return {
        "name": "Call back",
        "taskTypeId": types["Call"],
        "date": "2026-03-05T09:00:00Z",
        **changes,
    }


def task(crm: Rehearsal, **changes: Any) -> str:
    """Create a task; its id."""
    found: str = crm.call("POST", "/crm/tasks", task_body(crm, **changes), 201)["id"]
    return found


def test_notes_are_listed_in_a_bare_array_and_show_their_author_as_an_object() -> None:
    """200 with the id on creation; times have milliseconds."""
    crm = Rehearsal()
    deal, contact = crm.deal(), crm.contact()
    id = note(crm, "<b>Called</b>", dealIds=[deal], contactIds=[contact])
    found = crm.get(f"/crm/notes/{id}")
    assert crm.get("/crm/notes") == [found]
    assert (found["text"], found["dealIds"], found["contactIds"]) == (
        "<b>Called</b>",
        [deal],
        [contact],
    )
    assert found["authorId"]["email"] == "anna.berg@example.com"
    assert found["createdAt"] == "2026-03-02T12:00:00.000Z"
    assert crm.sandbox.records("notes") == [found]


def test_notes_are_found_by_what_they_belong_to_and_by_time() -> None:
    """`entity` with `entityIds`; dates in epoch milliseconds; the newest first."""
    crm = Rehearsal()
    one, two = crm.deal("A"), crm.deal("B")
    first = note(crm, dealIds=[one])
    crm.seconds = 60
    second = note(crm, dealIds=[two])
    third = note(crm, companyIds=[crm.company()])

    def shown(**params: Any) -> list[str]:
        return [found["id"] for found in crm.get("/crm/notes", **params)]

    assert shown() == [third, second, first]
    assert shown(sort="asc", limit=1, offset=1) == [second]
    assert shown(entity="deals") == [second, first]
    assert shown(entity="deals", entityIds=f"{one},{ABSENT}") == [first]
    assert shown(entity="contacts") == []
    assert shown(dateFrom=NOON + 1) == [third, second]
    assert shown(dateTo=NOON) == [first]
    crm.call("GET", "/crm/notes?entity=people", expect=400)
    crm.call("GET", "/crm/notes?dateFrom=today", expect=400)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "x" * 3_001},
        {"text": 5},
        {"text": "x", "dealIds": [ABSENT]},
        {"text": "x", "contactIds": [7]},
        {"text": "x", "contactIds": 7},
        {"text": "x", "contactIds": [None]},
    ],
)
def test_wrong_notes_are_refused(body: Any) -> None:
    """1 to 3,000 characters; links to what is there; a PATCH needs the text as well."""
    crm = Rehearsal()
    id = note(crm)
    crm.call("POST", "/crm/notes", body, 400)
    crm.call("PATCH", f"/crm/notes/{id}", body, 400)


def test_notes_are_changed_and_deleted() -> None:
    """204 both; only JSON is taken (415)."""
    crm = Rehearsal()
    id = note(crm)
    crm.seconds = 60
    crm.call("PATCH", f"/crm/notes/{id}", {"text": "New"}, 204)
    found = crm.get(f"/crm/notes/{id}")
    assert (found["text"], found["updatedAt"]) == ("New", "2026-03-02T12:01:00.000Z")
    crm.call("DELETE", f"/crm/notes/{id}", expect=204)
    crm.call("GET", f"/crm/notes/{id}", expect=404)
    crm.call("GET", "/crm/notes/x", expect=400)
    assert crm.http.post("/crm/notes", data={"text": "x"}).status_code == 415


def test_task_types_come_in_an_array() -> None:
    """The seven of a new account."""
    found = Rehearsal().get("/crm/tasktypes")
    titles = ["Email", "Call", "Meeting", "Todo", "Lunch", "Deadline", "LinkedIn"]
    assert [one["title"] for one in found] == titles


def test_tasks_are_created_listed_changed_and_deleted() -> None:
    """201 with the id; the list stands under `items`; lists of links are replaced."""
    crm = Rehearsal()
    one, two = crm.deal("A"), crm.deal("B")
    reminder = {"value": 1, "unit": "hours", "types": ["email"]}
    more: dict[str, Any] = {"dealsIds": [one], "duration": 60_000, "notes": "x"}
    id = task(crm, assignToId="bruno.costa@example.com", reminder=reminder, **more)
    found = crm.get(f"/crm/tasks/{id}")
    assert crm.get("/crm/tasks") == {"items": [found]}
    assert found["assignToId"] == crm.options("deal_owner")["bruno.costa@example.com"]
    assert found.items() >= {**more, "reminder": reminder, "done": False}.items()
    crm.call("PATCH", f"/crm/tasks/{id}", {"done": True, "dealsIds": [two]}, 204)
    changed = crm.get(f"/crm/tasks/{id}")
    assert (changed["done"], changed["dealsIds"]) == (True, [two])
    crm.call("DELETE", f"/crm/tasks/{id}", expect=204)
    assert crm.sandbox.records("tasks") == []


def test_tasks_are_filtered_in_the_singular() -> None:
    """`filter[...]` and not `filters[...]`; dates are those of the task."""
    crm = Rehearsal()
    deal = crm.deal()
    one = task(crm, dealsIds=[deal], done=True)
    types = {found["title"]: found["id"] for found in crm.get("/crm/tasktypes")}
    later = "2026-04-01T09:00:00+02:00"
    two = task(crm, taskTypeId=types["Email"], assignToId="dev.patel@example.com", date=later)

    def shown(**params: Any) -> list[str]:
        return [found["id"] for found in crm.get("/crm/tasks", **params)["items"]]

    assert shown() == [two, one]
    assert shown(**{"filter[deals]": deal}) == [one]
    assert shown(**{"filter[type]": types["Email"]}) == [two]
    assert shown(**{"filter[status]": "done"}) == [one]
    assert shown(**{"filter[status]": "undone"}) == [two]
    assert shown(**{"filter[assignTo]": "dev.patel@example.com"}) == [two]
    assert shown(**{"filter[assignTo]": "nobody@example.com"}) == []
    assert shown(dateTo=NOON + 7 * 86_400_000) == [one]
    assert shown(dateFrom=NOON + 7 * 86_400_000) == [two]
    crm.call("GET", "/crm/tasks?filter[status]=late", expect=400)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"date": None},
        {"date": "tomorrow"},
        {"taskTypeId": ABSENT},
        {"duration": -1},
        {"duration": "long"},
        {"done": "yes"},
        {"assignToId": "nobody@example.com"},
        {"companiesIds": [ABSENT]},
    ],
)
def test_wrong_tasks_are_refused(changes: Any) -> None:
    """Name, type and date are required; a time is ISO 8601 with its zone."""
    crm = Rehearsal()
    crm.call("POST", "/crm/tasks", task_body(crm, **changes), 400)
    assert crm.get("/crm/tasks") == {"items": []}


def test_files_are_kept_and_their_address_closes_after_five_minutes() -> None:
    """201 with the data on upload; content behind an address of its own, without a key."""
    crm = Rehearsal()
    contact = crm.contact()
    content = bytes(range(256)) + b"\r\n--x\r\n\r\n"
    files = {"file": ("Angebot.pdf", content, "application/pdf")}
    sent = {"contactId": str(contact)}
    made = crm.http.post("/crm/files", data=sent, files=files)
    assert made.status_code == 201
    found = made.json()
    assert (found["name"], found["size"], found["contactId"]) == ("Angebot.pdf", 265, contact)
    path = f"/crm/files/{found['id']}"
    assert crm.get(f"{path}/data") == found
    assert crm.get("/crm/files", entity="contacts", entityIds=contact) == [found]
    assert crm.get("/crm/files", entity="deals") == []
    url = crm.get(path)["fileUrl"]
    assert crm.http.get(url).content == content
    crm.seconds = 301
    assert crm.http.get(url).status_code == 404
    crm.call("DELETE", path, expect=204)
    crm.call("GET", path, expect=404)


def test_files_that_belong_to_nobody_are_refused() -> None:
    """One of deal, contact and company, which must be there; 10 MB at most."""
    crm = Rehearsal()
    deal = crm.deal()
    file = {"file": ("a.txt", b"x", "text/plain")}
    large = {"file": ("a.txt", b"x" * 10_000_001, "text/plain")}
    for data, files in (
        ({}, file),
        ({"dealId": ABSENT}, file),
        ({"dealId": deal, "contactId": "1"}, file),
        ({"dealId": deal}, large),
        ({"dealId": deal}, {"file": (None, b"x")}),
    ):
        assert crm.http.post("/crm/files", data=data, files=files).status_code == 400
    assert crm.sandbox.records("files") == []
