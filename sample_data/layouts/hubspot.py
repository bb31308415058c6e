"""HubSpot, deals view, export with associations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, put
from sample_data.world import COMPANIES, PEOPLE
from sample_data.writing import csv_writer

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


def _id(number: int) -> str:
    return f"{90_120_000_000 + number * 11}"


def _cells(deal: Deal) -> dict[str, object]:
    stage = _CLOSED.get(deal.status, _STAGES[deal.step])
    return {
        "Record ID": 18_400_000_000 + deal.number * 7,
        "Deal Name": deal.name,
        "Deal Stage": f"{stage} (Sales Pipeline)" if deal.number % 5 == 0 else stage,
        "Close Date": f"{deal.closed:%Y-%m-%d %H:%M}"
        if deal.closed
        else (f"{deal.expected} 12:00" if deal.expected else ""),
        "Deal owner": deal.owner.name,
        "Amount": "" if deal.amount is None else f"{deal.amount:f}".removesuffix(".00"),
        "Closed Lost Reason": deal.lost_reason,
        "Create Date": f"{deal.created:%Y-%m-%d %H:%M}",
        "Deal Description": deal.description,
        "Deal Type": ("New Business", "Existing Business", "")[deal.number % 3],
        "Pipeline": "Sales Pipeline",
        "Priority": ("", "Low", "Medium", "High")[deal.number % 4],
        "Associated Company IDs": _id(COMPANIES.index(deal.company)) if deal.company else "",
        "Associated Company": deal.company.name if deal.company else "",
        "Associated Contact IDs": ";".join(
            _id(5_000 + PEOPLE.index(person)) for person in deal.contacts
        ),
        "Associated Contact": ";".join(
            f"{person.name} ({person.email})" for person in deal.contacts
        ),
    }


DEALS = Layout(
    file="hubspot_deals.csv",
    template="hubspot",
    rows=48,
    cells=_cells,
    write=csv_writer(quote_all=True),
    mistakes=(
        Mistake("no name", "required", put("Deal Name", "")),
        Mistake("no id", "missing_key", put("Record ID", "")),
        Mistake(
            "a date with the month 13", "not_a_datetime", put("Create Date", "2026-13-01 10:00")
        ),
        Mistake("an unknown stage", "unknown_stage", put("Deal Stage", "Legal Review"), live=True),
    ),
)
