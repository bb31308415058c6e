"""What the HubSpot sandbox is asked to import: forms, mappings of columns, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hubspot.imports import (
    DEAL_COLUMNS,
    DEALS,
    IMPORTS,
    column,
    csv,
    deal_rows,
    errors,
    finished,
    request,
    send,
)
from tests.hubspot.sandbox import Rehearsal


def test_a_file_without_a_header_is_mapped_by_order() -> None:
    """Without hasHeader the first row is data, in the order of the mappings."""
    crm = Rehearsal()
    body = request(DEAL_COLUMNS)
    body["files"][0]["fileImportPage"]["hasHeader"] = False
    started = send(
        crm, body, csv(("D", "closedwon", "default", "x"), ("E", "closedwon", "default", "2"))
    )
    finished(crm, started)
    assert [one["dealname"] for one in crm.sandbox.records("deals")] == ["E"]
    assert errors(crm, started)[0]["sourceData"]["lineNumber"] == 1


def test_columns_may_be_mapped_by_their_order_alone() -> None:
    """One reporter saw columnName ignored; both readings."""
    turned = csv(
        ("amount", "dealname", "dealstage", "pipeline"), ("7", "D", "closedwon", "default")
    )
    by_name = Rehearsal()
    send(by_name, request(DEAL_COLUMNS), turned)
    by_order = Rehearsal(import_columns_by="order")
    started = send(by_order, request(DEAL_COLUMNS), turned)
    by_name.seconds = 60.0
    assert by_name.sandbox.records("deals")[0]["amount"] == "7"
    finished(by_order, started)
    assert {one["invalidValue"] for one in errors(by_order, started)} == {"closedwon", "D"}
    started = send(by_order, request(DEAL_COLUMNS[:3]), turned)
    assert finished(by_order, started)["state"] == "FAILED"


def test_columns_that_are_not_mapped_are_counted() -> None:
    """Counters of mapped and unmapped columns; zeros are told by option."""
    crm = Rehearsal(import_zero_counters=True)
    columns = [*DEAL_COLUMNS[:3], {"columnName": "amount"}]
    done = finished(crm, send(crm, request(columns), deal_rows(1)))
    assert done["metadata"]["counters"] == {
        "TOTAL_ROWS": 1,
        "MAPPED_COLUMNS": 3,
        "UNMAPPED_COLUMNS": 1,
        "PROPERTY_VALUES_EMITTED": 3,
        "CREATED_OBJECTS": 1,
        "UPDATED_OBJECTS": 0,
        "UNIQUE_OBJECTS_WRITTEN": 1,
        "ASSOCIATIONS_EMITTED": 0,
        "ASSOCIATIONS_CREATED": 0,
        "ERRORS": 0,
    }
    assert "amount" not in crm.sandbox.records("deals")[0]


def test_older_spellings_are_understood() -> None:
    """The fields columnObjectType and idColumnType, dateFormat beside the file, importId."""
    crm = Rehearsal(import_id_name="importId")
    crm.unique_key()
    body = request(
        [
            {"columnObjectType": "DEAL", "columnName": name, "propertyName": name}
            for name in ("dealname", "dealstage", "closedate")
        ]
        + [
            {
                "columnObjectType": "DEAL",
                "columnName": "migrator_key",
                "propertyName": "migrator_key",
                "idColumnType": "HUBSPOT_ALTERNATE_ID",
            }
        ]
    )
    body["files"][0]["dateFormat"] = "DAY_MONTH_YEAR"
    header = ("dealname", "dealstage", "closedate", "migrator_key")
    for name in ("Old", "New"):
        content = csv(header, (name, "closedwon", "31/03/2026", "k1"))
        started = send(crm, body, content)
        assert "id" not in started
        crm.seconds += 60.0
        assert crm.call("GET", f"{IMPORTS}/{started['importId']}", expect=200)["state"] == "DONE"
    (deal,) = crm.sandbox.records("deals")
    assert (deal["dealname"], deal["closedate"]) == ("New", "2026-03-31T00:00:00Z")


def test_limits_of_files_and_days() -> None:
    """Rows and bytes of a file (400); imports and rows in any 24 hours (429)."""
    crm = Rehearsal(import_rows=3, import_bytes=200, imports_per_day=3, import_rows_per_day=7)
    send(crm, request(DEAL_COLUMNS), deal_rows(4), 400)
    send(crm, request(DEAL_COLUMNS), csv(("x" * 200,)), 400)
    for _ in range(2):
        send(crm, request(DEAL_COLUMNS), deal_rows(3))
    assert send(crm, request(DEAL_COLUMNS), deal_rows(2), 429)["category"] == "RATE_LIMITS"
    send(crm, request(DEAL_COLUMNS), deal_rows(1))
    assert send(crm, request(DEAL_COLUMNS), deal_rows(0), 429)["category"] == "RATE_LIMITS"
    assert crm.sandbox.count_429 == 2
    crm.seconds = 24 * 3_600.0
    send(crm, request(DEAL_COLUMNS), deal_rows(3))


def test_the_scope_of_imports() -> None:
    """The scope crm.import, whatever the records."""
    crm = Rehearsal(scopes=frozenset({"crm.import"}))
    send(crm, request(DEAL_COLUMNS), deal_rows(1))
    crm = Rehearsal(scopes=frozenset({"crm.objects.deals.write"}))
    send(crm, request(DEAL_COLUMNS), deal_rows(1), 403)


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A request that lacks a field."""
    return {field: value for field, value in body.items() if field != name}


WHOLE = request(DEAL_COLUMNS)
BAD_REQUESTS: dict[str, Any] = {
    "not JSON": "{",
    "no object": "[]",
    "no name": without(WHOLE, "name"),
    "no files": without(WHOLE, "files"),
    "no such file": {**WHOLE, "files": [{**WHOLE["files"][0], "fileName": "other.csv"}]},
    "one file twice": {**WHOLE, "files": WHOLE["files"] * 2},
    "no mappings": request([]),
    "unknown operation": request(DEAL_COLUMNS, "MERGE"),
    "unknown type of an operation": {**WHOLE, "importOperations": {"9-9": "CREATE"}},
    "unknown date format": request(DEAL_COLUMNS, dateFormat="ISO"),
    "unknown file format": {**WHOLE, "files": [{**WHOLE["files"][0], "fileFormat": "ODS"}]},
    "unknown type of a column": request([column("x", "dealname", "9-9")]),
    "unknown property": request([column("x", "no_such")]),
    "read-only property": request([column("x", "hs_tcv")]),
    "key that is not unique": request([column("dealname", role="HUBSPOT_ALTERNATE_ID")]),
    "labels of associations": request([column("x", role="FLEXIBLE_ASSOCIATION_LABEL")]),
    "one property twice": request([column("a", "dealname"), column("b", "dealname")]),
    "update of nobody knows what": request(DEAL_COLUMNS, "UPDATE"),
}


@pytest.mark.parametrize("case", list(BAD_REQUESTS))
def test_requests_that_are_refused(case: str) -> None:
    """A request that cannot be carried out as it stands is a 400, and no import."""
    crm = Rehearsal()
    answer = send(crm, BAD_REQUESTS[case], deal_rows(1), 400)
    assert answer["category"] == "VALIDATION_ERROR"
    assert crm.call("GET", IMPORTS, expect=200)["results"] == []


def test_an_import_is_a_form() -> None:
    """The body is multipart/form-data with importRequest and files."""
    crm = Rehearsal()
    crm.call("POST", IMPORTS, WHOLE, expect=415)
    for type_ in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = crm.http.post(IMPORTS, content=b"--x--\r\n", headers={"Content-Type": type_})
        assert response.status_code == 400


def test_creates_need_columns_for_what_deals_must_have() -> None:
    """A CREATE that lacks a required column is a 400; UPSERT tells row by row."""
    crm = Rehearsal()
    columns = [column("dealname"), column("amount")]
    answer = send(crm, request(columns, "CREATE"), csv(("dealname", "amount"), ("D", "1")), 400)
    assert answer["context"]["properties"] == ["dealstage"]
    assert answer["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"
    body = request([column("phone", type="0-1")], importOperations={"0-1": "CREATE"})
    answer = send(crm, body, csv(("phone",), ("1",)), 400)
    assert answer["context"]["properties"] == ["email", "firstname", "lastname"]
    started = send(crm, request(columns), csv(("dealname", "amount"), ("D", "1")))
    finished(crm, started)
    assert errors(crm, started)[0]["errorType"] == "MISSING_REQUIRED_PROPERTY"


def test_several_files_of_one_import() -> None:
    """Files are told apart by their names and worked on in their order."""
    crm = Rehearsal()
    body = request(DEAL_COLUMNS)
    page = {"columnMappings": [column("email", type="0-1")]}
    body["files"].append({"fileName": "people.csv", "fileImportPage": page})
    people = csv(("email",), ("ann@example.com",), ("nobody",))
    form: list[tuple[str, tuple[str | None, bytes, str]]] = [
        ("importRequest", (None, json.dumps(body).encode(), "application/json")),
        ("files", ("people.csv", people, "text/csv")),
        ("files", ("deals.csv", deal_rows(2), "text/csv")),
    ]
    started = crm.http.post(IMPORTS, files=form).json()
    assert started["mappedObjectTypeIds"] == [DEALS, "0-1"]
    done = finished(crm, started)
    assert done["metadata"]["counters"]["TOTAL_ROWS"] == 4
    assert len(crm.sandbox.records("deals")) == 2
    assert [one["email"] for one in crm.sandbox.records("contacts")] == ["ann@example.com"]
    (error,) = errors(crm, started)
    assert error["errorType"] == "INVALID_EMAIL"
    assert str(error["sourceData"]["fileId"]) == started["metadata"]["fileIds"][1]
