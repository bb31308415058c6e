"""Canonical deals become HubSpot's ids and formats, or problems a person can mend."""

from __future__ import annotations

import doctest
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import (
    Account,
    DealStatus,
    FieldInfo,
    ObjectType,
    Owner,
    Pipeline,
    Place,
    Record,
    Stage,
)
from migrator.vendors.hubspot import answers, calls, paths, values
from migrator.vendors.hubspot.api import HubSpot
from migrator.vendors.hubspot.values import LONGEST
from migrator.wire import base, log
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from types import ModuleType

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
OPEN, WON, LOST = DealStatus.OPEN, DealStatus.WON, DealStatus.LOST

SALES = Pipeline(
    "default",
    "Sales Pipeline",
    (
        Stage("appointmentscheduled", "New"),
        Stage("contractsent", "Negotiation"),
        Stage("closedwon", "Closed won", WON),
        Stage("closedlost", "Closed lost", LOST),
    ),
)
RENEWALS = Pipeline(
    "77",
    "Renewals",
    (
        Stage("701", "Due"),
        Stage("702", "Closed won", WON),
        Stage("703", "Won late", WON),
    ),
)


def info(name: str, kind: str = "text", **more: object) -> FieldInfo:
    """A property of the account."""
    return FieldInfo(name, name.capitalize(), kind, **more)  # type: ignore[arg-type]


FIELDS = {
    field.name: field
    for field in (
        info("dealname"),
        info("amount", "number"),
        info("closedate", "datetime"),
        info("deal_currency_code", "choice", options={"USD": "US Dollar", "EUR": "Euro"}),
        info("note"),
        info("seats", "number"),
        info("renewal_on", "date"),
        info("signed_at", "datetime"),
        info("partner", "bool"),
        info("tier", "choice", options={"g": "Gold", "s": "Silver", "x": "Twin", "y": "twin "}),
        info("tags", "choice", options={"a": "Alpha", "b": "Beta"}, multiple=True),
        info("elsewhere", "choice"),
        info("days_to_close", "number", read_only=True),
    )
}
ACCOUNT = Account(
    vendor="hubspot",
    id="1",
    name="Test",
    pipelines=(SALES, RENEWALS),
    owners=(
        Owner("10", "ann@example.com", "Ann Lee"),
        Owner("11", "bob@example.com", "Bob Ray"),
        Owner("12", "bob2@example.com", "Bob Ray"),
        Owner("13", "old@example.com", "Old Hand", active=False),
        Owner("14", "ann@example.com", "Ann Gone", active=False),
    ),
    fields={DEALS: FIELDS, COMPANIES: {"size": info("size", "number")}, CONTACTS: {}},
    currency="USD",
    currencies=("USD", "EUR"),
    time_zone="America/New_York",
)
HUBSPOT = HubSpot(httpx.AsyncClient(), VirtualClock())


def deal(**values: str) -> Record:
    """A deal; ``custom_x`` stands for ``custom.x``. A name and a stage are given."""
    given = {"name": "Deal", "pipeline": "Sales Pipeline", "stage": "New"} | values
    return record({k.replace("custom_", "custom."): v for k, v in given.items()})


def record(values: dict[str, str], type: ObjectType = DEALS) -> Record:
    """A record with exactly these values."""
    return Record(type, "K-1", values, {}, Place("deals.csv", 1, 2))


def properties(given: Record, account: Account = ACCOUNT) -> dict[str, str]:
    """What a record becomes, without problems."""
    encoded = HUBSPOT.encode(given, account)
    assert encoded.problems == ()
    assert encoded.origin.keys() == encoded.properties.keys()
    return dict(encoded.properties)


def problems(given: Record, account: Account = ACCOUNT) -> list[tuple[str, str]]:
    """Field and code of each problem."""
    return [(p.field, p.code) for p in HUBSPOT.encode(given, account).problems]


def test_a_whole_deal() -> None:
    """Every canonical field has its property, ids and formats as HubSpot wants them."""
    encoded = HUBSPOT.encode(
        deal(
            stage=" negotiation ",
            status="open",
            amount="1234.50",
            currency="eur",
            close_date="2026-03-31",
            created_at="2019-05-06T07:08:09+02:00",
            owner="Ann Lee",
            description="Text",
            probability="40",
            custom_tier="gold",
        ),
        ACCOUNT,
    )
    assert encoded.problems == ()
    assert encoded.properties == {
        "migrator_key": "K-1",
        "dealname": "Deal",
        "pipeline": "default",
        "dealstage": "contractsent",
        "amount": "1234.50",
        "deal_currency_code": "EUR",
        "closedate": "2026-03-31T16:00:00Z",
        "createdate": "2019-05-06T05:08:09Z",
        "hubspot_owner_id": "10",
        "description": "Text",
        "tier": "g",
    }
    assert encoded.origin["dealstage"] == "stage"
    assert encoded.origin["closedate"] == "close_date"
    assert encoded.origin["tier"] == "custom.tier"
    assert "probability" in HUBSPOT.capabilities.ignored


@pytest.mark.parametrize(
    ("values", "pipeline", "stage"),
    [
        ({"pipeline": "sales pipeline", "stage": "New"}, "default", "appointmentscheduled"),
        ({"pipeline": "default", "stage": "contractsent"}, "default", "contractsent"),
        ({"stage": "Due"}, "77", "701"),
        ({"stage": "Closed won (Sales Pipeline)"}, "default", "closedwon"),
        ({"pipeline": "Renewals", "stage": "closed WON (renewals)"}, "77", "702"),
        ({"pipeline": "Sales Pipeline", "stage": "New", "status": "won"}, "default", "closedwon"),
        ({"stage": "Negotiation", "status": "lost"}, "default", "closedlost"),
        ({"pipeline": "Sales Pipeline", "status": "Lost"}, "default", "closedlost"),
        ({"pipeline": "Renewals", "stage": "Won late", "status": "won"}, "77", "703"),
    ],
)
def test_where_a_deal_stands(values: dict[str, str], pipeline: str, stage: str) -> None:
    """Pipeline, stage and status name one place: by label, id, brackets, or the status alone."""
    found = properties(record({"name": "Deal", **values}))
    assert (found["pipeline"], found["dealstage"]) == (pipeline, stage)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"pipeline": "Sale Pipeline", "stage": "New"}, "pipeline", "unknown_pipeline"),
        ({"pipeline": "Renewals", "stage": "Negotiation"}, "stage", "unknown_stage"),
        ({"stage": "Negotation"}, "stage", "unknown_stage"),
        ({"stage": "Closed won"}, "pipeline", "missing_pipeline"),
        ({"pipeline": "Renewals", "stage": "Due (Sales Pipeline)"}, "stage", "unknown_stage"),
        ({"pipeline": "Sales Pipeline"}, "stage", "missing_stage"),
        ({"pipeline": "Sales Pipeline", "status": "open"}, "stage", "missing_stage"),
        ({"status": "won"}, "pipeline", "missing_pipeline"),
        ({"stage": "Due", "status": "won"}, "stage", "ambiguous_stage"),
        ({"stage": "Due", "status": "lost"}, "stage", "no_closed_stage"),
        ({"pipeline": "Renewals", "status": "lost"}, "status", "no_closed_stage"),
        ({"stage": "Won late", "status": "open"}, "stage", "status_stage_conflict"),
        ({"stage": "Won late", "status": "lost"}, "stage", "status_stage_conflict"),
        ({"stage": "Due", "status": "pending"}, "status", "unknown_status"),
    ],
)
def test_where_a_deal_cannot_stand(values: dict[str, str], field: str, code: str) -> None:
    """What names no place, two places or a contradiction is a problem of the right field."""
    assert problems(record({"name": "Deal", **values})) == [(field, code)]


def test_the_only_pipeline_needs_no_name() -> None:
    """In an account of one pipeline a deal needs to name none."""
    one = replace(ACCOUNT, pipelines=(SALES,))
    assert properties(record({"name": "D", "status": "won"}), one)["dealstage"] == "closedwon"
    assert properties(record({"name": "D", "stage": "New"}), one)["pipeline"] == "default"


@pytest.mark.parametrize(
    ("values", "code", "hint"),
    [
        ({"stage": "Negotation"}, "unknown_stage", 'Did you mean "Negotiation"?'),
        ({"pipeline": "Sale Pipeline"}, "unknown_pipeline", 'Did you mean "Sales Pipeline"?'),
        ({"owner": "ann@exmaple.com"}, "unknown_owner", 'Did you mean "ann@example.com"?'),
        ({"owner": "Old Hand"}, "inactive_owner", "deactivated"),
        ({"owner": "old@example.com"}, "inactive_owner", "deactivated"),
        ({"owner": "Bob Ray"}, "ambiguous_owner", "e-mail"),
        ({"currency": "CHF"}, "unknown_currency", "USD, EUR"),
        ({"amount": "1,234.50"}, "invalid_number", "1234.50"),
        ({"amount": "1e3"}, "invalid_number", "plain decimal"),
        ({"close_date": "31.03.2026"}, "invalid_datetime", "2026-03-31T09:00:00Z"),
        ({"close_date": "2026-02-30"}, "invalid_datetime", "instant"),
        ({"created_at": "2026-03-31T09:00:00"}, "invalid_datetime", "instant"),
        ({"description": "x" * (LONGEST + 1)}, "too_long", "65,536"),
        ({"custom_teir": "g"}, "unknown_field", 'Did you mean "tier"?'),
        ({"custom_days_to_close": "3"}, "read_only_field", "days_to_close"),
        ({"custom_migrator_key": "3"}, "read_only_field", "source key"),
        ({"custom_dealname": "X"}, "duplicate_field", '"name"'),
        ({"custom_seats": "many"}, "invalid_number", "many"),
        ({"custom_renewal_on": "2026-03-31T09:00:00Z"}, "invalid_date", "2026-03-31"),
        ({"custom_renewal_on": "2026-13-01"}, "invalid_date", "2026-13-01"),
        ({"custom_partner": "yes"}, "invalid_bool", "true nor false"),
        ({"custom_tier": "Glod"}, "unknown_option", 'Did you mean "Gold"?'),
        ({"custom_tier": "TWIN"}, "ambiguous_option", "several"),
        ({"custom_tags": "Alpha;Gamma"}, "unknown_option", "Gamma"),
        ({"nonsense": "x"}, "unknown_field", "nonsense"),
    ],
)
def test_a_bad_value_is_a_problem(values: dict[str, str], code: str, hint: str) -> None:
    """It names its field, a stable code, the value, and what to do."""
    (problem,) = HUBSPOT.encode(deal(**values), ACCOUNT).problems
    assert problem.code == code
    (field,) = values
    assert problem.field == field.replace("custom_", "custom.")
    assert hint in problem.message
    assert problem.value == values[field]


def test_all_problems_are_told() -> None:
    """A record's problems are told together, not one per run."""
    bad = deal(stage="Nowhere", amount="x", owner="nobody", custom_seats="y", close_date="z")
    del_name = replace(bad, values={k: v for k, v in bad.values.items() if k != "name"})
    assert sorted(problems(del_name)) == [
        ("amount", "invalid_number"),
        ("close_date", "invalid_datetime"),
        ("custom.seats", "invalid_number"),
        ("name", "missing_name"),
        ("owner", "unknown_owner"),
        ("stage", "unknown_stage"),
    ]


@pytest.mark.parametrize(
    ("values", "name", "sent"),
    [
        ({"owner": "BOB2@example.com "}, "hubspot_owner_id", "12"),
        ({"owner": "ann@example.com"}, "hubspot_owner_id", "10"),
        ({"custom_tier": "S"}, "tier", "s"),
        ({"custom_tier": " silver "}, "tier", "s"),
        ({"custom_tags": ";beta; alpha;b;"}, "tags", "b;a"),
        ({"custom_elsewhere": "anything"}, "elsewhere", "anything"),
        ({"custom_partner": "TRUE"}, "partner", "true"),
        ({"custom_seats": "-7.50"}, "seats", "-7.50"),
        ({"custom_signed_at": "2026-03-31T09:00:00.123Z"}, "signed_at", "2026-03-31T09:00:00.123Z"),
        ({"custom_note": "a\nb"}, "note", "a\nb"),
    ],
)
def test_values_as_hubspot_writes_them(values: dict[str, str], name: str, sent: str) -> None:
    """Labels become values, choices of several are joined without a leading semicolon."""
    assert properties(deal(**values))[name] == sent


def test_an_account_of_one_currency() -> None:
    """Without a currency property the home currency needs no code, and others are problems."""
    fields = {name: field for name, field in FIELDS.items() if name != "deal_currency_code"}
    single = replace(ACCOUNT, fields={DEALS: fields}, currencies=("USD",))
    assert "deal_currency_code" not in properties(deal(currency="usd"), single)
    assert problems(deal(currency="EUR"), single) == [("currency", "unknown_currency")]
    unrestricted = replace(ACCOUNT, currencies=())
    assert properties(deal(currency="chf"), unrestricted)["deal_currency_code"] == "CHF"


ZONES = ["America/New_York", "Pacific/Auckland", "Europe/Berlin", "Asia/Kolkata", "Etc/UTC"]


@given(
    day=st.dates(date(1970, 1, 2), date(2099, 12, 30)),
    zone=st.sampled_from(ZONES),
    hours=st.integers(-11, 11),
)
def test_a_date_stays_that_day(day: date, zone: str, hours: int) -> None:
    """A close date shows as itself in the portal's zone, and to readers eleven hours off."""
    account = replace(ACCOUNT, time_zone=zone)
    sent = properties(deal(close_date=day.isoformat()), account)["closedate"]
    shown = datetime.fromisoformat(sent).astimezone(ZoneInfo(zone))
    assert (shown.date(), shown.hour) == (day, 12)
    assert (shown + timedelta(hours=hours)).date() == day


@pytest.mark.parametrize("zone", [None, "No/Where", "", "../etc"])
def test_an_unknown_zone_is_utc(zone: str | None) -> None:
    """Noon is UTC's when the portal's zone is not known."""
    account = replace(ACCOUNT, time_zone=zone)
    assert properties(deal(close_date="2026-03-31"), account)["closedate"] == "2026-03-31T12:00:00Z"


TEXTS = st.text(max_size=20) | st.sampled_from(
    ["New", "won", "1", "-1.5", "2026-03-31", "true", "a;b", "ann@example.com", "USD", "Renewals"]
)
NAMES = st.sampled_from(
    ["name", "pipeline", "stage", "status", "amount", "currency", "close_date", "created_at"]
    + ["owner", "description", "probability", "other", "custom.nope"]
    + [f"custom.{name}" for name in FIELDS]
)


@given(values=st.dictionaries(NAMES, TEXTS), type=st.sampled_from(list(ObjectType)))
def test_encode_never_fails(values: dict[str, str], type: ObjectType) -> None:
    """Any record is encoded or has problems, each of a field that is there or lacks."""
    encoded = HUBSPOT.encode(record(values, type), ACCOUNT)
    for problem in encoded.problems:
        assert problem.field in values or problem.code.startswith("missing")
        assert problem.value == values.get(problem.field, "")
        assert problem.message.endswith((".", "?"))
    assert all(isinstance(value, str) for value in encoded.properties.values())
    if type is DEALS and not encoded.problems:
        assert {"dealname", "pipeline", "dealstage", "migrator_key"} <= encoded.properties.keys()
        pipeline = next(p for p in ACCOUNT.pipelines if p.id == encoded.properties["pipeline"])
        assert encoded.properties["dealstage"] in {stage.id for stage in pipeline.stages}


def test_other_types() -> None:
    """Contacts have their e-mail for a key, companies the key field; both take custom fields."""
    company = record({"name": "Acme", "owner": "ann@example.com", "custom.size": "5"}, COMPANIES)
    assert properties(company) == {
        "migrator_key": "K-1",
        "name": "Acme",
        "hubspot_owner_id": "10",
        "size": "5",
    }
    assert properties(record({}, CONTACTS)) == {"email": "K-1"}
    assert problems(record({"amount": "1"}, COMPANIES)) == [("amount", "unknown_field")]
    assert problems(record({"custom.email": "x@y.z"}, CONTACTS)) == [
        ("custom.email", "unknown_field")
    ]


def test_people_and_companies_in_canonical_fields() -> None:
    """An address that stands there twice is one; what HubSpot fills itself is left."""
    fields = {"email": info("email"), "createdate": info("createdate", "datetime", read_only=True)}
    account = replace(ACCOUNT, fields={CONTACTS: fields, COMPANIES: {}})
    values = {"email": "k-1 ", "first_name": "Ann", "last_name": "Lee", "phone": "1"}
    assert properties(record(values, CONTACTS), account) == {
        "email": "K-1",
        "firstname": "Ann",
        "lastname": "Lee",
        "phone": "1",
    }
    other = record({"email": "b@example.com", "created_at": "2026-03-31"}, CONTACTS)
    assert problems(other, account) == [("email", "duplicate_field")]
    assert "contacts.created_at" in HUBSPOT.capabilities.ignored
    fixed = replace(account, fields={DEALS: {"amount": info("amount", "number", read_only=True)}})
    assert problems(deal(amount="1"), fixed) == [("amount", "read_only_field")]
    company = properties(record({"name": "Acme", "domain": "acme.org"}, COMPANIES), account)
    assert company == {"migrator_key": "K-1", "name": "Acme", "domain": "acme.org"}


def test_parents() -> None:
    """A parent has its name in the right property, and a key that letter case does not change."""
    assert HUBSPOT.parent(CONTACTS, " Ann@Example.com ") == {"email": "Ann@Example.com"}
    assert HUBSPOT.parent(COMPANIES, "Acme.Example") == {
        "migrator_key": "acme.example",
        "domain": "acme.example",
    }
    assert HUBSPOT.parent(COMPANIES, "Acme Inc.") == {
        "migrator_key": "acme inc.",
        "name": "Acme Inc.",
    }


# -- comparing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ours", "held", "same"),
    [
        ("amount", "1234.50", "1234.5", True),
        ("amount", "1234.50", "1234.51", False),
        ("amount", "10", "1e1", True),
        ("amount", "10", "NaN", False),
        ("amount", "10", "ten", False),
        ("note", "007", "7", False),
        ("note", "a\r\nb", "a\nb", True),
        ("note", "a", "A", False),
        ("note", "a", None, False),
        ("note", "", None, True),
        ("closedate", "2026-03-31T16:00:00Z", "2026-03-31T16:00:00.000Z", True),
        ("closedate", "2026-03-31T16:00:00Z", "2026-03-31T18:00:00+02:00", True),
        ("closedate", "2026-03-31T16:00:00Z", "1774972800000", True),
        ("closedate", "2026-03-31T16:00:00Z", "2026-03-31T00:00:00Z", False),
        ("closedate", "2026-03-31T16:00:00Z", "soon", False),
        ("renewal_on", "2026-03-31", "2026-03-31T00:00:00Z", True),
        ("renewal_on", "2026-03-31", "99999999999999999999", False),
        ("partner", "true", "TRUE", True),
        ("partner", "true", "false", False),
        ("tags", "a;b", "b;a", True),
        ("tags", "a", "a;b", False),
        ("tier", "g", "G", False),
        ("email", "Ann@Example.com", "ann@example.com", True),
        ("hubspot_owner_id", "10", "10", True),
    ],
)
def test_when_two_values_say_the_same(
    name: str, ours: str, held: str | None, same: bool
) -> None:  # a row of the table
    """Numbers by value, instants by instant, sets as sets, texts by text; blank is blank."""
    HUBSPOT.encode(deal(), ACCOUNT)
    assert HUBSPOT.same(DEALS, name, ours, held) is same


def test_without_an_account_only_known_properties_have_kinds() -> None:
    """HubSpot's own amount and dates are compared by value from the start; others as text."""
    fresh = HubSpot(httpx.AsyncClient(), VirtualClock())
    assert fresh.same(DEALS, "amount", "1.0", "1")
    assert fresh.same(DEALS, "closedate", "2026-03-31T16:00:00Z", "2026-03-31T16:00:00.000Z")
    assert not fresh.same(DEALS, "seats", "1.0", "1")


@given(number=st.decimals(-(10**15), 10**15, places=3))
def test_numbers_are_compared_by_value(number: Decimal) -> None:
    """However a number is written, it is the same number, and no other."""
    text = f"{number:f}"
    assert HUBSPOT.same(DEALS, "amount", text, f"{number.normalize():E}")
    assert not HUBSPOT.same(DEALS, "amount", text, f"{number + Decimal('0.001'):f}")


@given(moment=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), zone=st.sampled_from(ZONES))  # noqa: DTZ001  # hypothesis wants them naive
def test_instants_are_compared_by_instant(moment: datetime, zone: str) -> None:
    """An instant is itself in any zone and in milliseconds."""
    instant = moment.replace(microsecond=0, tzinfo=UTC)
    ours = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert HUBSPOT.same(DEALS, "closedate", ours, instant.astimezone(ZoneInfo(zone)).isoformat())
    assert HUBSPOT.same(DEALS, "closedate", ours, str(int(instant.timestamp() * 1000)))
    later = (instant + timedelta(seconds=1)).isoformat()
    assert not HUBSPOT.same(DEALS, "closedate", ours, later)


def test_the_home_currency() -> None:
    """A deal without a currency is in the account's own; blank stays blank."""
    fresh = HubSpot(httpx.AsyncClient(), VirtualClock())
    assert not fresh.same(DEALS, "deal_currency_code", "USD", None)
    fresh.encode(deal(), ACCOUNT)
    for ours, held, expected in (
        ("USD", None, True),
        ("USD", "", True),
        ("EUR", None, False),
        ("", None, True),
        ("", "EUR", False),
        ("USD", "EUR", False),
    ):
        assert fresh.same(DEALS, "deal_currency_code", ours, held) is expected


# -- the rest --------------------------------------------------------------------------------------


def test_encoding_is_quick() -> None:
    """Ten thousand deals take less than a second and a half: lookups are made once."""
    one = deal(amount="1", close_date="2026-03-31", owner="Ann Lee", custom_tier="gold")
    HUBSPOT.encode(one, ACCOUNT)
    began = time.perf_counter()
    for _ in range(10_000):
        HUBSPOT.encode(one, ACCOUNT)
    assert time.perf_counter() - began < 1.5


@pytest.mark.parametrize("module", [answers, base, calls, log, paths, values])
def test_examples_in_docstrings(module: ModuleType) -> None:
    """The examples are true."""
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


def test_paths_of_other_versions() -> None:
    """v3 and v4 are one set of paths; a name that is no version is refused."""
    old, new = paths.Paths("v4"), paths.Paths("2026-09-beta")
    assert old.account == "/account-info/v3/details"
    assert old.linked(DEALS, "5", CONTACTS) == "/crm/v4/objects/deals/5/associations/contacts"
    assert new.linked(DEALS, "5", CONTACTS) == (
        "/crm/objects/2026-09-beta/deals/5/associations/contacts"
    )
    assert old.pipelines(DEALS, "1/stages") == "/crm/v3/pipelines/deals/1/stages"
    assert new.owners == "/crm/owners/2026-09-beta"
    with pytest.raises(ValueError, match="v5"):
        paths.Paths("v5")
