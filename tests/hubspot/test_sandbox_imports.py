"""Imports in the HubSpot sandbox: how they are worked off, and what is told about them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hubspot.imports import (
    DEAL_COLUMNS,
    DEALS,
    IMPORTS,
    csv,
    deal_rows,
    errors,
    finished,
    request,
    send,
)
from tests.hubspot.sandbox import Rehearsal


@pytest.mark.parametrize(
    "path", ["/crm/v3/imports", "/crm/imports/2026-03", "/crm/imports/2026-09"]
)
def test_an_import_is_worked_off_after_its_answer(path: str) -> None:
    """STARTED, PROCESSING, DONE; rows appear at their own times, by the clock."""
    crm = Rehearsal(import_seconds=5.0, import_rows_per_second=10.0)
    started = send(crm, request(DEAL_COLUMNS, "CREATE"), deal_rows(20), path=path)
    one = f"{path}/{started['id']}"
    assert (started["state"], started["mappedObjectTypeIds"]) == ("STARTED", [DEALS])
    assert started["importName"] == "deals"
    crm.seconds = 4.9
    assert crm.call("GET", one, expect=200)["state"] == "STARTED"
    assert crm.sandbox.records("deals") == []
    crm.seconds = 6.0
    half = crm.call("GET", one, expect=200)
    assert half["state"] == "PROCESSING"
    assert half["metadata"]["counters"]["CREATED_OBJECTS"] == 10
    assert len(crm.sandbox.records("deals")) == 10
    crm.seconds = 100.0
    done = crm.call("GET", one, expect=200)
    assert done["state"] == "DONE"
    assert done["metadata"]["counters"] == {
        "TOTAL_ROWS": 20,
        "MAPPED_COLUMNS": 4,
        "PROPERTY_VALUES_EMITTED": 80,
        "CREATED_OBJECTS": 20,
        "UNIQUE_OBJECTS_WRITTEN": 20,
    }
    made = crm.call("GET", crm.objects(), expect=200, limit=20)["results"]
    assert [one["createdAt"][17:22] for one in made[:2]] == ["05.10", "05.20"]
    assert made[0]["properties"]["dealstage"] == "closedwon"
    assert done["updatedAt"].startswith("2026-03-02T12:00:07")


def test_whoever_looks_sees_what_is_done() -> None:
    """Rows that are due are there for every endpoint, and for the sandbox's own views."""
    crm = Rehearsal()
    send(crm, request(DEAL_COLUMNS), deal_rows(3))
    crm.seconds = 60.0
    assert crm.sandbox.state()["records"] == {
        "deals": 3,
        "contacts": 0,
        "companies": 0,
        "notes": 0,
        "tasks": 0,
    }
    crm = Rehearsal()
    send(crm, request(DEAL_COLUMNS), deal_rows(3))
    crm.seconds = 60.0
    assert len(crm.call("GET", crm.objects(), expect=200)["results"]) == 3


def test_search_lags_behind_each_row() -> None:
    """What an import wrote long ago is found, what it wrote just now is not."""
    crm = Rehearsal(import_seconds=0.0, import_rows_per_second=1.0, search_lag=10.0)
    send(crm, request(DEAL_COLUMNS), deal_rows(20))
    crm.seconds = 20.0
    assert crm.call("POST", crm.objects("/search"), {}, 200)["total"] == 10


def test_some_imports_wait_until_others_are_done() -> None:
    """DEFERRED while too many are running; they begin in their order."""
    crm = Rehearsal(imports_at_once=2, import_seconds=0.0, import_rows_per_second=1.0)
    sizes = (4, 8, 2, 2)
    jobs = [send(crm, request(DEAL_COLUMNS), deal_rows(size)) for size in sizes]
    assert [job["state"] for job in jobs] == ["PROCESSING", "PROCESSING", "DEFERRED", "DEFERRED"]

    def states() -> list[str]:
        paths = [f"{IMPORTS}/{job['id']}" for job in jobs]
        return [crm.call("GET", path, expect=200)["state"] for path in paths]

    crm.seconds = 4.0
    assert states() == ["DONE", "PROCESSING", "PROCESSING", "DEFERRED"]
    crm.seconds = 7.0
    assert states() == ["DONE", "PROCESSING", "DONE", "PROCESSING"]
    crm.seconds = 8.0
    assert states() == ["DONE", "DONE", "DONE", "DONE"]
    listed = crm.call("GET", IMPORTS, expect=200)["results"]
    assert [one["id"] for one in listed] == [job["id"] for job in reversed(jobs)]


def test_looking_late_is_no_different() -> None:
    """Whether somebody looks meanwhile or not, the same rows are written at the same times."""
    seen = []
    for steps in ([50.0], [float(n) / 4 for n in range(200)] + [50.0]):
        crm = Rehearsal(imports_at_once=2, import_seconds=1.0, import_rows_per_second=2.0)
        for size in (5, 3, 4, 0, 2):
            send(crm, request(DEAL_COLUMNS), deal_rows(size))
        for crm.seconds in steps:
            crm.sandbox.state()
        rows = crm.call("GET", crm.objects(), expect=200, limit=100)["results"]
        jobs = crm.call("GET", IMPORTS, expect=200)["results"]
        seen.append(
            (
                [(one["properties"]["dealname"], one["createdAt"]) for one in rows],
                [(one["id"], one["state"], one["updatedAt"]) for one in jobs],
            )
        )
    assert seen[0] == seen[1]
    assert {state for _, state, _ in seen[0][1]} == {"DONE"}


def test_a_canceled_import_keeps_what_it_did() -> None:
    """POST imports/{id}/cancel; the next in line takes its place."""
    crm = Rehearsal(imports_at_once=1, import_seconds=0.0, import_rows_per_second=1.0)
    first, second, third = (send(crm, request(DEAL_COLUMNS), deal_rows(10)) for _ in range(3))
    crm.seconds = 4.0
    for job in (first, third):
        answer = crm.call("POST", f"{IMPORTS}/{job['id']}/cancel", expect=200)
        assert answer["status"] == "COMPLETE"
    crm.seconds = 6.0
    states = {one["id"]: one["state"] for one in crm.call("GET", IMPORTS, expect=200)["results"]}
    assert states == {
        first["id"]: "CANCELED",
        second["id"]: "PROCESSING",
        third["id"]: "CANCELED",
    }
    assert len(crm.sandbox.records("deals")) == 6
    crm.call("POST", f"{IMPORTS}/{first['id']}/cancel", expect=400)
    crm.call("POST", f"{IMPORTS}/404/cancel", expect=404)


@pytest.mark.parametrize(
    ("content", "type"),
    [
        (b"dealname\xff,x\r\n", "INVALID_FILE_TYPE"),
        (b"", "INVALID_FILE_TYPE"),
        (b'dealname,dealstage,pipeline,amount\r\n"a"b,c,d,e\r\n', "INVALID_FILE_TYPE"),
        (csv(("dealname", "dealstage", "pipeline", "value")), "INVALID_COLUMN_CONFIGURATION"),
        (csv(tuple(map(str, range(1_000)))), "INVALID_COLUMN_CONFIGURATION"),
    ],
)
def test_a_file_that_cannot_be_read_fails(content: bytes, type: str) -> None:
    """FAILED; the error is about line 0, the whole file; <1,000 columns, UTF-8."""
    crm = Rehearsal(import_seconds=5.0)
    started = send(crm, request(DEAL_COLUMNS), content)
    assert started["state"] == "STARTED"
    assert finished(crm, started)["state"] == "FAILED"
    (error,) = errors(crm, started)
    assert (error["errorType"], error["sourceData"]["lineNumber"]) == (type, 0)
    assert str(error["sourceData"]["fileId"]) == started["metadata"]["fileIds"][0]


def test_spreadsheets_are_not_read_here() -> None:
    """The fileFormat is CSV or SPREADSHEET; the sandbox says that it reads the former only."""
    crm = Rehearsal()
    body = request(DEAL_COLUMNS)
    body["files"][0]["fileFormat"] = "SPREADSHEET"
    started = send(crm, body, deal_rows(1))
    assert finished(crm, started)["state"] == "FAILED"
    assert errors(crm, started)[0]["errorType"] == "INVALID_SPREADSHEET"


def test_errors_come_in_pages_and_in_full_when_asked() -> None:
    """By includeErrorMessage, includeRowData, after, limit; the fields of an error."""
    crm = Rehearsal(import_seconds=0.0)
    rows = [("D", "closedwon", "default", f"x{n}") for n in range(5)]
    header = ("dealname", "dealstage", "pipeline", "amount")
    started = send(
        crm, request(DEAL_COLUMNS), csv(header, ("D", "closedwon", "default", "1"), *rows)
    )
    assert finished(crm, started)["metadata"]["counters"]["ERRORS"] == 5
    path = f"{IMPORTS}/{started['id']}/errors"
    pages: list[Any] = []
    after = ""
    while True:
        page = crm.call("GET", path, expect=200, limit=2, **({"after": after} if after else {}))
        pages.append([one["id"] for one in page["results"]])
        assert all("errorMessage" not in one for one in page["results"])
        assert all(one["sourceData"]["rowData"] == [] for one in page["results"])
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({id for page in pages for id in page}) == 5
    error = errors(crm, started)[0]
    assert error.pop("errorMessage")
    assert error == {
        "id": "1",
        "createdAt": 1772452800004,
        "errorType": "COULD_NOT_PARSE_NUMBER",
        "knownColumnNumber": 3,
        "invalidValue": "x0",
        "invalidValueToDisplay": "x0",
        "extraContext": "amount",
        "objectType": "DEAL",
        "objectTypeId": DEALS,
        "sourceData": {
            "lineNumber": 3,
            "fileId": int(started["metadata"]["fileIds"][0]),
            "pageName": None,
            "rowData": ["D", "closedwon", "default", "x0"],
            "containsEncryptedProperties": False,
        },
    }
    crm.call("GET", path, expect=400, after="x")
    crm.call("GET", f"{IMPORTS}/x", expect=404)


@pytest.mark.parametrize(("counted", "line"), [(True, 2), (False, 1)])
def test_the_header_may_be_line_one(counted: bool, line: int) -> None:
    """The lineNumber is 1-based; UNCERTAIN whether the header has a number."""
    crm = Rehearsal(import_header_is_line=counted)
    header = ("dealname", "dealstage", "pipeline", "amount")
    started = send(crm, request(DEAL_COLUMNS), csv(header, ("D", "closedwon", "default", "x")))
    finished(crm, started)
    assert errors(crm, started)[0]["sourceData"]["lineNumber"] == line


def test_imports_come_in_pages() -> None:
    """GET imports: after and limit, the newest first."""
    crm = Rehearsal()
    made = [send(crm, request(DEAL_COLUMNS), deal_rows(0))["id"] for _ in range(3)]
    first = crm.call("GET", IMPORTS, expect=200, limit=2)
    after = first["paging"]["next"]["after"]
    rest = crm.call("GET", IMPORTS, expect=200, limit=2, after=after)
    assert [one["id"] for one in first["results"] + rest["results"]] == made[::-1]
    assert "paging" not in rest
