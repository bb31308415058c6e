"""What kinds of record a new HubSpot account knows, with their properties, pipelines and links.

Property names, types and read-only flags follow HubSpot's object definitions (crm-deals-v3).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

FIELD_TYPES = {
    "string": ("text", "textarea", "html", "phonenumber", "file", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "bool": ("booleancheckbox", "calculation_equation"),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "phone_number": ("phonenumber",),
}
"""The input elements each type of property may have (crm-properties-v3 guide)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its name and number in paths, its name in messages, its first id."""

    name: str
    type_id: str
    singular: str
    first_id: int
    defaults: tuple[str, ...]
    group: str

    @property
    def caps(self) -> str:
        """The name as it stands in error messages: ``DEAL``."""
        return self.singular.upper()


_DEAL_DEFAULTS = (
    "amount",
    "closedate",
    "createdate",
    "dealname",
    "dealstage",
    "hs_lastmodifieddate",
    "hs_object_id",
    "pipeline",
)
_CONTACT_DEFAULTS = (
    "createdate",
    "email",
    "firstname",
    "hs_object_id",
    "lastmodifieddate",
    "lastname",
)
_COMPANY_DEFAULTS = ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name")
_ACTIVITY_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")

KINDS = {
    kind.name: kind
    for kind in (
        Kind("deals", "0-3", "deal", 30_000_000_001, _DEAL_DEFAULTS, "dealinformation"),
        Kind("contacts", "0-1", "contact", 10_000_000_001, _CONTACT_DEFAULTS, "contactinformation"),
        Kind(
            "companies", "0-2", "company", 20_000_000_001, _COMPANY_DEFAULTS, "companyinformation"
        ),
        Kind("notes", "0-46", "note", 40_000_000_001, _ACTIVITY_DEFAULTS, "engagement"),
        Kind("tasks", "0-27", "task", 50_000_000_001, _ACTIVITY_DEFAULTS, "engagement"),
    )
}

KIND_BY_PATH = {
    name: kind
    for kind in KINDS.values()
    for name in (kind.name, kind.type_id, kind.singular, f"{kind.singular}s")
}
"""Kinds by what may stand in a path: plural, singular or numeric type id."""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of an enumeration."""

    value: str
    label: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a kind of record.

    Attributes:
        external: its options live elsewhere (owners, stages, pipelines).
        computed: HubSpot fills it.
    """

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: tuple[Option, ...] = ()
    description: str = ""
    unique: bool = False
    read_only: bool = False
    external: bool = False
    calculated: bool = False
    hubspot_defined: bool = True
    archived: bool = False
    values: frozenset[str] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozenset(option.value for option in self.options))

    @property
    def multiple(self) -> bool:
        """Whether it takes several options, joined by ``;``."""
        return self.type == "enumeration" and self.field_type == "checkbox"


def _text(name: str, label: str, field_type: str = "text") -> Property:
    return Property(name, label, "string", field_type)


def _number(name: str, label: str, *, read_only: bool = False) -> Property:
    return Property(name, label, "number", "number", read_only=read_only)


def _instant(name: str, label: str, *, read_only: bool = False) -> Property:
    return Property(name, label, "datetime", "date", read_only=read_only)


def _choice(name: str, label: str, *values: str, field_type: str = "select") -> Property:
    options = tuple(Option(value, value.replace("_", " ").capitalize()) for value in values)
    return Property(name, label, "enumeration", field_type, options=options)


def _flag(name: str, label: str) -> Property:
    options = (Option("true", "True"), Option("false", "False"))
    return Property(name, label, "bool", "booleancheckbox", options=options, read_only=True)


def _external(name: str, label: str, field_type: str = "select") -> Property:
    return Property(name, label, "enumeration", field_type, external=True)


_EVERYWHERE = (
    _number("hs_object_id", "Record ID", read_only=True),
    _instant("hs_createdate", "Object create date/time", read_only=True),
    _instant("hs_lastmodifieddate", "Last modified date", read_only=True),
    Property(
        "hubspot_owner_id",
        "Owner",
        "enumeration",
        "select",
        external=True,
    ),
    _instant("hubspot_owner_assigneddate", "Owner assigned date", read_only=True),
    replace(_external("hubspot_team_id", "HubSpot team"), read_only=True),
)

_DEAL = (
    _text("dealname", "Deal Name"),
    _external("dealstage", "Deal Stage", "radio"),
    _external("pipeline", "Pipeline"),
    _number("amount", "Amount"),
    _number("amount_in_home_currency", "Amount in company currency", read_only=True),
    _instant("closedate", "Close Date"),
    _instant("createdate", "Create Date"),
    _choice("dealtype", "Deal Type", "newbusiness", "existingbusiness", field_type="radio"),
    _text("description", "Deal Description", "textarea"),
    _choice("deal_currency_code", "Currency"),
    _text("closed_lost_reason", "Closed Lost Reason", "textarea"),
    _text("closed_won_reason", "Closed Won Reason", "textarea"),
    _choice("hs_priority", "Priority", "low", "medium", "high"),
    _number("days_to_close", "Days to close", read_only=True),
    _instant("notes_last_contacted", "Last Contacted", read_only=True),
    _instant("notes_last_updated", "Last Activity Date", read_only=True),
    _instant("notes_next_activity_date", "Next Activity Date", read_only=True),
    _number("num_associated_contacts", "Number of Associated Contacts", read_only=True),
    _number("num_notes", "Number of Sales Activities", read_only=True),
    _instant("hs_v2_date_entered_current_stage", "Date entered current stage", read_only=True),
    _number("hs_tcv", "Total contract value", read_only=True),
    _number("hs_acv", "Annual contract value", read_only=True),
    _number("hs_arr", "Annual recurring revenue", read_only=True),
    _number("hs_mrr", "Monthly recurring revenue", read_only=True),
    _flag("hs_is_closed", "Is Deal Closed?"),
    _flag("hs_is_closed_won", "Is Closed Won"),
)

_CONTACT = (
    replace(_text("email", "Email"), unique=True),
    _text("firstname", "First Name"),
    _text("lastname", "Last Name"),
    _text("phone", "Phone Number", "phonenumber"),
    _text("mobilephone", "Mobile Phone Number", "phonenumber"),
    _text("company", "Company Name"),
    _text("jobtitle", "Job Title"),
    _text("website", "Website URL"),
    _text("address", "Street Address"),
    _text("city", "City"),
    _text("state", "State/Region"),
    _text("zip", "Postal Code"),
    _text("country", "Country/Region"),
    _choice(
        "lifecyclestage",
        "Lifecycle Stage",
        "subscriber",
        "lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
        "customer",
        "evangelist",
        "other",
        field_type="radio",
    ),
    _instant("createdate", "Create Date", read_only=True),
    _instant("lastmodifieddate", "Last Modified Date", read_only=True),
)

_COMPANY = (
    _text("name", "Company name"),
    _text("domain", "Company Domain Name"),
    _text("phone", "Phone Number", "phonenumber"),
    _text("description", "Description", "textarea"),
    _text("website", "Website URL"),
    _text("address", "Street Address"),
    _text("city", "City"),
    _text("state", "State/Region"),
    _text("zip", "Postal Code"),
    _text("country", "Country/Region"),
    _number("numberofemployees", "Number of Employees"),
    _number("annualrevenue", "Annual Revenue"),
    _instant("createdate", "Create Date", read_only=True),
)

_NOTE = (
    _instant("hs_timestamp", "Activity date"),
    _text("hs_note_body", "Note body", "html"),
    _text("hs_attachment_ids", "Attached file IDs"),
)

_TASK = (
    _instant("hs_timestamp", "Due date"),
    _text("hs_task_subject", "Task Title"),
    _text("hs_task_body", "Task notes", "html"),
    _choice(
        "hs_task_status",
        "Task Status",
        "NOT_STARTED",
        "IN_PROGRESS",
        "WAITING",
        "DEFERRED",
        "COMPLETED",
    ),
    _choice("hs_task_priority", "Priority", "NONE", "LOW", "MEDIUM", "HIGH"),
    _choice("hs_task_type", "Task Type", "EMAIL", "CALL", "TODO"),
    _text("hs_task_reminders", "Reminders"),
)

_OWN = {"deals": _DEAL, "contacts": _CONTACT, "companies": _COMPANY, "notes": _NOTE, "tasks": _TASK}

GROUPS = {
    "deals": {
        "dealinformation": "Deal information",
        "deal_activity": "Deal activity",
        "deal_revenue": "Deal revenue",
        "dealstages": "Deal stages",
    },
    "contacts": {"contactinformation": "Contact information"},
    "companies": {"companyinformation": "Company information"},
    "notes": {"engagement": "Engagement"},
    "tasks": {"engagement": "Engagement"},
}


def default_properties(kind: Kind) -> dict[str, Property]:
    """The properties of a kind in a new account, by name."""
    return {prop.name: replace(prop, group=kind.group) for prop in (*_EVERYWHERE, *_OWN[kind.name])}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: ``probability`` is text from ``0.0`` (lost) to ``1.0`` (won)."""

    id: str
    label: str
    probability: str

    @property
    def closed(self) -> bool:
        """Whether a deal that stands here is won or lost."""
        return float(self.probability) in {0.0, 1.0}

    @property
    def won(self) -> bool:
        """Whether a deal that stands here is won."""
        return float(self.probability) == 1.0


@dataclass(slots=True)
class Pipeline:
    """A pipeline and its stages in display order."""

    id: str
    label: str
    stages: list[Stage]

    def stage(self, id: str) -> Stage | None:
        """The stage with this id."""
        return next((stage for stage in self.stages if stage.id == id), None)


@dataclass(frozen=True, slots=True)
class Owner:
    """A user who can own records."""

    id: str
    email: str
    first_name: str
    last_name: str
    archived: bool = False


DEFAULT_STAGES = (
    Stage("appointmentscheduled", "Appointment Scheduled", "0.2"),
    Stage("qualifiedtobuy", "Qualified To Buy", "0.4"),
    Stage("presentationscheduled", "Presentation Scheduled", "0.6"),
    Stage("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    Stage("contractsent", "Contract Sent", "0.9"),
    Stage("closedwon", "Closed Won", "1.0"),
    Stage("closedlost", "Closed Lost", "0.0"),
)

DEFAULT_OWNERS = (
    Owner("700001", "anna.berg@example.com", "Anna", "Berg"),
    Owner("700002", "bruno.costa@example.com", "Bruno", "Costa"),
    Owner("700003", "chloe.dubois@example.com", "Chloé", "Dubois"),
    Owner("700004", "dev.patel@example.com", "Dev", "Patel"),
    Owner("700005", "eva.novak@example.com", "Eva", "Novák", archived=True),
)
