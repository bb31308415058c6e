"""The contacts and companies beside the sample exports: who is named is there, under one name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sample_data.companions import COMPANIONS
from sample_data.samples import make_sample
from tests.samples import FILES, each, mended, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sample_data.layouts import Layout


@each([layout for layout in COMPANIONS if not layout.template])
def test_what_is_odd_in_contacts_and_companies_can_be_mended(layout: Layout) -> None:
    """Their odd cells are what the right ones are, once they are mended; some need it."""
    sample = make_sample(layout)
    assert sample.odd
    assert all(sample.rows[number - 1] != sample.right[number - 1] for number in sample.odd)
    assert mended(sample.rows, sample.header) == mended(sample.right, sample.header)
    plain = [[str(cell or "") for cell in row] for row in sample.right]
    assert [list(row.values()) for row in mended(sample.right, sample.header)] == plain


@dataclass(frozen=True, slots=True)
class Books:
    """The contacts and companies of a vendor's files.

    Attributes:
        companies, contacts: the file, the column that other files call its records by, and the
            column of their name, or of their address.
        address: the column of a contact's address.
        links: a column of other files to what it names, and to the column that has the name too.
    """

    companies: tuple[str, str, str]
    contacts: tuple[str, str, str]
    address: str
    links: Mapping[str, tuple[str, str]]


BOOKS = {
    "pipedrive": Books(
        ("pipedrive_organizations.csv", "Organization - Name", "Organization - Name"),
        ("pipedrive_people.csv", "Person - Name", "Person - Name"),
        "Person - Email - Work",
        {
            "Deal - Organization": ("companies", "Deal - Organization"),
            "Deal - Contact person": ("contacts", "Deal - Contact person"),
            "Person - Organization": ("companies", "Person - Organization"),
            "Note - Organization": ("companies", "Note - Organization"),
            "Note - Person": ("contacts", "Note - Person"),
        },
    ),
    "hubspot": Books(
        ("hubspot_companies.csv", "Record ID", "Company name"),
        ("hubspot_contacts.csv", "Record ID", "Email"),
        "Email",
        {
            "Associated Company IDs": ("companies", "Associated Company"),
            "Associated Contact IDs": ("contacts", "Associated Contact"),
        },
    ),
    "salesforce": Books(
        ("salesforce_accounts.csv", "ID", "NAME"),
        ("salesforce_contacts.csv", "ID", "NAME"),
        "EMAIL",
        {"ACCOUNTID": ("companies", "")},
    ),
    "zoho": Books(
        ("zoho_accounts.csv", "Record Id", "Account Name"),
        ("zoho_contacts.csv", "Record Id", "First Name"),
        "Email",
        {
            "Account Name.id": ("companies", "Account Name"),
            "Contact Name.id": ("contacts", "Contact Name"),
        },
    ),
}


@pytest.mark.parametrize("vendor", BOOKS)
def test_what_belongs_together_is_in_the_other_files(vendor: str) -> None:
    """Every contact and company that a vendor's files name is in its books, under one name."""
    books = BOOKS[vendor]
    names = {}
    for kind, (file, id, name) in (("companies", books.companies), ("contacts", books.contacts)):
        names[kind] = {row[id]: row[name] for row in table(file)}
    followed: Counter[str] = Counter()
    for layout in FILES:
        if not layout.file.startswith(vendor):
            continue
        for row in table(layout.file):
            for column, (kind, said) in books.links.items():
                for id in filter(None, row.get(column, "").split(";")):
                    assert id in names[kind], (layout.file, column, id)
                    assert names[kind][id] in row.get(said, names[kind][id]), (layout.file, id)
                    followed[layout.file] += 1
    assert sum(count > 20 for count in followed.values()) >= 2


@pytest.mark.parametrize("vendor", BOOKS)
def test_one_contact_is_there_twice(vendor: str) -> None:
    """Two contacts have one address but for its capitals, and all others have one of their own."""
    file, *_ = BOOKS[vendor].contacts
    found = Counter(row[BOOKS[vendor].address] for row in table(file))
    assert set(found.values()) == {1}
    small = Counter(address.lower() for address in found)
    assert sorted(small.values())[-2:] == [1, 2]
