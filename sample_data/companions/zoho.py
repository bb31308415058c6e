"""Zoho CRM: module exports of contacts, accounts and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.companions import base
from sample_data.layouts.base import Layout, at
from sample_data.layouts.zoho import DEALS, account_id, contact_id, deal_id, record_id, user_id
from sample_data.mistakes import Mistake, Oddity, change, changes, doubly_encoded, put
from sample_data.world import PEOPLE
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from sample_data.world import Contact, Customer, Note


def _contact(contact: Contact) -> dict[str, object]:
    first, last = contact.person.name.split(" ", 1)
    company = contact.company
    known = contact.number < len(PEOPLE)
    return {
        "Record Id": contact_id(contact.person) if known else record_id(390_000),
        "Contact Owner.id": user_id(contact.owner),
        "Contact Owner": contact.owner.name,
        "First Name": first,
        "Last Name": last,
        "Account Name.id": account_id(company) if company else "",
        "Account Name": company.name if company else "",
        "Email": contact.person.email,
        "Phone": base.phone(contact.number),
        "Created Time": f"{contact.created:%Y-%m-%d %H:%M:%S}",
    }


def _account(customer: Customer) -> dict[str, object]:
    return {
        "Record Id": account_id(customer.company),
        "Account Owner.id": user_id(customer.owner),
        "Account Owner": customer.owner.name,
        "Account Name": customer.company.name,
        "Website": customer.company.domain,
        "Billing Street": base.street(customer),
        "Created Time": f"{customer.created:%Y-%m-%d %H:%M:%S}",
    }


def _note(note: Note) -> dict[str, object]:
    return {
        "Record Id": record_id(900_000 + note.number),
        "Created By.id": user_id(note.author),
        "Created By": note.author.name,
        "Created Time": f"{note.written:%Y-%m-%d %H:%M:%S}",
        "Note Content": note.text,
        "Note Owner.id": user_id(note.author),
        "Note Owner": note.author.name,
        "Note Title": note.title,
        "Parent ID.id": deal_id(note.deal),
        "Parent ID": note.deal.name,
    }


def _truth(note: Note) -> dict[str, object]:
    return {
        "body": base.plain_text(note),
        "owner": note.author.name,
        "created_at": at(note.written),
        "deals": [f"zoho:{deal_id(note.deal)}"],
    }


CONTACTS = base.contacts_of_account(
    "zoho_contacts.csv", DEALS, _contact, ("First Name", "Email"), csv_writer()
)

ACCOUNTS = base.companies_of_account(
    "zoho_accounts.csv", DEALS, _account, "Account Name", csv_writer()
)

NOTES = Layout(
    file="zoho_notes.csv",
    template="zoho_notes",
    rows=30,
    cells=_note,
    write=csv_writer(),
    mistakes=(
        Mistake("no id", "missing_key", put("Record Id", "")),
        Mistake("#REF! for a date", "spreadsheet_error", put("Created Time", "#REF!")),
        Mistake("an unknown user", "unknown_owner", put("Note Owner", "Team East"), live=True),
    ),
    oddities=(
        Oddity("texts with line breaks and quotation marks", "read as they are"),
        Oddity(
            "a text that was encoded twice",
            "mended",
            2,
            change("Note Content", doubly_encoded),
            changes("Note Content", doubly_encoded),
        ),
        *base.waiting("Parent ID.id", DEALS, deal_id),
        Oddity(
            "on a contact", "parked", 1, put("Parent ID.id", contact_id(PEOPLE[3])), parked=True
        ),
    ),
    also=("fields.body.transform: [fix_encoding]",),
    truth=_truth,
    items=lambda: base.notes(DEALS, 30),
)
