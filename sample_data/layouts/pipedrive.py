"""Pipedrive, deals list view, export in English: the file of the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout, at, day_or_instant, spelt
from sample_data.mistakes import (
    Mistake,
    Oddity,
    as_before,
    change,
    changes,
    doubly_encoded,
    no_break_spaces,
    one_less,
    one_more,
    put,
)
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


def deal_id(deal: Deal) -> int:
    """Of a deal of ``pipedrive_deals.csv``."""
    return deal.number + 4


def _cells(deal: Deal) -> dict[str, object]:
    value = "" if deal.amount is None else f"{deal.amount:f}".removesuffix(".00")
    return {
        "Deal - ID": deal_id(deal),
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


def _truth(deal: Deal) -> dict[str, object]:
    return {
        "key": f"pipedrive:{deal_id(deal)}",
        "name": deal.name,
        "stage": STAGES[deal.step],
        "status": deal.status,
        "amount": deal.amount,
        "currency": deal.currency,
        "owner": deal.owner.name,
        "close_date": day_or_instant(deal),
        "created_at": at(deal.created),
        "companies": [deal.company.name] if deal.company else None,
        "custom.lost_reason": deal.lost_reason or None,
    }


_TITLE, _AMOUNT, _STAGE = "Deal - Title", "Deal - Value", "Deal - Stage"

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
    oddities=(
        Oddity("titles with line breaks, tabs, commas and quotation marks", "read as they are"),
    ),
    truth=_truth,
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


_EXPECTED = "Deal - Expected close date"


def _pieced(deal: Deal) -> dict[str, object]:
    return _cells(deal) | {
        _TITLE: _pieced_name(deal),
        _EXPECTED: spelt(deal.expected, deal.number),
    }


def _pieced_name(deal: Deal) -> str:
    return deal.name if deal.number % 12 else f"{deal.name}\n(see the side letter,\npage 2)"


def _pieced_truth(deal: Deal) -> dict[str, object]:
    return _truth(deal) | {"name": _pieced_name(deal)}


PIECED = Layout(
    file="pipedrive_pieced.csv",
    template="pipedrive",
    rows=90,
    cells=_pieced,
    write=csv_writer(
        between={30: ("header",), 60: ("blank", "marked header")}, footer=((), ("Total (90)",))
    ),
    mistakes=(
        Mistake("=1+1 for an amount", "not_a_number", put(_AMOUNT, "=1+1")),
        Mistake("#REF! for an amount", "spreadsheet_error", put(_AMOUNT, "#REF!")),
        Mistake(
            "a formula for a title", "no_formula", put(_TITLE, '=CONCATENATE("Renewal ",B2)'), 2
        ),
        Mistake("31 November, in words", "not_a_datetime", put(_EXPECTED, "31 November 2026")),
        Mistake("an unknown owner", "unknown_owner", put("Deal - Owner", "Intern 2"), live=True),
        Mistake("no longer an owner", "unknown_owner", put("Deal - Owner", "(deleted)"), live=True),
    ),
    oddities=(
        Oddity(
            "a title that was encoded twice",
            "mended",
            5,
            change(_TITLE, doubly_encoded),
            changes(_TITLE, doubly_encoded),
        ),
        Oddity(
            "no-break spaces in a stage",
            "mended",
            4,
            change(_STAGE, no_break_spaces),
            lambda row, header: " " in str(row[header.index(_STAGE)]),
        ),
        Oddity(
            "an amount with a no-break space between its thousands",
            "mended",
            4,
            change(_AMOUNT, lambda text: f"{text[:-3]}\N{NO-BREAK SPACE}{text[-3:]}"),
            lambda row, header: (
                len(str(row[header.index(_AMOUNT)])) > 3
                and "." not in str(row[header.index(_AMOUNT)])
            ),
        ),
        Oddity("expected days in three spellings", "read as the same days"),
        Oddity("every twelfth title with line breaks", "read as they are"),
        Oddity(
            "the header, in the middle, once with a byte order mark",
            "left out",
            2,
            skipped="repeated header",
        ),
        Oddity("a blank line", "left out", 2, skipped="blank line"),
        Oddity("a footer with a total", "left out", 1, skipped="footer"),
    ),
    also=(
        "fields.name.transform: [fix_encoding]",
        "fields.name.rules: [required, no_formula]",
    ),
    truth=_pieced_truth,
)
"""Three exports, one below another, with what a careless editor leaves behind."""
