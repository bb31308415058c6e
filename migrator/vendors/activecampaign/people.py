"""Contacts and companies: finding, reading all, creating, changing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Held, ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import writable
from migrator.vendors.activecampaign.clearing import parts, told
from migrator.vendors.activecampaign.http import PAGE, every, read_rows
from migrator.vendors.activecampaign.listing import Mark, listed
from migrator.vendors.activecampaign.people_things import (
    Company,
    Contact,
    read_company,
    read_contact,
    read_works,
)
from migrator.vendors.activecampaign.stream import Read, streamed
from migrator.vendors.activecampaign.values import host as host_of
from migrator.vendors.shared.names import folded, looks_like_domain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from migrator.model import Op, Page
    from migrator.vendors.activecampaign.calls import Calls
    from migrator.vendors.activecampaign.http import Page as Rows
    from migrator.vendors.activecampaign.scratch import Scratch
    from migrator.vendors.activecampaign.stream import Progress

_PEOPLE, _FIRMS = ObjectType.CONTACTS, ObjectType.COMPANIES

# -- reading ---------------------------------------------------------------------------------------


async def every_contact(
    calls: Calls, after: str = "0"
) -> AsyncIterator[tuple[list[Contact], int | None]]:
    """Pages of contacts by ascending id behind ``after``, with how many there were in all."""
    while True:
        page = await calls.people.contacts_after(after)
        yield read_rows(read_contact, page.rows), page.total
        ids = [int(row["id"]) for row in page.rows if str(row["id"]).isdigit()]
        if len(page.rows) < PAGE or not ids or max(ids) <= int(after):
            return
        after = str(max(ids))


async def every_company(calls: Calls) -> AsyncIterator[Company]:
    """All companies."""
    async for page in every([calls.people.company_reader()], "companies"):
        for company in read_rows(read_company, page.rows):
            yield company


async def pages(
    calls: Calls, type: ObjectType, names: Collection[str], scratch: Scratch, progress: Progress
) -> AsyncIterator[Page]:
    """Every contact or company; its key is its address, or its name, in small letters.

    No ``names`` = all that can be written. ``scratch`` is an empty one: who belongs to which
    company is listed apart from both.
    """
    names = names or [*writable(type)]
    async for rows, _ in listed([calls.people.works_reader()], "contacts of companies"):
        scratch.put_works(read_rows(read_works, rows.rows))
    if type is ObjectType.CONTACTS:
        async for page in _contact_pages(calls, names, scratch, progress):
            yield page
        return

    def read(rows: Rows) -> Read:
        companies = read_rows(read_company, rows.rows)
        people = scratch.contacts_of_companies(one.id for one in companies)
        return Read([held(type, one, names, people.get(one.id, ())) for one in companies])

    async for page in streamed([calls.people.company_reader()], "companies", read, progress):
        yield page


async def _contact_pages(
    calls: Calls, names: Collection[str], scratch: Scratch, progress: Progress
) -> AsyncIterator[Page]:
    """By ascending ids, each page beginning behind the last id: so nothing can be missed."""
    mark = progress.mark
    async for contacts, _ in every_contact(calls, str(mark.last)):
        firms = scratch.companies_of(one.id for one in contacts)
        found = [held(_PEOPLE, one, names, firms.get(one.id, ())) for one in contacts]
        last = max((int(one.id) for one in contacts if one.id.isdigit()), default=mark.last)
        mark = Mark(last, mark.count + len(found))
        page = progress.page(Read(found), mark)
        if page is not None:
            yield page


def held(
    type: ObjectType, one: Contact | Company, names: Collection[str], others: Sequence[str] = ()
) -> Held:
    """A contact with its companies, or a company with its contacts."""
    known = one.properties()
    key = folded(one.email if isinstance(one, Contact) else one.name)
    properties = {name: known.get(name) for name in names}
    links = {_FIRMS if type is _PEOPLE else _PEOPLE: tuple(others)}
    return Held(type, one.id, key or None, properties, links, updated_at=one.updated)


async def find(
    calls: Calls, type: ObjectType, keys: Collection[str], names: Collection[str]
) -> dict[str, Held]:
    """Contacts by address, companies by name, as far as they are there."""
    wanted = [key for key in dict.fromkeys(keys) if key.strip()]
    if type is ObjectType.CONTACTS:
        contacts = await contacts_of(calls, wanted)
        return {key: held(type, one, names) for key, one in contacts.items()}
    companies = await _companies_of(calls, wanted, domains=False)
    return {key: held(type, some[0], names) for key, some in companies.items()}


async def resolve(
    calls: Calls, type: ObjectType, names: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Ids of contacts by address, of companies by domain or name, in any letter case."""
    wanted = [name for name in dict.fromkeys(names) if name.strip()]
    if type is ObjectType.CONTACTS:
        contacts = await contacts_of(calls, wanted)
        return {name: (one.id,) for name, one in contacts.items()}
    companies = await _companies_of(calls, wanted, domains=True)
    return {name: tuple(one.id for one in some) for name, some in companies.items()}


async def contacts_of(calls: Calls, addresses: Sequence[str]) -> dict[str, Contact]:
    """Contacts by address: one by one, or from the list of all, whichever is fewer requests.

    The first page of the list says how many there are. It is not looked at for one address.
    """
    asked = {folded(address) for address in addresses}
    found: dict[str, Contact] = {}
    rest = asked
    if len(asked) > 1:
        first = True
        async for contacts, total in every_contact(calls):
            found |= {folded(one.email): one for one in contacts if folded(one.email) in asked}
            missing = len(asked) - len(found)
            if not missing or (first and missing < _pages_left(contacts, total)):
                break
            first = False
        else:
            rest = set()  # the list is read to its end: the others are not there
    for address in rest - found.keys():
        contact = await calls.people.contact_of_email(address)
        if contact is not None:
            found[address] = contact
    return {name: found[folded(name)] for name in addresses if folded(name) in found}


def _pages_left(page: Sequence[Contact], total: int | None) -> int:
    return 0 if total is None else max(0, -(-(total - len(page)) // PAGE))


async def _companies_of(
    calls: Calls, names: Sequence[str], *, domains: bool
) -> dict[str, list[Company]]:
    """Companies by name, and by the host of their website for a name that may be a domain.

    The search knows names only, so that one domain among them needs the list of all.
    """
    asked = {folded(name) for name in names}
    by_host = {name for name in asked if domains and looks_like_domain(name)}
    found: dict[str, dict[str, Company]] = {}
    if by_host or not await _search_is_less(calls, len(asked)):
        async for company in every_company(calls):
            host = host_of(company.url)
            for name in {folded(company.name), host if host in by_host else ""} & asked:
                found.setdefault(name, {})[company.id] = company
    else:
        for name in asked:
            async for page in every([calls.people.company_reader(name)], "companies found"):
                for company in read_rows(read_company, page.rows):
                    if folded(company.name) == name:
                        found.setdefault(name, {})[company.id] = company
    return {name: [*found[folded(name)].values()] for name in names if folded(name) in found}


async def _search_is_less(calls: Calls, count: int) -> bool:
    """Whether searching for so many companies takes fewer requests than listing all."""
    if count <= 1:
        return True
    page = await calls.people.company_reader()(0)
    return page.total is not None and count < -(-page.total // PAGE)


# -- writing ---------------------------------------------------------------------------------------


async def create_company(calls: Calls, op: Op) -> Outcome:
    """Create a company; names are unique, so one that is there already is the one wanted."""
    try:
        company = await calls.people.create_company(op.properties)
    except Refusal as refusal:
        if refusal.fault.code != "duplicate":
            raise
        name = op.properties["name"]
        found = (await _companies_of(calls, [name], domains=False)).get(name)
        if not found:
            raise
        return Outcome(op.key, OpState.WRITTEN, found[0].id)
    return Outcome(op.key, OpState.WRITTEN, company.id)


async def update(calls: Calls, op: Op) -> Outcome:
    """Change a contact or a company."""
    found = parts(op)
    if found.sent and op.type is ObjectType.CONTACTS:
        await calls.people.update_contact(str(op.id), found.sent)
    elif found.sent:
        await calls.people.update_company(str(op.id), found.sent)
    return told(op, Outcome(op.key, OpState.WRITTEN, op.id), found.failed)


async def delete(calls: Calls, op: Op) -> Outcome:
    """Delete a contact or a company; one that is gone already is deleted.

    UNCERTAIN is what becomes of the deals whose primary contact is deleted: the help centre says
    that all data of a contact go with it. So one that has deals stays.
    """
    people = calls.people
    one = people.delete_contact if op.type is ObjectType.CONTACTS else people.delete_company
    try:
        if op.type is ObjectType.CONTACTS:
            page = await calls.deals.of_contact(str(op.id))
            if deals := [str(row["id"]) for row in page.rows]:
                return _with_deals(op, deals)
        await one(str(op.id))
    except Refusal as refusal:
        if not refusal.not_found:
            raise
    return Outcome(op.key, OpState.WRITTEN, op.id)


def _with_deals(op: Op, deals: Sequence[str]) -> Outcome:
    named = ", ".join(deals[:10]) + (", ..." if len(deals) > 10 else "")
    message = (
        f"it is the primary contact of deals (ids {named}), which ActiveCampaign may delete with "
        "it; give them another contact first"
    )
    return Outcome(op.key, OpState.REFUSED, None, "has_deals", message)
