"""One imitated account: its options, its settings and its records."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from migrator.vendors.hubspot.sandbox.answers import Refusal, not_found
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
        self.links = Links()
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

    def window(self) -> Window:
        """How long search does not show what is written now."""
        start = self.clock()
        return Window(start, start + self.options.search_lag)

    def time(self) -> str:
        """Now, as it stands in an answer."""
        return iso(self.now().astimezone(UTC), millis=True)
