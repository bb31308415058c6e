"""Plans that were kept for a while: what people have changed since is not overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.runs.limits import Limit
from migrator.runs.nightly import Nightly
from tests.exports import OPTIONS, VENDORS, rehearsal
from tests.support import deals
from tests.test_cleanup import by_hand, counting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal

TEMPLATE = """
name: kept
key: {from: id}
fields:
  name: {from: title}
  amount: {from: amount}
  pipeline: {default: Renewals}
  stage: {default: Due}
  contacts: {from: contact, on_missing: create}
create:
  pipelines:
    - {label: Renewals, stages: [{label: Due}]}
"""


def source(count: int, **columns: str) -> str:
    """Deals of which some columns say the same everywhere."""
    made = {name: (lambda _, value=value: value) for name, value in columns.items()}
    return deals(count, contact=lambda _: "a@example.com", **made)


def kept(vendor: str, folder: Path, count: int) -> tuple[Rehearsal, str]:
    """An account with deals, and the template they were loaded by."""
    there = rehearsal(vendor, folder, **OPTIONS[vendor])
    template = there.template(TEMPLATE)
    assert there.load(template, there.source(source(count))).rows["created"] == count
    there.clock.run(there.clock.sleep(3_600))
    return there, template


def ids_of(there: Rehearsal) -> dict[str, str]:
    """Ids of the account's deals, by name."""
    names = {"hubspot": "dealname", "brevo": "deal_name", "activecampaign": "title"}
    found = {}
    for deal in there.sandbox.records("deals"):
        flat = deal | deal.get("attributes", {})
        found[flat[names[there.vendor]]] = str(deal["id"])
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_was_changed_since_the_plan(vendor: str, tmp_path: Path) -> None:
    """A record that a person has changed is left alone and named; all the others are written."""
    there, template = kept(vendor, tmp_path, 6)
    planned = there.plan(template, there.source(source(6, title="New name", amount="77.5")))
    assert planned.plan.counts["update"] == 6
    ids = ids_of(there)
    there.clock.run(there.clock.sleep(3_600))
    by_hand(there, f"x/{ids['Deal 2']}", name="By hand")
    by_hand(there, f"x/{ids['Deal 3']}", name="New name")
    there.clock.run(there.clock.sleep(3_600))

    report = there.execute(planned.run)
    assert (report.rows["updated"], report.rows["refused"]) == (5, 1)
    assert report.refusals == {"changed_since": 1}
    assert "By hand" in report.examples["changed_since"]
    names = ids_of(there)
    assert names["By hand"] == ids["Deal 2"]
    assert set(names) == {"By hand", "New name"}
    assert any("read again" in line for line in there.said)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_not_deleted_any_more(vendor: str, tmp_path: Path) -> None:
    """A record that was to go and that somebody has worked on since stays, and is named."""
    there, template = kept(vendor, tmp_path, 4)
    mirror = Nightly(mirror=Limit(100, percent=True))
    planned = there.plan(template, there.source(source(2)), nightly=mirror)
    assert planned.plan.counts["delete"] == 2
    by_hand(there, f"x/{ids_of(there)['Deal 3']}", name="By hand")
    there.clock.run(there.clock.sleep(3_600))
    report = there.execute(planned.run)
    assert (report.deleted, report.refusals) == (1, {"changed_since": 1})
    assert set(ids_of(there)) == {"Deal 1", "Deal 2", "By hand"}


def test_a_plan_of_the_moment_reads_nothing_again(tmp_path: Path) -> None:
    """What is planned and written in one session costs no more requests than before."""
    there, template = kept("hubspot", tmp_path, 3)
    asked = counting(there)
    report = there.load(template, there.source(source(3, title="New name")))
    assert report.rows["updated"] == 3
    assert not any("read again" in line for line in there.said)
    reads = [r for r in asked if r.url.path.endswith("/deals/batch/read")]
    assert len(reads) == 1


def test_a_plan_that_only_creates_reads_nothing(tmp_path: Path) -> None:
    """A kept plan without changes is written as it is."""
    there, template = kept("hubspot", tmp_path, 1)
    planned = there.plan(template, there.source(source(3)))
    report = there.execute(planned.run)
    assert (report.rows["created"], report.rows["unchanged"]) == (2, 1)
    assert not any("read again" in line for line in there.said)


def test_the_rest_of_a_sample(tmp_path: Path) -> None:
    """A sample that was looked at for an hour is gone on with in the same careful way."""
    there, template = kept("hubspot", tmp_path, 5)
    planned = there.plan(template, there.source(source(5, title="New name")))
    assert there.execute(planned.run, sample=2).rows["updated"] == 2
    left = next(name for name in ids_of(there) if name.startswith("Deal"))
    by_hand(there, f"x/{ids_of(there)[left]}", name="By hand")
    report = there.execute(planned.run)
    assert (report.rows["updated"], report.rows["refused"]) == (4, 1)
