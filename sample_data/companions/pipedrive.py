"""Pipedrive: people, organizations and notes, exported from their list views.

No file of a notes export was seen: the names of its columns follow those of the other exports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.companions import base
from sample_data.layouts.base import Layout, at
from sample_data.layouts.pipedrive import DEALS, deal_id
from sample_data.mistakes import Mistake, Oddity, put
from sample_data.writing import csv_writer

if TYPE_CHECKING:
    from sample_data.world import Contact, Customer, Note


def _person(contact: Contact) -> dict[str, object]:
    first, last = contact.person.name.split(" ", 1)
    return {
        "Person - ID": contact.number + 11,
        "Person - Name": contact.person.name,
        "Person - First name": first,
        "Person - Last name": last,
        "Person - Organization": contact.company.name if contact.company else "",
        "Person - Email - Work": contact.person.email,
        "Person - Phone - Work": base.phone(contact.number),
        "Person - Owner": contact.owner.name,
        "Person - Person created": f"{contact.created:%Y-%m-%d %H:%M:%S}",
    }


def _organization(customer: Customer) -> dict[str, object]:
    return {
        "Organization - ID": customer.number + 1,
        "Organization - Name": customer.company.name,
        "Organization - Address": base.street(customer),
        "Organization - Website": customer.company.domain,
        "Organization - Owner": customer.owner.name,
        "Organization - Organization created": f"{customer.created:%Y-%m-%d %H:%M:%S}",
    }


def _note(note: Note) -> dict[str, object]:
    deal = note.deal
    return {
        "Note - ID": note.number + 500,
        "Note - Content": base.marked_up(note),
        "Note - Deal ID": deal_id(deal),
        "Note - Deal": deal.name,
        "Note - Organization": deal.company.name if deal.company else "",
        "Note - Person": deal.contacts[0].name if deal.contacts else "",
        "Note - User": note.author.name,
        "Note - Add time": f"{note.written:%Y-%m-%d %H:%M:%S}",
    }


def _truth(note: Note) -> dict[str, object]:
    return {
        "body": base.text_of_markup(note),
        "owner": note.author.name,
        "created_at": at(note.written),
        "deals": [f"pipedrive:{deal_id(note.deal)}"],
    }


PEOPLE = base.contacts_of_account(
    "pipedrive_people.csv", DEALS, _person, ("Person - Name", "Person - Email - Work"), csv_writer()
)

ORGANIZATIONS = base.companies_of_account(
    "pipedrive_organizations.csv", DEALS, _organization, "Organization - Name", csv_writer()
)

NOTES = Layout(
    file="pipedrive_notes.csv",
    template="pipedrive_notes",
    rows=80,
    cells=_note,
    write=csv_writer(),
    mistakes=(
        Mistake("markup without a text", "required", put("Note - Content", "<p><br></p>")),
        Mistake("no id", "missing_key", put("Note - ID", "")),
        Mistake("30 February", "not_a_datetime", put("Note - Add time", "2026-02-30 09:00:00")),
        Mistake("an unknown user", "unknown_owner", put("Note - User", "Intern 2"), live=True),
    ),
    oddities=(
        Oddity("HTML", "read as text, a line for each paragraph"),
        *base.waiting("Note - Deal ID", DEALS, deal_id),
    ),
    truth=_truth,
    items=lambda: base.notes(DEALS, 80),
)
