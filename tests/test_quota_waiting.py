"""A quota that is used up: how long it is waited for, what is said, and how to end the waiting."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import OutcomeUnknown, QuotaSpent
from migrator.model import ObjectType, Rate
from migrator.runs.target import connected
from migrator.vendors.registry import product
from migrator.wire import Allowance, Effect, Pace, SystemClock, connect, request
from tests.support import Rehearsal, deals
from tests.test_wire_pace import Rules, Server, rate, send
from tests.virtual_time import START, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.runs.target import Session, Target

NEW_YORK = "America/New_York"
MIDNIGHT = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
"""The next one in New York, as the tests' clock goes."""


@dataclass
class Day:
    """A vendor whose day's quota is spent until a moment; its clock may differ from ours."""

    clock: VirtualClock
    spent_until: datetime = MIDNIGHT
    ahead: timedelta = timedelta()

    def answer(self, _at: float) -> httpx.Response:
        """Refuse until then."""
        now = self.clock.now() + self.ahead
        headers = {"Date": format_datetime(now, usegmt=True)}
        if now < self.spent_until:
            return httpx.Response(429, text="daily", headers=headers)
        return httpx.Response(200, headers=headers)


def moment(clock: VirtualClock, seconds: float) -> datetime:
    """The instant of a second of the clock."""
    return START + timedelta(seconds=seconds - 1000.0)


def paced(clock: VirtualClock, server: Server, allowance: Allowance, **rules: Any) -> Pace:
    """A pace to a server."""
    rules.setdefault("rates", {"": (rate(9, 10),)})
    return Pace(httpx.MockTransport(server.handle), Rules(**rules), clock, allowance)


# -- the day ---------------------------------------------------------------------------------------


def test_a_spent_day_stops_with_the_time_to_go_on() -> None:
    """The error names midnight in the account's zone, and nothing more is sent until then."""
    clock = VirtualClock()
    server = Server(clock, answer=Day(clock).answer)
    allowance = Allowance()
    allowance.zone = NEW_YORK
    pace = paced(clock, server, allowance)
    for _ in range(3):
        with pytest.raises(
            QuotaSpent, match=r"2026-04-01 04:01 UTC.*migrator resume.*--wait"
        ) as stop:
            clock.run(send(pace, 1, 1))
        assert stop.value.until is not None
        late = (stop.value.until - MIDNIGHT).total_seconds()
        assert late == pytest.approx(60, abs=1)
    assert len(server.arrivals) == 1
    clock.seconds += 20 * 3600
    clock.run(send(pace, 1, 1))
    assert len(server.arrivals) == 2


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=-7), timedelta(hours=3)])
def test_patience_sleeps_to_the_next_day(ahead: timedelta) -> None:
    """With patience all requests wait for midnight by the vendor's clock; that is said once."""
    clock = VirtualClock()
    server = Server(clock, answer=Day(clock, ahead=ahead).answer)
    said: list[str] = []
    allowance = Allowance(patient=True, say=said.append)
    allowance.zone = NEW_YORK
    clock.run(send(paced(clock, server, allowance), 4, 2))
    assert len(server.arrivals) == 2 + 4  # two were on their way when the day was found spent
    woke = moment(clock, server.arrivals[2]) + ahead
    assert timedelta(0) <= woke - MIDNIGHT < timedelta(minutes=2)
    assert len(said) == 1
    assert "Testing CRM" in said[0]
    assert f"{MIDNIGHT - ahead + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC" in said[0]


def test_patience_without_a_zone_tries_at_full_hours() -> None:
    """Where nobody knows when the day ends, it is tried once an hour."""
    clock = VirtualClock()
    server = Server(clock, answer=Day(clock).answer)
    clock.run(send(paced(clock, server, Allowance(patient=True)), 1, 1))
    assert len(server.arrivals) == 1 + 19  # from ten to four
    assert moment(clock, server.arrivals[-1]) - MIDNIGHT < timedelta(minutes=2)


def test_a_day_that_begins_late() -> None:
    """A day that is still spent soon after midnight is tried again soon, not a day later."""
    clock = VirtualClock()
    server = Server(clock, answer=Day(clock, MIDNIGHT + timedelta(minutes=20)).answer)
    allowance = Allowance(patient=True)
    allowance.zone = NEW_YORK
    clock.run(send(paced(clock, server, allowance), 1, 1))
    assert moment(clock, server.arrivals[-1]) - MIDNIGHT < timedelta(minutes=40)
    assert len(server.arrivals) <= 4


# -- refusals --------------------------------------------------------------------------------------


def test_the_word_of_a_window_on_when_it_resets() -> None:
    """Brevo gives no Retry-After, but the seconds that are left of the window."""
    clock = VirtualClock()
    brevo = product("brevo")
    headers = {"limit": "100", "remaining": "0", "reset": "1740"}
    refusal = httpx.Response(
        429, headers={f"x-sib-ratelimit-{name}": text for name, text in headers.items()}
    )
    answers = [refusal, httpx.Response(200)]
    server = Server(clock, answer=lambda _: answers.pop(0))

    async def main() -> None:
        network = httpx.MockTransport(server.handle)
        url = "https://crm.test/v3"
        async with connect(brevo, "t", url, clock, transport=network) as client:
            await client.get("/crm/deals")

    clock.run(main())
    assert server.arrivals[1] - server.arrivals[0] == pytest.approx(1740, abs=0.01)


def test_a_retry_after_of_minutes_is_waited_for() -> None:
    """A 429 says when the quota is there again: that is waited for like any quota."""
    clock = VirtualClock()
    answers = [httpx.Response(429, headers={"Retry-After": "1800"}), httpx.Response(200)]
    server = Server(clock, answer=lambda _: answers.pop(0))

    async def main() -> int:
        network = httpx.MockTransport(server.handle)
        rules = Rules(rates={"": (rate(9, 10),)})
        async with connect(rules, "t", "https://crm.test", clock, transport=network) as client:
            return (await client.get("/")).status_code

    assert clock.run(main()) == 200
    assert clock.seconds == pytest.approx(2800, abs=0.01)


def test_requests_refused_together_are_one_refusal() -> None:
    """Five that left together and were refused make the bucket wait one window, not five."""
    clock = VirtualClock()
    answers = [httpx.Response(429)] * 5
    server = Server(
        clock, way=lambda: 0.1, answer=lambda _: answers.pop() if answers else httpx.Response(200)
    )
    clock.run(send(paced(clock, server, Allowance()), 6, 5))
    assert server.arrivals[5] - server.arrivals[0] < 10.3


def test_doubt_outlives_a_spent_quota() -> None:
    """An update whose answer was lost is in doubt, even if the quota ends before the next try."""
    clock = VirtualClock()
    answers: list[httpx.Response] = [httpx.Response(502)]
    server = Server(clock, answer=lambda _: answers.pop())
    rules = Rules(rates={"": (rate(1, 86_400),)})

    async def main(effect: Effect) -> None:
        network = httpx.MockTransport(server.handle)
        async with connect(rules, "t", "https://crm.test", clock, transport=network) as client:
            await request(client, "PUT", "/x", effect=effect)

    with pytest.raises(OutcomeUnknown, match="quota"):
        clock.run(main(Effect.REPEATABLE))
    answers.append(httpx.Response(502))
    with pytest.raises(QuotaSpent):
        clock.run(main(Effect.NONE))


# -- telling and stopping --------------------------------------------------------------------------


def test_a_wait_is_said_once() -> None:
    """Of a wait of an hour one line is said, however many wait; of a few seconds none."""
    clock = VirtualClock()
    said: list[str] = []
    allowance = Allowance(say=said.append)
    server = Server(clock)
    clock.run(send(paced(clock, server, allowance), 40, 9))
    assert not said
    pace = paced(clock, server, allowance, rates={"": (rate(10, 3600),)})
    clock.run(send(pace, 30, 6))
    assert len(said) == 2  # two hours, one line each
    assert "in 1 h" in said[0]


@pytest.mark.parametrize("patient", [False, True])
def test_stopping_ends_every_wait(*, patient: bool) -> None:
    """Whoever waits for the quota when all is to stop ends at once, in real time."""
    clock = SystemClock()
    allowance = Allowance(patient=patient)
    rules = Rules(rates={"": (rate(1, 3600),)})
    network = httpx.MockTransport(lambda _: httpx.Response(200))
    pace = Pace(network, rules, clock, allowance)

    async def main() -> list[BaseException | httpx.Response]:
        jobs = [
            asyncio.ensure_future(pace.handle_async_request(httpx.Request("GET", "https://x.test")))
            for _ in range(4)
        ]
        for _ in range(20):
            await asyncio.sleep(0)
        assert [job.done() for job in jobs] == [True, False, False, False]
        allowance.stop()
        return await asyncio.gather(*jobs, return_exceptions=True)

    began = time.monotonic()
    results = asyncio.run(main())
    assert time.monotonic() - began < 1
    assert isinstance(results[0], httpx.Response)
    for stopped in results[1:]:
        assert isinstance(stopped, QuotaSpent)
        assert "Stopped" in str(stopped)
        assert stopped.until is not None


def test_a_session_can_be_stopped(tmp_path: Path) -> None:
    """Whatever a session does, its waits for the quota end when it is told to stop."""
    settings = {"crm_per_hour": "3"}
    rehearsal = Rehearsal(tmp_path, {"crm_per_hour": 3}, "brevo", settings)
    space = rehearsal.workspace()

    async def main() -> None:
        async with connected(rehearsal.target, space) as session:
            reading = asyncio.create_task(read(session))
            await asyncio.sleep(500)
            assert not reading.done()
            session.stop()
            with pytest.raises(QuotaSpent, match="Stopped"):
                await reading

    async def read(session: Session) -> None:
        for _ in range(4):
            session.forget()
            await session.account([ObjectType.DEALS])

    rehearsal.clock.run(main())
    space.close()
    assert rehearsal.clock.seconds - 1000 < 600
    assert any("used up" in line for line in rehearsal.said)


def test_what_is_due_soon_is_sent_before_the_end() -> None:
    """A request that has a second to wait gets through, so that nothing stays half done."""
    clock = VirtualClock()
    server = Server(clock)
    allowance = Allowance()
    allowance.stop()
    clock.run(send(paced(clock, server, allowance, rates={"": (rate(5, 1),)}), 12, 6))
    assert len(server.arrivals) == 12


def test_a_clock_set_during_a_wait() -> None:
    """A wait of an hour looks at the clock every minute: one that is set forth ends it."""
    clock = VirtualClock()
    server = Server(clock)
    shift = timedelta()

    class Shifted(VirtualClock):
        def now(self) -> datetime:
            return clock.now() + shift

        def monotonic(self) -> float:
            return clock.monotonic()

    pace = Pace(httpx.MockTransport(server.handle), Rules(rates={"": (rate(1, 3600),)}), Shifted())

    async def main() -> None:
        nonlocal shift
        waiting = asyncio.create_task(send(pace, 2, 1))
        await asyncio.sleep(1000)
        shift = timedelta(hours=2)
        await waiting

    clock.run(main())
    assert server.arrivals[1] - server.arrivals[0] < 1100


# -- whole runs ------------------------------------------------------------------------------------


class Budgeted(Rehearsal):
    """A rehearsal in which only part of the quota is ours, or it is waited for."""

    share = 1.0
    patient = False

    @property
    def target(self) -> Target:
        """The account, within that budget."""
        return replace(super().target, share=self.share, patient=self.patient)


def spend(rehearsal: Rehearsal, requests: int) -> None:
    """Somebody else uses the account."""
    with rehearsal.stranger() as client:
        for _ in range(requests):
            assert client.get("/crm/v3/owners").status_code == 200
            rehearsal.clock.seconds += 0.2


def test_a_load_that_meets_the_end_of_the_day(tmp_path: Path) -> None:
    """It stops in time, without one refusal, says until when, and goes on the day after."""
    rehearsal = Rehearsal(tmp_path, options={"per_day": 45})
    spend(rehearsal, 15)
    source = rehearsal.source(deals(1800))
    with pytest.raises(QuotaSpent, match="2026-04-01 04:01 UTC") as stopped:
        rehearsal.load(rehearsal.template(), source)
    assert stopped.value.exit_code == 4
    assert 0 < len(rehearsal.keys()) < 1800
    run = rehearsal.workspace().journal.run()
    with pytest.raises(QuotaSpent):
        rehearsal.execute(run)
    assert rehearsal.sandbox.count_429 == 0
    rehearsal.clock.seconds += 20 * 3600
    rehearsal.execute(run)
    assert len(rehearsal.keys()) == 1800
    assert rehearsal.sandbox.count_429 == 0


def test_a_load_that_waits_for_the_next_day(tmp_path: Path) -> None:
    """With patience the same load ends by itself, in the small hours."""
    rehearsal = Budgeted(tmp_path, options={"per_day": 45})
    rehearsal.patient = True
    spend(rehearsal, 15)
    report = rehearsal.load(rehearsal.template(), rehearsal.source(deals(1800)))
    assert report.rows["created"] == 1800
    assert rehearsal.sandbox.count_429 == 0
    assert MIDNIGHT < rehearsal.clock.now() < MIDNIGHT + timedelta(minutes=5)
    assert sum("used up" in line for line in rehearsal.said) == 1


def test_others_find_their_part_of_the_day(tmp_path: Path) -> None:
    """Of a day of which a fifth is to be left, a fifth is left; others use half of it already."""
    rehearsal = Budgeted(tmp_path, options={"per_day": 40})
    rehearsal.share = 0.8
    spend(rehearsal, 4)
    with pytest.raises(QuotaSpent):
        rehearsal.load(rehearsal.template(), rehearsal.source(deals(2200)))
    asked = rehearsal.sandbox.requests
    searches = sum(count for name, count in asked.items() if name.endswith("/search"))
    assert asked.total() - searches == 4 + 32  # searches count apart


@pytest.mark.parametrize("vendor", ["hubspot", "brevo", "activecampaign"])
def test_one_command_after_the_other(vendor: str, tmp_path: Path) -> None:
    """A plan, its run and its verification in one hour are within the quota together."""
    options: dict[str, dict[str, Any]] = {
        "hubspot": {"per_ten_seconds": 12},
        "brevo": {"crm_per_hour": 14, "pipelines": {"Sales Pipeline": ["Qualified To Buy"]}},
        "activecampaign": {"per_second": 2},
    }
    settings: dict[str, dict[str, str]] = {
        "hubspot": {},
        "brevo": {"crm_per_hour": "14"},
        "activecampaign": {"default_contact": "office@example.com", "requests_per_second": "2"},
    }
    rehearsal = Rehearsal(
        tmp_path, options=options[vendor], vendor=vendor, settings=settings[vendor]
    )
    template = rehearsal.template(TEMPLATE)
    planned = rehearsal.plan(template, rehearsal.source(deals(6)))
    rehearsal.execute(planned.run)
    assert rehearsal.verify().agrees
    rehearsal.load(template, rehearsal.source(deals(7)))
    assert rehearsal.sandbox.count_429 == 0
    assert len(rehearsal.keys()) == 7


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


def test_rates_of_a_calendar_day_are_learned() -> None:
    """HubSpot's headers tell of a window of ten seconds and of a day that ends at midnight."""
    learn: Callable[[httpx.Response], Any] = product("hubspot").learn
    told = {"Max": "190", "Interval-Milliseconds": "10000", "Remaining": "1", "Daily": "900"}
    headers = {f"X-HubSpot-RateLimit-{name}": text for name, text in told.items()}
    rates = [quota.rate for quota in learn(httpx.Response(200, headers=headers))]
    assert rates == [
        Rate(190, timedelta(seconds=10)),
        Rate(900, timedelta(days=1), calendar=True),
    ]
