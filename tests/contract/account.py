"""The account: describing it, and creating what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.model import NewField, NewPipeline, NewStage, Provision
from tests.contract.base import (
    DEALS,
    NEEDED,
    TYPES,
    ContractBase,
    deal,
    exported,
    prepared,
)

if TYPE_CHECKING:
    from migrator.vendors.base import Vendor
    from tests.virtual_time import VirtualClock


class AccountContract(ContractBase):
    """Describing and provisioning."""

    def test_an_empty_account(self, clock: VirtualClock, vendor: Vendor) -> None:
        """An account without records is described, exports nothing and finds nothing."""

        async def main() -> None:
            account = await vendor.describe(TYPES)
            assert account.vendor == vendor.name
            assert account.id
            assert account.owners
            assert any(p.stages for p in account.pipelines)
            assert set(account.fields) == set(TYPES)
            for type in TYPES:
                assert await exported(vendor, type) == []
                assert await vendor.find(type, ["k@example.com"]) == {}
                assert await vendor.find(type, []) == {}

        clock.run(main())

    def test_describing_twice(self, clock: VirtualClock, vendor: Vendor) -> None:
        """An account nobody touched keeps its fingerprint; provisioning changes it."""

        async def main() -> None:
            first = await vendor.describe(TYPES)
            again = await vendor.describe(TYPES)
            assert first.fingerprint() == again.fingerprint()
            assert (await prepared(vendor)).fingerprint() != first.fingerprint()

        clock.run(main())

    def test_provisioning_is_repeatable(self, clock: VirtualClock, vendor: Vendor) -> None:
        """After provisioning nothing lacks, doing it again changes nothing."""

        async def main() -> None:
            before = await vendor.describe(TYPES)
            missing = vendor.lacking(before, NEEDED)
            assert missing
            await vendor.provision(missing)
            after = await vendor.describe(TYPES)
            assert not vendor.lacking(after, NEEDED)
            await vendor.provision(missing)
            assert (await vendor.describe(TYPES)).fingerprint() == after.fingerprint()

        clock.run(main())

    def test_a_dry_run_sees_what_would_be_there(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Rows pass the provisional account that pass the provisioned one; nothing is created."""

        async def main() -> None:
            before = await vendor.describe(TYPES)
            provisional = vendor.provisional(before, vendor.lacking(before, NEEDED))
            assert not vendor.lacking(provisional, NEEDED)
            record = deal("1", status="won", **{"custom.tier": "gold", "custom.seats": "12"})
            assert vendor.encode(record, provisional).problems == ()
            assert (await vendor.describe(TYPES)).fingerprint() == before.fingerprint()
            real = vendor.encode(record, await prepared(vendor))
            assert real.properties.keys() == vendor.encode(record, provisional).properties.keys()

        clock.run(main())

    def test_options_are_only_ever_extended(self, clock: VirtualClock, vendor: Vendor) -> None:
        """A field that lacks an option gets it and keeps those it has."""
        if not self.extends_options:
            pytest.skip("the vendor gives no means to add options to a field that is there")

        async def main() -> None:
            account = await prepared(vendor)
            options = dict(account.fields[DEALS]["tier"].options)
            more = Provision(fields={DEALS: (NewField("tier", "Tier", "choice", ("Bronze",)),)})
            missing = vendor.lacking(account, more)
            assert missing.fields
            await vendor.provision(missing)
            after = (await vendor.describe(TYPES)).fields[DEALS]["tier"].options
            assert options.items() < after.items()
            assert set(after.values()) - set(options.values()) == {"Bronze"}

        clock.run(main())

    def test_a_pipeline_is_completed(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Of a pipeline that is there only the missing stages are created, after the others."""
        if not vendor.capabilities.creates_pipelines:
            pytest.skip("the vendor gives no means to create stages")

        async def main() -> None:
            await prepared(vendor)
            more = Provision(
                pipelines=(NewPipeline("renewals", (NewStage("due"), NewStage("Talks"))),)
            )
            account = await vendor.describe(TYPES)
            missing = vendor.lacking(account, more)
            foreseen = vendor.provisional(account, missing)
            assert not vendor.lacking(foreseen, more)
            assert len(foreseen.pipelines) == len(account.pipelines)
            await vendor.provision(missing)
            account = await vendor.describe(TYPES)
            (pipeline,) = (p for p in account.pipelines if p.label == "Renewals")
            assert [s.label for s in pipeline.stages] == ["Due", "Won", "Lost", "Talks"]
            assert [str(s.status) for s in pipeline.stages] == ["open", "won", "lost", "open"]

        clock.run(main())
