"""What a user may set about Brevo, mostly where its documentation leaves a question open."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from migrator.model import Rate
from migrator.vendors.product import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

Plan = Literal["general", "advanced", "extended"]

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)

_CRM_PER_HOUR: Mapping[Plan, int] = {"general": 100, "advanced": 200, "extended": 600}
_CONTACTS: Mapping[Plan, tuple[Rate, ...]] = {
    "general": (Rate(10, _SECOND), Rate(36_000, _HOUR)),
    "advanced": (Rate(20, _SECOND), Rate(72_000, _HOUR)),
    "extended": (Rate(60, _SECOND),),
}
"""Windows of the documented rate table (docs/api-limits)."""


class BrevoOptions(Options):
    """Options of the Brevo adapter."""

    plan: Plan = Field(
        "general",
        description="The account's tier of API limits: general, advanced (Professional and "
        "Enterprise) or extended (an add-on of Enterprise): 100, 200 or 600 CRM requests an hour.",
    )
    crm_per_hour: int | None = Field(
        None, ge=1, description="CRM requests per hour, when they are not those of the plan."
    )
    import_from: int = Field(
        4,
        ge=1,
        description="The fewest deals, companies or contacts that go as one import file; fewer go "
        "one by one, which takes more requests and brings Brevo's own reason for a refusal.",
    )
    import_stage: Literal["id", "name"] = Field(
        "id", description="Whether an import file names pipelines and stages by id or by name."
    )
    import_date: Literal["iso", "dd-mm-yyyy", "mm-dd-yyyy"] = Field(
        "iso",
        description="How an import file writes days: iso (2026-03-31), dd-mm-yyyy (31-03-2026) or "
        "mm-dd-yyyy (03-31-2026). Instants are ISO 8601 whatever it says.",
    )
    import_choice: Literal["key", "label"] = Field(
        "key",
        description="Whether an import file names the options of choices by key or by label. "
        "Owners go by id whatever it says.",
    )
    import_choice_separator: str = Field(
        ";",
        min_length=1,
        max_length=3,
        description="What stands between several options of one choice in a cell of an import "
        "file.",
    )
    associated_contact: Literal["id", "email"] = Field(
        "id", description="What an import file names linked contacts by: id or email."
    )
    associated_company: Literal["id", "name"] = Field(
        "id", description="What an import file names linked companies by: id or name."
    )
    associated_separator: str = Field(
        ",",
        min_length=1,
        max_length=3,
        description="What stands between several linked records in one cell of an import file.",
    )
    import_patience: float = Field(
        900,
        ge=0,
        description="Seconds that an import may stand still before it is taken for finished, when "
        "Brevo does not show its process.",
    )
    import_watch: Literal["process", "records"] = Field(
        "process",
        description="How to learn that an import has ended: by asking for its process, or only by "
        "reading the records until they stand still (for an account whose processes never end).",
    )
    list_lag: float = Field(
        30, ge=0, description="Seconds by which Brevo's lists may lag behind what was written."
    )
    page: int = Field(1000, ge=2, le=1000, description="Records to ask for per page of a list.")
    modified_since: bool = Field(
        default=False,
        description="Whether an export of what was changed since an instant asks Brevo for no more "
        "than that. It is not documented that Brevo then leaves out nothing, so that all records "
        "are read and looked at unless this is set.",
    )
    contact_list: str = Field(
        "migrator",
        min_length=1,
        description="Name of the list that imported contacts are put on (Brevo wants one); it is "
        "created when there is none.",
    )
    currency: str | None = Field(
        None,
        min_length=3,
        max_length=3,
        description="The account's currency (ISO 4217). Brevo's deals have none of their own: with "
        "this set, deals in another currency are turned down instead of losing it.",
    )

    required_fields: Literal["check", "ignore"] = Field(
        "check",
        description="What becomes of a new deal that leaves a required attribute blank: 'check' "
        "turns it down before it is sent, for an import does not say what Brevo refused; 'ignore' "
        "sends it.",
    )

    def rates(self) -> dict[str, tuple[Rate, ...]]:
        """Windows per bucket: ``contacts`` has its own, everything else shares the general one."""
        crm = self.crm_per_hour or _CRM_PER_HOUR[self.plan]
        return {"": (Rate(crm, _HOUR),), "contacts": _CONTACTS[self.plan]}
