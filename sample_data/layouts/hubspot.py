"""HubSpot, deals view, export with associations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout, at, day_or_instant
from sample_data.mistakes import Mistake, Oddity, change, put
from sample_data.world import COMPANIES, FORMER_OWNER, PEOPLE
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from datetime import datetime

    from sample_data.world import Company, Deal, Person

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


def deal_id(deal: Deal) -> int:
    """Of a deal of ``hubspot_deals.csv``."""
    return 18_400_000_000 + deal.number * 7


def company_id(company: Company) -> str:
    """Of one of the companies."""
    return _id(COMPANIES.index(company))


def contact_id(person: Person) -> str:
    """Of one of the contacts."""
    return _id(5_000 + PEOPLE.index(person))


def twin_id(number: int) -> str:
    """Of a contact who is there already."""
    return _id(5_000 + number)


def _stage(deal: Deal) -> str:
    return _CLOSED.get(deal.status, _STAGES[deal.step])


def _cells(deal: Deal) -> dict[str, object]:
    stage = _stage(deal)
    return {
        "Record ID": deal_id(deal),
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
        "Associated Company IDs": company_id(deal.company) if deal.company else "",
        "Associated Company": deal.company.name if deal.company else "",
        "Associated Contact IDs": ";".join(map(contact_id, deal.contacts)),
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


def _number(deal: Deal) -> str:
    """An amount as a German spreadsheet shows it, in one of its two ways to set thousands apart."""
    if deal.amount is None:
        return ""
    gap = (".", "\N{NO-BREAK SPACE}")[deal.number % 2]
    return f"{deal.amount:,.2f}".translate(str.maketrans(",.", f"{gap},"))


def _moment(moment: datetime | None) -> str:
    return f"{moment:%d.%m.%Y %H:%M}" if moment else ""


def _german(deal: Deal) -> dict[str, object]:
    return _cells(deal) | {
        "Deal Stage": _stage(deal),
        "Close Date": _moment(day_or_instant(deal)),
        "Amount": _number(deal),
        "Create Date": _moment(deal.created),
    }


def _german_truth(deal: Deal) -> dict[str, object]:
    close = day_or_instant(deal)
    return {
        "key": f"hubspot:{deal_id(deal)}",
        "name": deal.name,
        "stage": _stage(deal),
        "amount": deal.amount,
        "owner": deal.owner.name,
        "close_date": close and close.replace(second=0),
        "created_at": at(deal.created).replace(second=0),
        "description": deal.description or None,
        "contacts": [person.email for person in deal.contacts] or None,
        "companies": [deal.company.name] if deal.company else None,
    }


_cut_id = change("Record ID", lambda text: f"{int(text):.2E}".replace(".", ","))

GERMAN = Layout(
    file="hubspot_german_excel.csv",
    template="hubspot",
    rows=60,
    cells=_german,
    write=csv_writer(
        delimiter=";",
        encoding="utf-8-sig",
        newline="\r\n",
        footer=(("Total", "", "", "", "", "1.234.567,89", *[""] * 10),),
    ),
    mistakes=(
        Mistake("an id in scientific notation", "scientific_notation", _cut_id, 3),
        Mistake("#NAME? for an amount", "spreadsheet_error", put("Amount", "#NAME?")),
        Mistake("1,25E+04 for an amount", "scientific_notation", put("Amount", "1,25E+04")),
        Mistake("=B2*1,19 for an amount", "not_a_number", put("Amount", "=B2*1,19")),
        Mistake("#### for a date", "spreadsheet_error", put("Create Date", "########")),
        Mistake("31 April", "not_a_datetime", put("Create Date", "31.04.2026 09:00")),
        Mistake(
            "an owner who left", "inactive_owner", put("Deal owner", FORMER_OWNER.name), live=True
        ),
    ),
    oddities=(
        Oddity("decimal commas, and points or no-break spaces between thousands", "read as meant"),
        Oddity("dates with the day first", "read as meant"),
        Oddity("descriptions with line breaks", "read as they are"),
        Oddity(
            "invisible characters in a stage",
            "mended",
            4,
            change("Deal Stage", lambda text: f"\N{ZERO WIDTH NO-BREAK SPACE}{text}"),
        ),
        Oddity("a footer with a total", "left out", 1, skipped="footer"),
    ),
    truth=_german_truth,
)
"""The same export after a German Excel has saved it: semicolons, its numbers, its dates."""
