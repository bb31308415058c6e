"""What is lost on the way: never twice, never forgotten; and answers of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest

from migrator.errors import MigratorError, OutcomeUnknown, Unavailable
from migrator.model import Action, OpState, Sent
from migrator.wire import Fault, FaultKind
from tests.contract.base import (
    DEALS,
    TYPES,
    ContractBase,
    creates,
    deal,
    exported,
    named,
    prepared,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from migrator.vendors.base import Vendor
    from tests.contract.base import Opener
    from tests.virtual_time import VirtualClock


LOST = (FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.CUT, FaultKind.STATUS)

REFUSALS = (
    (400, "{}"),
    (400, '{"message": "Bad request"}'),
    (403, "<html><body>Forbidden</body></html>"),
    (404, '{"message": "No Result found"}'),
    (409, '{"status": "error", "category": "CONFLICT", "message": "taken"}'),
    (422, '{"errors": [{"title": "wrong", "detail": "", "code": "field_invalid"}]}'),
    (422, '{"errors": [{"detail": "could not be saved"}]}'),
    (400, '{"success": 0, "message": "no", "failureReasons": ["because"]}'),
    (400, "[]"),
    (400, '"text"'),
    (400, '{"message": {"nested": [1]}, "errors": "text"}'),
    (302, ""),
)
"""Statuses and bodies by which a server says no, in all the shapes that vendors have."""


class LostContract(ContractBase):
    """Lost answers, refusals of every shape, quotas."""

    refusals: ClassVar[Sequence[tuple[int, str]]] = REFUSALS

    @pytest.mark.parametrize("kind", LOST)
    @pytest.mark.parametrize("count", [1, 6])
    def test_lost_answers_are_recovered(
        self,
        kind: FaultKind,
        count: int,
        clock: VirtualClock,
        vendor: Vendor,
        open_vendor: Opener,
    ) -> None:
        """A create without an answer is unknown and not repeated; ``recover`` tells what became.

        What it does not give was not carried out: written again, every deal is there once.
        """
        carried_out = kind in {FaultKind.LOST_AFTER, FaultKind.CUT}

        async def main() -> None:
            account = await prepared(vendor)
            await written(vendor, creates(vendor, account, [deal("other")]))
            size = min(count, vendor.capabilities.batch[DEALS, Action.CREATE])
            ops = creates(vendor, account, [deal(f"{kind}-{i}") for i in range(size)])
            sent = [Sent(op, clock.now()) for op in ops]
            faulty = open_vendor(self.creating(kind))
            with pytest.raises(OutcomeUnknown):
                await faulty.write(DEALS, Action.CREATE, ops)
            fresh = open_vendor()
            outcomes = {o.key: o for o in await fresh.recover(DEALS, sent)}
            if carried_out:
                assert {o.state for o in outcomes.values()} == {OpState.WRITTEN}
                assert outcomes.keys() == {op.key for op in ops}
            rest = [op for op in ops if op.key not in outcomes]
            assert bool(rest) != carried_out
            ids = await written(fresh, rest) if rest else {}
            ids |= {o.key: o.id for o in outcomes.values() if o.id}
            held = {h.key: h.id for h in await exported(vendor, DEALS) if h.key != "other"}
            assert held == ids
            assert len(await exported(vendor, DEALS)) == size + 1

        clock.run(main())

    def test_what_was_written_is_found_after_the_lag(
        self, clock: VirtualClock, open_lagging: Opener
    ) -> None:
        """An account that shows late what was written loses nothing and doubles nothing."""

        async def main() -> None:
            account = await prepared(open_lagging())
            writer = open_lagging()
            ids = await written(writer, creates(writer, account, [deal("one")]))
            clock.seconds += 15
            assert (await writer.find(DEALS, ["one"]))["one"].id == ids["one"]
            size = min(6, writer.capabilities.batch[DEALS, Action.CREATE])
            ops = creates(writer, account, [deal(f"lag-{i}") for i in range(size)])
            with pytest.raises(OutcomeUnknown):
                await open_lagging(self.creating(FaultKind.LOST_AFTER)).write(
                    DEALS, Action.CREATE, ops
                )
            sent = [Sent(op, clock.now()) for op in ops]
            outcomes = await open_lagging().recover(DEALS, sent)
            assert {o.key for o in outcomes if o.state is OpState.WRITTEN} == {o.key for o in ops}
            clock.seconds += 60
            assert len(await exported(open_lagging(), DEALS)) == size + 1

        clock.run(main())

    @pytest.mark.parametrize("wrong", [-7_200.0, 7_200.0])
    def test_a_wrong_clock_doubles_nothing(
        self, wrong: float, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Though our clock is wrong by two hours, what landed is found."""

        async def main() -> None:
            account = await prepared(vendor)
            size = min(6, vendor.capabilities.batch[DEALS, Action.CREATE])
            ops = creates(vendor, account, [deal(f"w-{i}") for i in range(size)])
            with pytest.raises(OutcomeUnknown):
                await open_vendor(self.creating(FaultKind.LOST_AFTER)).write(
                    DEALS, Action.CREATE, ops
                )
            at = clock.now() + timedelta(seconds=wrong)
            outcomes = await open_vendor().recover(DEALS, [Sent(op, at) for op in ops])
            assert {o.key for o in outcomes} == {op.key for op in ops}

        clock.run(main())

    def test_recovering_updates_does_no_harm(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Updates that were sent and have no answer are settled, or sent again to the same end."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal(f"u-{i}") for i in range(6)])
            ids = await written(vendor, ops)
            name = named(vendor, account, "name")
            updates = [
                replace(op, action=Action.UPDATE, id=ids[op.key], properties={name: "New"})
                for op in ops
            ]
            await written(vendor, updates[:3])
            sent = [Sent(op, clock.now()) for op in updates]
            outcomes = {o.key: o for o in await open_vendor().recover(DEALS, sent)}
            assert all(o.state is OpState.WRITTEN for o in outcomes.values())
            rest = [op for op in updates if op.key not in outcomes]
            assert {op.key for op in updates[3:]} <= {op.key for op in rest}
            await written(vendor, rest)
            found = await vendor.find(DEALS, ids, [name])
            assert {held.properties[name] for held in found.values()} == {"New"}
            assert len(await exported(vendor, DEALS)) == len(ops)

        clock.run(main())

    def test_a_create_is_never_repeated_blindly(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """After a lost answer no second request to create leaves, though it would succeed."""

        async def main() -> None:
            account = await prepared(vendor)
            for kind in (FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.STATUS):
                sent: list[str] = []

                def first_is_lost(
                    request: httpx.Request, kind: FaultKind = kind, sent: list[str] = sent
                ) -> Fault | None:
                    if not self.creates_deals(request):
                        return None
                    sent.append(request.url.path)
                    return Fault(kind) if len(sent) == 1 else None

                ops = creates(vendor, account, [deal(f"{kind}")])
                with pytest.raises(OutcomeUnknown):
                    await open_vendor(first_is_lost).write(DEALS, Action.CREATE, ops)
                assert len(sent) == 1

        clock.run(main())

    def test_without_a_connection_nothing_is_written(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """No connection is ``Unavailable``: surely not carried out."""

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal("a")])
            down = open_vendor(lambda _: Fault(FaultKind.NO_CONNECTION))
            with pytest.raises(Unavailable):
                await down.write(DEALS, Action.CREATE, ops)
            with pytest.raises(Unavailable):
                await down.describe(TYPES)
            assert await exported(vendor, DEALS) == []

        clock.run(main())

    def test_refusals_of_every_shape_are_told(
        self, clock: VirtualClock, vendor: Vendor, open_vendor: Opener
    ) -> None:
        """Whatever a server answers, the ops are refused with a message or the run stops with one.

        Nothing is created, and no answer makes the program fall over.
        """

        async def main() -> None:
            account = await prepared(vendor)
            for status, body in self.refusals:
                fault = Fault(FaultKind.STATUS, status, body=body)
                refusing = open_vendor(lambda r, f=fault: f if self.creates_deals(r) else None)  # type: ignore[misc]
                ops = creates(vendor, account, [deal("a")])
                try:
                    (outcome,) = await refusing.write(DEALS, Action.CREATE, ops)
                    told = outcome.message
                    assert outcome.state is OpState.REFUSED, (status, body)
                    assert outcome.code
                except MigratorError as error:
                    told = str(error)
                assert len(told.strip()) >= 2, (status, body)
            assert await exported(vendor, DEALS) == []

        clock.run(main())

    @pytest.mark.parametrize("headers", [{}, {"Retry-After": "7"}])
    def test_a_429_is_waited_out(
        self,
        headers: dict[str, str],
        clock: VirtualClock,
        vendor: Vendor,
        open_vendor: Opener,
    ) -> None:
        """Too many requests, with or without a time to wait: the request is sent again later."""
        met: list[float] = []

        def first_two(request: httpx.Request) -> Fault | None:
            if not self.creates_deals(request) or len(met) == 2:
                return None
            met.append(clock.seconds)
            return Fault(FaultKind.STATUS, 429, body="{}", headers=headers)

        async def main() -> None:
            account = await prepared(vendor)
            ops = creates(vendor, account, [deal("a")])
            began = clock.seconds
            await written(open_vendor(first_two), ops)
            assert len(met) == 2
            assert clock.seconds - began >= (14 if headers else 0.1)
            assert [h.key for h in await exported(vendor, DEALS)] == ["a"]

        clock.run(main())
