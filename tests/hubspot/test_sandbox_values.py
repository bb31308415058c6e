"""Values in the HubSpot sandbox: what a property of each type takes and gives back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.vendors.hubspot.sandbox.schema import Property
from migrator.vendors.hubspot.sandbox.values import Invalid, check, instant, iso
from tests.hubspot.sandbox import Rehearsal


def _property(type: str) -> Property:
    return Property("p", "P", type)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_being_written_and_read(moment: datetime) -> None:
    """What comes back is the same instant to the millisecond, in either spelling."""
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert instant(iso(exact)) == exact
    assert instant(iso(exact, millis=True)) == exact


@given(st.integers(-(10**11), 10**11))
def test_dates_in_milliseconds_must_be_midnight_utc(days_or_ms: int) -> None:
    """`date` takes milliseconds at exactly midnight UTC, else 400."""
    midnight = days_or_ms // 86_400_000 * 86_400_000
    assert len(check(_property("date"), str(midnight))) == 10
    if days_or_ms != midnight:
        with pytest.raises(Invalid, match="not midnight"):
            check(_property("date"), str(days_or_ms))


@given(st.text(alphabet="0123456789.,eE+-$ ", min_size=1, max_size=12))
def test_a_number_has_digits_and_at_most_one_point(text: str) -> None:
    """No thousands separators, no currency, no exponent; given back as sent."""
    plain = text.lstrip("+-") if text[:1] in "+-" and text[1:2] not in "+-" else text
    good = plain.replace(".", "", 1).isdigit()
    if good:
        assert check(_property("number"), text) == text
    else:
        with pytest.raises(Invalid):
            check(_property("number"), text)


@pytest.mark.parametrize(
    ("type", "text", "stored"),
    [
        ("datetime", "1714521600000", "2024-05-01T00:00:00Z"),
        ("datetime", "1714521600123", "2024-05-01T00:00:00.123Z"),
        ("datetime", "2024-05-01", "2024-05-01T00:00:00Z"),
        ("datetime", "2024-05-01T02:30+02:00", "2024-05-01T00:30:00Z"),
        ("date", "2024-02-29", "2024-02-29"),
        ("bool", "true", "true"),
        ("phone_number", "+47 22 33 44 55", "+47 22 33 44 55"),
    ],
)
def test_values_are_given_back_in_hubspots_spelling(type: str, text: str, stored: str) -> None:
    """ISO or milliseconds in, ISO 8601 out."""
    assert check(_property(type), text) == stored


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("datetime", "2024-13-01"),
        ("datetime", "05/01/2024"),
        ("datetime", "2024-05-01 10:00"),
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("datetime", "999999999999999"),
        ("date", "2024-02-30"),
        ("date", "2024-05-01T00:00:00Z"),
        ("bool", "yes"),
        ("bool", "True"),
        ("enumeration", "x"),
    ],
)
def test_values_of_another_type_are_refused(type: str, text: str) -> None:
    """What a property of each type takes."""
    with pytest.raises(Invalid):
        check(_property(type), text)


def test_milliseconds_are_always_written_by_option() -> None:
    """UNCERTAIN: `...00Z` or `...00.000Z`; both can be had."""
    crm = Rehearsal(always_millis=True)
    crm.deal(closedate="2024-05-01")
    assert crm.sandbox.records("deals")[0]["closedate"] == "2024-05-01T00:00:00.000Z"
