"""HubSpot's records in canonical fields: values that are odd, and ids that nobody knows."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from migrator.model import (
    Account,
    DealStatus,
    FieldInfo,
    Held,
    ObjectType,
    Owner,
    Pipeline,
    Place,
    Record,
    Stage,
)
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.decode import Decoder, exported
from migrator.vendors.hubspot.encode import encode
from migrator.vendors.hubspot.lookups import Lookups
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.values import zone_of

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
NOTES, TASKS = ObjectType.NOTES, ObjectType.TASKS

FIELDS = [
    FieldInfo("dealname", "Deal name", "text"),
    FieldInfo("amount", "Amount", "number"),
    FieldInfo("createdate", "Create date", "datetime"),
    FieldInfo("hs_tcv", "Total", "number", read_only=True),
    FieldInfo("migrator_key", "Migrator key", "text", unique=True),
    FieldInfo("seats", "Seats", "number"),
    FieldInfo("renewal_on", "Renewal on", "date"),
    FieldInfo("signed_at", "Signed at", "datetime"),
    FieldInfo("is_partner", "Partner", "bool"),
    FieldInfo("tier", "Tier", "choice", {"g": "Gold", "s": "Silver"}),
    FieldInfo("tags", "Tags", "choice", {"a": "Alpha", "b": "B; C"}, multiple=True),
    FieldInfo("outside", "Outside", "choice"),
]
ACCOUNT = Account(
    vendor="hubspot",
    id="1",
    name="portal 1",
    pipelines=(
        Pipeline("default", "Sales", (Stage("11", "Due"), Stage("12", "Won", DealStatus.WON))),
    ),
    owners=(
        Owner("1", "a@example.com", "Ann A"),
        Owner("2", "", "Bob B", active=False),
        Owner("3", "", ""),
    ),
    fields={DEALS: {info.name: info for info in FIELDS}},
    currency="USD",
    time_zone="America/New_York",
)
DECODER = Decoder(ACCOUNT)


def decoded(type: ObjectType = DEALS, /, **properties: str | None) -> dict[str, str]:
    """The canonical values of a record with these properties."""
    return DECODER.decode(Held(type, "5", "k", properties))


def record(**given: str) -> Record:
    """A deal with these values."""
    base = {"name": "D", "stage": "Due"}
    return Record(DEALS, "k", {**base, **given}, {}, Place("deals.csv", 1, 2))


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"dealstage": "12"}, {"stage": "Won", "stage_id": "12", "status": "won"}),
        ({"dealstage": "99"}, {"stage": "99", "stage_id": "99"}),
        ({"pipeline": "default"}, {"pipeline": "Sales", "pipeline_id": "default"}),
        ({"pipeline": "gone"}, {"pipeline": "gone", "pipeline_id": "gone"}),
        ({"hubspot_owner_id": "1"}, {"owner": "a@example.com", "owner_id": "1"}),
        ({"hubspot_owner_id": "2"}, {"owner": "Bob B", "owner_id": "2"}),
        ({"hubspot_owner_id": "3"}, {"owner": "3", "owner_id": "3"}),
        ({"hubspot_owner_id": "9"}, {"owner": "9", "owner_id": "9"}),
        (
            {"amount": "1234.50", "deal_currency_code": "eur"},
            {"amount": "1234.5", "currency": "EUR"},
        ),
        ({"amount": "7", "deal_currency_code": None}, {"amount": "7", "currency": "USD"}),
        ({"amount": "7"}, {"amount": "7"}),
        ({"deal_currency_code": ""}, {}),
        ({"migrator_key": "k"}, {}),
        ({"description": None, "dealname": ""}, {}),
        ({"seats": "1.20E+3", "outside": "x"}, {"custom.seats": "1200", "custom.outside": "x"}),
        ({"seats": "1E+999999999"}, {"custom.seats": "1E+999999999"}),
        ({"seats": "many"}, {"custom.seats": "many"}),
        ({"renewal_on": "1774915200000"}, {"custom.renewal_on": "2026-03-31"}),
        ({"renewal_on": "2026-03-31T09:00:00Z"}, {"custom.renewal_on": "2026-03-31T09:00:00Z"}),
        ({"renewal_on": "soon"}, {"custom.renewal_on": "soon"}),
        ({"signed_at": "1774947600000"}, {"custom.signed_at": "2026-03-31T09:00:00Z"}),
        ({"signed_at": "2026-03-31T16:00:00Z"}, {"custom.signed_at": "2026-03-31T16:00:00Z"}),
        ({"is_partner": "True"}, {"custom.is_partner": "true"}),
        ({"tier": "g", "tags": "a;b"}, {"custom.tier": "Gold", "custom.tags": "Alpha;b"}),
        ({"tier": "gone", "tags": ";a;gone"}, {"custom.tier": "gone", "custom.tags": "Alpha;gone"}),
        ({"never_described": " x "}, {"custom.never_described": " x "}),
        ({"closedate": "2026-03-31T16:00:00Z"}, {"close_date": "2026-03-31"}),
        ({"closedate": "2026-03-31T16:00:01Z"}, {"close_date": "2026-03-31T16:00:01Z"}),
        ({"closedate": "whenever"}, {"close_date": "whenever"}),
        ({"closedate": "0001-01-01T00:00:00Z"}, {"close_date": "0001-01-01T00:00:00Z"}),
        ({"createdate": "2026-03-31T16:00:00.250Z"}, {"created_at": "2026-03-31T16:00:00.250Z"}),
    ],
)
def test_values(properties: dict[str, str | None], expected: dict[str, str]) -> None:
    """Each property by its kind; what cannot be read stays as it is."""
    assert decoded(**properties) == expected


@pytest.mark.parametrize(
    ("type", "properties", "expected"),
    [
        (
            CONTACTS,
            {"email": "a@x.org", "firstname": "Ann", "hubspot_owner_id": "1", "phone": "1"},
            {"email": "a@x.org", "first_name": "Ann", "owner": "a@example.com", "phone": "1"},
        ),
        (
            COMPANIES,
            {"name": "Acme", "domain": "acme.org", "createdate": "2026-03-31T09:00:00Z"},
            {"name": "Acme", "domain": "acme.org", "created_at": "2026-03-31T09:00:00Z"},
        ),
        (
            NOTES,
            {"hs_note_body": "Hello", "hs_timestamp": "2026-03-31T16:00:00Z"},
            {"body": "Hello", "created_at": "2026-03-31T16:00:00Z"},
        ),
        (
            TASKS,
            {"hs_task_subject": "Call", "hs_task_status": "COMPLETED", "hs_task_type": "CALL"},
            {"title": "Call", "done": "true", "kind": "CALL"},
        ),
        (TASKS, {"hs_task_status": "WAITING"}, {"done": "false"}),
    ],
)
def test_other_types(
    type: ObjectType, properties: dict[str, str], expected: dict[str, str]
) -> None:
    """Each type has canonical fields of its own."""
    assert decoded(type, **properties) == expected


def test_what_is_exported() -> None:
    """What people fill and the moment of creation; never the key, nothing that is computed."""
    names = exported(DEALS, ACCOUNT)
    assert len(names) == len(set(names))
    assert {"dealname", "createdate", "pipeline", "dealstage", "seats", "tags"} <= set(names)
    assert not {"migrator_key", "hs_tcv"} & set(names)
    assert set(exported(CONTACTS, ACCOUNT)) >= {"email", "createdate"}


# -- properties ------------------------------------------------------------------------------------


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_numbers_keep_their_value(number: Decimal) -> None:
    """A number is written out plainly and is worth the same."""
    text = values.plain(str(number))
    if abs(number.adjusted()) <= 400:
        assert "E" not in text
        assert not text.endswith(".")
        assert not ("." in text and text.endswith("0"))
    assert Decimal(text) == number


ZONES = ["UTC", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu"]


@given(st.dates(date(1900, 1, 2), date(2100, 1, 1)), st.sampled_from(ZONES))
def test_days_come_back(day: date, name: str) -> None:
    """A mere day is the same day again, in every zone; any other moment is itself."""
    zone = zone_of(name)
    sent = values.instant(day.isoformat(), zone)
    assert values.day_at_noon(sent, zone) == day.isoformat()
    later = datetime.fromisoformat(sent) + timedelta(seconds=1)
    text = later.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert values.day_at_noon(text, zone) == text


WORDS = st.sampled_from(["a", "A", "b", "c", "a;b", "Alpha", "alpha", " a"])


@given(st.dictionaries(st.sampled_from("abcdA"), WORDS, min_size=1), st.data())
def test_options_find_back(options: dict[str, str], data: Any) -> None:
    """However options are called, what is read of a choice writes the same value again."""
    for multiple in (False, True):
        info = FieldInfo("pick", "Pick", "choice", options, multiple=multiple)
        account = replace(ACCOUNT, fields={DEALS: {"pick": info}})
        most = len(options) if multiple else 1
        chosen = data.draw(
            st.lists(st.sampled_from(sorted(options)), min_size=1, max_size=most, unique=True)
        )
        held = Held(DEALS, "5", None, {"pick": ";".join(chosen)})
        told = Decoder(account).decode(held)
        # Several options, written as one text that is the name of another one, are beyond help.
        names = {folded(name) for pair in options.items() for name in pair}
        assume(len(chosen) == 1 or folded(told["custom.pick"]) not in names)
        sent = encode(record(**told), Lookups(account))
        assert sent.problems == ()
        assert sent.properties["pick"] == ";".join(chosen)


def test_decoding_is_quick() -> None:
    """Ten thousand deals take less than a second and a half: lookups are made once."""
    held = Held(
        DEALS,
        "5",
        "k",
        {
            "dealname": "D",
            "amount": "1234.50",
            "closedate": "2026-03-31T16:00:00Z",
            "createdate": "2026-03-31T16:00:00Z",
            "dealstage": "12",
            "pipeline": "default",
            "hubspot_owner_id": "1",
            "tags": "a;b",
            "tier": "g",
        },
    )
    decoder = Decoder(ACCOUNT)
    began = time.perf_counter()
    for _ in range(10_000):
        decoder.decode(held)
    assert time.perf_counter() - began < 1.5
