"""Accounts in which no field may keep the source key: nothing finds a record again by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migrator.errors import OutcomeUnknown
from migrator.model import KEY_FIELD, UNKNOWN, Action, OpState, Sent
from migrator.wire import FaultKind
from tests.contract.base import (
    DEALS,
    NEEDED,
    TYPES,
    ContractBase,
    creates,
    deal,
    exported,
    named,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Account, Op
    from migrator.vendors.base import Vendor
    from tests.contract.base import Opener
    from tests.virtual_time import VirtualClock


async def unkeyed(vendor: Vendor) -> Account:
    """The account with all that is needed but the key fields."""
    account = await vendor.describe(TYPES)
    await vendor.provision(vendor.lacking(account, replace(NEEDED, keys=())))
    return await vendor.describe(TYPES)


def without_keys(vendor: Vendor, account: Account, names: Sequence[str]) -> list[Op]:
    """Creates of deals of these names, which carry no key."""
    ops = []
    for op in creates(vendor, account, [deal(name, name=name, amount="7") for name in names]):
        given = {name: value for name, value in op.properties.items() if name != KEY_FIELD}
        ops.append(replace(op, properties=given, facts={"amount": "7", "stage": "Due"}))
    return ops


class UnkeyedContract(ContractBase):
    """Creates that carry no source key."""

    def test_creates_without_a_key(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Each is created and its outcome has its own id: one at a time, so none is in doubt."""

        async def main() -> None:
            account = await unkeyed(vendor)
            assert KEY_FIELD not in account.fields[DEALS]
            names = [f"Nameless {i}" for i in range(5)]
            ops = without_keys(vendor, account, names)
            assert vendor.capabilities.batch[DEALS, Action.CREATE] == 1
            ids = await written(vendor, ops)
            name = named(vendor, account, "name")
            held = {one.id: one for one in await exported(vendor, DEALS, name)}
            assert len(held) == 5
            assert [held[ids[op.key]].properties[name] for op in ops] == names
            assert {one.key for one in held.values()} == {None}
            assert await vendor.find(DEALS, ids) == {}

        clock.run(main())

    @pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.CUT])
    def test_what_nobody_can_know(
        self, kind: FaultKind, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """A lost answer is for a person, who is told what to look for; or it surely did not land.

        It is never taken for written, nor sent again when it is there.
        """

        async def main() -> None:
            account = await unkeyed(vendor)
            await written(vendor, without_keys(vendor, account, ["Other"]))
            (op,) = without_keys(vendor, account, ["Lost deal"])
            with pytest.raises(OutcomeUnknown):
                await open_vendor(self.creating(kind)).write(DEALS, Action.CREATE, [op])
            there = {
                one.id for one in await exported(vendor, DEALS, named(vendor, account, "name"))
            }
            sent = [Sent(op, clock.now())]
            outcomes = await open_vendor().recover(DEALS, sent)
            for outcome in outcomes:
                assert (outcome.key, outcome.state) == (op.key, OpState.SENT)
                assert outcome.code == UNKNOWN
                assert outcome.id is None
                for word in ("Lost deal", "of 7", "Due", f"{clock.now():%Y-%m-%d}"):
                    assert word in outcome.message
            if kind is not FaultKind.LOST_BEFORE:
                assert len(there) == 2
                assert len(outcomes) == 1
                assert max(there, key=lambda id_: (len(id_), id_)) in outcomes[0].message
            assert {one.id for one in await exported(vendor, DEALS)} == there

        clock.run(main())
