"""A night that was stopped and is gone on with after the next one does no harm to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from migrator.runs.limits import Limit
from migrator.runs.nightly import Nightly
from tests.nights import Dying, Killed, Nights
from tests.test_every_vendor import PLACES, TEMPLATE, add_contacts
from tests.test_nightly import rows

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from migrator.journal import Run
    from migrator.report import Report
    from tests.test_every_vendor import Place as Crm

COUNT = 40
ONE_CRM = TEMPLATE.replace("  contacts: {from: contact, on_missing: park}\n", "")
"""Where no contact was made beforehand."""


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Nights:
    """An account of each CRM into which a feed was loaded."""
    place: Crm = request.param
    nights = Nights(tmp_path, place.options, place.vendor, place.settings)
    add_contacts(nights, ["office@example.com"])
    nights.template(TEMPLATE)
    load(nights, 0)
    return nights


def file_of(nights: Nights, thousands: int, count: int = COUNT) -> str:
    """A file whose amounts tell which night it is of."""
    text = rows(count, amount=lambda n: thousands * 1000 + n)
    return nights.source(text, f"{thousands}-{count}.csv")


def load(nights: Nights, thousands: int, **asked: Any) -> Report:
    """A night."""
    template = str(nights.folder / "template.yaml")
    return nights.night(template, file_of(nights, thousands), **asked)


def waiting(nights: Nights, thousands: int, count: int = COUNT, **asked: Any) -> Run:
    """A night that is planned and left."""
    template = str(nights.folder / "template.yaml")
    source = file_of(nights, thousands, count)
    return nights.plan(template, source, nightly=Nightly(**asked)).run


def amounts(nights: Nights) -> set[int]:
    """Of which nights the amounts in the account are."""
    found = set()
    for held in nights.held():
        # The field is called otherwise in each CRM.
        (amount,) = (v for name, v in held.properties.items() if name in {"amount", "value"})
        found.add(int(float(amount or 0)) // 1000)
    return found


def test_older_values_do_not_overwrite_newer_ones(crm: Nights) -> None:
    """Tuesday's values stay when Monday's plan is written on Wednesday; its rows are named."""
    monday = waiting(crm, 1)
    load(crm, 2)
    report = crm.execute(monday)
    assert (report.rows["updated"], report.rows["refused"]) == (0, COUNT)
    assert report.refusals == {"overtaken": COUNT}
    assert report.adds_up
    assert amounts(crm) == {2}


def test_what_the_later_run_wrote_alike_is_unchanged(crm: Nights) -> None:
    """Started anew in place of a resume, and resumed later: nothing is sent, nothing refused."""
    monday = waiting(crm, 1)
    load(crm, 1)
    stamps = crm.stamps()
    report = crm.execute(monday)
    assert (report.rows["unchanged"], report.turned_down) == (COUNT, 0)
    assert crm.stamps() == stamps


def test_a_killed_night_is_overtaken_too(tmp_path: Path) -> None:
    """What it had sent stands as it was; what was left of it is left to the later night."""
    nights = Nights(tmp_path)
    nights.template(ONE_CRM)
    template = str(nights.folder / "template.yaml")
    many = 250
    nights.night(template, file_of(nights, 0, many))

    def updates(request: httpx.Request) -> bool:
        return request.url.path.endswith("batch/update")

    inner = nights.wrap
    nights.wrap = lambda transport: Dying(transport, updates, 1)
    with pytest.raises(Killed):
        nights.night(template, file_of(nights, 1, many))
    nights.wrap = inner
    monday = nights.journal(lambda journal: journal.run())
    nights.night(template, file_of(nights, 2, many))
    report = nights.execute(monday)
    assert report.adds_up
    assert report.rows["updated"] + report.rows["refused"] == many
    assert report.rows["refused"] > 0
    assert amounts(nights) == {2}


def test_a_mirror_deletes_nothing_that_is_back(crm: Nights) -> None:
    """Planned from a file that was cut short, written after a whole one: all records stay."""
    half = Limit(50, percent=True)
    cut = waiting(crm, 0, COUNT - 10, mirror=half)
    assert cut.settings["plan"]["counts"]["delete"] == 10
    load(crm, 0)
    report = crm.execute(cut)
    assert (report.deleted, report.refusals) == (0, {"overtaken": 10})
    assert len(crm.held()) == COUNT
    assert load(crm, 0, changed_only=True).remembered == COUNT
    assert crm.execute(waiting(crm, 0, COUNT - 10, mirror=half)).deleted == 10


def test_another_feeds_word_counts_as_well(tmp_path: Path) -> None:
    """A record that several templates load is left as the last of them left it."""
    nights = Nights(tmp_path)
    nights.template(ONE_CRM)
    load(nights, 0)
    monday = waiting(nights, 1)
    other = nights.folder / "other.yaml"
    for thousands, name in ((2, "other"), (3, "third")):
        other.write_text(ONE_CRM.replace("name: everywhere", f"name: {name}"), encoding="utf-8")
        nights.night(str(other), file_of(nights, thousands, 5))
    report = nights.execute(monday)
    assert (report.rows["updated"], report.rows["refused"]) == (COUNT - 5, 5)
    assert amounts(nights) == {1, 3}
