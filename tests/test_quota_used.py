"""The quota is used to the full while there is work, and never exceeded: whole loads, each CRM."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.vendors.registry import product
from migrator.wire import Allowance, LedgerFile, connect
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.virtual_time import VirtualClock

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount}
create:
  pipelines:
    - label: Sales Pipeline
      stages:
        - {label: Qualified To Buy}
"""
LATENCIES = [0.0, 0.05, 0.3]
"""Seconds that a request and its answer take."""


@dataclass(frozen=True)
class Place:
    """A CRM, the window that decides how fast a load is, and how large the load has to be.

    HubSpot's is made small here: a hundred deals a request would make a large file of the few
    windows that are wanted. Brevo's deals go one by one, because a file takes few requests.

    Attributes:
        create: end of the path by which deals are created.
        ask: path of something to read that costs the CRM little.
    """

    vendor: str
    most: int
    seconds: float
    deals: int
    create: str
    ask: str
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


PLACES = [
    Place("hubspot", 5, 10.0, 2_700, "/batch/create", "/crm/v3/owners", {"per_ten_seconds": 5}),
    Place(
        "brevo",
        100,
        3600.0,
        170,
        "/crm/deals",
        "/crm/pipeline/details/all",
        {"pipelines": {"Sales Pipeline": ["Qualified To Buy"]}},
        {"import_from": "100000"},
    ),
    Place(
        "activecampaign",
        5,
        1.0,
        120,
        "/deals",
        "/api/3/users",
        settings={"default_contact": "office@example.com"},
    ),
]
NAMES = [place.vendor for place in PLACES]


class Distant(httpx.AsyncBaseTransport):
    """A way to a CRM that takes some time, and a log of when each request arrived there."""

    def __init__(self, crm: httpx.AsyncBaseTransport, latency: float, clock: VirtualClock) -> None:
        self._crm = crm
        self._latency = latency
        self._clock = clock
        self.arrivals: list[float] = []
        self.requests: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request there and its answer back."""
        await asyncio.sleep(self._latency / 2)
        self.arrivals.append(self._clock.seconds)
        self.requests.append(f"{request.method} {request.url.path}")
        response = await self._crm.handle_async_request(request)
        await asyncio.sleep(self._latency / 2)
        return response


def used(arrivals: Sequence[float], place: Place, first: int, last: int) -> float:
    """The part of the allowed rate that was used from one request to another one.

    That is the time that a sender would have taken who always has the next request at hand and
    knows the vendor's count, over the time that was taken. What came before is as it was.
    """
    ideal = list(arrivals[: first + 1])
    for number in range(first + 1, last + 1):
        free = ideal[number - place.most] + place.seconds if number >= place.most else 0.0
        ideal.append(max(ideal[-1], free))
    return (ideal[last] - ideal[first]) / (arrivals[last] - arrivals[first])


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("place", PLACES, ids=NAMES)
def test_a_load_uses_the_quota_to_the_full(place: Place, latency: float, tmp_path: Path) -> None:
    """From the first created deal to the last, 98 per cent of the rate; not one refusal, ever."""
    rehearsal = Rehearsal(tmp_path, place.options, place.vendor, place.settings)
    ways = []

    def wrap(crm: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        ways.append(Distant(crm, latency, rehearsal.clock))
        return ways[-1]

    rehearsal.wrap = wrap
    source = rehearsal.source(deals(place.deals))
    report = rehearsal.load(rehearsal.template(TEMPLATE), source)
    assert report.rows["created"] == place.deals
    (way,) = ways
    creates = [
        number
        for number, request in enumerate(way.requests)
        if request.startswith("POST") and request.endswith(place.create)
    ]
    assert len(creates) > 5 * place.most or place.seconds == 3600
    assert used(way.arrivals, place, creates[0], creates[-1]) >= 0.98
    assert rehearsal.sandbox.count_429 == 0


LARGE = [replace(PLACES[0], most=190, options={}), *PLACES[1:]]
"""The same with HubSpot's own quota: single requests are cheap."""


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("place", LARGE, ids=NAMES)
def test_two_processes_use_the_quota_to_the_full_together(
    place: Place, latency: float, tmp_path: Path
) -> None:
    """Two clients of one account that share a ledger: 98 per cent together, and no refusal.

    Both together have so few requests under way at once that the first window is not full from its
    beginning; from then on the quota decides.
    """
    rehearsal = Rehearsal(tmp_path, place.options, place.vendor, place.settings)
    clock, found = rehearsal.clock, product(place.vendor).configure(place.settings)
    way = Distant(httpx.MockTransport(rehearsal.sandbox.handle), latency, clock)
    left = list(range(6 * place.most))
    sent = [0, 0]

    async def process(number: int) -> None:
        ledger = LedgerFile(tmp_path / "quota.db", pytest.fail)
        allowance = Allowance(ledger=ledger)
        client = connect(
            found, "secret", "https://crm.test", clock, transport=way, allowance=allowance
        )

        async def work() -> None:
            while left:
                left.pop()
                response = await client.get(place.ask)
                assert response.status_code == 200
                sent[number] += 1

        with contextlib.closing(ledger):
            async with client:
                await asyncio.gather(*(work() for _ in range(6)))

    async def main() -> None:
        await asyncio.gather(process(0), process(1))

    clock.run(main())
    assert used(way.arrivals, place, place.most - 1, len(way.arrivals) - 1) >= 0.98
    assert rehearsal.sandbox.count_429 == 0
    assert sum(sent) == len(way.arrivals) == 6 * place.most
    assert min(sent) > 0
