"""Salesforce: opportunities as its data loader exports them, and as a report."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Mistake, put
from sample_data.world import COMPANIES, OWNERS
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from datetime import datetime

    from sample_data.world import Deal

_STAGES = (
    "Prospecting",
    "Qualification",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
_CLOSED = {"won": "Closed Won", "lost": "Closed Lost"}
_PROBABILITY = (10, 20, 50, 75, 90)
_FORECAST = ("Pipeline", "Pipeline", "Pipeline", "BestCase", "Commit")
_SUFFIX = string.ascii_uppercase + "012345"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def record_id(prefix: str, number: int) -> str:
    """An id of 18 characters: the last three tell the letter case of the others."""
    tail = ""
    for _ in range(5):
        number, digit = divmod(number, 62)
        tail = _DIGITS[digit] + tail
    short = f"{prefix}gK00000{tail}"
    thirds = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _SUFFIX[sum(1 << place for place, sign in enumerate(third) if sign.isupper())]
        for third in thirds
    )


def _stage(deal: Deal) -> str:
    return _CLOSED.get(deal.status, _STAGES[deal.step])


def _probability(deal: Deal) -> int:
    return {"won": 100, "lost": 0}.get(deal.status, _PROBABILITY[deal.step])


def _account(deal: Deal) -> str:
    return record_id("001", 880_000 + COMPANIES.index(deal.company)) if deal.company else ""


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _opportunity(deal: Deal) -> dict[str, object]:
    owner = record_id("005", 31_000 + OWNERS.index(deal.owner))
    return {
        "ID": record_id("006", 2_400_000 + deal.number * 41),
        "ISDELETED": "false",
        "ACCOUNTID": _account(deal),
        "NAME": " ".join(deal.name.split()),
        "DESCRIPTION": deal.description,
        "STAGENAME": _stage(deal),
        "AMOUNT": "" if deal.amount is None else f"{deal.amount.normalize():f}",
        "PROBABILITY": f"{_probability(deal)}",
        "CLOSEDATE": f"{deal.close_date or deal.created.date()}",
        "TYPE": ("New Customer", "Existing Customer - Upgrade", "")[deal.number % 3],
        "NEXTSTEP": "",
        "LEADSOURCE": ("Web", "Trade Show", "Partner Referral", "")[deal.number % 4],
        "ISCLOSED": "false" if deal.status == "open" else "true",
        "ISWON": "true" if deal.status == "won" else "false",
        "FORECASTCATEGORY": {"won": "Closed", "lost": "Omitted"}.get(
            deal.status, _FORECAST[deal.step]
        ),
        "OWNERID": owner,
        "CREATEDDATE": _instant(deal.created),
        "LASTMODIFIEDDATE": _instant(deal.closed or deal.created),
        "FISCALQUARTER": f"{(deal.created.month + 2) // 3}",
        "FISCALYEAR": f"{deal.created.year}",
    }


OPPORTUNITIES = Layout(
    file="salesforce_opportunities.csv",
    template="salesforce",
    rows=48,
    cells=_opportunity,
    write=csv_writer(quote_all=True),
    mistakes=(
        Mistake("no name", "required", put("NAME", "")),
        Mistake("#N/A for an amount", "spreadsheet_error", put("AMOUNT", "#N/A")),
        Mistake("31 April", "not_a_date", put("CLOSEDATE", "2026-04-31")),
        Mistake("an unknown stage", "unknown_stage", put("STAGENAME", "On Hold"), live=True),
    ),
)


def _german(value: object) -> str:
    """A number as a German report shows it."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def _report_line(deal: Deal) -> dict[str, object]:
    amount = "" if deal.amount is None else _german(deal.amount)
    expected = "" if deal.amount is None else _german(deal.amount * _probability(deal) / 100)
    close = deal.close_date or deal.created.date()
    # Windows-1252 knows no other script, and an export would put a question mark in its place.
    name = " ".join(deal.name.split()).encode("cp1252", "ignore").decode("cp1252").strip()
    company = deal.company.name if deal.company else ""
    return {
        "Opportunity Owner": deal.owner.name,
        "Account Name": company.encode("cp1252", "replace").decode("cp1252"),
        "Opportunity Name": f"{name} #{deal.number}",
        "Stage": _stage(deal),
        "Fiscal Period": f"Q{(close.month + 2) // 3}-{close.year}",
        "Amount Currency": deal.currency,
        "Amount": amount,
        "Expected Revenue Currency": deal.currency,
        "Expected Revenue": expected,
        "Probability (%)": f"{_probability(deal)}%",
        "Age": 30 + deal.number,
        "Close Date": f"{close:%d.%m.%Y}",
        "Created Date": f"{deal.created:%d.%m.%Y}",
        "Next Step": "",
        "Lead Source": ("Web", "Messe", "Empfehlung", "")[deal.number % 4],
        "Type": ("New Business", "Existing Business")[deal.number % 2],
    }


_FOOTER = (
    (),
    ("Grand Totals (40 records)",),
    (),
    ("Opportunities by close date",),
    ("Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.",),
    ("Confidential Information - Do Not Distribute",),
    ("Generated By:  Anna Berg  01.10.2026 08:00",),
    ("Silverthorn Printworks",),
)

REPORT = Layout(
    file="salesforce_report.csv",
    template="salesforce_report",
    rows=40,
    cells=_report_line,
    write=csv_writer(encoding="cp1252", newline="\r\n", quote_all=True, footer=_FOOTER),
    mistakes=(
        Mistake("no name", "required", put("Opportunity Name", "")),
        Mistake("a word for an amount", "not_a_number", put("Amount", "offen")),
        Mistake("31 April", "not_a_date", put("Close Date", "31.04.2026")),
    ),
)
