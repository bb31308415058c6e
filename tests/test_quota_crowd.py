"""As many requests are under way at once as help: the quota is used to the full at any latency."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import Unavailable
from migrator.model import Rate
from migrator.wire import (
    MOST,
    Allowance,
    Effect,
    Quota,
    Tuning,
    connect,
    request,
)
from migrator.wire.crowd import FEW
from tests.support import Rehearsal, deals
from tests.test_quota_used import TEMPLATE
from tests.test_wire_pace import Rules
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEN_SECONDS = timedelta(seconds=10)


@dataclass
class Server:
    """Answers after some time; knows how many requests it has at once, and when each arrived.

    Attributes:
        latency: seconds an answer takes, at a time.
        bears: more requests than that at once are turned down with ``status``.
        quota: requests in any ten seconds; what is beyond is a 429. None = any number.
        tells: the quota is in the headers.
    """

    clock: VirtualClock
    latency: Callable[[float], float] = lambda _: 0.3
    bears: int = 1_000_000
    status: int = 423
    quota: int | None = None
    tells: bool = True
    at_once: int = 0
    most: int = 0
    arrivals: list[float] = field(default_factory=list)
    refused: int = 0
    too_many: list[float] = field(default_factory=list)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        now = self.clock.seconds
        try:
            if self.at_once > self.bears:
                self.too_many.append(now)
                await asyncio.sleep(self.latency(now) / 10)
                return httpx.Response(self.status)
            await asyncio.sleep(self.latency(now))
        finally:
            self.at_once -= 1
        return self._counted(request, now)

    def _counted(self, request: httpx.Request, now: float) -> httpx.Response:
        if self.quota is None or request.url.path.endswith("/search"):
            self.arrivals.append(now)
            return httpx.Response(200)
        if sum(now - at < 10 for at in self.arrivals) >= self.quota:
            self.refused += 1
            return httpx.Response(429)
        self.arrivals.append(now)
        headers = {"Max": str(self.quota)} if self.tells else {}
        return httpx.Response(200, headers=headers)


def _learn(response: httpx.Response) -> tuple[Quota, ...]:
    most = response.headers.get("Max")
    return (Quota(Rate(int(most), TEN_SECONDS)),) if most else ()


def rules(documented: int | None = None) -> Rules:
    """A product with a quota per ten seconds, of which its headers tell, or without one."""
    day = Rate(1_000_000, timedelta(days=1), calendar=True)
    rates = (Rate(documented, TEN_SECONDS), day) if documented else ()
    return Rules({"": rates, "search": (Rate(5, timedelta(seconds=1)),)}, learn=_learn)


async def work(
    server: Server,
    count: int,
    documented: int | None = None,
    *,
    workers: int = 60,
    allowance: Allowance | None = None,
) -> list[int]:
    """Send so many requests as fast as may be; the statuses of their answers."""
    transport = httpx.MockTransport(server.handle)
    tuning = Tuning(seed=1)
    client = connect(
        rules(documented),
        "secret",
        "https://crm.test",
        server.clock,
        transport=transport,
        allowance=allowance,
        tuning=tuning,
    )
    left = list(range(count))
    statuses = []

    async def one() -> None:
        while left:
            left.pop()
            answer = await request(client, "POST", "/deals", effect=Effect.ONCE, json={})
            statuses.append(answer.status_code)

    async with client:
        await asyncio.gather(*(one() for _ in range(workers)))
    return statuses


# -- the quota -------------------------------------------------------------------------------------


@pytest.mark.parametrize("documented", [100, 400])
@pytest.mark.parametrize("latency", [0.0, 0.3, 1.5])
def test_the_quota_is_used_to_the_full_at_any_latency(latency: float, documented: int) -> None:
    """98 per cent of the real quota once it is full, never a 429, and no more at once than helps.

    Whatever was documented: the headers tell of another one, a greater or a smaller.
    """
    clock = VirtualClock()
    server = Server(clock, lambda _: latency, quota=190)
    count = 190 * 5
    assert set(clock.run(work(server, count, documented))) == {200}
    assert server.refused == 0
    # An ideal sender has one more request leave for each that is forgotten, 190 per ten seconds.
    took = server.arrivals[-1] - server.arrivals[189]
    assert 10 * (count - 190) / 190 / took >= 0.98
    if documented <= 190:
        assert server.most <= max(FEW, math.ceil(19 * latency * 1.25) + 1)
    assert server.most <= MOST


def test_fewer_when_answers_come_sooner() -> None:
    """A server that was slow for a while does not leave more requests under way than it takes."""
    clock = VirtualClock()
    begun = clock.seconds
    server = Server(clock, lambda now: 1.5 if now < begun + 60 else 0.1, quota=190)
    crowds = Allowance()
    clock.run(work(server, 1_300, 190, allowance=crowds))
    assert server.most > 4 * FEW
    assert crowds.crowds.of("").size == FEW
    server.most = 0
    clock.run(work(server, 200, 190, allowance=crowds))
    assert server.most <= FEW
    assert server.refused == 0


def test_without_a_quota_the_most_are_soon_under_way() -> None:
    """From few to all within five answers' time; each answer's time from then on is one round."""
    clock = VirtualClock()
    server = Server(clock, lambda _: 0.5)
    begun = clock.seconds
    clock.run(work(server, 500))
    assert server.most == MOST
    first = sum(at < begun + 5 * 0.5 - 0.01 for at in server.arrivals)
    assert first >= FEW * (1 + 2 + 4 + 8) + MOST
    assert clock.seconds - begun <= 0.5 * (5 + math.ceil((500 - first) / MOST)) + 0.01


@pytest.mark.parametrize("quota", [None, 1_000_000])
def test_a_quick_server_has_few_requests_under_way(quota: int | None) -> None:
    """Without a quota, or with one as good as none, quick answers need no crowd to be many."""
    clock = VirtualClock()
    server = Server(clock, lambda _: 0.02, quota=quota)
    begun = clock.seconds
    clock.run(work(server, 1_000, quota))
    assert server.most == FEW
    assert clock.seconds - begun <= 1_000 / FEW * 0.02 + 0.01


def test_a_share_of_the_quota_needs_fewer_at_once() -> None:
    """Who uses a quarter of the quota has no more under way than a quarter needs."""
    clock = VirtualClock()
    server = Server(clock, lambda _: 1.5, quota=190)
    clock.run(work(server, 400, 190, allowance=Allowance(share=0.25)))
    assert server.most <= math.ceil(19 / 4 * 1.5 * 1.25) + 1


def test_no_more_than_are_asked_for() -> None:
    """A crowd that is never full does not grow: places are not what is waited for."""
    clock = VirtualClock()
    allowance = Allowance()
    clock.run(work(Server(clock), 200, workers=3, allowance=allowance))
    assert allowance.crowds.of("").size == FEW


def test_buckets_do_not_wait_for_each_other() -> None:
    """Where all places wait for one quota, requests of another one leave at once."""
    clock = VirtualClock()
    server = Server(clock, quota=5)
    client = connect(
        rules(5), "secret", "https://crm.test", clock, transport=httpx.MockTransport(server.handle)
    )

    async def main() -> float:
        general = [
            asyncio.ensure_future(request(client, "GET", "/deals", effect=Effect.NONE))
            for _ in range(30)
        ]
        await asyncio.sleep(1)
        begun = clock.seconds
        await request(client, "GET", "/deals/search", effect=Effect.NONE)
        took = clock.seconds - begun
        await asyncio.gather(*general)
        return took

    assert clock.run(main()) == pytest.approx(0.3)


# -- a server that does not bear it ----------------------------------------------------------------


@pytest.mark.parametrize("bears", [1, 2, 3, 7, 20])
def test_a_locked_account_gets_fewer_at_once(bears: int) -> None:
    """A server that answers 423 to more than it bears is given what it bears, and all gets done."""
    clock = VirtualClock()
    server = Server(clock, bears=bears)
    begun = clock.seconds
    assert clock.run(work(server, 1_000)) == [200] * 1_000
    assert len(server.arrivals) == 1_000
    assert len(server.too_many) < 60
    ideal = 1_000 / bears * 0.3
    assert clock.seconds - begun < 1.25 * ideal + 20


@pytest.mark.parametrize("status", [423, 408, 502, 503])
def test_it_does_not_grow_again_at_once(status: int) -> None:
    """After it was too much for the server, half as many are under way for ten seconds."""
    clock = VirtualClock()
    crowd = Allowance()
    server = Server(clock, bears=12, status=status)

    async def tried() -> None:
        transport = httpx.MockTransport(server.handle)
        client = connect(
            rules(), "secret", "https://crm.test", clock, transport=transport, allowance=crowd
        )
        asks = (request(client, "GET", "/deals", effect=Effect.NONE) for _ in range(1_000))
        async with client:
            await asyncio.gather(*asks)

    clock.run(tried())
    first = server.too_many[0]
    at_first = [at for at in server.too_many if at < first + 0.3]
    later = [at for at in server.too_many if at >= first + 0.3]
    assert 0 < len(at_first) <= 20
    assert all(at > first + 10 for at in later)


@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout("late"), httpx.ConnectError("refused"), httpx.ReadError("cut")]
)
def test_no_answer_is_a_sign_as_well(fault: Exception) -> None:
    """Answers that do not come halve the crowd, down to one; it never is less."""
    clock = VirtualClock()
    allowance = Allowance()

    def handle(_request: httpx.Request) -> httpx.Response:
        raise fault

    client = connect(
        rules(),
        "secret",
        "https://crm.test",
        clock,
        transport=httpx.MockTransport(handle),
        allowance=allowance,
    )
    with pytest.raises(Unavailable):
        clock.run(request(client, "GET", "/deals", effect=Effect.NONE))
    assert allowance.crowds.of("").size == 1


# -- whole loads -----------------------------------------------------------------------------------


class Watched(httpx.AsyncBaseTransport):
    """A slow way to a CRM that bears so many creates at once; looks into the journal meanwhile."""

    def __init__(self, crm: httpx.AsyncBaseTransport, rehearsal: Rehearsal, bears: int) -> None:
        self._crm = crm
        self._rehearsal = rehearsal
        self._bears = bears
        self.at_once = 0
        self.most = 0
        self.locked = 0
        self.open = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request there and its answer back."""
        if not request.url.path.endswith("/batch/create"):
            return await self._crm.handle_async_request(request)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.open = max(self.open, self._open())
        try:
            await asyncio.sleep(1.0)
            if self.at_once > self._bears:
                self.locked += 1
                return httpx.Response(423)
            return await self._crm.handle_async_request(request)
        finally:
            self.at_once -= 1

    def _open(self) -> int:
        """Batches that are durably sent and have no answer."""
        path = self._rehearsal.folder / ".migrator" / "journal.db"
        with closing(sqlite3.connect(path)) as db:
            (found,) = db.execute("SELECT count(*) FROM ops WHERE state = 'sent'").fetchone()
        return -(-int(found) // 100)


@pytest.mark.parametrize("bears", [8, 1_000])
def test_a_load_has_as_many_batches_open_as_are_under_way(bears: int, tmp_path: Path) -> None:
    """A batch is durably sent only when there is a place for it: few are looked up after a kill.

    HubSpot may lock an account that is written to by too many at once; every deal is there once.
    """
    rehearsal = Rehearsal(tmp_path, {"per_ten_seconds": 100_000})
    watched = []

    def wrap(crm: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        watched.append(Watched(crm, rehearsal, bears))
        return watched[-1]

    rehearsal.wrap = wrap
    report = rehearsal.load(rehearsal.template(TEMPLATE), rehearsal.source(deals(4_000)))
    assert report.rows["created"] == 4_000
    assert len(rehearsal.sandbox.records("deals")) == 4_000
    (way,) = watched
    assert FEW < way.most <= MOST
    # Those that HubSpot turned down wait for two seconds; their places go to nobody new.
    assert way.open <= way.most
    assert bool(way.locked) == (bears == 8)
