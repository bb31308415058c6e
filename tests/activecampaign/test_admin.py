"""Commands that a person gives, and the tasks of deals."""

from __future__ import annotations

import httpx
import pytest

from migrator.errors import InputError
from migrator.model import Action, Link, ObjectType, Op
from migrator.vendors.activecampaign import admin
from migrator.vendors.base import records
from tests.activecampaign.portal import DEALS, TASKS, Portal


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


async def with_deals(portal: Portal, count: int) -> list[str]:
    """Ids of deals in the first stage."""
    account = await portal.prepared()
    ops = [portal.op(account, f"k{n}") for n in range(count)]
    return [str(one.id) for one in await portal.vendor.write(DEALS, Action.CREATE, ops)]


# -- stages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pipeline", "stage", "title", "expected"),
    [
        ("Pipelime", "To Contact", "New", 'Did you mean "Pipeline"'),
        ("Pipeline", "To Contct", "New", 'Did you mean "To Contact"'),
        ("Pipeline", "To Contact", "in contact", "Choose another title"),
        ("Twin", "To Contact", "New", "There are 2 pipelines .* with the ids 2, 3"),
    ],
)
def test_names_that_lead_nowhere(
    portal: Portal, pipeline: str, stage: str, title: str, expected: str
) -> None:
    """What is unknown, ambiguous or confusing is told, and nothing is changed."""

    async def main() -> None:
        for _ in range(2):
            await portal.vendor.calls.pipelines.create_group("Twin", "usd")
        with pytest.raises(InputError, match=expected):
            await admin.rename_stage(portal.vendor.tenant, pipeline, stage, title)
        assert portal.asked["PUT dealStages/{id}"] == 0

    portal.run(main())


def test_stages_are_renamed_ordered_and_deleted(portal: Portal) -> None:
    """A stage or a pipeline is deleted only when no deal would be lost with it."""

    async def main() -> None:
        tenant = portal.vendor.tenant
        ids = await with_deals(portal, 1)
        await admin.rename_stage(tenant, "Pipeline", "To Contact", "New")
        await admin.order_stages(tenant, "Pipeline", "Follow Up", "New")
        account = await portal.vendor.describe(())
        titles = [stage.label for stage in account.pipelines[0].stages]
        assert titles == ["Follow Up", "New", "In Contact"]
        with pytest.raises(InputError, match="has deals"):
            await admin.delete_stage(tenant, "Pipeline", "New")
        with pytest.raises(InputError, match="has deals"):
            await admin.delete_pipeline(tenant, "Pipeline")
        await admin.delete_stage(tenant, "Pipeline", "In Contact")
        await portal.vendor.calls.deals.delete(ids[0])
        await portal.vendor.calls.pipelines.create_group("Other", "usd")
        with pytest.raises(InputError, match='another pipeline called "OTHER"'):
            await admin.rename_pipeline(tenant, "Pipeline", "OTHER")
        await admin.rename_pipeline(tenant, "1", "pipeline")  # its own title in other letters
        await admin.rename_pipeline(tenant, "Pipeline", "Sales")
        await admin.delete_pipeline(tenant, "Sales")
        account = await portal.vendor.describe(())
        assert [pipeline.label for pipeline in account.pipelines] == ["Other"]

    portal.run(main())


def test_what_is_turned_down_is_told(portal: Portal) -> None:
    """A refusal is a sentence for the user."""
    portal.alter("PUT", "/dealGroups/1", lambda _, __: httpx.Response(400, text="{}"))
    with pytest.raises(InputError, match="refuses that"):
        portal.run(admin.rename_pipeline(portal.vendor.tenant, "1", "x"))


# -- tasks -------------------------------------------------------------------------------


def new(type: ObjectType, deal: str, key: str = "n-1", **properties: str) -> Op:
    """An op that creates a task or a note on a deal."""
    return Op(1, type, Action.CREATE, key, None, properties, links=(Link(DEALS, "d", deal),))


TASK = {"title": "Ring", "duedate": "2026-04-01T12:00:00+00:00", "dealTasktype": "call"}


# -- by id -----------------------------------------------------------------------------------------


def test_a_stage_is_moved_by_id(portal: Portal) -> None:
    """All its deals and no others; to repeat it is harmless."""

    async def main() -> None:
        ids = await with_deals(portal, 130)  # more than a page
        vendor = portal.vendor
        (pipeline, *_) = (await vendor.describe([DEALS])).pipelines
        first, second, third = (stage.id for stage in pipeline.stages[:3])
        await vendor.calls.deals.update(ids[-1], {"stage": third})
        place = await vendor.stage(first)
        assert (place.stage.label, place.pipeline.label) == ("To Contact", pipeline.label)
        for _ in range(2):
            await vendor.move_stage(first, second)
        deals = await vendor.read(DEALS, ids, ["stage"])
        assert [deals[id_].properties["stage"] for id_ in ids] == [second] * 129 + [third]

    portal.run(main())


def test_a_stage_that_cannot_be_moved(portal: Portal) -> None:
    """One that is not there, the same, and one of another pipeline: nothing is asked for."""

    async def main() -> None:
        await with_deals(portal, 1)
        vendor = portal.vendor
        _, others = await vendor.calls.pipelines.create_group("Other", "usd")
        for source, target, message in (
            ("4711", "1", "no stage with the id 4711"),
            ("1", "4711", "no stage with the id 4711"),
            ("1", "1", "Name another"),
            ("1", others[0].id, 'one of "Other"'),
        ):
            with pytest.raises(InputError, match=message):
                await vendor.move_stage(source, target)
        assert portal.asked["PUT dealStages/{id}/deals"] == 0
        portal.block("GET", "/dealStages/1", httpx.Response(409, json={"message": "busy"}))
        with pytest.raises(InputError, match="busy"):
            await vendor.stage("1")

    portal.run(main())


def test_tasks_are_moved_by_id(portal: Portal) -> None:
    """All of a type; not to one that is not there, the same, or out of use, as no new task is."""

    async def main() -> None:
        (deal,) = await with_deals(portal, 1)
        vendor = portal.vendor
        for n in range(2):
            await vendor.write(TASKS, Action.CREATE, [new(TASKS, deal, f"t{n}", **TASK)])
        types = await vendor.task_types()
        assert types["1"] == (await vendor.task_type("1")).title == "Call"
        for _ in range(2):
            await vendor.move_tasks("1", "2")
        tasks = [held async for held in records(vendor.pages(TASKS, ["dealTasktype"]))]
        assert [task.properties["dealTasktype"] for task in tasks] == ["2", "2"]
        await admin.retire_task_type(vendor.tenant, "Call")
        for source, target, message in (
            ("2", "1", "out of use"),
            ("2", "2", "Name another"),
            ("2", "4711", "no task type with the id 4711"),
        ):
            with pytest.raises(InputError, match=message):
                await vendor.move_tasks(source, target)
        op = new(TASKS, deal, "t9", **TASK)
        (outcome,) = await portal.open().write(TASKS, Action.CREATE, [op])
        assert outcome.code == "unknown_task_type"

    portal.run(main())


@pytest.mark.parametrize("count", [2, 25])
def test_history(portal: Portal, count: int) -> None:
    """Of the deals that are named, few or many, each entry once; of all when none is."""

    async def main() -> None:
        ids = await with_deals(portal, 30)
        vendor = portal.vendor
        for id_ in ids:
            await vendor.calls.deals.update(id_, {"stage": "2"})
        some = [one async for one in vendor.activities(ids[:count])]
        assert {one.deal for one in some} == set(ids[:count])
        assert len({one.id for one in some}) == len(some)
        assert {one.deal async for one in vendor.activities()} == set(ids)

    portal.run(main())
