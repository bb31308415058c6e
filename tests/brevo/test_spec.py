"""The Brevo sandbox held against the vendor's own OpenAPI document."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.brevo.sandbox import ABSENT, Rehearsal
from tests.brevo.spec import KNOWN, Checked, check_request, check_response, spec
from tests.virtual_time import VirtualClock


class Watched(Rehearsal):
    """A rehearsal all of whose traffic is checked; with ``strange`` only the answers are."""

    def __init__(self, **options: Any) -> None:
        spec()  # skips the test before anything is done
        super().__init__(**options)
        self.strange = False
        self.http = httpx.Client(
            transport=httpx.MockTransport(self._checked),
            base_url=self.http.base_url,
            headers=self.http.headers,
        )

    def _checked(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if not self.strange:
            check_request(request)
        response = self.sandbox.handle(request)
        check_response(request, response)
        return response

    def wrong(self, method: str, path: str, json: Any = None, expect: int = 400) -> None:
        """A request that is wrong on purpose."""
        self.strange = True
        self.call(method, path, json, expect)
        self.strange = False


def deals(crm: Watched) -> str:
    """All that can be done with deals; an id of one."""
    contact, company = crm.contact("d@example.com"), crm.company()
    place = crm.place(2)
    body = {"name": "A", "attributes": {"amount": 12.5, **place}, "linkedContactsIds": [contact]}
    id: str = crm.call("POST", "/crm/deals", body, 201)["id"]
    path = f"/crm/deals/{id}"
    crm.get(path)
    crm.call("PATCH", path, {"name": "B", "linkedCompaniesIds": [company]}, 204)
    link = {"linkContactIds": [contact], "unlinkCompanyIds": [company]}
    crm.call("PATCH", f"/crm/deals/link-unlink/{id}", link, 204)
    filters = {
        "filters[attributes.deal_name]": "B",
        "filters[attributes.deal_owner]": "anna.berg@example.com",
        "filters[attributes.deal_stage]": place["deal_stage"],
        "filters[attributes.pipeline]": place["pipeline"],
        "filters[linkedContactsIds]": contact,
        "createdSince": "2020-01-01T00:00:00.000Z",
        "modifiedSince": "2020-01-01T00:00:00.000Z",
        "sortBy": "attributes.created_at",
    }
    assert len(crm.get("/crm/deals", limit=10, offset=0, sort="asc", **filters)["items"]) == 1
    other = crm.deal()
    crm.call("DELETE", f"/crm/deals/{other}", expect=204)
    crm.wrong("GET", f"/crm/deals/{other}", expect=404)
    crm.wrong("GET", "/crm/deals/x")
    crm.wrong("PATCH", "/crm/deals/x", {})
    crm.wrong("POST", "/crm/deals", {})
    crm.wrong("GET", "/crm/deals?sort=up")
    crm.wrong("PATCH", f"/crm/deals/link-unlink/{id}", {"linkContactIds": ["x"]})
    return id


def companies(crm: Watched) -> None:
    """All that can be done with companies."""
    id = crm.company("Zeta", owner="anna.berg@example.com")
    path = f"/companies/{id}"
    crm.get(path)
    crm.call("PATCH", path, {"name": "Omega", "linkedContactsIds": []}, 204)
    crm.call("PATCH", f"/companies/link-unlink/{id}", {"linkDealsIds": [crm.deal()]}, 204)
    found = crm.get("/companies", page=1, limit=5, **{"filters[attributes.name]": "Omega"})
    assert len(found["items"]) == 1
    crm.call("DELETE", path, expect=204)
    crm.wrong("PATCH", path, {"name": "x"}, 404)
    crm.wrong("POST", "/companies", {})


def settings(crm: Watched) -> None:
    """Account, pipelines, attributes."""
    crm.get("/account")
    pipeline = crm.pipeline()["pipeline"]
    crm.get("/crm/pipeline/details")
    crm.get(f"/crm/pipeline/details/{pipeline}")
    crm.wrong("GET", f"/crm/pipeline/details/{ABSENT}")
    crm.get("/crm/attributes/companies")
    body = {"objectType": "deals", "attributeType": "multi-choice", "label": "Tags"}
    made = crm.call("POST", "/crm/attributes", {**body, "optionsLabels": ["A"]}, 200)["id"]
    crm.get("/crm/attributes/deals")
    change = {"label": "Marks", "optionsLabels": [{"key": "b", "value": "B"}]}
    crm.call("PATCH", f"/crm/attributes/{made}", change, 204)
    crm.call("DELETE", f"/crm/attributes/{made}", expect=204)
    crm.wrong("POST", "/crm/attributes", {})
    crm.wrong("DELETE", f"/crm/attributes/{made}", expect=404)


def imports(crm: Watched) -> None:
    """Files, and what is told of them."""
    first = crm.upload("deal_name,amount\nA,1\nB,2\n").json()["processId"]
    crm.upload("name\nAcme\n", path="/companies/import")
    crm.get(f"/processes/{first}")
    crm.seconds += crm.sandbox.options.import_delay
    assert crm.get(f"/processes/{first}")["status"] == "in_process"
    assert crm.get("/processes", limit=5, offset=0, sort="desc")["count"] == 2
    crm.seconds += 60
    assert crm.get(f"/processes/{first}")["status"] == "completed"
    assert crm.upload("deal_name\n").status_code == 400
    crm.wrong("GET", "/processes/999", expect=404)


def contacts(crm: Watched) -> None:
    """Contacts, their lists and attributes, import and export."""
    crm.call("POST", "/contacts/attributes/normal/AGE", {"type": "float"}, 201)
    folder = crm.call("POST", "/contacts/folders", {"name": "Import"}, 201)["id"]
    list_ = crm.call("POST", "/contacts/lists", {"name": "Deals", "folderId": folder}, 201)["id"]
    crm.get("/contacts/folders", limit=10)
    crm.get("/contacts/lists", limit=10)
    crm.get("/contacts/attributes")
    id = crm.contact("kim@example.com", AGE=41, LASTNAME="Berg")
    body = {"email": "kim@example.com", "updateEnabled": True, "listIds": [list_]}
    crm.call("POST", "/contacts", body, 204)
    crm.call("PUT", f"/contacts/{id}", {"attributes": {"AGE": 42}}, 204)
    crm.get("/contacts/kim@example.com", identifierType="email_id")
    crm.get("/contacts", limit=1000, offset=0, sort="asc")
    rows = [{"email": "a@example.com", "attributes": {"LASTNAME": "X"}}]
    process = crm.call("POST", "/contacts/import", {"jsonBody": rows, "listIds": [list_]}, 202)
    asked = {"customContactFilter": {"actionForContacts": "allContacts"}}
    export = crm.call("POST", "/contacts/export", asked, 202)
    crm.seconds += 60
    for one in (process, export):
        assert crm.get(f"/processes/{one['processId']}")["status"] == "completed"
    crm.call("DELETE", f"/contacts/{id}", expect=204)
    crm.wrong("POST", "/contacts", {"email": "a@example.com"})
    crm.wrong("GET", "/contacts/999", expect=404)
    crm.wrong("GET", "/contacts?limit=9999")
    crm.wrong("POST", "/contacts/import", {})


def activities(crm: Watched, deal: str) -> None:
    """Notes, tasks and files."""
    note = crm.call("POST", "/crm/notes", {"text": "Called", "dealIds": [deal]}, 200)["id"]
    crm.get(f"/crm/notes/{note}")
    crm.get("/crm/notes", entity="deals", entityIds=deal, limit=10, offset=0, sort="asc")
    crm.call("PATCH", f"/crm/notes/{note}", {"text": "New"}, 204)
    crm.call("DELETE", f"/crm/notes/{note}", expect=204)
    crm.wrong("GET", f"/crm/notes/{note}", expect=404)
    type = crm.get("/crm/tasktypes")[0]["id"]
    body = {"name": "Call", "taskTypeId": type, "date": "2026-03-05T09:00:00Z"}
    task = crm.call("POST", "/crm/tasks", {**body, "dealsIds": [deal]}, 201)["id"]
    crm.get(f"/crm/tasks/{task}")
    crm.get("/crm/tasks", limit=10, **{"filter[deals]": deal, "filter[status]": "undone"})
    crm.call("PATCH", f"/crm/tasks/{task}", {"done": True}, 204)
    crm.call("DELETE", f"/crm/tasks/{task}", expect=204)
    crm.wrong("POST", "/crm/tasks", {})
    files = {"file": ("a.txt", b"x", "text/plain")}
    made = crm.http.post("/crm/files", data={"dealId": deal}, files=files).json()["id"]
    crm.get("/crm/files", entity="deals")
    crm.get(f"/crm/files/{made}")
    crm.get(f"/crm/files/{made}/data")
    crm.call("DELETE", f"/crm/files/{made}", expect=204)


def test_every_endpoint_answers_as_documented() -> None:
    """Good and bad answers of all routes are valid; each known difference was met."""
    crm = Watched()
    settings(crm)
    deal = deals(crm)
    companies(crm)
    imports(crm)
    contacts(crm)
    activities(crm, deal)
    assert set(crm.sandbox.routes()) == set(crm.sandbox.requests)
    assert spec().met == set(KNOWN)


def test_refusals_that_any_endpoint_may_give_are_flat_errors() -> None:
    """401, 403 and 429 are documented in prose only; they have a message."""
    assert Watched(token="right").call("GET", "/account").status_code == 401
    assert Watched(forbidden=frozenset({"GET /account"})).call("GET", "/account").status_code == 403
    crm = Watched(limits=True, crm_per_hour=1, contacts_per_second=1)
    for path in ("/account", "/contacts"):
        assert [crm.call("GET", path).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "/crm/nothing", None),
        ("GET", "/crm/deals?page=2", None),
        ("GET", "/crm/deals?limit=all", None),
        ("GET", "/crm/notes?entity=people", None),
        ("POST", "/crm/deals", {"attributes": {}}),
        ("POST", "/crm/deals", {"name": "x", "linkedContactsIds": ["1"]}),
        ("POST", "/crm/deals", None),
        ("POST", "/crm/tasks", {"name": "x", "taskTypeId": "y", "date": "tomorrow"}),
        ("DELETE", f"/crm/deals/{ABSENT}", {"id": 1}),
        ("PUT", "/contacts/1", {"attributes": {"X": {}}}),
    ],
)
def test_requests_that_are_not_documented_are_found(method: str, path: str, json: Any) -> None:
    """Unknown paths and parameters, wrong types, missing and superfluous bodies."""
    spec()
    request = httpx.Request(method, f"https://x.test/v3{path}", json=json, headers={"api-key": "k"})
    with pytest.raises(AssertionError):
        check_request(request)


def test_forms_are_checked_field_by_field() -> None:
    """Unknown fields, missing ones, and another content type are found; so is a missing key."""
    spec()
    url = "https://x.test/v3/crm/deals/import"
    file = {"file": ("d.csv", b"deal_name\nA\n", "text/csv")}
    key = {"api-key": "k"}
    good = httpx.Request("POST", url, data={"mapping": "{}"}, files=file, headers=key)
    good.read()
    check_request(good)
    wrong = [
        httpx.Request("POST", url, data={"mapping": "[]"}, files=file, headers=key),
        httpx.Request("POST", url, data={"map": "{}"}, files=file, headers=key),
        httpx.Request("POST", url, json={"mapping": {}}, headers=key),
        httpx.Request("POST", url, data={"mapping": "{}"}, files=file),
        httpx.Request("POST", "https://x.test/v3/crm/files", files={"f": b"x"}, headers=key),
    ]
    for request in wrong:
        request.read()
        with pytest.raises(AssertionError):
            check_request(request)


@pytest.mark.parametrize(
    ("path", "response"),
    [
        ("/crm/deals", httpx.Response(200, json={"items": [{"id": 5}]})),
        ("/crm/deals", httpx.Response(200, text="{}")),
        ("/crm/deals", httpx.Response(302)),
        ("/crm/deals", httpx.Response(429, json={"error": "x"})),
        ("/contacts", httpx.Response(200, json={"contacts": []})),
        ("/crm/deals", httpx.Response(400, json={"code": "strange", "message": "x"})),
    ],
)
def test_answers_that_are_not_documented_are_found(path: str, response: httpx.Response) -> None:
    """Wrong types, missing keys, unknown codes, other statuses."""
    spec()
    request = httpx.Request("GET", f"https://x.test/v3{path}")
    with pytest.raises(AssertionError):
        check_response(request, response)


def test_an_empty_answer_with_content_is_found() -> None:
    """A 204 has no body."""
    spec()
    request = httpx.Request("DELETE", f"https://x.test/v3/crm/deals/{ABSENT}")
    with pytest.raises(AssertionError):
        check_response(request, httpx.Response(204, json={}))


def test_the_transport_checks_all_that_passes() -> None:
    """`Checked` lets documented traffic through and stops the rest before it leaves."""
    spec()
    crm = Rehearsal()
    clock = VirtualClock()

    async def work() -> int:
        transport = Checked(httpx.MockTransport(crm.sandbox.handle))
        async with httpx.AsyncClient(transport=transport, headers={"api-key": "k"}) as http:
            await http.post("https://x.test/v3/crm/deals", json={"name": "A"})
            with pytest.raises(AssertionError):
                await http.post("https://x.test/v3/crm/deals", json={"title": "B"})
            found = await http.get("https://x.test/v3/crm/deals")
        return len(found.json()["items"])

    assert clock.run(work()) == 1
