"""How an import's end is found out: every row of the decision table, in the server's own hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migrator.errors import InputError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.model import Action, OpState
from migrator.vendors.brevo.jobs import Job
from tests.brevo.double import DEALS, Shelf, fixed, op, opened, sent
from tests.virtual_time import START, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from migrator.model import Outcome

PATIENCE = 900.0
KEYS = [f"k{i}" for i in range(6)]
ALL_BUT_ONE = dict.fromkeys(KEYS[1:], 0.0)


@pytest.fixture
def clock() -> VirtualClock:
    """Time for this test; it begins at 1000 seconds."""
    return VirtualClock()


@pytest.fixture
def shelf(clock: VirtualClock) -> Shelf:
    """An account with nothing in it."""
    return Shelf(clock)


def always(status: str) -> Callable[[float], str]:
    """A process of one status."""
    return lambda _: status


def until(second: float, then: str = "completed") -> Callable[[float], str]:
    """A process that runs until a second."""
    return lambda now: "in_process" if now < second else then


def recovered(
    clock: VirtualClock, shelf: Shelf, job: str | None, **options: object
) -> tuple[dict[str, Outcome], float]:
    """Outcomes of six creates by a fresh process, and how long it took."""
    vendor = opened(clock, shelf.handle, **options)
    ops = [op(key) for key in KEYS]
    began = clock.seconds
    outcomes = clock.run(vendor.recover(DEALS, sent(clock, ops, job)))
    return {outcome.key: outcome for outcome in outcomes}, clock.seconds - began


def states(outcomes: dict[str, Outcome]) -> dict[str, OpState]:
    """Key to state."""
    return {key: outcome.state for key, outcome in outcomes.items()}


ALL = dict.fromkeys(KEYS, OpState.WRITTEN)
ONE_REFUSED = {**ALL, "k0": OpState.REFUSED}


@pytest.mark.parametrize("job", ["78", "upload", "upload after 77", None])
@pytest.mark.parametrize("status", ["in_process", "completed", "Completed", "sleeping", None])
def test_all_there(clock: VirtualClock, shelf: Shelf, job: str | None, status: str | None) -> None:
    """Whatever is known of an import: once all its rows are there, they are written."""
    shelf.deals = dict.fromkeys(KEYS, 0.0)
    if status:
        shelf.processes[78] = always(status)
    outcomes, _ = recovered(clock, shelf, job)
    assert states(outcomes) == ALL
    assert {key: o.id for key, o in outcomes.items()} == {key: f"id-{key}" for key in KEYS}


@pytest.mark.parametrize("status", ["completed", "Completed", "failed", "cancelled"])
def test_ended_and_one_missing(clock: VirtualClock, shelf: Shelf, status: str) -> None:
    """Of an import that has ended, what two readings do not show was not taken, with a reason."""
    shelf.deals = dict(ALL_BUT_ONE)
    shelf.processes[78] = always(status)
    outcomes, seconds = recovered(clock, shelf, "78", list_lag=40)
    assert states(outcomes) == ONE_REFUSED
    assert outcomes["k0"].code == "not_imported"
    assert "no reason" in outcomes["k0"].message
    assert (status in outcomes["k0"].message) == (status.casefold() != "completed")
    assert 40 <= seconds < PATIENCE


def test_ended_and_the_list_lags(clock: VirtualClock, shelf: Shelf) -> None:
    """A row that the list shows late is written all the same."""
    shelf.deals = {**ALL_BUT_ONE, "k0": clock.seconds + 20}
    shelf.processes[78] = always("completed")
    outcomes, _ = recovered(clock, shelf, "78")
    assert states(outcomes) == ALL


def test_ended_between_two_readings(clock: VirtualClock, shelf: Shelf) -> None:
    """A reading from while an import ran does not agree with one from just after its end."""
    end = clock.seconds + PATIENCE + 300
    shelf.deals = dict.fromkeys(KEYS, end + 20)
    shelf.processes[78] = until(end)
    outcomes, _ = recovered(clock, shelf, "78")
    assert states(outcomes) == ALL


@pytest.mark.parametrize("job", ["78", "upload", "upload after 77"])
def test_running(clock: VirtualClock, shelf: Shelf, job: str) -> None:
    """An import that runs is waited for, however long, and nothing of it is sent again."""
    shelf.deals = {key: clock.seconds + 4000 + i for i, key in enumerate(KEYS[1:])}
    shelf.processes = {77: always("completed"), 78: until(clock.seconds + 4600)}
    shelf.deals["k5"] = clock.seconds + 4500
    shelf.deals["early"] = 0.0
    # It stands still for less than the patience at a time: a sign of life at each of these.
    for i, key in enumerate(KEYS[1:]):
        shelf.deals[key] = clock.seconds + 800 * (i + 1)
    outcomes, seconds = recovered(clock, shelf, job)
    assert states(outcomes) == ONE_REFUSED
    assert seconds >= 4600


@pytest.mark.parametrize("job", ["78", "upload"])
def test_running_and_standing_still(clock: VirtualClock, shelf: Shelf, job: str) -> None:
    """An import that is said to run and does not move is unknown, and the way out is named."""
    shelf.deals = dict(ALL_BUT_ONE)
    shelf.processes[78] = always("processing")
    with pytest.raises(OutcomeUnknown, match="import_watch=records"):
        recovered(clock, shelf, job)
    assert clock.seconds - 1000 >= PATIENCE
    assert shelf.asked.count("POST /crm/deals/import") == 0
    outcomes, _ = recovered(clock, shelf, "78", import_watch="records")
    assert states(outcomes) == ONE_REFUSED


@pytest.mark.parametrize("status", [None, "sleeping"])
def test_not_shown_and_one_missing(clock: VirtualClock, shelf: Shelf, status: str | None) -> None:
    """Without a process to go by, rows must stand still for the whole patience."""
    last = clock.seconds + 700
    shelf.deals = {**ALL_BUT_ONE, "k5": last}
    if status:
        shelf.processes[78] = always(status)
    outcomes, seconds = recovered(clock, shelf, "78")
    assert states(outcomes) == ONE_REFUSED
    assert seconds >= 700 + PATIENCE


def test_not_shown_and_none_there(clock: VirtualClock, shelf: Shelf) -> None:
    """An import that Brevo took and of which nothing comes is not sent again by itself."""
    outcomes, seconds = recovered(clock, shelf, "78")
    assert set(states(outcomes).values()) == {OpState.REFUSED}
    assert len(outcomes) == len(KEYS)
    assert seconds >= PATIENCE


@pytest.mark.parametrize(
    "answer", [(400, {"message": "no"}), (200, ["odd"]), (405, {"message": "no"})]
)
def test_processes_that_cannot_be_read(
    clock: VirtualClock, shelf: Shelf, answer: tuple[int, object]
) -> None:
    """An odd answer is as good as none: the records tell."""
    shelf.deals = dict.fromkeys(KEYS, 0.0)
    shelf.answers = {"GET /processes/78": fixed(*answer), "GET /processes": fixed(*answer)}
    for job in ("78", "upload"):
        assert states(recovered(clock, shelf, job)[0]) == ALL


def test_upload_and_a_newer_one_has_ended(clock: VirtualClock, shelf: Shelf) -> None:
    """Some rows there and a newer import ended: the file was taken, the rest of it was not."""
    shelf.deals = dict(ALL_BUT_ONE)
    shelf.processes = {77: always("completed"), 78: always("completed")}
    outcomes, seconds = recovered(clock, shelf, "upload after 77")
    assert states(outcomes) == ONE_REFUSED
    assert seconds < PATIENCE


def test_upload_and_nothing_shown_but_some_there(clock: VirtualClock, shelf: Shelf) -> None:
    """Some rows are there: the file was taken, and is complete when nothing moves any more."""
    shelf.deals = dict(ALL_BUT_ONE)
    outcomes, seconds = recovered(clock, shelf, "upload")
    assert states(outcomes) == ONE_REFUSED
    assert seconds >= PATIENCE


@pytest.mark.parametrize("job", ["upload", "upload after 77", None])
def test_upload_and_none_there(clock: VirtualClock, shelf: Shelf, job: str | None) -> None:
    """Nothing there and nothing shown: only after the patience may the file be sent again."""
    outcomes, seconds = recovered(clock, shelf, job)
    assert outcomes == {}
    assert seconds >= PATIENCE


@pytest.mark.parametrize("late", [30.0, 500.0, 890.0])
def test_upload_that_is_queued_unseen(clock: VirtualClock, shelf: Shelf, late: float) -> None:
    """A file that Brevo begins with late is found, within the patience."""
    shelf.deals = dict.fromkeys(KEYS, clock.seconds + late)
    assert states(recovered(clock, shelf, "upload")[0]) == ALL


def test_upload_and_earlier_ones_are_shown(clock: VirtualClock, shelf: Shelf) -> None:
    """Our earlier import is in the list and none after it: the file did not arrive."""
    shelf.processes = {77: always("completed"), 80: always("completed"), 76: always("queued")}
    shelf.names[80] = "CONTACT_EXPORT"
    outcomes, seconds = recovered(clock, shelf, "upload after 77")
    assert outcomes == {}
    assert 60 <= seconds < PATIENCE


def test_upload_and_only_other_processes_are_shown(clock: VirtualClock, shelf: Shelf) -> None:
    """A list without our earlier import shows no imports like it: it proves nothing."""
    shelf.processes = {12: always("completed")}
    assert recovered(clock, shelf, "upload after 77")[1] >= PATIENCE


def test_some_there_and_earlier_ones_are_shown(clock: VirtualClock, shelf: Shelf) -> None:
    """Rows that are there count for more than a process that is not."""
    shelf.deals = dict(ALL_BUT_ONE)
    shelf.processes = {77: always("completed")}
    outcomes, _ = recovered(clock, shelf, "upload after 77")
    assert states(outcomes) == ONE_REFUSED


def test_the_servers_clock_shortens_the_wait(clock: VirtualClock, shelf: Shelf) -> None:
    """Time that the server's own clock proves need not be waited for; ours alone proves nothing."""
    uploaded = str(Job(uploaded=START))
    clock.seconds += 2 * PATIENCE
    assert recovered(clock, shelf, uploaded)[1] >= PATIENCE
    shelf.dated = True
    outcomes, seconds = recovered(clock, shelf, uploaded)
    assert outcomes == {}
    assert seconds < 100


def test_few_without_a_note(clock: VirtualClock, shelf: Shelf) -> None:
    """Single creates: those that are there are written, the others were not created, soon known."""
    shelf.deals = {"a": 0.0, "b": clock.seconds + 20}
    vendor = opened(clock, shelf.handle)
    ops = [op("a"), op("b"), op("c")]
    outcomes = clock.run(vendor.recover(DEALS, sent(clock, ops)))
    assert {o.key: o.state for o in outcomes} == dict.fromkeys("ab", OpState.WRITTEN)
    assert clock.seconds - 1000 < 60


def test_updates_and_deletes(clock: VirtualClock, shelf: Shelf) -> None:
    """Updates and deletes are sent again, but for an import of updates that is known."""
    shelf.deals = {"a": 0.0}
    shelf.processes[78] = always("completed")
    vendor = opened(clock, shelf.handle)
    update = op("a", action=Action.UPDATE, deal_name="Deal a")
    for one in (update, op("a", action=Action.DELETE)):
        assert clock.run(vendor.recover(DEALS, sent(clock, [one]))) == []
    (outcome,) = clock.run(vendor.recover(DEALS, sent(clock, [update], "78")))
    assert (outcome.state, outcome.id) == (OpState.WRITTEN, "id-a")


def test_notes_say_what_is_needed() -> None:
    """What is noted is read back; of a note in nobody's words nothing is known."""
    for job in (Job(), Job(None, START), Job(None, START, 77), Job(None, None, 77)):
        for stage in (job, job.taken(78), job.taken(None)):
            assert Job.parse(str(stage)) == stage
    assert Job.parse("78") == Job().taken(78)
    for text in ("", "something", "upload at noon", None):
        assert Job.parse(text) == Job()


@pytest.mark.parametrize(("when", "pages"), [("2026-03-29", 2), ("2026-03-30", 20), ("odd", 20)])
def test_how_far_back_to_look(clock: VirtualClock, shelf: Shelf, when: str, pages: int) -> None:
    """A walk ends where deals are a day older than what was sent, if the list keeps its order."""
    shelf.deals = {**{f"old{i}": 0.0 for i in range(95)}, **dict.fromkeys(KEYS[1:], 1.0)}
    shelf.created = dict.fromkeys(shelf.deals, f"{when}T08:59:59Z" if when != "odd" else when)
    shelf.created |= dict.fromkeys(KEYS, "2026-03-31T09:00:00Z")
    if when == "2026-03-30":  # one that is out of order: nothing may be concluded from it
        shelf.created["old94"] = "2026-03-28T00:00:00Z"
    shelf.processes[78] = always("completed")
    outcomes, _ = recovered(clock, shelf, "78", page=10)
    assert states(outcomes) == ONE_REFUSED
    assert shelf.asked.count("GET /crm/deals") == pages


def test_without_the_key_attribute(clock: VirtualClock, shelf: Shelf) -> None:
    """Without the attribute nothing is sent, and of what was sent nothing is concluded."""
    shelf.answers["GET /crm/attributes/deals"] = fixed(200, [])
    vendor = opened(clock, shelf.handle)
    ops = [op(key) for key in KEYS]
    for some in (ops, ops[:2]):
        with pytest.raises(InputError, match="migrator_key"):
            clock.run(vendor.write(DEALS, Action.CREATE, some))
        for job in ("78", None) if some == ops else ("78",):
            with pytest.raises(OutcomeUnknown, match="migrator_key"):
                clock.run(vendor.recover(DEALS, sent(clock, some, job)))
    assert not any(asked.startswith("POST") for asked in shelf.asked)


# -- while writing ---------------------------------------------------------------------------------


def test_an_upload_is_noted_before_it_leaves(clock: VirtualClock, shelf: Shelf) -> None:
    """The marker is durable before the file leaves, the process as soon as it is known."""
    shelf.deals = dict.fromkeys(KEYS, 0.0)
    shelf.processes[78] = always("completed")
    shelf.dated = True
    noted: list[tuple[str, int]] = []

    def note(job: str) -> None:
        noted.append((job, shelf.asked.count("POST /crm/deals/import")))

    vendor = opened(clock, shelf.handle)
    clock.run(vendor.write(DEALS, Action.CREATE, [op(key) for key in KEYS], note))
    clock.run(vendor.write(DEALS, Action.CREATE, [op(key) for key in KEYS], note))
    markers = [Job.parse(job) for job, _ in noted]
    assert [uploads for _, uploads in noted] == [0, 1, 1, 2]
    assert [job.process for job in markers] == [None, 78, None, 78]
    assert markers[0].uploaded == START
    assert (markers[0].after, markers[2].after) == (None, 78)


@pytest.mark.parametrize("content", [{}, {"processId": "x"}, [], "text"])
def test_an_upload_without_a_process(clock: VirtualClock, shelf: Shelf, content: object) -> None:
    """An answer that names no process leaves the outcome unknown."""
    shelf.answers["POST /crm/deals/import"] = fixed(200, content)
    vendor = opened(clock, shelf.handle)
    with pytest.raises(OutcomeUnknown, match="names no process"):
        clock.run(vendor.write(DEALS, Action.CREATE, [op(key) for key in KEYS]))


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
@pytest.mark.parametrize("there", [6, 0])
def test_a_process_without_an_id(
    clock: VirtualClock, shelf: Shelf, action: Action, there: int
) -> None:
    """A file that was taken with "null" for an id is read back, and never sent a second time."""
    shelf.answers["POST /crm/deals/import"] = fixed(200, {"processId": None})
    shelf.deals = dict.fromkeys(KEYS[:there], clock.seconds + 30)
    noted: list[str] = []
    ops = [op(key, action=action, deal_name=f"Deal {key}") for key in KEYS]
    outcomes = clock.run(opened(clock, shelf.handle).write(DEALS, action, ops, noted.append))
    state = OpState.WRITTEN if there else OpState.REFUSED
    assert {o.key: o.state for o in outcomes} == dict.fromkeys(KEYS, state)
    again = clock.run(opened(clock, shelf.handle).recover(DEALS, sent(clock, ops, noted[-1])))
    assert {o.key: o.state for o in again} == dict.fromkeys(KEYS, state)
    assert shelf.asked.count("POST /crm/deals/import") == 1


@pytest.mark.parametrize("status", [401, 403, 500, 400])
def test_what_stops_an_accepted_import(clock: VirtualClock, shelf: Shelf, status: int) -> None:
    """Once a file was taken, whatever stops the reading back leaves the outcome unknown."""
    shelf.processes[78] = always("completed")
    shelf.answers["GET /crm/deals"] = fixed(status, {"message": "stop"})
    vendor = opened(clock, shelf.handle)
    with pytest.raises(OutcomeUnknown, match="import 78"):
        clock.run(vendor.write(DEALS, Action.CREATE, [op(key) for key in KEYS]))


def test_what_stops_before_the_upload(clock: VirtualClock, shelf: Shelf) -> None:
    """Nothing has left: the refusal is told as it is, and surely nothing was carried out."""
    ops = [op(key) for key in KEYS]
    for status, error in ((401, Unauthorized), (503, Unavailable)):
        shelf.answers["GET /crm/attributes/deals"] = fixed(status, {"message": "stop"})
        with pytest.raises(error):
            clock.run(opened(clock, shelf.handle).write(DEALS, Action.CREATE, ops))
    assert shelf.asked.count("POST /crm/deals/import") == 0


def test_a_file_that_is_turned_down(clock: VirtualClock, shelf: Shelf) -> None:
    """A 400 to the upload refuses every row of it, in Brevo's words."""
    shelf.answers["POST /crm/deals/import"] = fixed(400, {"message": "Bad request : With reason"})
    vendor = opened(clock, shelf.handle)
    for action in (Action.CREATE, Action.UPDATE):
        ops = [op(key, action=action, amount="1") for key in KEYS]
        outcomes = clock.run(vendor.write(DEALS, action, ops))
        assert {o.state for o in outcomes} == {OpState.REFUSED}
        assert all("With reason" in o.message for o in outcomes)
        assert len(outcomes) == len(KEYS)


def test_a_key_that_is_there_twice(clock: VirtualClock, shelf: Shelf) -> None:
    """Two records of one key are named, not passed over."""
    shelf.processes[78] = always("completed")
    shelf.deals = dict.fromkeys(KEYS, 0.0)
    twin = shelf._deal("k0") | {"id": "id-twin"}
    original = shelf._page
    shelf._page = lambda params: (  # type: ignore[method-assign]
        (found := original(params)) | {"items": [twin, *found["items"]]}
    )
    vendor = opened(clock, shelf.handle)
    outcomes = clock.run(vendor.write(DEALS, Action.CREATE, [op(key) for key in KEYS]))
    (doubled,) = (o for o in outcomes if o.code)
    assert (doubled.key, doubled.code) == ("k0", "doubled")
    assert "id-twin" in doubled.message


def test_killed_while_waiting(clock: VirtualClock, shelf: Shelf) -> None:
    """A process that dies while an import runs: the next one waits for it by the noted id."""
    shelf.deals = dict.fromkeys(KEYS, clock.seconds + 300)
    shelf.processes[78] = until(clock.seconds + 300)
    noted: list[str] = []
    ops = [op(key) for key in KEYS]

    async def killed() -> None:
        vendor = opened(clock, shelf.handle)
        async with asyncio.timeout(100):
            await vendor.write(DEALS, Action.CREATE, ops, noted.append)

    with pytest.raises(TimeoutError):
        clock.run(killed())
    outcomes = clock.run(opened(clock, shelf.handle).recover(DEALS, sent(clock, ops, noted[-1])))
    assert {o.key: o.state for o in outcomes} == ALL
    assert shelf.asked.count("POST /crm/deals/import") == 1


def test_a_reading_that_takes_long_is_as_old_as_its_beginning(
    clock: VirtualClock, shelf: Shelf
) -> None:
    """Waiting for the quota within a reading is no patience with it: rows came meanwhile."""
    shelf.deals = dict.fromkeys(KEYS, clock.seconds + 400)
    waits = iter([0.0, 0.0, PATIENCE * 2])

    def read_then_wait(request: httpx.Request) -> httpx.Response | None:
        read = shelf._shown(shelf._page(request.url.params))
        clock.seconds += next(waits, 0.0)
        return read

    shelf.answers["GET /crm/deals"] = read_then_wait
    outcomes, _ = recovered(clock, shelf, "78")
    assert states(outcomes) == ALL


def test_two_uploads_without_an_answer(clock: VirtualClock, shelf: Shelf) -> None:
    """Of two files whose answers were lost, one that arrived says nothing of the other."""
    shelf.answers["POST /crm/deals/import"] = fixed(503)
    vendor = opened(clock, shelf.handle)
    first = [replace(op(key), seq=number) for number, key in enumerate(KEYS, 1)]
    second = [replace(op(f"other-{key}"), seq=number) for number, key in enumerate(KEYS, 7)]
    noted = []
    for ops in (first, second):
        notes: list[str] = []
        with pytest.raises(OutcomeUnknown):
            clock.run(vendor.write(DEALS, Action.CREATE, ops, notes.append))
        noted += sent(clock, ops, notes[-1])
    shelf.deals = {one.key: 0.0 for one in second}
    outcomes = clock.run(opened(clock, shelf.handle).recover(DEALS, noted))
    assert {outcome.key: outcome.state for outcome in outcomes} == {
        one.key: OpState.WRITTEN for one in second
    }
