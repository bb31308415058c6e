"""The benchmarks' own parts: what they count is right, and their tables can be read."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.comparing import Bench, Sizes, share, speed, to_load
from tests.benchmarks.growing import STEPS, draw
from tests.benchmarks.peers.deals import NAMES, batches, read_deals
from tests.benchmarks.portal import Portal
from tests.benchmarks.replies import KEY
from tests.benchmarks.running import Server
from tests.benchmarks.server import Service
from tests.benchmarks.spending import CASES, PLACES, Spent, least
from tests.benchmarks.steps import Stopwatch
from tests.benchmarks.tables import curve_table, many_table, resume_lines, spent_table, tools_table
from tests.benchmarks.tools import TOOLS, Tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.benchmarks.replies import Answer

DEALS = "/crm/v3/objects/deals"


def ask(portal: Portal, verb: str, inputs: list[dict[str, Any]], now: float = 0.0) -> Answer:
    """A batch of deals."""
    content = {"inputs": inputs, "idProperty": KEY, "properties": ["dealname", KEY]}
    body = json.dumps(content).encode()
    return portal.handle("POST", f"{DEALS}/batch/{verb}", body, now)


def deals(*keys: str, traced: bool = False) -> list[dict[str, Any]]:
    """Inputs of deals with these keys."""
    made = [{"properties": {KEY: key, "dealname": f"Deal {key}"}} for key in keys]
    return [one | {"objectWriteTraceId": f"t{n}"} for n, one in enumerate(made)] if traced else made


def results(answer: Answer) -> list[dict[str, Any]]:
    """The results of a batch."""
    assert isinstance(answer.body, dict)
    found: list[dict[str, Any]] = answer.body["results"]
    return found


@pytest.fixture
def portal() -> Portal:
    """An account with a key property that allows doubles."""
    found = Portal()
    found.reset({"keyed": "plain"})
    return found


# -- the portal ------------------------------------------------------------------------------------


def test_duplicates_are_deals_beyond_the_first_of_a_key(portal: Portal) -> None:
    """Requests, rows, distinct keys and duplicates add up."""
    ask(portal, "create", deals("a", "b"))
    ask(portal, "create", deals("b", "c", "b"))
    stats = portal.stats()
    assert stats["rows"] == stats["created"] == 5
    assert stats["distinct"] == 3
    assert stats["duplicates"] == 2
    assert stats["requests"] == {"POST /crm/objects/deals/batch/create": 2}


def test_paths_of_all_versions_are_one(portal: Portal) -> None:
    """A path with v3 and one with a date are counted together."""
    portal.handle("GET", "/crm/v3/owners?limit=1", b"", 0)
    portal.handle("GET", "/crm/owners/2026-03", b"", 0)
    portal.handle("GET", "/account-info/2026-03/details", b"", 0)
    assert portal.stats()["requests"] == {"GET /crm/owners": 2, "GET /account-info/details": 1}


def test_one_bad_row_sinks_its_batch_unless_every_input_is_traced(portal: Portal) -> None:
    """400 and nothing created without trace ids; with them 207 and the good rows."""
    portal.reset({"keyed": "plain", "refuse": "b"})
    assert ask(portal, "create", deals("a", "b", "c")).status == 400
    assert portal.created == 0
    answer = ask(portal, "create", deals("a", "b", "c", traced=True))
    assert answer.status == 207
    assert [one["properties"][KEY] for one in results(answer)] == ["a", "c"]
    assert isinstance(answer.body, dict)
    assert answer.body["errors"][0]["context"] == {"objectWriteTraceId": ["t1"]}


def test_a_lost_answer_has_had_its_effect(portal: Portal) -> None:
    """The so-manyth write is carried out and its answer is marked as lost; the others are not."""
    portal.reset({"lose": 2})
    assert [ask(portal, "create", deals(key)).lost for key in "abc"] == [False, True, False]
    assert portal.created == 3


def test_the_quota_is_a_rolling_window(portal: Portal) -> None:
    """More than the quota within a window is refused, costs nothing and has no effect."""
    portal.reset({"quota": 2, "window": 10})
    statuses = [ask(portal, "create", deals(str(now)), now).status for now in (0, 4, 9, 10, 11)]
    assert statuses == [201, 201, 429, 201, 429]
    assert portal.stats()["refused_429"] == 2
    assert portal.stats()["times"] == [0, 4, 10]
    assert portal.created == 3
    last = dict(ask(portal, "read", [{"id": "0"}], 30).headers)
    assert last["X-HubSpot-RateLimit-Max"] == "2"
    assert last["X-HubSpot-RateLimit-Remaining"] == "1"


def test_upserts_by_a_unique_property_make_no_doubles(portal: Portal) -> None:
    """An upsert updates what has the key, and a create of it is turned down."""
    portal.reset({"keyed": "unique"})
    ask(portal, "upsert", deals("a", "b"))
    again = ask(portal, "upsert", deals("b", "c"))
    assert [one["new"] for one in results(again)] == [False, True]
    assert portal.stats()["duplicates"] == 0
    assert ask(portal, "create", deals("a")).status == 400


def test_deals_are_read_by_key_by_id_and_page_by_page(portal: Portal) -> None:
    """What was created is found; what was not is named in a 207."""
    ask(portal, "create", deals("a", "b", "c"))
    answer = ask(portal, "read", [{"id": "b"}, {"id": "x"}])
    assert answer.status == 207
    assert [one["id"] for one in results(answer)] == ["2"]
    by_id = portal.handle("POST", f"{DEALS}/batch/read", b'{"inputs": [{"id": "3"}]}', 0)
    assert by_id.status == 200
    page = portal.handle("GET", f"{DEALS}?limit=2&properties={KEY}", b"", 0)
    assert [one["properties"][KEY] for one in results(page)] == ["a", "b"]
    assert isinstance(page.body, dict)
    after = page.body["paging"]["next"]["after"]
    rest = portal.handle("GET", f"{DEALS}?limit=2&after={after}&properties={KEY}", b"", 0)
    assert [one["properties"][KEY] for one in results(rest)] == ["c"]
    changed = [{"id": "1", "properties": {"dealname": "other"}}]
    assert results(ask(portal, "update", changed))[0]["properties"]["dealname"] == "other"


def test_settings_are_not_misspelt(portal: Portal) -> None:
    """An unknown setting is an error, and a change keeps deals and the other settings."""
    with pytest.raises(ValueError, match="latncy"):
        portal.reset({"latncy": 1})
    ask(portal, "create", deals("a"))
    portal.change({"latency": 0.5})
    assert (portal.settings.latency, portal.settings.keyed) == (0.5, "plain")
    assert (portal.created, portal.stats()["total"]) == (1, 0)


# -- the server ------------------------------------------------------------------------------------


class Wire(asyncio.Transport):
    """The other end of a connection, without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: Any) -> None:
        """Keep what is sent."""
        self.written += data

    def is_closing(self) -> bool:
        """Whether the server has cut it."""
        return self.aborted

    def abort(self) -> None:
        """Cut it."""
        self.aborted = True


def sent(*parts: bytes, settings: Mapping[str, Any] | None = None) -> tuple[Wire, Service]:
    """What a server answers to these parts of a stream, one after the other."""
    service, wire = Service(), Wire()
    service.portal.reset({"keyed": "plain"} | dict(settings or {}))

    async def send() -> None:
        connection = service.connection()
        connection.connection_made(wire)
        for part in parts:
            connection.data_received(part)

    asyncio.run(send())
    return wire, service


def request(body: bytes, path: str = f"{DEALS}/batch/create") -> bytes:
    """A request with a length."""
    head = f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_requests_are_put_together_from_any_pieces() -> None:
    """Two requests in a row, cut anywhere, are two answers; so is a body in chunks."""
    body = json.dumps({"inputs": deals("a")}).encode()
    stream = request(body) * 2
    wire, service = sent(*(stream[at : at + 7] for at in range(0, len(stream), 7)))
    assert wire.written.count(b"HTTP/1.1 201 Created") == service.portal.created == 2
    head = (
        b"POST %s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" % f"{DEALS}/batch/create".encode()
    )
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:])
    wire, service = sent(head, chunks[:20], chunks[20:])
    assert wire.written.count(b"HTTP/1.1 201 Created") == service.portal.created == 1


def test_a_lost_answer_closes_the_connection() -> None:
    """The deal is created, nothing is written, the connection is cut."""
    body = json.dumps({"inputs": deals("a")}).encode()
    wire, service = sent(request(body), settings={"lose": 1})
    assert (wire.aborted, wire.written, service.portal.created) == (True, b"", 1)


def test_the_state_is_readable_and_can_be_waited_for() -> None:
    """``/_wait`` answers when the deals are there, ``/_stats`` at once, unknown paths with 404."""
    body = json.dumps({"inputs": deals("a", "b")}).encode()
    service = Service()
    waiting, asking = Wire(), Wire()

    async def send() -> None:
        first, second = service.connection(), service.connection()
        first.connection_made(waiting)
        second.connection_made(asking)
        first.data_received(b"GET /_wait?rows=2 HTTP/1.1\r\n\r\n")
        assert not waiting.written
        second.data_received(request(body))
        second.data_received(b"GET /_stats HTTP/1.1\r\n\r\nGET /_other HTTP/1.1\r\n\r\n")

    asyncio.run(send())
    assert waiting.written.endswith(b'{"created": 2}')
    assert b'"distinct": 2' in asking.written
    assert b"HTTP/1.1 404" in asking.written


# -- measures --------------------------------------------------------------------------------------


def test_a_share_needs_whole_windows_and_no_more() -> None:
    """Bursts and even sending have the same share; half as fast is a half."""
    burst = [10.0 * (n // 190) for n in range(400)]
    even = [n / 19 for n in range(400)]
    assert share(burst) == pytest.approx(1)
    assert share(even) == pytest.approx(1)
    assert share([2 * time for time in even]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="do not fill"):
        share(even[:190])


class Store:
    """Something to watch, by a clock that only moves when it is told."""

    now = 0.0

    def quick(self) -> int:
        """Take a second."""
        Store.now += 1
        return 1

    def slow(self, items: Iterable[int]) -> int:
        """Take two seconds and that of ``quick``; those of its items are the caller's."""
        Store.now += 2
        return sum(items) + self.quick()

    def many(self) -> Iterator[int]:
        """Take a second for each item."""
        for n in range(2):
            Store.now += 1
            yield n


def test_the_stopwatch_tells_a_class_from_its_callers() -> None:
    """Time within its methods counts once, and time that callers spend in between does not."""
    watch = Stopwatch(Store, now=lambda: Store.now)
    store = Store()

    def items() -> Iterator[int]:
        Store.now += 100
        yield 1

    assert store.slow(items()) == 2
    for _ in store.many():
        Store.now += 100
    assert watch.seconds == 2 + 1 + 2


def test_every_peer_reads_the_same_deals(tmp_path: Path) -> None:
    """Each row of the CSV becomes a deal with every property filled; batches lose none."""
    bench = Bench(None, tmp_path, 1, print)  # type: ignore[arg-type]  # no server is asked
    read = list(read_deals(bench.source(250)))
    assert [deal[KEY] for deal in read] == [str(n) for n in range(1, 251)]
    assert all(tuple(deal) == NAMES and all(deal.values()) for deal in read)
    assert [len(batch) for batch in batches(read)] == [100, 100, 50]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_loads_all_deals_into_the_server(tool: Tool, tmp_path: Path) -> None:
    """Each tool that is installed, as a process of its own, creates every deal once."""
    if not tool.installed:
        pytest.skip(f"{tool.needs} is not installed")
    with Server() as server:
        measured = speed(Bench(server, tmp_path, 1, print), 150, 0, tool)
        assert server.stats()["duplicates"] == 0
    assert measured["requests"] >= 2
    assert measured["rate_0ms"] > 0
    assert 10 < measured["peak_mb"] < 1_000


# -- tables ----------------------------------------------------------------------------------------


def columns(table: str) -> set[int]:
    """How many cells the lines of a table have."""
    return {line.count("|") for line in table.splitlines() if line.startswith("|")}


def test_the_table_of_tools_shows_ratios_and_bears_gaps() -> None:
    """Speeds stand beside the SDK's; what was not measured stays blank."""
    found = {
        "migrator": {"title": "migrator", "rate_0ms": 3_000.0, "quota_share": 0.987},
        "sdk": {"title": "SDK", "rate_0ms": 1_500.0, "kill_duplicates": 5, "kill_missing": 2},
    }
    table = tools_table(found)
    assert "| migrator | 3,000 (2.0 x) |" in table
    assert "98.7%" in table
    assert "5, 2 missing" in table
    assert len(columns(table)) == 1


def test_speeds_with_many_deals_stand_by_themselves() -> None:
    """Only tools that were measured with many deals are rows; without one there is no table."""
    found = {
        "migrator": {"title": "migrator", "many_0ms": 6_000.0, "many_300ms": 4_500.0},
        "sdk": {"title": "SDK", "many_0ms": 4_000.0, "many_300ms": 300.0},
        "other": {"title": "other", "rate_0ms": 1.0},
    }
    table = many_table(found, 100_000)
    assert "| migrator | 6,000 (1.5 x) | 4,500 (15.0 x) |" in table
    assert "other" not in table
    assert not many_table({"other": found["other"]}, 100_000)


def test_a_loop_need_not_be_waited_for() -> None:
    """Where answers take long, loops load a part of the deals; others load all."""
    loop = next(tool for tool in TOOLS if tool.loop)
    other = next(tool for tool in TOOLS if not tool.loop)
    assert [to_load(loop, latency, 1_000) for latency in (0, 50, 300)] == [1_000, 500, 100]
    assert [to_load(other, latency, 1_000) for latency in (0, 50, 300)] == [1_000] * 3


def test_the_tables_of_costs_can_be_read() -> None:
    """Every case has a least and its reasons; a curve's points come in order."""
    spent = [
        Spent(place.vendor, case, {"GET x": least(place.vendor, case, 1_000) + 7})
        for place in PLACES
        for case in CASES
    ]
    table = spent_table(spent, 1_000)
    assert len(columns(table)) == 1
    assert "| hubspot, new | 27 | 20 |" in table
    assert all(f"* {place.vendor}: " in table for place in PLACES)
    points = [
        {"step": "prepare", "rows": rows, "seconds": 1.0, "peak_mb": 200.0, "ratio": 2.0}
        for rows in (100_000, 10_000)
    ]
    assert curve_table(points).index("10,000") < curve_table(points).index("100,000")
    names = ("resume_rows", "resume_first_request", "resume_first_write", "help_ms")
    more = ("journal_rows", "journal_microseconds", "journal_share", "journal_share_quota")
    assert len(resume_lines(dict.fromkeys((*names, *more), 0.04)).splitlines()) == 3


def test_the_picture_has_a_line_for_each_step(tmp_path: Path) -> None:
    """The same figures give the same file, and every step is named in it."""
    pytest.importorskip("matplotlib")
    points = [
        {"step": step, "rows": rows, "seconds": rows / 1e5, "peak_mb": 100.0}
        for step in STEPS
        for rows in (10_000, 100_000)
    ]
    for name in ("one.svg", "two.svg"):
        draw(points, tmp_path / name)
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {step} -->" in text for step in STEPS[1:])


def test_sizes_fill_what_they_measure() -> None:
    """The quota's deals fill two windows, so that one is measured whole."""
    assert Sizes().quota // 100 > 2 * 190
