"""What the tests of the ActiveCampaign sandbox share: a client whose time stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
"""In summer, when the account's offset is -05:00."""

FORECAST = "DEAL_FORECASTED_CLOSE_DATE"


class Rehearsal:
    """A sandbox, a client that talks to it in process, and the time.

    There is no quota unless ``limits=True`` asks for it.
    """

    def __init__(self, **options: Any) -> None:
        self.seconds = 0.0
        self.sandbox = ActiveCampaignSandbox(
            now=lambda: START + timedelta(seconds=self.seconds),
            clock=lambda: self.seconds,
            **{"limits": False, **options},
        )
        self.http = httpx.Client(
            transport=httpx.MockTransport(self.sandbox.handle),
            base_url="https://acme.api-us1.test/api/3/",
            headers={"Api-Token": "any"},
        )
        self._emails = 0

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        expect: int | None = 200,
        **params: Any,
    ) -> Any:
        """Send a request, check its status and give the JSON body back.

        With ``expect=None`` the whole response comes back, whatever its status.
        """
        response = self.http.request(method, path.lstrip("/"), json=json, params=params)
        if expect is None:
            return response
        assert response.status_code == expect, response.text
        return response.json()

    def get(self, path: str, expect: int = 200, /, **params: Any) -> Any:
        """Read; ``params`` in which ``__`` stands for a bracket: ``filters__stage=1``."""
        named = {
            f"{name.replace('__', '[')}]" if "__" in name else name: value
            for name, value in params.items()
        }
        return self.call("GET", path, None, expect, **named)

    def contact(self, email: str | None = None) -> str:
        """Create a contact; its id."""
        self._emails += 1
        body = {"contact": {"email": email or f"person{self._emails}@example.com"}}
        found: str = self.call("POST", "contacts", body, 201)["contact"]["id"]
        return found

    def account(self, name: str = "Acme") -> str:
        """Create an account; its id."""
        body = {"account": {"name": name}}
        found: str = self.call("POST", "accounts", body, 201)["account"]["id"]
        return found

    def body(self, **changes: Any) -> dict[str, Any]:
        """The body of a deal that is taken, with changes; None leaves a key out."""
        whole: dict[str, Any] = {
            "title": "Roof",
            "value": 45600,
            "currency": "usd",
            "group": "1",
            "stage": "1",
            "owner": "1",
            **changes,
        }
        if "contact" not in whole and "account" not in whole:
            whole["contact"] = self.contact()
        return {"deal": {name: value for name, value in whole.items() if value is not None}}

    def deal(self, **changes: Any) -> str:
        """Create a deal; its id."""
        found: str = self.call("POST", "deals", self.body(**changes), 201)["deal"]["id"]
        return found

    def deals(self, count: int, **changes: Any) -> list[str]:
        """Create deals of one contact; their ids."""
        contact = self.contact()
        return [self.deal(contact=contact, title=f"Deal {n}", **changes) for n in range(count)]

    def stored(self, id: str) -> Any:
        """A deal as a read gives it."""
        return self.get(f"deals/{id}")["deal"]

    def ids(self, **params: Any) -> list[str]:
        """Ids on a page of deals."""
        return [one["id"] for one in self.get("deals", **params)["deals"]]

    def field(self, type: str = "text", label: str = "Source id", **more: Any) -> int:
        """Create a custom field; its id."""
        given = {"fieldLabel": label, "fieldType": type, **more}
        body = {"dealCustomFieldMetum": given}
        made = self.call("POST", "dealCustomFieldMeta", body, 201)["dealCustomFieldMetum"]
        return int(made["id"])

    def values(self, deal: str) -> dict[int, list[Any]]:
        """A deal's custom field values, by field."""
        found: dict[int, list[Any]] = {}
        for one in self.get(f"deals/{deal}/dealCustomFieldData")["dealCustomFieldData"]:
            found.setdefault(one["customFieldId"], []).append(one["fieldValue"])
        return found

    def datum(self, deal: str, field: int, value: Any, **more: Any) -> Any:
        """Create a value; its row."""
        given = {"dealId": deal, "customFieldId": field, "fieldValue": value, **more}
        body = {"dealCustomFieldDatum": given}
        return self.call("POST", "dealCustomFieldData", body)["dealCustomFieldDatum"]


def inline(**values: Any) -> list[dict[str, Any]]:
    """The ``fields`` of a deal: ``f8="x"`` for the custom field 8."""
    return [{"customFieldId": int(name[1:]), "fieldValue": value} for name, value in values.items()]


def no_result(name: str, id: str) -> dict[str, str]:
    """What a live 404 says."""
    return {"message": f"No Result found for {name} with id {id}"}
