"""Fields of ActiveCampaign cleared, and written back as they were found."""

from __future__ import annotations

import httpx
import pytest

from migrator.model import Action, Link, Op, OpState
from migrator.vendors.base import records
from migrator.wire import Effect
from tests.activecampaign.portal import (
    COMPANIES,
    CONTACTS,
    DEALS,
    Portal,
    created,
    parents,
    update,
    written,
)


@pytest.fixture
def portal() -> Portal:
    """An account."""
    return Portal()


# -- clearing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["clears", "kept", "refused"])
@pytest.mark.parametrize("second", ["overwrite", "second_row"])
def test_a_value_is_deleted_to_be_blank(blank: str, second: str) -> None:
    """Whatever a blank value would do: all values of the field go, and no others."""
    portal = Portal(imitated={"blank_value": blank, "existing_datum": second})

    async def main() -> None:
        account = await portal.prepared()
        given = {"custom_source_note": "x", "custom_seats": "3"}
        op = await created(portal, portal.op(account, "d", **given))
        fields = await portal.vendor.tenant.fields()
        meta = fields.meta("source_note")
        assert meta is not None
        content = {"dealId": op.id, "customFieldId": meta.id, "fieldValue": "second"}
        await portal.vendor.calls.fields._http.send(
            "POST", "dealCustomFieldData", {"dealCustomFieldDatum": content}, effect=Effect.ONCE
        )
        outcome = await written(portal, update(op, op.id, source_note="", seats="4"))
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "")
        held = (await portal.held())["d"].properties
        assert (held["source_note"], held["seats"]) == (None, "4")

    portal.run(main())


def test_what_has_no_blank_stays(portal: Portal) -> None:
    """A title, an owner or a value cannot be blank: named, refused if nothing else was asked."""

    async def main() -> None:
        account = await portal.prepared()
        op = await created(portal, portal.op(account, "d", amount="5", description="x"))
        some = {"title": "", "owner": "", "value": ""}
        refused = await written(portal, update(op, op.id, **some))
        assert (refused.state, refused.code) == (OpState.REFUSED, "fields_refused")
        partly = await written(portal, update(op, op.id, description="", source_note="", **some))
        assert (partly.state, partly.code) == (OpState.WRITTEN, "fields_refused")
        for name in some:
            assert name in partly.message
        held = (await portal.held())["d"].properties
        assert held["description"] is None
        assert held["value"] == "5"
        assert held["title"] == "Deal d"

    portal.run(main())


def test_parents_have_names(portal: Portal) -> None:
    """An address, a company's name or owner cannot be blank; the rest of either can."""

    async def main() -> None:
        await portal.prepared()
        (ann,) = await parents(portal, CONTACTS, "a@example.com")
        (acme,) = await parents(portal, COMPANIES, "acme.example")

        def change(link: Link, **properties: str) -> Op:
            return Op(1, link.type, Action.UPDATE, link.key, link.id, properties)

        await written(portal, change(ann, firstName="Ann", phone="1"))
        outcome = await written(portal, change(ann, firstName="", email=""))
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
        assert (await written(portal, change(ann, email=""))).state is OpState.REFUSED
        outcome = await written(portal, change(acme, accountUrl="", name="", owner=""))
        assert "name" in outcome.message
        assert "accountUrl" not in outcome.message
        (contact,) = [one async for one in records(portal.vendor.pages(CONTACTS))]
        assert contact.properties["firstName"] is None
        assert contact.properties["phone"] == "1"
        (company,) = [one async for one in records(portal.vendor.pages(COMPANIES))]
        assert company.properties["accountUrl"] is None
        assert company.properties["name"] == "acme.example"

    portal.run(main())


def test_a_value_that_stays_is_named(portal: Portal) -> None:
    """What ActiveCampaign does not delete is told; what is gone, field or deal, is no value."""

    async def main() -> None:
        account = await portal.prepared()
        given = {"custom_source_note": "x", "custom_seats": "3"}
        op = await created(portal, portal.op(account, "d", **given))
        fields = await portal.vendor.tenant.fields()
        data = {
            str(fields.name(one.field)): one.id
            for one in await portal.vendor.calls.fields.data_of(str(op.id))
        }
        no = httpx.Response(422, json={"errors": [{"detail": "kept"}]})
        portal.block("DELETE", f"dealCustomFieldData/{data['seats']}", no)
        portal.block(
            "DELETE", f"dealCustomFieldData/{data['source_note']}", httpx.Response(404, json={})
        )
        blank = {"source_note": "", "seats": "", "no_field_any_more": ""}
        outcome = await written(portal, update(op, op.id, **blank))
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
        assert outcome.message == "written, but not seats: kept"
        await portal.vendor.calls.deals.delete(str(op.id))
        gone = await written(portal, update(op, op.id, **blank))
        assert gone.state is OpState.REFUSED

    portal.run(main())


def test_two_things_may_be_missing(portal: Portal) -> None:
    """A value that was not stored and a field that has no blank are both told."""

    async def main() -> None:
        account = await portal.prepared()
        op = await created(portal, portal.op(account, "d"))
        no = httpx.Response(422, json={"errors": [{"detail": "never"}]})
        portal.block("POST", "dealCustomFieldData", no)

        def unsaved(_: httpx.Request, response: httpx.Response) -> httpx.Response:
            body = response.json()
            body["deal"]["customFieldSaveStatus"] = {"status": "failed"}
            return httpx.Response(200, json=body)

        portal.alter("PUT", f"deals/{op.id}", unsaved)
        portal.alter("GET", "dealCustomFieldData", _without_values)
        outcome = await written(portal, update(op, op.id, seats="4", title=""))
        assert outcome.code == "fields_refused"
        assert "seats" in outcome.message
        assert "title" in outcome.message

    portal.run(main())


def _without_values(_: httpx.Request, response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, json={"dealCustomFieldData": []})


# -- written back ----------------------------------------------------------------------------------

KINDS = {
    "text": ("a ||b|| c", "x"),
    "textarea": ("two\nlines", "x"),
    "hidden": ("0", "1"),
    "number": ("-1.50", "2"),
    "currency": ("1234.56", "1"),
    "date": ("2026-02-28", "2026-03-01"),
    "datetime": ("2026-02-28T23:59:59+00:00", "2026-03-01T00:00:00+00:00"),
    "dropdown": ("one", "two"),
    "radio": ("two", "one"),
    "multiselect": ("||one||", "||two||"),
    "checkbox": ("||two||one||", "||one||"),
}
"""Per type of field what it holds, and what a run writes over it."""


@pytest.mark.parametrize("reading", ["list", "include"])
def test_every_type_of_field_is_written_back(reading: str) -> None:
    """What was found of a field of any type is taken again, and found the same."""
    portal = Portal({"custom_fields": reading})

    async def main() -> None:
        account = await portal.prepared()
        calls = portal.vendor.calls.fields
        for type in KINDS:
            choice = type in {"dropdown", "radio", "multiselect", "checkbox"}
            options = {"fieldOptions": ["one", "two"]} if choice else {}
            await calls.create_meta({"fieldLabel": f"Kind {type}", "fieldType": type, **options})
        await portal.vendor.describe([DEALS])
        op = await created(portal, portal.op(account, "d"))
        for number in (0, 1):
            values = {f"kind_{type}": both[number] for type, both in KINDS.items()}
            assert (await written(portal, update(op, op.id, **values))).code == ""
            held = (await portal.vendor.find(DEALS, ["d"], values))["d"].properties
            assert held == values
        before = {f"kind_{type}": both[0] for type, both in KINDS.items()}
        assert (await written(portal, update(op, op.id, **before))).code == ""
        assert (await portal.vendor.find(DEALS, ["d"], before))["d"].properties == before
        assert (await written(portal, update(op, op.id, **dict.fromkeys(before, "")))).code == ""
        held = (await portal.vendor.find(DEALS, ["d"], before))["d"].properties
        assert held == dict.fromkeys(before)

    portal.run(main())
