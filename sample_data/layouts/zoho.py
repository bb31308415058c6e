"""Zoho CRM, module export of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout, at, spelt
from sample_data.mistakes import (
    Mistake,
    Oddity,
    change,
    changes,
    doubly_encoded,
    no_break_spaces,
    put,
)
from sample_data.world import COMPANIES, OWNERS, PEOPLE
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from sample_data.world import Company, Deal, Person

STAGES = (
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
_CLOSED = {"won": "Closed Won", "lost": "Closed Lost"}
_PROBABILITY = (10, 20, 40, 75, 90)


def record_id(number: int) -> str:
    """An id of any record."""
    return f"zcrm_{5_820_413_000_000_000_000 + number}"


def deal_id(deal: Deal) -> str:
    """Of a deal of ``zoho_deals.csv``."""
    return record_id(700_000 + deal.number * 3)


def user_id(owner: Person) -> str:
    """Of one of the sellers."""
    return record_id(100_000 + OWNERS.index(owner))


def account_id(company: Company) -> str:
    """Of one of the companies."""
    return record_id(200_000 + COMPANIES.index(company))


def contact_id(person: Person) -> str:
    """Of one of the contacts."""
    return record_id(300_000 + PEOPLE.index(person))


def _cells(deal: Deal) -> dict[str, object]:
    person = deal.contacts[0] if deal.contacts else None
    percent = {"won": 100, "lost": 0}.get(deal.status, _PROBABILITY[deal.step])
    return {
        "Record Id": deal_id(deal),
        "Deal Owner.id": user_id(deal.owner),
        "Deal Owner": deal.owner.name,
        "Amount": "" if deal.amount is None else f"{deal.amount:f}",
        "Deal Name": deal.name,
        "Closing Date": deal.close_date or "",
        "Account Name.id": account_id(deal.company) if deal.company else "",
        "Account Name": deal.company.name if deal.company else "",
        "Stage": _CLOSED.get(deal.status, STAGES[deal.step]),
        "Type": ("New Business", "Existing Business", "-None-")[deal.number % 3],
        "Probability (%)": percent,
        "Lead Source": ("Trade Show", "Cold Call", "Web Download")[deal.number % 3],
        "Created Time": f"{deal.created:%Y-%m-%d %H:%M:%S}",
        "Modified Time": f"{deal.closed or deal.created:%Y-%m-%d %H:%M:%S}",
        "Description": deal.description,
        "Contact Name.id": contact_id(person) if person else "",
        "Contact Name": person.name if person else "",
        "Pipeline": "Standard",
        "Reason For Loss": deal.lost_reason,
    }


def _truth(deal: Deal) -> dict[str, object]:
    return {
        "key": f"zoho:{deal_id(deal)}",
        "name": deal.name,
        "stage": _CLOSED.get(deal.status, STAGES[deal.step]),
        "amount": deal.amount,
        "owner": deal.owner.name,
        "close_date": deal.close_date,
        "created_at": at(deal.created),
        "description": deal.description or None,
        "companies": [deal.company.name] if deal.company else None,
        "custom.lost_reason": deal.lost_reason or None,
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
    oddities=(Oddity("descriptions with line breaks", "read as they are"),),
    truth=_truth,
)


def _reopened(deal: Deal) -> dict[str, object]:
    amount = "" if deal.amount is None else f"{deal.amount:f}".replace(".", ",")
    day = spelt(deal.close_date, deal.number)
    return _cells(deal) | {"Closing Date": day, "Amount": amount}


REOPENED = Layout(
    file="zoho_reopened.csv",
    template="zoho",
    rows=60,
    cells=_reopened,
    write=csv_writer(
        delimiter="\t",
        newline="\r\n",
        between={40: ("header",)},
        footer=((), ("Grand Total", "", "", "1")),
    ),
    mistakes=(
        Mistake("=1+1 for an amount", "not_a_number", put("Amount", "=1+1")),
        Mistake("#N/A for a date", "spreadsheet_error", put("Closing Date", "#N/A")),
        Mistake("1,2E+04 for an amount", "scientific_notation", put("Amount", "1,2E+04")),
        Mistake("31 September", "not_a_date", put("Closing Date", "31.09.2026")),
        Mistake("a name that is blank but for odd spaces", "required", put("Deal Name", "\u00a0 ")),
        Mistake("an unknown owner", "unknown_owner", put("Deal Owner", "Team East"), live=True),
    ),
    oddities=(
        Oddity("decimal commas", "read as meant"),
        Oddity("closing days in three spellings", "read as the same days"),
        Oddity(
            "an account that was encoded twice",
            "mended",
            4,
            change("Account Name", doubly_encoded),
            changes("Account Name", doubly_encoded),
        ),
        Oddity(
            "no-break spaces in a name",
            "mended",
            4,
            change("Deal Name", no_break_spaces),
        ),
        Oddity("descriptions with line breaks", "read as they are"),
        Oddity("the header, in the middle", "left out", 1, skipped="repeated header"),
        Oddity("a blank line", "left out", 1, skipped="blank line"),
        Oddity("a footer with a total", "left out", 1, skipped="footer"),
    ),
    also=('fields.companies.transform: [fix_encoding, {split: "\\n"}]',),
    truth=_truth,
)
"""The same export after somebody opened it in a spreadsheet in the wrong encoding."""
