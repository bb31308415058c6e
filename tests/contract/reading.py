"""Reading all: complete, each record once, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Action, Link, Shape
from migrator.vendors.base import records
from tests.contract.base import (
    CONTACTS,
    DEALS,
    ContractBase,
    creates,
    deal,
    exported,
    parents,
    prepared,
    written,
)

if TYPE_CHECKING:
    import httpx

    from migrator.vendors.base import Vendor
    from tests.contract.base import Opener
    from tests.virtual_time import VirtualClock


class ReadingContract(ContractBase):
    """Exports, and how many requests things take."""

    def test_export_gives_each_record_once(self, clock: VirtualClock, vendor: Vendor) -> None:
        """Over several pages every record comes once, with the properties asked for."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"K-{i}", amount=str(i)) for i in range(250)])
            ids = await written(vendor, ops)
            names = list(ops[0].properties)
            held = await exported(vendor, DEALS, *names)
            assert len(held) == 250
            assert {h.key: h.id for h in held} == ids
            sent = {op.key: op.properties for op in ops}
            for one in held:
                assert one.key is not None
                for name in names:
                    ours = sent[one.key][name]
                    assert vendor.same(DEALS, name, ours, one.properties[name])

        clock.run(main())

    def test_export_is_complete_while_others_write(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Records that are there all the time come exactly once, though others come and go."""

        async def main() -> None:
            account = await prepared(vendor)
            stay = creates(vendor, account, [deal(f"stay-{i}") for i in range(150)])
            leave = creates(vendor, account, [deal(f"leave-{i}") for i in range(12)])
            ids = await written(vendor, leave[:6]) | await written(vendor, stay)
            ids |= await written(vendor, leave[6:])
            stranger = open_vendor()
            seen: list[str] = []
            async for held in records(vendor.pages(DEALS)):
                if not seen:
                    gone = [replace(op, id=ids[op.key], action=Action.DELETE) for op in leave]
                    await written(stranger, gone)
                    await written(stranger, creates(vendor, account, [deal("new")]))
                seen.append(held.key or "")
            assert len(seen) == len(set(seen))
            assert {op.key for op in stay} <= set(seen)

        clock.run(main())

    def test_requests_are_foretold(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """``requests`` foretells what ``write`` and ``link`` send, and not much more."""
        sent: list[httpx.Request] = []

        async def main() -> None:
            account = await prepared(vendor)
            people = await parents(vendor, CONTACTS, "a@example.com")

            def count_it(request: httpx.Request) -> None:
                sent.append(request)

            counting = open_vendor(count_it)
            await counting.describe([DEALS])
            assert sum(vendor.requests({}).values()) == 0
            for count in (1, 230):
                ops = creates(
                    counting, account, [deal(f"{count}-{i}", amount="1") for i in range(count)]
                )
                shape = Shape(DEALS, Action.CREATE, frozenset(ops[0].properties))
                foretold = sum(vendor.requests({shape: count}).values())
                sent.clear()
                ids = await written(counting, ops)
                assert len(sent) <= foretold <= len(sent) * 1.5 + 3
                links = tuple(Link(CONTACTS, name, id_) for name, id_ in people.items())
                more = [
                    replace(op, action=Action.UPDATE, id=ids[op.key], links=links) for op in ops
                ]
                shape = Shape(DEALS, Action.UPDATE, frozenset(more[0].properties), (CONTACTS,))
                foretold = sum(vendor.requests({shape: count}).values())
                sent.clear()
                await written(counting, more)
                size = 1_000
                for start in range(0, count, size):
                    await counting.link(more[start : start + size])
                assert len(sent) <= foretold <= len(sent) * 1.5 + 3

        clock.run(main())
