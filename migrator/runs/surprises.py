"""What the CRM will do besides: a plan before its vendor, in numbers of one look at the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.model import CUSTOM_PREFIX, LINKS, DealStatus, ObjectType, OnMissing
from migrator.vendors.outlook import Outlook, zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.model import Account
    from migrator.plan import Plan
    from migrator.runs.inputs import Inputs
    from migrator.template import Template
    from migrator.vendors.product import Product

SURPRISES = "surprises"
"""Among a run's settings: what its vendor said of its plan."""

_MOST_CURRENCIES = 200
"""More than there are; a column of something else shall not fill the memory."""


def foreseen(product: Product, account: Account, inputs: Inputs, plan: Plan) -> list[str]:
    """What a CRM will do besides carrying out a plan, as sentences; nothing where it does not."""
    seen = outlook(account, inputs, plan)
    return list(product.surprises(seen)) if seen.writes else []


def outlook(account: Account, inputs: Inputs, plan: Plan) -> Outlook:
    """What a plan of prepared inputs would do; one pass over the records, which streams."""
    template = inputs.template
    scan = pl.scan_parquet(inputs.prepared.records)
    schema = scan.collect_schema()
    asked = _asked(inputs, schema.names())
    closed = _closed(account, set(schema))
    early = _early(account, template, schema, asked & set(plan.origin.values()))
    linked = [type for type in LINKS.get(template.object, ()) if type in schema]
    undated = closed & pl.col("close_date").is_null() if "close_date" in schema else closed
    found = (
        scan.select(
            pl.len().alias("records"),
            closed.sum().alias("closed"),
            undated.sum().alias("undated"),
            *(pl.col(name).is_not_null().sum().alias(f"filled {name}") for name in sorted(asked)),
            *(late.sum().alias(f"early {name}") for name, late in early.items()),
            *(pl.col(name).list.len().sum().alias(f"links {name}") for name in linked),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    parents = {
        type
        for type in linked
        if plan.counts["parents"]
        and found[f"links {type}"]
        and template.field(type).on_missing is OnMissing.CREATE
    }
    deals = template.object is ObjectType.DEALS
    return Outlook(
        type=template.object,
        account=account,
        records=found["records"],
        creates=plan.counts["create"],
        updates=plan.counts["update"],
        parents=frozenset(parents),
        filled=_counts(found, "filled", asked),
        closed=found["closed"] if deals else 0,
        undated=found["undated"] if deals else 0,
        early=_counts(found, "early", early),
        currencies=_currencies(scan) if "currency" in asked else frozenset(),
        kept=_kept(template),
    )


def _counts(found: Mapping[str, int], what: str, names: Iterable[str]) -> dict[str, int]:
    return {name: found[f"{what} {name}"] for name in names if found[f"{what} {name}"]}


def _asked(inputs: Inputs, columns: Iterable[str]) -> set[str]:
    """The canonical fields that are to be written; links are none."""
    narrow = inputs.request.narrow
    names = {name for name in columns if not name.startswith("_")} - {"key", *ObjectType}
    if narrow is None or not narrow.only:
        return names
    every = f"{CUSTOM_PREFIX}*" in narrow.only
    own = {name for name in names if every and name.startswith(CUSTOM_PREFIX)}
    return names & set(narrow.only) | own


def _closed(account: Account, columns: set[str]) -> pl.Expr:
    """Whether a deal is won or lost: by its status, else by the stage that the account has."""
    status, stage = pl.lit(None, pl.String), pl.lit(None, pl.String)
    if "status" in columns:
        status = pl.col("status").str.to_lowercase()
    if "stage" in columns:
        stage = pl.col("stage").str.to_lowercase()
    stages = [one for pipeline in account.pipelines for one in pipeline.stages]
    done = {one.label.lower() for one in stages if one.status is not DealStatus.OPEN}
    open_ = {one.label.lower() for one in stages if one.status is DealStatus.OPEN}
    by_stage = stage.is_in(sorted(done - open_)).fill_null(value=False)
    by_status = status.is_in([DealStatus.WON.value, DealStatus.LOST.value])
    return by_status.fill_null(by_stage)


def _early(
    account: Account, template: Template, schema: Mapping[str, pl.DataType], names: set[str]
) -> dict[str, pl.Expr]:
    """Whether an instant is where a day of the source begins, and still the day before over there.

    A file that has days where the CRM has instants gives the day's first moment.
    """
    zone = zone_of(account)
    found: dict[str, pl.Expr] = {}
    for name in sorted(names):
        if zone is None or not isinstance(schema[name], pl.Datetime):
            continue
        here = pl.col(name).dt.convert_time_zone(template.field(name).timezone or template.timezone)
        there = pl.col(name).dt.convert_time_zone(zone.key)
        begins = here.dt.time() == pl.time(0)
        found[name] = begins & (there.dt.date() < here.dt.date())
    return found


def _currencies(scan: pl.LazyFrame) -> frozenset[str]:
    codes = scan.select(pl.col("currency").drop_nulls().str.to_uppercase().unique())
    return frozenset(codes.head(_MOST_CURRENCIES).collect(engine="streaming")["currency"])


def _kept(template: Template) -> dict[str, str]:
    """Canonical fields whose column fills a custom field as well."""
    custom = {
        header: name
        for name in template.fields
        if name.startswith(CUSTOM_PREFIX)
        for header in _headers(template, name)
    }
    return {
        name: custom[header]
        for name in template.fields
        if not name.startswith(CUSTOM_PREFIX)
        for header in _headers(template, name)
        if header in custom
    }


def _headers(template: Template, name: str) -> set[str]:
    """The headers of a field's columns, in all their spellings."""
    found: set[str] = set()
    for header in template.fields[name].from_ or ():
        found |= {header.casefold()} if isinstance(header, str) else {h.casefold() for h in header}
    return found
