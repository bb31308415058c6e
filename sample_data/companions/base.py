"""What the companions have in common: whose they are, and what is odd about them."""

from __future__ import annotations

import html
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from sample_data.layouts.base import Layout
from sample_data.mistakes import Oddity, change, changes, doubly_encoded, no_break_spaces, put
from sample_data.samples import right_deals, wrong_deals
from sample_data.world import contacts_of, customers_of, notes_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_data.layouts.base import Write
    from sample_data.world import Contact, Customer, Deal, Note

    Cells = dict[str, object]

TWICE = 7
"""The contact who is in the account twice."""

CONTACTS_USE = "to look ids, names and addresses up in; no template loads contacts"
COMPANIES_USE = "to look ids and names up in; no template loads companies"


def contacts(deals: Layout) -> list[Contact]:
    """The contacts of the account that a file of deals is from, one of them twice."""
    found = contacts_of(right_deals(deals))
    twin = found[TWICE].person
    person = replace(twin, email=twin.email.upper())
    return [*found, replace(found[TWICE], number=len(found), person=person)]


def customers(deals: Layout) -> list[Customer]:
    """The companies of the account that a file of deals is from."""
    return customers_of(right_deals(deals))


def notes(deals: Layout, count: int) -> list[Note]:
    """So many notes on deals of a file that are not wrong."""
    return notes_on(Random(f"notes of {deals.file}"), right_deals(deals), count)


def marked_up(note: Note) -> str:
    """A note as HTML, a paragraph or an item of a list for each line."""
    blocks = []
    for line in (note.title, *note.text.split("\n")):
        escaped = html.escape(line.removeprefix("- "), quote=False)
        blocks.append(f"<li>{escaped}</li>" if line.startswith("- ") else f"<p>{escaped}</p>")
    return "".join(blocks).replace("<p></p>", "<p><br></p>")


def phone(number: int) -> str:
    """A telephone number out of those that are kept for fiction."""
    return f"+1 202-555-{100 + number % 100:04}"


def street(customer: Customer) -> str:
    """An address of two lines."""
    return f"{customer.number + 1} Sample Street\nFloor {customer.number % 5 + 1}"


def contacts_of_account(
    file: str, deals: Layout, cells: Callable[[Contact], Cells], odd: tuple[str, str], write: Write
) -> Layout:
    """The file of the contacts; ``odd`` = the columns of their name and of their address."""
    return Layout(
        file=file,
        rows=len(contacts(deals)),
        cells=cells,
        write=write,
        oddities=odd_contacts(*odd),
        use=CONTACTS_USE,
        items=lambda: contacts(deals),
    )


def companies_of_account(
    file: str, deals: Layout, cells: Callable[[Customer], Cells], odd: str, write: Write
) -> Layout:
    """The file of the companies; ``odd`` = the column of their name."""
    return Layout(
        file=file,
        rows=len(customers(deals)),
        cells=cells,
        write=write,
        oddities=odd_companies(odd),
        use=COMPANIES_USE,
        items=lambda: customers(deals),
    )


def plain_text(note: Note) -> str:
    """What a note says once its title stands above it."""
    return f"{note.title}\n{note.text}"


def text_of_markup(note: Note) -> str:
    """What :func:`marked_up` says, a line for each paragraph."""
    return "\n".join([note.title, *(line for line in note.text.split("\n") if line)])


def odd_contacts(name: str, address: str) -> tuple[Oddity, ...]:
    """What is odd about contacts, by the columns of their name and of their address."""
    return (
        Oddity("a contact twice, with the address in capitals", "one contact, by the address", 1),
        Oddity(
            "a name that was encoded twice",
            "mended by fix_encoding",
            3,
            change(name, doubly_encoded),
            changes(name, doubly_encoded),
        ),
        Oddity(
            "a no-break space behind an address",
            "mended by tidying",
            2,
            change(address, no_break_spaces),
        ),
    )


def odd_companies(name: str) -> tuple[Oddity, ...]:
    """What is odd about companies, by the column of their name."""
    return (
        Oddity(
            "a name that was encoded twice",
            "mended by fix_encoding",
            2,
            change(name, doubly_encoded),
            changes(name, doubly_encoded),
        ),
        Oddity(
            "no-break spaces in a name",
            "mended by tidying",
            2,
            change(name, no_break_spaces),
            changes(name, no_break_spaces),
        ),
        Oddity("addresses of two lines", "read as they are"),
    )


def parked(what: str, column: str, value: object) -> Oddity:
    """A note that waits, because what it is on is not among the deals that are loaded."""
    return Oddity(what, "parked", 1, put(column, value), parked=True)


def waiting(column: str, deals: Layout, deal_id: Callable[[Deal], object]) -> tuple[Oddity, ...]:
    """Notes on deals that are not there: turned down, or none of the file's."""
    turned_down = wrong_deals(deals)[0]
    stranger = replace(turned_down, number=deals.rows + 1_000)
    return (
        parked("on a deal that is turned down", column, deal_id(turned_down)),
        parked("on a deal of another file", column, deal_id(stranger)),
    )
