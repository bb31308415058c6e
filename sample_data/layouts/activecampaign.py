"""ActiveCampaign, deals under the column names its import asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, put
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


def _cells(deal: Deal) -> dict[str, object]:
    return {
        "Deal ID": deal.number + 310,
        "Deal title": deal.name,
        "Pipeline": "Sales Pipeline",
        "Stage": _STAGES[deal.step],
        "Deal owner": deal.owner.email,
        "Deal value": "" if deal.amount is None else f"{deal.amount:f}",
        "Deal currency": deal.currency.lower(),
        "Deal description": deal.description,
        "Contact email": deal.contacts[0].email if deal.contacts else "",
    }


DEALS = Layout(
    file="activecampaign_deals.csv",
    template="activecampaign",
    rows=40,
    cells=_cells,
    write=csv_writer(),
    mistakes=(
        Mistake("no title", "required", put("Deal title", "")),
        Mistake("no id", "missing_key", put("Deal ID", "")),
        Mistake("a currency sign for its code", "currency_code", put("Deal currency", "€")),
        Mistake("an unknown stage", "unknown_stage", put("Stage", "To Contact"), live=True),
    ),
    currencies=("USD", "EUR"),
)
