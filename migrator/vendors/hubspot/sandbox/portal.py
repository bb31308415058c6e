"""One imitated account: its options, its settings and its records."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Literal

from migrator.vendors.hubspot.sandbox.answers import Refusal, not_found
from migrator.vendors.hubspot.sandbox.link_types import LinkTypes
from migrator.vendors.hubspot.sandbox.schema import (
    DEFAULT_OWNERS,
    DEFAULT_STAGES,
    GROUPS,
    KIND_BY_PATH,
    KINDS,
    Option,
    Pipeline,
    default_properties,
)
from migrator.vendors.hubspot.sandbox.store import Links, Table, Window
from migrator.vendors.hubspot.sandbox.values import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from migrator.model import Account
    from migrator.vendors.hubspot.sandbox.schema import Kind, Owner, Property


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotOptions:
    """How the sandbox behaves, most of all where HubSpot's documentation is silent.

    Attributes:
        token: the only bearer token accepted; None = any.
        scopes: what the token may do; None = everything.
        seed: of ids of correlation and of the order of results.
        like: an account to imitate: an ``Account``, its JSON as a mapping, or a path to it.
        portal: the account's number.
        currency: the home currency.
        currencies: more currencies that deals may use.
        time_zone: of the account; the daily quota begins anew at its midnight.
        rate_limits: whether to answer 429 at all.
        per_ten_seconds: requests in any 10 s (Professional 190, Free 100).
        per_day: requests per day (Professional 625,000).
        search_per_second: searches in any second, a quota of its own.
        search_lag: seconds until search shows what was written.
        shuffle: answer batches in another order than asked; their order is not documented.
        trace_id_echo: give ``objectWriteTraceId`` back in good results (UNCERTAIN).
        multi_status_update: batch update and upsert with trace ids answer 207 (observed for
            upsert, documented for update without saying how rows are named); False = any bad
            row fails the batch.
        required: properties that a create must have, per kind.
        pipeline_required_if_several: a deal must name its pipeline when there are several (the
            deals guide); False = the default pipeline is taken.
        enforce_2026_09: requests by a 2026-09 path obey the account's validation rules.
        conditional_required: those rules: deal stage to the properties it asks for.
        unique_conflict_status: 400 (observed on custom unique properties) or 409 (UNCERTAIN).
        unique_ignores_case: of custom unique properties (UNCERTAIN); e-mail always does.
        archived_keep_unique: archived records go on occupying unique values (UNCERTAIN).
        inactive_owner_ok: deactivated owners can be given records (UNCERTAIN).
        auto_closedate: a deal that enters a closed stage without close date gets now (UNCERTAIN).
        created_at_follows: the record's ``createdAt`` follows the ``createdate`` sent (UNCERTAIN).
        honour_given_ids: ``pipelineId`` and ``stageId`` of a create are taken (UNCERTAIN).
        always_millis: instants have ``.000`` even on whole seconds (UNCERTAIN).
        links_move_updated: a link that comes or goes moves ``updatedAt`` of both of its records
            (UNCERTAIN: they have properties that count their links).
        unknown_unlink: what an archive of associations does with a record that is not there: it
            overlooks it, or refuses the request (UNCERTAIN).
        association_batch: most inputs of association creates and archives (UNCERTAIN: 2,000).
        task_defaults: a task created without status, type or priority gets HubSpot's own
            (UNCERTAIN: its forms show NOT_STARTED, TODO and NONE).
        activity_properties: notes and tasks can be given custom properties (UNCERTAIN).
        import_seconds: from the start of an import to its first row.
        import_rows_per_second: what an import gets done from then on.
        imports_at_once: imports that are worked on; the others are DEFERRED (import FAQ: three).
        imports_per_day: imports in any 24 hours (paid 500, free 50).
        import_rows_per_day: rows in any 24 hours.
        import_rows: most rows of one file.
        import_bytes: largest file.
        import_columns_by: columns are found by ``columnName``, or by their order alone, whatever
            the names are (UNCERTAIN: seen by one reporter).
        import_blank_clears: a blank cell clears the value (UNCERTAIN); False = it is left alone.
        import_bad_cell: what a bad value costs: its ``row``, or only the ``cell``, and the rest of
            the row is written (UNCERTAIN); values that a record must have cost the row anyway.
        import_refuses_duplicates: a record named by two rows of a file is an error of the second
            (UNCERTAIN); False = the second overwrites the first.
        import_header_is_line: the header is line 1 (UNCERTAIN); False = the first row of data is.
        import_local_time: times without a zone are those of the account's zone (UNCERTAIN);
            False = UTC.
        import_zero_counters: counters that are 0 are told as well (UNCERTAIN).
        import_id_name: what the answer calls the number of an import: ``importId`` in older docs.
    """

    token: str | None = None
    scopes: frozenset[str] | None = None
    seed: int = 0
    like: Account | Mapping[str, object] | Path | str | None = None
    portal: int = 48_000_001
    currency: str = "USD"
    currencies: tuple[str, ...] = ("EUR", "GBP")
    time_zone: str = "America/New_York"
    rate_limits: bool = True
    per_ten_seconds: int = 190
    per_day: int = 625_000
    search_per_second: int = 5
    search_lag: float = 0.0
    shuffle: bool = True
    trace_id_echo: bool = False
    multi_status_update: bool = True
    required: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "deals": ("dealname", "dealstage"),
            "notes": ("hs_timestamp",),
            "tasks": ("hs_timestamp",),
        }
    )
    pipeline_required_if_several: bool = True
    enforce_2026_09: bool = True
    conditional_required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unique_conflict_status: int = 400
    unique_ignores_case: bool = False
    archived_keep_unique: bool = False
    inactive_owner_ok: bool = False
    auto_closedate: bool = False
    created_at_follows: bool = False
    honour_given_ids: bool = False
    always_millis: bool = False
    links_move_updated: bool = False
    unknown_unlink: Literal["overlook", "refuse"] = "overlook"
    association_batch: int = 2_000
    task_defaults: bool = False
    activity_properties: bool = True
    import_seconds: float = 2.0
    import_rows_per_second: float = 500.0
    imports_at_once: int = 3
    imports_per_day: int = 500
    import_rows_per_day: int = 80_000_000
    import_rows: int = 1_048_576
    import_bytes: int = 512 * 1024 * 1024
    import_columns_by: Literal["name", "order"] = "name"
    import_blank_clears: bool = False
    import_bad_cell: Literal["row", "cell"] = "row"
    import_refuses_duplicates: bool = True
    import_header_is_line: bool = True
    import_local_time: bool = False
    import_zero_counters: bool = False
    import_id_name: Literal["id", "importId"] = "id"


class Portal:
    """The state of one account; every handler works on it under the sandbox's lock."""

    def __init__(
        self,
        options: HubSpotOptions,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self.options = options
        self.now = now
        self.clock = clock
        self.random = random.Random(options.seed)
        self.id = options.portal
        self.name = "Sandbox"
        self.currency = options.currency
        self.currencies = options.currencies
        self.time_zone = options.time_zone
        fold = options.unique_ignores_case
        self.tables = {name: Table(kind, fold=fold) for name, kind in KINDS.items()}
        self.link_types = LinkTypes()
        self.links = Links(self.link_types)
        self.properties = {name: default_properties(kind) for name, kind in KINDS.items()}
        self.groups = {name: dict(groups) for name, groups in GROUPS.items()}
        self.pipelines = [Pipeline("default", "Sales Pipeline", list(DEFAULT_STAGES))]
        self.owners: dict[str, Owner] = {owner.id: owner for owner in DEFAULT_OWNERS}
        self._next_setting = 900_000_000
        self.born = self.time()
        self.tables["contacts"].track("email")
        self.set_currencies()

    def kind(self, path: str) -> Kind:
        """The kind of record a path names, by its name or its type id."""
        kind = KIND_BY_PATH.get(path.lower())
        if kind is None:
            message = f"Unable to infer object type from: {path}"
            raise Refusal(400, "VALIDATION_ERROR", message)
        return kind

    def property(self, kind: Kind, name: str) -> Property | None:
        """The property of this name, unless it is archived."""
        prop = self.properties[kind.name].get(name)
        return None if prop is None or prop.archived else prop

    def put_property(self, kind: Kind, prop: Property) -> None:
        """Create or replace a property."""
        self.properties[kind.name][prop.name] = prop
        if prop.unique:
            self.tables[kind.name].track(prop.name)
        else:
            self.tables[kind.name].untrack(prop.name)

    def pipeline(self, id: str) -> Pipeline:
        """The pipeline with this id, or a 404."""
        for pipeline in self.pipelines:
            if pipeline.id == id:
                return pipeline
        raise not_found(f"Pipeline with ID {id} was not found.")

    def set_currencies(self) -> None:
        """Make the enabled currencies the options of the deals' currency."""
        codes = dict.fromkeys([self.currency, *self.currencies])
        options = tuple(Option(code, code) for code in codes)
        deals = self.properties["deals"]
        deals["deal_currency_code"] = replace(deals["deal_currency_code"], options=options)

    def new_id(self) -> str:
        """An id for a pipeline or a stage: numeric text, as HubSpot gives to custom ones."""
        self._next_setting += 1
        return str(self._next_setting)

    def window(self, ago: float = 0.0) -> Window:
        """How long search does not show what is written now, or was so many seconds ago."""
        start = self.clock() - ago
        return Window(start, start + self.options.search_lag)

    def time(self, ago: float = 0.0) -> str:
        """Now, or so many seconds ago, as it stands in an answer."""
        moment = self.now() - timedelta(seconds=ago)
        return iso(moment.astimezone(UTC), millis=True)
