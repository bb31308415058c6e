"""Every operation of ActiveCampaign's API that we use, driven through the adapter's calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import InputError, OutcomeUnknown
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import read_rows
from migrator.vendors.activecampaign.people_things import read_company
from migrator.vendors.activecampaign.task_things import read_note, read_task
from migrator.vendors.activecampaign.things import read_datum, read_deal, read_secondary
from migrator.vendors.activecampaign.values import Wire
from tests.activecampaign.portal import DEALS, Portal

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.calls import Calls


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


async def a_deal(calls: Calls, title: str = "One", **more: object) -> str:
    """Id of a new deal in the first stage."""
    contact = await calls.people.sync_contact({"email": "ann@example.com"})
    content = {
        "title": title,
        "contact": contact.id,
        "value": 1250,
        "currency": "usd",
        "group": "1",
        "stage": "1",
        "owner": "1",
        "status": 0,
        **more,
    }
    return (await calls.deals.create(content)).id


def test_deals(portal: Portal) -> None:
    """A deal is created, read, listed, changed, seen with its contact, and deleted for good."""
    calls = portal.vendor.calls

    async def main() -> None:
        id_ = await a_deal(calls)
        deal = await calls.deals.get(id_)
        assert (deal.title, deal.cents, deal.currency, deal.status) == ("One", "1250", "usd", "0")
        await calls.deals.update(id_, {"title": "Two", "value": 99, "status": 1})
        page = await calls.deals.page(filters={"stage": "1"})
        (listed,) = read_rows(read_deal, page.rows)
        assert (listed.id, listed.title, listed.cents, listed.status) == (id_, "Two", "99", "1")
        assert page.total == 1
        of_contact = await calls.deals.of_contact(str(deal.contact))
        assert [one.id for one in read_rows(read_deal, of_contact.rows)] == [id_]
        await calls.deals.delete(id_)
        with pytest.raises(Refusal) as refusal:
            await calls.deals.get(id_)
        assert refusal.value.not_found
        assert (await calls.deals.page()).total == 0

    portal.run(main())


def test_owners_of_many(portal: Portal) -> None:
    """Owners of several deals change in one request, which says what became of each."""
    calls = portal.vendor.calls

    async def main() -> None:
        ids = [await a_deal(calls, f"D{n}") for n in range(3)]
        await calls.deals.update(ids[2], {"owner": "2"})
        answer = await calls.deals.set_owners([(id_, "2") for id_ in (*ids, "4711")])
        assert answer.changed == {ids[0], ids[1]}
        assert answer.unchanged == {ids[2]}
        assert answer.failed == {"4711"}
        assert [(await calls.deals.get(id_)).owner for id_ in ids] == ["2"] * 3
        with pytest.raises(Refusal):
            await calls.deals.set_owners([(ids[0], "999999")])

    portal.run(main())


def test_custom_fields(portal: Portal) -> None:
    """A field is created, read, listed, renamed, given options, and deleted."""
    calls = portal.vendor.calls.fields

    async def main() -> None:
        content = {"fieldLabel": "Tier", "fieldType": "dropdown", "fieldOptions": ["Gold"]}
        meta = await calls.create_meta(content)
        assert (meta.label, meta.type, meta.options) == ("Tier", "dropdown", ("Gold",))
        await calls.update_meta(meta.id, {"fieldLabel": "Rank", "fieldOptions": ["Gold", "Tin"]})
        again = await calls.meta(meta.id)
        assert (again.label, again.options) == ("Rank", ("Gold", "Tin"))
        assert again in await calls.metas()
        await calls.delete_meta(meta.id)
        assert again not in await calls.metas()
        with pytest.raises(Refusal) as refusal:
            await calls.meta(meta.id)
        assert refusal.value.not_found

    portal.run(main())


def test_values_of_custom_fields(portal: Portal) -> None:
    """Values are created and changed singly and in bulk, read, listed, and deleted."""
    calls = portal.vendor.calls

    async def main() -> None:
        first, second = [await a_deal(calls, title) for title in ("A", "B")]
        text = await calls.fields.create_meta({"fieldLabel": "T", "fieldType": "text"})
        money = await calls.fields.create_meta({"fieldLabel": "M", "fieldType": "currency"})
        datum = await calls.fields.create_datum(first, text.id, Wire("one"))
        assert (datum.deal, datum.field, datum.value) == (first, text.id, "one")
        await calls.fields.update_datum(datum.id, Wire("two"))
        assert (await calls.fields.datum(datum.id)).value == "two"
        await calls.fields.create_data(
            [(first, money.id, Wire(1250, "EUR")), (second, text.id, Wire("three"))]
        )
        of_first = {one.field: one for one in await calls.fields.data_of(first)}
        assert of_first.keys() == {text.id, money.id}
        assert str(of_first[money.id].value) == "1250"
        assert (of_first[money.id].currency or "").upper() == "EUR"
        (of_second,) = await calls.fields.data_of(second)
        await calls.fields.update_data([(datum.id, Wire("x")), (of_second.id, Wire("y"))])
        page = await calls.fields.data_page()
        values = {one.id: one.value for one in read_rows(read_datum, page.rows)}
        assert (values[datum.id], values[of_second.id], page.total) == ("x", "y", 3)
        await calls.fields.delete_datum(datum.id)
        assert {one.field for one in await calls.fields.data_of(first)} == {money.id}

    portal.run(main())


def test_pipelines_and_stages(portal: Portal) -> None:
    """Pipelines and stages are created, read, listed, changed, reordered and deleted."""
    calls = portal.vendor.calls.pipelines

    async def main() -> None:
        group, automatic = await calls.create_group("Renewals", "EUR")
        assert (group.title, group.currency) == ("Renewals", "eur")
        assert [stage.title for stage in automatic] == ["To Contact", "In Contact", "Follow Up"]
        stage = await calls.create_stage(group.id, "Due", 1, reorder=True)
        orders = [one.order for one in await calls.stages(group.id)]
        assert len(set(orders)) == len(orders) == 4
        await calls.update_stage(stage.id, {"title": "Overdue", "order": 9})
        assert (await calls.stage(stage.id)).title == "Overdue"
        await calls.update_group(group.id, {"title": "Extensions"})
        assert (await calls.group(group.id)).title == "Extensions"
        await calls.delete_stage(stage.id)
        assert stage.id not in {one.id for one in await calls.stages()}
        groups, stages = await calls.groups("Extensions")
        assert "Extensions" in {one.title for one in groups}
        assert {one.id for one in automatic} <= {one.id for one in stages}
        await calls.delete_group(group.id)
        groups, _ = await calls.groups()
        assert group.id not in {one.id for one in groups}

    portal.run(main())


def test_all_deals_of_a_stage_are_moved(portal: Portal) -> None:
    """All deals of one stage go to another of the pipeline; to another pipeline none does."""
    calls = portal.vendor.calls

    async def main() -> None:
        ids = {await a_deal(calls, f"D{n}") for n in range(3)}
        other, stages = await calls.pipelines.create_group("Other", "usd")
        with pytest.raises(Refusal, match="same pipeline"):
            await calls.pipelines.move_deals_of_stage("1", stages[0].id)
        moved = await calls.pipelines.move_deals_of_stage("1", "2")
        assert {deal.id for deal in moved} == ids
        assert {(await calls.deals.get(id_)).stage for id_ in ids} == {"2"}
        assert other.id != "1"

    portal.run(main())


@pytest.mark.parametrize("body", ["bare", "wrapped"])
def test_roles(body: str) -> None:
    """A role is created, whichever body the API wants, listed, searched for and deleted."""
    portal = Portal(imitated={"role_body": body})
    calls = portal.vendor.calls.deals

    async def main() -> None:
        role = await calls.create_role("Finance")
        assert role.title == "Finance"
        assert [one.id for one in await calls.roles("Finance") if one.title == "Finance"] == [
            role.id
        ]
        before = len(await calls.roles())
        await calls.delete_role(role.id)
        assert len(await calls.roles()) == before - 1

    portal.run(main())


def test_secondary_contacts(portal: Portal) -> None:
    """A secondary contact is added, given a role, found from both sides, and removed."""
    calls = portal.vendor.calls

    async def main() -> None:
        deal = await a_deal(calls)
        bob = await calls.people.sync_contact({"email": "bob@example.com"})
        added = await calls.deals.add_secondary(deal, bob.id)
        assert (added.deal, added.contact) == (deal, bob.id)
        with pytest.raises(Refusal, match="already associated"):
            await calls.deals.add_secondary(deal, bob.id)
        role = await calls.deals.create_role("Finance")
        await calls.deals.set_role(added.id, role.id)
        assert (await calls.deals.get_secondary(added.id)).role == role.id
        assert [one.id for one in await calls.deals.secondary_of_contact(bob.id)] == [added.id]
        page = await calls.deals.secondary_reader()(0)
        assert [one.id for one in read_rows(read_secondary, page.rows)] == [added.id]
        await calls.deals.remove_secondary(added.id)
        with pytest.raises(Refusal) as refusal:
            await calls.deals.get_secondary(added.id)
        assert refusal.value.not_found

    portal.run(main())


def test_tasks_and_their_types(portal: Portal) -> None:
    """Tasks and types are created, read, listed and changed; tasks are moved and deleted."""
    calls = portal.vendor.calls

    async def main() -> None:
        deal = await a_deal(calls)
        skype = await calls.tasks.create_type("Skype")
        due = "2026-04-01T12:00:00-05:00"
        content = {"title": "Ring", "duedate": due, "dealTasktype": skype.id, "note": "Hello"}
        task = await calls.tasks.create((DEALS, deal), content)
        assert (task.parent, task.type, task.title) == ((DEALS, deal), skype.id, "Ring")
        await calls.tasks.update(task.id, {"title": "Ring again"})
        again = await calls.tasks.get(task.id)
        assert (again.title, again.note, again.parent) == ("Ring again", "Hello", task.parent)
        page = await calls.tasks.reader({"d_tasktypeid": skype.id})(0)
        assert [one.id for one in read_rows(read_task, page.rows)] == [task.id]
        moved = await calls.tasks.move_tasks_of_type(skype.id, "1")
        assert [one.id for one in moved] == [task.id]
        assert (await calls.tasks.get(task.id)).type == "1"
        await calls.tasks.update_type(skype.id, {"title": "Video", "status": 1})
        assert not (await calls.tasks.type(skype.id)).active
        assert "Video" in {one.title for one in await calls.tasks.types()}
        with pytest.raises(InputError, match="put it out of use"):
            await calls.tasks.delete_type(skype.id)
        await calls.tasks.delete(task.id)
        assert (await calls.tasks.reader()(0)).rows == []

    portal.run(main())


def test_activities(portal: Portal) -> None:
    """The history of a deal can be read, without that of others."""
    vendor = portal.vendor

    async def main() -> None:
        first, second = [await a_deal(vendor.calls, title) for title in ("A", "B")]
        await vendor.calls.deals.update(first, {"stage": "2"})
        of_first = [one async for one in vendor.activities([first], emails=False)]
        everything = [one async for one in vendor.activities()]
        assert of_first
        assert {one.deal for one in of_first} == {first}
        assert {first, second} <= {one.deal for one in everything}

    portal.run(main())


def test_notes(portal: Portal) -> None:
    """A note of a deal is created, changed, listed and deleted."""
    calls = portal.vendor.calls

    async def main() -> None:
        deal = await a_deal(calls)
        note = await calls.tasks.create_note((DEALS, deal), "Hello")
        assert (note.text, note.parent) == ("Hello", (DEALS, deal))
        await calls.tasks.update_note(note.parent, note.id, "Bye")
        page = await calls.tasks.note_reader()(0)
        assert [one.text for one in read_rows(read_note, page.rows)] == ["Bye"]
        await calls.tasks.delete_note(note.id)
        assert (await calls.tasks.note_reader()(0)).rows == []

    portal.run(main())


def test_people(portal: Portal) -> None:
    """Contacts and companies are created, found, read, changed and deleted; users are listed."""
    calls = portal.vendor.calls.people

    async def main() -> None:
        contact = await calls.sync_contact({"email": "ann@example.com", "firstName": "Ann"})
        assert (await calls.sync_contact({"email": "ann@example.com"})).id == contact.id
        await calls.update_contact(contact.id, {"lastName": "Berg"})
        again = await calls.contact(contact.id)
        assert (again.first_name, again.last_name) == ("Ann", "Berg")
        assert await calls.contact_of_email("ANN@example.com") is not None
        assert [one.id for one in await calls.contacts_of_ids([contact.id, "999"])] == [contact.id]
        await calls.delete_contact(contact.id)
        assert await calls.contact_of_email("ann@example.com") is None
        company = await calls.create_company({"name": "Acme", "accountUrl": "https://acme.test"})
        with pytest.raises(Refusal) as refusal:
            await calls.create_company({"name": "Acme"})
        assert refusal.value.fault.code == "duplicate"
        await calls.update_company(company.id, {"name": "Acme 2"})
        assert (await calls.company(company.id)).name == "Acme 2"
        page = await calls.company_reader("Acme")(0)
        assert [one.id for one in read_rows(read_company, page.rows)] == [company.id]
        await calls.delete_company(company.id)
        assert (await calls.company_reader()(0)).rows == []
        me = await calls.me()
        assert me.id in {user.id for user in await calls.users()}
        assert me.zone == "America/Chicago"

    portal.run(main())


def test_imports(portal: Portal) -> None:
    """An import of contacts waits, then tells the ids of those that are there."""
    calls = portal.vendor.calls.people

    async def main() -> None:
        batch = await calls.import_contacts([{"email": "a@example.com"}, {"email": "b@x.test"}])
        assert await calls.imports_waiting() == 2
        assert (await calls.import_state(batch)).status != "completed"
        await portal.clock.sleep(5)
        state = await calls.import_state(batch)
        assert (state.status, len(state.done), state.failed) == ("completed", 2, ())
        assert await calls.imports_waiting() == 0
        assert {one.email for one in await calls.contacts_of_ids(state.done)} == {
            "a@example.com",
            "b@x.test",
        }

    portal.run(main())


@pytest.mark.parametrize("path", ["", "/", "/api/3", "/api/3/"])
def test_the_base_url_may_have_the_path_of_the_api(path: str) -> None:
    """With and without ``/api/3`` in the base URL the same account answers."""
    portal = Portal(base_url=f"https://acme.api-us1.test{path}")

    async def main() -> str:
        return (await portal.vendor.describe(())).id

    assert portal.run(main()) == "acme.api-us1.test"


def test_bulk_answers_that_name_nothing_are_unknown(portal: Portal) -> None:
    """A 200 without the list it must have says nothing of what was done."""
    calls = portal.vendor.calls
    empty = httpx.Response(200, text="{}")
    portal.sandbox.handle = lambda _: empty

    async def main() -> None:
        with pytest.raises(OutcomeUnknown):
            await calls.deals.set_owners([("1", "1")])
        with pytest.raises(OutcomeUnknown):
            await calls.pipelines.move_deals_of_stage("1", "2")
        with pytest.raises(OutcomeUnknown):
            await calls.tasks.move_tasks_of_type("1", "2")

    portal.run(main())


def test_a_role_that_lost_its_title_is_created_again(portal: Portal) -> None:
    """The bare body made a role without a title: it is deleted, and the wrapped form is used."""
    calls = portal.vendor.calls.deals
    made: list[str] = []
    ids: list[str] = []

    def nameless(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        made.append(request.content.decode())
        if len(made) == 1:
            role = {"id": response.json()["dealRole"]["id"], "title": None}
            ids.append(str(role["id"]))
            return httpx.Response(200, json={"dealRole": role})
        return httpx.Response(200, json={"dealRole": {"id": "9", "title": "Finance"}})

    async def main() -> None:
        portal.alter("POST", "/dealRoles", nameless)
        assert (await calls.create_role("Finance")).title == "Finance"
        assert len(made) == 2
        assert "dealRole" in made[1]
        assert ids[0] not in {role.id for role in await calls.roles()}

    portal.run(main())


def test_a_role_that_is_turned_down_for_another_reason_is_not_tried_again(portal: Portal) -> None:
    """Only a body that is not understood is sent in the other form."""
    no = httpx.Response(409, json={"message": "there is one"})
    portal.alter("POST", "/dealRoles", lambda _, __: no)
    with pytest.raises(Refusal, match="there is one"):
        portal.run(portal.vendor.calls.deals.create_role("Finance"))
    assert portal.asked["POST dealRoles"] == 1
