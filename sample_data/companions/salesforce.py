"""Salesforce: Contact, Account and Note as its data export writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.companions import base
from sample_data.layouts.base import Layout, at
from sample_data.layouts.salesforce import (
    OPPORTUNITIES,
    account_id,
    instant,
    opportunity_id,
    record_id,
    user_id,
)
from sample_data.mistakes import Mistake, Oddity, put
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from sample_data.world import Contact, Customer, Note


def _contact(contact: Contact) -> dict[str, object]:
    first, last = contact.person.name.split(" ", 1)
    return {
        "ID": record_id("003", 510_000 + contact.number),
        "ISDELETED": "false",
        "ACCOUNTID": account_id(contact.company) if contact.company else "",
        "LASTNAME": last,
        "FIRSTNAME": first,
        "NAME": contact.person.name,
        "PHONE": base.phone(contact.number),
        "EMAIL": contact.person.email,
        "OWNERID": user_id(contact.owner),
        "CREATEDDATE": instant(contact.created),
    }


def _account(customer: Customer) -> dict[str, object]:
    return {
        "ID": account_id(customer.company),
        "ISDELETED": "false",
        "NAME": customer.company.name,
        "BILLINGSTREET": base.street(customer),
        "WEBSITE": customer.company.domain,
        "OWNERID": user_id(customer.owner),
        "CREATEDDATE": instant(customer.created),
    }


def _note(note: Note) -> dict[str, object]:
    return {
        "ID": record_id("002", 70_000 + note.number * 3),
        "ISDELETED": "false",
        "PARENTID": opportunity_id(note.deal),
        "TITLE": note.title,
        "ISPRIVATE": "false",
        "BODY": note.text,
        "OWNERID": user_id(note.author),
        "CREATEDDATE": instant(note.written),
    }


def _truth(note: Note) -> dict[str, object]:
    return {
        "body": base.plain_text(note),
        "created_at": at(note.written),
        "deals": [f"salesforce:{opportunity_id(note.deal)}"],
    }


CONTACTS = base.contacts_of_account(
    "salesforce_contacts.csv",
    OPPORTUNITIES,
    _contact,
    ("NAME", "EMAIL"),
    csv_writer(quote_all=True),
)

ACCOUNTS = base.companies_of_account(
    "salesforce_accounts.csv", OPPORTUNITIES, _account, "NAME", csv_writer(quote_all=True)
)

NOTES = Layout(
    file="salesforce_notes.csv",
    template="salesforce_notes",
    rows=30,
    cells=_note,
    write=csv_writer(quote_all=True),
    mistakes=(
        Mistake("no id", "missing_key", put("ID", "")),
        Mistake("30 February", "not_a_datetime", put("CREATEDDATE", "2026-02-30T09:00:00.000Z")),
    ),
    oddities=(
        Oddity("texts with line breaks and quotation marks", "read as they are"),
        *base.waiting("PARENTID", OPPORTUNITIES, opportunity_id),
        base.parked("on a contact", "PARENTID", record_id("003", 510_004)),
    ),
    truth=_truth,
    items=lambda: base.notes(OPPORTUNITIES, 30),
)
