"""Brevo's own client at work in the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from brevo import Brevo
from brevo.contacts import ImportContactsRequestJsonBodyItem
from brevo.core.api_error import ApiError
from brevo.errors import BadRequestError, NotFoundError

from tests.brevo.sandbox import ABSENT, CREATE, UPDATE, Rehearsal, table


class Office:
    """The vendor's client, wired to a sandbox in this process."""

    def __init__(self, key: str = "any", **options: Any) -> None:
        self.crm = Rehearsal(**options)
        self.brevo = Brevo(
            api_key=key,
            base_url="https://crm.test/v3",
            # It would send every request again, creates too, on most statuses of 400 and above.
            max_retries=0,
            httpx_client=httpx.Client(transport=httpx.MockTransport(self.crm.sandbox.handle)),
        )

    def place(self, stage: str) -> dict[str, Any]:
        """The attributes that put a deal in a stage of the first pipeline."""
        pipeline = list(self.brevo.deals.get_all_pipelines())[0]  # noqa: RUF015  # any sequence
        ids = {one.name: one.id for one in pipeline.stages or ()}
        return {"pipeline": pipeline.pipeline, "deal_stage": ids[stage]}

    def attribute(self, label: str) -> str:
        """Create a text attribute of deals; its internal name."""
        self.brevo.companies.create_a_company_deal_attribute(
            attribute_type="text", label=label, object_type="deals"
        )
        listed = self.brevo.deals.get_deal_attributes()
        names = [str(one.internal_name) for one in listed if one.label == label]
        return names[0]

    def finished(self, process_id: int | None) -> str:
        """Poll a process until it is over; its status."""
        assert process_id is not None
        for _ in range(10):
            status = self.brevo.process.get_process(process_id).status
            if status not in {"queued", "in_process"}:
                return str(status)
            self.crm.seconds += 5
        raise AssertionError(status)


def test_the_client_reads_the_account_and_its_pipelines() -> None:
    """All pipelines, one, and the deprecated form."""
    office = Office(pipelines={"Renewals": ["Due", "Won"]})
    assert office.brevo.account.get_account().company_name == "Sandbox"
    first, second = office.brevo.deals.get_all_pipelines()
    assert (first.pipeline_name, second.pipeline_name) == ("Deals Pipeline", "Renewals")
    assert second.pipeline is not None
    assert list(office.brevo.deals.get_a_pipeline(second.pipeline)) == [second]
    assert office.brevo.deals.get_pipeline_stages() == first


def test_the_client_carries_a_deal_through_its_life() -> None:
    """Create, read, list, move, link, delete."""
    office = Office()
    key = office.attribute("Source key")
    contact = office.brevo.contacts.create_contact(email="kim@example.com")
    company = office.brevo.companies.create_a_company(name="Acme")
    assert contact is not None
    assert contact.id is not None
    made = office.brevo.deals.create_a_deal(
        name="Roof", attributes={"amount": 1500, key: "k1", **office.place("New")}
    )
    office.brevo.deals.update_a_deal(made.id, attributes=office.place("Won"))
    office.brevo.deals.link_and_unlink_a_deal_with_contacts_and_companies(
        made.id, link_contact_ids=[contact.id], link_company_ids=[company.id]
    )
    found = office.brevo.deals.get_a_deal(made.id)
    assert found.attributes is not None
    assert found.attributes.items() >= {"amount": 1500, key: "k1", **office.place("Won")}.items()
    assert found.linked_contacts_ids == [contact.id]
    assert found.linked_companies_ids == [company.id]
    listed = office.brevo.deals.get_all_deals(
        created_since="2026-01-01T00:00:00.000Z",
        limit=50,
        offset=0,
        sort="asc",
        sort_by="attributes.created_at",
        filters_attributes_deal_stage=str(office.place("Won")["deal_stage"]),
    )
    assert [one.id for one in listed.items or ()] == [made.id]
    office.brevo.deals.delete_a_deal(made.id)
    with pytest.raises(NotFoundError):
        office.brevo.deals.get_a_deal(made.id)


def test_the_client_imports_deals_and_updates_them() -> None:
    """Upload, poll, read back; with ids in the file the same deals are changed."""
    office = Office()
    rows = [{"deal_name": f"D{n}", "amount": n, **office.place("New")} for n in range(3)]
    process = office.brevo.deals.import_deals_creation_and_updation(
        file=("deals.csv", table(rows).encode(), "text/csv"), mapping=CREATE
    )
    assert office.finished(process.process_id) == "completed"
    listed = office.brevo.deals.get_all_deals(sort="asc").items or []
    changes = [{"deal_id": one.id, **office.place("Won")} for one in listed]
    process = office.brevo.deals.import_deals_creation_and_updation(
        file=("deals.csv", table(changes).encode(), "text/csv"), mapping=UPDATE
    )
    assert office.finished(process.process_id) == "completed"
    held = office.crm.deals()
    assert [one["amount"] for one in held] == [0, 1, 2]
    assert {one["deal_stage"] for one in held} == {office.place("Won")["deal_stage"]}
    listed_processes = office.brevo.process.get_processes(limit=10).processes
    assert len(listed_processes) == 2


def test_the_client_keeps_companies() -> None:
    """Create, list, change, link, import, delete."""
    office = Office(company_patch=200)
    deal = office.brevo.deals.create_a_deal(name="Roof")
    made = office.brevo.companies.create_a_company(name="Acme", linked_deals_ids=[deal.id])
    changed = office.brevo.companies.update_a_company(made.id, attributes={"domain": "acme.test"})
    assert changed.linked_deals_ids == [deal.id]
    office.brevo.companies.link_and_unlink_company_with_contact_and_deal(
        made.id, unlink_deals_ids=[deal.id]
    )
    process = office.brevo.companies.import_companies_creation_and_updation(
        file=("c.csv", b"name\nBeta\n", "text/csv"), mapping=CREATE
    )
    assert office.finished(process.process_id) == "completed"
    listed = office.brevo.companies.get_all_companies(page=1, limit=10, sort="asc").items or []
    names = [(one.attributes or {}).get("name") for one in listed]
    assert names == ["Acme", "Beta"]
    office.brevo.companies.delete_a_company(made.id)
    assert len(office.crm.sandbox.records("companies")) == 1
    assert len(office.brevo.companies.get_company_attributes()) > 10


def test_the_client_keeps_contacts() -> None:
    """Attribute, list, create, change, import, page through, delete."""
    office = Office()
    contacts = office.brevo.contacts
    contacts.create_attribute("normal", "AGE", type="float")
    folder = contacts.create_folder(name="Import")
    list_ = contacts.create_list(folder_id=folder.id, name="Deals")
    contacts.create_contact(email="a@example.com", attributes={"AGE": 41}, list_ids=[list_.id])
    contacts.update_contact("a@example.com", attributes={"AGE": 42})
    assert contacts.get_contact_info("a@example.com").id == 1
    rows = [ImportContactsRequestJsonBodyItem(email=f"{name}@example.com") for name in "bc"]
    process = contacts.import_contacts(json_body=rows, list_ids=[list_.id])
    assert office.finished(process.process_id) == "completed"
    page = contacts.get_contacts(limit=1000, offset=0, sort="asc")
    assert page.count == 3
    contacts.delete_contact("c@example.com", identifier_type="email_id")
    assert contacts.get_contacts().count == 2
    assert contacts.get_lists().count == 2


def test_the_client_keeps_notes_tasks_and_files() -> None:
    """What is attached to a deal."""
    office = Office()
    deal = office.brevo.deals.create_a_deal(name="Roof").id
    note = office.brevo.notes.create_a_note(text="Called", deal_ids=[deal]).id
    assert note is not None
    office.brevo.notes.update_a_note(note, text="Called twice")
    assert office.brevo.notes.get_a_note(note).text == "Called twice"
    types = {one.title: one.id for one in office.brevo.tasks.get_all_task_types()}
    due = datetime(2026, 3, 5, 9, tzinfo=UTC)
    task = office.brevo.tasks.create_a_task(
        name="Call", task_type_id=str(types["Call"]), date=due, deals_ids=[deal]
    )
    office.brevo.tasks.update_a_task(task.id, done=True)
    assert len(office.brevo.tasks.get_all_tasks(filter_deals=deal).items or ()) == 1
    office.brevo.files.upload_a_file(file=("a.txt", b"x", "text/plain"), deal_id=deal)
    assert [one.name for one in office.brevo.files.get_all_files(entity="deals")] == ["a.txt"]
    assert len(office.brevo.notes.get_all_notes(entity="deals", entity_ids=deal)) == 1


def test_the_client_understands_refusals() -> None:
    """Each status becomes the client's own error, whose body is what the sandbox sent."""
    office = Office()
    with pytest.raises(BadRequestError) as caught:
        office.brevo.deals.create_a_deal(name="x", attributes={"colour": "red"})
    assert "Invalid attribute" in str(caught.value.body)
    with pytest.raises(BadRequestError):
        office.brevo.deals.get_a_deal("nonsense")
    with pytest.raises(NotFoundError):
        office.brevo.companies.get_a_company(ABSENT)
    with pytest.raises(ApiError) as refused:
        Office("wrong", token="right").brevo.account.get_account()
    assert refused.value.status_code == 401
    busy = Office(limits=True, crm_per_hour=1)
    busy.brevo.account.get_account()
    with pytest.raises(ApiError) as waiting:
        busy.brevo.account.get_account()
    assert waiting.value.status_code == 429
