"""Deals that look like a row: for those that were created, and then their fields failed.

Such a deal has no source key, so that nothing but its looks tells whose it is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.content import currency_wanted, first_parents
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.unknown import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.model import Op, Outcome, Sent
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Deal

ANY = "*"
"""Stands for a parent that is not known (any more)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a person would know a deal by; ``contact`` and ``account`` of a row may be ANY."""

    title: str
    cents: str | None
    currency: str
    stage: str | None
    contact: str | None
    account: str | None

    @property
    def vague(self) -> bool:
        """Whether a parent is not known."""
        return ANY in {self.contact, self.account}

    def fits(self, deal: Deal) -> bool:
        """Whether a deal looks so."""
        return (
            self.title == (deal.title or "").strip()
            and self.cents == deal.cents
            and self.currency == (deal.currency or "").lower()
            and self.stage == deal.stage
            and self.contact in {ANY, deal.contact}
            and self.account in {ANY, deal.account}
        )


async def look_of(tenant: Tenant, op: Op) -> Look:
    """How the deal of an op looks, if it was created."""
    given = op.properties
    parents = await parents_of(tenant, op)
    currency = await currency_wanted(tenant, op)
    return Look(
        given.get("title", "").strip(),
        tenant.money.cents(given.get("value", "0"), currency),
        currency.lower(),
        given.get("stage"),
        parents.get("contact"),
        parents.get("account"),
    )


async def parents_of(tenant: Tenant, op: Op) -> dict[str, str]:
    """Ids of the contact and the company a deal was sent with, :data:`ANY` where not known."""
    unknown = {"contact": ANY, "account": ANY}
    if any(link.id is None for link in op.links):
        return unknown
    try:
        return await first_parents(tenant, op)
    except BadValue:  # neither was given; the option was another one then
        return unknown


@dataclass
class Matched:
    """Ops and the deals that look like them: one to one, or more deals than ops."""

    pairs: list[tuple[Op, Deal]] = field(default_factory=list)
    doubtful: list[tuple[list[Op], list[Deal]]] = field(default_factory=list)


class Looks:
    """Ops by how their deals look."""

    def __init__(self) -> None:
        self._ops: defaultdict[Look, list[Op]] = defaultdict(list)
        self._by_title: defaultdict[str, set[Look]] = defaultdict(set)

    async def add(self, tenant: Tenant, ops: Iterable[Op]) -> Looks:
        """These and more ops."""
        for op in ops:
            look = await look_of(tenant, op)
            self._ops[look].append(op)
            self._by_title[look.title].add(look)
        return self

    def any_fits(self, deal: Deal) -> bool:
        """Whether a deal looks like one of the ops."""
        looks = self._by_title.get((deal.title or "").strip(), ())
        return any(look.fits(deal) for look in looks)

    def matched(self, keyless: Sequence[Deal]) -> Matched:
        """Each op with a deal without a key that looks just like it, as far as there are such.

        No deal is given to two ops: those of which all is known choose first. Where there are more
        such deals than ops nobody can tell which are theirs, and none is given.
        """
        found = Matched()
        given: set[str] = set()
        for look, ops in sorted(self._ops.items(), key=lambda item: item[0].vague):
            deals = [deal for deal in keyless if deal.id not in given and look.fits(deal)]
            if len(deals) > len(ops):
                found.doubtful.append((ops, deals))
            else:
                found.pairs += zip(ops, deals, strict=False)
            given.update(deal.id for deal in deals)
        return found


def too_many(one: Sent, ops: Sequence[Op], deals: Sequence[Deal], key_name: str) -> Outcome:
    """What to look for where more deals look like a row than there are such rows."""
    rows = "this row" if len(ops) == 1 else f"{len(ops)} rows that were sent without an answer"
    why = f"{len(deals)} deals without a source key look exactly like {rows}"
    also = (
        f'Write the key "{one.op.key}" into the field "{key_name}" of the one that is this row\'s, '
        "if one is."
    )
    ids = [deal.id for deal in deals]
    title = one.op.properties.get("title", one.op.key)
    return unknown(one, "ActiveCampaign", title, ids, why=why, also=also)
