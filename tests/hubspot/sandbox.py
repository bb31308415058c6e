"""What the tests of the HubSpot sandbox have in common: a client whose time stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from migrator.vendors.hubspot.sandbox import HubSpotSandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

DEAL = {"dealname": "Roof", "dealstage": "qualifiedtobuy", "pipeline": "default"}


class Rehearsal:
    """A sandbox, a client that talks to it in process, and the time."""

    def __init__(self, bearer: str = "any", **options: Any) -> None:
        self.seconds = 0.0
        self.sandbox = HubSpotSandbox(
            now=lambda: START + timedelta(seconds=self.seconds),
            clock=lambda: self.seconds,
            **options,
        )
        self.http = httpx.Client(
            transport=httpx.MockTransport(self.sandbox.handle),
            base_url="https://crm.test",
            headers={"Authorization": f"Bearer {bearer}"},
        )

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        expect: int | None = None,
        **params: Any,
    ) -> Any:
        """Send a request; with ``expect`` check the status and give the JSON body back."""
        response = self.http.request(method, path, json=json, params=params)
        if expect is None:
            return response
        assert response.status_code == expect, response.text
        return response.json() if response.content else None

    def objects(self, tail: str = "", type: str = "deals") -> str:
        """A path of an object endpoint."""
        return f"/crm/objects/2026-03/{type}{tail}"

    def deal(self, **properties: str) -> str:
        """Create a deal; its id."""
        body = {"properties": {**DEAL, **properties}}
        found: str = self.call("POST", self.objects(), body, 201)["id"]
        return found

    def record(self, type: str, **properties: str) -> str:
        """Create a record of another type; its id."""
        path = self.objects(type=type)
        found: str = self.call("POST", path, {"properties": properties}, 201)["id"]
        return found

    def refusal(self, properties: Mapping[str, Any], type: str = "deals") -> Any:
        """The body of the 400 that a create with these properties meets."""
        return self.call("POST", self.objects(type=type), {"properties": properties}, 400)

    def unique_key(self, name: str = "migrator_key", type: str = "deals") -> str:
        """Create a property whose values are unique; its name."""
        group = {"deals": "deal", "contacts": "contact", "companies": "company"}[type]
        body = {
            "name": name,
            "label": name,
            "type": "string",
            "fieldType": "text",
            "groupName": f"{group}information",
            "hasUniqueValue": True,
        }
        self.call("POST", f"/crm/properties/2026-03/{type}", body, 201)
        return name


def inputs(*properties: Mapping[str, Any], traced: bool = True) -> dict[str, Any]:
    """The body of a batch create; with ``traced`` every input has a trace id ``t0 t1 ...``."""
    listed: list[dict[str, Any]] = [{"properties": dict(one)} for one in properties]
    if traced:
        for number, one in enumerate(listed):
            one["objectWriteTraceId"] = f"t{number}"
    return {"inputs": listed}
