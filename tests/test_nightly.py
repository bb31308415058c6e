"""The same feed night after night: what did not change costs nothing, what did is never missed."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.journal import Feed
from migrator.model import Encoded as Terms
from migrator.model import ObjectType, OnConflict, OnMissing, Place, Record
from migrator.plan.content import content
from migrator.runs.target import connected
from migrator.runs.undo import undoing
from tests.nights import Dying, Killed, Nights
from tests.support import deals
from tests.test_every_vendor import PLACES, TEMPLATE, add_contacts, everyone

if TYPE_CHECKING:
    import httpx

    from tests.test_every_vendor import Place as Crm

SIMPLE = """
name: feed
key: {from: id}
fields:
  name: {from: title}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount}
"""
SKIPPING = SIMPLE + "  contacts: {from: contact, on_missing: skip_link}\n"


def rows(count: int, **columns: Any) -> str:
    """A file of deals that all CRMs can hold, with a contact that is there and a few companies."""
    return everyone(
        count,
        contact=lambda _: "office@example.com",
        company=lambda n: f"Firm {n % 5}",
        **columns,
    )


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Nights:
    """An empty account of each CRM, with one contact in it."""
    place: Crm = request.param
    nights = Nights(tmp_path, options=place.options, vendor=place.vendor, settings=place.settings)
    add_contacts(nights, ["office@example.com"])
    return nights


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """An empty account of one CRM."""
    return Nights(tmp_path)


# -- every CRM -------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed_only", [False, True])
def test_the_second_night_writes_nothing_and_two_changes_are_two_updates(
    crm: Nights, *, changed_only: bool
) -> None:
    """The same file again changes no record; with two rows changed, no other record is touched."""
    template = crm.template(TEMPLATE)
    assert crm.night(template, crm.source(rows(40))).rows["created"] == 40
    before = crm.stamps()
    again = crm.night(template, crm.source(rows(40)), changed_only=changed_only)
    assert again.rows["unchanged"] == 40
    assert again.remembered == (40 if changed_only else 0)
    assert crm.stamps() == before
    changed = rows(40, amount=lambda n: "9.75" if n in {7, 30} else f"{n}.50")
    third = crm.night(template, crm.source(changed), changed_only=changed_only)
    assert (third.rows["updated"], third.rows["unchanged"]) == (2, 38)
    after = crm.stamps()
    assert {key for key in after if after[key] != before[key]} == {"k7", "k30"}
    assert Counter(crm.keys()) == Counter(f"k{n}" for n in range(1, 41))
    assert crm.verify().agrees


def test_unchanged_rows_cost_no_request(crm: Nights) -> None:
    """With --changed-only an unchanged file takes the requests that describe the account alone."""
    template, source = crm.template(TEMPLATE), crm.source(rows(20))
    crm.night(template, source)
    spent = crm.cost_of(lambda: crm.night(template, source, changed_only=True))
    assert spent == crm.describing()
    asked = crm.cost_of(lambda: crm.night(template, source))
    assert sum(asked.values()) > sum(spent.values())


# -- what counts as changed ------------------------------------------------------------------------


def test_the_plan_says_how_many_rows_were_not_asked_about(nights: Nights) -> None:
    """The plan counts them among the unchanged ones, and the report tells."""
    template = nights.template(SIMPLE)
    nights.night(template, nights.source(deals(20)))
    report = nights.night(template, nights.source(deals(25)), changed_only=True)
    assert (report.rows["created"], report.rows["unchanged"], report.remembered) == (5, 20, 20)
    assert report.adds_up
    assert nights.journal(lambda journal: journal.run().settings["plan"]["remembered"]) == 20


def test_what_a_person_changed_is_repaired_by_a_load_that_asks(nights: Nights) -> None:
    """--changed-only leaves a stranger's edit, as it does not look; a plain load repairs it."""
    template, source = nights.template(SIMPLE), nights.source(deals(3))
    nights.night(template, source)
    (deal, *_) = [d for d in nights.sandbox.records("deals") if d["migrator_key"] == "k2"]
    with nights.stranger() as stranger:
        path = f"/crm/v3/objects/deals/{deal['id']}"
        stranger.patch(path, json={"properties": {"amount": "1"}}).raise_for_status()
    assert nights.night(template, source, changed_only=True).rows["unchanged"] == 3
    assert amounts(nights)["k2"] == "1"
    assert nights.night(template, source).rows["updated"] == 1
    assert amounts(nights)["k2"] == "2.5"


def test_a_row_without_its_link_is_asked_about_until_the_parent_is_there(nights: Nights) -> None:
    """A link that was left out is made by the first load that finds its contact."""
    template = nights.template(SKIPPING)
    source = nights.source(deals(4, contact=lambda n: "new@example.com" if n == 1 else ""))
    nights.night(template, source)
    assert nights.night(template, source, changed_only=True).remembered == 3
    add_contacts(nights, ["new@example.com"])
    report = nights.night(template, source, changed_only=True)
    assert (report.rows["updated"], report.remembered) == (1, 3)
    assert nights.night(template, source, changed_only=True).remembered == 4


def test_another_feed_that_writes_to_the_record_makes_it_doubtful(nights: Nights) -> None:
    """Two templates write to one deal: the first one's memory of it does not hold any more."""
    source = nights.source(deals(3))
    first = nights.template(SIMPLE)
    nights.night(first, source)
    other = nights.folder / "other.yaml"
    other.write_text(SIMPLE.replace("name: feed", "name: other"), encoding="utf-8")
    changed = nights.source(deals(3, amount=lambda n: "8" if n == 2 else f"{n}.50"), "other.csv")
    nights.night(str(other), changed)
    report = nights.night(first, source, changed_only=True)
    assert (report.rows["updated"], report.remembered) == (1, 2)
    assert amounts(nights)["k2"] == "2.5"


def test_what_was_undone_is_written_again(nights: Nights) -> None:
    """An undo takes its records out of the memory, so that the next night creates them."""
    template, source = nights.template(SIMPLE), nights.source(deals(5))
    run = nights.night(template, source).run

    async def undo() -> None:
        space = nights.workspace()
        async with connected(nights.target, space) as session:
            await undoing.undo(space, space.journal.run(run), session)
        space.close()

    nights.clock.run(undo())
    assert nights.keys() == []
    assert nights.night(template, source, changed_only=True).rows["created"] == 5
    assert nights.verify().agrees


def test_a_plan_that_only_looks_remembers_nothing(nights: Nights) -> None:
    """A dry plan finds rows unchanged; until a run holds the account alone that proves nothing."""
    template, source = nights.template(SIMPLE), nights.source(deals(3))
    nights.night(template, source)
    nights.journal(forget_all)
    planned = nights.plan(template, source)
    assert planned.plan.counts["unchanged"] == 3
    assert nights.journal(lambda journal: journal.memory.count(feed_of(nights))) == 0
    nights.execute(planned.run)
    assert nights.journal(lambda journal: journal.memory.count(feed_of(nights))) == 0
    nights.night(template, source)
    assert nights.journal(lambda journal: journal.memory.count(feed_of(nights))) == 3


def forget_all(journal: Any) -> None:
    """As if the memory had been lost."""
    with journal.store.write() as cursor:
        cursor.execute("DELETE FROM memory")


def feed_of(nights: Nights) -> Feed:
    """The feed of these tests."""
    return Feed(nights.vendor, nights.account().id, "feed", ObjectType.DEALS)


def amounts(nights: Nights) -> dict[str, str]:
    """Amounts of the account's deals by source key."""
    return {deal["migrator_key"]: deal["amount"] for deal in nights.sandbox.records("deals")}


def test_rejected_rows_are_rejected_every_night(nights: Nights) -> None:
    """A row that the account cannot hold is turned down again, whatever was remembered of it."""
    template = nights.template(SIMPLE)
    nights.night(template, nights.source(deals(4)))
    wrong = deals(4, stage=lambda n: "Nowhere" if n == 2 else "Qualified To Buy")
    report = nights.night(template, nights.source(wrong), changed_only=True)
    assert (report.rows["rejected"], report.rows["unchanged"], report.missing) == (1, 3, 0)
    assert report.adds_up


# -- the digest ------------------------------------------------------------------------------------

RECORD = Record(
    ObjectType.DEALS,
    "k1",
    {"amount": "1"},
    {ObjectType.CONTACTS: ("a@x.com", "B@x.com")},
    Place("f", 1, 2),
)
TERMS = Terms({"amount": "1", "name": "n"}, {"amount": "amount", "name": "name"})


def digest(
    record: Record = RECORD,
    terms: Terms = TERMS,
    conflict: OnConflict = OnConflict.OVERWRITE,
    missing: OnMissing = OnMissing.PARK,
) -> str:
    """The digest of a row under these policies."""
    return content(record, terms, lambda _: conflict, {ObjectType.CONTACTS: missing})


def test_the_digest_follows_all_that_a_row_wants() -> None:
    """Value, link and policies count; the order of properties, of links and their case does not."""
    swapped = {ObjectType.CONTACTS: ("b@x.com", "A@x.com")}
    turned = Terms(dict(sorted(TERMS.properties.items(), reverse=True)), TERMS.origin)
    assert digest(replace(RECORD, links=swapped), turned) == digest()
    others = [
        digest(terms=Terms({"amount": "2", "name": "n"}, TERMS.origin)),
        digest(terms=Terms({"amount": "1"}, TERMS.origin)),
        digest(replace(RECORD, links={})),
        digest(replace(RECORD, links={ObjectType.CONTACTS: ("a@x.com",)})),
        digest(conflict=OnConflict.NEVER),
        digest(missing=OnMissing.CREATE),
    ]
    assert len({digest(), *others}) == 7


# -- whatever happens ------------------------------------------------------------------------------


class Lives:
    """An account, a feed of a few rows, and nights of which some end by a kill."""

    COUNT = 6

    def __init__(self, folder: Path) -> None:
        self.nights = Nights(folder)
        self.template = self.nights.template(SIMPLE)
        self.amounts = dict.fromkeys(range(1, self.COUNT + 1), 1)

    def change(self, changes: dict[int, int]) -> str:
        """The next night's file."""
        self.amounts |= changes
        return self.nights.source(deals(self.COUNT, amount=self.amounts.__getitem__))

    def killed(self, source: str, at: int) -> None:
        """A night that may be killed by its n-th request that writes."""
        inner = self.nights.wrap
        self.nights.wrap = lambda transport: Dying(transport, _writes, at)
        try:
            self.nights.night(self.template, source, changed_only=True)
        except (Killed, BaseExceptionGroup):
            pass
        finally:
            self.nights.wrap = inner


def _writes(request: httpx.Request) -> bool:
    path = request.url.path
    return path.endswith(("batch/create", "batch/update"))


CHANGES = st.dictionaries(st.integers(1, Lives.COUNT), st.integers(1, 3), max_size=Lives.COUNT)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(CHANGES, st.sampled_from([None, 1])), min_size=1, max_size=4), CHANGES)
def test_whatever_changed_is_written_and_nothing_else(
    story: list[tuple[dict[int, int], int | None]], last: dict[int, int]
) -> None:
    """After any nights, some of them killed before an answer, the next one writes what differs.

    Nothing else is written, and then nothing is doubtful any more.
    """
    with tempfile.TemporaryDirectory() as folder:
        lives = Lives(Path(folder))
        lives.nights.night(lives.template, lives.change({}))
        for changes, death in story:
            source = lives.change(changes)
            if death:
                lives.killed(source, death)
            else:
                lives.nights.night(lives.template, source, changed_only=True)
        held = {key: int(amount) for key, amount in amounts(lives.nights).items()}
        report = lives.nights.night(lives.template, lives.change(last), changed_only=True)
        wanted = {f"k{n}": amount for n, amount in lives.amounts.items()}
        assert {key: int(a) for key, a in amounts(lives.nights).items()} == wanted
        assert report.rows["updated"] == sum(held[key] != wanted[key] for key in wanted)
        again = lives.nights.night(lives.template, lives.change({}), changed_only=True)
        assert again.remembered == Lives.COUNT


def test_a_row_whose_answer_was_lost_counts_as_changed(nights: Nights) -> None:
    """An update that was carried out and not confirmed is doubtful: the old content does not count.

    The file goes back to what it was before, and still the account must be asked.
    """
    template = nights.template(SIMPLE)
    first = nights.source(deals(3))
    nights.night(template, first)
    inner = nights.wrap
    nights.wrap = lambda transport: Dying(transport, _writes, 1)
    changed = nights.source(deals(3, amount=lambda n: "9" if n == 2 else f"{n}.50"), "changed.csv")
    with pytest.raises(Killed):
        nights.night(template, changed, changed_only=True)
    nights.wrap = inner
    assert amounts(nights)["k2"] == "9"
    report = nights.night(template, first, changed_only=True)
    assert (report.rows["updated"], report.remembered) == (1, 2)
    assert amounts(nights)["k2"] == "2.5"
