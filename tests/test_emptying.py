"""Emptying a stage, or a kind of task, by the one request that a CRM has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import InputError
from migrator.model import ObjectType
from migrator.runs.emptying import Emptying, empty, find_tasks, move_tasks, plan_emptying
from migrator.runs.target import connected
from migrator.runs.undo.undoing import undo
from tests.exports import Reader, filled, rows_of
from tests.test_cleanup import counting, writing

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.report import Report
    from migrator.runs.emptying import Kinds
    from tests.support import Rehearsal

HAS_IT = "activecampaign"
ASKED = Emptying("Renewals", "Due", "talks")


def emptied(there: Rehearsal, asked: Emptying = ASKED) -> Report:
    """The stage is emptied, in one session."""
    space = there.workspace()

    async def main() -> Report:
        async with connected(there.target, space) as session:
            return await empty(space, session, await plan_emptying(space, session, asked))

    try:
        return there.clock.run(main())
    finally:
        space.close()


def stages(there: Rehearsal, folder: Path) -> dict[str, str]:
    """The stage of each deal, by key."""
    target = folder / "now.csv"
    Reader(there).export(target)
    return {key: row["stage"] for key, row in rows_of(target).items()}


def test_a_stage_is_emptied_by_one_request(tmp_path: Path) -> None:
    """All its deals are in the other stage, the others where they were; undo puts them back."""
    there = filled(HAS_IT, tmp_path, 60)
    before = stages(there, tmp_path)
    asked = counting(there)
    report = emptied(there)
    assert len(writing(asked)) == 1
    there.wrap = lambda inner: inner
    moved = {key for key, stage in before.items() if stage == "Due"}
    assert report.rows["updated"] == len(moved) == 15
    assert there.verify().agrees
    after = {key: "Talks" if key in moved else stage for key, stage in before.items()}
    assert stages(there, tmp_path) == after
    space = there.workspace()

    async def main() -> int:
        async with connected(there.target, space) as session:
            run = next(run for run in reversed(space.journal.runs()) if ":update" in run.template)
            return (await undo(space, run, session)).failed

    assert there.clock.run(main()) == 0
    space.close()
    assert stages(there, tmp_path) == before


def test_a_deal_that_left_before_is_not_claimed(tmp_path: Path) -> None:
    """A deal that somebody moves between plan and request stays where that person put it."""
    there = filled(HAS_IT, tmp_path, 20)
    target = tmp_path / "now.csv"
    Reader(there).export(target)
    path = f"/api/3/deals/{rows_of(target)['k4']['record'].rpartition('/')[2]}"
    (pipeline,) = (one for one in there.account().pipelines if one.label == "Renewals")
    lost = {"deal": {"stage": pipeline.stages[3].id}}

    def meddling(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        async def handle(request: httpx.Request) -> httpx.Response:
            if request.method == "PUT" and request.url.path.endswith("/deals"):
                await there.clock.sleep(2)
                there.stranger().put(path, json=lost).raise_for_status()
                await there.clock.sleep(2)
            return await inner.handle_async_request(request)

        return httpx.MockTransport(handle)

    there.wrap = meddling
    report = emptied(there)
    there.wrap = lambda inner: inner
    assert (report.rows["updated"], report.rows["refused"]) == (4, 1)
    assert stages(there, tmp_path)["k4"] == "Lost"


def test_a_lost_answer_is_gone_on_with(tmp_path: Path) -> None:
    """When the answer is lost, each deal is in its new stage once the run has gone on."""
    there = filled(HAS_IT, tmp_path, 20)
    lost = [True]

    def losing(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        async def handle(request: httpx.Request) -> httpx.Response:
            answer = await inner.handle_async_request(request)
            if lost and request.method == "PUT" and request.url.path.endswith("/deals"):
                lost.clear()
                raise httpx.ReadError("gone", request=request)
            return answer

        return httpx.MockTransport(handle)

    there.wrap = losing
    report = emptied(there)
    assert report.rows["updated"] == 5
    assert "Due" not in stages(there, tmp_path).values()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Emptying("Renewal", "Due", "Talks"), 'no pipeline "Renewal".*Did you mean "Renewals"'),
        (Emptying("Renewals", "Nowhere", "Talks"), 'no stage "Nowhere".*There are Due, Talks'),
        (Emptying("Renewals", "Due", "due"), "is the stage that the deals are in"),
    ],
)
def test_labels_must_be_there(asked: Emptying, why: str, tmp_path: Path) -> None:
    """Names that the account does not have are refused with those that it has."""
    there = filled(HAS_IT, tmp_path, 4)
    with pytest.raises(InputError, match=why):
        emptied(there, asked)


def test_others_are_told_the_long_way(tmp_path: Path) -> None:
    """Where a CRM has no such request, the way to the same end is told."""
    there = filled("hubspot", tmp_path, 2)
    with pytest.raises(InputError, match="--update-only --only pipeline,stage"):
        emptied(there)
    with pytest.raises(InputError, match="--update-only --only kind"):
        _moved(there, "Call", "Email")


def _moved(there: Rehearsal, kind: str, to: str) -> Kinds:
    space = there.workspace()

    async def main() -> Kinds:
        async with connected(there.target, space) as session:
            kinds = await find_tasks(space, session, kind, to)
            await move_tasks(session, kinds)
            return kinds

    try:
        return there.clock.run(main())
    finally:
        space.close()


def test_tasks_change_their_kind(tmp_path: Path) -> None:
    """All tasks of a kind have the other one afterwards, and a file tells which they were."""
    there = filled(HAS_IT, tmp_path, 6)
    client = there.stranger()
    deals = client.get("/api/3/deals").json()["deals"]
    types = [one["id"] for one in client.get("/api/3/dealTasktypes").json()["dealTasktypes"]]
    there.clock.run(there.clock.sleep(2))
    for n in range(3):
        task = {"title": f"T{n}", "ownerType": "deal", "relid": deals[n]["id"], "status": 0}
        due = {"duedate": "2026-05-01T09:00:00+00:00", "edate": "2026-05-01T10:00:00+00:00"}
        body = {"dealTask": {**task, **due, "dealTasktype": types[n // 2]}}
        client.post("/api/3/dealTasks", json=body).raise_for_status()
        there.clock.run(there.clock.sleep(2))
    kinds = _moved(there, types[0], types[1])
    assert kinds.count == 2
    assert kinds.file.read_text(encoding="utf-8").count("\n") == 3
    target = tmp_path / "tasks.csv"
    Reader(there).export(target, ObjectType.TASKS)
    assert {row["kind"] for row in rows_of(target).values()} == {kinds.new[1]}
    with pytest.raises(InputError, match="is the kind that the tasks have"):
        _moved(there, types[0], types[0])
    with pytest.raises(InputError, match='no kind of task "Carrier pigeon"'):
        _moved(there, "Carrier pigeon", types[0])
