"""What the tests of the Brevo sandbox have in common: a client whose time stands still."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from migrator.vendors.brevo.sandbox import BrevoSandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ABSENT = "0" * 24
"""An id that is well formed and nobody's."""

CREATE = {"link_entities": True, "update_existing_records": False}
UPDATE = {"link_entities": True, "update_existing_records": True}


class Rehearsal:
    """A sandbox, a client that talks to it in process, and the time."""

    def __init__(self, key: str = "any", *, limits: bool = False, **options: Any) -> None:
        self.seconds = 0.0
        self.sandbox = BrevoSandbox(
            now=lambda: START + timedelta(seconds=self.seconds),
            clock=lambda: self.seconds,
            limits=limits,
            **options,
        )
        self.http = httpx.Client(
            transport=httpx.MockTransport(self.sandbox.handle),
            base_url="https://crm.test/v3",
            headers={"api-key": key},
        )

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        expect: int | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request; with ``expect`` check the status and give the JSON body back."""
        response = self.http.request(method, path, json=json, params=params)
        if expect is None:
            return response
        assert response.status_code == expect, response.text
        return response.json() if response.content else None

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that succeeds."""
        return self.call("GET", path, expect=200, params=params)

    def deal(self, name: str = "Roof", **attributes: Any) -> str:
        """Create a deal; its id."""
        body = {"name": name, "attributes": attributes}
        found: str = self.call("POST", "/crm/deals", body, 201)["id"]
        return found

    def company(self, name: str = "Acme", **attributes: Any) -> str:
        """Create a company; its id."""
        body = {"name": name, "attributes": attributes}
        found: str = self.call("POST", "/companies", body, 200)["id"]
        return found

    def contact(self, email: str = "kim@example.com", **attributes: Any) -> int:
        """Create a contact; its id."""
        body = {"email": email, "attributes": attributes}
        found: int = self.call("POST", "/contacts", body, 201)["id"]
        return found

    def attribute(
        self, label: str, type: str = "text", kind: str = "deals", options: Sequence[str] = ()
    ) -> str:
        """Create an attribute; its internal name, read from the list."""
        body = {"objectType": kind, "attributeType": type, "label": label}
        self.call("POST", "/crm/attributes", {**body, "optionsLabels": list(options)}, 200)
        listed = self.get(f"/crm/attributes/{kind}")
        names: list[str] = [one["internalName"] for one in listed if one["label"] == label]
        return names[0]

    def options(self, name: str, kind: str = "deals") -> dict[str, str]:
        """Options of an attribute, label to key."""
        listed = self.get(f"/crm/attributes/{kind}")
        found = next(one for one in listed if one["internalName"] == name)
        return {one["value"]: one["key"] for one in found["attributeOptions"]}

    def pipeline(self, number: int = 0) -> Any:
        """A pipeline as the API gives it."""
        return self.get("/crm/pipeline/details/all")[number]

    def place(self, stage: int, pipeline: int = 0) -> dict[str, str]:
        """The attributes that put a deal in a stage."""
        found = self.pipeline(pipeline)
        return {"pipeline": found["pipeline"], "deal_stage": found["stages"][stage]["id"]}

    def upload(
        self,
        text: str | bytes,
        mapping: Mapping[str, Any] | str = CREATE,
        path: str = "/crm/deals/import",
    ) -> httpx.Response:
        """Send a file; the answer as it is."""
        sent = mapping if isinstance(mapping, str) else json.dumps(mapping)
        content = text.encode() if isinstance(text, str) else text
        files = {"file": ("deals.csv", content, "text/csv")}
        return self.http.post(path, data={"mapping": sent}, files=files)

    def load(
        self,
        rows: Sequence[Mapping[str, Any]],
        mapping: Mapping[str, Any] = CREATE,
        path: str = "/crm/deals/import",
    ) -> int:
        """Import rows and wait until they are in; the id of the process."""
        response = self.upload(table(rows), mapping, path)
        assert response.status_code == 200, response.text
        self.seconds += 60.0 + len(rows) / 1_000
        found: int = response.json()["processId"]
        return found

    def deals(self) -> list[dict[str, Any]]:
        """All deals, flat."""
        return self.sandbox.records("deals")

    def names(self) -> list[str]:
        """Names of all deals."""
        return [one["deal_name"] for one in self.deals()]


def table(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    """Rows as CSV, with the columns of all of them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
