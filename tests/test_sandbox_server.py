"""The sandbox behind a port: HTTP, faults, shutting down, and HubSpot's own client against it."""

from __future__ import annotations

import errno
import json
import socket
import socketserver
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import InputError
from migrator.sandbox import CutAnswer, Faults, Faulty, SandboxServer, serve
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.hubspot.sandbox import DEAL, inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

DEALS = "/crm/v3/objects/deals"
TRACED = f"{DEALS}/batch/create"
HEADERS = {"Authorization": "Bearer any"}


class Echo:
    """A sandbox that counts its requests and says nothing about itself."""

    def __init__(self) -> None:
        self.count = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Repeat the request."""
        self.count += 1
        if request.method == "DELETE":
            return httpx.Response(204)
        path = request.url.raw_path.decode()
        return httpx.Response(200, json={"path": path, "body": request.content.decode()})


@pytest.fixture
def hubspot() -> HubSpotSandbox:
    """An empty account without quotas."""
    return HubSpotSandbox(rate_limits=False)


@pytest.fixture
def server(hubspot: HubSpotSandbox) -> Iterator[SandboxServer]:
    """The account behind a port."""
    with serve(hubspot) as running:
        yield running


def test_an_answer_over_the_wire_is_the_answer_in_process(
    hubspot: HubSpotSandbox, server: SandboxServer
) -> None:
    """Status, headers and body are the same in both ways of use."""
    request = httpx.Request("POST", f"{server.url}{DEALS}", headers=HEADERS, json={})
    inner = hubspot.handle(request)
    outer = httpx.post(request.url, headers=HEADERS, json={})
    assert outer.status_code == inner.status_code == 400
    assert outer.headers["x-hubspot-ratelimit-max"] == inner.headers["x-hubspot-ratelimit-max"]
    assert {**outer.json(), "correlationId": ""} == {**inner.json(), "correlationId": ""}


def test_bodies_queries_and_empty_answers_pass_unchanged() -> None:
    """Unicode bodies, encoded queries and 204 without a body, on one kept connection."""
    with serve(Echo()) as running, httpx.Client(base_url=running.url) as http:
        sent = http.post("/a%20b?x=%C3%A5&x=2", content="blåbær ✓".encode())
        assert sent.json() == {"path": "/a%20b?x=%C3%A5&x=2", "body": "blåbær ✓"}
        assert http.delete("/x").content == b""
        assert http.get("/x").status_code == 200
        assert sent.headers["content-length"] == str(len(sent.content))


def test_two_hundred_small_requests_do_not_wait_for_delayed_acknowledgements() -> None:
    """One write per answer and no Nagle: far below 40 ms each on a kept connection."""
    with serve(Echo()) as running, httpx.Client(base_url=running.url) as http:
        http.get("/")
        began = time.perf_counter()
        for _ in range(200):
            http.post("/x", content=b"x")
        assert time.perf_counter() - began < 200 * 0.02


def test_requests_of_many_threads_are_all_carried_out_once(
    hubspot: HubSpotSandbox, server: SandboxServer
) -> None:
    """One lock: eight writers at once lose nothing and give every deal an id of its own."""

    def write() -> None:
        with httpx.Client(base_url=server.url, headers=HEADERS) as http:
            for _ in range(5):
                assert http.post(TRACED, json=inputs(*[DEAL] * 10)).status_code == 201

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one["id"] for one in hubspot.records("deals")}) == 400


def test_a_person_with_a_browser_sees_what_this_is_and_what_it_holds(
    server: SandboxServer,
) -> None:
    """`/` is a short text; the state is JSON with records, requests and faults."""
    assert "imitated" in httpx.get(server.url).text
    httpx.post(f"{server.url}{TRACED}", headers=HEADERS, json=inputs(DEAL))
    answer = httpx.get(f"{server.url}/__sandbox__/state")
    assert answer.headers["content-type"] == "application/json"
    state = answer.json()
    assert state["records"]["deals"] == 1
    assert state["requests"] == {"POST objects/{type}/batch/create": 1}
    assert state["faults"] == {}


def test_the_state_of_a_sandbox_that_tells_nothing_is_the_faults_alone() -> None:
    """`state` is no part of what a sandbox must have."""
    assert Faulty(Echo(), Faults()).state() == {"faults": {}}


def test_a_log_has_one_line_per_request() -> None:
    """Method, path and status; complaints about malformed requests as well."""
    lines: list[str] = []
    with serve(Echo(), log=lines.append) as running:
        httpx.get(f"{running.url}/x")
        with socket.create_connection(("127.0.0.1", int(running.url.rsplit(":", 1)[1]))) as raw:
            raw.sendall(b"NONSENSE\r\n\r\n")
            assert b"400" in raw.recv(4096)
    # A line is written behind its answer, and so perhaps behind another connection's.
    assert lines.count("GET /x 200") == 1
    assert any("400" in line for line in lines)


@pytest.mark.parametrize(
    "head", [b"POST /x HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET /\x01 HTTP/1.1\r\n\r\n"]
)
def test_a_malformed_request_is_a_400_and_ends_the_connection(head: bytes) -> None:
    """The sandbox itself is not asked."""
    echo = Echo()
    with serve(echo) as running:
        port = int(running.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(head)
            answer = b""
            while part := raw.recv(4096):
                answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert echo.count == 0


def test_a_client_that_goes_away_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A reset connection leaves no trace on stderr, and the next client is served."""
    with serve(Echo(), faults=Faults(slow=(1.0, 0.05))) as running:
        port = int(running.url.rsplit(":", 1)[1])
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.sendall(b"GET /x HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n")
        raw.close()
        assert httpx.get(f"{running.url}/x").status_code == 200
    assert capsys.readouterr().err == ""


def test_an_error_of_the_sandbox_itself_shows_its_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A bug is no fault on purpose: the connection ends and the trace is on stderr."""

    class Broken:
        def handle(self, request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError(request.url.path)

    with serve(Broken()) as running, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{running.url}/x")
    assert "ZeroDivisionError: /x" in capsys.readouterr().err


def test_a_port_in_use_is_an_error_with_the_way_out() -> None:
    """InputError names the port and --port."""
    with serve(Echo()) as running:
        port = int(running.url.rsplit(":", 1)[1])
        with pytest.raises(InputError, match=rf"Port {port} .* in use.*--port"):
            SandboxServer(Echo(), port=port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_an_error_for_the_user(host: str) -> None:
    """InputError names the address."""
    with pytest.raises(InputError, match=rf"Cannot listen on {host}"):
        SandboxServer(Echo(), host=host)


def test_a_port_of_the_system_is_an_error_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """InputError says which ports are free to choose."""

    def forbid(_server: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socketserver.TCPServer, "server_bind", forbid)
    with pytest.raises(InputError, match=r"Port 80 .*above 1023"):
        SandboxServer(Echo(), port=80)


def test_closing_ends_idle_connections_and_threads_and_frees_the_port() -> None:
    """Kept connections that wait for another request do not hold the close up."""
    before = threading.active_count()
    server = SandboxServer(Echo())
    server.start()
    port = int(server.url.rsplit(":", 1)[1])
    with httpx.Client(base_url=server.url) as http:
        http.get("/x")
        began = time.perf_counter()
        server.close()
        assert time.perf_counter() - began < 2
    assert threading.active_count() == before
    with serve(Echo(), port=port) as again:
        assert httpx.get(f"{again.url}/x").status_code == 200


def test_waiting_ends_when_the_server_is_closed() -> None:
    """`wait` is what a command line sits in; a server never started can be closed as well."""
    server = SandboxServer(Echo())
    server.start()
    server.wait(0.01)
    threading.Timer(0.05, server.close).start()
    server.wait()
    SandboxServer(Echo()).close()


def creates(sandbox: HubSpotSandbox, faults: Faults, count: int) -> Counter[str]:
    """Send creates in process; what became of them: statuses and names of exceptions."""
    found: Counter[str] = Counter()
    transport = httpx.MockTransport(Faulty(sandbox, faults, sleep=lambda _: None).handle)
    with httpx.Client(transport=transport, headers=HEADERS, base_url="https://crm.test") as http:
        for _ in range(count):
            try:
                found[str(http.post(TRACED, json=inputs(DEAL)).status_code)] += 1
            except httpx.TransportError as error:
                found[type(error).__name__] += 1
    return found


@pytest.mark.parametrize(
    ("fault", "seen", "done"),
    [
        ("lost_before", "RemoteProtocolError", False),
        ("lost_after", "RemoteProtocolError", True),
        ("cut", "CutAnswer", True),
        ("status_429", "429", False),
        ("status_500", "500", False),
        ("status_502", "502", True),
    ],
)
def test_each_fault_shows_itself_and_does_what_it_says(
    fault: str, seen: str, *, done: bool
) -> None:
    """Whether the effect took place is the whole point of a fault."""
    sandbox = HubSpotSandbox()
    found = creates(sandbox, Faults(at={2: fault}), 3)
    assert found == {"201": 2, seen: 1}
    assert len(sandbox.records("deals")) == (3 if done else 2)


@given(st.integers(0, 2**32), st.floats(0, 0.4), st.floats(0, 0.4))
def test_faults_repeat_by_seed_and_effects_add_up(seed: int, lost: float, failed: float) -> None:
    """Records = answers 201 + answers lost after the effect; the same seed spoils the same."""
    faults = Faults(seed=seed, lost_before=lost, lost_after=lost, status_500=failed, after=3)
    results = []
    for _ in range(2):
        sandbox = HubSpotSandbox(rate_limits=False)
        faulty = Faulty(sandbox, faults)
        request = httpx.Request("POST", f"https://x{TRACED}", headers=HEADERS, json=inputs(DEAL))
        shown = []
        for _ in range(20):
            try:
                shown.append(faulty.handle(request).status_code)
            except httpx.TransportError:
                shown.append(0)
        assert shown[:3] == [201] * 3
        held = len(sandbox.records("deals"))
        assert held == shown.count(201) + faulty.met.get("lost_after", 0)
        results.append(shown)
    assert results[0] == results[1]


def test_slow_answers_wait_as_long_as_asked() -> None:
    """A share of the answers is late; nothing else changes."""
    waits: list[float] = []
    faulty = Faulty(Echo(), Faults(slow=(0.5, 7.0)), sleep=waits.append)
    for _ in range(100):
        assert faulty.handle(httpx.Request("GET", "https://x/")).status_code == 200
    assert 20 < len(waits) < 80
    assert set(waits) == {7.0}
    assert faulty.met == {"slow": len(waits)}


def test_misspelt_faults_and_impossible_shares_are_errors_for_the_user() -> None:
    """InputError names the faults there are."""
    with pytest.raises(InputError, match=r"'lost'.*lost_before"):
        Faults(at={1: "lost"})
    with pytest.raises(InputError, match="from 0 to 1"):
        Faults(lost_after=1.5)
    with pytest.raises(InputError, match="from 0 to 1"):
        Faults(slow=(-1, 1))


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "cut"])
def test_faults_break_real_connections(hubspot: HubSpotSandbox, fault: str) -> None:
    """Served, the client sees its connection break, and the next request is answered."""
    with (
        serve(hubspot, faults=Faults(at={1: fault})) as running,
        httpx.Client(base_url=running.url, headers=HEADERS) as http,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(TRACED, json=inputs(DEAL))
        assert len(hubspot.records("deals")) == (0 if fault == "lost_before" else 1)
        assert http.post(TRACED, json=inputs(DEAL)).status_code == 201


def test_a_cut_answer_carries_what_it_would_have_been() -> None:
    """So that the server can send the first half of it."""
    faulty = Faulty(Echo(), Faults(cut=1.0))
    with pytest.raises(CutAnswer) as caught:
        faulty.handle(httpx.Request("GET", "https://x/y"))
    assert json.loads(caught.value.response.content)["path"] == "/y"


def test_hubspots_own_client_works_against_the_sandbox(
    hubspot: HubSpotSandbox, server: SandboxServer
) -> None:
    """hubspot-api-client creates, reads, searches, updates, lists and archives deals."""
    import hubspot as official  # noqa: PLC0415 - slow to import, and for this test only
    from hubspot.crm import deals as api  # noqa: PLC0415

    crm = official.Client.create(access_token="any", host=server.url).crm.deals
    basic, batch, search = crm.basic_api, crm.batch_api, crm.search_api
    try:
        one = basic.create(api.SimplePublicObjectInputForCreate(properties=DEAL, associations=[]))
        rows: list[Any] = [
            api.SimplePublicObjectBatchInputForCreate(
                properties={**DEAL, "dealname": f"Deal {n}", **({} if n else {"x": "1"})},
                associations=[],
                object_write_trace_id=f"t{n}",
            )
            for n in range(3)
        ]
        made = batch.create(api.BatchInputSimplePublicObjectBatchInputForCreate(inputs=rows))
        assert made.errors[0].context == {"objectWriteTraceId": ["t0"]}
        assert len(made.results) == 2
        change = api.SimplePublicObjectInput(properties={"amount": "12.50"})
        basic.update(one.id, change)
        read = basic.get_by_id(one.id, properties=["amount", "dealname"])
        assert read.properties["amount"] == "12.50"
        by = {"propertyName": "dealname", "operator": "EQ", "value": "Roof"}
        asked = api.PublicObjectSearchRequest(
            filter_groups=[{"filters": [by]}], properties=["dealname"], limit=10, sorts=[], after=0
        )
        assert [found.id for found in search.do_search(asked).results] == [one.id]
        assert len(basic.get_page(limit=2).results) == 2
        assert len(crm.get_all()) == 3
        basic.archive(one.id)
        with pytest.raises(api.ApiException, match="404"):
            basic.get_by_id(one.id)
    finally:
        for part in (basic, batch, search):
            part.api_client.rest_client.pool_manager.clear()
            part.api_client.close()
    assert len(hubspot.records("deals")) == 2
