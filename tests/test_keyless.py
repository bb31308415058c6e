"""Accounts in which no key field is allowed: the journal alone knows whose record is whose."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import InputError, OutcomeUnknown
from migrator.journal import Feed
from migrator.model import KEY_FIELD, Action, ObjectType, Op
from migrator.runs import unknown as unknowns
from migrator.runs.limits import Limit
from migrator.runs.nightly import Nightly, ensure_same_mode, without_key_field
from migrator.runs.target import connected
from migrator.runs.undo import undoing
from migrator.vendors.base import records
from tests.mending import Mender
from tests.nights import Nights
from tests.support import deals
from tests.test_every_vendor import PLACES, TEMPLATE, add_contacts
from tests.test_nightly import SIMPLE, rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from migrator.model import Held
    from migrator.report import Report
    from migrator.runs.undo.undoing import Undo
    from migrator.vendors.base import Vendor
    from tests.test_every_vendor import Place as Crm


KEYLESS = Nightly(keyless=True)
STAGE = "Qualified To Buy"


@pytest.fixture(params=PLACES, ids=lambda place: place.vendor)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Nights:
    """An empty account of each CRM, with one contact in it."""
    place: Crm = request.param
    nights = Nights(tmp_path, place.options, place.vendor, place.settings)
    add_contacts(nights, ["office@example.com"])
    return nights


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """An empty account of one CRM."""
    nights = Nights(tmp_path)
    nights.template(SIMPLE)
    return nights


class KeylessMender(Mender, Nights):
    """Nights, and a spreadsheet."""


def load(nights: Nights, text: str, *, template: str = "", **asked: Any) -> Report:
    """The next night, without a key field."""
    template = template or str(nights.folder / "template.yaml")
    return nights.night(template, nights.source(text), keyless=True, **asked)


def names(nights: Nights) -> Counter[str | None]:
    """How often each name is there."""
    found = [held.properties for held in nights.held()]
    column = next(name for name in ("dealname", "deal_name", "title", "name") if name in found[0])
    return Counter(properties.get(column) for properties in found)


def once(count: int) -> Counter[str | None]:
    """Every deal of a file once."""
    return Counter(f"Deal {n}" for n in range(1, count + 1))


# -- every CRM -------------------------------------------------------------------------------------


def test_a_feed_without_keys_is_loaded_once_and_kept_up(crm: Nights) -> None:
    """Created, verified, found unchanged, two rows updated, one deleted: by the memory's ids."""
    crm.template(TEMPLATE)
    first = load(crm, rows(12))
    assert first.rows["created"] == 12, first.examples
    assert names(crm) == once(12)
    assert not any(one.properties.get(KEY_FIELD) for one in crm.held())
    assert crm.verify().agrees
    assert load(crm, rows(12)).rows["unchanged"] == 12
    changed = rows(12, amount=lambda n: "9.75" if n in {2, 9} else f"{n}.50")
    report = load(crm, changed, changed_only=True)
    assert (report.rows["updated"], report.remembered) == (2, 10)
    assert names(crm) == once(12)
    assert crm.verify().agrees
    shorter = "\n".join(changed.splitlines()[:12]) + "\n"
    assert load(crm, shorter, mirror=Limit(1)).deleted == 1
    assert names(crm) == once(11)


def test_without_keys_and_changes_nothing_is_read(crm: Nights) -> None:
    """With --changed-only an unchanged file does not cost the reading of the account either."""
    crm.template(TEMPLATE)
    load(crm, rows(8))
    assert crm.cost_of(lambda: load(crm, rows(8), changed_only=True)) == crm.describing()


_CREATES = ("deals/batch/create", "crm/deals", "api/3/deals")
"""How the paths end to which deals are sent."""


class LosesOneAnswer(httpx.AsyncBaseTransport):
    """Carries the n-th request that creates deals out, and loses its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int) -> None:
        self._inner = inner
        self._left = at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, but for once."""
        answer = await self._inner.handle_async_request(request)
        if request.method == "POST" and request.url.path.endswith(_CREATES):
            self._left -= 1
            if self._left == 0:
                raise httpx.ReadError("lost", request=request)
        return answer


@pytest.mark.parametrize("written", [True, False])
def test_a_lost_answer_waits_for_a_person(crm: Nights, *, written: bool) -> None:
    """The row is listed as unknown and the rest is written; told, every row is there once."""
    template = crm.template(TEMPLATE)
    run = crm.plan(template, crm.source(rows(6)), nightly=KEYLESS).run
    losing = LosesOneAnswer(crm.target.transport or httpx.MockTransport(crm.answer), 3)
    inner, crm.wrap = crm.wrap, lambda _: losing
    with pytest.raises(OutcomeUnknown, match="migrator settle"):
        crm.execute(run)
    crm.wrap = inner
    (unknown,) = crm.journal(lambda journal: journal.unknown(run.id))
    assert names(crm) == once(6)
    name = unknown.op.key.replace("k", "Deal ")
    (held,) = [one for one in crm.held() if name in one.properties.values()]
    if written:
        with pytest.raises(OutcomeUnknown):
            load(crm, rows(6))  # nothing may be written before a person has told
    else:
        remove(crm, held.id)  # as if the request had never arrived
    tell(crm, run.id, {unknown.op.key: held.id if written else None})
    report = crm.execute(run)
    assert (report.rows["created"], report.turned_down) == (6, 0)
    assert names(crm) == once(6)
    assert load(crm, rows(6)).rows["unchanged"] == 6


def tell(nights: Nights, run: str, answers: dict[str, str | None]) -> None:
    """As ``migrator settle`` does."""
    space = nights.workspace()
    left = unknowns.answer(space, run, answers).left
    space.close()
    assert not left


def remove(nights: Nights, id_: str) -> None:
    """Somebody deletes a deal."""
    space = nights.workspace()

    async def delete() -> None:
        async with connected(nights.target, space) as session:
            await session.account((ObjectType.DEALS,))
            op = Op(1, ObjectType.DEALS, Action.DELETE, "x", id_, {})
            await session.vendor.write(ObjectType.DEALS, Action.DELETE, [op])

    nights.clock.run(delete())
    space.close()


# -- one CRM for the rest --------------------------------------------------------------------------


def test_a_record_that_is_gone_is_created_again(nights: Nights) -> None:
    """The memory names an id; whether the record is there is for the account to say."""
    load(nights, deals(4))
    (gone,) = [one.id for one in nights.held() if "Deal 3" in one.properties.values()]
    remove(nights, gone)
    report = load(nights, deals(4))
    assert (report.rows["created"], report.rows["unchanged"]) == (1, 3)
    assert names(nights) == once(4)


def test_a_plan_that_waits_does_not_double_what_another_run_wrote(nights: Nights) -> None:
    """What came into the account after the plan was made is seen, as with a key field."""
    template = str(nights.folder / "template.yaml")
    waiting = nights.plan(template, nights.source(deals(5)), nightly=KEYLESS).run
    load(nights, deals(5))
    nights.execute(waiting)
    assert names(nights) == once(5)


def test_what_a_person_has_filled_in_is_kept(nights: Nights) -> None:
    """``fill_blank`` holds without a key field too: an update looks at the record before."""
    careful = SIMPLE.replace("{from: amount}", "{from: amount, on_conflict: fill_blank}")
    nights.template(careful)
    load(nights, deals(3))
    report = load(nights, deals(3, amount=lambda _: "77", title=lambda n: f"Deal {n}!"))
    assert report.rows["updated"] == 3
    held = {one["dealname"]: one["amount"] for one in nights.sandbox.records("deals")}
    assert held == {"Deal 1!": "1.5", "Deal 2!": "2.5", "Deal 3!": "3.5"}


def test_an_undo_brings_values_back(nights: Nights) -> None:
    """What an update replaced is known and restored."""
    load(nights, deals(3))
    second = load(nights, deals(3, amount=lambda _: "9"))
    assert undo(nights, second.run).ops["update"] == 3
    assert [d["amount"] for d in nights.sandbox.records("deals")] == ["1.5", "2.5", "3.5"]


def test_an_undo_finds_what_was_created(nights: Nights) -> None:
    """Deals and the companies that the run created go, and the memory of them with them."""
    text = SIMPLE + "  companies: {from: company, on_missing: create}\n"
    nights.template(text)
    first = load(nights, deals(3, company=lambda n: f"Firm {n}"))
    taken = undo(nights, first.run)
    assert (taken.ops["delete"], taken.ops["parents"], taken.complete) == (3, 3, True)
    assert nights.sandbox.records("deals") == []
    assert nights.sandbox.records("companies") == []
    assert load(nights, deals(3, company=lambda _: "")).rows["created"] == 3


def undo(nights: Nights, run: str) -> Undo:
    """As ``migrator undo --yes`` does."""
    space = nights.workspace()

    async def take_back() -> Undo:
        async with connected(nights.target, space) as session:
            return await undoing.undo(space, space.journal.run(run), session)

    try:
        return nights.clock.run(take_back())
    finally:
        space.close()


def test_a_feed_is_loaded_in_one_way_only(nights: Nights) -> None:
    """With the field after without it, or the other way round, all would be written twice."""
    template, source = str(nights.folder / "template.yaml"), nights.source(deals(2))
    load(nights, deals(2))
    with pytest.raises(InputError, match=r"without the key field .* add --no-key-field"):
        nights.night(template, source)
    other = nights.folder / "other.yaml"
    other.write_text(SIMPLE.replace("name: feed", "name: other"), encoding="utf-8")
    nights.night(str(other), source)
    with pytest.raises(InputError, match=r"with the key field .* leave out --no-key-field"):
        nights.night(str(other), source, keyless=True)
    other.write_text(SIMPLE.replace("name: feed", "name: third"), encoding="utf-8")
    with pytest.raises(InputError, match=r"has the key field .* leave out --no-key-field"):
        nights.night(str(other), source, keyless=True)
    # The feed that began without the field goes on so, whoever else made one since.
    assert load(nights, deals(2)).rows["unchanged"] == 2
    assert names(nights) == Counter({"Deal 1": 2, "Deal 2": 2})


def test_a_retry_by_a_template_of_another_name_knows_the_records(tmp_path: Path) -> None:
    """A retry is of its run's feed: what that feed wrote is updated, and not created once more."""
    mender = KeylessMender(tmp_path)
    load(mender, deals(4), template=mender.template(SIMPLE))
    bad = deals(4, stage=lambda n: "Nowhere" if n == 2 else STAGE, amount=lambda _: "9")
    report = load(mender, bad)
    other = tmp_path / "other.yaml"
    other.write_text(SIMPLE.replace("name: feed", "name: corrected"), encoding="utf-8")
    mended = mender.edited(report, lambda row: row | {"stage": STAGE})
    retried = mender.retry(mended, template=str(other))
    assert (retried.rows["updated"], retried.rows["created"]) == (4, 0)
    assert names(mender) == once(4)
    assert load(mender, deals(4, amount=lambda _: "9")).rows["unchanged"] == 4


def test_a_feed_that_had_keys_keeps_them(nights: Nights) -> None:
    """Even if somebody removed the field from the account: its records would be doubled."""
    template = str(nights.folder / "template.yaml")
    nights.night(template, nights.source(deals(2)))
    bare = replace(nights.account(), fields={})
    feed = Feed(nights.vendor, bare.id, "feed", ObjectType.DEALS)
    with pytest.raises(InputError, match=r"with the key field .* leave out --no-key-field"):
        nights.journal(lambda journal: ensure_same_mode(journal, bare, feed, keyless=True))
    nights.journal(lambda journal: ensure_same_mode(journal, bare, feed, keyless=False))


def test_the_user_is_told_what_hangs_on_the_journal(nights: Nights) -> None:
    """The place of the journal is named, and what happens without it."""
    load(nights, deals(1))
    (told,) = [line for line in nights.said if line.startswith("No key field")]
    assert "journal.db" in told


def test_ids_of_others_have_no_key(nights: Nights) -> None:
    """Records that no feed of ours wrote stay what they are: nobody's."""
    with nights.stranger() as stranger:
        stage = {"pipeline": "default", "dealstage": "appointmentscheduled"}
        theirs = {"properties": {"dealname": "Theirs", **stage}}
        stranger.post("/crm/v3/objects/deals", json=theirs).raise_for_status()
    assert load(nights, deals(2)).rows["created"] == 2
    assert load(nights, deals(2)).rows["unchanged"] == 2
    assert names(nights) == once(2) + Counter({"Theirs": 1})
    assert nights.verify().agrees


# -- the wrapper by itself -------------------------------------------------------------------------


def look(nights: Nights, ask: Callable[[Vendor], Awaitable[Any]], *, described: bool = True) -> Any:
    """Ask the account as a run without a key field sees it."""
    space = nights.workspace()

    async def asked() -> Any:
        async with connected(nights.target, space) as session:
            without_key_field(session, space.journal, "feed")
            without_key_field(session, space.journal, "feed")  # a second time does no harm
            if described:
                await session.account((ObjectType.DEALS, ObjectType.COMPANIES))
            return await ask(session.vendor)

    try:
        return nights.clock.run(asked())
    finally:
        space.close()


def test_records_are_found_by_the_keys_of_the_memory(nights: Nights) -> None:
    """Single keys, with the properties asked for; a key that nobody remembers is nowhere."""
    load(nights, deals(3))
    found = look(nights, lambda v: v.find(ObjectType.DEALS, ["k2", "k9"], ["dealname"]))
    assert {key: one.properties["dealname"] for key, one in found.items()} == {"k2": "Deal 2"}
    assert found["k2"].key == "k2"
    assert look(nights, lambda v: v.find(ObjectType.COMPANIES, [])) == {}


def test_parents_are_found_by_their_names(nights: Nights) -> None:
    """As a run creates them; of several of one name none is the one."""
    with nights.stranger() as stranger:
        for name in ("Firm 1", "Firm 2", "Firm 2"):
            path = "/crm/v3/objects/companies"
            stranger.post(path, json={"properties": {"name": name}}).raise_for_status()
    nights.clock.seconds += 3600  # until a search knows them
    asked = ["firm 1", "firm 2", "firm 3"]
    found = look(nights, lambda v: v.find(ObjectType.COMPANIES, asked, ["name"]))
    assert {key: one.properties["name"] for key, one in found.items()} == {"firm 1": "Firm 1"}
    assert look(nights, lambda v: v.find(ObjectType.COMPANIES, ["firm 3"])) == {}


def test_a_whole_account_is_read_page_by_page(nights: Nights) -> None:
    """Thousands of records of others beside ours: each once, ours with their keys."""
    load(nights, deals(2))
    stage = {"pipeline": "default", "dealstage": "appointmentscheduled"}
    hundred = {"inputs": [{"properties": {"dealname": "Theirs", **stage}}] * 100}
    with nights.stranger() as stranger:
        for _ in range(11):
            nights.clock.seconds += 60
            path = "/crm/v3/objects/deals/batch/create"
            stranger.post(path, json=hundred).raise_for_status()

    async def exported(vendor: Vendor) -> list[Held]:
        return [one async for one in records(vendor.pages(ObjectType.DEALS))]

    every = look(nights, exported)
    assert len({one.id for one in every}) == 1_102
    assert sorted(one.key for one in every if one.key) == ["k1", "k2"]
    assert all(one.properties["dealname"] for one in every)
    nameless = look(nights, exported, described=False)
    assert not any(one.key for one in nameless)  # whose account it is, is not known yet


def test_it_says_whose_account_it_is(nights: Nights) -> None:
    """The name on the command line is the vendor's own."""

    async def name(vendor: Vendor) -> str:
        return vendor.name

    assert look(nights, name) == nights.vendor
