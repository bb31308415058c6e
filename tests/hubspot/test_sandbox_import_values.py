"""Cells of imports in the HubSpot sandbox: labels, owners, and dates as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.vendors.hubspot.sandbox.import_values import Cells
from migrator.vendors.hubspot.sandbox.portal import HubSpotOptions, Portal
from tests.hubspot.imports import Account, column, key, keyed, record_id
from tests.hubspot.sandbox import DEAL, START

if TYPE_CHECKING:
    from tests.hubspot.sandbox import Rehearsal


def test_labels_stand_for_what_they_name() -> None:
    """Choices, pipelines, stages and owners may be named as people see them."""
    crm = Account()
    body = {
        "label": "Partners",
        "displayOrder": 1,
        "stages": [{"label": "Closed won", "displayOrder": 0, "metadata": {"probability": "1.0"}}],
    }
    made = crm.call("POST", "/crm/pipelines/2026-03/deals", body, 201)
    columns = [
        column(name)
        for name in ("dealname", "dealstage", "pipeline", "dealtype", "hubspot_owner_id")
    ]
    rows = [
        ("A", "Closed Won", "partners", "Newbusiness", "ANNA.BERG@example.com"),
        ("B", "closed won", "Sales Pipeline", "newbusiness", "Anna Berg"),
        ("C", "closedwon", "Partners", "", ""),
        ("D", "closedwon", "", "", ""),
    ]
    assert crm.load(columns, *rows) == ["INVALID_ENUMERATION_OPTION", "MISSING_REQUIRED_PROPERTY"]
    stages = (made["stages"][0]["id"], "closedwon")
    assert crm.values("pipeline") == [made["id"], "default"]
    assert crm.values("dealstage") == list(stages)
    assert crm.values("dealtype") == ["newbusiness"] * 2
    assert crm.values("hubspot_owner_id") == ["700001"] * 2


def field(crm: Rehearsal, type: str, field_type: str, *options: tuple[str, str]) -> None:
    """Create a property ``extra`` of deals."""
    body = {
        "name": "extra",
        "label": "Extra",
        "type": type,
        "fieldType": field_type,
        "groupName": "dealinformation",
        "options": [{"value": value, "label": label} for value, label in options],
    }
    crm.call("POST", "/crm/properties/2026-03/deals", body, 201)


def test_labels_that_several_options_have() -> None:
    """AMBIGUOUS_ENUMERATION_OPTION."""
    crm = Account()
    field(crm, "enumeration", "select", ("1", "Same"), ("2", "Same"))
    columns = [column("dealname"), column("dealstage"), column("extra")]
    rows = [("D", "closedwon", text) for text in ("Same", "2")]
    assert crm.load(columns, *rows) == ["AMBIGUOUS_ENUMERATION_OPTION"]
    assert crm.values("extra") == ["2"]


def test_several_options_in_one_cell() -> None:
    """Joined by a semicolon; a leading one appends."""
    crm = keyed()
    field(crm, "enumeration", "checkbox", ("a", "Apple"), ("b", "Bean"), ("c", "Corn"))
    columns = [key(), column("dealname"), column("dealstage"), column("extra")]
    rows = [("k", "D", "closedwon", text) for text in ("Apple;b", ";CORN", "Dill")]
    found = [crm.load(columns, one) for one in rows]
    assert found == [[], [], ["INVALID_ENUMERATION_OPTION"]]
    assert crm.values("extra") == ["a;b;c"]


def test_booleans() -> None:
    """True and false, whatever the letter case."""
    crm = Account()
    field(crm, "bool", "booleancheckbox", ("true", "Yes"), ("false", "No"))
    columns = [column("dealname"), column("dealstage"), column("extra")]
    rows = [("D", "closedwon", text) for text in ("TRUE", "false", "1")]
    assert crm.load(columns, *rows) == ["INVALID_ENUMERATION_OPTION"]
    assert crm.values("extra") == ["true", "false"]


def test_owners_of_one_name() -> None:
    """MULTIPLE_OWNERS_FOUND."""
    people = [
        {"id": str(n), "email": f"{n}@example.com", "name": "Ann Doe", "active": True}
        for n in (1, 2)
    ]
    like = {"id": "7", "pipelines": [], "owners": people, "fields": {}}
    crm = Account(like=like)
    columns = [column("dealname"), column("dealstage"), column("hubspot_owner_id")]
    rows = [("D", "closedwon", text) for text in ("ann doe", "2@example.com")]
    assert crm.load(columns, *rows) == ["MULTIPLE_OWNERS_FOUND"]
    assert crm.values("hubspot_owner_id") == ["2"]


DATES = [
    ("MONTH_DAY_YEAR", "03/31/2026"),
    ("MONTH_DAY_YEAR", "3-31-26"),
    ("MONTH_DAY_YEAR", "March 31, 2026"),
    ("DAY_MONTH_YEAR", "31.03.2026"),
    ("DAY_MONTH_YEAR", "31 Mar 2026"),
    ("DAY_MONTH_YEAR", "31-MAR-26"),
    ("YEAR_MONTH_DAY", "2026-03-31"),
    ("YEAR_MONTH_DAY", "2026/3/31 00:00"),
    ("YEAR_MONTH_DAY", "2026-03-31T00:00:00Z"),
    ("YEAR_MONTH_DAY", "2026-03-31T00:00:00"),
    ("MONTH_DAY_YEAR", "1774915200000"),
]


@pytest.mark.parametrize(("order", "text"), DATES)
def test_dates_in_the_order_of_the_import(order: str, text: str) -> None:
    """/ - . between, years of two or four digits, names of months; no time = midnight."""
    crm = Account()
    field(crm, "date", "date")
    columns = [column("dealname"), column("dealstage"), column("closedate"), column("extra")]
    cells = ("D", "closedwon", f'"{text}"', f'"{text}"')
    assert crm.load(columns, cells, dateFormat=order) == []
    (deal,) = crm.sandbox.records("deals")
    assert (deal["closedate"], deal["extra"]) == ("2026-03-31T00:00:00Z", "2026-03-31")


def test_dates_in_another_order_than_the_import() -> None:
    """MONTH_DAY_YEAR unless told; day 13 has no month, an ISO instant no such order."""
    crm = Account()
    columns = [column("dealname"), column("dealstage"), column("closedate")]
    texts = ("31/03/2026", "2026-03-31", "2026-03-31T00:00:00Z", "04/03/2026")
    rows = [(text, "closedwon", text) for text in texts]
    assert crm.load(columns, *rows) == ["COULD_NOT_PARSE_DATE"] * 3
    assert crm.values("closedate") == ["2026-04-03T00:00:00Z"]


def test_times_may_be_those_of_the_account() -> None:
    """UNCERTAIN: a time without a zone is UTC, or the account's; a day stays the day it is."""
    crm = Account(import_local_time=True)
    field(crm, "date", "date")
    columns = [column("dealname"), column("dealstage"), column("closedate"), column("extra")]
    assert crm.load(columns, ("D", "closedwon", "03/31/2026 09:30:15", "03/31/2026")) == []
    (deal,) = crm.sandbox.records("deals")
    assert (deal["closedate"], deal["extra"]) == ("2026-03-31T13:30:15Z", "2026-03-31")


@given(
    st.dates(min_value=date(1971, 1, 1), max_value=date(2999, 12, 31)),
    st.sampled_from(["MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY"]),
    st.sampled_from(["/", "-", "."]),
)
def test_any_day_is_read_as_it_was_written(day: date, order: str, between: str) -> None:
    """A day written in the import's order is that day, at midnight."""
    portal = Portal(HubSpotOptions(), lambda: START, lambda: 0.0)
    parts = {"YEAR": f"{day.year}", "MONTH": f"{day.month:02}", "DAY": f"{day.day}"}
    text = between.join(parts[name] for name in order.split("_"))
    found = Cells(portal, order).value(portal.properties["deals"]["closedate"], text)
    assert datetime.fromisoformat(found) == datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_a_deal_keeps_its_pipeline_when_its_stage_is_imported() -> None:
    """A stage is looked for in the pipeline of the record that is there."""
    crm = Account()
    deal = crm.deal()
    assert crm.load([record_id(), column("dealstage")], (deal, "Closed Lost")) == []
    assert crm.values("dealstage") == ["closedlost"]
    assert crm.values("pipeline") == [DEAL["pipeline"]]
