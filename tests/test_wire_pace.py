"""The pacing keeps every window of a quota and leaves none of it unused."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import QuotaSpent
from migrator.model import Rate
from migrator.wire import Allowance, Effect, Faulty, Pace, Quota, connect, request
from tests.virtual_time import START, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def rate(requests: int, seconds: float) -> Rate:
    """So many requests in any window of so many seconds."""
    return Rate(requests, timedelta(seconds=seconds))


def _header(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _bucket(request: httpx.Request) -> str:
    return "search" if request.url.path.endswith("/search") else ""


def _learn(response: httpx.Response) -> tuple[Quota, ...]:
    text = response.headers.get("Quota")
    if text is None:
        return ()
    requests, seconds, left = (float(part) for part in text.split("/"))
    return (Quota(rate(int(requests), seconds), int(left) if left >= 0 else None),)


@dataclass
class Rules:
    """A product as the wire sees it."""

    rates: Mapping[str, tuple[Rate, ...]] = field(default_factory=lambda: {"": (), "search": ()})
    title: str = "Testing CRM"
    base_url: str | None = None
    token_env: str = "TEST_TOKEN"  # a variable's name
    base_url_env: str = "TEST_BASE_URL"
    headers: Callable[[str], Mapping[str, str]] = _header
    bucket: Callable[[httpx.Request], str] = _bucket
    learn: Callable[[httpx.Response], tuple[Quota, ...]] = _learn
    spent: Callable[[httpx.Response], bool] = lambda r: r.text == "daily"
    passing: Callable[[httpx.Response], bool] = lambda r: r.text == "passing"


@dataclass
class Server:
    """Notes when each request arrives; takes some time on the way there and back."""

    clock: VirtualClock
    way: Callable[[], float] = lambda: 0.0
    answer: Callable[[float], httpx.Response] = lambda _: httpx.Response(200)
    arrivals: list[float] = field(default_factory=list)

    async def handle(self, _request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await asyncio.sleep(self.way())
        self.arrivals.append(self.clock.seconds)
        response = self.answer(self.clock.seconds)
        await asyncio.sleep(self.way())
        return response

    def most_in(self, seconds: float) -> int:
        """Most arrivals in any rolling window."""
        most = first = 0
        for last, at in enumerate(self.arrivals):
            while at - self.arrivals[first] >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


async def send(pace: Pace, count: int, workers: int, path: str = "/x") -> None:
    """Send so many requests, some at once."""
    waiting = list(range(count))

    async def work() -> None:
        while waiting:
            waiting.pop()
            await pace.handle_async_request(httpx.Request("GET", f"https://crm.test{path}"))

    await asyncio.gather(*(work() for _ in range(workers)))


@settings(max_examples=25)
@given(
    windows=st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from([1.0, 10.0, 60.0, 3600.0])),
        min_size=1,
        max_size=4,
        unique_by=lambda w: w[1],
    ),
    workers=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_no_window_is_ever_exceeded(
    windows: list[tuple[int, float]], workers: int, seed: int
) -> None:
    """As the server sees it, no rolling window holds more than it may, whatever the load."""
    clock, rng = VirtualClock(), random.Random(seed)
    # Requests take unlike times to arrive: by up to the margin of the shortest window.
    jitter = min(seconds for _, seconds in windows) * 0.009
    server = Server(clock, way=lambda: 0.05 + rng.uniform(0, jitter))
    rules = Rules(rates={"": tuple(rate(*window) for window in windows)})
    pace = Pace(httpx.MockTransport(server.handle), rules, clock, Allowance(patient=True))
    clock.run(send(pace, 70, workers))
    assert len(server.arrivals) == 70
    for most, seconds in windows:
        assert server.most_in(seconds) <= most


class Opening(httpx.AsyncBaseTransport):
    """Connections to a server: each takes some time to open, before its first request is sent."""

    def __init__(self, server: Server, seconds: float) -> None:
        self._network = httpx.MockTransport(server.handle)
        self._seconds = seconds
        self._open = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and tell as httpcore does when that begins."""
        if self._open:
            self._open -= 1
        else:
            await asyncio.sleep(self._seconds)
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        response = await self._network.handle_async_request(request)
        self._open += 1
        return response


@pytest.mark.parametrize("opening", [0.0, 0.1, 0.35, 0.8])
def test_opening_connections_exceeds_no_window(opening: float) -> None:
    """The first requests arrive late, those that follow do not: still no second holds too many."""
    clock, rng = VirtualClock(), random.Random(1)
    server = Server(clock, way=lambda: rng.uniform(0.02, 0.037))
    pace = Pace(Opening(server, opening), Rules(rates={"": (rate(5, 1.0),)}), clock)
    clock.run(send(pace, 60, workers=6))
    assert server.most_in(1.0) <= 5
    assert server.arrivals[-1] - server.arrivals[0] < 11 * 1.02 + 0.1  # nothing is lost by it


def test_the_network_tells_when_a_request_leaves() -> None:
    """The transport of httpx tells of the first byte over an open connection; we rely on it."""
    clock = VirtualClock()

    class Slowly(httpcore.AsyncMockBackend):
        async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
            await asyncio.sleep(0.6)
            return await super().connect_tcp(*args, **kwargs)

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    network = httpx.AsyncHTTPTransport()
    network._pool = httpcore.AsyncConnectionPool(network_backend=Slowly([answer]))
    rules = Rules(rates={"": (rate(1, 1.0),)})

    async def main() -> list[float]:
        ends = []
        async with connect(rules, "t", "http://crm.test", clock, transport=network) as client:
            for _ in range(3):
                await client.get("/")
                ends.append(clock.seconds)
        return ends

    first, second, third = clock.run(main())
    # The next one is let through a second after the first byte, and opens a connection again.
    assert second - first == pytest.approx(1.018 + 0.6, abs=0.01)
    assert third - second == pytest.approx(1.018 + 0.6, abs=0.01)


@pytest.mark.parametrize(("most", "seconds"), [(100, 10.0), (5, 1.0), (190, 10.0)])
def test_the_quota_is_used_to_the_full(most: int, seconds: float) -> None:
    """While there is work, 98 per cent of the rate are used at least."""
    clock = VirtualClock()
    server = Server(clock, way=lambda: 0.15)
    pace = Pace(
        httpx.MockTransport(server.handle), Rules(rates={"": (rate(most, seconds),)}), clock
    )
    count = most * 25
    clock.run(send(pace, count, workers=100))
    arrivals = server.arrivals
    took = arrivals[-1] - arrivals[0]
    # A window's worth goes at once; every further one takes a window.
    assert (len(arrivals) - most) / took >= 0.98 * most / seconds
    assert len(server.arrivals) == count
    assert server.most_in(seconds) <= most


def test_a_share_of_the_quota() -> None:
    """With a share of one half, half of each window is used."""
    clock = VirtualClock()
    server = Server(clock)
    rules = Rules(rates={"": (rate(10, 10),)})
    pace = Pace(httpx.MockTransport(server.handle), rules, clock, Allowance(share=0.5))
    clock.run(send(pace, 30, workers=8))
    assert server.most_in(10) == 5


def test_buckets_do_not_wait_for_each_other() -> None:
    """A quota that is used up holds only its own requests."""
    clock = VirtualClock()
    server = Server(clock)
    rules = Rules(rates={"": (rate(1000, 10),), "search": (rate(1, 10),)})
    pace = Pace(httpx.MockTransport(server.handle), rules, clock)

    async def main() -> float:
        searching = asyncio.create_task(send(pace, 3, 3, "/search"))
        await asyncio.sleep(0.1)
        await send(pace, 100, 10)
        done = clock.seconds
        await searching
        return done

    began = clock.seconds
    assert clock.run(main()) - began < 1
    assert clock.seconds - began > 20


def test_windows_are_learned_from_answers() -> None:
    """The quota in an answer's headers holds from then on, be it greater or smaller."""
    for learned in (40, 3):
        clock = VirtualClock()
        header = {"Quota": f"{learned}/10/-1"}
        server = Server(clock, answer=lambda _, h=header: httpx.Response(200, headers=h))  # type: ignore[misc]
        rules = Rules(rates={"": (rate(10, 10),)})
        pace = Pace(httpx.MockTransport(server.handle), rules, clock)
        clock.run(send(pace, 200, workers=1))
        assert server.most_in(10) == learned
        assert server.arrivals[-1] - server.arrivals[0] == pytest.approx(
            10.1 * (200 // learned - (200 % learned == 0)), rel=0.05
        )


def test_what_others_use_is_left_to_them() -> None:
    """When the vendor counts more than we sent, we send less."""
    clock = VirtualClock()
    used = [7]  # by somebody else, just before

    def answer(_at: float) -> httpx.Response:
        used[0] += 1
        return httpx.Response(200, headers={"Quota": f"10/10/{10 - used[0]}"})

    server = Server(clock, answer=answer)
    pace = Pace(httpx.MockTransport(server.handle), Rules(rates={"": (rate(10, 10),)}), clock)

    async def main() -> list[float]:
        await send(pace, 3, 1)
        used[0] = 0
        await send(pace, 1, 1)
        return server.arrivals

    arrivals = clock.run(main())
    assert arrivals[2] - arrivals[0] < 1
    assert arrivals[3] - arrivals[0] >= 10


def test_a_429_holds_the_whole_bucket() -> None:
    """After a refusal nobody sends for Retry-After; when it is silent for a window, then two."""
    for headers, waits in (({"Retry-After": "25"}, [25, 25]), ({}, [10, 20])):
        clock = VirtualClock()
        answers = [httpx.Response(429, headers=headers) for _ in range(2)]
        answers.append(httpx.Response(200))
        server = Server(clock, answer=lambda _, a=answers: a.pop(0))  # type: ignore[misc]
        rules = Rules(rates={"": (rate(100, 10),)})
        pace = Pace(httpx.MockTransport(server.handle), rules, clock)
        clock.run(send(pace, 3, 1))
        gaps = [b - a for a, b in zip(server.arrivals, server.arrivals[1:], strict=False)]
        assert gaps == pytest.approx(waits, abs=0.01)


def test_a_day_that_is_spent_stops_the_run() -> None:
    """A wait of many hours is no wait: ``QuotaSpent`` says until when, nothing is sent."""
    clock = VirtualClock()
    server = Server(clock)
    rules = Rules(rates={"": (rate(3, 86_400),)})
    pace = Pace(httpx.MockTransport(server.handle), rules, clock)
    with pytest.raises(QuotaSpent) as stopped:
        clock.run(send(pace, 4, 1))
    assert len(server.arrivals) == 3
    assert stopped.value.until is not None
    assert timedelta(hours=23) < stopped.value.until - START < timedelta(hours=25)
    assert "resume" in str(stopped.value)


def test_hours_are_waited_for() -> None:
    """A quota per hour is waited for within the run."""
    clock = VirtualClock()
    server = Server(clock)
    rules = Rules(rates={"": (rate(2, 3600),)})
    pace = Pace(httpx.MockTransport(server.handle), rules, clock)
    clock.run(send(pace, 4, 1))
    assert 3600 <= server.arrivals[-1] - server.arrivals[0] < 3700


def test_a_daily_refusal_holds_nobody() -> None:
    """A 429 for the day goes up to who asked, so that the run can stop: no waiting for a window."""
    clock = VirtualClock()
    server = Server(clock, answer=lambda _: httpx.Response(429, text="daily"))
    pace = Pace(httpx.MockTransport(server.handle), Rules(rates={"": (rate(9, 10),)}), clock)
    began = clock.seconds
    clock.run(send(pace, 4, 2))
    assert clock.seconds - began < 1


def test_closing_reaches_the_network() -> None:
    """Closing the client closes every transport below it, to the last."""
    closed = []

    class Network(httpx.AsyncBaseTransport):
        async def aclose(self) -> None:
            closed.append(True)

    clock = VirtualClock()
    lines: list[str] = []
    client = connect(
        Rules(),
        "t",
        "https://crm.test",
        clock,
        transport=Faulty(Network(), lambda _: None, clock),
        log=lines.append,
    )
    clock.run(client.aclose())
    assert closed == [True]


def test_a_request_tells_when_it_leaves() -> None:
    """``leaving`` is called when the quota has been waited for, before each try, none else."""
    clock = VirtualClock()
    answers = [httpx.Response(429), httpx.Response(200)]
    server = Server(clock, answer=lambda _: answers.pop(0))
    rules = Rules(rates={"": (rate(1, 100),)})
    left: list[float] = []

    async def go() -> None:
        transport = httpx.MockTransport(server.handle)
        async with connect(rules, "t", "https://crm.test", clock, transport=transport) as client:
            await client.get("/used-up")
            await request(
                client,
                "POST",
                "/x",
                effect=Effect.ONCE,
                leaving=lambda: left.append(clock.seconds),
            )

    answers.insert(0, httpx.Response(200))
    clock.run(go())
    assert left == server.arrivals[1:]
    assert left[0] >= 1100
    assert len(left) == 2
