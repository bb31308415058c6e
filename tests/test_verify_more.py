"""Verify explains what others did, and adds up what it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.cli import show
from migrator.model import Account, Action, Held, ObjectType, Op, Owner, Pipeline, Stage
from migrator.runs.sums import Sums
from tests.test_every_vendor import PLACES, TEMPLATE, Place, add_contacts, everyone
from tests.test_undo import PEOPLE, edit, later, load, newest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from tests.support import Rehearsal

DEALS = ObjectType.DEALS


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path) -> Rehearsal:
    """An account of each CRM, with contacts in it."""
    place: Place = request.param
    found = place.rehearsal(tmp_path)
    add_contacts(found, PEOPLE[:8])
    return found


def test_what_a_run_left_alone_may_be_changed_later(rehearsal: Rehearsal) -> None:
    """A row found unchanged and edited since is explained; edited at once, it is not."""
    load(rehearsal, everyone(4))
    run = load(rehearsal, everyone(4))
    edit(rehearsal, run, ["k3"], amount="88.25")
    result = rehearsal.verify()
    assert (result.agrees, result.changed, result.differing) == (True, 1, 0)
    assert "changed in the account on" in result.examples[0].why
    rehearsal.load(rehearsal.template(TEMPLATE), rehearsal.source(everyone(4)))
    rehearsal.load(rehearsal.template(TEMPLATE), rehearsal.source(everyone(4)))
    edit(rehearsal, run, ["k3"], amount="99.25")
    assert (rehearsal.verify().agrees, rehearsal.verify().differing) == (False, 1)


def test_an_amount_that_is_added_up_is_compared(rehearsal: Rehearsal) -> None:
    """Where sums differ, the record is named, though the run wrote other fields of it only."""
    load(rehearsal, everyone(4))
    run = load(rehearsal, everyone(4, segment=lambda n: f"Other {n}"))
    assert rehearsal.verify().agrees
    edit(rehearsal, run, ["k2"], amount="88.25")
    result = rehearsal.verify()
    assert not all(one.equal for one in result.sums)
    assert [(one.key, float(one.ours)) for one in result.examples] == [("k2", 2.5)]
    assert result.changed == 1
    assert "1 was changed in the account" in show.verification(result, newest(rehearsal))


def test_what_the_crm_refused_of_a_record_explains_what_it_lacks(tmp_path: Path) -> None:
    """Custom fields that could not be written are said by the load, and no riddle to verify."""
    place = Place(
        "activecampaign",
        {"fail_fields": lambda title: title == "Deal 2"},
        {"default_contact": "office@example.com"},
    )
    rehearsal = place.rehearsal(tmp_path)
    add_contacts(rehearsal, PEOPLE[:8])
    template = rehearsal.template(TEMPLATE)
    rehearsal.load(template, rehearsal.source(everyone(3, segment=lambda _: "")))
    rehearsal.wrap = lambda _: httpx.MockTransport(
        lambda request: (
            httpx.Response(422, json={"errors": [{"detail": "could not be saved"}]})
            if request.method == "POST" and "dealCustomFieldData" in request.url.path
            else rehearsal.answer(request)
        )
    )
    report = rehearsal.load(template, rehearsal.source(everyone(3)))
    assert report.refusals == {"fields_refused": 1}
    later(rehearsal)
    result = rehearsal.verify()
    assert (result.partly, result.differing, result.agrees) == (1, 0, True), result.examples
    assert "1 lacks what the CRM refused" in show.verification(result, newest(rehearsal))


class _Alike:
    """Values are what they are."""

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """Whether they are."""
        del type, name
        return ours == held


def test_small_ids_of_unlike_things_are_told_apart() -> None:
    """An owner, a pipeline and a stage with the same id each go by their own name."""
    pipelines = (Pipeline("1", "Renewals", (Stage("1", "Due"), Stage("2", "Won"))),)
    owners = (Owner("1", "ann@example.com", "Ann"), Owner("2", "bob@example.com", "Bob"))
    account = Account("crm", "9", "Test", pipelines, owners, {})
    origin = {"group": "pipeline", "stage": "stage", "owner": "owner"}
    vendor: Any = _Alike()
    sums = Sums(vendor, account, origin, kept=False)
    ours: Mapping[str, str] = {"group": "1", "stage": "1", "owner": "1"}
    facts = {"pipeline": "Renewals", "stage": "Due", "owner": "ann@example.com"}
    op = Op(1, DEALS, Action.CREATE, "k1", "7", ours, facts=facts)
    sums.ours(op)
    sums.held(op, Held(DEALS, "7", "k1", {"group": "1", "stage": "2", "owner": "2"}))
    found = {(one.dimension, one.value): (one.ours, one.held) for one in sums.all()}
    assert found["owner", "bob@example.com"] == (0, 1)
    assert found["stage", "Won"] == (0, 1)
    assert found["pipeline", "Renewals"] == (1, 1)
