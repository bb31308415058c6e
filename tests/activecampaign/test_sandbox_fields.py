"""Custom fields of deals in the ActiveCampaign sandbox, and their values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.activecampaign.sandbox import FORECAST, Rehearsal, inline

META = "dealCustomFieldMeta"
DATA = "dealCustomFieldData"
NOT_FOUND = {"errors": [{"status": 404, "title": "Not Found"}]}

# --- fields


def test_there_is_a_close_date_to_be_found_by_its_tag() -> None:
    """A "Forecasted Close Date" is a custom field of every account, under an id of its own."""
    fields = Rehearsal().get(META)[META]
    close = next(one for one in fields if one["personalization"] == FORECAST)
    assert (close["fieldType"], close["knownFieldId"]) == ("date", 13)
    assert close["id"] != "1"


def test_a_new_field_is_a_201_with_a_tag_made_of_its_label() -> None:
    """Live answers differ from the documented 200: 201, a tag, numbers for the flags."""
    crm = Rehearsal()
    more = {"fieldOptions": ["a", "b"], "fieldDefault": "a", "isFormVisible": "1", "isRequired": 1}
    given = {"fieldLabel": "Deal size?", "fieldType": "dropdown", "displayOrder": 4, **more}
    made = crm.call("POST", META, {"dealCustomFieldMetum": given}, 201)["dealCustomFieldMetum"]
    assert made["personalization"] == "DEAL_DEAL_SIZE"
    assert (made["isFormVisible"], made["isRequired"], made["displayOrder"]) == (1, 1, 4)
    assert (made["fieldOptions"], made["fieldDefault"]) == (["a", "b"], "a")
    assert (made["knownFieldId"], made["hideFieldFlag"]) == (None, 0)
    assert made["createdTimestamp"] == "2026-06-01T12:00:00+00:00"
    assert crm.get(f"{META}/{made['id']}")["dealCustomFieldMetum"] == made


def test_tags_are_unique_where_labels_are_not() -> None:
    """A taken tag gets ``_1``; "title" is taken from the start (recorded as DEAL_TITLE_1)."""
    crm = Rehearsal()
    for label in ("Ref", "Ref", "ref ", "title", "✓"):
        crm.field(label=label)
    tags = [one["personalization"] for one in crm.get(META)[META]]
    assert tags[1:] == ["DEAL_REF", "DEAL_REF_1", "DEAL_REF_2", "DEAL_TITLE_1", "DEAL_FIELD"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"fieldType": "text"}, "The field label field is required."),
        ({"fieldLabel": "x"}, "The field type field is required."),
        ({"fieldLabel": "x", "fieldType": "bool"}, "The selected field type is invalid."),
    ],
)
def test_a_field_needs_a_label_and_a_known_type(given: Any, says: str) -> None:
    """422 with title and the status as code."""
    body = Rehearsal().call("POST", META, {"dealCustomFieldMetum": given}, 422)
    assert body == {"errors": [{"title": says, "detail": "", "code": 422}]}


def test_a_field_can_be_changed_but_for_its_type() -> None:
    """PUT; with the wrapper of the list nothing changes and the answer is 200 (recorded)."""
    crm = Rehearsal()
    id = crm.field("dropdown", "Size", fieldOptions=["a"])
    change = {"fieldLabel": "Big", "fieldType": "text", "fieldOptions": ["a", "b"]}
    crm.call("PUT", f"{META}/{id}", {"dealCustomFieldMeta": change})
    assert crm.get(f"{META}/{id}")["dealCustomFieldMetum"]["fieldLabel"] == "Size"
    crm.call("PUT", f"{META}/{id}", {"dealCustomFieldMetum": change})
    changed = crm.get(f"{META}/{id}")["dealCustomFieldMetum"]
    assert (changed["fieldLabel"], changed["fieldType"]) == ("Big", "dropdown")
    assert changed["fieldOptions"] == ["a", "b"]


def test_a_deleted_field_takes_its_values_with_it() -> None:
    """A message, not ``{}``; then 404 with the error list."""
    crm = Rehearsal()
    field = crm.field()
    id = crm.deal(fields=inline(**{f"f{field}": "x"}))
    body = crm.call("DELETE", f"{META}/{field}")
    assert body == {"message": "DealCustomFieldMeta deleted."}
    assert crm.values(id) == {}
    assert crm.get(DATA)[DATA] == []
    for method in ("GET", "PUT", "DELETE"):
        assert crm.call(method, f"{META}/{field}", {}, 404) == NOT_FOUND


def test_the_list_of_fields_holds_a_hundred() -> None:
    """Its default is 100 rows, not 20."""
    crm = Rehearsal()
    for number in range(110):
        crm.field(label=f"F {number}")
    assert len(crm.get(META)[META]) == 100
    assert len(crm.get(META, limit=5)[META]) == 5
    assert len(crm.get(META, offset=100)[META]) == 11


def test_a_required_field_is_asked_for() -> None:
    """A deal without it is refused, or not, by option; nobody knows."""
    crm = Rehearsal()
    field = crm.field(isRequired=1)
    crm.call("POST", "deals", crm.body(), 400)
    crm.call("POST", "deals", crm.body(fields=inline(**{f"f{field}": ""})), 400)
    crm.deal(fields=inline(**{f"f{field}": "x"}))
    crm = Rehearsal(enforce_required=False)
    crm.field(isRequired=1)
    crm.deal()


# --- values


GOOD: list[tuple[str, Any, Any]] = [
    ("text", "x", "x"),
    ("text", 5, "5"),
    ("hidden", "x", "x"),
    ("textarea", "a\nb", "a\nb"),
    ("dropdown", "option 1", "option 1"),
    ("dropdown", "no option at all", "no option at all"),
    ("radio", "option 1", "option 1"),
    ("multiselect", ["a"], ["a"]),
    ("multiselect", ["a", "b"], ["a", "b"]),
    ("checkbox", "||a||b||", ["a", "b"]),
    ("currency", 9999, 9999),
    ("currency", "9999", 9999),
    ("number", "100.99", "100.99"),
    ("number", 100.5, "100.5"),
    ("date", "2018-12-31", "2018-12-31"),
    ("date", "2018/12/31", "2018-12-31"),
    ("date", "12/31/2018", "2018-12-31"),
    ("date", "2018-12-31 00:00:00", "2018-12-31"),
    ("datetime", "2020-05-19T02:45:00-05:00", "2020-05-19T07:45:00+00:00"),
    ("date", "", None),
    ("number", None, None),
]
BAD: list[tuple[str, Any, str]] = [
    ("date", "abc", "abc"),
    ("date", "31.12.2018", "31.12.2018"),
    ("datetime", "2020-05-19T02:45:00", "2020-05-19T02:45:00"),
    ("datetime", "abc", "abc"),
    ("datetime", "0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00+05:00"),
    ("number", "abc", "abc"),
    ("number", "Infinity", "Infinity"),
    ("number", True, "true"),
    ("currency", "1e", "1e"),
    ("currency", [], "[]"),
    ("multiselect", "a", "a"),
]


@pytest.mark.parametrize(("type", "sent", "stored"), GOOD)
def test_values_by_type(type: str, sent: Any, stored: Any) -> None:
    """Inline, one by one and in bulk alike; options of a choice are not looked at (recorded)."""
    crm = Rehearsal()
    field = crm.field(type, fieldOptions=["option 1"])
    deals = crm.deals(2)
    inlined = crm.deal(fields=inline(**{f"f{field}": sent}))
    crm.datum(deals[0], field, sent)
    bulk = [{"dealId": deals[1], "customFieldId": str(field), "fieldValue": sent}]
    crm.call("POST", f"{DATA}/bulkCreate", bulk)
    for id in (inlined, *deals):
        assert crm.values(id) == {field: [stored]}


@pytest.mark.parametrize(("type", "sent", "text"), BAD)
def test_values_a_type_does_not_take(type: str, sent: Any, text: str) -> None:
    """422 with a detail and nothing else; inline the deal is written and says "failed"."""
    crm = Rehearsal()
    field = crm.field(type)
    id = crm.deal()
    given = {"dealId": id, "customFieldId": field, "fieldValue": sent}
    detail = (
        f"The custom field value `{text}` could not be saved to the custom field of type `{type}`."
    )
    wanted = {"errors": [{"detail": detail}]}
    assert crm.call("POST", DATA, {"dealCustomFieldDatum": given}, 422) == wanted
    assert crm.call("POST", f"{DATA}/bulkCreate", [given], 422) == wanted
    datum = crm.datum(id, field, "")["id"]
    change = {"dealCustomFieldDatum": {"fieldValue": sent}}
    assert crm.call("PUT", f"{DATA}/{datum}", change, 422) == wanted
    bulk = [{"id": datum, "fieldValue": sent}]
    assert crm.call("PATCH", f"{DATA}/bulkUpdate", bulk, 422) == wanted
    assert crm.values(id) == {field: [None]}
    body = crm.call("POST", "deals", crm.body(fields=inline(**{f"f{field}": sent})), 201)
    assert body["deal"]["customFieldSaveStatus"] == {"status": "failed"}
    assert crm.values(body["deal"]["id"]) == {}


def test_a_currency_fields_value_has_a_currency() -> None:
    """In cents, with the currency sent, else the field's, else the deal's or the account's."""
    crm = Rehearsal()
    plain, other = crm.field("currency"), crm.field("currency", "B", fieldDefaultCurrency="AUD")
    id = crm.deal(
        currency="eur",
        fields=[
            {"customFieldId": plain, "fieldValue": 5500},
            {"customFieldId": other, "fieldValue": "10099"},
        ],
    )
    rows = crm.get(f"deals/{id}/{DATA}")[DATA]
    assert [(one["fieldValue"], one["fieldCurrency"]) for one in rows] == [
        (5500, "eur"),
        (10099, "aud"),
    ]
    change = {"dealCustomFieldDatum": {"fieldValue": 9999, "fieldCurrency": "CAD"}}
    row = crm.call("PUT", f"{DATA}/{rows[0]['id']}", change)["dealCustomFieldDatum"]
    assert (row["fieldValue"], row["fieldCurrency"]) == (9999, "cad")


def test_a_datum_has_an_id_in_text_and_other_ids_in_numbers() -> None:
    """The answer to a create tells the value before; it is a 200 (recorded)."""
    crm = Rehearsal()
    field = crm.field()
    deal = crm.deal()
    row = crm.datum(deal, field, "one")
    assert row["id"] == "1"
    assert (row["dealId"], row["customFieldId"]) == (int(deal), field)
    assert row["dealCustomFieldMetumId"] == field
    assert row["originalValue"] == ""
    assert crm.datum(deal, field, "two")["originalValue"] == "one"
    assert crm.get(f"{DATA}/1")["dealCustomFieldDatum"]["fieldValue"] == "two"


def test_values_of_one_deal_and_of_all() -> None:
    """``filters[dealId]`` with a capital I; any other spelling filters nothing."""
    crm = Rehearsal()
    field = crm.field()
    one, two = crm.deals(2, fields=inline(**{f"f{field}": "x"}))
    found = crm.get(DATA, filters__dealId=two)
    assert [row["dealId"] for row in found[DATA]] == [int(two)]
    assert found["meta"] == {"total": 1}
    assert len(crm.get(DATA, filters__dealid=two)[DATA]) == 2
    assert crm.get(DATA, filters__dealId="99")[DATA] == []
    assert crm.get(f"deals/99/{DATA}", 404) == {"message": "No Result found for Deal with id 99"}
    assert one != two


def test_the_order_of_values_may_be_as_loose_as_that_of_deals() -> None:
    """Whether the list is in a stable order is not confirmed; ``orders[id]`` helps."""
    for ordered in (True, False):
        crm = Rehearsal(data_ordered=ordered)
        field = crm.field()
        crm.deals(60, fields=inline(**{f"f{field}": "x"}))
        walked, sorted_walk = [
            [
                row["id"]
                for offset in (0, 20, 40)
                for row in crm.get(DATA, offset=offset, **params)[DATA]
            ]
            for params in ({}, {"orders__id": "ASC"})
        ]
        assert len(set(sorted_walk)) == 60
        assert (len(set(walked)) == 60) is ordered


def test_values_can_be_changed_and_taken_away_one_by_one() -> None:
    """A message after a delete; 404 with the error list, for a DELETE as plain text."""
    crm = Rehearsal()
    field = crm.field()
    deal = crm.deal()
    id = crm.datum(deal, field, "x")["id"]
    crm.call("PUT", f"{DATA}/{id}", {"dealCustomFieldData": {"fieldValue": "y"}})
    assert crm.values(deal) == {field: ["x"]}
    crm.call("PUT", f"{DATA}/{id}", {"dealCustomFieldDatum": {"fieldValue": "y"}})
    assert crm.values(deal) == {field: ["y"]}
    crm.call("POST", f"{DATA}/bulkCreate", [])
    body = crm.call("DELETE", f"{DATA}/{id}")
    assert body == {"message": "DealCustomFieldData deleted."}
    assert crm.values(deal) == {}
    for method in ("GET", "PUT"):
        assert crm.call(method, f"{DATA}/{id}", {}, 404) == NOT_FOUND
    gone = crm.call("DELETE", f"{DATA}/{id}", expect=None)
    assert (gone.status_code, gone.json()) == (404, NOT_FOUND)
    assert gone.headers["Content-Type"].startswith("text/plain")


def test_a_value_must_belong_somewhere() -> None:
    """Unknown deal, unknown field, no value: 422 with a detail."""
    crm = Rehearsal()
    field = crm.field()
    deal = crm.deal()
    good = {"dealId": deal, "customFieldId": field, "fieldValue": "x"}
    for bad in ({"dealId": 99}, {"customFieldId": 99}):
        body = crm.call("POST", DATA, {"dealCustomFieldDatum": {**good, **bad}}, 422)
        assert set(body["errors"][0]) == {"detail"}
    del good["fieldValue"]
    crm.call("POST", DATA, {"dealCustomFieldDatum": good}, 422)
    datum = crm.datum(deal, field, "x")["id"]
    crm.call("PATCH", f"{DATA}/bulkUpdate", [{"id": datum}], 422)
    assert crm.values(deal) == {field: ["x"]}


def test_changing_a_field_may_touch_the_deals_time() -> None:
    """Whether it does is unknown: an option."""
    for touches in (False, True):
        crm = Rehearsal(fields_touch_mdate=touches)
        field = crm.field()
        deal = crm.deal()
        before = crm.stored(deal)["mdate"]
        crm.seconds = 60
        crm.datum(deal, field, "x")
        assert (crm.stored(deal)["mdate"] != before) is touches
