"""How the imitated account behaves, most of all where the documentation is silent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.model import Account

FailFields: TypeAlias = float | Collection[int] | Callable[[str], bool]
"""A share of the deals, or the custom fields whose presence fails, or which titles fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveCampaignOptions:
    """What to imitate, and which reading of the open questions to take.

    Attributes:
        token: the only ``Api-Token`` accepted; None = any.
        seed: of request ids, of the order of unordered lists and of the faults by share.
        like: an account to imitate: an ``Account``, its JSON as a mapping, or a path to it.
        pipelines: pipelines besides the default one, each with the labels of its stages.
        users: e-mail addresses of the users, the first of whom the token belongs to.
        currency: of the pipelines, ISO 4217.
        time_zone: of the account; instants carry its offset.
        limits: whether to refuse for the quota, here and in the bulk import, at all.
        per_second: requests of the whole account in any second.
        retry_after: seconds in the ``Retry-After`` of a refusal; None = no such header.
        over_limit_status: 429, or the 503 of older reports.
        limit_headers: send the documented ``RateLimit-*``, which no recorded answer carries.
        bad_token_status: 403 as documented, or 401.
        forbidden_share: share of requests with a good token that meet a 403 all the same.
        html_share: share of requests that a proxy answers with a 503 and an HTML page, undone.
        html: endpoints (``GET /deals``) whose every request meets an HTML page of this status.
        plain: endpoints whose JSON comes as ``text/plain``.
        stubs: deals of a pipeline the token's user may not see: id, title and ``isDisabled``.
        read_lag: seconds until lists show a new deal or a new value of a custom field.
        order_by_id: ``orders[id]`` works on deals (UNCERTAIN); False = ignored without a word.
        data_ordered: ``/dealCustomFieldData`` comes in the order of ids (UNCERTAIN).
        undocumented: ``filters[contact]``, ``orders[mdate]`` and ``search_field`` ``email`` work
            on deals (UNCERTAIN); False = ignored without a word.
        title_filter: how ``filters[title]`` on deals compares (UNCERTAIN).
        include: what ``include=dealCustomFieldData`` does on lists of deals (UNCERTAIN).
        deal_errors: what a deal that is turned down gets (UNCERTAIN): ``bare`` = 400 ``{}`` as
            declared, ``attributes`` = 422 with title, code and pointer, ``no_result`` = the same,
            but 404 with a message where a related record is missing.
        int32: a value above 2,147,483,647 cents is kept, clamped to it, or refused (UNCERTAIN).
        upper_currency: currencies in capitals are taken as well (UNCERTAIN).
        enforce_required: a deal without a required custom field is refused (UNCERTAIN).
        fail_fields: when a deal is written and its custom fields are not; see ``FailFields``.
        fail_whole: then none of its fields is saved; False = only the bad ones are not (UNCERTAIN).
        failed_status: what ``customFieldSaveStatus`` says then (UNCERTAIN).
        existing_datum: creating a value that (deal, field) has already (UNCERTAIN).
        bulk_unknown: a bulk update with an unknown id: refused, or the id left out (UNCERTAIN).
        fields_touch_mdate: a changed custom field changes the deal's ``mdate`` (UNCERTAIN).
        links_touch_mdate: a secondary contact that comes or goes does (UNCERTAIN).
        blank_value: what null or blank text does to a custom value (UNCERTAIN): it clears it,
            leaves it as it is without a word, or is refused.
        parent_taken_by: what takes a deal's primary contact or account away in a PUT: null, blank
            text, or nothing at all (UNCERTAIN); one of the two must stay.
        contact_deleted: what becomes of the deals whose primary contact is deleted (UNCERTAIN: the
            help centre says that all associated data go with a contact).
        role_body: where ``POST /dealRoles`` looks for the title (UNCERTAIN).
        task_read_status: of reads of tasks: 201 as documented or 200 as seen.
        misspelt_due_before: only ``Fitlers[due_before]``, as documented, filters (UNCERTAIN).
        outcome_required: completing a task needs an ``outcomeId`` (UNCERTAIN).
        import_delay: seconds until a bulk import of contacts has run.
        import_failures: addresses that such an import cannot create.
    """

    token: str | None = None
    seed: int = 0
    like: Account | Mapping[str, object] | Path | str | None = None
    pipelines: Mapping[str, Collection[str]] = field(default_factory=dict)
    users: Collection[str] = (
        "anna.berg@example.com",
        "bruno.costa@example.com",
        "chloe.dubois@example.com",
        "dev.patel@example.com",
    )
    currency: str = "USD"
    time_zone: str = "America/Chicago"
    limits: bool = True
    per_second: int = 5
    retry_after: int | None = 30
    over_limit_status: Literal[429, 503] = 429
    limit_headers: bool = False
    bad_token_status: Literal[401, 403] = 403
    forbidden_share: float = 0.0
    html_share: float = 0.0
    html: Mapping[str, int] = field(default_factory=dict)
    plain: Collection[str] = ()
    stubs: int = 0
    read_lag: float = 0.0
    order_by_id: bool = True
    data_ordered: bool = True
    undocumented: bool = False
    title_filter: Literal["exact", "contains"] = "exact"
    include: Literal["works", "ignored", "400"] = "works"
    deal_errors: Literal["bare", "attributes", "no_result"] = "bare"
    int32: Literal["keep", "clamp", "refuse"] = "keep"
    upper_currency: bool = False
    enforce_required: bool = True
    fail_fields: FailFields = 0.0
    fail_whole: bool = True
    failed_status: str = "failed"
    existing_datum: Literal["overwrite", "second_row", "error"] = "overwrite"
    bulk_unknown: Literal["refuse", "skip"] = "refuse"
    fields_touch_mdate: bool = False
    links_touch_mdate: bool = False
    blank_value: Literal["clears", "kept", "refused"] = "clears"
    parent_taken_by: Literal["null", "blank", "nothing"] = "null"
    contact_deleted: Literal["deals_stay", "deals_go"] = "deals_stay"
    role_body: Literal["bare", "wrapped", "both"] = "bare"
    task_read_status: Literal[200, 201] = 201
    misspelt_due_before: bool = False
    outcome_required: bool = False
    import_delay: float = 2.0
    import_failures: Collection[str] = ()
