"""People who use a CRM by its API while it is exported: they fill it, and change it meanwhile.

They know the vendors' documentation and nothing of ours, so that what they put into an account is
what an export of it is compared with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from migrator.vendors.registry import product
from tests.process.base import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from migrator.vendors.base import Sandbox

    Send = Callable[[str, str, object], Any]

SEGMENT = "Segment"
"""Label of the deals' custom field."""

_AT_ONCE = 100


@dataclass(frozen=True)
class Sold:
    """A deal as people see it. The amount is in main units, the contact an e-mail address."""

    name: str
    stage: str
    amount: int
    owner: str
    contact: str
    segment: str | None


@dataclass
class Account:
    """Ids of what deals are made of, by the names that people know."""

    pipeline: str = ""
    stages: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, Any] = field(default_factory=dict)
    segment: str = ""


class User(Protocol):
    """Somebody with access to an account."""

    account: Account

    def furnish(self, contacts: Iterable[str]) -> None:
        """Look around, and create the custom field and the contacts."""
        ...

    def create(self, deals: list[Sold]) -> list[str]:
        """Create deals; their ids."""
        ...

    def change(self, id: str, amount: int) -> None:
        """Give a deal another amount."""
        ...

    def delete(self, id: str) -> None:
        """Delete a deal."""
        ...

    def over(self, send: Send) -> Self:
        """The same person on another line."""
        ...


class _Person:
    """What all have in common."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.account = Account()

    def over(self, send: Send) -> Self:
        """See :class:`User`."""
        other = type(self)(send)
        other.account = replace(self.account)
        return other


class HubSpotUser(_Person):
    """Works in batches."""

    def furnish(self, contacts: Iterable[str]) -> None:
        """See :class:`User`."""
        account = self.account
        (pipeline, *_) = self.send("GET", "/crm/v3/pipelines/deals", None)["results"]
        account.pipeline = pipeline["id"]
        account.stages = {one["label"]: one["id"] for one in pipeline["stages"]}
        owners = self.send("GET", "/crm/v3/owners", None)["results"]
        account.owners = {one["email"]: one["id"] for one in owners if not one["archived"]}
        account.segment = "segment"
        new = {"name": "segment", "label": SEGMENT, "type": "string", "fieldType": "text"}
        self.send("POST", "/crm/v3/properties/deals", new | {"groupName": "dealinformation"})
        inputs = [{"properties": {"email": email}} for email in contacts]
        for made in self._in_batches("contacts", inputs):
            account.contacts[made["properties"]["email"]] = made["id"]

    def create(self, deals: list[Sold]) -> list[str]:
        """See :class:`User`."""
        made = self._in_batches("deals", [self._deal(deal) for deal in deals])
        ids = {one["properties"]["dealname"]: one["id"] for one in made}
        return [ids[deal.name] for deal in deals]

    def change(self, id: str, amount: int) -> None:
        """See :class:`User`."""
        self.send("PATCH", f"/crm/v3/objects/deals/{id}", {"properties": {"amount": str(amount)}})

    def delete(self, id: str) -> None:
        """See :class:`User`."""
        self.send("DELETE", f"/crm/v3/objects/deals/{id}", None)

    def _in_batches(self, type: str, inputs: list[Any]) -> list[Any]:
        made = []
        for start in range(0, len(inputs), _AT_ONCE):
            body = {"inputs": inputs[start : start + _AT_ONCE]}
            made += self.send("POST", f"/crm/v3/objects/{type}/batch/create", body)["results"]
        return made

    def _deal(self, deal: Sold) -> Any:
        account = self.account
        link = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
        return {
            "properties": {
                "dealname": deal.name,
                "pipeline": account.pipeline,
                "dealstage": account.stages[deal.stage],
                "amount": str(deal.amount),
                "hubspot_owner_id": account.owners[deal.owner],
                account.segment: deal.segment,
            },
            "associations": [{"to": {"id": account.contacts[deal.contact]}, "types": [link]}],
        }


class BrevoUser(_Person):
    """Works one by one; deals of one second have no order among them."""

    def furnish(self, contacts: Iterable[str]) -> None:
        """See :class:`User`."""
        account = self.account
        (pipeline, *_) = self.send("GET", "/crm/pipeline/details/all", None)
        account.pipeline = pipeline["pipeline"]
        account.stages = {one["name"]: one["id"] for one in pipeline["stages"]}
        new = {"objectType": "deals", "attributeType": "text", "label": SEGMENT}
        self.send("POST", "/crm/attributes", new)
        attributes = self.send("GET", "/crm/attributes/deals", None)
        named = {one["label"]: one for one in attributes}
        account.segment = named[SEGMENT]["internalName"]
        (owner,) = (one for one in attributes if one["attributeTypeName"] == "user")
        account.owners = {one["value"]: one["key"] for one in owner["attributeOptions"]}
        for email in contacts:
            account.contacts[email] = self.send("POST", "/contacts", {"email": email})["id"]

    def create(self, deals: list[Sold]) -> list[str]:
        """See :class:`User`."""
        return [self.send("POST", "/crm/deals", self._deal(deal))["id"] for deal in deals]

    def change(self, id: str, amount: int) -> None:
        """See :class:`User`."""
        self.send("PATCH", f"/crm/deals/{id}", {"attributes": {"amount": amount}})

    def delete(self, id: str) -> None:
        """See :class:`User`."""
        self.send("DELETE", f"/crm/deals/{id}", None)

    def _deal(self, deal: Sold) -> Any:
        account = self.account
        attributes = {
            "pipeline": account.pipeline,
            "deal_stage": account.stages[deal.stage],
            "amount": deal.amount,
            "deal_owner": account.owners[deal.owner],
            account.segment: deal.segment,
        }
        linked = [account.contacts[deal.contact]]
        return {"name": deal.name, "attributes": attributes, "linkedContactsIds": linked}


class ActiveCampaignUser(_Person):
    """Works one by one, in cents."""

    def furnish(self, contacts: Iterable[str]) -> None:
        """See :class:`User`."""
        account = self.account
        (pipeline, *_) = self.send("GET", "/api/3/dealGroups", None)["dealGroups"]
        account.pipeline = pipeline["id"]
        stages = self.send("GET", "/api/3/dealStages", None)["dealStages"]
        account.stages = {one["title"]: one["id"] for one in stages}
        users = self.send("GET", "/api/3/users", None)["users"]
        account.owners = {one["email"]: one["id"] for one in users}
        new = {"fieldLabel": SEGMENT, "fieldType": "text"}
        made = self.send("POST", "/api/3/dealCustomFieldMeta", {"dealCustomFieldMetum": new})
        account.segment = made["dealCustomFieldMetum"]["id"]
        for email in contacts:
            made = self.send("POST", "/api/3/contacts", {"contact": {"email": email}})
            account.contacts[email] = made["contact"]["id"]

    def create(self, deals: list[Sold]) -> list[str]:
        """See :class:`User`."""
        return [
            self.send("POST", "/api/3/deals", {"deal": self._deal(deal)})["deal"]["id"]
            for deal in deals
        ]

    def change(self, id: str, amount: int) -> None:
        """See :class:`User`."""
        self.send("PUT", f"/api/3/deals/{id}", {"deal": {"value": amount * 100}})

    def delete(self, id: str) -> None:
        """See :class:`User`."""
        self.send("DELETE", f"/api/3/deals/{id}", None)

    def _deal(self, deal: Sold) -> Any:
        account = self.account
        return {
            "title": deal.name,
            "group": account.pipeline,
            "stage": account.stages[deal.stage],
            "value": deal.amount * 100,
            "currency": "usd",
            "owner": account.owners[deal.owner],
            "contact": account.contacts[deal.contact],
            "fields": [{"customFieldId": account.segment, "fieldValue": deal.segment}],
        }


_USERS: Mapping[str, type[HubSpotUser | BrevoUser | ActiveCampaignUser]] = {
    "hubspot": HubSpotUser,
    "brevo": BrevoUser,
    "activecampaign": ActiveCampaignUser,
}


def user_of(vendor: str, sandbox: Sandbox) -> User:
    """Somebody who works in a sandbox of this process, without a line in between."""
    headers = {**product(vendor).headers(SECRET), "Content-Type": "application/json"}

    def send(method: str, path: str, body: object) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        request = httpx.Request(method, f"http://crm.test{path}", headers=headers, content=content)
        answer = sandbox.handle(request)
        assert answer.is_success, answer.text
        return json.loads(answer.content) if answer.content else None

    return _USERS[vendor](send)


def line_to(vendor: str, client: httpx.Client) -> Send:
    """What sends over HTTP."""
    headers = product(vendor).headers(SECRET)

    def send(method: str, path: str, body: object) -> Any:
        answer = client.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    return send
