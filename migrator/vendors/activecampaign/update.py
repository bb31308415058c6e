"""Updating many deals by the fewest requests.

A change of nothing but owners goes by ``deals/bulkUpdate``; one of nothing but custom values by
``dealCustomFieldData/bulkUpdate`` and ``bulkCreate``, when the ids of the values are known or worth
listing; everything else, whatever clears a field, and whatever a bulk request turns down, deal by
deal.

A bulk request that creates values names no results: its 200 is taken at its word. Reading each deal
back would cost as much as the PUTs that were saved; ``verify`` reads all of them at once. What it
does not check (options) was checked before. One that changes values names those it changed, in a
sentence; a deal that it leaves out gets a PUT.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown
from migrator.model import OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS
from migrator.vendors.activecampaign.clearing import clears
from migrator.vendors.activecampaign.content import read_content
from migrator.vendors.activecampaign.http import PAGE, chunks
from migrator.vendors.activecampaign.read import fill
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.write import one_by_one, refused, update
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migrator.model import Op
    from migrator.vendors.activecampaign.content import Content
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.values import Wire

FEW = 10
"""So many changes of custom values are not worth a look at how many values there are."""


def only_owner(names: Collection[str]) -> bool:
    """Whether a change is for the bulk request for owners."""
    return set(names) == {"owner"}


def only_custom(names: Collection[str]) -> bool:
    """Whether a change is for the bulk requests for values."""
    return bool(names) and not DEAL_FIELDS.keys() & set(names)


@dataclass
class _Bulk:
    """Values on their way: those that replace one (deal, its id, value), and for blank fields."""

    updates: list[tuple[str, str, Wire]] = field(default_factory=list)
    creates: list[tuple[str, str, Wire]] = field(default_factory=list)

    def requests(self, size: int) -> int:
        return -(-len(self.updates) // size) - (-len(self.creates) // size)


class Updates:
    """Updates deals; remembers which values there are from the last time all were read.

    Args:
        tenant: the account.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._values: Scratch | None = None
        self._pages: int | None = None
        self._missed = 0
        self._turn = asyncio.Lock()

    @property
    def knows_values(self) -> bool:
        """Whether the ids of all values are at hand."""
        return self._values is not None

    def learn(self, values: Scratch | None) -> None:
        """Remember all values, as they were read just now; or forget them."""
        if self._values is not None:
            self._values.close()
        self._values = values

    def forget(self, deal: str) -> None:
        """A deal's values were changed otherwise, so that ids of new ones are not known."""
        if self._values is not None:
            self._values.drop(deal)

    async def write(self, ops: Sequence[Op]) -> list[Outcome]:
        """Carry out updates; repeating any of them changes nothing."""
        bulk = [op for op in ops if not clears(op)]
        owners = [op for op in bulk if only_owner(op.properties)]
        custom = [op for op in bulk if only_custom(op.properties)]
        nothing = [op for op in ops if not op.properties]
        sorted_out = {op.key for op in (*owners, *custom, *nothing)}
        rest = [op for op in ops if op.key not in sorted_out]
        size = self._tenant.options.bulk_size
        steps = [partial(self._owners, chunk) for chunk in chunks(owners, size)]
        if custom:
            steps.append(partial(self._custom, custom))
        steps.append(partial(self._put, rest))
        done = [Outcome(op.key, OpState.WRITTEN, op.id) for op in nothing]
        return await in_turn(steps, done)

    async def _put(self, ops: Sequence[Op]) -> list[Outcome]:
        for op in ops:
            if not DEAL_FIELDS.keys() >= op.properties.keys():
                self.forget(str(op.id))
        return await one_by_one(ops, partial(update, self._tenant))

    # -- owners --------------------------------------------------------------------------------

    async def _owners(self, ops: Sequence[Op]) -> list[Outcome]:
        if len(ops) == 1:
            return await self._put(ops)
        pairs = [(str(op.id), op.properties["owner"]) for op in ops]
        try:
            answer = await self._tenant.calls.deals.set_owners(pairs)
        except Refusal:  # one of them spoils the whole request, and it does not say which
            return await self._put(ops)
        done = answer.changed | answer.unchanged
        outcomes = [Outcome(op.key, OpState.WRITTEN, op.id) for op in ops if op.id in done]
        outcomes += [
            Outcome(
                op.key,
                OpState.REFUSED,
                None,
                "owner_refused",
                f"ActiveCampaign did not give deal {op.id} its owner. The deal may be gone, or the "
                "user may not own deals of its pipeline.",
            )
            for op in ops
            if op.id in answer.failed
        ]
        silent = [op for op in ops if op.id not in done | answer.failed]
        return await in_turn([partial(self._put, silent)], outcomes)

    # -- custom values -------------------------------------------------------------------------

    async def _custom(self, ops: Sequence[Op]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        contents: dict[str, Content] = {}
        for op in ops:
            try:
                contents[op.key] = await read_content(self._tenant, op.properties)
            except BadValue as bad:
                outcomes.append(refused(op, bad))
        good = [op for op in ops if op.key in contents]
        bulk, by_bulk = await self._sorted(good, contents)
        if not by_bulk or bulk.requests(self._tenant.options.bulk_size) >= len(by_bulk):
            return await in_turn([partial(self._put, good)], outcomes)
        try:
            silent = await self._send(bulk)
        except Refusal:
            return await in_turn([partial(self._put, good)], outcomes)
        done = {op.key for op in by_bulk if op.id not in silent}
        outcomes += [Outcome(op.key, OpState.WRITTEN, op.id) for op in good if op.key in done]
        rest = [op for op in good if op.key not in done]
        return await in_turn([partial(self._put, rest)], outcomes)

    async def _sorted(
        self, ops: Sequence[Op], contents: dict[str, Content]
    ) -> tuple[_Bulk, list[Op]]:
        """Values by the request they go by, and the ops these are of.

        Of a deal of which no value is known (every one of ours has its key) nothing is known.
        """
        bulk = _Bulk()
        values = await self._values_for(len(ops))
        if values is None:
            return bulk, []
        data = values.of_deals(str(op.id) for op in ops)
        known = [op for op in ops if str(op.id) in data]
        for op in known:
            ids = {datum.field: datum.id for datum in data[str(op.id)]}
            for field_id, value in contents[op.key].custom.items():
                if field_id in ids:
                    bulk.updates.append((str(op.id), ids[field_id], value))
                else:
                    bulk.creates.append((str(op.id), field_id, value))
        return bulk, known

    async def _send(self, bulk: _Bulk) -> set[str]:
        """Send all; the deals of which an answer leaves a value out, for it is there no more."""
        size = self._tenant.options.bulk_size
        calls = self._tenant.calls.fields
        silent: set[str] = set()
        for updates in chunks(bulk.updates, size):
            changed = await calls.update_data([(datum, value) for _, datum, value in updates])
            if changed is not None:
                silent |= {deal for deal, datum, _ in updates if datum not in changed}
        for deal in dict.fromkeys(deal for deal, _, _ in bulk.creates):
            self.forget(deal)  # the answer names no ids
        try:
            for creates in chunks(bulk.creates, size):
                await calls.create_data(creates)
        except OutcomeUnknown:
            self.learn(None)  # what is there now has to be read before anything else is created
            raise
        return silent

    async def _values_for(self, count: int) -> Scratch | None:
        """All values, when they are at hand or when listing them has paid off by now.

        It has when the list has no more pages than PUTs were, and would be, spent for want of it:
        so at most twice the fewest requests are spent, whatever comes.
        """
        async with self._turn:
            if self._values is not None or count < FEW:
                return self._values
            if self._pages is None:
                page = await self._tenant.calls.fields.data_page()
                self._pages = -(-(page.total or len(page.rows)) // (PAGE - 1))
            if self._pages > count + self._missed:
                self._missed += count
                return None
            values = Scratch()
            await fill(self._tenant, values)
            self.learn(values)
            self._pages = None
            self._missed = 0
            return values
