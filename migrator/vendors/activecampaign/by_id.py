"""Records by their ids, with the fewest requests: one by one, or from the list of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from migrator.model import KEY_FIELD, Held, ObjectType
from migrator.vendors.activecampaign import activity, people
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS, writable
from migrator.vendors.activecampaign.http import PAGE, chunks, read_rows
from migrator.vendors.activecampaign.listing import listed
from migrator.vendors.activecampaign.people_things import read_company, read_contact
from migrator.vendors.activecampaign.read import FEW, fill, held, one_by_one, one_deal
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.task_things import read_note, read_task
from migrator.vendors.activecampaign.things import read_deal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from migrator.vendors.activecampaign.answers import Json
    from migrator.vendors.activecampaign.calls import Calls
    from migrator.vendors.activecampaign.http import Reader
    from migrator.vendors.activecampaign.people_things import Company, Contact
    from migrator.vendors.activecampaign.task_things import Note, Task
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Datum, Deal

    _One = TypeVar("_One", Deal, Company, Contact, Note, Task)


async def read(
    tenant: Tenant, type: ObjectType, ids: Collection[str], names: Collection[str]
) -> dict[str, Held]:
    """The records that are there; no ``names`` = all that there are."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    if type is ObjectType.DEALS:
        return await _deals(tenant, wanted, names)
    calls = tenant.calls
    names = names or [*writable(type)]
    if type is ObjectType.CONTACTS:
        contacts = await _contacts(calls, wanted)
        return {id_: people.held(type, one, names) for id_, one in contacts.items()}
    if type is ObjectType.COMPANIES:
        reader = calls.people.company_reader()
        companies = await _some(reader, wanted, calls.people.company, read_company)
        return {id_: people.held(type, one, names) for id_, one in companies.items()}
    if type is ObjectType.TASKS:
        tasks = await _some(calls.tasks.reader(), wanted, calls.tasks.get, read_task)
        return {id_: activity.held(type, one, names) for id_, one in tasks.items()}
    notes = await _some(calls.tasks.note_reader(), wanted, calls.tasks.note, read_note)
    return {id_: activity.held(type, one, names) for id_, one in notes.items()}


async def count(calls: Calls, type: ObjectType) -> int | None:
    """How many records of a type the account has, those that cannot be seen among them."""
    if type is ObjectType.CONTACTS:
        return (await calls.people.contacts_after()).total
    readers = {
        ObjectType.DEALS: calls.deals.reader(),
        ObjectType.COMPANIES: calls.people.company_reader(),
        ObjectType.TASKS: calls.tasks.reader(),
        ObjectType.NOTES: calls.tasks.note_reader(),
    }
    return (await readers[type](0)).total


# -- deals -----------------------------------------------------------------------------------------


async def _deals(tenant: Tenant, wanted: list[str], names: Collection[str]) -> dict[str, Held]:
    """Deals and their custom values are read apart, each by the shorter road."""
    fields = await tenant.fields()
    names = names or [*DEAL_FIELDS, *fields.infos()]
    deals = await _those(tenant, wanted)
    data: dict[str, list[Datum]] = {}
    if deals and fields.infos().keys() & {*names, *([KEY_FIELD] if fields.key else [])}:
        data = await _data(tenant, list(deals))
    return {
        id_: held(tenant, fields, deal, data.get(id_, []), names) for id_, deal in deals.items()
    }


async def _those(tenant: Tenant, wanted: list[str]) -> dict[str, Deal]:
    if await one_by_one(tenant, len(wanted)):
        read = {id_: await one_deal(tenant, id_) for id_ in wanted}
        return {id_: deal for id_, deal in read.items() if deal is not None}
    readers = [tenant.calls.deals.reader(order) for order in ("id", "cdate")]
    found = await _among(readers, wanted, read_deal)
    return {id_: deal for id_, deal in found.items() if not deal.disabled}


async def _data(tenant: Tenant, deals: list[str]) -> dict[str, list[Datum]]:
    """The custom values of deals: from each, or from the list of all, whichever is fewer."""
    calls = tenant.calls.fields
    total = None if len(deals) <= FEW else (await calls.data_page()).total
    if total is None or len(deals) <= total // PAGE:
        return {deal: await calls.data_of(deal) for deal in deals}
    scratch = Scratch()
    try:
        await fill(tenant, scratch)
        return scratch.of_deals(deals)
    finally:
        scratch.close()


# -- others ----------------------------------------------------------------------------------------


async def _contacts(calls: Calls, wanted: list[str]) -> dict[str, Contact]:
    """A hundred of them a request, by the documented filter.

    Should it be ignored, others come too; those that do not are asked for by themselves.
    """
    found: dict[str, Contact] = {}
    for ids in chunks(wanted, PAGE):
        contacts = read_rows(read_contact, (await calls.people.page_of_ids(ids)).rows)
        found |= {one.id: one for one in contacts if one.id in ids}
        if any(one.id not in ids for one in contacts):
            missing = [id_ for id_ in ids if id_ not in found]
            found |= await _singly(missing, calls.people.contact)
    return found


async def _some(
    reader: Reader,
    wanted: list[str],
    get: Callable[[str], Awaitable[_One]],
    read: Callable[[Json], _One | None],
) -> dict[str, _One]:
    """Records one by one, or from their list where that takes fewer requests."""
    if len(wanted) > FEW:
        total = (await reader(0)).total
        if total is not None and len(wanted) > total // PAGE:
            return await _among([reader], wanted, read)
    return await _singly(wanted, get)


async def _singly(wanted: Sequence[str], get: Callable[[str], Awaitable[_One]]) -> dict[str, _One]:
    found: dict[str, _One] = {}
    for id_ in wanted:
        try:
            found[id_] = await get(id_)
        except Refusal as refusal:
            if not refusal.not_found:
                raise
    return found


async def _among(
    readers: Sequence[Reader], wanted: list[str], read: Callable[[Json], _One | None]
) -> dict[str, _One]:
    """Records from their list, which is read as far as it has to be."""
    missing = set(wanted)
    found: dict[str, _One] = {}
    async for page, _ in listed(readers, "records"):
        found |= {one.id: one for one in read_rows(read, page.rows) if one.id in missing}
        missing -= found.keys()
        if not missing:
            break
    return found
