"""HubSpot in a simulated world."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.crms.base import Crm, Seen, amount_of, text_of, unique

if TYPE_CHECKING:
    import random

    import httpx

    from migrator.model import Account
    from tests.simulation.rows import Row

_OBJECTS = "/crm/v3/objects"


class HubSpot(Crm):
    """Source keys are unique over there, so that a request may be carried out at any time."""

    vendor = "hubspot"
    trap = "custom.invoice"
    late = 90.0

    def draw(self, rng: random.Random) -> dict[str, Any]:
        """Readings of what is not documented, and quotas from ample to tight."""
        if rng.random() < 0.15:
            self.settings["associations"] = "v1"
        ten, several = rng.choice((190, 100, 25)), rng.random() < 0.5
        # Halving batches down to many bad rows may take more than a tiny day, day after day.
        day = rng.choice((625_000, 625_000, 60)) if several else 625_000
        search = rng.choice((5, 4))
        self.windows = {"": ((ten, 10.0),), "search": ((search, 1.0),)}
        return {
            "per_ten_seconds": ten,
            "per_day": day,
            "search_per_second": search,
            "search_lag": rng.choice((0.0, 0.0, 12.0)),
            "trace_id_echo": rng.random() < 0.3,
            "multi_status_update": several,
            "unique_conflict_status": rng.choice((400, 400, 409)),
            "unique_ignores_case": rng.random() < 0.7,
            "always_millis": rng.random() < 0.3,
        }

    @staticmethod
    def furnished(account: Account) -> Account:
        """Numbers of invoices are unique: the second deal with one of them is turned down.

        The check sees equal ones beforehand; those that differ in letter case only the CRM may.
        """
        return unique(account, "invoice")

    def bucket(self, request: httpx.Request) -> str:
        """Searches have a quota of their own."""
        return "search" if request.url.path.endswith("/search") else ""

    def trapped(self, row: Row, rng: random.Random) -> Row:
        """An invoice's number that another row may have as well."""
        word = "".join(rng.choice((letter, letter.lower())) for letter in "INVOICE")
        return replace(row, trap=f"{rng.choice((word, 'INVOICE'))}-{rng.randrange(2)}")

    def seen(self) -> list[Seen]:
        """All deals."""
        labels = self.labels()
        people, firms = self._names("contacts", "email"), self._names("companies", "name")
        contacts = self.sandbox.associations("deals", "contacts")
        companies = self.sandbox.associations("deals", "companies")
        return [
            Seen(
                one["id"],
                one.get("migrator_key"),
                {
                    "name": one.get("dealname"),
                    "stage": labels.get(one.get("dealstage", "")),
                    "amount": amount_of(one.get("amount")),
                    "owner": labels.get(one.get("hubspot_owner_id", "")),
                    "custom.region": text_of(one.get("region")),
                    self.trap: text_of(one.get("invoice")),
                },
                frozenset(people[id] for id in contacts.get(one["id"], ())),
                frozenset(firms[id] for id in companies.get(one["id"], ())),
            )
            for one in self.sandbox.records("deals")
        ]

    def labels(self) -> dict[str, str]:
        """Stages and owners' addresses by id."""
        portal = self.sandbox._portal
        found = {stage.id: stage.label for one in portal.pipelines for stage in one.stages}
        return found | {owner.id: owner.email for owner in portal.owners.values()}

    def _names(self, type: str, name: str) -> dict[str, str]:
        return {one["id"]: one.get(name, "") for one in self.sandbox.records(type)}

    def people(self) -> list[str]:
        """Addresses of all contacts."""
        return list(self._names("contacts", "email").values())

    def firms(self) -> list[str]:
        """Names of all companies."""
        return list(self._names("companies", "name").values())

    def add_contact(self, email: str) -> None:
        """Somebody adds a contact."""
        self.ask("POST", f"{_OBJECTS}/contacts", {"properties": {"email": email}})

    def add_company(self, name: str) -> None:
        """Somebody adds a company."""
        self.ask("POST", f"{_OBJECTS}/companies", {"properties": {"name": name}})

    def add_deal(self, name: str) -> None:
        """Somebody adds a deal of their own."""
        given = {"dealname": name, "pipeline": "default", "dealstage": "qualifiedtobuy"}
        self.ask("POST", f"{_OBJECTS}/deals", {"properties": given})

    def rename(self, id: str, name: str) -> bool:
        """Somebody renames a deal; whether it was there."""
        changed = {"properties": {"dealname": name}}
        return self.ask("PATCH", f"{_OBJECTS}/deals/{id}", changed) is not None

    def delete(self, id: str) -> bool:
        """Somebody deletes a deal; whether it was there."""
        return self.ask("DELETE", f"{_OBJECTS}/deals/{id}") is not None
