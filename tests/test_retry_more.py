"""Retries that overtake one another, are left, killed or undone: the books stay right."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import InputError
from migrator.report import as_text
from migrator.runs.target import connected
from migrator.runs.undo.undoing import undo
from tests.mending import Mender
from tests.nights import Killed
from tests.support import deals

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.report import Report
    from tests.mending import Row

STAGE = "Qualified To Buy"


@pytest.fixture
def mender(tmp_path: Path) -> Mender:
    """A sandbox, an empty workspace and a spreadsheet."""
    return Mender(tmp_path)


def load(mender: Mender, count: int, wrong: Collection[int]) -> Report:
    """Load deals of which some have a stage that does not exist."""
    text = deals(count, stage=lambda n: "Nowhere" if n in wrong else STAGE)
    return mender.load(mender.template(), mender.source(text))


def mend(row: Row) -> Row:
    """Correct the stage."""
    return row | {"stage": STAGE}


def only(mender: Mender, report: Report, *keys: str) -> str:
    """A rejects file with some of its rows, mended."""
    return mender.edited(report, lambda row: mend(row) if row["id"] in keys else None)


def undone(mender: Mender, report: Report) -> None:
    """Take a run back."""
    space = mender.workspace()

    async def work() -> None:
        async with connected(mender.target, space) as session:
            await undo(space, space.journal.run(report.run), session)

    try:
        mender.clock.run(work())
    finally:
        space.close()


# -- plans that wait -------------------------------------------------------------------------------


def test_a_plan_that_another_retry_overtook_counts_only_its_own_rows(mender: Mender) -> None:
    """Planned first and written second, with other rows: each row counts once in all books."""
    report = load(mender, 10, {1, 2, 3})
    waiting = mender.plan_retry(only(mender, report, "k1")).run
    mender.clock.seconds += 60
    between = mender.retry(only(mender, report, "k2"))
    assert (between.rows["created"], between.rows["rejected"]) == (8, 2)
    late = mender.execute(waiting)
    for books in (late, mender.books(report.run), mender.books(between.run)):
        assert books.adds_up
        assert (books.rows["created"], books.rows["rejected"]) == (9, 1)
        assert books.examples["unknown_stage"].startswith("record 3:")
        assert [each.run for each in books.retries] == [between.run, waiting.id]
    last = mender.retry(only(mender, report, "k3"))
    assert (last.rows["created"], last.turned_down, len(mender.deals())) == (10, 0, 10)


def test_retries_that_never_began_are_no_part_of_an_undone_run(mender: Mender) -> None:
    """One was planned and left, one died while it was planned: neither changes the books."""
    report = load(mender, 10, {1, 2, 3})
    mender.plan_retry(only(mender, report, "k1"))

    class Dies(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self.inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "batch/read" in request.url.path:
                raise Killed
            return await self.inner.handle_async_request(request)

    mender.wrap = Dies
    with pytest.raises(Killed):
        mender.plan_retry(only(mender, report, "k2"))
    mender.wrap = lambda inner: inner
    undone(mender, report)
    books = mender.books(report.run)
    assert (books.rows, books.retries, books.adds_up) == (report.rows, [], True)
    assert f"Taken back since by {books.undone_by}" in as_text(books)
    assert mender.deals() == {}


def test_the_folder_of_the_run_is_needed_until_the_end(mender: Mender) -> None:
    """Emptied between plan and writing, it is missed before anything is written."""
    report = load(mender, 5, {1})
    waiting = mender.plan_retry(only(mender, report, "k1")).run
    shutil.rmtree(mender.folder / ".migrator" / "runs" / report.run)
    with pytest.raises(InputError, match=r"The folder of run .* was deleted or emptied"):
        mender.execute(waiting)
    assert len(mender.deals()) == 4


# -- what a person has edited in place -------------------------------------------------------------


def edited_in_place(report: Report) -> Path:
    """Mend the rejects file where it lies."""
    path = Path(report.files["rejects"])
    path.write_bytes(path.read_bytes().replace(b"Nowhere,", STAGE.encode() + b","))
    return path


def test_edits_survive_a_resume_that_changes_nothing(mender: Mender) -> None:
    """A finished run that is gone on with leaves the mended file as it is, to be retried."""
    report = load(mender, 6, {2, 3})
    path = edited_in_place(report)
    before = path.read_bytes()
    mender.execute(mender.run(report.run))
    assert path.read_bytes() == before
    assert mender.retry(str(path)).rows["created"] == 6


def test_edits_survive_a_resume_that_turns_more_rows_down(mender: Mender) -> None:
    """The file is written anew, and what was edited is beside it; the user is told, each time."""
    text = deals(30, stage=lambda n: "Nowhere" if n in {2, 3} else STAGE)
    planned = mender.plan(mender.template(), mender.source(text)).run
    report = mender.execute(planned, sample=3)
    path = edited_in_place(report)
    before = path.read_bytes()
    taken = next(key for key in (f"k{n}" for n in range(4, 31)) if key not in mender.deals())
    with mender.stranger() as stranger:  # so that this one is refused
        stranger.post(
            "/crm/v3/objects/deals",
            json={
                "properties": {
                    "dealname": "theirs",
                    "pipeline": "default",
                    "dealstage": "appointmentscheduled",
                    "migrator_key": taken,
                }
            },
        ).raise_for_status()
    report = mender.execute(planned)
    aside = path.with_name("rejects-edited-1.csv")
    assert aside.read_bytes() == before
    assert len(mender.rejects(report)) == 3
    assert any(str(aside) in line for line in mender.said)
    assert mender.retry(str(aside)).rows["created"] == 29


# -- anything --------------------------------------------------------------------------------------


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6))
def test_books_are_right_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Plans left and written later, in any order, killed and resumed: each row counts once."""
    rng = random.Random(seed)
    mender = Mender(tmp_path_factory.mktemp("any"))
    count = rng.randrange(6, 20)
    wrong = set(rng.sample(range(1, count + 1), 5))
    report = load(mender, count, wrong)
    down = {f"k{n}" for n in wrong}
    waiting: list[tuple[str, set[str]]] = []
    for _ in range(6):
        mender.clock.seconds += rng.randrange(0, 90)
        if waiting and rng.random() < 0.5:
            run_id, keys = waiting.pop(rng.randrange(len(waiting)))
            if keys <= down:
                finish(mender, run_id, rng)
                down -= keys
            else:
                with pytest.raises(InputError, match=r"(was|were) retried by another one"):
                    mender.execute(mender.run(run_id))
        elif down:
            keys = set(rng.sample(sorted(down), rng.randrange(1, len(down) + 1)))
            waiting.append((mender.plan_retry(only(mender, report, *keys)).run.id, keys))
        books = mender.books(report.run)
        assert books.adds_up
        assert books.rows["created"] == count - len(down) == len(mender.deals())
        assert books.rows["rejected"] == sum(books.codes.values()) == len(down)


def finish(mender: Mender, run_id: str, rng: random.Random) -> None:
    """Write a retry; now and then it dies on the way and is resumed."""
    if rng.random() < 0.5:
        at = rng.randrange(1, 8)
        mender.wrap = lambda inner: Mortal(inner, at)
        try:
            mender.execute(mender.run(run_id))
        except Killed:
            assert mender.books(run_id).adds_up
        finally:
            mender.wrap = lambda inner: inner
    mender.execute(mender.run(run_id))


class Mortal(httpx.AsyncBaseTransport):
    """A network on which the process dies at its n-th request, after the effect."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int) -> None:
        self.inner = inner
        self.left = at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry it out, and perhaps die."""
        answer = await self.inner.handle_async_request(request)
        self.left -= 1
        if not self.left:
            raise Killed
        return answer
