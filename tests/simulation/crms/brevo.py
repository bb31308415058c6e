"""Brevo in a simulated world."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.crms.base import Crm, Seen, amount_of, text_of
from tests.simulation.rows import PIPELINE, STAGES

if TYPE_CHECKING:
    import random

    import httpx

    from tests.simulation.rows import Row

HOUR = 3600.0
_PATIENCE = 27.0
"""Seconds after which a list must show what came of a request that we have given up: Brevo
documents nothing, the product waits for a little longer."""


class Brevo(Crm):
    """Files are imported later, lists lag, two records may have one key, nothing is told."""

    vendor = "brevo"
    trap = "custom.tier"

    def draw(self, rng: random.Random) -> dict[str, Any]:
        """Readings of what is not documented; imports from prompt to stuck for hours."""
        plan, crm, second = rng.choice(
            (("general", 100, 10), ("advanced", 200, 20), ("extended", 600, 60))
        )
        hourly = 36_000
        self.settings = {
            "plan": plan,
            "import_from": rng.choice(("4", "4", "2", "1", "30")),
            "page": rng.choice(("1000", "1000", "7")),
        }
        # Of all batches of a kind, only the last is too small for a file.
        self.least_batch = int(self.settings["import_from"])
        self.windows = {"crm": ((crm, HOUR),), "contacts": ((second, 1.0),)}
        lag = rng.choice((0.0, 0.0, 5.0, 25.0))
        self.late = _PATIENCE - lag
        visible = rng.random() < 0.6
        separator, form = rng.choice((",", ";")), rng.choice(("id", "email"))
        company, stage = rng.choice(("id", "name")), rng.choice(("id", "name"))
        told, bad = rng.random() < 0.8, rng.choice(("ignore", "ignore", "reject_row"))
        # Of small files of which no row came out, it learns wrongly what links are called.
        self._rejects_links = bad == "reject_row"
        if told:  # the user knows how the files are read, or the product finds out
            self.settings |= {
                "associated_separator": separator,
                "associated_contact": form,
                "associated_company": company,
            }
        self.settings["import_stage"] = stage
        delays = (0.5, 2.0, 2.0, 2.0, 60.0, 60.0, 400.0, 7_000.0)
        return {
            "pipelines": {PIPELINE: list(STAGES)},
            "crm_per_hour": crm,
            "contacts_per_second": second,
            "contacts_per_hour": hourly,
            "retry_after": rng.random() < 0.3,
            "max_page": rng.choice((1_000, 50)),
            "list_lag": lag,
            "custom_filters": rng.random() < 0.2,
            "dates": rng.choice(("as_written", "instant")),
            "millis": rng.random() < 0.3,
            "import_delay": rng.choice(delays if visible else delays[:-1]),
            "import_rows_per_second": rng.choice((2_000.0, 2_000.0, 5.0, 0.2)),
            "process_visible": visible,
            "process_name": rng.choice(("IMPORTUSER", "CRM_IMPORT")),
            "process_running": rng.choice(("in_process", "processing", "queued")),
            "process_final": rng.choice(("completed", "completed", "failed", "Done")),
            "associated_format": form,
            "associated_company_format": company,
            "associated_separator": separator,
            "bad_association": bad,
            "import_stage_as": stage,
            "import_choice_as": "label",
            "bad_value": rng.choice(("drop_row", "drop_value")),
        }

    def bucket(self, request: httpx.Request) -> str:
        """Contacts have a quota of their own."""
        return "contacts" if "contacts" in request.url.path.split("/") else "crm"

    def trapped(self, row: Row, rng: random.Random) -> Row:
        """A choice, which this account wants otherwise in a file than it is told."""
        return replace(row, trap=rng.choice(("Gold", "Silver")))

    def is_trapped(self, row: Row) -> bool:
        """Whether it may be turned down, for its choice or for what it is linked to."""
        linked = bool(row.contacts or row.companies)
        return row.trap is not None or (linked and self._rejects_links)

    def seen(self) -> list[Seen]:
        """All deals."""
        labels = self.labels()
        people = {one["id"]: one["EMAIL"] for one in self.sandbox.records("contacts")}
        firms = {one["id"]: one["name"] for one in self.sandbox.records("companies")}
        return [
            Seen(
                one["id"],
                text_of(one.get("migrator_key")),
                {
                    "name": one.get("deal_name"),
                    "stage": labels.get(one.get("deal_stage", "")),
                    "amount": amount_of(one.get("amount")),
                    "owner": labels.get(str(one.get("deal_owner"))),
                    "custom.region": text_of(one.get("region")),
                    self.trap: labels.get(str(one.get("tier")), text_of(one.get("tier"))),
                },
                frozenset(people[id] for id in one["linkedContactsIds"]),
                frozenset(firms[id] for id in one["linkedCompaniesIds"]),
            )
            for one in self.sandbox.records("deals")
        ]

    def labels(self) -> dict[str, str]:
        """Stages and owners' addresses by id, and the labels of the choice by key."""
        organization = self.sandbox._org
        found = {stage.id: stage.name for one in organization.pipelines for stage in one.stages}
        tier = organization.attributes["deals"].get("tier")
        found |= {id: user.email for id, user in organization.users.items()}
        return found | (dict(tier.options) if tier else {})

    def people(self) -> list[str]:
        """Addresses of all contacts."""
        return [one["EMAIL"] for one in self.sandbox.records("contacts")]

    def firms(self) -> list[str]:
        """Names of all companies."""
        return [one["name"] for one in self.sandbox.records("companies")]

    def add_contact(self, email: str) -> None:
        """Somebody adds a contact."""
        self.ask("POST", "/v3/contacts", {"email": email})

    def add_company(self, name: str) -> None:
        """Somebody adds a company."""
        self.ask("POST", "/v3/companies", {"name": name})

    def add_deal(self, name: str) -> None:
        """Somebody adds a deal of their own."""
        self.ask("POST", "/v3/crm/deals", {"name": name})

    def rename(self, id: str, name: str) -> bool:
        """Somebody renames a deal; whether it was there."""
        changed = {"attributes": {"deal_name": name}}
        return self.ask("PATCH", f"/v3/crm/deals/{id}", changed) is not None

    def delete(self, id: str) -> bool:
        """Somebody deletes a deal; whether it was there."""
        return self.ask("DELETE", f"/v3/crm/deals/{id}") is not None
