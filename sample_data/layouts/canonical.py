"""migrator's own canonical fields, typed, as a warehouse hands them over."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import polars as pl

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, put
from sample_data.writing import parquet_writer

if TYPE_CHECKING:
    from sample_data.world import Deal

_STAGES = (
    "Appointment Scheduled",
    "Qualified To Buy",
    "Presentation Scheduled",
    "Decision Maker Bought-In",
    "Contract Sent",
)
_CLOSED = {"won": "Closed Won", "lost": "Closed Lost"}
_TEXT = pl.String()
_SCHEMA: dict[str, pl.DataType] = {
    "key": _TEXT,
    "name": _TEXT,
    "pipeline": _TEXT,
    "stage": _TEXT,
    "status": _TEXT,
    "amount": pl.Decimal(18, 2),
    "currency": _TEXT,
    "close_date": pl.Date(),
    "created_at": pl.Datetime("us", "UTC"),
    "owner": _TEXT,
    "description": _TEXT,
    "contacts": _TEXT,
    "companies": _TEXT,
}


def _cells(deal: Deal) -> dict[str, object]:
    return {
        "key": f"wh-{deal.number:06}",
        "name": deal.name,
        "pipeline": "Sales Pipeline",
        "stage": _CLOSED.get(deal.status, _STAGES[deal.step]),
        "status": deal.status,
        "amount": deal.amount,
        "currency": deal.currency,
        "close_date": deal.close_date,
        "created_at": deal.created.replace(tzinfo=UTC),
        "owner": deal.owner.email,
        "description": deal.description or None,
        "contacts": ";".join(person.email for person in deal.contacts) or None,
        "companies": deal.company.domain if deal.company else None,
    }


DEALS = Layout(
    file="migrator_deals.parquet",
    template="migrator",
    rows=60,
    cells=_cells,
    write=parquet_writer(_SCHEMA),
    mistakes=(
        Mistake("no name", "required", put("name", None)),
        Mistake("no key", "missing_key", put("key", None)),
        Mistake("a currency that is none", "currency_code", put("currency", "EURO")),
        Mistake(
            "an owner's address with a slip",
            "unknown_owner",
            put("owner", "dev.patell@example.com"),
            live=True,
        ),
    ),
    currencies=("EUR", "USD", "GBP"),
)
