"""What the tests of imports in the HubSpot sandbox have in common: forms, and the wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.hubspot.sandbox import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEALS = "0-3"
IMPORTS = "/crm/imports/2026-03"

Row = tuple[str, ...]


def column(
    name: str, property: str | None = None, type: str = DEALS, role: str | None = None
) -> dict[str, Any]:
    """A mapping of a column; its property is called as the column is, unless told."""
    body: dict[str, Any] = {"columnObjectTypeId": type, "columnName": name}
    body["propertyName"] = property or name
    return body if role is None else {**body, "columnType": role}


def key(name: str = "migrator_key", type: str = DEALS) -> dict[str, Any]:
    """A column of a unique property."""
    return column(name, type=type, role="HUBSPOT_ALTERNATE_ID")


def record_id(type: str = DEALS) -> dict[str, Any]:
    """A column of record ids."""
    return column("Record ID", "hs_object_id", type, "HUBSPOT_OBJECT_ID")


DEAL_COLUMNS = [column("dealname"), column("dealstage"), column("pipeline"), column("amount")]


def csv(*rows: Row) -> bytes:
    """Rows, the header first."""
    return "".join(",".join(row) + "\r\n" for row in rows).encode()


def request(
    columns: Sequence[Mapping[str, Any]], operation: str | None = None, **more: Any
) -> dict[str, Any]:
    """A request for one file ``deals.csv``; the operation is for deals."""
    page = {"hasHeader": True, "columnMappings": [*columns]}
    file = {"fileName": "deals.csv", "fileFormat": "CSV", "fileImportPage": page}
    body: dict[str, Any] = {"name": "deals", "files": [file], **more}
    return body if operation is None else {**body, "importOperations": {DEALS: operation}}


def send(
    crm: Rehearsal, body: Any, content: bytes = b"", expect: int = 200, path: str = IMPORTS
) -> Any:
    """Post a form; the JSON body of the answer."""
    text = body if isinstance(body, str) else json.dumps(body)
    files: dict[str, tuple[str | None, bytes, str]] = {
        "importRequest": (None, text.encode(), "application/json"),
        "files": ("deals.csv", content, "text/csv"),
    }
    response = crm.http.request("POST", path, files=files)
    assert response.status_code == expect, response.text
    return response.json()


def finished(crm: Rehearsal, started: Any) -> Any:
    """What is told about an import when enough time has passed."""
    crm.seconds += 3_600
    return crm.call("GET", f"{IMPORTS}/{started['id']}", expect=200)


def errors(crm: Rehearsal, started: Any) -> list[Any]:
    """All errors of an import, in full."""
    path = f"{IMPORTS}/{started['id']}/errors"
    wanted = {"includeErrorMessage": "true", "includeRowData": "true"}
    found: list[Any] = crm.call("GET", path, expect=200, **wanted)["results"]
    return found


def deal_rows(count: int) -> bytes:
    """A file of deals."""
    rows = [(f"D{n}", "closedwon", "default", str(n)) for n in range(count)]
    return csv(("dealname", "dealstage", "pipeline", "amount"), *rows)


class Account(Rehearsal):
    """A sandbox that imports; ``last`` is the import that was finished last."""

    last: Any

    def load(
        self, columns: Sequence[dict[str, Any]], *rows: Row, operation: str = "UPSERT", **more: Any
    ) -> list[str]:
        """Import rows to the end; the types of the errors, in order."""
        header = tuple(one["columnName"] for one in columns)
        started = send(self, request(columns, operation, **more), csv(header, *rows))
        self.last = finished(self, started)
        assert self.last["state"] == "DONE"
        return [one["errorType"] for one in errors(self, started)]

    def counters(self) -> dict[str, int]:
        """What the last import counted, but for rows and columns."""
        held: dict[str, int] = self.last["metadata"]["counters"]
        shown = ("CREATED_OBJECTS", "UPDATED_OBJECTS", "UNIQUE_OBJECTS_WRITTEN", "ERRORS")
        return {name: held[name] for name in shown if name in held}

    def values(self, name: str, type: str = "deals") -> list[str | None]:
        """One property of all records."""
        return [one.get(name) for one in self.sandbox.records(type)]


def keyed(**options: Any) -> Account:
    """An account with a unique property of deals."""
    crm = Account(**options)
    crm.unique_key()
    return crm
