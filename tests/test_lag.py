"""What one process wrote is found by the next one, though the CRM's lists show it late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.model import Action
from tests.test_every_vendor import MAVEN, TEMPLATE, Place, add_contacts, everyone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal

LAGGING = [
    Place("hubspot", {"search_lag": 20.0}),
    Place(
        "brevo",
        {"pipelines": {"Renewals": ["Due", "Won", "Lost"], **MAVEN}, "list_lag": 20.0},
    ),
    Place("activecampaign", {"read_lag": 4.0}, {"default_contact": "office@example.com"}),
]


@pytest.mark.parametrize("place", LAGGING, ids=lambda place: place.vendor)
def test_a_file_loaded_twice_at_once_is_there_once(place: Place, tmp_path: Path) -> None:
    """A second load that begins the moment the first one ends finds all that it wrote."""
    rehearsal: Rehearsal = place.rehearsal(tmp_path)
    add_contacts(rehearsal, ["office@example.com", *(f"p{n}@example.com" for n in range(1, 31))])
    template, source = rehearsal.template(TEMPLATE), rehearsal.source(everyone(30))
    rehearsal.load(template, source)
    report = rehearsal.load(template, source)
    assert report.rows["unchanged"] == 30
    assert rehearsal.keys() == sorted(f"k{n}" for n in range(1, 31))


@pytest.mark.parametrize("place", LAGGING, ids=lambda place: place.vendor)
def test_verify_right_after_a_load_misses_nothing(place: Place, tmp_path: Path) -> None:
    """Another process reads back at once, and everything is there."""
    rehearsal: Rehearsal = place.rehearsal(tmp_path)
    add_contacts(rehearsal, ["office@example.com", *(f"p{n}@example.com" for n in range(1, 31))])
    rehearsal.load(rehearsal.template(TEMPLATE), rehearsal.source(everyone(30)))
    result = rehearsal.verify()
    assert (result.checked, result.same, result.missing) == (30, 30, [])


@pytest.mark.parametrize("place", LAGGING, ids=lambda place: place.vendor)
def test_a_plan_made_before_another_load_doubles_nothing(place: Place, tmp_path: Path) -> None:
    """An old plan that is written the moment another run of the file ends leaves its records."""
    rehearsal: Rehearsal = place.rehearsal(tmp_path)
    add_contacts(rehearsal, ["office@example.com", *(f"p{n}@example.com" for n in range(1, 31))])
    template, source = rehearsal.template(TEMPLATE), rehearsal.source(everyone(30))
    rehearsal.load(template, rehearsal.source(everyone(1, id=lambda _: "first"), "first.csv"))
    planned = rehearsal.plan(template, source)
    assert planned.plan.counts[Action.CREATE.value] == 30
    rehearsal.load(template, source)
    report = rehearsal.execute(planned.run)
    assert report.adds_up
    assert rehearsal.keys() == sorted(["first", *(f"k{n}" for n in range(1, 31))])


class Killed(BaseException):
    """The process dies here."""


def test_what_settling_writes_is_waited_for_too(tmp_path: Path) -> None:
    """A deal that got its key only when another run was settled is found by the plan after it."""
    place = Place(
        "activecampaign",
        {"read_lag": 4.0, "fail_fields": lambda title: title == "Deal 2"},
        {"default_contact": "office@example.com"},
    )
    rehearsal: Rehearsal = place.rehearsal(tmp_path)
    template = rehearsal.template(TEMPLATE)
    source = rehearsal.source(everyone(3, contact=lambda _: ""))
    planned = rehearsal.plan(template, source).run

    def handle(request: httpx.Request) -> httpx.Response:
        response = rehearsal.answer(request)
        if request.method == "POST" and b'"Deal 2"' in request.content:
            raise Killed
        return response

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(Killed):
        rehearsal.execute(planned)
    rehearsal.wrap = lambda inner: inner
    rehearsal.clock.seconds += 3_600
    rehearsal.load(template, source)
    assert rehearsal.keys() == ["k1", "k2", "k3"]
