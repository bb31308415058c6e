"""Values that an account takes once, and fields it wants filled, are known before anything goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Account, FieldInfo, ObjectType, Pipeline, Place, Record, Stage
from migrator.plan.unique import first_of_repeated
from migrator.vendors.brevo.schema import Schema
from migrator.vendors.registry import product
from tests.support import Rehearsal, deals
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from migrator.model import Encoded

DEALS = ObjectType.DEALS
TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount}
  custom.invoice: {from: invoice}
"""


@pytest.fixture
def room(tmp_path: Path) -> Rehearsal:
    """A portal whose deals have a property that takes each value once."""
    room = Rehearsal(tmp_path)
    with room.stranger() as person:
        content = {
            "name": "invoice",
            "label": "Invoice",
            "type": "string",
            "fieldType": "text",
            "groupName": "dealinformation",
            "hasUniqueValue": True,
        }
        person.post("/crm/v3/properties/deals", json=content).raise_for_status()
    return room


def _invoices(room: Rehearsal, *invoices: str, start: int = 0, name: str = "deals.csv") -> Any:
    text = deals(len(invoices), id=lambda n: f"k{n + start}", invoice=lambda n: invoices[n - 1])
    return room.plan(room.template(TEMPLATE), room.source(text, name))


def _codes(planned: Any) -> Mapping[str, int]:
    codes: Mapping[str, int] = planned.run.settings["rejected_codes"]
    return codes


def test_rows_with_one_value_cannot_all_be_written(room: Rehearsal) -> None:
    """The first of them can; the others name it. Rows without a value are left in peace."""
    planned = _invoices(room, "R1", "R2", "R1", "", "", "R1")
    assert _codes(planned) == {"repeated_value": 2}
    assert "record 1 of the file" in planned.run.settings["examples"]["repeated_value"]
    assert room.execute(planned.run).rows["created"] == 4


def test_a_value_of_another_record_is_taken(room: Rehearsal) -> None:
    """Known before the first write, with the record's id; one's own value is not taken."""
    first = _invoices(room, *(f"R{n}" for n in range(150)))
    room.execute(first.run)
    other = _invoices(room, "R7", "R8", "new", start=1000, name="other.csv")
    assert _codes(other) == {"value_taken": 2}
    held = {deal["invoice"]: deal["id"] for deal in room.sandbox.records("deals")}
    assert held["R7"] in other.run.settings["examples"]["value_taken"]
    again = _invoices(room, *(f"R{n}" for n in range(150)))
    assert again.plan.counts["unchanged"] == 150


def test_a_change_may_take_a_free_value_and_no_other(room: Rehearsal) -> None:
    """A record that is there gets a new value where nobody has it."""
    room.execute(_invoices(room, "R1", "R2").run)
    moved = _invoices(room, "R3", "R1", name="moved.csv")
    assert (moved.plan.counts["update"], dict(_codes(moved))) == (1, {"value_taken": 1})


def test_accounts_without_such_fields_are_asked_nothing(tmp_path: Path) -> None:
    """No request is spent on the question where no field takes its values once."""
    room = Rehearsal(tmp_path)
    text = TEMPLATE.replace("custom.invoice: {from: invoice}", "description: {from: invoice}")
    source = room.source(deals(3, invoice=lambda _: "same"))
    room.plan(room.template(text), source)
    asked = sum(room.sandbox.requests.values())
    room.plan(room.template(text.replace("  description: {from: invoice}\n", "")), source)
    assert sum(room.sandbox.requests.values()) == 2 * asked


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d", "e"])), max_size=30))
def test_only_repeated_values_are_remembered(
    tmp_path_factory: pytest.TempPathFactory, values: list[str | None]
) -> None:
    """Exactly the values that stand there twice or more, each with where it stands first."""
    path = tmp_path_factory.mktemp("records") / "records.parquet"
    frame = pl.DataFrame({"custom.x": values}, schema={"custom.x": pl.String})
    frame.with_row_index("_record", offset=1).write_parquet(path)
    expected = {v: values.index(v) + 1 for v in values if v and values.count(v) > 1}
    assert first_of_repeated(path, "custom.x") == expected
    assert first_of_repeated(path, "custom.y") == {}


def test_a_value_that_cannot_be_asked_for_is_nobodys(room: Rehearsal) -> None:
    """One value that the portal refuses to look for does not hide who holds the others."""
    room.execute(_invoices(room, "R1", "R2").run)
    real = room.answer

    def picky(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("batch/read") and b'"bad"' in request.content:
            return httpx.Response(400, json={"category": "VALIDATION_ERROR", "message": "no"})
        return real(request)

    room.wrap = lambda _: httpx.MockTransport(picky)
    other = _invoices(room, "R1", "bad", "R2", "fine", start=50, name="other.csv")
    assert dict(_codes(other)) == {"value_taken": 2}


# -- what an account wants filled ------------------------------------------------------------------


def _encoded(vendor: str, info: FieldInfo, options: Mapping[str, str], **values: str) -> Encoded:
    stages = (Stage("7", "New"),)
    account = Account(
        vendor, "1", "n", (Pipeline("5", "Sales", stages),), (), {DEALS: {info.name: info}}
    )
    record = Record(
        DEALS,
        "k1",
        {"name": "A", "pipeline": "Sales", "stage": "New"} | values,
        {ObjectType.CONTACTS: ("a@b.example",)},
        Place("f", 1, 2),
    )
    client = httpx.AsyncClient(base_url="http://x.test")
    return (
        product(vendor).configure(options).connect(client, VirtualClock()).encode(record, account)
    )


@pytest.mark.parametrize("vendor", ["brevo", "activecampaign"])
def test_a_required_field_left_blank_keeps_a_new_record_out(vendor: str) -> None:
    """Named with the way out; a record that is there can be updated; the option lets it go."""
    info = FieldInfo("region", "Region", "text", required=True)
    (problem,) = _encoded(vendor, info, {}).problems
    assert (problem.field, problem.code) == ("custom.region", "missing_required")
    assert problem.only_to_create
    assert "required_fields=ignore" in problem.message
    assert not _encoded(vendor, info, {"required_fields": "ignore"}).problems
    filled = _encoded(vendor, info, {}, **{"custom.region": "EU"})
    assert not filled.problems


@pytest.mark.parametrize("vendor", ["brevo", "activecampaign"])
def test_a_bad_value_of_a_required_field_is_told_once(vendor: str) -> None:
    """What is wrong with the value is enough to know."""
    info = FieldInfo("size", "Size", "number", required=True)
    encoded = _encoded(vendor, info, {}, **{"custom.size": "big"})
    assert [problem.code for problem in encoded.problems] == ["invalid_number"]


def test_a_required_close_date_is_called_by_its_canonical_name() -> None:
    """People map `close_date`, whatever the CRM calls the field."""
    info = FieldInfo("forecasted_close_date", "Forecasted Close Date", "date", required=True)
    (problem,) = _encoded("activecampaign", info, {}).problems
    assert problem.field == "close_date"
    brevo = FieldInfo("close_date", "Close date", "date", required=True)
    assert [one.field for one in _encoded("brevo", brevo, {}).problems] == ["close_date"]
    filled_anyway = FieldInfo("deal_owner", "Owner", "choice", required=True)
    assert not _encoded("brevo", filled_anyway, {}).problems


def test_an_account_says_what_it_requires(tmp_path: Path) -> None:
    """The flag of a custom field is read, and a plan turns rows down by it before any write."""
    room = Rehearsal(tmp_path, vendor="activecampaign", settings={"default_contact": "a@b.example"})
    with room.stranger() as person:
        for label, required in (("Region", 1), ("Colour", 0)):
            content = {"fieldLabel": label, "fieldType": "text", "isRequired": required}
            path = "/api/3/dealCustomFieldMeta"
            person.post(path, json={"dealCustomFieldMetum": content}).raise_for_status()
    fields = room.account().fields[DEALS]
    assert [name for name, info in fields.items() if info.required] == ["region"]
    text = TEMPLATE.replace("Sales Pipeline", room.account().pipelines[0].label)
    stage = room.account().pipelines[0].stages[0].label
    rows = deals(3, stage=lambda _: stage, region=lambda n: "EU" if n == 2 else "")
    text = text.replace("custom.invoice: {from: invoice}", "custom.region: {from: region}")
    planned = room.plan(room.template(text), room.source(rows))
    assert dict(_codes(planned)) == {"missing_required": 2}
    assert planned.plan.counts["create"] == 1


def test_attributes_of_brevo_say_it_in_two_ways() -> None:
    """`isRequired`, as documented, or `required`, as recorded for companies."""
    items = [
        {"internalName": "a", "attributeTypeName": "text", "isRequired": True},
        {"internalName": "b", "attributeTypeName": "text", "required": True},
        {"internalName": "c", "attributeTypeName": "text", "isRequired": False},
    ]
    fields = Schema(DEALS, items).fields
    assert [name for name, info in fields.items() if info.required] == ["a", "b"]
