"""What a user may set about ActiveCampaign."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from migrator.vendors.product import Options


class ActiveCampaignOptions(Options):
    """What a user may set; where the documentation is silent, it is which reading to take."""

    requests_per_second: int = Field(
        5,
        ge=1,
        le=100,
        description="Requests per second. ActiveCampaign allows 5 for the whole account, all of "
        "its integrations together; set less to leave them room.",
    )
    custom_fields: Literal["list", "include"] = Field(
        "list",
        description="How custom values are read with many deals: 'list' reads the documented list "
        "of all values, 'include' has them come with the deals, which is faster, widely used and "
        "not documented.",
    )
    bulk_size: int = Field(
        100,
        ge=1,
        le=1000,
        description="Most items of one bulk request (owners, custom values). ActiveCampaign "
        "documents no limit.",
    )
    default_contact: str = Field(
        "",
        pattern=r"^(\d+|[^@\s]+@[^@\s]+)?$",
        description="E-mail address or id of the contact that deals without a contact and without "
        "a company are given: ActiveCampaign wants one for every deal. An address that is not "
        "there yet is created.",
    )
    role: str = Field(
        "",
        description="Title of the deal role that secondary contacts are given; one that is not "
        "there is created with the first of them.",
    )
    task_type: str = Field(
        "",
        description="Title of the task type for tasks that name none, or one that the account "
        "does not have: ActiveCampaign wants a type for every task.",
    )
    currency: str = Field(
        "",
        pattern=r"^([A-Za-z]{3})?$",
        description="Currency of deals whose rows name none, and of pipelines to create; without "
        "it, deals take their pipeline's.",
    )
    zero_decimal: Literal["cents", "units"] = Field(
        "cents",
        description="How amounts in currencies without a small unit (JPY) are sent: 'cents' = "
        "times 100 as all others, which is all the documentation says; 'units' = as they are.",
    )
    large_values: bool = Field(
        default=False,
        description="Send amounts beyond 21,474,836.47, although the documented type of a deal's "
        "value (a 32-bit number of cents) ends there.",
    )
    list_lag: float = Field(
        5.0,
        ge=0,
        le=600,
        description="Seconds for which a record may be missing from lists after it was written; "
        "ActiveCampaign documents none. The next command waits for so long before it reads.",
    )
    lost_answer_seconds: float = Field(
        22.0,
        ge=0,
        le=600,
        description="How long, in seconds, a deal, a task or a note whose answer was lost is "
        "looked for before it is taken for not created and sent again. ActiveCampaign may still "
        "be at work on it, and nothing that can be read tells: what comes later than that is "
        "there twice. 0 looks once and at once, which is for rehearsals.",
    )
    required_fields: Literal["check", "ignore"] = Field(
        "check",
        description="What becomes of a new deal that leaves a required custom field blank: 'check' "
        "turns it down before it is sent, for it is not documented whether ActiveCampaign would; "
        "'ignore' sends it.",
    )
    probability: Literal["ignore", "percent"] = Field(
        "ignore",
        description="What becomes of a deal's probability: ActiveCampaign works its own out. "
        "'percent' sends it as the undocumented field percent.",
    )
