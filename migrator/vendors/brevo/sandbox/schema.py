"""Pipelines, users and attributes of an account, and what is in every one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.brevo.sandbox.answers import Object

DEFAULT_PIPELINE = "Deals Pipeline"
DEFAULT_STAGES = (
    "New",
    "Qualifying",
    "Demo scheduled",
    "Pending commitment",
    "In negotiation",
    "Won",
    "Lost",
)
"""The stages of a new account's pipeline (recorded in 2026)."""

TASK_TYPES = ("Email", "Call", "Meeting", "Todo", "Lunch", "Deadline", "LinkedIn")
TYPES = ("text", "user", "number", "single-select", "date", "boolean", "multi-choice")
CHOICES = frozenset({"single-select", "multi-choice"})
MAX_LABEL = 50


class User(NamedTuple):
    """Somebody who can own records."""

    id: str
    email: str


class Stage(NamedTuple):
    """A step of a pipeline."""

    id: str
    name: str
    win_probability: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline; its first stage takes deals that name none."""

    id: str
    name: str
    stages: tuple[Stage, ...]

    def stage(self, id: str) -> Stage | None:
        """Its stage of this id."""
        return next((one for one in self.stages if one.id == id), None)

    def body(self) -> Object:
        """As answers give it; ``winProbability`` is not documented (recorded)."""
        return {
            "pipeline": self.id,
            "pipeline_name": self.name,
            "stages": [
                {"id": one.id, "name": one.name, "winProbability": one.win_probability}
                for one in self.stages
            ],
        }


@dataclass(slots=True)
class Attribute:
    """A field of deals or companies.

    Attributes:
        id: what PATCH and DELETE ask for; lists do not tell it (recorded).
        options: of a choice, key to label.
    """

    name: str
    label: str
    type: str = "text"
    id: str = ""
    required: bool = False
    read_only: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """Deals or companies, and what sets them apart.

    Attributes:
        link_fields: kind of record to the name of its list in requests and answers.
        link, unlink: kind of record to its list in a request of ``link-unlink``.
        required_flag: the name of the flag in the list of attributes: companies have ``required``
            where ``isRequired`` is documented (recorded).
        millis: instants have milliseconds whatever the options say.
    """

    name: str
    title: str
    title_attribute: str
    owner_attribute: str
    created: str
    updated: str
    link_fields: Mapping[str, str]
    link: Mapping[str, str]
    unlink: Mapping[str, str]
    required_flag: str
    millis: bool


DEALS = Kind(
    name="deals",
    title="Deal",
    title_attribute="deal_name",
    owner_attribute="deal_owner",
    created="created_at",
    updated="last_updated_date",
    link_fields={"contacts": "linkedContactsIds", "companies": "linkedCompaniesIds"},
    link={"contacts": "linkContactIds", "companies": "linkCompanyIds"},
    unlink={"contacts": "unlinkContactIds", "companies": "unlinkCompanyIds"},
    required_flag="isRequired",
    millis=False,
)
COMPANIES = Kind(
    name="companies",
    title="Company",
    title_attribute="name",
    owner_attribute="owner",
    created="created_at",
    updated="last_updated_at",
    link_fields={"contacts": "linkedContactsIds", "deals": "linkedDealsIds"},
    link={"contacts": "linkContactIds", "deals": "linkDealsIds"},
    unlink={"contacts": "unlinkContactIds", "deals": "unlinkDealsIds"},
    required_flag="required",
    millis=True,
)
KINDS = {"deals": DEALS, "companies": COMPANIES}


def _computed(name: str, label: str, type: str = "date") -> Attribute:
    return Attribute(name, label, type, read_only=True)


def default_attributes(kind: Kind) -> list[Attribute]:
    """The attributes of a new account."""
    if kind is DEALS:
        return [
            Attribute("deal_name", "Deal Name", required=True),
            Attribute("deal_owner", "Deal Owner", "user"),
            Attribute("pipeline", "Pipeline"),
            Attribute("deal_stage", "Deal Stage"),
            Attribute("amount", "Amount", "number"),
            Attribute("close_date", "Close Date", "date"),
            Attribute("deal_description", "Deal Description"),
            _computed("created_at", "Created At"),
            _computed("last_updated_date", "Last Updated Date"),
            _computed("stage_updated_at", "Stage Updated At"),
            _computed("last_activity_date", "Last Activity Date"),
            _computed("next_activity_date", "Next Activity Date"),
            _computed("number_of_contacts", "Number of Contacts", "number"),
            _computed("number_of_activities", "Number of Activities", "number"),
        ]
    return [
        Attribute("name", "Company Name", required=True),
        Attribute("domain", "Domain"),
        Attribute("owner", "Owner", "user"),
        Attribute("phone_number", "Phone Number", "number"),
        Attribute("website", "Website"),
        Attribute("linkedin", "LinkedIn"),
        Attribute("industry", "Industry"),
        Attribute("number_of_employees", "Number of Employees", "number"),
        Attribute("revenue", "Revenue", "number"),
        _computed("created_at", "Created At"),
        _computed("last_updated_at", "Last Updated At"),
        _computed("owner_assign_date", "Owner Assign Date"),
        _computed("next_activity_date", "Next Activity Date"),
        _computed("linked_contacts", "Linked Contacts", "number"),
        _computed("number_of_contacts", "Number of Contacts", "number"),
        _computed("number_of_activities", "Number of Activities", "number"),
    ]
