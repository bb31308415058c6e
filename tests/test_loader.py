"""The loader under injected faults: whatever is lost, each record is written once or named."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import OutcomeUnknown, QuotaSpent, Stopped, Unauthorized, Unavailable
from migrator.journal import RunState
from migrator.loader import Job, Loader
from migrator.model import ObjectType, OpState, Outcome, Sent
from migrator.runs.execution import execute
from migrator.runs.target import connected
from migrator.sandbox import Faults, Faulty
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migrator.journal import Run
    from migrator.vendors.base import Vendor

COUNT = 450
ALL = Counter(f"k{n}" for n in range(1, COUNT + 1))


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    """A sandbox and an empty workspace."""
    return Rehearsal(tmp_path)


def planned(rehearsal: Rehearsal, **columns: Callable[[int], object]) -> Run:
    """A plan of deals, each with a company that the run creates."""
    source = rehearsal.source(deals(COUNT, company=lambda n: f"Firm {n % 5}", **columns))
    return rehearsal.plan(rehearsal.template(), source).run


def spoil(rehearsal: Rehearsal, faults: Faults) -> Faulty:
    """From now on answers of the sandbox go astray."""
    faulty = Faulty(rehearsal.sandbox, faults, sleep=lambda _: None)
    rehearsal.wrap = lambda _: httpx.MockTransport(faulty.handle)
    return faulty


def finish(rehearsal: Rehearsal, run: Run, *, tries: int = 60) -> int:
    """Load, and resume as often as it stops; how often it stopped."""
    for stopped in range(tries):
        try:
            report = rehearsal.execute(run)
        except (Stopped, OutcomeUnknown):
            continue
        assert report.adds_up
        return stopped
    raise AssertionError(f"not finished after {tries} tries")


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "cut", "status_500", "status_502"])
@pytest.mark.parametrize("seed", [1, 2])
def test_faults_cost_neither_deals_nor_duplicates(
    rehearsal: Rehearsal, fault: str, seed: int
) -> None:
    """A fifth of all answers goes astray, before or after the effect: every deal is there once."""
    run = planned(rehearsal)
    faulty = spoil(rehearsal, Faults(seed=seed, **{fault: 0.2}))  # type: ignore[arg-type]
    finish(rehearsal, run)
    assert faulty.met[fault] > 0
    assert Counter(rehearsal.keys()) == ALL
    names = Counter(record["name"] for record in rehearsal.sandbox.records("companies"))
    assert names == Counter(f"Firm {n}" for n in range(5))
    assert len(rehearsal.sandbox.associations("deals", "companies")) == COUNT
    rehearsal.wrap = lambda inner: inner
    assert rehearsal.verify().agrees


def test_a_lost_answer_is_looked_up_not_repeated(rehearsal: Rehearsal) -> None:
    """One lost answer costs a look-up; no create is sent a second time for what landed."""
    run = planned(rehearsal)
    at = _next_create(rehearsal, run)
    spoil(rehearsal, Faults(at={at: "lost_after"}))
    report = rehearsal.execute(run)
    assert report.rows["created"] == COUNT
    batches = rehearsal.sandbox.requests["POST objects/{type}/batch/create"]
    assert batches == 1 + 5  # the companies, and five batches of deals
    assert Counter(rehearsal.keys()) == ALL


def _next_create(rehearsal: Rehearsal, run: Run) -> int:
    """The number, from now, of the request with the first batch of deals."""
    numbers = []
    twin = Rehearsal(rehearsal.folder / "twin")
    twin.folder.mkdir()
    source = twin.source(deals(COUNT, company=lambda n: f"Firm {n % 5}"))
    planned_twin = twin.plan(twin.template(), source).run

    def handle(request: httpx.Request) -> httpx.Response:
        numbers.append(request.url.path)
        return twin.answer(request)

    twin.wrap = lambda _: httpx.MockTransport(handle)
    twin.execute(planned_twin)
    return 1 + next(i for i, path in enumerate(numbers) if path.endswith("deals/batch/create"))


def test_a_429_is_waited_out(rehearsal: Rehearsal) -> None:
    """Requests turned away for the quota are sent again by themselves."""
    run = planned(rehearsal)
    faulty = spoil(rehearsal, Faults(seed=3, status_429=0.3))
    assert finish(rehearsal, run) == 0
    assert faulty.met["status_429"] > 0
    assert Counter(rehearsal.keys()) == ALL


def test_a_spent_day_stops_and_resumes(tmp_path: Path) -> None:
    """The daily quota ends a run with the time to go on; the next day it is finished."""
    rehearsal = Rehearsal(tmp_path, options={"per_day": 20})
    run = planned(rehearsal)
    with pytest.raises(QuotaSpent) as stopped:
        rehearsal.execute(run)
    assert stopped.value.until is not None
    assert stopped.value.until > rehearsal.clock.now()
    days = 1
    for days in range(1, 9):  # noqa: B007 - counted, and asserted on below
        rehearsal.clock.seconds += 86_400
        try:
            report = rehearsal.execute(run)
        except QuotaSpent:
            continue
        assert report.rows["created"] == COUNT
        break
    assert days < 8
    assert Counter(rehearsal.keys()) == ALL
    assert max(rehearsal.sandbox.requests.values()) <= 20 * (days + 1)


def test_a_token_that_is_withdrawn_stops(rehearsal: Rehearsal) -> None:
    """A 401 in the middle ends the run with what was written in the books."""
    run = planned(rehearsal)
    seen = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal seen
        seen += request.url.path.endswith("deals/batch/create")
        if seen >= 3:
            request.headers["Authorization"] = "Bearer withdrawn"
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(Unauthorized):
        rehearsal.execute(run)
    rehearsal.wrap = lambda inner: inner
    assert 0 < len(rehearsal.keys()) < COUNT
    assert rehearsal.execute(run).rows["created"] == COUNT
    assert Counter(rehearsal.keys()) == ALL


def test_somebody_elses_record_with_our_key_is_refused(rehearsal: Rehearsal) -> None:
    """A record with the same key that appears after the plan is neither overwritten nor doubled."""
    rehearsal.load(rehearsal.template(), rehearsal.source(deals(1), "one.csv"))
    run = planned(rehearsal)
    _create(rehearsal, "k7", amount="123")
    _create(rehearsal, "k8", amount="8.5", dealname="Deal 8")
    report = rehearsal.execute(run)
    assert report.rows["refused"] == 1
    assert report.refusals["key_exists"] == 1
    held = {
        record["migrator_key"]: record["amount"] for record in rehearsal.sandbox.records("deals")
    }
    assert held["k7"] == "123"
    assert Counter(rehearsal.keys()) == ALL


def _create(rehearsal: Rehearsal, key: str, **properties: str) -> None:
    everything = {
        "dealname": "x",
        "pipeline": "default",
        "dealstage": "qualifiedtobuy",
        "migrator_key": key,
    }
    body = {"properties": everything | properties}
    rehearsal.stranger().post("/crm/v3/objects/deals", json=body).raise_for_status()


def test_children_of_a_refused_parent_are_parked(rehearsal: Rehearsal) -> None:
    """A company that the CRM refuses parks its deals, and only those; the reason is named."""
    run = planned(rehearsal)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("companies/batch/create"):
            content = request.content.replace(b'"Firm 3"', b'"' + b"F" * 70_000 + b'"')
            request = httpx.Request(request.method, request.url, content=content)
            request.headers["Authorization"] = "Bearer secret"
            request.headers["Content-Type"] = "application/json"
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    report = rehearsal.execute(run)
    assert report.parents_refused == 1
    assert report.rows["parked"] == COUNT / 5
    assert report.rows["created"] == COUNT * 4 / 5
    assert "firm 3" in report.examples["parked"]
    assert report.adds_up


def test_without_lookups_by_key_an_unknown_outcome_needs_a_person(rehearsal: Rehearsal) -> None:
    """Where the vendor cannot find a record by key, an unsettled create is said, not guessed."""
    run = planned(rehearsal)
    space = rehearsal.workspace()

    async def load() -> None:
        async with connected(rehearsal.target, space) as session:
            blind = _Blind(session.vendor)
            first = space.journal.planned(run.id, 1, after=0, limit=2)
            space.journal.sending(run.id, first, rehearsal.clock.now())
            job = Job(run.id, {})
            await Loader(blind, space.journal, job, rehearsal.clock).load()  # type: ignore[arg-type]

    with pytest.raises(OutcomeUnknown, match="k1, k2"):
        rehearsal.clock.run(load())
    space.close()


class _Blind:
    """A vendor that has no means to know what became of a request."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """Nobody knows."""
        raise OutcomeUnknown(f"{type}: {', '.join(one.op.key for one in sent)}")

    def __getattr__(self, name: str) -> object:
        return getattr(self._vendor, name)


def test_a_server_that_never_answers_is_left_in_the_end(rehearsal: Rehearsal) -> None:
    """Answer after answer lost before the effect: the run gives up, and can go on later."""
    run = planned(rehearsal)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("deals/batch/create"):
            raise httpx.ReadTimeout("silence", request=request)
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(Unavailable, match="nothing was written"):
        rehearsal.execute(run)
    rehearsal.wrap = lambda inner: inner
    assert rehearsal.execute(run).rows["created"] == COUNT


def test_a_deal_that_gets_no_answer_costs_few(rehearsal: Rehearsal) -> None:
    """One deal at which the CRM stumbles each time: it and at most ten others are refused."""
    run = planned(rehearsal)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("deals/batch/create") and b'"Deal 77"' in request.content:
            return httpx.Response(500, text="Internal Server Error")
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    report = rehearsal.execute(run)
    assert 1 <= report.rows["refused"] <= 10
    assert report.refusals["no_answer"] == report.rows["refused"]
    assert report.rows["created"] == COUNT - report.rows["refused"]
    assert "k77" not in set(rehearsal.keys())
    assert Counter(rehearsal.keys()) < ALL
    rehearsal.wrap = lambda inner: inner
    source = rehearsal.source(deals(COUNT, company=lambda n: f"Firm {n % 5}"))
    assert rehearsal.load(rehearsal.template(), source).rows["created"] == report.rows["refused"]
    assert Counter(rehearsal.keys()) == ALL


def test_a_journal_that_cannot_be_written_sends_nothing(rehearsal: Rehearsal) -> None:
    """With the disk full, no request leaves that the journal does not know of."""
    run = planned(rehearsal)
    space = rehearsal.workspace()
    journal = space.journal
    journal.set_state(run.id, RunState.RUNNING)

    async def load() -> None:
        async with connected(rehearsal.target, space) as session:
            pages = journal.store.connection.execute("PRAGMA page_count").fetchone()[0]
            journal.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            journal.store.connection.execute(f"PRAGMA max_page_count = {pages}")
            journal.store.connection.execute("PRAGMA query_only = ON")
            job = Job(run.id, {})
            await Loader(session.vendor, journal, job, rehearsal.clock).load()

    with pytest.raises(Stopped, match="could not be written"):
        rehearsal.clock.run(load())
    space.close()
    assert rehearsal.keys() == []
    assert {f.op.state for f in rehearsal.workspace().journal.finished(run.id)} == {OpState.PLANNED}


def test_a_try_that_was_not_carried_out_does_not_make_a_record_ours(rehearsal: Rehearsal) -> None:
    """No connection, then somebody else's record with our key: it is refused, not claimed."""
    run = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(3))).run

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("deals/batch/create"):
            raise httpx.ConnectError("refused", request=request)
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(Unavailable):
        rehearsal.execute(run)
    rehearsal.wrap = lambda inner: inner
    _create(rehearsal, "k1", amount="777")
    report = rehearsal.execute(run)
    assert (report.rows["created"], report.rows["refused"]) == (2, 1)


def test_links_of_a_record_that_was_there_already_are_made(rehearsal: Rehearsal) -> None:
    """A create that finds its own record in the account still makes the links it carried."""
    template = rehearsal.template()
    linked = rehearsal.source(deals(20, company=lambda _: "Acme"), "linked.csv")
    later = rehearsal.plan(template, linked).run
    rehearsal.load(template, rehearsal.source(deals(20)))
    space = rehearsal.workspace()
    space.journal.set_state(later.id, RunState.RUNNING)  # planned on the account as it was then
    space.close()
    report = rehearsal.execute(later)
    assert report.rows["created"] == 20
    assert len(rehearsal.sandbox.associations("deals", "companies")) == 20


def test_a_company_of_ours_that_was_renamed_is_found_by_its_key(rehearsal: Rehearsal) -> None:
    """Somebody renames a company we made: later deals of it are linked to it, not parked."""
    template = rehearsal.template()
    rehearsal.load(template, rehearsal.source(deals(3, company=lambda _: "Acme")))
    (company,) = rehearsal.sandbox.records("companies")
    rehearsal.stranger().patch(
        f"/crm/v3/objects/companies/{company['id']}", json={"properties": {"name": "Acme SE"}}
    ).raise_for_status()
    report = rehearsal.load(template, rehearsal.source(deals(6, company=lambda _: "Acme")))
    assert report.rows["parked"] == 0
    assert len(rehearsal.sandbox.records("companies")) == 1
    assert len(rehearsal.sandbox.associations("deals", "companies")) == 6


def test_a_stopped_sample_stays_a_sample(rehearsal: Rehearsal) -> None:
    """A resume after an outage finishes the sample and no more; the next one writes the rest."""
    run = planned(rehearsal)
    spoiled = True

    def handle(request: httpx.Request) -> httpx.Response:
        if spoiled and request.url.path.endswith("deals/batch/create"):
            raise httpx.ConnectError("refused", request=request)
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(Unavailable):
        rehearsal.execute(run, sample=5)
    spoiled = False
    assert rehearsal.execute(run).rows["created"] == 5
    assert rehearsal.execute(run).rows["created"] == COUNT


def test_an_update_whose_link_is_refused_is_written_and_said(rehearsal: Rehearsal) -> None:
    """The values are in the account, so the row counts as updated; the lost link is named."""
    template = rehearsal.template()
    rehearsal.load(template, rehearsal.source(deals(3, company=lambda _: "Acme")))
    again = deals(3, company=lambda n: "Other" if n == 2 else "Acme", amount=lambda _: "100.00")
    run = rehearsal.plan(template, rehearsal.source(again)).run

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "associations" in path and path.endswith("batch/create"):
            body = {"status": "error", "category": "VALIDATION_ERROR", "message": "no such id"}
            return httpx.Response(400, json=body)
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    report = rehearsal.execute(run)
    assert report.rows["updated"] == 3
    assert report.refusals == {"link_refused": 1}
    assert report.turned_down == 1
    assert "no such id" in report.examples["link_refused"]
    assert {r["amount"] for r in rehearsal.sandbox.records("deals")} == {"100"}


def test_a_fault_of_our_own_is_not_taken_for_an_interruption(rehearsal: Rehearsal) -> None:
    """An error inside a request's task is what the caller sees."""
    run = planned(rehearsal)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("deals/batch/create"):
            raise ZeroDivisionError("a fault")
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(ZeroDivisionError):
        rehearsal.execute(run)


def test_the_disk_is_waited_for_once_a_batch(rehearsal: Rehearsal) -> None:
    """An answer becomes durable with the sending of the next batch; the last ones by themselves."""
    batches = 30
    source = rehearsal.source(deals(100 * batches))
    run = rehearsal.plan(rehearsal.template(), source).run
    space = rehearsal.workspace()
    commits: list[str] = []

    def seen(statement: str) -> None:
        if statement == "COMMIT":
            commits.append(statement)

    async def load() -> int:
        async with connected(rehearsal.target, space) as session:
            space.journal.store.connection.set_trace_callback(seen)
            return (await execute(space, run, session)).rows["created"]

    assert rehearsal.clock.run(load()) == 100 * batches
    assert batches <= len(commits) < 1.7 * batches
    space.close()
