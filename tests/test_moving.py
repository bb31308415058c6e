"""From one CRM to another: what both can hold is the same there, and the rest is named."""

from __future__ import annotations

import contextlib
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from migrator.errors import MigratorError
from migrator.export import likeness
from migrator.runs.execution import execute
from migrator.runs.moving import Onward, fetch, go_on_fetching, onward_of
from migrator.runs.planning import plan_run
from migrator.runs.target import connected
from tests.exports import OPTIONS, VENDORS, Reader, filled, rehearsal
from tests.test_exporting import Dying

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.report import Report
    from migrator.runs.inputs import Request
    from migrator.runs.planning import Planned
    from tests.support import Rehearsal

PAIRS = list(permutations(VENDORS, 2))
HELD_BY_NONE = {"created_at", "probability", "currency"}
"""What some CRM sets itself or cannot hold, so that it is named instead."""


def fetched(there: Rehearsal, vendor: str) -> Request:
    """The account's deals, ready to be loaded into another CRM."""
    space = there.workspace()

    async def main() -> Request:
        async with connected(there.target, space) as session:
            return await fetch(space, session, Onward(vendor, {}))

    try:
        return there.clock.run(main())
    finally:
        space.close()


def planned_for(there: Rehearsal, request: Request) -> Planned:
    """The request, planned, and the plan kept."""
    space = there.workspace()

    async def main() -> Planned:
        async with connected(there.target, space) as session:
            return await plan_run(space, request, session)

    try:
        return there.clock.run(main())
    finally:
        space.close()


def loaded(
    there: Rehearsal, request: Request, *, take_over: bool = False
) -> tuple[Planned, Report]:
    """The request, planned and written."""
    space = there.workspace()

    async def main() -> tuple[Planned, Report]:
        async with connected(there.target, space) as session:
            planned = await plan_run(space, request, session, lock=True)
            report = await execute(
                space, planned.run, session, inputs=planned.inputs, take_over=take_over
            )
            return planned, report

    try:
        return there.clock.run(main())
    finally:
        space.close()


@pytest.mark.parametrize(("origin", "target"), PAIRS)
def test_every_pair(origin: str, target: str, tmp_path: Path) -> None:
    """A to a file to B to a file: equal records, but for what B cannot hold, which was named."""
    source = filled(origin, tmp_path / "a", 120)
    there = rehearsal(target, tmp_path / "b")
    request = fetched(source, target)
    planned, report = loaded(there, request)
    assert report.rows["created"] == 120
    assert any("Attachments" in line for line in planned.run.settings["request"]["stays"])
    settings = planned.run.settings
    named = {*settings["left_out"], *settings["altered"]}
    there.clock.run(there.clock.sleep(60))
    assert there.verify().agrees

    back = tmp_path / "back.parquet"
    Reader(there).export(back)
    found = likeness(tmp_path / "a" / ".migrator" / "runs" / request_run(request), back)
    assert (found.both, found.missing, found.added) == (120, [], [])
    assert found.differing.keys() <= named
    assert named <= HELD_BY_NONE | {name for name in named if name.startswith("custom.")}
    expected = {"name", "pipeline", "stage", "status", "amount", "close_date", "owner"}
    assert expected | {"contacts", "companies"} <= set(found.fields)


def request_run(request: Request) -> str:
    """The exported file, below the folder of runs."""
    return "/".join(request.files[0].rsplit("/", 2)[1:])


def test_a_file_goes_back_where_it_came_from(tmp_path: Path) -> None:
    """An account's own export, loaded as any file, finds all its deals and changes none."""
    for vendor in VENDORS:
        there = filled(vendor, tmp_path / vendor, 40)
        target = tmp_path / f"{vendor}.csv"
        Reader(there).export(target)
        there.clock.run(there.clock.sleep(60))
        report = there.load("migrator", str(target))
        assert (report.rows["unchanged"], report.rows["created"]) == (40, 0)


def test_deals_without_a_key_are_not_doubled(tmp_path: Path) -> None:
    """Deals that other tools made are turned down when they come back to their own account."""
    there = rehearsal("hubspot", tmp_path)
    stage = {"pipeline": "default", "dealstage": "contractsent"}
    for n in range(3):
        body = {"properties": {"dealname": f"By hand {n}", **stage}}
        there.stranger().post("/crm/v3/objects/deals", json=body).raise_for_status()
    target = tmp_path / "out.csv"
    Reader(there).export(target)
    report = there.load("migrator", str(target))
    assert (report.rows["created"], report.rows["rejected"]) == (0, 3)
    assert len(there.sandbox.records("deals")) == 3


@pytest.mark.parametrize("at", [0, 12, 18])
def test_a_move_that_dies_goes_on(at: int, tmp_path: Path) -> None:
    """A move stopped while it exports goes on to the whole file, and so does a complete one."""
    source = filled("hubspot", tmp_path / "a", 320)
    source.wrap = lambda inner: Dying(inner, at)
    with contextlib.suppress(MigratorError):
        fetched(source, "brevo")
    source.wrap = lambda inner: inner
    space = source.workspace()
    run = space.journal.run()
    if "export" not in run.settings:
        space.close()
        pytest.skip("it died before anybody knew which account it is")
    assert onward_of(run) == Onward("brevo", {})

    async def main() -> Request:
        async with connected(source.target, space) as session:
            return await go_on_fetching(space, run, session, Onward("brevo", {}))

    try:
        request = source.clock.run(main())
        again = source.clock.run(main_again(source, space))
    finally:
        space.close()
    assert again == request
    there = rehearsal("brevo", tmp_path / "b", **OPTIONS["brevo"])
    assert loaded(there, request)[1].rows["created"] == 320


async def main_again(source: Rehearsal, space: object) -> Request:
    """The same once more, when the export is complete."""
    from migrator.runs.workspace import Workspace  # noqa: PLC0415  # for the type alone

    assert isinstance(space, Workspace)
    async with connected(source.target, space) as session:
        return await go_on_fetching(space, space.journal.run(), session, Onward("brevo", {}))
