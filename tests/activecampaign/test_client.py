"""A client of others, ``activecampaign-python``, does real work against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from activecampaign.client import Client  # type: ignore[import-untyped]  # it has no types

from migrator.sandbox import serve
from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "sandbox"


@pytest.fixture
def crm() -> ActiveCampaignSandbox:
    """An account without a quota: the client does not know of any."""
    return ActiveCampaignSandbox(
        token=TOKEN, limits=False, pipelines={"Sales": ["Open", "Proposal", "Won"]}
    )


@pytest.fixture
def client(crm: ActiveCampaignSandbox) -> Iterator[Any]:
    """The client, which puts ``/api/3`` behind the address itself."""
    with serve(crm) as server:
        yield Client(server.url, TOKEN)


def test_the_client_migrates_deals_by_hand(crm: ActiveCampaignSandbox, client: Any) -> None:
    """Owner, pipeline and stage by name, contacts by sync, deals with fields, notes and tasks."""
    owner = client.users.retrieve_a_user_by_email("chloe.dubois@example.com")["user"]["id"]
    assert client.users.retrieve_logged_in_user()["user"]["id"] == "1"
    assert client.users.retrieve_a_user(owner)["user"]["firstName"] == "Chloe"
    groups = client.deals.list_all_pipelines(**{"filters[title]": "Sales"})
    group = groups["dealGroups"][0]["id"]
    stages = client.deals.list_all_stages(**{"filters[d_groupid]": group})["dealStages"]
    stage = next(one["id"] for one in stages if one["title"] == "Proposal")
    fields = client.deals.list_all_custom_fields()["dealCustomFieldMeta"]
    close = next(one["id"] for one in fields if one["fieldLabel"] == "Forecasted Close Date")
    made = []
    for number in range(3):
        person = {"email": f"p{number}@example.com", "firstName": "Zoë"}
        contact = client.contacts.create_or_update_contact({"contact": person})["contact"]["id"]
        deal = {
            "title": f"Dach № {number}",
            "value": 1000 * (number + 1),
            "currency": "eur",
            "group": group,
            "stage": stage,
            "owner": owner,
            "contact": contact,
            "fields": [{"customFieldId": close, "fieldValue": "2026-09-30"}],
        }
        made.append(client.deals.create_a_deal({"deal": deal})["deal"]["id"])
    client.deals.update_a_deal(made[0], {"deal": {"value": 5, "status": 1}})
    read = client.deals.retrieve_a_deal(made[0])["deal"]
    assert (read["title"], read["value"], read["status"]) == ("Dach № 0", "5", "1")
    note = client.deals.create_a_deal_note(made[0], {"note": {"note": "Hallo"}})["note"]["id"]
    client.deals.update_a_deal_note(made[0], note, {"note": {"note": "Hallo ✓"}})
    assert client.notes.retrieve_a_note(note)["note"]["note"] == "Hallo ✓"
    task = {"relid": made[1], "duedate": "2026-07-01T10:00:00-05:00", "dealTasktype": "1"}
    id = client.tasks.create_a_task({"dealTask": task})["dealTask"]["id"]
    client.tasks.update_a_task(id, {"dealTask": {"note": "Call"}})
    assert client.tasks.list_all_tasks()["dealTasks"][0]["note"] == "Call"
    assert client.deals.delete_a_deal(made[2]) == {}

    listed = client.deals.list_all_deals(**{"orders[id]": "ASC", "limit": 100})
    assert [one["id"] for one in listed["deals"]] == made[:2]
    assert listed["meta"]["currencies"]["EUR"]["value"] == "2005"
    dates = client.deals.list_all_custom_field_values()["dealCustomFieldData"]
    assert {one["fieldValue"] for one in dates} == {"2026-09-30"}
    of_deal = client.deals.retrieve_custom_fields_by_id(made[0])["dealCustomFieldData"]
    assert of_deal[0]["dealId"] == int(made[0])
    activities = client.dealActivities.list_all_deal_activities(deal=made[0])["dealActivities"]
    assert [one["dataType"] for one in activities] == ["", "value", "status", "note"]
    records = crm.records("deals")
    assert {one["owner"] for one in records} == {owner}
    assert {one["stage"] for one in records} == {stage}
    assert [one["fields"] for one in records] == [{"Forecasted Close Date": "2026-09-30"}] * 2
    assert crm.records("contacts")[0]["firstName"] == "Zoë"


def test_the_client_keeps_contacts_and_notes(crm: ActiveCampaignSandbox, client: Any) -> None:
    """Create, find, change, refuse a second one, delete."""
    given = {"contact": {"email": "jo@example.com"}}
    id = client.contacts.create_a_contact(given)["contact"]["id"]
    assert client.contacts.create_a_contact(given)["errors"][0]["code"] == "duplicate"
    client.contacts.update_a_contact(id, {"contact": {"lastName": "Doe"}})
    found = client.contacts.list_all_contacts(email="jo@example.com")["contacts"]
    assert [(one["id"], one["lastName"]) for one in found] == [(id, "Doe")]
    assert client.contacts.list_all_custom_fields()["fields"] == []
    note = {"note": {"note": "n", "relid": id, "reltype": "Subscriber"}}
    assert client.notes.create_a_note(note)["note"]["owner"] == {"type": "contact", "id": id}
    assert client.notes.list_all_notes()["meta"] == {"total": "1"}
    assert client.tags.list_all_tags()["tags"] == []
    assert client.contacts.delete_a_contact(id) == {}
    assert "message" in client.contacts.retrieve_a_contact(id)
    assert crm.records("contacts") == []


def test_a_wrong_token_gets_the_client_nothing(crm: ActiveCampaignSandbox) -> None:
    """It shows the body only: ``{}``."""
    with serve(crm) as server:
        assert Client(server.url, "wrong").users.list_all_users() == {}
    assert not crm.requests
