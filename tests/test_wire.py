"""Requests are sent again only where that is safe, and failures say what is known."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import InputError, MigratorError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.wire import (
    TRIES,
    Effect,
    Fault,
    FaultKind,
    Faulty,
    SystemClock,
    Tuning,
    at_random,
    connect,
    request,
)
from migrator.wire.retry import PASSING_TRIES
from tests.test_wire_pace import Rules
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

TUNING = Tuning(seed=1)


class Server:
    """Answers from a list, the last answer for ever; notes what arrived."""

    def __init__(self, *answers: int | httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer) if isinstance(answer, int) else answer


def client(
    clock: VirtualClock,
    handle: Callable[[httpx.Request], httpx.Response],
    plan: Callable[[httpx.Request], Fault | None] = lambda _: None,
    log: Callable[[str], object] | None = None,
    url: str = "https://crm.test",
) -> httpx.AsyncClient:
    """A client of a server in this process."""
    transport = Faulty(httpx.MockTransport(handle), plan, clock)
    return connect(Rules(), "secret", url, clock, transport=transport, log=log, tuning=TUNING)


def ask(server: Server, effect: Effect, method: str = "POST") -> httpx.Response:
    """One request in virtual time."""
    clock = VirtualClock()
    return clock.run(
        request(client(clock, server.handle), method, "/deals", effect=effect, json={})
    )


NO_CONNECTION = httpx.ConnectError("refused")
CUT = httpx.ReadError("cut")


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("first", [429, 423, 477, NO_CONNECTION, httpx.PoolTimeout("")])
def test_what_was_not_carried_out_is_sent_again(effect: Effect, first: int | Exception) -> None:
    """After proof that nothing was done, every request is sent again."""
    server = Server(first, 200)
    assert ask(server, effect).status_code == 200
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "first", [500, 502, 503, 504, 520, 524, 408, CUT, httpx.ReadTimeout(""), httpx.WriteError("")]
)
def test_a_create_of_unknown_outcome_is_never_repeated(first: int | Exception) -> None:
    """A lost answer leaves a create unknown and sent once; what is repeatable is sent again."""
    once = Server(first, 200)
    with pytest.raises(OutcomeUnknown, match="may have been carried out"):
        ask(once, Effect.ONCE)
    assert len(once.requests) == 1
    for effect in (Effect.NONE, Effect.REPEATABLE):
        again = Server(first, 200)
        assert ask(again, effect).status_code == 200
        assert len(again.requests) == 2


def test_a_503_with_retry_after_is_no_proof() -> None:
    """A 503 may come from something behind which the request was carried out."""
    server = Server(httpx.Response(503, headers={"Retry-After": "1"}), 200)
    with pytest.raises(OutcomeUnknown):
        ask(server, Effect.ONCE)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("failure", "effect", "error"),
    [
        (NO_CONNECTION, Effect.ONCE, Unavailable),
        (NO_CONNECTION, Effect.REPEATABLE, Unavailable),
        (NO_CONNECTION, Effect.NONE, Unavailable),
        (CUT, Effect.REPEATABLE, OutcomeUnknown),
        (CUT, Effect.NONE, Unavailable),
        (503, Effect.REPEATABLE, OutcomeUnknown),
        (503, Effect.NONE, Unavailable),
    ],
)
def test_tries_are_bounded(
    failure: int | Exception, effect: Effect, error: type[MigratorError]
) -> None:
    """After the last try the error says whether something may have been done."""
    server = Server(failure)
    with pytest.raises(error):
        ask(server, effect)
    assert len(server.requests) == TRIES


def test_doubt_stays() -> None:
    """An update whose first answer was lost stays unknown, though later tries were turned away."""
    for later in (NO_CONNECTION, 423, 429):
        with pytest.raises(OutcomeUnknown):
            ask(Server(CUT, later), Effect.REPEATABLE)
        with pytest.raises(Unavailable):
            ask(Server(CUT, NO_CONNECTION), Effect.NONE)
    assert ask(Server(CUT, 429), Effect.NONE).status_code == 429


@pytest.mark.parametrize("status", [200, 201, 204, 207, 302, 400, 401, 403, 404, 409])
def test_other_answers_are_the_vendors_to_read(status: int) -> None:
    """Any other answer below 500 is returned, after one request."""
    server = Server(status)
    assert ask(server, Effect.NONE).status_code == status
    assert len(server.requests) == 1


def test_a_daily_429_is_not_repeated() -> None:
    """What the vendor calls spent for the day is returned at once."""
    server = Server(httpx.Response(429, text="daily"))
    assert ask(server, Effect.NONE).text == "daily"
    assert len(server.requests) == 1


@pytest.mark.parametrize("effect", Effect)
def test_a_passing_refusal_is_tried_again_a_few_times(effect: Effect) -> None:
    """A refusal that the vendor is known to take back soon is repeated, whatever the request."""
    refusal = httpx.Response(403, text="passing")
    server = Server(refusal, refusal, httpx.Response(201))
    assert ask(server, effect).status_code == 201
    assert len(server.requests) == 3
    stubborn = Server(refusal)
    assert ask(stubborn, effect).status_code == 403
    assert len(stubborn.requests) == PASSING_TRIES


def test_a_passing_503_was_not_carried_out() -> None:
    """A server's error that says that nothing was done leaves no doubt behind."""
    with pytest.raises(Unavailable):
        ask(Server(httpx.Response(503, text="passing")), Effect.ONCE)
    with pytest.raises(OutcomeUnknown):
        ask(Server(httpx.Response(503)), Effect.ONCE)


def test_waiting_is_bounded() -> None:
    """A Retry-After of hours (477, "migration in progress") is not waited for; of seconds it is."""
    clock = VirtualClock()
    long = Server(httpx.Response(477, headers={"Retry-After": "86400"}))
    began = clock.seconds
    answer = clock.run(request(client(clock, long.handle), "GET", "/x", effect=Effect.NONE))
    assert (answer.status_code, len(long.requests), clock.seconds - began) == (477, 1, 0)
    short = Server(httpx.Response(423, headers={"Retry-After": "7"}), 200)
    clock.run(request(client(clock, short.handle), "GET", "/x", effect=Effect.NONE))
    assert 7 <= clock.seconds - began < 9


def test_a_locked_account_gets_two_seconds() -> None:
    """A 423 without Retry-After is tried again after two seconds at least."""
    clock = VirtualClock()
    began = clock.seconds
    server = Server(423, 200)
    clock.run(request(client(clock, server.handle), "POST", "/x", effect=Effect.ONCE))
    assert clock.seconds - began >= 2


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), effect=st.sampled_from(list(Effect)))
def test_faults_never_mislead(seed: int, effect: Effect) -> None:
    """Whatever goes wrong: a create is done at most once, and an error says the truth about it."""
    clock = VirtualClock()
    done: Counter[str] = Counter()

    def handle(request: httpx.Request) -> httpx.Response:
        done[request.url.path] += 1
        return httpx.Response(201, json={})

    chances = {kind: 0.12 for kind in FaultKind}  # noqa: C420  # one number each, spelled out
    plan = at_random(random.Random(seed), chances)
    connection = client(clock, handle, plan)

    async def main() -> None:
        for number in range(12):
            path = f"/{number}"
            try:
                response = await request(connection, "POST", path, effect=effect, json={})
            except Unavailable:
                assert effect is Effect.NONE or done[path] == 0
            except OutcomeUnknown:
                assert effect is not Effect.NONE
            else:
                assert response.status_code == 201
                assert done[path] >= 1
            if effect is Effect.ONCE:
                assert done[path] <= 1

    clock.run(main())


def test_each_fault_does_what_it_says() -> None:
    """A fault before the effect leaves none; one after it leaves one and no answer."""
    carried_out = {
        FaultKind.NO_CONNECTION: 0,
        FaultKind.LOST_BEFORE: 0,
        FaultKind.STATUS: 0,
        FaultKind.LOST_AFTER: 1,
        FaultKind.CUT: 1,
        FaultKind.SLOW: 1,
    }
    for kind, effects in carried_out.items():
        clock = VirtualClock()
        server = Server(httpx.Response(201, json={"id": "1"}))
        began = clock.seconds
        connection = client(clock, server.handle, lambda _, k=kind: Fault(k, seconds=4))  # type: ignore[misc]
        job = request(connection, "POST", "/deals", effect=Effect.ONCE, json={})
        if kind is FaultKind.SLOW:
            assert clock.run(job).json() == {"id": "1"}
            assert clock.seconds - began == pytest.approx(4)
        else:
            with pytest.raises((OutcomeUnknown, Unavailable)):
                clock.run(job)
        assert len(server.requests) == effects


def test_chances_are_kept() -> None:
    """Faults come as often as their chances say, and as the seed says."""
    chances = {FaultKind.CUT: 0.2, FaultKind.SLOW: 0.3}
    get = httpx.Request("GET", "https://crm.test")
    drawn = [
        [fault.kind if (fault := plan(get)) else None for _ in range(5000)]
        for plan in (at_random(random.Random(5), chances), at_random(random.Random(5), chances))
    ]
    assert drawn[0] == drawn[1]
    counts = Counter(drawn[0])
    assert counts[FaultKind.CUT] == pytest.approx(1000, rel=0.15)
    assert counts[FaultKind.SLOW] == pytest.approx(1500, rel=0.15)
    assert counts[None] == pytest.approx(2500, rel=0.15)


def test_the_log_keeps_secrets() -> None:
    """One line per try, with what helps and without token, keys in the query or bodies."""
    clock = VirtualClock()
    lines: list[str] = []
    server = Server(503, CUT, httpx.Response(200, text="confidential"))
    connection = client(clock, server.handle, log=lines.append)
    params = {"limit": "5", "hapikey": "abc123", "access_token": "xyz789"}
    clock.run(request(connection, "GET", "/deals", effect=Effect.NONE, params=params))
    assert len(lines) == 3
    assert ["503" in lines[0], "ReadError" in lines[1], "200" in lines[2]] == [True] * 3
    for line in lines:
        assert "GET /deals?limit=5" in line
        assert not {"abc123", "xyz789", "secret", "confidential"} & set(line.split())
        assert "abc123" not in line
        assert "xyz789" not in line
    assert lines[2].startswith("09:00:")
    assert lines[2].endswith("0 bytes out, 12 in")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/proxy/", "http://127.0.0.1:8080/proxy"])
def test_a_base_url_may_have_a_path(url: str) -> None:
    """Requests go below the base URL's path, with the token in its header."""
    clock = VirtualClock()
    server = Server(200)
    connection = client(clock, server.handle, url=url)
    clock.run(request(connection, "GET", "/crm/deals", effect=Effect.NONE, params={"a": "b c"}))
    (sent,) = server.requests
    assert str(sent.url) == "http://127.0.0.1:8080/proxy/crm/deals?a=b+c"
    assert sent.headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("url", ["", "api.crm.test", "ftp://crm.test", "http://", "http://a:b:c"])
def test_a_base_url_that_is_none(url: str) -> None:
    """The error names the variable to set."""
    with pytest.raises(InputError, match="TEST_BASE_URL"):
        connect(Rules(), "secret", url, VirtualClock())


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "t\u00f6ken"])
def test_a_token_that_is_none(token: str) -> None:
    """It is refused before anything is sent, and not repeated in the message."""
    with pytest.raises(Unauthorized, match="TEST_TOKEN") as refused:
        connect(Rules(), token, "https://crm.test", VirtualClock())
    assert not token.strip() or token not in str(refused.value)


def test_the_network_is_the_default() -> None:
    """Without a transport the client speaks to the network, and closes cleanly unused."""
    clock = SystemClock()

    async def main() -> None:
        async with connect(Rules(), " token ", "https://crm.test", clock) as connection:
            assert connection.headers["Authorization"] == "Bearer token"
            assert connection.timeout.connect == 10

    asyncio.run(main())


def test_the_systems_clock() -> None:
    """It runs forward, knows its zone, and sleeps as long as told."""
    clock = SystemClock()
    before = clock.monotonic()
    asyncio.run(clock.sleep(0.01))
    assert clock.monotonic() - before >= 0.009
    offset = clock.now().utcoffset()
    assert offset is not None
    assert not offset


def test_a_secret_that_a_server_repeats_goes_no_further() -> None:
    """Neither body nor headers of an answer bring the token back, and the rest of both stays."""
    token = "pat-na1-12345678"
    clock = VirtualClock()
    answer = httpx.Response(400, json={"who": f"is {token}?"}, headers={"X-Asked": f"a {token}"})
    server = Server(answer)
    transport = httpx.MockTransport(server.handle)

    async def ask() -> httpx.Response:
        async with connect(
            Rules(), token, "http://x.test", clock, transport=transport, tuning=TUNING
        ) as asking:
            return await request(asking, "GET", "/x", effect=Effect.NONE)

    told = clock.run(ask())
    assert token in server.requests[0].headers["Authorization"]
    assert told.json() == {"who": "is ***?"}
    assert told.headers["X-Asked"] == "a ***"
    assert (told.status_code, told.headers["Content-Type"]) == (400, "application/json")
