"""What CRMs do besides a load is told before it, where it concerns the load, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from migrator.cli import show
from migrator.model import Account, FieldInfo, ObjectType
from migrator.runs.surprises import SURPRISES, outlook
from migrator.template import Match, Narrow
from migrator.vendors.outlook import Outlook, of, west_of_greenwich
from migrator.vendors.registry import product
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

VENDORS = ("hubspot", "brevo", "activecampaign")
DEALS, CONTACTS = ObjectType.DEALS, ObjectType.CONTACTS
FULL = dict.fromkeys(("name", "stage", "owner", "amount", "currency"), 10)


def _account(zone: str = "America/New_York", **infos: str) -> Account:
    fields = {name: FieldInfo(name, name, kind) for name, kind in infos.items()}
    return Account("v", "1", "n", (), (), {DEALS: fields}, currency="USD", time_zone=zone)


def _told(
    vendor: str, outlook: Outlook, options: Mapping[str, str] | None = None
) -> frozenset[str]:
    return frozenset(product(vendor).configure(options or {}).surprises(outlook))


def _added(
    vendor: str, outlook: Outlook, options: Mapping[str, str] | None = None, **changes: Any
) -> frozenset[str]:
    """The sentences that come with a change of the outlook."""
    before = _told(vendor, outlook, options)
    return _told(vendor, replace(outlook, **changes), options) - before


def _plain(type: ObjectType = DEALS, creates: int = 10, **more: Any) -> Outlook:
    return Outlook(type, _account(), 10, creates=creates, filled=FULL, **more)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_starts_by_itself_is_told_for_creations_and_changes_apart(vendor: str) -> None:
    """Each kind of change has its own sentence with its number; without any, nothing is told."""
    nothing = Outlook(DEALS, _account(), 10, filled=FULL)
    assert not _told(vendor, nothing)
    created = _added(vendor, nothing, creates=7_001)
    changed = _added(vendor, nothing, updates=5_003)
    assert any("7,001" in text for text in created)
    assert any("5,003" in text for text in changed)
    assert not any("5,003" in text for text in created)


@pytest.mark.parametrize("vendor", VENDORS)
def test_contacts_in_passing_are_a_surprise_of_their_own(vendor: str) -> None:
    """Where a plan creates contacts, what begins with a contact is told."""
    added = _added(vendor, _plain(), parents=frozenset({CONTACTS}))
    assert any("contact" in text.lower() for text in added)
    assert not _added(vendor, _plain(), parents=frozenset())


@pytest.mark.parametrize("vendor", ["brevo", "activecampaign"])
def test_a_creation_date_that_cannot_be_set_is_told_with_what_keeps_it(vendor: str) -> None:
    """Only where the file has one and records are created; what keeps it is named."""
    filled = FULL | {"created_at": 4}
    (lost,) = _added(vendor, _plain(), filled=filled)
    assert "create: fields" in lost
    (kept,) = _added(vendor, _plain(), filled=filled, kept={"created_at": "custom.born"})
    assert "custom.born" in kept
    assert "create: fields" not in kept
    assert not _added(vendor, _plain(creates=0, updates=1), filled=filled)


def test_hubspot_says_what_becomes_of_the_creation_date() -> None:
    """It can be set, but the history of stages cannot: the sentence says which is the case."""
    (unmapped,) = (text for text in _told("hubspot", _plain()) if "created_at" in text)
    (mapped,) = _added("hubspot", _plain(), filled=FULL | {"created_at": 10})
    assert unmapped not in _told("hubspot", replace(_plain(), filled=FULL | {"created_at": 10}))
    assert "stage" in unmapped
    assert "stage" in mapped
    assert not any("created_at" in text for text in _told("hubspot", _plain(ObjectType.NOTES)))


@pytest.mark.parametrize("vendor", ["brevo", "activecampaign"])
def test_defaults_are_told_of_rows_that_lack_a_value(vendor: str) -> None:
    """A row without an owner gets one: told with the number of rows, and only where any is."""
    (told,) = _added(vendor, _plain(), filled=FULL | {"owner": 3})
    assert of(7, "row") in told
    assert not _added(vendor, _plain(creates=0, updates=1), filled=FULL | {"owner": 3})


@pytest.mark.parametrize("name", ["currency", "amount"])
def test_activecampaign_fills_in_what_a_deal_must_have(name: str) -> None:
    """Rows without a currency or an amount are told by number."""
    (told,) = _added("activecampaign", _plain(), filled=FULL | {name: 9})
    assert name in told
    assert of(1, "row") in told


def test_activecampaign_names_what_its_options_fill_in() -> None:
    """The option's own value stands in the sentence about it."""
    lacking = replace(_plain(), filled=FULL | {"currency": 0})
    texts = _told("activecampaign", lacking, {"currency": "chf", "default_contact": "a@b.example"})
    assert any("CHF" in text for text in texts)
    assert any("a@b.example" in text for text in texts)
    assert not any("@" in text for text in _told("activecampaign", lacking))


def test_brevo_puts_deals_without_a_stage_somewhere() -> None:
    """Told by number; and the list that new contacts are put on is the option's."""
    (told,) = _added("brevo", _plain(), filled=FULL | {"stage": 8})
    assert of(2, "row") in told
    with_contacts = replace(_plain(), parents=frozenset({CONTACTS}))
    assert any("quiet" in text for text in _told("brevo", with_contacts, {"contact_list": "quiet"}))


def test_closed_deals_are_told_of_where_the_crm_sets_the_day() -> None:
    """HubSpot: those without a close date; ActiveCampaign: all of them."""
    (undated,) = _added("hubspot", _plain(), closed=3, undated=2)
    assert of(2, "deal") in undated
    (closed,) = _added("activecampaign", _plain(), closed=3, undated=2)
    assert of(3, "deal") in closed
    assert not _added("hubspot", _plain(), closed=3)


def test_the_close_date_has_another_place_in_activecampaign() -> None:
    """Told where deals have one and the account has the field for it."""
    filled = FULL | {"close_date": 1}
    there = replace(_plain(), account=_account(forecasted_close_date="date"))
    assert len(_added("activecampaign", there, filled=filled)) == 1
    assert not _added("activecampaign", _plain(), filled=filled)


def test_foreign_currencies_are_told_of() -> None:
    """Amounts in other currencies than the account's are converted; one's own is no surprise."""
    (told,) = _added("hubspot", _plain(), currencies=frozenset({"USD", "EUR"}))
    assert "EUR" in told
    assert not _added("hubspot", _plain(), currencies=frozenset({"USD"}))
    homeless = replace(_plain(), account=replace(_account(), currency=None))
    assert not _added("hubspot", homeless, currencies=frozenset({"EUR"}))


def test_a_strict_version_of_the_api_is_told_of() -> None:
    """Validation of what is required comes with a version; older ones are silent about it."""
    strict = _told("hubspot", _plain(), {"api_version": "2026-09"})
    assert len(strict - _told("hubspot", _plain())) == 1
    assert _told("hubspot", _plain(), {"api_version": "v3"}) == _told("hubspot", _plain())


def test_only_instants_are_shown_a_day_early() -> None:
    """A field of the account that keeps days shows these, whatever the zone."""
    early = {"created_at": 2, "custom.seen": 3, "custom.day": 4}
    account = _account(seen="datetime", day="date")
    for vendor, names in (
        ("hubspot", {"created_at", "custom.seen"}),
        ("activecampaign", {"custom.seen"}),
        ("brevo", set(early)),
    ):
        added = _added(vendor, replace(_plain(), account=account), early=early)
        assert {text.split()[0] for text in added} == names
        assert all("America/New_York" in text for text in added)
    task = Outlook(ObjectType.TASKS, account, 1, creates=1, early={"due_at": 1, "created_at": 1})
    assert any(text.startswith("due_at") for text in _told("activecampaign", task))


def test_days_are_in_doubt_in_brevo_where_midnight_is_the_evening_before() -> None:
    """Only west of Greenwich, and only where there are close dates."""
    filled = FULL | {"close_date": 10}
    assert len(_added("brevo", _plain(), filled=filled)) == 1
    east = replace(_plain(), account=_account("Europe/Paris"))
    assert not _added("brevo", east, filled=filled)
    for zone in (None, "Nowhere/Land"):
        assert not west_of_greenwich(replace(_account(), time_zone=zone))


def test_notes_in_activecampaign_are_written_by_the_user_of_the_key() -> None:
    """Told where a note has an author or a day, which its text keeps."""
    note = Outlook(ObjectType.NOTES, _account(), 5, creates=5, filled={"body": 5})
    assert len(_added("activecampaign", note, filled={"body": 5, "owner": 1})) == 1
    assert not _told("activecampaign", note)


# -- of a whole plan -------------------------------------------------------------------------------

TEMPLATE = """
name: test
timezone: TIMEZONE
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  status: {from: status}
  amount: {from: amount}
  close_date: {from: closed, date_formats: ["%Y-%m-%d"]}
  created_at: {from: born, date_formats: ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]}
  currency: {from: currency}
"""


def _planned(
    folder: Path, zone: str = "UTC", options: Mapping[str, Any] | None = None, **columns: Any
) -> tuple[Rehearsal, Any]:
    room = Rehearsal(folder, options=options or {})
    of = {"currency": lambda _: "USD", "closed": lambda _: "2026-03-31", "born": lambda _: ""}
    of |= {"status": lambda _: ""} | columns
    path = room.template(TEMPLATE.replace("TIMEZONE", zone))
    return room, room.plan(path, room.source(deals(6, **of)))


def _words(texts: Collection[str], word: str) -> int:
    return sum(word in text for text in texts)


def test_a_plan_tells_them_on_the_screen_in_json_and_to_the_report(tmp_path: Path) -> None:
    """The same sentences in the text, in the data of the plan and in the run's settings."""
    _, planned = _planned(tmp_path)
    told = planned.run.settings[SURPRISES]
    assert told
    assert json.loads(json.dumps(show.plan_data(planned)))["surprises"] == told
    text = " ".join(show.plan(planned).split())
    assert all(" ".join(one.split()) in text for one in told)
    assert "What HubSpot will do besides" in text


def test_a_plan_that_changes_nothing_has_no_surprises(tmp_path: Path) -> None:
    """The second plan of the same file tells none: nothing would be written."""
    room, first = _planned(tmp_path)
    room.execute(first.run)
    again = room.plan(first.run.settings["request"]["template"], str(tmp_path / "deals.csv"))
    assert again.plan.counts["unchanged"] == 6
    assert again.run.settings[SURPRISES] == []
    assert "besides" not in show.plan(again)


@pytest.mark.parametrize(
    ("zone", "account", "early"),
    [
        ("UTC", "America/New_York", 2),
        ("America/New_York", "America/New_York", 0),
        ("UTC", "Europe/Paris", 0),
        ("Europe/Paris", "UTC", 2),
    ],
)
def test_days_that_become_instants_are_counted_where_they_show_early(
    tmp_path: Path, zone: str, account: str, early: int
) -> None:
    """Two of six records were made on a day without a time; it is the day before further west."""
    borns = ["2026-03-31", "2026-07-01", "2026-03-31T09:00:00Z", "", "", ""]
    options = {"time_zone": account}
    _, planned = _planned(tmp_path, zone, options, born=lambda n: borns[n - 1], closed=lambda _: "")
    told = planned.run.settings[SURPRISES]
    found = [text for text in told if text.startswith("created_at")]
    assert _words(found, of(early, "record")) == bool(early)
    assert bool(found) == bool(early)


def test_won_deals_without_a_close_date_are_counted(tmp_path: Path) -> None:
    """By their status, else by the stage of the account; those with a date do not count."""
    stages = ["Closed Won", "closed won", "Qualified To Buy", "Closed Won", "Contract Sent"]
    statuses = ["", "", "", "", "open", "won"]
    days = ["", "2026-01-01", "", "", "", ""]
    _, planned = _planned(
        tmp_path,
        stage=lambda n: (*stages, "Closed Won")[n - 1],
        status=lambda n: statuses[n - 1],
        closed=lambda n: days[n - 1],
    )
    told = planned.run.settings[SURPRISES]
    assert _words(told, "3 deals won or lost without a close date") == 1


def test_a_plan_of_a_few_fields_tells_of_these_alone(tmp_path: Path) -> None:
    """With --only, what the file has besides concerns nobody."""
    _, planned = _planned(tmp_path, born=lambda _: "2026-01-01")
    narrow = replace(planned.inputs.request, narrow=Narrow(("amount",), Match.AUTO))
    inputs = replace(planned.inputs, request=narrow)
    assert set(outlook(planned.account, inputs, planned.plan).filled) == {"amount"}
    every = outlook(planned.account, planned.inputs, planned.plan)
    assert {"amount", "created_at", "close_date"} <= set(every.filled)
    assert every.type is DEALS


def test_parents_in_passing_are_those_that_the_file_names(tmp_path: Path) -> None:
    """Companies alone, where contacts are named by no row, though the template would make both."""
    room = Rehearsal(tmp_path)
    path = room.template(contacts="create")
    rows = deals(4, company=lambda n: f"C{n}", contact=lambda _: "")
    planned = room.plan(path, room.source(rows))
    seen = outlook(planned.account, planned.inputs, planned.plan)
    assert seen.parents == {ObjectType.COMPANIES}
    park = room.plan(room.template(contacts="park"), room.source(deals(2)))
    assert not outlook(park.account, park.inputs, park.plan).parents
