"""Rows at which the CRM stumbles each time hold up no others, and no others are blamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.journal import Journal
from migrator.loader import Job, Loader
from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.base import Capabilities
from tests.test_every_vendor import PLACES, TEMPLATE, Place, add_contacts, everyone
from tests.test_journal import RUN, op
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from migrator.model import Op, Sent
    from tests.support import Rehearsal

DEALS = ObjectType.DEALS


class Stumbling(httpx.AsyncBaseTransport):
    """A CRM that breaks down over some names, whatever else a request carries."""

    def __init__(self, inner: httpx.AsyncBaseTransport, numbers: Collection[int]) -> None:
        self._inner = inner
        self._names = [f"Odd {n}.".encode() for n in numbers]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Break down, or carry on."""
        content = await request.aread()
        if request.method == "POST" and any(name in content for name in self._names):
            return httpx.Response(500, json={"message": "boom"}, request=request)
        return await self._inner.handle_async_request(request)


def stumbling(place: Place, folder: Path, odd: Collection[int]) -> Rehearsal:
    """An account that was loaded into before, and now stumbles."""
    rehearsal = place.rehearsal(folder)
    add_contacts(rehearsal, ["office@example.com"])
    first = everyone(1, id=lambda _: "first", contact=lambda _: "")
    rehearsal.load(rehearsal.template(TEMPLATE), rehearsal.source(first, "first.csv"))
    rehearsal.clock.seconds += 3600
    rehearsal.wrap = lambda inner: Stumbling(inner, odd)
    return rehearsal


def source(rehearsal: Rehearsal, count: int, odd: Collection[int]) -> str:
    """A file with odd deals in it."""
    return rehearsal.source(
        everyone(
            count,
            contact=lambda _: "office@example.com",
            title=lambda n: f"Odd {n}." if n in odd else f"Deal {n}",
        )
    )


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_a_sample_blames_only_what_it_sent(place: Place, tmp_path: Path) -> None:
    """Rows outside of a sample are not turned down with the row in it that gets no answer."""
    rehearsal = stumbling(place, tmp_path, {1})
    run = rehearsal.plan(rehearsal.template(TEMPLATE), source(rehearsal, 9, {1})).run
    report = rehearsal.execute(run, sample=4)
    assert (report.rows["created"], report.rows["refused"], report.rows["left"]) == (3, 1, 5)
    rehearsal.wrap = lambda inner: inner
    report = rehearsal.execute(run)
    assert (report.rows["created"], report.rows["refused"], report.rows["left"]) == (8, 1, 0)


@pytest.mark.parametrize("place", PLACES[:2], ids=lambda place: place.vendor)
def test_odd_rows_in_several_full_batches_end_a_run_still(place: Place, tmp_path: Path) -> None:
    """Three rows in three batches cost these three rows; the other hundreds are written."""
    odd = {10, 150, 250}
    rehearsal = stumbling(place, tmp_path, odd)
    run = rehearsal.plan(rehearsal.template(TEMPLATE), source(rehearsal, 320, odd)).run
    report = rehearsal.execute(run)
    assert (report.rows["created"], report.refusals) == (317, {"no_answer": 3})
    assert len(rehearsal.keys()) == len(set(rehearsal.keys())) == 318


class _Imports:
    """A CRM that knows what became of updates, and does other things again when asked."""

    capabilities = Capabilities({(DEALS, Action.UPDATE): 100}, {}, concurrency=1)

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """The updates were carried out."""
        del type
        return [
            Outcome(one.op.key, OpState.WRITTEN, one.op.id)
            for one in sent
            if one.op.action is Action.UPDATE
        ]

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Make links."""
        return [Outcome(op.key, OpState.WRITTEN, op.id) for op in ops]


def test_one_record_of_which_two_things_are_open_is_settled_twice(tmp_path: Path) -> None:
    """A deal that was updated and parted from its contact at once: each gets its own answer."""
    vendor: Any = _Imports()
    ops = [op(1, action=Action.UPDATE, id="7"), op(2, action=Action.UNLINK, id="7", key="k1")]
    clock = VirtualClock()
    with Journal(tmp_path / "journal.db") as journal:
        journal.add_run(RUN)
        journal.add_ops(RUN.id, [(one, "", "") for one in ops])
        journal.sending(RUN.id, ops, clock.now())
        clock.run(Loader(vendor, journal, Job(RUN.id, {}), clock).settle())
        states = {one.op.action: one.op.state for one in journal.finished(RUN.id)}
    assert states == {Action.UPDATE: OpState.WRITTEN, Action.UNLINK: OpState.PLANNED}
