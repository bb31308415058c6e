"""Records in ActiveCampaign's terms, and values on their way out and back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Account, FieldInfo, ObjectType, Owner, Pipeline, Place, Record, Stage
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS, Fields, find
from migrator.vendors.activecampaign.encode import encode, ignored, parent
from migrator.vendors.activecampaign.lookups import Lookups
from migrator.vendors.activecampaign.options import ActiveCampaignOptions
from migrator.vendors.activecampaign.things import Datum, FieldMeta
from migrator.vendors.activecampaign.values import Money, Wire, from_wire, to_wire
from migrator.vendors.shared.names import status_of_stage
from migrator.vendors.shared.problems import BadValue
from tests.activecampaign.portal import COMPANIES, CONTACTS, DEALS, NOTES, TASKS, Portal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Encoded

METAS = (
    FieldMeta("1", "Forecasted Close Date", "date", personalization="ANYTHING", known=13),
    FieldMeta("2", "migrator_key", "text", personalization="DEAL_MIGRATOR_KEY"),
    FieldMeta("3", "Tier", "dropdown", ("Gold", "Silver"), "DEAL_TIER"),
    FieldMeta("4", "Tags", "multiselect", ("a;b", "c", "d"), "DEAL_TAGS"),
    FieldMeta("5", "Partner", "radio", ("Yes", "No"), "DEAL_PARTNER"),
    FieldMeta("6", "Seats", "number", personalization="DEAL_SEATS"),
    FieldMeta("7", "Fee", "currency", personalization="DEAL_FEE", currency="eur"),
    FieldMeta("8", "Signed", "datetime", personalization="DEAL_SIGNED"),
    FieldMeta("9", "Renewal on", "date", personalization="DEAL_RENEWAL_ON_1"),
    FieldMeta("10", "Remark", "textarea", personalization=""),
    FieldMeta("11", "Value", "text", personalization="DEAL_VALUE"),
    FieldMeta("12", "Tier", "text", personalization="DEAL_TIER"),
    FieldMeta("13", "\u6771", "text"),
)


def stages(first: int, *titles: str) -> tuple[Stage, ...]:
    """Stages with the status their titles tell, and ids from ``first``."""
    return tuple(Stage(str(i), t, status_of_stage(t)) for i, t in enumerate(titles, first))


ACCOUNT = Account(
    vendor="activecampaign",
    id="acme",
    name="acme",
    pipelines=(
        Pipeline("1", "Sales", stages(1, "New", "Won", "Closed lost")),
        Pipeline("2", "Renewals", stages(4, "New", "Twice", "twice")),
        Pipeline("3", "Double", stages(7, "Only here")),
        Pipeline("4", "Double", ()),
    ),
    owners=(
        Owner("1", "ann@example.com", "Ann Berg"),
        Owner("2", "bob@example.com", "Bob"),
        Owner("3", "bob2@example.com", "Bob"),
    ),
    fields={DEALS: {**DEAL_FIELDS, **Fields(METAS).infos()}},
    currency="USD",
    time_zone="America/Chicago",
)


def encoded(given: Mapping[str, str], account: Account = ACCOUNT, **options: object) -> Encoded:
    """A deal of the first stage with these values, and a contact."""
    values_ = {"name": "Deal", "pipeline": "Sales", "stage": "New"}
    values_ |= {name.replace("custom_", "custom."): value for name, value in given.items()}
    record = Record(
        DEALS,
        "k",
        {name: value for name, value in values_.items() if value != "-"},
        {CONTACTS: ("ann@example.com",)},
        Place("f", 1, 2),
    )
    chosen = ActiveCampaignOptions.model_validate(options)
    money = Money(units=chosen.zero_decimal == "units", large=chosen.large_values)
    return encode(record, Lookups(account, money), chosen)


def code(given: Mapping[str, str]) -> str:
    """Code of the only problem of a deal with these values."""
    (problem,) = encoded(given).problems
    return problem.code


def test_a_deal_in_full() -> None:
    """Names become ids, values take ActiveCampaign's form, the key is among them."""
    found = encoded(
        {
            "status": "lost",
            "amount": "1234.50",
            "currency": "EUR",
            "close_date": "2026-04-01T03:00:00Z",
            "owner": "ANN@example.com",
            "description": "x",
            "custom_tier": "gold",
            "custom_tags": "d;C",
            "custom_partner": "true",
            "custom_seats": "007",
            "custom_fee": "12.50",
            "custom_signed": "2026-01-01T08:00:00.250Z",
            "custom_renewal_on": "2027-01-01",
            "custom_remark": "a\nb",
        }
    )
    assert found.problems == ()
    assert found.properties == {
        "migrator_key": "k",
        "title": "Deal",
        "group": "1",
        "stage": "1",
        "status": "2",
        "value": "1234.50",
        "currency": "eur",
        "forecasted_close_date": "2026-03-31",
        "owner": "1",
        "description": "x",
        "tier": "Gold",
        "tags": "||d||c||",
        "partner": "Yes",
        "seats": "007",
        "fee": "12.50",
        "signed": "2026-01-01T08:00:00+00:00",
        "renewal_on_1": "2027-01-01",
        "remark": "a\nb",
    }
    assert found.origin["tier"] == "custom.tier"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stage": "Won"}, {"stage": "2", "status": "1"}),
        ({"stage": "Closed lost"}, {"stage": "3", "status": "2"}),
        ({"stage": "Won", "status": "open"}, {"stage": "2", "status": "0"}),
        ({"stage": "New", "status": "won"}, {"stage": "1", "status": "1"}),
        ({"pipeline": "-", "stage": "Only here"}, {"group": "3", "stage": "7"}),
        ({"pipeline": "-", "stage": "new (renewals)"}, {"group": "2", "stage": "4"}),
        ({"pipeline": "2", "stage": "6"}, {"group": "2", "stage": "6"}),
        ({"owner": "Ann berg"}, {"owner": "1"}),
        ({"custom_partner": "no"}, {"partner": "No"}),
        ({"custom_tags": "A;B"}, {"tags": "||a;b||"}),
        ({"custom_tags": ""}, {"tags": ""}),
        ({"custom_signed": "2026-01-01"}, {"signed": "2026-01-01T18:00:00+00:00"}),
        ({"custom_value_11": "x"}, {"value_11": "x"}),
        ({"custom_tier_12": "x"}, {"tier_12": "x"}),
    ],
)
def test_what_names_mean(given: dict[str, str], expected: dict[str, str]) -> None:
    """Stages tell their pipeline and, where a row does not, whether a deal is closed."""
    found = encoded(given)
    assert found.problems == ()
    assert expected.items() <= found.properties.items()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "-"}, "missing_name"),
        ({"stage": "-"}, "missing_stage"),
        ({"pipeline": "-"}, "missing_pipeline"),
        ({"pipeline": "Sails"}, "unknown_pipeline"),
        ({"pipeline": "Double"}, "ambiguous_pipeline"),
        ({"stage": "Newer"}, "unknown_stage"),
        ({"pipeline": "Renewals", "stage": "Twice"}, "ambiguous_stage"),
        ({"status": "maybe"}, "unknown_status"),
        ({"amount": "-5"}, "negative_amount"),
        ({"amount": "1.005"}, "too_precise"),
        ({"amount": "1e3"}, "invalid_number"),
        ({"amount": "x"}, "invalid_number"),
        ({"amount": "21474836.48"}, "amount_too_large"),
        ({"currency": "EURO"}, "unknown_currency"),
        ({"owner": "carl@example.com"}, "unknown_owner"),
        ({"owner": "Bob"}, "ambiguous_owner"),
        ({"close_date": "soon"}, "invalid_date"),
        ({"close_date": "2026-02-30"}, "invalid_date"),
        ({"custom_signed": "2026-01-01T08:00:00"}, "invalid_datetime"),
        ({"custom_signed": "soon"}, "invalid_datetime"),
        ({"custom_seats": "1,5"}, "invalid_number"),
        ({"custom_tier": "Golden"}, "unknown_option"),
        ({"custom_partner": "maybe"}, "unknown_option"),
        ({"custom_teir": "Gold"}, "unknown_field"),
        ({"teir": "Gold"}, "unknown_field"),
        ({"custom_title": "x"}, "unknown_field"),
        ({"custom_migrator_key": "x"}, "read_only_field"),
        ({"custom_remark": "a", "custom_Remark": "b"}, "duplicate_field"),
    ],
)
def test_problems(given: dict[str, str], expected: str) -> None:
    """What cannot go to the target is named before anything is sent."""
    assert code(given) == expected


def test_what_an_update_may_leave_out() -> None:
    """A row without name, stage or contact cannot be created so, but may update a deal."""
    record = Record(DEALS, "k", {"amount": "1"}, {}, Place("f", 1, 2))
    options = ActiveCampaignOptions()
    found = encode(record, Lookups(ACCOUNT, Money()), options)
    assert {p.code for p in found.problems} == {"missing_name", "missing_stage", "no_contact"}
    assert all(problem.only_to_create for problem in found.problems)
    assert "currency" not in found.properties
    named = replace(record, values={"name": "x", "pipeline": "Sales"})
    (stage, _) = encode(named, Lookups(ACCOUNT, Money()), options).problems
    assert not stage.only_to_create
    options = ActiveCampaignOptions(default_contact="a@example.com")
    found = encode(record, Lookups(ACCOUNT, Money()), options)
    assert {p.code for p in found.problems} == {"missing_name", "missing_stage"}


def test_what_goes_nowhere() -> None:
    """Date of creation, probability, and the close date of an account without the field."""
    bare = replace(ACCOUNT, fields={DEALS: dict(DEAL_FIELDS)})
    options = ActiveCampaignOptions()
    assert ignored(None, options).keys() == {"created_at", "probability"}
    assert ignored(ACCOUNT, options).keys() == {"created_at", "probability"}
    assert ignored(bare, options).keys() == {"created_at", "probability", "close_date"}
    given = {"created_at": "2020-01-01", "probability": "55", "close_date": "2026-03-31"}
    assert encoded(given).properties.keys() & {"cdate", "percent"} == set()
    assert encoded({"close_date": "2026-03-31"}, bare).problems == ()
    sent = encoded({"probability": "55.4"}, probability="percent")
    assert sent.properties["percent"] == "55"
    (problem,) = encoded({"probability": "140"}, probability="percent").problems
    assert problem.code == "invalid_probability"


def test_amounts_that_the_options_allow() -> None:
    """Large values on request; yen as they are on request, and then a currency is needed."""
    assert encoded({"amount": "30000000"}, large_values=True).problems == ()
    given = {"amount": "1000"}
    assert encoded({**given, "currency": "JPY"}, zero_decimal="units").problems == ()
    mixed = replace(ACCOUNT, currency=None)
    (problem,) = encoded(given, mixed, zero_decimal="units").problems
    assert problem.code == "missing_currency"
    yen = Money(units=True)
    assert yen.cents("1000", "JPY") == "1000"
    assert yen.cents("10.50", "usd") == "1050"
    assert Money().cents("1000", "JPY") == "100000"


def test_parents() -> None:
    """A contact is its address; a company its name, with a website when that is a domain."""
    assert parent(CONTACTS, " Ann@x.org ") == {"email": "Ann@x.org"}
    assert parent(COMPANIES, "Acme") == {"name": "Acme"}
    assert parent(COMPANIES, "acme.example") == {
        "name": "acme.example",
        "accountUrl": "https://acme.example",
    }


@pytest.mark.parametrize(
    ("type", "key", "given", "expected"),
    [
        (
            CONTACTS,
            "a@x.org",
            {"custom.firstName": "Ann"},
            {"email": "a@x.org", "firstName": "Ann"},
        ),
        (COMPANIES, "acme", {"name": "Acme", "owner": "Ann Berg"}, {"name": "Acme", "owner": "1"}),
        (NOTES, "n", {"body": "Hello"}, {"note": "Hello"}),
        (
            NOTES,
            "n",
            {"body": "Hello", "owner": "x@y.org", "created_at": "2026-01-01"},
            {"note": "Hello\n\n[Written by x@y.org at 2026-01-01]"},
        ),
        (
            CONTACTS,
            "a@x.org",
            {"email": "A@x.org", "first_name": "Ann", "created_at": "2026-01-01"},
            {"email": "A@x.org", "firstName": "Ann"},
        ),
        (
            COMPANIES,
            "acme.org",
            {"domain": "acme.org"},
            {"name": "acme.org", "accountUrl": "https://acme.org"},
        ),
        (
            TASKS,
            "t",
            {
                "title": "Ring",
                "body": "Ask",
                "due_at": "2026-01-01",
                "kind": "Call",
                "done": "true",
                "owner": "Ann Berg",
                "created_at": "2026-01-01",
            },
            {
                "title": "Ring",
                "note": "Ask",
                "duedate": "2026-01-01T18:00:00+00:00",
                "dealTasktype": "Call",
                "status": "1",
                "assignee": "1",
            },
        ),
    ],
)
def test_other_records(
    type: ObjectType, key: str, given: dict[str, str], expected: dict[str, str]
) -> None:
    """Contacts, companies, tasks and notes have built-in fields only."""
    record = Record(type, key, given, {DEALS: ("d",)}, Place("f", 1, 2))
    found = encode(record, Lookups(ACCOUNT, Money()), ActiveCampaignOptions())
    assert (found.problems, found.properties) == ((), expected)
    odd = replace(record, values={"custom.shoe": "44"}, links={})
    codes = {
        p.code for p in encode(odd, Lookups(ACCOUNT, Money()), ActiveCampaignOptions()).problems
    }
    more = {
        NOTES: {"no_deal", "no_body"},
        TASKS: {"no_deal", "missing_due_at", "missing_kind"},
    }
    assert codes == {"unknown_field"} | more.get(type, set())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"owner": "x@y.org"}, ("owner", "no_body", False)),
        ({"created_at": "2026-01-01"}, ("created_at", "no_body", False)),
        ({}, ("body", "no_body", True)),
    ],
)
def test_a_note_is_its_text(given: dict[str, str], expected: tuple[str, str, bool]) -> None:
    """Who wrote it and when goes nowhere without one."""
    record = Record(NOTES, "n", given, {DEALS: ("d",)}, Place("f", 1, 2))
    found = encode(record, Lookups(ACCOUNT, Money()), ActiveCampaignOptions())
    assert [(p.field, p.code, p.only_to_create) for p in found.problems] == [expected]


# -- values ----------------------------------------------------------------------------------------

BY_ID = {meta.id: meta for meta in METAS}


@pytest.mark.parametrize(
    ("field", "text", "wire"),
    [
        ("4", "||a;b||c||", Wire(["a;b", "c"])),
        ("7", "12.50", Wire(1250, "EUR")),
        ("3", "Gold", Wire("Gold")),
        ("8", "2026-01-01T08:00:00+00:00", Wire("2026-01-01T08:00:00+00:00")),
    ],
)
def test_values_go_out(field: str, text: str, wire: Wire) -> None:
    """Several choices are a list, money is whole cents with a currency, the rest is text."""
    assert to_wire(BY_ID[field], text, Money(), "usd") == wire


@pytest.mark.parametrize(
    ("field", "raw", "expected"),
    [
        ("4", ["a;b", "c"], "||a;b||c||"),
        ("4", "||a;b||c||", "||a;b||c||"),
        ("4", [], None),
        ("3", "||Gold||", "Gold"),
        ("3", ["Gold"], "Gold"),
        ("7", "1250", "12.5"),
        ("7", 1250, "12.5"),
        ("7", "odd", "odd"),
        ("1", "2018-12-31 00:00:00", "2018-12-31"),
        ("1", "2018/12/31", "2018-12-31"),
        ("1", "0000-00-00", None),
        ("8", "2020-05-19T02:45:00-05:00", "2020-05-19T07:45:00+00:00"),
        ("8", "2020-05-19 07:45:00", "2020-05-19T07:45:00+00:00"),
        ("8", "never", None),
        ("6", 5, "5"),
        ("6", "", None),
        ("2", None, None),
    ],
)
def test_values_come_back(field: str, raw: object, expected: str | None) -> None:
    """All spellings of a value that were seen are the same text."""
    assert from_wire(BY_ID[field], Datum("1", "1", field, raw), Money()) == expected


@given(st.decimals(0, 21_474_836, places=2))
def test_money_survives(amount: Decimal) -> None:
    """Amount to cents and back is the same amount, and cents are whole."""
    cents = Money().deal_cents(format(amount, "f"), "usd")
    assert Decimal(str(Money().amount(cents, "usd"))) == amount


@given(
    st.text(min_size=1), st.sampled_from([None, "number", "date", "datetime", "choices", "text"])
)
def test_a_value_is_the_same_as_itself(value: str, kind: str | None) -> None:
    """Of any kind; and blank is the same as blank only."""
    assert values.same(kind, value, value)
    assert values.same(kind, "", None)
    assert not values.same(kind, value, None)


@pytest.mark.parametrize(
    ("kind", "ours", "held", "expected"),
    [
        ("number", "10", "10.00", True),
        ("number", "10", "ten", False),
        ("datetime", "2026-01-01T08:00:00+00:00", "2026-01-01T02:00:00-06:00", True),
        ("choices", "||a||b||", "||b||a||", True),
        ("code", "usd", "USD", True),
        ("text", "10", "10.00", False),
        ("text", "a\r\nb", "a\nb", True),
        (None, "10", "10.00", True),
        (None, "2026-01-01", "2026-01-01 00:00:00", True),
        (None, "a", "b", False),
    ],
)
def test_when_two_values_say_the_same(
    kind: str | None, ours: str, held: str, expected: bool
) -> None:
    """By the kind of the field, or by trying where the kind is not known."""
    assert values.same(kind, ours, held) is expected


def test_same_uses_the_account_described_last() -> None:
    """Kinds are known after describing; before, numbers and instants are tried."""
    portal = Portal()
    vendor = portal.vendor
    assert vendor.same(DEALS, "anything", "1", "1.0")
    portal.run(vendor.describe([DEALS]))
    assert not vendor.same(DEALS, "title", "1", "1.0")
    assert vendor.same(DEALS, "value", "1", "1.0")
    assert vendor.same(DEALS, "currency", "usd", "USD")


def test_days_at_the_end_of_time() -> None:
    """An instant that is no day of the calendar in the user's zone is a problem, not a crash."""
    for text in ("9999-12-31T23:59:59-23:59", "9999-12-31T20:00:00Z"):
        with pytest.raises(BadValue):
            values.day(text, ZoneInfo("Asia/Tokyo"))


# -- names of fields -------------------------------------------------------------------------------


def test_fields_have_names_of_our_making() -> None:
    """By merge tag, by label without one, with the id behind when a name is taken."""
    fields = Fields(METAS)
    names = [fields.name(meta.id) for meta in METAS]
    assert names[0] == "forecasted_close_date"
    assert names[8:] == ["renewal_on_1", "remark", "value_11", "tier_12", "\u6771"]
    assert fields.key == METAS[1]
    assert fields.name("999") is None


def test_the_older_of_two_key_fields_counts() -> None:
    """A lost answer may leave two; everybody uses the same one."""
    label = "migrator_key"
    twice = [FieldMeta("20", label, "text"), FieldMeta("9", label, "text", (), "DEAL_X_1")]
    assert Fields(twice).key == twice[1]


def test_a_field_is_found_as_a_template_calls_it() -> None:
    """By name, by label in any letter case, by what the label would make; never a built-in."""
    infos = ACCOUNT.fields[DEALS]
    for name, label in (("tier", ""), ("x", "SEATS"), ("renewal_on", ""), ("Remark", "")):
        assert find(infos, name, label) is not None
    assert find(infos, "title") is None
    assert find({}, "x", "y") is None
    assert isinstance(find(infos, "fee"), FieldInfo)
