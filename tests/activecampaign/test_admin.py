"""Commands that a person gives, and tasks, notes and history of deals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import InputError
from migrator.model import Action, Link, ObjectType, Op, OpState
from migrator.vendors.activecampaign import admin
from migrator.vendors.activecampaign.activity import with_key, without_key
from tests.activecampaign.portal import DEALS, NOTES, TASKS, Portal

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.admin import Step


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


async def with_deals(portal: Portal, count: int) -> list[str]:
    """Ids of deals in the first stage."""
    account = await portal.prepared()
    ops = [portal.op(account, f"k{n}") for n in range(count)]
    return [str(one.id) for one in await portal.vendor.write(DEALS, Action.CREATE, ops)]


class Asked:
    """Agrees, or does not, and remembers what it was asked."""

    def __init__(self, *, agree: bool = True) -> None:
        self.steps: list[Step] = []
        self._agree = agree

    def __call__(self, step: Step) -> bool:
        """Whether to go on."""
        self.steps.append(step)
        return self._agree


# -- stages ----------------------------------------------------------------------------------------


def test_moving_a_stage_says_how_many_deals_move(portal: Portal) -> None:
    """Nothing moves without consent; with it, all deals of the stage and no others."""

    async def main() -> None:
        ids = await with_deals(portal, 130)
        await portal.vendor.calls.deals.update(ids[0], {"stage": "3"})
        tenant = portal.vendor.tenant
        no, yes = Asked(agree=False), Asked()
        assert await admin.move_stage(tenant, "pipeline", "to contact", "In Contact", no) == 0
        assert [step.count for step in no.steps] == [129]
        assert (await portal.vendor.calls.deals.get(ids[1])).stage == "1"
        assert await admin.move_stage(tenant, "1", "1", "2", yes) == 129
        stages = {(await portal.vendor.calls.deals.get(id_)).stage for id_ in ids[1:5]}
        assert stages == {"2"}
        assert (await portal.vendor.calls.deals.get(ids[0])).stage == "3"
        assert await admin.move_stage(tenant, "1", "1", "2", yes) == 0
        assert len(yes.steps) == 1
        assert '"To Contact" to "In Contact"' in yes.steps[0].what

    portal.run(main())


@pytest.mark.parametrize(
    ("pipeline", "stage", "to", "expected"),
    [
        ("Pipelime", "To Contact", "In Contact", 'Did you mean "Pipeline"'),
        ("Pipeline", "To Contct", "In Contact", 'Did you mean "To Contact"'),
        ("Pipeline", "To Contact", "1", "Name another"),
        ("Twin", "To Contact", "In Contact", "There are 2 pipelines"),
    ],
)
def test_names_that_lead_nowhere(
    portal: Portal, pipeline: str, stage: str, to: str, expected: str
) -> None:
    """What is unknown, ambiguous or pointless is told before anything is asked."""

    async def main() -> None:
        for _ in range(2):
            await portal.vendor.calls.pipelines.create_group("Twin", "usd")
        with pytest.raises(InputError, match=expected):
            await admin.move_stage(portal.vendor.tenant, pipeline, stage, to, Asked())

    portal.run(main())


def test_stages_are_renamed_ordered_and_deleted(portal: Portal) -> None:
    """A stage or a pipeline is deleted only when no deal would be lost with it."""

    async def main() -> None:
        tenant = portal.vendor.tenant
        ids = await with_deals(portal, 1)
        await admin.rename_stage(tenant, "Pipeline", "To Contact", "New")
        await admin.order_stages(tenant, "Pipeline", ["Follow Up", "New"])
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


def test_a_role_is_created_once(portal: Portal) -> None:
    """The role of that title, in any letter case, is used when it is there."""

    async def main() -> None:
        first = await admin.create_role(portal.vendor.tenant, "Finance")
        assert await admin.create_role(portal.vendor.tenant, "FINANCE") == first

    portal.run(main())


# -- tasks and notes -------------------------------------------------------------------------------


def new(type: ObjectType, deal: str, key: str = "n-1", **properties: str) -> Op:
    """An op that creates a task or a note on a deal."""
    return Op(1, type, Action.CREATE, key, None, properties, links=(Link(DEALS, "d", deal),))


TASK = {"title": "Ring", "duedate": "2026-04-01T12:00:00+00:00", "dealTasktype": "call"}


def test_tasks_are_created_changed_read_and_deleted(portal: Portal) -> None:
    """A task belongs to a deal, has a type by title, and its key in its text."""

    async def main() -> None:
        (deal,) = await with_deals(portal, 1)
        vendor = portal.vendor
        op = new(TASKS, deal, **TASK, note="Hello", assignee="2", status="0")
        (outcome,) = await vendor.write(TASKS, Action.CREATE, [op])
        assert outcome.state is OpState.WRITTEN
        (held,) = [held async for held in vendor.export(TASKS)]
        assert (held.key, held.id) == ("n-1", outcome.id)
        assert held.links == {DEALS: (deal,)}
        assert held.properties == {
            "title": "Ring",
            "note": "Hello",
            "duedate": held.properties["duedate"],
            "dealTasktype": "Call",
            "status": "0",
            "assignee": "2",
        }
        due = str(held.properties["duedate"])
        assert vendor.same(TASKS, "duedate", TASK["duedate"], due)
        change = replace(op, action=Action.UPDATE, id=held.id, properties={"note": "Bye"})
        await vendor.write(TASKS, Action.UPDATE, [change])
        again = replace(change, properties={"title": "Again", "dealTasktype": "Email"})
        await vendor.write(TASKS, Action.UPDATE, [again])
        found = (await vendor.find(TASKS, ["n-1"], ["note", "title", "dealTasktype"]))["n-1"]
        assert found.properties == {"note": "Bye", "title": "Again", "dealTasktype": "Email"}
        for _ in range(2):
            (outcome,) = await vendor.write(
                TASKS, Action.DELETE, [replace(op, action=Action.DELETE, id=held.id)]
            )
            assert outcome.state is OpState.WRITTEN
        assert await vendor.find(TASKS, ["n-1"]) == {}

    portal.run(main())


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"duedate": TASK["duedate"]}, "missing_dealTasktype"),
        ({"dealTasktype": "Call"}, "missing_duedate"),
        ({**TASK, "dealTasktype": "Caal"}, "unknown_task_type"),
    ],
)
def test_a_task_that_cannot_be_is_refused(
    portal: Portal, properties: dict[str, str], expected: str
) -> None:
    """Without a due date, a type, or a deal."""

    async def main() -> None:
        (deal,) = await with_deals(portal, 1)
        op = new(TASKS, deal, **properties)
        (outcome,) = await portal.vendor.write(TASKS, Action.CREATE, [op])
        assert (outcome.state, outcome.code) == (OpState.REFUSED, expected)
        nowhere = replace(new(TASKS, deal, **TASK), links=())
        (outcome,) = await portal.vendor.write(TASKS, Action.CREATE, [nowhere])
        assert outcome.code == "no_deal"

    portal.run(main())


def test_notes_are_created_changed_and_read(portal: Portal) -> None:
    """A note belongs to a deal and has its key in its text; those of others have none."""

    async def main() -> None:
        (deal,) = await with_deals(portal, 1)
        vendor = portal.vendor
        op = new(NOTES, deal, note="Hello\nthere")
        (outcome,) = await vendor.write(NOTES, Action.CREATE, [op])
        await vendor.calls.tasks.create_note(deal, "by hand")
        held = {held.key: held async for held in vendor.export(NOTES)}
        assert held["n-1"].properties == {"note": "Hello\nthere"}
        assert held[None].properties == {"note": "by hand"}
        assert held["n-1"].links == {DEALS: (deal,)}
        change = replace(op, action=Action.UPDATE, id=outcome.id, properties={"note": "Bye"})
        await vendor.write(NOTES, Action.UPDATE, [change])
        assert (await vendor.find(NOTES, ["n-1"], ["note"]))["n-1"].properties == {"note": "Bye"}
        gone = replace(op, action=Action.DELETE, id=outcome.id)
        await vendor.write(NOTES, Action.DELETE, [gone])
        assert {held.key async for held in vendor.export(NOTES)} == {None}
        assert await vendor.find(NOTES, []) == {}

    portal.run(main())


def test_keys_in_texts() -> None:
    """A text with a key gives both back; one without has none."""
    for text in ("a", "a\n\nb", "", "[migrator_key: x]\nmore"):
        assert without_key(with_key(text, "k: 1")) == (text or None, "k: 1")
    assert without_key(None) == (None, None)
    assert without_key("[migrator_key: x]\nmore") == ("[migrator_key: x]\nmore", None)


def test_all_tasks_of_a_type_are_moved(portal: Portal) -> None:
    """With consent only; the type can then be put out of use."""

    async def main() -> None:
        (deal,) = await with_deals(portal, 1)
        vendor = portal.vendor
        ops = [new(TASKS, deal, f"t{n}", **TASK) for n in range(3)]
        await vendor.write(TASKS, Action.CREATE, ops)
        no, yes = Asked(agree=False), Asked()
        assert await admin.move_tasks(vendor.tenant, "Call", "email", no) == 0
        assert [step.count for step in no.steps] == [3]
        assert await admin.move_tasks(vendor.tenant, "Call", "email", yes) == 3
        assert await admin.move_tasks(vendor.tenant, "Call", "email", yes) == 0
        with pytest.raises(InputError, match="Name another"):
            await admin.move_tasks(vendor.tenant, "Call", "1", yes)
        with pytest.raises(InputError, match="no task type"):
            await admin.move_tasks(vendor.tenant, "Fax", "Call", yes)
        await admin.retire_task_type(vendor.tenant, "Call")
        assert not (await vendor.calls.tasks.type("1")).active
        op = new(TASKS, deal, "t9", **TASK)
        (outcome,) = await portal.open().write(TASKS, Action.CREATE, [op])
        assert outcome.code == "unknown_task_type"

    portal.run(main())
