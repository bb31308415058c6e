"""Linking deals to contacts and companies: one company each, one primary contact, any others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Link, Op
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Secondary

LINK_REFUSED = "link_refused"


async def link(tenant: Tenant, ops: Sequence[Op]) -> list[Outcome]:
    """Link deals to their parents.

    The first contact and the first company of a deal that was created are on it already.
    """
    return [await _link(tenant, op) for op in ops]


async def _link(tenant: Tenant, op: Op) -> Outcome:
    if op.type is not ObjectType.DEALS:
        raise InputError(f"ActiveCampaign's {op.type} are not linked by migrator.")
    try:
        wrong = await _links(tenant, op)
    except Refusal as refusal:
        wrong = [refusal.fault.message]
    if wrong:
        message = f"the deal is there, but not all its links: {'; '.join(wrong)}"
        return Outcome(op.key, OpState.REFUSED, None, LINK_REFUSED, message)
    return Outcome(op.key, OpState.WRITTEN, op.id)


async def _links(tenant: Tenant, op: Op) -> list[str]:
    """Link one deal; what is wrong with it."""
    contacts = [link for link in op.links if link.type is ObjectType.CONTACTS]
    companies = [link for link in op.links if link.type is ObjectType.COMPANIES]
    if op.action is Action.CREATE:
        contacts = contacts[1:]
        wrong = _others(companies, companies[0].id if companies else None)
    else:
        contacts, wrong = await _primary(tenant, op, contacts, companies)
    for contact in contacts:
        try:
            await _secondary(tenant, str(op.id), str(contact.id))
        except Refusal as refusal:
            wrong.append(f'contact "{contact.key}": {refusal.fault.message}')
        except OutcomeUnknown as error:  # sent several times by now
            if await _there(tenant, str(op.id), str(contact.id)) is None:
                wrong.append(f'contact "{contact.key}": {error}')
    return wrong


def _others(companies: Sequence[Link], there: str | None) -> list[str]:
    """What is wrong with the companies beyond the one a deal has."""
    return [
        f'company "{company.key}": a deal has one company in ActiveCampaign, and this one has '
        "another"
        for company in companies
        if company.id != there
    ]


async def _primary(
    tenant: Tenant, op: Op, contacts: list[Link], companies: list[Link]
) -> tuple[list[Link], list[str]]:
    """Fill a deal's empty places; returns the contacts still to link, and what is wrong."""
    deal = await tenant.calls.deals.get(str(op.id))
    place: dict[str, str] = {}
    if contacts and deal.contact is None:
        place["contact"] = str(contacts[0].id)
    if companies and deal.account is None:
        place["account"] = str(companies[0].id)
    wrong: list[str] = []
    if place:
        try:
            await tenant.calls.deals.update(deal.id, place)
        except Refusal as refusal:
            names = [link.key for link in (*contacts[:1], *companies[:1])]
            wrong.append(f"{', '.join(names)}: {refusal.fault.message}")
    primary = place.get("contact", deal.contact)
    wrong += _others(companies, place.get("account", deal.account))
    return [contact for contact in contacts if contact.id != primary], wrong


async def _secondary(tenant: Tenant, deal: str, contact: str) -> None:
    """Make a contact a secondary one, with the role that was asked for."""
    role = await tenant.role()
    try:
        one: Secondary | None = await tenant.calls.deals.add_secondary(deal, contact)
    except Refusal as refusal:
        if "already associated" not in refusal.fault.message.casefold():
            raise
        one = await _there(tenant, deal, contact) if role else None
    if role is not None and one is not None and one.role != role:
        await tenant.calls.deals.set_role(one.id, role)


async def _there(tenant: Tenant, deal: str, contact: str) -> Secondary | None:
    """The association of a contact with a deal; None also where it is the primary one."""
    there = await tenant.calls.deals.secondary_of_contact(contact)
    return next((one for one in there if one.deal == deal), None)
