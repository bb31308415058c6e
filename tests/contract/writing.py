"""Writing: one outcome per op, one bad row costs one row, values arrive as they were sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migrator.model import Action, Op, OpState
from tests.contract.base import (
    DEALS,
    ContractBase,
    creates,
    deal,
    exported,
    named,
    outcomes_of,
    prepared,
    written,
)

if TYPE_CHECKING:
    from migrator.vendors.base import Vendor
    from tests.virtual_time import VirtualClock


class WritingContract(ContractBase):
    """Creates, updates and deletes."""

    def test_every_create_has_one_outcome_and_is_found(
        self, clock: VirtualClock, vendor: Vendor
    ) -> None:
        """Batches are written; each record is found by its key, with what was sent."""

        async def main() -> None:
            account = await prepared(vendor)
            size = min(max(vendor.capabilities.batch[DEALS, Action.CREATE], 7), 250)
            values = {"amount": "1234.50", "close_date": "2026-03-31", "description": "x"}
            ops = creates(vendor, account, [deal(f"K-{i}", **values) for i in range(size)])
            outcomes = await outcomes_of(vendor, ops)
            assert outcomes.keys() == {op.key for op in ops}
            assert {o.state for o in outcomes.values()} == {OpState.WRITTEN}
            assert len({o.id for o in outcomes.values()}) == size
            names = ops[0].properties
            found = await vendor.find(DEALS, [*outcomes, "K-none"], names)
            assert found.keys() == outcomes.keys()
            for op in ops:
                held = found[op.key]
                assert held.id == outcomes[op.key].id
                assert held.key == op.key
                for name, value in op.properties.items():
                    assert vendor.same(DEALS, name, value, held.properties[name])

        clock.run(main())

    def test_one_bad_row_costs_one_row(self, clock: VirtualClock, vendor: Vendor) -> None:
        """The vendor's refusal is named with its reason; all others of the batch are written."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}") for i in range(9)])
            for bad in (3, 7):
                ops[bad] = replace(ops[bad], properties={**ops[bad].properties, **self.refused})
            outcomes = await outcomes_of(vendor, ops)
            assert outcomes.keys() == {op.key for op in ops}
            refused = {key for key, o in outcomes.items() if o.state is OpState.REFUSED}
            assert refused == {"K-3", "K-7"}
            assert outcomes["K-3"].code
            assert outcomes["K-3"].message
            held = await exported(vendor, DEALS)
            assert {h.key for h in held} == outcomes.keys() - refused
            assert {h.id for h in held} == {o.id for o in outcomes.values() if o.id}

        clock.run(main())

    def test_texts_survive(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Any Unicode and 65,000 characters are held as they were sent."""

        async def main() -> None:
            account = await prepared(vendor)
            texts = [
                "Zo\u00eb \u2013 \u6771\u4eac \U0001f680; \"q\", \\ 'a' <b>&",
                "\u00e4" * 65_000,
                "a\nb\tc",
            ]
            records = [
                deal(f"K\u00e9 {i}", **{"custom.source_note": text}) for i, text in enumerate(texts)
            ]
            ops = creates(vendor, account, records)
            name = named(vendor, account, "custom.source_note")
            await written(vendor, ops)
            found = await vendor.find(DEALS, [r.key for r in records], [name])
            assert [found[r.key].properties[name] for r in records] == texts

        clock.run(main())

    def test_every_kind_of_field_comes_back_the_same(
        self, clock: VirtualClock, vendor: Vendor
    ) -> None:
        """What is encoded says the same as what is held then: planning again finds nothing."""

        async def main() -> None:
            account = await prepared(vendor)
            owner = next(o for o in account.owners if o.active)
            record = deal(
                "all",
                amount="10.00",
                close_date="2026-03-31",
                created_at="2019-02-28T23:59:59Z",
                owner=owner.email.upper(),
                description="line\r\nbreak",
                **{
                    "custom.source_note": "1,000",
                    "custom.seats": "007",
                    "custom.renewal_on": "2027-01-01",
                    "custom.signed_at": "2026-01-01T08:00:00.250Z",
                    "custom.is_partner": "true",
                    "custom.tier": "silver",
                },
            )
            if account.currency:
                record = replace(record, values={**record.values, "currency": account.currency})
            ignored = vendor.capabilities.ignored.keys()
            values = {name: v for name, v in record.values.items() if name not in ignored}
            record = replace(record, values=values)
            ops = creates(vendor, account, [record])
            await written(vendor, ops)
            properties = ops[0].properties
            held = (await vendor.find(DEALS, ["all"], properties))["all"].properties
            differing = [
                name
                for name, value in properties.items()
                if not vendor.same(DEALS, name, value, held[name])
            ]
            assert differing == []

        clock.run(main())

    def test_a_key_that_exists_is_told_apart(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A create whose key is taken is refused with code ``key_exists``; nothing doubles."""
        if not vendor.capabilities.unique_keys:
            pytest.skip("the vendor does not mind; it is on the loader to look before writing")

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal("a"), deal("b")])
            ids = await written(vendor, ops[:1])
            outcomes = await outcomes_of(vendor, ops)
            assert (outcomes["a"].state, outcomes["a"].code) == (OpState.REFUSED, "key_exists")
            assert outcomes["b"].state is OpState.WRITTEN
            held = await exported(vendor, DEALS)
            assert sorted(h.key or "" for h in held) == ["a", "b"]
            assert ids["a"] in {h.id for h in held}

        clock.run(main())

    def test_updates_and_deletes(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Updates change what they name and nothing else; doing either twice is harmless."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}", amount="1") for i in range(5)])
            ids = await written(vendor, ops)
            amount = named(vendor, account, "amount")
            updates = [
                Op(op.seq, DEALS, Action.UPDATE, op.key, ids[op.key], {amount: "99"})
                for op in ops[:3]
            ]
            for _ in range(2):
                assert await written(vendor, updates) == {op.key: ids[op.key] for op in ops[:3]}
            found = await vendor.find(DEALS, ids, ops[0].properties)
            amounts = [found[op.key].properties[amount] for op in ops]
            expected = ["99", "99", "99", "1", "1"]
            for given, held in zip(expected, amounts, strict=True):
                assert vendor.same(DEALS, amount, given, held)
            for op in ops:
                others = op.properties.keys() - {amount}
                assert all(found[op.key].properties[n] == op.properties[n] for n in others)
            deletes = [replace(op, action=Action.DELETE) for op in updates]
            for _ in range(2):
                await written(vendor, deletes)
            assert {h.key for h in await exported(vendor, DEALS)} == {"K-3", "K-4"}
            assert (await vendor.find(DEALS, ids)).keys() == {"K-3", "K-4"}

        clock.run(main())

    def test_a_bad_update_costs_one_row(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Of a batch of updates only the bad one and that of a record that is gone are refused."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}") for i in range(4)])
            ids = await written(vendor, ops)
            await written(vendor, [replace(ops[3], action=Action.DELETE, id=ids["K-3"])])
            name = named(vendor, account, "name")
            updates = [
                Op(op.seq, DEALS, Action.UPDATE, op.key, ids[op.key], {name: "New"}) for op in ops
            ]
            updates[1] = replace(updates[1], properties=self.refused)
            outcomes = await outcomes_of(vendor, updates)
            assert outcomes.keys() == ids.keys()
            written_keys = {k for k, o in outcomes.items() if o.state is OpState.WRITTEN}
            assert written_keys == {"K-0", "K-2"}
            found = await vendor.find(DEALS, ids, [name])
            names = {key: held.properties[name] for key, held in found.items()}
            assert names == {"K-0": "New", "K-1": "Deal K-1", "K-2": "New"}

        clock.run(main())
