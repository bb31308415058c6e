"""Custom fields in the ActiveCampaign sandbox: many at once, those that fail, ``include``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.activecampaign.sandbox import Rehearsal, inline

DATA = "dealCustomFieldData"

# --- many at once


def test_bulk_create_takes_a_bare_array_and_answers_no_ids() -> None:
    """Different deals in one request; an object around the array is refused."""
    crm = Rehearsal()
    field = crm.field()
    one, two = crm.deals(2)
    rows = [{"dealId": id, "customFieldId": field, "fieldValue": "v"} for id in (one, two)]
    body = crm.call("POST", f"{DATA}/bulkCreate", rows)
    assert body == {"message": "The bulk insert was successful."}
    assert crm.values(one) == crm.values(two) == {field: ["v"]}
    for wrong in ({"array": rows}, [1], "x"):
        crm.call("POST", f"{DATA}/bulkCreate", wrong, 400)
    rows[1]["dealId"] = "99"
    rows[0]["fieldValue"] = "new"
    crm.call("POST", f"{DATA}/bulkCreate", rows, 422)
    assert crm.values(one) == {field: ["v"]}


def test_a_second_value_is_kept_added_or_refused() -> None:
    """What happens to an existing (deal, field) is unknown: an option for each reading."""
    wanted: list[tuple[str, int, list[str]]] = [
        ("overwrite", 200, ["new"]),
        ("second_row", 200, ["old", "new"]),
        ("error", 422, ["old"]),
    ]
    for existing, status, values in wanted:
        crm = Rehearsal(existing_datum=existing)
        field = crm.field()
        single, bulk = crm.deals(2)
        for id in (single, bulk):
            crm.datum(id, field, "old")
        row = {"customFieldId": field, "fieldValue": "new"}
        crm.call("POST", DATA, {"dealCustomFieldDatum": {"dealId": single, **row}}, status)
        crm.call("POST", f"{DATA}/bulkCreate", [{"dealId": bulk, **row}], status)
        assert crm.values(single) == crm.values(bulk) == {field: values}
        id = crm.deal()
        crm.call("POST", f"{DATA}/bulkCreate", [{"dealId": id, **row}] * 2, status)
        assert len(crm.values(id)) == (status == 200)
        crm.call("PUT", f"deals/{bulk}", {"deal": {"fields": [row]}})
        assert crm.values(bulk)[field][-1] == "new"


def test_one_of_two_values_can_be_taken_away() -> None:
    """Where a second row is possible, a delete leaves the other one."""
    crm = Rehearsal(existing_datum="second_row")
    field = crm.field()
    deal = crm.deal()
    first, _ = crm.datum(deal, field, "a"), crm.datum(deal, field, "b")
    crm.call("DELETE", f"{DATA}/{first['id']}")
    assert crm.values(deal) == {field: ["b"]}


def test_bulk_update_goes_by_the_ids_of_values() -> None:
    """Not by those of fields; the message names the ids."""
    crm = Rehearsal()
    field = crm.field()
    deal, other = crm.deals(2)
    one = crm.datum(deal, field, "a")["id"]
    two = crm.datum(other, field, "b")["id"]
    change = [{"id": int(one), "fieldValue": "A"}, {"id": two, "fieldValue": "B"}]
    body = crm.call("PATCH", f"{DATA}/bulkUpdate", change)
    assert body == {
        "message": f"DealCustomFieldDatas with ID(s): {one}, {two} successfully bulk updated."
    }
    assert (crm.values(deal), crm.values(other)) == ({field: ["A"]}, {field: ["B"]})
    crm.call("DELETE", f"{DATA}/{two}")
    assert crm.values(other) == {}


def test_an_unknown_id_in_a_bulk_update_is_refused_or_left_out() -> None:
    """Nobody knows: an option; refused, nothing at all is done."""
    for reading, status, value in (("refuse", 404, "a"), ("skip", 200, "A")):
        crm = Rehearsal(bulk_unknown=reading)
        field = crm.field()
        deal = crm.deal()
        one = crm.datum(deal, field, "a")["id"]
        change = [{"id": one, "fieldValue": "A"}, {"id": 99, "fieldValue": "x"}]
        body = crm.call("PATCH", f"{DATA}/bulkUpdate", change, status)
        assert ("99" in body.get("message", "")) is False
        assert crm.values(deal) == {field: [value]}


# --- deals whose fields fail


@pytest.mark.parametrize("rule", ["ids", "titles", "share"])
def test_a_deal_can_be_written_without_its_fields(rule: str) -> None:
    """201, and only ``customFieldSaveStatus`` says so; the value is not known."""
    rules: dict[str, Any] = {"ids": {8}, "titles": lambda title: title == "Bad", "share": 1.0}
    crm = Rehearsal(fail_fields=rules[rule], failed_status="error")
    key, other = crm.field(), crm.field(label="Other")
    assert key == 8
    fields = inline(f8="k1", f9="x")
    body = crm.call("POST", "deals", crm.body(title="Bad", fields=fields), 201)["deal"]
    assert body["customFieldSaveStatus"] == {"status": "error"}
    assert body["fields"] == [{**one, "dealId": body["id"]} for one in fields]
    assert crm.values(body["id"]) == {}
    good = crm.call("POST", "deals", crm.body(title="Good"), 201)["deal"]
    assert good["customFieldSaveStatus"] == {"status": "success"}
    if rule == "titles":
        crm.call("PUT", f"deals/{body['id']}", {"deal": {"title": "Good", "fields": fields}})
        assert crm.values(body["id"]) == {key: ["k1"], other: ["x"]}
    else:
        change = crm.call("PUT", f"deals/{body['id']}", {"deal": {"fields": fields}})
        assert change["deal"]["customFieldSaveStatus"] == {"status": "error"}
        crm.datum(body["id"], key, "k1")
        assert crm.values(body["id"]) == {key: ["k1"]}


def test_only_the_bad_fields_may_fail() -> None:
    """All or some: unknown; unknown fields and bad values count as bad."""
    for whole, wanted in ((True, {}), (False, {9: ["x"]})):
        crm = Rehearsal(fail_fields={8}, fail_whole=whole)
        crm.field()
        crm.field(label="Other")
        crm.field("date", "When")
        for bad in (inline(f8="k"), inline(f99="k"), inline(f10="abc")):
            id = crm.deal(fields=[*bad, *inline(f9="x")])
            assert crm.values(id) == wanted
        assert crm.values(crm.deal(fields=inline(f9="x"))) == {9: ["x"]}


@given(st.floats(0.1, 0.9), st.integers(0, 2**32))
def test_failures_by_share_repeat_by_seed(share: float, seed: int) -> None:
    """Deals = all; fields = those that did not say "failed"."""
    shown = []
    for _ in range(2):
        crm = Rehearsal(fail_fields=share, seed=seed)
        field, contact = crm.field(), crm.contact()
        body = crm.body(contact=contact, fields=inline(**{f"f{field}": "k"}))
        said = [
            crm.call("POST", "deals", body, 201)["deal"]["customFieldSaveStatus"]["status"]
            for _ in range(12)
        ]
        records = crm.sandbox.records("deals")
        assert [bool(one["fields"]) for one in records] == [one == "success" for one in said]
        shown.append(said)
    assert shown[0] == shown[1]


def test_fields_must_be_a_list() -> None:
    """Anything else is refused; what is no object in it is overlooked."""
    crm = Rehearsal()
    crm.call("POST", "deals", crm.body(fields={"8": "x"}), 400)
    assert crm.values(crm.deal(fields=["x"])) == {}


def test_an_update_overwrites_fields() -> None:
    """PUT with ``fields``: the value there is replaced, others stay."""
    crm = Rehearsal()
    one, two = crm.field(), crm.field(label="B")
    id = crm.deal(fields=inline(**{f"f{one}": "a", f"f{two}": "b"}))
    crm.call("PUT", f"deals/{id}", {"deal": {"fields": inline(**{f"f{one}": "c"})}})
    assert crm.values(id) == {one: ["c"], two: ["b"]}
    crm.call("PUT", f"deals/{id}", {"deal": {"fields": inline(**{f"f{one}": None})}})
    assert crm.values(id) == {one: [None], two: ["b"]}


# --- include


def test_include_adds_rows_of_the_database() -> None:
    """Snake case, one column per type; not documented, but widely used."""
    crm = Rehearsal()
    kinds: list[tuple[str, Any, dict[str, Any]]] = [
        ("text", "x", {"text_value": "x"}),
        ("textarea", "y", {"text_blob": "y"}),
        ("number", "1.5", {"number_value": "1.5"}),
        ("date", "2026-03-15", {"date_value": "2026-03-15 00:00:00"}),
        ("datetime", "2026-03-15T10:00:00-05:00", {"date_value": "2026-03-15 15:00:00"}),
        ("multiselect", ["a", "b"], {"text_blob": "||a||b||"}),
        ("currency", 500, {"currency_value": "500", "currency_type": "usd"}),
        ("text", None, {}),
    ]
    fields = [crm.field(kind, f"F{n}") for n, (kind, _, _) in enumerate(kinds)]
    given = [
        {"customFieldId": field, "fieldValue": value}
        for field, (_, value, _) in zip(fields, kinds, strict=True)
    ]
    id = crm.deal(fields=given)
    crm.deal()
    found = crm.get("deals", include="dealCustomFieldData")["dealCustomFieldData"]
    assert found == crm.get(f"deals/{id}", include="dealCustomFieldData")["dealCustomFieldData"]
    assert len(found) == len(kinds)
    for row, field, (_, _, wanted) in zip(found, fields, kinds, strict=True):
        assert (row["deal_id"], row["custom_field_id"]) == (id, str(field))
        assert row["created_timestamp"] == "2026-06-01 07:00:00"
        values = {
            name.removeprefix("custom_field_"): value
            for name, value in row.items()
            if name.startswith("custom_field_") and name != "custom_field_id" and value is not None
        }
        assert values == wanted


def test_include_may_be_ignored_or_refused() -> None:
    """One reading each."""
    crm = Rehearsal(include="ignored")
    id = crm.deal()
    for path in ("deals", f"deals/{id}"):
        assert "dealCustomFieldData" not in crm.get(path, include="dealCustomFieldData")
    crm = Rehearsal(include="400")
    id = crm.deal()
    for path in ("deals", f"deals/{id}"):
        assert crm.get(path, 400, include="dealCustomFieldData") == {}
        crm.get(path, include="nothing")
