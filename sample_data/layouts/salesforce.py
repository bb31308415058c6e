"""Salesforce: opportunities as its data loader exports them, and as a report."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout, at
from sample_data.mistakes import Mistake, Oddity, alone, change, no_break_spaces, put
from sample_data.world import COMPANIES, OWNERS
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from datetime import datetime

    from sample_data.world import Company, Deal, Person

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


def opportunity_id(deal: Deal) -> str:
    """Of a deal of ``salesforce_opportunities.csv``."""
    return record_id("006", 2_400_000 + deal.number * 41)


def account_id(company: Company) -> str:
    """Of one of the companies."""
    return record_id("001", 880_000 + COMPANIES.index(company))


def user_id(owner: Person) -> str:
    """Of one of the sellers."""
    return record_id("005", 31_000 + OWNERS.index(owner))


def instant(moment: datetime) -> str:
    """A moment as the API writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _opportunity(deal: Deal) -> dict[str, object]:
    return {
        "ID": opportunity_id(deal),
        "ISDELETED": "false",
        "ACCOUNTID": account_id(deal.company) if deal.company else "",
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
        "OWNERID": user_id(deal.owner),
        "CREATEDDATE": instant(deal.created),
        "LASTMODIFIEDDATE": instant(deal.closed or deal.created),
        "FISCALQUARTER": f"{(deal.created.month + 2) // 3}",
        "FISCALYEAR": f"{deal.created.year}",
    }


def _truth(deal: Deal) -> dict[str, object]:
    return {
        "key": f"salesforce:{opportunity_id(deal)}",
        "name": " ".join(deal.name.split()),
        "stage": _stage(deal),
        "amount": deal.amount,
        "close_date": deal.close_date or deal.created.date(),
        "created_at": at(deal.created),
        "description": deal.description or None,
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
    oddities=(Oddity("descriptions with line breaks", "read as they are"),),
    truth=_truth,
)


def _german(value: object) -> str:
    """A number as a German report shows it."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def _windows(text: str, *, unknown: str) -> str:
    """What Windows-1252 can hold of a text; ``unknown`` is what becomes of other signs."""
    return text.encode("cp1252", unknown).decode("cp1252")


def _report_name(deal: Deal) -> str:
    # Windows-1252 knows no other script, and an export would put a question mark in its place.
    return f"{_windows(' '.join(deal.name.split()), unknown='ignore').strip()} #{deal.number}"


def _report_account(deal: Deal) -> str:
    return _windows(deal.company.name, unknown="replace") if deal.company else ""


def _report_line(deal: Deal) -> dict[str, object]:
    amount = "" if deal.amount is None else _german(deal.amount)
    expected = "" if deal.amount is None else _german(deal.amount * _probability(deal) / 100)
    close = deal.close_date or deal.created.date()
    return {
        "Opportunity Owner": deal.owner.name,
        "Account Name": _report_account(deal),
        "Opportunity Name": _report_name(deal),
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


def _report_truth(deal: Deal) -> dict[str, object]:
    account = _report_account(deal)
    return {
        "name": _report_name(deal),
        "stage": _stage(deal),
        "amount": deal.amount,
        "currency": deal.currency,
        "owner": deal.owner.name,
        "close_date": deal.close_date or deal.created.date(),
        "companies": [account] if account else None,
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
    oddities=(
        Oddity("Windows-1252 for UTF-8", "read as meant"),
        Oddity("decimal commas, and points between thousands", "read as meant"),
        Oddity("dates with the day first", "read as meant"),
        Oddity("a footer with totals, a copyright and a title", "left out", 6, skipped="footer"),
        Oddity("blank lines in it", "left out", 2, skipped="blank line"),
    ),
    truth=_report_truth,
)


def _american_line(deal: Deal) -> dict[str, object]:
    close = deal.close_date or deal.created.date()
    expected = None if deal.amount is None else deal.amount * _probability(deal) / 100
    return _report_line(deal) | {
        "Account Name": deal.company.name if deal.company else "",
        "Opportunity Name": _american_name(deal),
        "Amount": "" if deal.amount is None else f"{deal.amount:,.2f}",
        "Expected Revenue": "" if expected is None else f"{expected:,.2f}",
        "Close Date": f"{close.month}/{close.day}/{close.year}",
        "Created Date": f"{deal.created.month}/{deal.created.day}/{deal.created.year}",
    }


def _american_name(deal: Deal) -> str:
    return f"{' '.join(deal.name.split())} #{deal.number}"


def _american_truth(deal: Deal) -> dict[str, object]:
    return _report_truth(deal) | {
        "name": _american_name(deal),
        "companies": [deal.company.name] if deal.company else None,
    }


JOINED = Layout(
    file="salesforce_reports_joined.csv",
    template="salesforce_report",
    rows=50,
    cells=_american_line,
    write=csv_writer(
        quote_all=True,
        between={24: ("blank",), 25: ("blank", "header")},
        footer=((), ("Grand Totals (25 records)",)),
    ),
    mistakes=(
        Mistake(
            "the total of the upper report, in the middle",
            "too_few_cells",
            alone("Grand Totals (25 records)"),
        ),
        Mistake("=SUM(F2:F9) for an amount", "not_a_number", put("Amount", "=SUM(F2:F9)")),
        Mistake("#DIV/0! for an amount", "spreadsheet_error", put("Amount", "#DIV/0!")),
        Mistake("a currency by its sign", "currency_code", put("Amount Currency", "$")),
        Mistake("30 February", "not_a_date", put("Close Date", "2/30/2026")),
        Mistake(
            "an unknown owner", "unknown_owner", put("Opportunity Owner", "Sales Ops"), live=True
        ),
    ),
    oddities=(
        Oddity("commas between thousands", "read as meant"),
        Oddity("dates with the month first", "read as meant"),
        Oddity(
            "no-break spaces in a name",
            "mended",
            4,
            change("Opportunity Name", no_break_spaces),
        ),
        Oddity("the header, in the middle", "left out", 1, skipped="repeated header"),
        Oddity("blank lines", "left out", 3, skipped="blank line"),
        Oddity("a footer with a total", "left out", 1, skipped="footer"),
    ),
    currencies=("USD", "EUR"),
    truth=_american_truth,
)
"""Two reports of an American user, one below the other."""
