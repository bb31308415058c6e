"""ActiveCampaign in a simulated world."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.simulation.crms.base import OFFICE, Crm, Seen, amount_of, text_of

if TYPE_CHECKING:
    import random

    import httpx

    from tests.simulation.rows import Row

_TOO_MUCH = Decimal(30_000_000)
"""More cents than 32 bits hold."""


class ActiveCampaign(Crm):
    """A request for each deal, keys that nobody keeps unique, custom values that get lost."""

    vendor = "activecampaign"
    trap = "custom.tier"
    companies = 1
    by_default = frozenset({OFFICE})
    late = 18.0

    def draw(self, rng: random.Random) -> dict[str, Any]:
        """Readings of what is not documented; a quota of five a second and of fewer."""
        most = rng.choice((5, 5, 2))
        self.settings = {
            "default_contact": OFFICE,
            "requests_per_second": str(most),
            "large_values": "true",
            "custom_fields": rng.choice(("list", "include")),
            "bulk_size": rng.choice(("100", "2")),
        }
        self.windows = {"": ((most, 1.0),)}
        return {
            "per_second": most,
            "retry_after": rng.choice((30, 1, None)),
            "over_limit_status": rng.choice((429, 503)) if most == 5 else 429,
            "limit_headers": rng.random() < 0.3,
            "forbidden_share": rng.choice((0.0, 0.0, 0.02)),
            "html_share": rng.choice((0.0, 0.0, 0.02)),
            "stubs": rng.choice((0, 0, 2)),
            "read_lag": rng.choice((0.0, 0.0, 1.0, 4.0)),
            "order_by_id": rng.random() < 0.7,
            "data_ordered": rng.random() < 0.7,
            "deal_errors": rng.choice(("bare", "attributes", "no_result")),
            "int32": "refuse",
            "fail_fields": rng.choice((0.0, 0.0, 0.1)),
            "fail_whole": rng.random() < 0.5,
            "existing_datum": rng.choice(("overwrite", "second_row", "error")),
            "bulk_unknown": rng.choice(("refuse", "skip")),
            "fields_touch_mdate": rng.random() < 0.5,
        }

    def bucket(self, _request: httpx.Request) -> str:
        """There is one quota."""
        return ""

    def trapped(self, row: Row, rng: random.Random) -> Row:
        """An amount beyond what the account takes."""
        return replace(row, amount=_TOO_MUCH + rng.randrange(1000))

    def is_trapped(self, row: Row) -> bool:
        """Whether the amount is too much."""
        return row.amount is not None and row.amount >= _TOO_MUCH

    def seen(self) -> list[Seen]:
        """All deals that we may see."""
        labels = self.labels()
        people = {one["id"]: one["email"] for one in self.sandbox.records("contacts")}
        firms = {one["id"]: one["name"] for one in self.sandbox.records("companies")}
        secondary = self._secondary()
        return [
            Seen(
                one["id"],
                text_of(one["fields"].get("migrator_key")),
                {
                    "name": one.get("title"),
                    "stage": labels.get("stage " + str(one.get("stage"))),
                    "amount": amount_of(Decimal(one["value"]) / 100),
                    "owner": labels.get(str(one.get("owner"))),
                    "custom.region": text_of(one["fields"].get("Region")),
                    self.trap: None,
                },
                frozenset(
                    people[id]
                    for id in ([one["contact"]] if one.get("contact") else [])
                    + secondary[one["id"]]
                ),
                frozenset([firms[one["account"]]] if one.get("account") else []),
            )
            for one in self.sandbox.records("deals")
            if "contact" in one
        ]

    def labels(self) -> dict[str, str]:
        """Stages and owners by id; their numbers overlap."""
        tenant = self.sandbox._tenant
        found = {f"stage {one.id}": one.title for one in tenant.stages}
        return found | {str(one.id): one.email for one in tenant.users}

    def _secondary(self) -> dict[str, list[str]]:
        """Ids of the contacts that a deal has besides its first."""
        tenant = self.sandbox._tenant
        return {str(one.id): [str(id) for id in one.secondary] for one in tenant.deals}

    def people(self) -> list[str]:
        """Addresses of all contacts."""
        return [one["email"] for one in self.sandbox.records("contacts")]

    def firms(self) -> list[str]:
        """Names of all companies."""
        return [one["name"] for one in self.sandbox.records("companies")]

    def add_contact(self, email: str) -> None:
        """Somebody adds a contact."""
        self.ask("POST", "/api/3/contacts", {"contact": {"email": email}})

    def add_company(self, name: str) -> None:
        """Somebody adds a company."""
        self.ask("POST", "/api/3/accounts", {"account": {"name": name}})

    def add_deal(self, name: str) -> None:
        """Somebody adds a deal of their own."""
        self.ask("POST", "/api/3/contacts", {"contact": {"email": "stranger@example.com"}})
        people = {one["email"]: one["id"] for one in self.sandbox.records("contacts")}
        given = {
            "title": name,
            "value": 100,
            "currency": "usd",
            "group": "1",
            "stage": "1",
            "owner": "1",
            "contact": people.get("stranger@example.com"),
        }
        self.ask("POST", "/api/3/deals", {"deal": given})

    def rename(self, id: str, name: str) -> bool:
        """Somebody renames a deal; whether it was there."""
        return self.ask("PUT", f"/api/3/deals/{id}", {"deal": {"title": name}}) is not None

    def delete(self, id: str) -> bool:
        """Somebody deletes a deal; whether it was there."""
        return self.ask("DELETE", f"/api/3/deals/{id}") is not None
