"""Zoho CRM, module export of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, put
from sample_data.world import COMPANIES, OWNERS, PEOPLE
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from sample_data.world import Deal

_STAGES = (
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
_CLOSED = {"won": "Closed Won", "lost": "Closed Lost"}
_PROBABILITY = (10, 20, 40, 75, 90)


def _id(number: int) -> str:
    return f"zcrm_{5_820_413_000_000_000_000 + number}"


def _cells(deal: Deal) -> dict[str, object]:
    person = deal.contacts[0] if deal.contacts else None
    percent = {"won": 100, "lost": 0}.get(deal.status, _PROBABILITY[deal.step])
    owner = _id(100_000 + OWNERS.index(deal.owner))
    return {
        "Record Id": _id(700_000 + deal.number * 3),
        "Deal Owner.id": owner,
        "Deal Owner": deal.owner.name,
        "Amount": "" if deal.amount is None else f"{deal.amount:f}",
        "Deal Name": deal.name,
        "Closing Date": deal.close_date or "",
        "Account Name.id": _id(200_000 + COMPANIES.index(deal.company)) if deal.company else "",
        "Account Name": deal.company.name if deal.company else "",
        "Stage": _CLOSED.get(deal.status, _STAGES[deal.step]),
        "Type": ("New Business", "Existing Business", "-None-")[deal.number % 3],
        "Probability (%)": percent,
        "Lead Source": ("Trade Show", "Cold Call", "Web Download")[deal.number % 3],
        "Created Time": f"{deal.created:%Y-%m-%d %H:%M:%S}",
        "Modified Time": f"{deal.closed or deal.created:%Y-%m-%d %H:%M:%S}",
        "Description": deal.description,
        "Contact Name.id": _id(300_000 + PEOPLE.index(person)) if person else "",
        "Contact Name": person.name if person else "",
        "Pipeline": "Standard",
        "Reason For Loss": deal.lost_reason,
    }


DEALS = Layout(
    file="zoho_deals.csv",
    template="zoho",
    rows=48,
    cells=_cells,
    write=csv_writer(),
    mistakes=(
        Mistake("no name", "required", put("Deal Name", "")),
        Mistake("1.2E+04 for an amount", "scientific_notation", put("Amount", "1.2E+04")),
        Mistake("29 February 2026", "not_a_date", put("Closing Date", "2026-02-29")),
        Mistake("an unknown stage", "unknown_stage", put("Stage", "Waiting"), live=True),
    ),
)
