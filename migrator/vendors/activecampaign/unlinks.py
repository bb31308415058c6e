"""Taking links of deals away: secondary contacts by the association's own id, the rest by a PUT.

How the primary contact or the company of a deal is taken away is not documented (UNCERTAIN): the
key is sent as null and then as blank text, and each time it is looked whether it helped. Since a
deal must have a contact or a company, its last one stays, and so does whatever ActiveCampaign
keeps; the outcome says so.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Link, Op
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Deal, Secondary

UNLINK_REFUSED = "unlink_refused"

_BLANKS: tuple[object, ...] = (None, "")
"""What may take a parent away, the likelier first."""

_NAMES = {ObjectType.CONTACTS: "contact", ObjectType.COMPANIES: "company"}


async def unlink(tenant: Tenant, ops: Sequence[Op]) -> list[Outcome]:
    """Part deals from their ``op.links``: WRITTEN when none of them is left.

    Ops behind what stops it have no outcome; to part them again does no harm.
    """
    work = _Unlinking(tenant)
    return await in_turn([partial(work.outcome, op) for op in ops])


class _Unlinking:
    """Remembers the associations of each contact, which are listed by contact, and what helps."""

    def __init__(self, tenant: Tenant) -> None:
        self._calls = tenant.calls.deals
        self._secondary: dict[str, list[Secondary]] = {}
        self._blanks = list(_BLANKS)

    async def outcome(self, op: Op) -> list[Outcome]:
        """Part one deal from its parents."""
        if wrong := await self._unlink(op):
            message = f"not all links were taken away: {'; '.join(wrong)}"
            return [Outcome(op.key, OpState.REFUSED, None, UNLINK_REFUSED, message)]
        return [Outcome(op.key, OpState.WRITTEN, op.id)]

    async def _unlink(self, op: Op) -> list[str]:
        """What is wrong with one deal then."""
        if op.type is not ObjectType.DEALS:
            return [f"{op.type} have no links here"] if op.links else []
        wrong: list[str] = []
        on_the_deal: list[Link] = []
        for link in op.links:
            try:
                if link.type is ObjectType.COMPANIES or not await self._removed(op, link):
                    on_the_deal.append(link)
            except Refusal as refusal:
                wrong.append(_told(link, refusal.fault.message))
        return wrong + (await self._of_deal(str(op.id), on_the_deal) if on_the_deal else [])

    async def _removed(self, op: Op, link: Link) -> bool:
        """Whether a contact was a secondary one of the deal, which it is no more."""
        contact = str(link.id)
        if contact not in self._secondary:
            self._secondary[contact] = await self._of_contact(contact)
        ours = [one for one in self._secondary[contact] if one.deal == op.id]
        for one in ours:
            try:
                await self._calls.remove_secondary(one.id)
            except Refusal as refusal:
                if not refusal.not_found:
                    raise
        return bool(ours)

    async def _of_contact(self, contact: str) -> list[Secondary]:
        try:
            return await self._calls.secondary_of_contact(contact)
        except Refusal as refusal:
            if refusal.not_found:  # the contact is gone, and its associations are with it
                return []
            raise

    async def _of_deal(self, id: str, links: Sequence[Link]) -> list[str]:
        """Take the primary contact and the company away, as far as they are among these links."""
        deal = await self._deal(id)
        wrong: list[str] = []
        # The company first: where only one of the two can go, a deal rather keeps its contact.
        for link in sorted(links, key=lambda link: link.type is ObjectType.CONTACTS):
            if deal is None or not _holds(deal, link):
                continue
            if deal.contact is None or deal.account is None:
                wrong.append(_told(link, "a deal must have a contact or a company"))
                continue
            deal = await self._without(deal, link)
            if deal is not None and _holds(deal, link):
                wrong.append(
                    _told(link, "ActiveCampaign keeps it; choose another one for the deal by hand")
                )
        return wrong

    async def _without(self, deal: Deal, link: Link) -> Deal | None:
        """The deal after an attempt to take a parent away."""
        name = "contact" if link.type is ObjectType.CONTACTS else "account"
        after: Deal | None = deal
        for blank in tuple(self._blanks):
            try:
                await self._calls.update(deal.id, {name: blank})
            except Refusal:
                continue
            after = await self._deal(deal.id)
            if after is None or not _holds(after, link):
                self._blanks = [blank]
                break
        return after

    async def _deal(self, id: str) -> Deal | None:
        try:
            return await self._calls.get(id)
        except Refusal as refusal:
            if refusal.not_found:
                return None
            raise


def _holds(deal: Deal, link: Link) -> bool:
    return link.id == (deal.contact if link.type is ObjectType.CONTACTS else deal.account)


def _told(link: Link, why: str) -> str:
    return f'{_NAMES.get(link.type, link.type)} "{link.key}": {why}'
