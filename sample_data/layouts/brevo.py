"""Brevo, deals under the attribute names its import asks for, as saved by a French Excel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout, at
from sample_data.mistakes import Mistake, Oddity, put
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


def _cells(deal: Deal) -> dict[str, object]:
    return {
        "deal_id": f"{0x66F0A1B2C3D4E5F600000000 + deal.number * 0x1F3:024x}",
        "deal_name": deal.name,
        "deal_owner": deal.owner.email,
        "amount": "" if deal.amount is None else f"{deal.amount:f}".replace(".", ","),
        "pipeline": "Sales Pipeline",
        "deal_stage": _CLOSED.get(deal.status, _STAGES[deal.step]),
        "close_date": f"{deal.close_date:%d/%m/%Y}" if deal.close_date else "",
        "created_at": f"{deal.created:%d/%m/%Y %H:%M}",
        "associated_contact": ";".join(person.email for person in deal.contacts),
        "associated_company": deal.company.domain if deal.company else "",
    }


def _truth(deal: Deal) -> dict[str, object]:
    return {
        "name": deal.name,
        "amount": deal.amount,
        "close_date": deal.close_date,
        "created_at": at(deal.created).replace(second=0),
        "contacts": [person.email for person in deal.contacts] or None,
    }


DEALS = Layout(
    file="brevo_deals.csv",
    template="brevo",
    rows=40,
    cells=_cells,
    write=csv_writer(delimiter=";", encoding="utf-8-sig", newline="\r\n"),
    mistakes=(
        Mistake("no name", "required", put("deal_name", "")),
        Mistake("no id", "missing_key", put("deal_id", "")),
        Mistake("a fraction of a cent", "too_many_decimals", put("amount", "1250,125")),
        Mistake(
            "a misspelt stage", "unknown_stage", put("deal_stage", "Qualifed To Buy"), live=True
        ),
    ),
    oddities=(
        Oddity("decimal commas", "read as meant"),
        Oddity("dates with the day first", "read as meant"),
    ),
    truth=_truth,
)
