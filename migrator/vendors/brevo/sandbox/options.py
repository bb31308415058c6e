"""How a sandbox behaves, most of all where Brevo's documentation is silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migrator.model import Account

OWNERS = (
    "anna.berg@example.com",
    "bruno.costa@example.com",
    "chloe.dubois@example.com",
    "dev.patel@example.com",
)
"""The users of an account that nothing else was said of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrevoOptions:
    """The account to imitate and the readings of what the documentation leaves open.

    Attributes:
        token: the only API key accepted; None = any.
        seed: of ids, and of the ids of requests.
        like: an account to imitate: an ``Account``, its JSON as a mapping, or a path to it.
        owners: e-mail addresses of the users; the API key belongs to the first.
        pipelines: further pipelines, name to names of stages; the API cannot create any.
        default_pipeline: False = there is none until ``details/all`` is asked for.
        stage_ids: 32 hex digits (2026) or UUIDs with dashes (2025).
        win_probability: by name of stage; recorded is only 100, on the stage "New".
        time_zone: of the account's owner.
        blocked_ip: the address that IP security turns away with a 401; None = nobody.
        forbidden: endpoints such as ``POST /crm/deals/import`` that the plan lacks (403).
        manage_deals: the key's user may delete the deals of others.

        limits: whether to answer 429 at all.
        crm_per_hour: all but contacts: General 100, Advanced 200, Extended 600.
        contacts_per_second: General 10, Advanced 20, Extended 60.
        contacts_per_hour: General 36,000, Advanced 72,000.
        retry_after: send that header with a 429; Brevo does not document it.

        list_limit: records on a page when no ``limit`` is given (recorded; documented is 50).
        max_page: most records on a page of deals, companies, notes, tasks or files (UNCERTAIN).
        over_max_page: what a greater ``limit`` does (UNCERTAIN).
        list_lag: seconds until lists show what was written.
        bad_filters: what unknown or unusable filters do; recorded for some is "ignore".
        custom_filters: filters on any attribute work, not only on the documented (UNCERTAIN).
        name_filter: whether a filter on a name finds parts of names (UNCERTAIN).

        unknown_attribute: of deals and companies: 400 "Invalid attribute" (reported), or silence.
        read_only: what writing a computed attribute does (UNCERTAIN).
        null_unsets: null in a PATCH clears an attribute (UNCERTAIN); False = 400.
        unknown_link: what an unknown contact, company or deal among links does (UNCERTAIN).
        links_move_updated: a link that comes or goes changes a deal's or company's date of change:
            one recording shows that it does not (UNCERTAIN).
        internal_names: "underscores" keeps the label's letters; "numbered" always appends a
            number, so that nobody guesses (UNCERTAIN: both forms were observed).
        owner_options: the attribute ``deal_owner`` lists the users (recorded for companies only).
        dates: how date attributes are read back: as they were written or as instants (UNCERTAIN).
        millis: deals have milliseconds in their instants (examples) or not (recorded).
        company_patch: status of a good PATCH: 204 (recorded) or 200 with the company (documented).
        upsert_status: of ``POST /contacts`` on one that is there: 204, or 201 with its id.

        import_delay: seconds from upload until the first row is worked on.
        import_rows_per_second: how fast rows appear.
        process_visible: ``/processes`` knows the imports of deals and companies (UNCERTAIN).
        process_name: what it calls them (UNCERTAIN: the documented names have none for them).
        process_running: the status of one under way.
        process_final: the status of one at its end.
        associated_format: how ``associated_contact`` names contacts (UNCERTAIN).
        associated_company_format: how ``associated_company`` names companies (UNCERTAIN).
        associated_separator: between several of them, and several choices, in one cell (UNCERTAIN).
        bad_association: what an unknown contact, company or deal in a cell does (UNCERTAIN).
        import_stage_as: how cells name pipelines and stages (UNCERTAIN).
        import_choice_as: how cells name options of choices (UNCERTAIN).
        import_date: the form of dates in cells (UNCERTAIN); instants are ISO 8601 always.
        bad_value: what a cell does whose value its attribute does not take (UNCERTAIN).
        unknown_column: what a column does whose name is no attribute's (UNCERTAIN).
    """

    token: str | None = None
    seed: int = 0
    like: Account | Mapping[str, object] | Path | str | None = None
    owners: Sequence[str] = OWNERS
    pipelines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    default_pipeline: bool = True
    stage_ids: Literal["hex", "uuid"] = "hex"
    win_probability: Mapping[str, int] = field(default_factory=dict)
    time_zone: str = "Europe/Paris"
    blocked_ip: str | None = None
    forbidden: frozenset[str] = frozenset()
    manage_deals: bool = True

    limits: bool = True
    crm_per_hour: int = 100
    contacts_per_second: int = 10
    contacts_per_hour: int = 36_000
    retry_after: bool = False

    list_limit: int = 1_000
    max_page: int = 1_000
    over_max_page: Literal["cap", "refuse"] = "cap"
    list_lag: float = 0.0
    bad_filters: Literal["ignore", "refuse"] = "ignore"
    custom_filters: bool = False
    name_filter: Literal["equals", "contains"] = "equals"

    unknown_attribute: Literal["refuse", "ignore"] = "refuse"
    read_only: Literal["refuse", "ignore"] = "refuse"
    null_unsets: bool = True
    unknown_link: Literal["refuse", "ignore"] = "refuse"
    links_move_updated: bool = False
    internal_names: Literal["underscores", "numbered"] = "underscores"
    owner_options: bool = True
    dates: Literal["as_written", "instant"] = "instant"
    millis: bool = False
    company_patch: Literal[200, 204] = 204
    upsert_status: Literal[201, 204] = 204

    import_delay: float = 2.0
    import_rows_per_second: float = 2_000.0
    process_visible: bool = True
    process_name: str = "IMPORTUSER"
    process_running: str = "in_process"
    process_final: str = "completed"
    associated_format: Literal["id", "email"] = "id"
    associated_company_format: Literal["id", "name"] = "id"
    associated_separator: str = ","
    bad_association: Literal["ignore", "reject_row", "fail_import"] = "ignore"
    import_stage_as: Literal["id", "name"] = "id"
    import_choice_as: Literal["key", "label"] = "key"
    import_date: Literal["iso", "dd-mm-yyyy", "mm-dd-yyyy"] = "iso"
    bad_value: Literal["drop_row", "drop_value"] = "drop_row"
    unknown_column: Literal["ignore", "refuse"] = "ignore"
