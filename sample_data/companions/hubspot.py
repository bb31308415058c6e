"""HubSpot: contacts, companies and notes, exported with their associations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.companions import base
from sample_data.layouts.base import Layout, at
from sample_data.layouts.hubspot import DEALS, company_id, contact_id, deal_id, twin_id
from sample_data.mistakes import Mistake, Oddity, put
from sample_data.world import PEOPLE
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from sample_data.world import Contact, Customer, Note


def _contact(contact: Contact) -> dict[str, object]:
    first, last = contact.person.name.split(" ", 1)
    company = contact.company
    known = contact.number < len(PEOPLE)
    return {
        "Record ID": contact_id(contact.person) if known else twin_id(contact.number),
        "First Name": first,
        "Last Name": last,
        "Email": contact.person.email,
        "Phone Number": base.phone(contact.number),
        "Contact owner": contact.owner.name,
        "Create Date": f"{contact.created:%Y-%m-%d %H:%M}",
        "Associated Company IDs": company_id(company) if company else "",
        "Associated Company": company.name if company else "",
    }


def _company(customer: Customer) -> dict[str, object]:
    return {
        "Record ID": company_id(customer.company),
        "Company name": customer.company.name,
        "Company Domain Name": customer.company.domain,
        "Company owner": customer.owner.name,
        "Street Address": base.street(customer),
        "Create Date": f"{customer.created:%Y-%m-%d %H:%M}",
    }


def _note(note: Note) -> dict[str, object]:
    deal = note.deal
    return {
        "Record ID": 61_300_000_000 + note.number * 13,
        "Note body": base.marked_up(note),
        "Activity date": f"{note.written:%Y-%m-%d %H:%M}",
        "Activity assigned to": note.author.name,
        "Associated Deal IDs": deal_id(deal),
        "Associated Deal": deal.name,
        "Associated Company IDs": company_id(deal.company) if deal.company else "",
        "Associated Contact IDs": ";".join(map(contact_id, deal.contacts)),
    }


def _truth(note: Note) -> dict[str, object]:
    return {
        "body": base.text_of_markup(note),
        "owner": note.author.name,
        "created_at": at(note.written).replace(second=0),
        "deals": [f"hubspot:{deal_id(note.deal)}"],
    }


CONTACTS = base.contacts_of_account(
    "hubspot_contacts.csv", DEALS, _contact, ("First Name", "Email"), csv_writer(quote_all=True)
)

COMPANIES = base.companies_of_account(
    "hubspot_companies.csv", DEALS, _company, "Company name", csv_writer(quote_all=True)
)

NOTES = Layout(
    file="hubspot_notes.csv",
    template="hubspot_notes",
    rows=30,
    cells=_note,
    write=csv_writer(quote_all=True),
    mistakes=(
        Mistake("no text", "required", put("Note body", "")),
        Mistake("30 February", "not_a_datetime", put("Activity date", "2026-02-30 09:00")),
        Mistake(
            "an unknown user", "unknown_owner", put("Activity assigned to", "Intern 2"), live=True
        ),
    ),
    oddities=(
        Oddity("HTML", "read as text, a line for each paragraph"),
        *base.waiting("Associated Deal IDs", DEALS, deal_id),
    ),
    truth=_truth,
    items=lambda: base.notes(DEALS, 30),
)
