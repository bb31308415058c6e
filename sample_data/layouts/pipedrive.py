"""Pipedrive, deals list view, export in English: the file of the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, as_before, one_less, one_more, put
from sample_data.world import FORMER_OWNER
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from datetime import datetime

    from sample_data.world import Deal

STAGES = (
    "Qualified",
    "Contact Made",
    "Demo Scheduled",
    "Proposal Made",
    "Negotiations Started",
)
_PROBABILITY = (10, 25, 50, 70, 90)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _cells(deal: Deal) -> dict[str, object]:
    value = "" if deal.amount is None else f"{deal.amount:f}".removesuffix(".00")
    return {
        "Deal - ID": deal.number + 4,
        "Deal - Title": deal.name,
        "Deal - Owner": deal.owner.name,
        "Deal - Value": value,
        "Deal - Currency of Value": deal.currency,
        "Deal - Probability": _PROBABILITY[deal.step] if deal.number % 3 else "",
        "Deal - Organization": deal.company.name if deal.company else "",
        "Deal - Pipeline": "Pipeline",
        "Deal - Contact person": deal.contacts[0].name if deal.contacts else "",
        "Deal - Stage": STAGES[deal.step],
        "Deal - Label": ("", "Hot", "Warm", "Cold")[deal.number % 4],
        "Deal - Status": deal.status.capitalize(),
        "Deal - Deal created": _moment(deal.created),
        "Deal - Update time": _moment(deal.closed or deal.created),
        "Deal - Won time": _moment(deal.closed if deal.status == "won" else None),
        "Deal - Lost time": _moment(deal.closed if deal.status == "lost" else None),
        "Deal - Lost reason": deal.lost_reason,
        "Deal - Expected close date": deal.expected or "",
        "Deal - Contract number": deal.contract,
    }


_AMOUNT = "Deal - Value"

MISTAKES = (
    Mistake("no title", "required", put("Deal - Title", ""), 2),
    Mistake("no id", "missing_key", put("Deal - ID", "")),
    Mistake("1e3 for an amount", "scientific_notation", put(_AMOUNT, "1e3")),
    Mistake("#REF! for an amount", "spreadsheet_error", put(_AMOUNT, "#REF!"), 2),
    Mistake("a word for an amount", "not_a_number", put(_AMOUNT, "to be agreed")),
    Mistake("an amount below zero", "number_range", put(_AMOUNT, "-250"), 2),
    Mistake("12.345,67 among 12345.67", "wrong_decimal_mark", put(_AMOUNT, "12.345,67")),
    Mistake("a fraction of a cent", "too_many_decimals", put(_AMOUNT, "4999.995")),
    Mistake("EURO for EUR", "currency_code", put("Deal - Currency of Value", "EURO"), 2),
    Mistake("a status Pipedrive has not", "not_a_status", put("Deal - Status", "Pending")),
    Mistake("30 February", "not_a_datetime", put("Deal - Deal created", "2026-02-30 09:00:00"), 2),
    Mistake(
        "a date as Excel counts days", "excel_serial_date", put("Deal - Deal created", "45981")
    ),
    Mistake("the year 0026", "unlikely_date", put("Deal - Deal created", "0026-03-02 10:15:00")),
    Mistake("a comma without quotes", "too_many_cells", one_more("signed"), 2),
    Mistake("a line cut short", "too_few_cells", one_less()),
    Mistake(
        "a misspelt stage",
        "unknown_stage",
        put("Deal - Stage", "Negotations Started"),
        3,
        live=True,
    ),
    Mistake("a misspelt owner", "unknown_owner", put("Deal - Owner", "Ana Berg"), 2, live=True),
    Mistake("an unknown pipeline", "unknown_pipeline", put("Deal - Pipeline", "Pipe"), live=True),
    Mistake(
        "an owner who left", "inactive_owner", put("Deal - Owner", FORMER_OWNER.name), 2, live=True
    ),
)

DEALS = Layout(
    file="pipedrive_deals.csv",
    template="pipedrive",
    rows=1_200,
    cells=_cells,
    write=csv_writer(),
    mistakes=MISTAKES,
    currencies=("EUR", "USD", "GBP"),
)

UNDECIDED = Layout(
    file="pipedrive_undecided.csv",
    template="pipedrive",
    rows=60,
    cells=_cells,
    write=csv_writer(),
    mistakes=(
        Mistake("12.345,67 among 12345.67", "wrong_decimal_mark", put(_AMOUNT, "12.345,67"), 2),
        Mistake("the id of another deal", "duplicate_key", as_before("Deal - ID"), 3),
    ),
    answers=('decimal: "."', "duplicates: first"),
)
"""Two questions no program can answer: which mark is the decimal one, which of two deals counts."""
