"""The loader where two runs, or a run and a person, meet in one account."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import Locked
from migrator.loader import Job, Loader
from migrator.runs.target import account_lock, connected
from tests.test_every_vendor import PLACES, TEMPLATE, Place, add_contacts, everyone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from migrator.journal import Run
    from migrator.model import Link, ObjectType, Outcome, Sent
    from tests.support import Rehearsal

COUNT = 12
FIRMS = Counter(f"Firm {n}" for n in range(3))
BREVO = PLACES[1]


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path) -> Rehearsal:
    """An account of each CRM with the fields of the template, one contact and a deal."""
    place: Place = request.param
    return prepared(place, tmp_path)


def prepared(place: Place, folder: Path) -> Rehearsal:
    """An account that has been loaded into before."""
    found = place.rehearsal(folder)
    add_contacts(found, ["office@example.com"])
    first = found.source(everyone(1, id=lambda _: "first", contact=lambda _: ""), "first.csv")
    found.load(found.template(TEMPLATE), first)
    found.clock.seconds += 3600
    return found


def planned(rehearsal: Rehearsal) -> Run:
    """A plan of deals with three companies that are not there."""
    return rehearsal.plan(str(rehearsal.folder / "template.yaml"), source(rehearsal)).run


def source(rehearsal: Rehearsal) -> str:
    """A file of deals."""
    text = everyone(
        COUNT, contact=lambda _: "office@example.com", company=lambda n: f"Firm {n % 3}"
    )
    return rehearsal.source(text)


def companies(rehearsal: Rehearsal) -> Counter[str]:
    """Names of the account's companies."""
    return Counter(record["name"] for record in rehearsal.sandbox.records("companies"))


def test_an_old_plan_doubles_no_companies(rehearsal: Rehearsal) -> None:
    """Companies that another run created after the plan was made are taken, not made again."""
    run = planned(rehearsal)
    rehearsal.load(str(rehearsal.folder / "template.yaml"), source(rehearsal))
    rehearsal.clock.seconds += 3600
    report = rehearsal.execute(run)
    assert companies(rehearsal) == FIRMS
    assert Counter(rehearsal.keys()) == Counter(["first", *(f"k{n}" for n in range(1, COUNT + 1))])
    assert report.adds_up
    assert report.rows["created"] == COUNT
    assert rehearsal.verify().agrees


def test_companies_that_became_ambiguous_wait_for_a_person(tmp_path: Path) -> None:
    """Of two companies that a person made after the plan none is chosen, and no third is made."""
    rehearsal = prepared(BREVO, tmp_path)
    run = planned(rehearsal)
    for _ in range(2):
        rehearsal.stranger().post("/companies", json={"name": "Firm 1"})
    report = rehearsal.execute(run)
    assert companies(rehearsal) == {"Firm 0": 1, "Firm 1": 2, "Firm 2": 1}
    assert report.rows["parked"] == COUNT / 3
    assert report.parents_refused == 1
    assert report.adds_up


def test_deals_that_wait_create_nothing(tmp_path: Path) -> None:
    """A company is made for a deal that is written, and not for one that waits for its contact."""
    rehearsal = prepared(BREVO, tmp_path)
    text = everyone(
        6,
        contact=lambda n: "office@example.com" if n % 2 else "nobody@example.com",
        company=lambda n: f"Firm {n}",
    )
    plan = rehearsal.plan(str(tmp_path / "template.yaml"), rehearsal.source(text))
    assert plan.plan.counts["parents"] == 3
    report = rehearsal.execute(plan.run)
    assert report.rows["parked"] == 3
    assert companies(rehearsal) == Counter(["Firm 1", "Firm 3", "Firm 5"])


def test_a_parent_named_twice_is_linked_once(tmp_path: Path) -> None:
    """Two spellings of one company are one link, whether it is there or created."""
    rehearsal = prepared(BREVO, tmp_path)
    rehearsal.stranger().post("/companies", json={"name": "Old"})
    text = everyone(2, contact=lambda _: "", company=lambda n: ["Old;OLD", "New;NEW"][n - 1])
    template = TEMPLATE.replace(
        "{from: company, on_missing: create}",
        '{from: company, on_missing: create, transform: [{split: {separator: ";"}}]}',
    )
    run = rehearsal.plan(rehearsal.template(template), rehearsal.source(text)).run
    space = rehearsal.workspace()
    links = [f.op.links for f in space.journal.finished(run.id) if f.op.place]
    space.close()
    assert [len(of_one) for of_one in links] == [1, 1]
    rehearsal.execute(run)
    assert companies(rehearsal) == {"Old": 1, "New": 1}
    assert rehearsal.verify().agrees


def test_what_is_recovered_has_the_ids_of_its_parents(tmp_path: Path) -> None:
    """The vendor is asked of ops with all their links, parents of the same run among them."""
    rehearsal = prepared(BREVO, tmp_path)
    run = planned(rehearsal)
    lost: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        response = rehearsal.answer(request)
        if request.url.path.endswith("/crm/deals/import") and not lost:
            lost.append(request)
            raise httpx.ReadError("lost")
        return response

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    asked: list[Link] = []
    space = rehearsal.workspace()

    async def load() -> None:
        async with connected(rehearsal.target, space) as session:
            original = session.vendor.recover

            async def recover(type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
                asked.extend(link for one in sent for link in one.op.links)
                return await original(type, sent)

            session.vendor.recover = recover  # type: ignore[method-assign]
            await Loader(session.vendor, space.journal, Job(run.id, {}), rehearsal.clock).load()

    rehearsal.clock.run(load())
    space.close()
    assert len(asked) == 2 * COUNT
    assert all(link.id for link in asked)


def test_any_account_can_be_locked(tmp_path: Path) -> None:
    """An account may be named by an e-mail address, which may have a slash in it."""
    target = BREVO.rehearsal(tmp_path).target
    with account_lock(target, "a/b@example.com"):
        with pytest.raises(Locked), account_lock(target, "a/b@example.com"):
            pass
        with account_lock(target, "c/d@example.com"):
            pass


@pytest.mark.parametrize("place", PLACES[1:], ids=lambda place: place.vendor)
def test_a_deal_that_came_without_its_links_is_not_taken_for_ours(
    place: Place, tmp_path: Path
) -> None:
    """The same deal, written meanwhile without its company, is left alone and named."""
    rehearsal = prepared(place, tmp_path)
    waiting = planned(rehearsal)
    bare = everyone(COUNT, contact=lambda _: "office@example.com")
    rehearsal.load(str(rehearsal.folder / "template.yaml"), rehearsal.source(bare, "bare.csv"))
    rehearsal.clock.seconds += 3600
    report = rehearsal.execute(waiting)
    assert report.refusals["key_exists"] == COUNT
    again = rehearsal.load(str(rehearsal.folder / "template.yaml"), source(rehearsal))
    assert again.rows["updated"] == COUNT
    assert rehearsal.verify().agrees


def test_a_plan_that_was_made_anew_is_not_looked_after_once_more(tmp_path: Path) -> None:
    """After pipelines were created under the lock, the account is not read a second time."""
    rehearsal = PLACES[2].rehearsal(tmp_path)
    add_contacts(rehearsal, ["office@example.com"])
    template = rehearsal.template(TEMPLATE)
    run = rehearsal.plan(template, source(rehearsal)).run
    assert rehearsal.execute(run).rows["created"] == COUNT
    assert rehearsal.sandbox.requests["POST /dealGroups"] == 1
    assert rehearsal.sandbox.requests["GET /contactDeals"] == 0
