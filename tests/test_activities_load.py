"""Notes and tasks of deals, loaded: without a key field in any CRM, each once all the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from migrator.runs.execution import execute
from migrator.runs.limits import Limit
from migrator.runs.moving import Onward, fetch
from migrator.runs.planning import plan_run
from migrator.runs.target import connected
from migrator.template import Match
from tests.activities import (
    KINDS,
    NOTES,
    TASKS,
    TEXT,
    agrees,
    called,
    exported,
    notes,
    office,
    owner,
    said,
    tasks,
    undo,
)
from tests.exports import OPTIONS, TEMPLATE, VENDORS, plan_narrow
from tests.mending import Mender
from tests.nights import Nights
from tests.support import deals

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.runs.inputs import Request
    from migrator.runs.planning import Planned
    from tests.support import Rehearsal

# -- every CRM -------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
def test_notes_and_tasks_of_deals(vendor: str, tmp_path: Path) -> None:
    """Each is there once, on its deals; loaded again nothing is written; then changed, taken back.

    Verify agrees after each step.
    """
    there = office(vendor, tmp_path)
    files = {
        NOTES: (
            there.source(notes(), "notes.csv"),
            notes(body=lambda n: called(n) if n > 2 else f"Note {n}: mailed"),
        ),
        TASKS: (
            there.source(tasks(KINDS[vendor], owner(there)), "tasks.csv"),
            tasks(KINDS[vendor], owner(there), title=lambda n: f"Task {n}" + "!" * (n < 3)),
        ),
    }
    for type, (source, changed) in files.items():
        count = 60 if type is NOTES else 40
        first = there.load(type.value, source)
        assert first.rows["created"] == count, first.examples
        assert any(f"No CRM has a key field for {type}: " in line for line in there.said)
        assert not any("writes all records again" in line for line in there.said)
        rows = exported(there, type)
        assert len({row[TEXT[type]] for row in rows}) == len(rows) == count
        by_number = {int(row[TEXT[type]].split(":")[0].split(" ")[1]): row for row in rows}
        for n, row in by_number.items():
            assert f"k{1 + n % 20}" in row["deals"].split(";")
            if type is TASKS:
                assert row["done"] == ("true" if n % 2 else "false")
                assert row["due_at"] == f"2026-12-{1 + n % 28:02}T10:00:00Z"
        assert agrees(there, first.run)
        again = there.load(type.value, source)
        assert again.rows["unchanged"] == count
        assert agrees(there, again.run)
        second = there.load(type.value, there.source(changed, f"{type}.csv"))
        assert (second.rows["updated"], second.rows["unchanged"]) == (2, count - 2)
        assert agrees(there, second.run)
        assert len(exported(there, type)) == count
        assert undo(there, second.run).complete
        assert set(said(there, type)) == {row[TEXT[type]] for row in rows}
        taken = undo(there, first.run)
        # Where the CRM tells when: the two were changed since, if only by us, and by that undo.
        assert taken.kept in {0, 2}
        assert taken.ops["delete"] == count - taken.kept
        assert len(exported(there, type)) == taken.kept
        assert len(there.keys()) == 20


@pytest.mark.parametrize("vendor", VENDORS)
def test_several_parents(vendor: str, tmp_path: Path) -> None:
    """A note is on all that it names, or, where it can be on one only, on the first; it is told."""
    there = office(vendor, tmp_path, 4)
    more = {"contacts": lambda _: "p1@example.com", "companies": lambda _: "Firm 2"}
    text = notes(3, deals=lambda n: "k1;k2" if n == 1 else f"k{n}", **more)
    source = there.source(text, "notes.csv")
    planned = there.plan("notes", source)
    report = there.execute(planned.run)
    assert report.rows["created"] == 3, report.examples
    (first,) = [row for row in exported(there, NOTES) if row["body"].startswith("Note 1:")]
    left_out = planned.run.settings["left_out"]
    if vendor == "activecampaign":
        assert first["deals"] == "k1"
        assert {"deals", "contacts", "companies"} <= left_out.keys()
        assert left_out["deals"].startswith("1 records")
        assert (
            "to one record for good: a deal, else a contact, else a company" in left_out["contacts"]
        )
    else:
        assert sorted(first["deals"].split(";")) == ["k1", "k2"]
        assert (first["contacts"], first["companies"]) == ("p1@example.com", "Firm 2")
        assert not {"deals", "contacts", "companies"} & left_out.keys()
    assert agrees(there, report.run)
    assert there.load("notes", source).rows["unchanged"] == 3


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_note_whose_deal_is_not_there_waits(vendor: str, tmp_path: Path) -> None:
    """It is parked and no deal is made for it; mended and retried, it is there, once."""
    there = office(vendor, tmp_path, 4)
    source = there.source(notes(4, deals=lambda n: "gone" if n == 3 else f"k{n}"), "notes.csv")
    report = there.load("notes", source)
    assert (report.rows["created"], report.rows["parked"]) == (3, 1)
    (row,) = there.rejects(report)
    assert 'no deal "gone" in the account' in row["_error"]
    assert there.keys() == ["k1", "k2", "k3", "k4"]
    retried = there.retry(there.edited(report, lambda row: row | {"deals": "k3"}))
    assert (retried.rows["created"], retried.turned_down) == (4, 0)
    rows = exported(there, NOTES)
    assert Counter(row["deals"] for row in rows) == Counter(["k1", "k2", "k3", "k4"])
    mended = there.source(notes(4, deals=lambda n: f"k{n}"), "notes.csv")
    assert there.load("notes", mended).rows["unchanged"] == 4


# -- from one CRM to another -----------------------------------------------------------------------


def moved(there: Rehearsal, origin: Rehearsal) -> Planned:
    """The origin's deals, in another account."""
    space = origin.workspace()

    async def read() -> Request:
        async with connected(origin.target, space) as session:
            return await fetch(space, session, Onward(there.vendor, {}))

    request = origin.clock.run(read())
    space.close()
    space = there.workspace()

    async def write() -> Planned:
        async with connected(there.target, space) as session:
            planned = await plan_run(space, request, session, lock=True)
            await execute(space, planned.run, session, inputs=planned.inputs)
            return planned

    try:
        return there.clock.run(write())
    finally:
        space.close()
        there.clock.run(there.clock.sleep(60.0))


PAIRS = [("hubspot", "brevo"), ("brevo", "activecampaign"), ("activecampaign", "hubspot")]


@pytest.mark.parametrize(("origin", "target"), PAIRS)
def test_from_one_account_to_another(origin: str, target: str, tmp_path: Path) -> None:
    """An export of notes and tasks loads on the deals that were moved before: on the same keys."""
    here = office(origin, tmp_path / "a", 8)
    user = owner(here)
    here.load("notes", here.source(notes(16, deals=lambda n: f"k{1 + n % 8}"), "notes.csv"))
    text = tasks(KINDS[origin], user, 10, deals=lambda n: f"k{1 + n % 8}")
    here.load("tasks", here.source(text, "tasks.csv"))
    there = Mender(tmp_path / "b", vendor=target, options=OPTIONS[target])
    moved(there, here)
    for type, fields in ((NOTES, ("body",)), (TASKS, ("title", "body", "due_at", "done"))):
        ours = exported(here, type)
        source = tmp_path / "a" / f"out-{type}.csv"
        if type is TASKS:
            words = source.read_text(encoding="utf-8-sig")
            source.write_text(words.replace(ours[0]["kind"], KINDS[target]), encoding="utf-8")
        planned = there.plan(type.value, str(source))
        report = there.execute(planned.run)
        assert report.rows["created"] == len(ours), report.examples
        left_out = set(planned.run.settings["left_out"])
        # A note's author and moment stand in its text where there is no other place for them.
        kept = type is NOTES and target == "activecampaign"
        assert left_out <= (set() if kept else {"owner", "created_at"})
        back = {row[TEXT[type]]: row for row in exported(there, type)}
        for row in ours:
            other = back[row[TEXT[type]]]
            assert other["deals"] == row["deals"]
            assert {name: other[name] for name in fields} == {name: row[name] for name in fields}
        assert agrees(there, report.run)
        assert there.load(type.value, str(source)).rows["unchanged"] == len(ours)


# -- one CRM for the rest --------------------------------------------------------------------------


def test_keys_of_deals_tell_small_letters_from_capitals(tmp_path: Path) -> None:
    """Ids of some sources differ in nothing else: each note is on its own deal."""
    there = Mender(tmp_path)
    names = {1: "0061x0000aB", 2: "0061x0000Ab"}
    there.load(
        there.template(
            "name: d\nkey: {from: id}\nfields: {name: {from: title}, "
            "pipeline: {default: Sales Pipeline}, stage: {from: stage}}\n"
        ),
        there.source(deals(2, id=lambda n: names[n])),
    )
    report = there.load("notes", there.source(notes(2, deals=lambda n: names[n]), "notes.csv"))
    assert report.rows["created"] == 2
    assert {row["body"][:6]: row["deals"] for row in exported(there, NOTES)} == {
        "Note 1": names[1],
        "Note 2": names[2],
    }


def test_words_of_a_source_of_its_own(tmp_path: Path) -> None:
    """A day stays that day, yes and no are understood, and a missing deal is left out if asked."""
    there = office("activecampaign", tmp_path, 2)
    template = there.template(
        "name: own\nobject: tasks\nkey: {from: No}\nfields:\n"
        "  title: {from: What}\n  kind: {default: Call}\n  due_at: {from: When}\n"
        "  done: {from: Ready}\n  deals: {from: Deal, on_missing: skip_link}\n"
        "  contacts: {from: Who}\n"
    )
    text = "No,What,When,Ready,Deal,Who\n"
    text += "1,Ring,13.05.2026,yes,k1,\n2,Write,14.05.2026,no,,p1@example.com\n"
    text += "3,Visit,15.05.2026,no,gone,\n4,Wait,soon,no,k1,\n"
    planned = there.plan(template, there.source(text, "tasks.csv"))
    assert planned.plan.skipped_links == 1
    assert planned.plan.unlinkable == Counter()
    report = there.execute(planned.run)
    assert (report.rows["created"], report.rows["rejected"], report.rows["refused"]) == (2, 1, 1)
    rows = {row["title"]: row for row in exported(there, TASKS)}
    assert (rows["Ring"]["deals"], rows["Ring"]["done"]) == ("k1", "true")
    assert rows["Ring"]["due_at"].startswith("2026-05-13T")
    assert (rows["Write"]["contacts"], rows["Write"]["done"]) == ("p1@example.com", "false")


def test_a_note_that_goes_to_another_deal_as_well(tmp_path: Path) -> None:
    """A link that the file has and the account lacks is added; undo takes it off again."""
    there = office("hubspot", tmp_path, 4)
    there.load("notes", there.source(notes(4, deals=lambda n: f"k{n}"), "notes.csv"))
    report = there.load("notes", there.source(notes(4, deals=lambda _: "k2"), "notes.csv"))
    assert (report.rows["updated"], report.rows["unchanged"]) == (3, 1)
    assert agrees(there, report.run)
    (first,) = [row for row in exported(there, NOTES) if row["body"] == called(1)]
    assert sorted(first["deals"].split(";")) == ["k1", "k2"]
    assert undo(there, report.run).complete
    assert {row["deals"] for row in exported(there, NOTES)} == {"k1", "k2", "k3", "k4"}


def test_unchanged_notes_are_not_asked_about(tmp_path: Path) -> None:
    """A nightly load of what did not change reads no note; what the source has no more can go."""
    there = Nights(tmp_path)
    there.night(
        there.template(TEMPLATE),
        there.source(deals(4, stage=lambda _: "Due", contact=lambda _: "", company=lambda _: "")),
    )
    source = there.source(notes(4, deals=lambda n: f"k{n}"), "notes.csv")
    there.night("notes", source, changed_only=True)
    spent = there.cost_of(lambda: there.night("notes", source, changed_only=True))
    assert spent.keys() == there.describing().keys()
    shorter = there.source(notes(3, deals=lambda n: f"k{n}"), "notes.csv")
    assert there.night("notes", shorter, mirror=Limit(1)).deleted == 1
    assert set(said(there, NOTES)) == {called(1), called(2), called(3)}


def test_deals_without_a_key_are_called_by_their_reference(tmp_path: Path) -> None:
    """What an export calls a deal that no load wrote finds it in its own account."""
    there = Mender(tmp_path)
    body = {
        "properties": {"dealname": "By hand", "pipeline": "default", "dealstage": "contractsent"}
    }
    answer = there.stranger().post("/crm/v3/objects/deals", json=body).raise_for_status()
    id_, account = answer.json()["id"], there.account().id
    own = {
        1: f"hubspot/{account}/deals/{id_}",
        2: f"hubspot/{account}/deals/999",
        3: f"hubspot/1/deals/{id_}",
    }
    report = there.load("notes", there.source(notes(3, deals=lambda n: own[n]), "notes.csv"))
    assert (report.rows["created"], report.rows["parked"]) == (1, 2)
    (row,) = exported(there, NOTES)
    assert (row["deals"], row["deal_ids"]) == (own[1], id_)


def test_an_export_of_the_account_itself_is_not_doubled(tmp_path: Path) -> None:
    """It is turned down as a load, and changes the very notes when that is asked for."""
    there = office("hubspot", tmp_path, 4)
    there.load("notes", there.source(notes(4, deals=lambda n: f"k{n}"), "notes.csv"))
    rows = exported(there, NOTES)
    source = tmp_path / "out-notes.csv"
    report = there.load("notes", str(source))
    assert (report.rows["created"], report.rows["rejected"]) == (0, 4)
    source.write_text(
        source.read_text(encoding="utf-8-sig").replace("Note 2: called", "Note 2: mailed"),
        encoding="utf-8",
    )
    there.said.clear()
    planned = plan_narrow(there, source, "body", match=Match.AUTO, template="notes")
    assert planned.plan.counts["update"] == 1
    assert not any("No CRM has a key field" in line for line in there.said)
    there.execute(planned.run)
    assert agrees(there, planned.run.id)
    texts = said(there, NOTES)
    assert sum(texts.values()) == len(rows) == 4
    assert any("Note 2: mailed" in text for text in texts)


def test_a_plan_that_waits_does_not_double_what_another_run_wrote(tmp_path: Path) -> None:
    """What came into the account after the plan was made is seen by the journal's memory."""
    there = office("hubspot", tmp_path, 4)
    source = there.source(notes(4, deals=lambda n: f"k{n}"), "notes.csv")
    waiting = there.plan("notes", source).run
    there.load("notes", source)
    there.execute(waiting)
    assert set(said(there, NOTES).values()) == {1}


def test_a_feed_of_deals_of_the_same_name_stands_apart(tmp_path: Path) -> None:
    """Templates of one name for two types are two feeds: the one has keys and the other none."""
    there = Mender(tmp_path)
    text = (
        "name: notes\nkey: {from: id}\nfields: {name: {from: title}, stage: {from: stage}, "
        "pipeline: {default: Sales Pipeline}}\n"
    )
    both = there.template(text)
    there.load(both, there.source(deals(3)))
    text_of_notes = notes(3, deals=lambda n: f"k{n}")
    report = there.load("notes", there.source(text_of_notes, "notes.csv"))
    assert report.rows["created"] == 3
    assert there.load(both, there.source(deals(3))).rows["unchanged"] == 3
