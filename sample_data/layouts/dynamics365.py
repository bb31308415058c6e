"""Dynamics 365 Sales, opportunities view exported to Excel."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, put
from sample_data.writing import write_xlsx

if TYPE_CHECKING:
    from sample_data.world import Deal

_SPACE = uuid.UUID("6f1d2c9e-4b0a-4c55-9f3d-0d7c5e1a9b42")
_PHASES = ("1-Qualify", "2-Develop", "2-Develop", "3-Propose", "4-Close")
_PROBABILITY = (10, 25, 50, 75, 90)


def _cells(deal: Deal) -> dict[str, object]:
    digest = hashlib.sha512(f"{deal.number} {deal.name}".encode()).digest()
    return {
        "(Do Not Modify) Opportunity": str(uuid.uuid5(_SPACE, str(deal.number))),
        "(Do Not Modify) Row Checksum": base64.b64encode(digest).decode(),
        "(Do Not Modify) Modified On": deal.closed or deal.created,
        "Topic": deal.name,
        "Potential Customer": deal.company.name if deal.company else None,
        "Est. Close Date": deal.expected,
        "Est. Revenue": deal.amount,
        "Actual Close Date": deal.closed.date() if deal.closed else None,
        "Actual Revenue": deal.amount if deal.status == "won" else None,
        "Contact": deal.contacts[0].name if deal.contacts else None,
        "Account": deal.company.name if deal.company else None,
        "Probability": _PROBABILITY[deal.step],
        "Rating": ("Hot", "Warm", "Cold")[deal.number % 3],
        "Pipeline Phase": _PHASES[deal.step],
        "Owner": deal.owner.name,
        "Status": deal.status.capitalize(),
        "Created On": deal.created,
    }


OPPORTUNITIES = Layout(
    file="dynamics365_opportunities.xlsx",
    template="dynamics365",
    rows=40,
    cells=_cells,
    write=write_xlsx,
    mistakes=(
        Mistake("no topic", "required", put("Topic", None)),
        Mistake("no id", "missing_key", put("(Do Not Modify) Opportunity", None)),
        Mistake("a word for an amount", "not_a_number", put("Est. Revenue", "tbd")),
        Mistake("an unknown owner", "unknown_owner", put("Owner", "# Sales Team"), live=True),
    ),
)
