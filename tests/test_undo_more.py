"""Undo where processes die, retries wrote as well, clocks are wrong and people work on."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import MigratorError
from migrator.model import Action, ObjectType, Op
from migrator.runs.target import connected
from migrator.runs.undo.undoing import foresee, go_on, undo
from migrator.vendors.registry import product
from tests.mending import Mender
from tests.support import Rehearsal
from tests.test_every_vendor import PLACES, TEMPLATE, Place, add_contacts, everyone
from tests.test_undo import PEOPLE, edit, everything, later, listed, load, newest, step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.journal import Run
    from migrator.runs.undo.undoing import Undo

CONTACTS, DEALS = ObjectType.CONTACTS, ObjectType.DEALS
READS = ("/search", "/read", "/describe")


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Dying(httpx.AsyncBaseTransport):
    """A network on which the process dies at a request that writes, before or after its effect."""

    inner: httpx.AsyncBaseTransport
    at: int
    after: bool
    met: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request out, and perhaps die of it."""
        writes = request.method != "GET" and not request.url.path.endswith(READS)
        self.met += writes
        dies = writes and self.met == self.at
        if dies and not self.after:
            raise Killed
        answer = await self.inner.handle_async_request(request)
        if dies:
            raise Killed
        return answer


def deaths() -> Iterator[tuple[int, bool]]:
    """Before and after requests in turn, first one by one and then with growing steps, no end."""
    number, step, after = 1, 1, False
    while True:
        yield number, after
        after = not after
        number, step = number + step, max(1, number // 3)


def changed_and_linked(place: Place) -> tuple[Rehearsal, Any, Run]:
    """An account, what it was like, and a run that updated, linked and created there."""
    rehearsal = place.rehearsal(Path(tempfile.mkdtemp()))
    add_contacts(rehearsal, PEOPLE[:8])
    load(rehearsal, everyone(4, company=lambda n: "Old 0" if n == 1 else ""))
    before = everything(rehearsal)
    text = everyone(
        5,
        amount=lambda n: f"{n}.75",
        contact=lambda n: f"p{n + 1}@example.com",
        company=lambda n: "Old 0" if n % 2 else "New 1",
    )
    return rehearsal, before, load(rehearsal, text)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_an_undo_that_dies_goes_on_with_all_that_is_left(place: Place) -> None:
    """Wherever it dies, values and links of before are there in the end, and nothing else is."""
    for at, after in deaths():
        rehearsal, before, run = changed_and_linked(place)
        assert everything(rehearsal) != before
        rehearsal.wrap = lambda inner, at=at, after=after: Dying(inner, at, after)  # type: ignore[misc]
        try:
            step(rehearsal, run, undo)
        except Killed:
            rehearsal.wrap = lambda inner: inner
            later(rehearsal)
            result = step(rehearsal, newest(rehearsal), go_on)
        else:
            break
        later(rehearsal)
        assert result.complete, (at, after, listed(result, "kept"), listed(result, "failed"))
        assert everything(rehearsal) == before, (at, after)
        assert rehearsal.verify().agrees
    assert at > 3


def delete_contacts(rehearsal: Rehearsal, *names: str) -> None:
    """Another hand deletes contacts."""
    space = rehearsal.workspace()

    async def delete() -> None:
        async with connected(rehearsal.target, space) as session:
            await session.account([CONTACTS])
            for name, (id_, *_) in (await session.vendor.resolve(CONTACTS, names)).items():
                op = Op(1, CONTACTS, Action.DELETE, name, id_, {})
                await session.vendor.write(CONTACTS, Action.DELETE, [op])

    rehearsal.clock.run(delete())
    space.close()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_what_a_run_and_its_retry_wrote_to_one_record_is_taken_back_at_once(
    place: Place, tmp_path: Path
) -> None:
    """A record written with an objection and once more by a retry is as before the first."""
    mender = Mender(tmp_path, options=place.options, vendor=place.vendor, settings=place.settings)
    add_contacts(mender, PEOPLE)
    load(mender, everyone(3, id=lambda n: f"old{n}"))
    before = everything(mender)
    text = everyone(
        6,
        amount=lambda n: f"{n}.75",
        id=lambda n: f"k{n}" if n > 1 else "old1",
        contact=lambda n: f"p{n + 9}@example.com",
    )
    planned = mender.plan(mender.template(TEMPLATE), mender.source(text)).run
    delete_contacts(mender, "p10@example.com", "p12@example.com")
    report = mender.execute(planned)
    assert report.refusals["link_refused"] >= 1
    later(mender)
    edited = mender.edited(
        report, lambda row: row | {"contact": "p20@example.com", "amount": "99.75"}
    )
    assert mender.retry(edited).turned_down == 0
    later(mender)
    result = step(mender, planned, undo)
    assert result.complete, (listed(result, "kept"), listed(result, "failed"))
    later(mender)
    after = everything(mender)
    assert after["deals"] == before["deals"]


# -- a person's work and the clocks ----------------------------------------------------------------

OTHERS = {"hubspot": "description", "brevo": "deal_description", "activecampaign": "description"}
"""A field that no load here writes."""


def work_on(rehearsal: Rehearsal, key: str) -> None:
    """Another hand fills in a field that the run did not write."""
    space = rehearsal.workspace()

    async def write() -> None:
        async with connected(rehearsal.target, space) as session:
            await session.account([DEALS])
            found = await session.vendor.find(DEALS, [key])
            properties = {OTHERS[rehearsal.vendor]: "They called."}
            op = Op(1, DEALS, Action.UPDATE, key, found[key].id, properties)
            await session.vendor.write(DEALS, Action.UPDATE, [op])

    rehearsal.clock.run(write())
    space.close()
    later(rehearsal)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_verify_takes_nobodys_work_for_ours(place: Place, tmp_path: Path) -> None:
    """A deal that somebody worked on before the verify is kept by an undo after it."""
    rehearsal = place.rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE[:8])
    run = load(rehearsal, everyone(4))
    later(rehearsal)
    work_on(rehearsal, "k2")
    assert rehearsal.verify().agrees
    result = step(rehearsal, run, undo)
    assert [row["key"] for row in listed(result, "kept")] == ["k2"]
    assert result.ops["delete"] == 3


class Skewed(Rehearsal):
    """A CRM whose clock is an hour before ours."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sandbox = product(self.vendor).sandbox(
            token="secret",
            clock=self.clock.monotonic,
            now=lambda: self.clock.now() + timedelta(hours=1),
            **self.options,
        )


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_verified_right_after_the_load_a_wrong_clock_does_no_harm(
    place: Place, tmp_path: Path
) -> None:
    """Without a verify all looks changed and is kept; with one, what was worked on is."""
    rehearsal = Skewed(tmp_path, place.options, place.vendor, place.settings)
    add_contacts(rehearsal, PEOPLE[:8])
    run = load(rehearsal, everyone(4))
    assert step(rehearsal, run, foresee).kept == 4
    assert rehearsal.verify().agrees
    work_on(rehearsal, "k2")
    result = step(rehearsal, run, undo)
    assert [row["key"] for row in listed(result, "kept")] == ["k2"]
    assert result.ops["delete"] == 3


# -- refusals and stops ----------------------------------------------------------------------------


class Stingy(httpx.AsyncBaseTransport):
    """A HubSpot that lets nobody delete a deal, and may be away when it is asked for links."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, away: bool) -> None:
        self._inner = inner
        self._away = away
        self._refused = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse, or carry on."""
        if request.url.path.endswith("deals/batch/archive"):
            self._refused += 1
            body = {"status": "error", "category": "VALIDATION_ERROR", "message": "keep it"}
            return httpx.Response(400, json=body, request=request)
        if self._away and self._refused:
            raise httpx.ConnectError("away", request=request)
        return await self._inner.handle_async_request(request)


def test_what_is_refused_is_counted_once(tmp_path: Path) -> None:
    """An undo that is refused, stopped and resumed names each failure once."""
    rehearsal = PLACES[0].rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE[:8])
    run = load(rehearsal, everyone(3, company=lambda n: f"Firm {n}"))
    rehearsal.wrap = lambda inner: Stingy(inner, away=True)
    with pytest.raises(MigratorError):
        step(rehearsal, run, undo)
    rehearsal.wrap = lambda inner: Stingy(inner, away=False)
    later(rehearsal)
    result = step(rehearsal, newest(rehearsal), go_on)
    assert [row["key"] for row in listed(result, "failed")] == ["k1", "k2", "k3"]
    assert (result.failed, result.kept, result.ops["parents"]) == (3, 3, 0)
    assert len(rehearsal.sandbox.records("companies")) == 3


def test_what_cannot_be_deleted_keeps_its_company(tmp_path: Path) -> None:
    """Deals that the CRM does not let go are linked as before, also in one go."""
    rehearsal = PLACES[0].rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE[:8])
    run = load(rehearsal, everyone(3, company=lambda n: f"Firm {n}"))
    before = everything(rehearsal)
    rehearsal.wrap = lambda inner: Stingy(inner, away=False)
    result = step(rehearsal, run, undo)
    assert (result.failed, result.kept, result.ops["parents"]) == (3, 3, 0)
    assert everything(rehearsal) == before


def test_two_who_undo_the_same_run_do_it_once(tmp_path: Path) -> None:
    """Whoever comes second, having looked before the first had begun, is told so."""
    rehearsal = PLACES[0].rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE[:8])
    run = load(rehearsal, everyone(3))
    step(rehearsal, run, undo)
    stale: Callable[..., Any] = lambda space, found, session: undo(  # noqa: E731
        space, replace(run, id=found.id), session
    )
    with pytest.raises(MigratorError, match="is taken back by"):
        step(rehearsal, run, stale)


def test_edits_of_the_fields_of_a_run_stay_after_a_late_verify(tmp_path: Path) -> None:
    """What differs is never remembered as ours, however soon it is verified."""
    rehearsal = PLACES[0].rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE[:8])
    run = load(rehearsal, everyone(3))
    edit(rehearsal, run, ["k2"], amount="77.25")
    assert rehearsal.verify().changed == 1
    result: Undo = step(rehearsal, run, undo)
    assert [row["key"] for row in listed(result, "kept")] == ["k2"]
