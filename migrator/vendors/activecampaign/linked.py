"""Which records are linked, from the side of deals and from that of contacts and companies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import ObjectType
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import every, read_rows
from migrator.vendors.activecampaign.read import (
    FEW,
    every_deal,
    fill_contacts,
    links_of,
    one_by_one,
    one_deal,
)
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.things import read_deal

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.vendors.activecampaign.tenant import Tenant

_PARENTS = (ObjectType.CONTACTS, ObjectType.COMPANIES)

SHORT_LIST = 20
"""The default length of a page: a contact's list that long may go on, should it not know pages."""


async def linked(
    tenant: Tenant, type: ObjectType, ids: Collection[str], to: ObjectType
) -> dict[str, frozenset[str]]:
    """Ids of the ``to`` records that each of these is linked to; empty for one without.

    Raises:
        InputError: migrator does not link deals to such records.
    """
    wanted = list(dict.fromkeys(ids))
    if type is ObjectType.DEALS and to in _PARENTS:
        return await _parents(tenant, wanted, to) if wanted else {}
    if type in _PARENTS and to is ObjectType.DEALS:
        return await _deals(tenant, type, wanted) if wanted else {}
    if type is not ObjectType.DEALS:
        return {id_: frozenset() for id_ in wanted}
    raise InputError(f"ActiveCampaign's deals are not linked to {to} by migrator.")


# -- from deals ------------------------------------------------------------------------------------


async def _parents(tenant: Tenant, wanted: list[str], to: ObjectType) -> dict[str, frozenset[str]]:
    if not await one_by_one(tenant, len(wanted)):
        found = dict.fromkeys(wanted, frozenset[str]())
        for id_, parents in (await _all(tenant, to)).items():
            if id_ in found:
                found[id_] = parents
        return found
    scratch = Scratch()
    try:
        if to is ObjectType.CONTACTS:
            await fill_contacts(tenant, scratch)
        found = {}
        for id_ in wanted:
            deal = await one_deal(tenant, id_)
            others = scratch.contacts_of([id_]).get(id_, [])
            found[id_] = frozenset(links_of(deal, others)[to]) if deal else frozenset()
        return found
    finally:
        scratch.close()


async def _all(tenant: Tenant, to: ObjectType) -> dict[str, frozenset[str]]:
    """The contacts, or the company, of every deal that may be seen."""
    scratch = Scratch()
    try:
        deals = every_deal(tenant, (), scratch)
        return {deal.id: frozenset(deal.links[to]) async for deal in deals}
    finally:
        scratch.close()


# -- from contacts and companies -------------------------------------------------------------------


async def _deals(tenant: Tenant, type: ObjectType, wanted: list[str]) -> dict[str, frozenset[str]]:
    if len(wanted) <= FEW:
        found: dict[str, frozenset[str]] = {}
        for id_ in wanted:
            ids = await (
                deals_of_contact(tenant, id_)
                if type is ObjectType.CONTACTS
                else _deals_of_company(tenant, id_)
            )
            if ids is None:
                break
            found[id_] = ids
        else:
            return found
    by_parent: dict[str, set[str]] = {id_: set() for id_ in wanted}
    for deal, parents in (await _all(tenant, type)).items():
        for parent in parents & by_parent.keys():
            by_parent[parent].add(deal)
    return {id_: frozenset(ids) for id_, ids in by_parent.items()}


async def deals_of_contact(tenant: Tenant, contact: str) -> frozenset[str] | None:
    """Deals of which a contact is the primary or a secondary one; None where it cannot be told."""
    try:
        page = await tenant.calls.deals.of_contact(contact)
        secondary = await tenant.calls.deals.secondary_of_contact(contact)
    except Refusal as refusal:
        if refusal.not_found:
            return frozenset()
        raise
    count = len(page.rows)
    if count >= SHORT_LIST if page.total is None else count < page.total:
        return None
    return frozenset([str(row["id"]) for row in page.rows] + [one.deal for one in secondary])


async def _deals_of_company(tenant: Tenant, company: str) -> frozenset[str]:
    """By the documented filter; should it be ignored, all deals come and are looked at."""
    reader = tenant.calls.deals.reader(filters={"organization": company})
    found = set()
    async for page in every([reader], "deals of a company"):
        found |= {deal.id for deal in read_rows(read_deal, page.rows) if deal.account == company}
    return frozenset(found)
