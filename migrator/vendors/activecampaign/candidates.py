"""Deals that may be the ones whose answers were lost: those of some contacts, or all new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import every, read_rows, walk
from migrator.vendors.activecampaign.linked import SHORT_LIST
from migrator.vendors.activecampaign.lookalike import ANY, parents_of
from migrator.vendors.activecampaign.things import Deal, read_deal

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import datetime

    from migrator.model import Op
    from migrator.vendors.activecampaign.tenant import Tenant


async def of_contacts(tenant: Tenant, ops: Sequence[Op]) -> dict[str, Deal] | None:
    """The deals of all contacts of these ops; None when that cannot be told."""
    found: dict[str, Deal] = {}
    contacts: set[str] = set()
    for op in ops:
        contact = (await parents_of(tenant, op)).get("contact")
        if contact is None or contact == ANY:
            return None
        contacts.add(contact)
    for contact in contacts:
        try:
            page = await tenant.calls.deals.of_contact(contact)
        except Refusal:  # the contact is gone
            return None
        if page.total is None and len(page.rows) >= SHORT_LIST:
            return None
        if page.total is not None and page.total > len(page.rows):
            return None
        found |= {deal.id: deal for deal in read_rows(read_deal, page.rows)}
    return found


async def newest(tenant: Tenant, since: datetime, known: Container[str] = ()) -> dict[str, Deal]:
    """All deals created since, and some more, read from the newest back.

    The order by id is not documented. Where it is not kept the documented one by creation is
    asked for, and where that is not kept either, all deals are read.

    Args:
        tenant: the account.
        since: by ActiveCampaign's clock.
        known: ids that nothing is to be learnt of. Where a whole page is known, so is all that is
            older: it was read before.
    """
    for order in ("id", "cdate"):
        found = await _ordered(tenant, order, since, known)
        if found is not None:
            return found
    readers = [tenant.calls.deals.reader("id"), tenant.calls.deals.reader("cdate")]
    deals: dict[str, Deal] = {}
    async for page in every(readers, "deals"):
        deals |= {deal.id: deal for deal in read_rows(read_deal, page.rows)}
    return deals


async def _ordered(
    tenant: Tenant, order: str, since: datetime, known: Container[str]
) -> dict[str, Deal] | None:
    """The deals created since; None when the order is not kept."""
    found: dict[str, Deal] = {}
    last: Deal | None = None
    async for page in walk(tenant.calls.deals.reader(order, "DESC"), set()):
        deals = read_rows(read_deal, page.rows)
        for deal in deals:
            if last is not None and not _descends(last, deal, order):
                return None
            last = deal
            found[deal.id] = deal
        dates = [deal.created for deal in deals if deal.created is not None]
        if dates and dates[-1] < since:
            break
        if deals and all(deal.id in known for deal in deals):
            break
    return found


def _descends(before: Deal, after: Deal, order: str) -> bool:
    if order == "id":
        numbers = before.id.isdigit() and after.id.isdigit()
        return numbers and int(before.id) > int(after.id)
    if before.created is None or after.created is None:
        return True
    return before.created >= after.created
