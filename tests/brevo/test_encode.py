"""Records in Brevo's terms, values that say the same, and the file of an import."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import (
    Account,
    FieldInfo,
    Link,
    ObjectType,
    Owner,
    Pipeline,
    Place,
    Record,
    Stage,
)
from migrator.vendors.brevo import values
from migrator.vendors.brevo.answers import instant, text, whole
from migrator.vendors.brevo.encode import encode, parent
from migrator.vendors.brevo.files import Layout, written
from migrator.vendors.brevo.lookups import Lookups
from migrator.vendors.brevo.schema import Schema
from migrator.vendors.brevo.values import for_json, same
from migrator.vendors.shared.names import status_of_stage
from migrator.vendors.shared.places import Stages
from migrator.vendors.shared.problems import BadValue
from tests.brevo.double import ATTRIBUTES, COMPANIES, CONTACTS, DEALS, op

if TYPE_CHECKING:
    from migrator.model import Encoded
    from migrator.vendors.brevo.answers import Json


def stages(*labels: str) -> tuple[Stage, ...]:
    """Stages with the status their names tell."""
    return tuple(Stage(f"s-{label}", label, status_of_stage(label)) for label in labels)


ACCOUNT = Account(
    vendor="brevo",
    id="1",
    name="Test",
    pipelines=(
        Pipeline("p1", "Sales", stages("New", "Talks", "Won", "Lost")),
        Pipeline("p2", "Renewals", stages("Due", "Won", "Lost", "Closed lost")),
        Pipeline("p3", "Ideas", stages("New")),
    ),
    owners=(Owner("u1", "Ann@Example.com", ""),),
    fields={
        DEALS: {
            info.name: info
            for info in (
                FieldInfo("amount", "Amount", "number"),
                FieldInfo("close_date", "Close date", "date"),
                FieldInfo("deal_description", "Description", "text"),
                FieldInfo("migrator_key", "migrator_key", "text"),
                FieldInfo("created_at", "Created", "date", read_only=True),
                FieldInfo("partner_2", "Partner", "bool"),
                FieldInfo("tier", "Tier", "choice", {"k1": "Gold", "k2": "Silver", "gold": "x"}),
                FieldInfo("twin", "Twin", "choice", {"a": "Same", "b": "Same"}),
                FieldInfo("open", "Open", "choice"),
                FieldInfo("tags", "Tags", "choice", {"t1": "Red", "t2": "Blue"}, multiple=True),
            )
        },
        COMPANIES: {"domain": FieldInfo("domain", "Domain", "text")},
        CONTACTS: {"FIRSTNAME": FieldInfo("FIRSTNAME", "FIRSTNAME", "text")},
    },
)


def encoded_of(account: Account, type: ObjectType, **given: str) -> Encoded:
    """A record of these values, ``custom__x`` for ``custom.x``."""
    fields = {name.replace("__", "."): value for name, value in given.items()}
    named = {"name": "N", **fields} if type is not CONTACTS else fields
    return encode(Record(type, "k", named, {}, Place("f", 1, 2)), Lookups(account))


def encoded(**given: str) -> Encoded:
    """A deal of these values in :data:`ACCOUNT`."""
    return encoded_of(ACCOUNT, DEALS, **given)


def problem(**given: str) -> tuple[str, str]:
    """Field and code of the only problem."""
    (found,) = encoded(**given).problems
    assert found.message.endswith((".", "?"))
    return found.field, found.code


def test_a_deal() -> None:
    """Names become ids, values the form of their fields, and each property knows its origin."""
    found = encoded(
        amount="1234.50",
        close_date="2026-03-31",
        owner="ann@example.COM",
        description="text",
        pipeline="sales",
        stage="TALKS",
        currency="EUR",
        created_at="2019-01-01",
        probability="0.5",
        custom__partner="TRUE",
        custom__tier="silver",
        custom__tags="blue; Red;",
        custom__open="any",
    )
    assert found.problems == ()
    assert found.properties == {
        "migrator_key": "k",
        "deal_name": "N",
        "amount": "1234.50",
        "close_date": "2026-03-31",
        "deal_owner": "u1",
        "deal_description": "text",
        "pipeline": "p1",
        "deal_stage": "s-Talks",
        "partner_2": "true",
        "tier": "k2",
        "tags": "t2;t1",
        "open": "any",
    }
    assert found.origin["deal_stage"] == "stage"
    assert found.origin["partner_2"] == "custom.partner"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"pipeline": "Sales", "stage": "New"}, ("p1", "s-New")),
        ({"stage": "Due"}, ("p2", "s-Due")),
        ({"stage": "Won (Renewals)"}, ("p2", "s-Won")),
        ({"pipeline": "p1", "stage": "s-lost"}, ("p1", "s-Lost")),
        ({"pipeline": "Sales", "status": "WON"}, ("p1", "s-Won")),
        ({"pipeline": "Sales", "stage": "Talks", "status": "lost"}, ("p1", "s-Lost")),
        ({"pipeline": "Sales", "stage": "Won", "status": "won"}, ("p1", "s-Won")),
        ({}, None),
        ({"status": "open"}, None),
    ],
)
def test_places(given: dict[str, str], place: tuple[str, str] | None) -> None:
    """Pipeline and stage always go together, or not at all."""
    found = encoded(**given)
    assert found.problems == ()
    names = {"pipeline", "deal_stage"} & found.properties.keys()
    assert (place is None) == (not names)
    if place:
        assert (found.properties["pipeline"], found.properties["deal_stage"]) == place


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"pipeline": "Sale", "stage": "New"}, ("pipeline", "unknown_pipeline")),
        ({"pipeline": "Sales", "stage": "Due"}, ("stage", "unknown_stage")),
        ({"stage": "Nowhere"}, ("stage", "unknown_stage")),
        ({"stage": "New"}, ("pipeline", "missing_pipeline")),
        ({"pipeline": "Sales"}, ("stage", "missing_stage")),
        ({"status": "won"}, ("pipeline", "missing_pipeline")),
        ({"status": "maybe"}, ("status", "unknown_status")),
        ({"pipeline": "Ideas", "status": "won"}, ("status", "no_closed_stage")),
        ({"pipeline": "Renewals", "status": "lost"}, ("status", "ambiguous_stage")),
        (
            {"pipeline": "Sales", "stage": "Won", "status": "lost"},
            ("stage", "status_stage_conflict"),
        ),
        ({"owner": "bob@example.com"}, ("owner", "unknown_owner")),
        ({"amount": "1,000"}, ("amount", "invalid_number")),
        ({"amount": "0.12345678901234567890"}, ("amount", "too_precise")),
        ({"close_date": "31.03.2026"}, ("close_date", "invalid_date")),
        ({"close_date": "2026-02-30"}, ("close_date", "invalid_date")),
        ({"close_date": "2026-01-01T00:00:00"}, ("close_date", "invalid_date")),
        ({"custom__partner": "yes"}, ("custom.partner", "invalid_bool")),
        ({"custom__tier": "Bronze"}, ("custom.tier", "unknown_option")),
        ({"custom__twin": "same"}, ("custom.twin", "ambiguous_option")),
        ({"custom__nothing": "1"}, ("custom.nothing", "unknown_field")),
        ({"custom__migrator_key": "1"}, ("custom.migrator_key", "read_only_field")),
        ({"custom__created_at": "2020-01-01"}, ("custom.created_at", "read_only_field")),
        ({"amount": "1", "custom__amount": "2"}, ("custom.amount", "duplicate_field")),
    ],
)
def test_problems(given: dict[str, str], expected: tuple[str, str]) -> None:
    """Each problem names the field at fault and has a code."""
    assert problem(**given) == expected


def test_an_account_without_a_field() -> None:
    """A canonical field that the account has no attribute for is a problem, not a loss."""
    bare = replace(ACCOUNT, fields={})
    (found,) = encoded_of(bare, DEALS, description="x").problems
    assert (found.field, found.code) == ("description", "unknown_field")
    assert encoded_of(bare, DEALS, owner="u1").properties["deal_owner"] == "u1"


def test_another_currency() -> None:
    """With the account's currency set, a deal in another is turned down, not converted silently."""
    euro = replace(ACCOUNT, currency="EUR")
    (found,) = encoded_of(euro, DEALS, currency="usd").problems
    assert (found.field, found.code) == ("currency", "other_currency")
    assert encoded_of(euro, DEALS, currency="eur").problems == ()


def test_a_missing_name_matters_to_creates_only() -> None:
    """A deal that is there has a name."""
    (found,) = encode(Record(DEALS, "k", {}, {}, Place("f", 1, 2)), Lookups(ACCOUNT)).problems
    assert (found.code, found.only_to_create) == ("missing_name", True)


def test_parents_and_their_records() -> None:
    """A parent has its key; a company known by its domain is named by it too."""
    assert parent(CONTACTS, " Ann@X.org ") == {"email": "ann@x.org"}
    assert parent(COMPANIES, "Zoë AG") == {"migrator_key": "zoë ag", "name": "Zoë AG"}
    assert parent(COMPANIES, "Acme.com")["domain"] == "acme.com"
    contact = encoded_of(ACCOUNT, CONTACTS, custom__firstname="Ann")
    assert contact.properties == {"email": "k", "FIRSTNAME": "Ann"}
    company = encoded_of(ACCOUNT, COMPANIES, owner="ann@example.com", custom__domain="x.org")
    assert company.properties["owner"] == "u1"
    assert company.properties["domain"] == "x.org"


# -- values ----------------------------------------------------------------------------------------

NUMBER = FieldInfo("n", "N", "number")
DATE = FieldInfo("d", "D", "date")
FLAG = FieldInfo("b", "B", "bool")
CHOICE = FieldInfo("c", "C", "choice", {"k1": "Gold", "k2": "Silver"})
MANY = replace(CHOICE, multiple=True)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("info", "ours", "held", "equal"),
    [
        (None, "a\r\nb", "a\nb", True),
        (None, "1.0", "1", False),
        (NUMBER, "1234.50", "1234.5", True),
        (NUMBER, "1", "1e0", True),
        (NUMBER, "1", "x", False),
        (NUMBER, "nan", "NaN", False),
        (NUMBER, "1", None, False),
        (NUMBER, "", None, True),
        (FLAG, "true", "1", True),
        (FLAG, "true", "false", False),
        (FLAG, "maybe", "perhaps", False),
        (CHOICE, "k1", "Gold", True),
        (CHOICE, "k1", "k2", False),
        (MANY, "k1;k2", "k2;k1", True),
        (MANY, "k1;k2", "k1", False),
        (DATE, "2026-03-31", "2026-03-31T00:00:00.000Z", True),
        (DATE, "2026-03-31", "2026-03-31T00:00:00+05:30", True),
        (DATE, "2026-03-31", "2026-03-30T22:00:00Z", True),
        (DATE, "2026-03-31", "2026-03-30T21:00:00Z", False),
        (DATE, "2026-03-31", "2026-03-30", False),
        (DATE, "2026-03-31", "soon", False),
        (DATE, "soon", "2026-03-31T10:00:00Z", False),
        (DATE, "2026-01-01T08:00:00.250Z", "2026-01-01T08:00:00Z", True),
        (DATE, "2026-01-01T08:00:00.250Z", "2026-01-01T09:00:00.250+01:00", True),
        (DATE, "2026-01-01T08:00:00Z", "2026-01-01T08:00:01Z", False),
        (DATE, "2026-01-01T08:00:00Z", "2026-01-01", True),
        (DATE, "2026-01-01T08:00:00Z", "2026-01-02T00:00:00Z", False),
    ],
)
def test_same(info: FieldInfo | None, ours: str, held: str | None, equal: bool) -> None:
    """Values are compared by what their kind makes of them."""
    assert same(info, ours, held, PARIS) is equal


def test_a_time_without_a_zone_to_show_it_in() -> None:
    """Without the account's zone a time shows its day in UTC."""
    assert same(DATE, "2026-03-30", "2026-03-30T22:00:00Z", None)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1e12, max_value=1e12)
)
def test_numbers_survive(amount: object) -> None:
    """What passes as a number comes back from JSON saying the same."""
    ours = values.number(f"{amount:f}")
    assert same(NUMBER, ours, text(for_json(NUMBER, ours)), None)


@given(st.integers())
def test_no_number_changes_silently(number: int) -> None:
    """An integer is either held exactly, as a double holds it, or turned down."""
    if int(float(number)) == number:
        assert int(float(values.number(str(number)))) == number
    else:
        with pytest.raises(BadValue, match="digits"):
            values.number(str(number))


@given(st.datetimes(timezones=st.sampled_from([UTC, PARIS, ZoneInfo("Asia/Kolkata")])))
def test_instants_survive(moment: object) -> None:
    """An instant is written in UTC to the millisecond."""
    given_text = str(moment)
    ours = values.day(given_text)
    before, after = instant(given_text), instant(ours)
    assert before is not None
    assert after is not None
    assert abs((before - after).total_seconds()) < 0.001


def test_json_values() -> None:
    """Numbers, flags and several options go as JSON wants them."""
    assert for_json(NUMBER, "12") == 12
    assert for_json(NUMBER, "12.5") == 12.5
    assert for_json(FLAG, "false") is False
    assert for_json(MANY, "k1;k2") == ["k1", "k2"]
    assert for_json(CHOICE, "k1") == "k1"
    assert for_json(None, "x") == "x"


def test_odd_values_of_answers() -> None:
    """Whatever JSON holds becomes text, an integer or an instant, or nothing."""
    assert text({"a": 1}) == '{"a": 1}'
    assert text([None, "a", 2]) == "a;2"
    assert text([]) is None
    assert [whole(v) for v in (True, "12", " 7 ", "x", None, 3)] == [None, 12, 7, None, None, 3]
    assert instant("never") is None
    assert instant("2026-03-31T09:00:00") == instant("2026-03-31T09:00:00Z")


def test_stages_that_are_not_there() -> None:
    """The pipeline of a stage's id is found; an id that is nobody's has none."""
    found = Stages(ACCOUNT.pipelines)
    assert getattr(found.of_stage("s-Due"), "id", None) == "p2"
    assert found.of_stage("s-nothing") is None


# -- files -----------------------------------------------------------------------------------------

SCHEMA = Schema(DEALS, ATTRIBUTES)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def rows(file: bytes) -> list[dict[str, str]]:
    """A file read by another's rules for CSV."""
    return list(csv.DictReader(io.StringIO(file.decode(), newline="")))


@given(
    st.lists(st.dictionaries(st.sampled_from(["deal_name", "amount", "x y"]), CELLS), max_size=5)
)
def test_files_keep_every_text(given_rows: list[dict[str, str]]) -> None:
    """Whatever is in a cell, a reader of CSV gets it back; what a row lacks is blank."""
    ops = [replace(op(str(i)), properties=row) for i, row in enumerate(given_rows)]
    names = {name for row in given_rows for name in row}
    if not names:
        return
    found = rows(written(ops, Layout(SCHEMA), with_ids=False))
    assert found == [{name: row.get(name, "") for name in names} for row in given_rows]


def test_files_name_parents_and_places() -> None:
    """Parents by id or by key, several in one cell; pipelines and stages by name on request."""
    links = (Link(CONTACTS, "a@x", "1"), Link(CONTACTS, "b@x", "2"), Link(COMPANIES, "Acme", "c1"))
    ops = [
        op("1", *links, pipeline="p1", deal_stage="s-Won"),
        op("2", pipeline="p9", deal_stage="s9"),
    ]
    first, second = rows(written(ops, Layout(SCHEMA), with_ids=True))
    assert (first["associated_contact"], first["associated_company"]) == ("1,2", "c1")
    assert (first["pipeline"], first["deal_id"]) == ("p1", "")
    assert second["associated_contact"] == ""
    named = {CONTACTS: "email", COMPANIES: "name"}
    layout = Layout(SCHEMA, named, ";", Stages(ACCOUNT.pipelines))
    first, second = rows(written(ops, layout, with_ids=False))
    assert (first["associated_contact"], first["associated_company"]) == ("a@x;b@x", "Acme")
    assert (first["pipeline"], first["deal_stage"]) == ("Sales", "Won")
    assert (second["pipeline"], second["deal_stage"]) == ("p9", "s9")


def test_schemas_of_all_kinds() -> None:
    """Types in any spelling, keys under a name of Brevo's choice, contacts by their names."""
    items: list[Json] = [
        {"internalName": "mk_7", "attributeTypeName": "text", "label": "Migrator_Key", "id": "a1"},
        {"internalName": "deal_stage", "attributeTypeName": "single-select", "label": "Stage"},
        {"internalName": "m", "attributeTypeName": "multi_choice", "label": "M",
         "attributeOptions": [{"key": "1", "value": "One"}, {"value": "no key"}, "odd"]},
        {"attributeTypeName": "text"},
    ]  # fmt: skip
    schema = Schema(DEALS, items)
    assert schema.key == "mk_7"
    assert schema.internal("migrator_key") == "mk_7"
    assert schema.ids == {"mk_7": "a1"}
    assert set(schema.fields) == {"migrator_key", "deal_stage", "m"}
    assert schema.fields["deal_stage"].kind == "text"
    assert (schema.fields["m"].multiple, schema.fields["m"].options) == (True, {"1": "One"})
    contacts = Schema(
        CONTACTS,
        [
            {"name": "GENDER", "category": "category", "enumeration": [{"value": 1, "label": "F"}]},
            {"name": "C", "type": "multiple-choice", "multiCategoryOptions": ["USA"]},
            {"name": "SUM", "category": "calculated", "type": "float"},
        ],
    )
    assert contacts.fields["GENDER"].options == {"1": "F"}
    assert contacts.fields["C"].multiple
    assert (contacts.fields["SUM"].read_only, contacts.fields["SUM"].kind) == (True, "number")
    assert "email" in contacts.fields
    assert contacts.internal("gender") == "GENDER"
