"""What a journal remembers of a feed: withdrawn before it is doubtful, renewed when it is sure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.journal import Feed, Journal, Remembered, Settled
from migrator.model import Action, ObjectType, Op, OpState
from tests.test_journal import NOON, RUN, op

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEED = Feed("somecrm", "42", "pipedrive", ObjectType.DEALS)
WRITTEN = OpState.WRITTEN


def row(number: int, content: str = "c1", **changes: object) -> Op:
    """A row of the feed."""
    return replace(op(number), content=content, **changes)  # type: ignore[arg-type]


def update(number: int, content: str) -> Op:
    """A row whose record is in the account."""
    return row(number, content, action=Action.UPDATE, id=f"10{number}")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in which a run has written three rows."""
    with Journal(tmp_path / "journal.db") as journal:
        carry_out(journal, RUN.id, [row(1), row(2), row(3)])
        yield journal


def plan(journal: Journal, run: str, ops: list[Op]) -> None:
    """A run with these ops."""
    journal.add_run(replace(RUN, id=run))
    journal.add_ops(run, [(one, "", "") for one in ops])


def carry_out(journal: Journal, run: str, ops: list[Op]) -> None:
    """A run that writes these rows."""
    plan(journal, run, ops)
    journal.sending(run, ops, NOON)
    journal.settle(run, [Settled(one, WRITTEN, one.id or f"10{one.seq}") for one in ops], NOON)


def test_what_is_written_is_remembered(journal: Journal) -> None:
    """Key, id, content and the run; asked by key or by id, of this feed alone."""
    assert journal.memory.known(FEED, ["k1", "k9"]) == {"k1": Remembered("101", "c1", RUN.id)}
    assert journal.memory.keys_of(FEED, ["102", "103", "999"]) == {"102": "k2", "103": "k3"}
    assert journal.memory.count(FEED) == 3
    for other in (
        replace(FEED, vendor="x"),
        replace(FEED, account="x"),
        replace(FEED, name="x"),
        replace(FEED, type=ObjectType.CONTACTS),
    ):
        assert journal.memory.count(other) == 0
        assert journal.memory.known(other, ["k1"]) == {}
        assert journal.memory.keys_of(other, ["101"]) == {}


def test_what_is_sent_is_doubtful_until_it_is_answered(journal: Journal, tmp_path: Path) -> None:
    """A kill between the two leaves the id and no content, whatever became of the request."""
    changed = update(2, "c2")
    plan(journal, "b", [changed])
    assert journal.memory.known(FEED, ["k2"])["k2"].content == "c1"
    journal.sending("b", [changed], NOON)
    with Journal(tmp_path / "journal.db") as after_a_kill:
        assert after_a_kill.memory.known(FEED, ["k2"]) == {"k2": Remembered("102", "", RUN.id)}
    journal.unsend("b", [changed])
    assert journal.memory.known(FEED, ["k2"])["k2"].content == ""
    journal.sending("b", [changed], NOON)
    journal.settle("b", [Settled(changed, WRITTEN, "102")], NOON)
    assert journal.memory.known(FEED, ["k2"]) == {"k2": Remembered("102", "c2", "b")}
    assert journal.memory.known(FEED, ["k1"])["k1"].content == "c1"


@pytest.mark.parametrize(
    ("state", "code", "content"),
    [
        (OpState.REFUSED, "invalid", ""),
        (OpState.SENT, "unknown", ""),
        (OpState.PLANNED, "", ""),
        (OpState.WRITTEN, "link_refused", ""),
        (OpState.WRITTEN, "", "c2"),
    ],
)
def test_only_what_was_wholly_written_counts(
    journal: Journal, state: OpState, code: str, content: str
) -> None:
    """Refused, unknown, sent again, or written with an objection: the row is asked about again."""
    changed = update(2, "c2")
    plan(journal, "b", [changed])
    journal.sending("b", [changed], NOON)
    journal.settle("b", [Settled(changed, state, code=code)], NOON)
    assert journal.memory.known(FEED, ["k2"])["k2"].content == content


def test_a_create_that_was_lost_makes_its_old_record_doubtful(journal: Journal) -> None:
    """A record that is created anew: what was remembered of its predecessor does not hold."""
    anew = row(2, "c2")
    plan(journal, "b", [anew])
    journal.sending("b", [anew], NOON)
    assert journal.memory.known(FEED, ["k2"])["k2"].content == ""


def test_another_feed_makes_the_record_doubtful(journal: Journal) -> None:
    """A record is one; the feed that wrote it first cannot know what it holds now."""
    journal.add_run(replace(RUN, id="b", template="other"))
    ours = update(3, "x")
    journal.add_ops("b", [(ours, "", "")])
    journal.sending("b", [ours], NOON)
    journal.settle("b", [Settled(ours, WRITTEN, "103")], NOON)
    assert journal.memory.known(FEED, ["k3"])["k3"].content == ""
    assert journal.memory.known(replace(FEED, name="other"), ["k3"])["k3"].content == "x"


def test_what_is_deleted_is_forgotten(journal: Journal) -> None:
    """By whichever run and feed; a refused deletion forgets nothing."""
    gone = row(2, "", action=Action.DELETE, id="102", place=None, properties={})
    kept = row(3, "", action=Action.DELETE, id="103", place=None, properties={})
    plan(journal, "b", [gone, kept])
    journal.sending("b", [gone, kept], NOON)
    settled = [Settled(gone, WRITTEN, "102"), Settled(kept, OpState.REFUSED, code="no")]
    journal.settle("b", settled, NOON)
    assert set(journal.memory.known(FEED, ["k1", "k2", "k3"])) == {"k1", "k3"}
    journal.memory.forget(FEED, ["k1", "k9"])
    assert set(journal.memory.known(FEED, ["k1", "k3"])) == {"k3"}


def test_parents_and_links_are_no_rows(journal: Journal) -> None:
    """Contacts that a run creates are found by their names, and taking links off is no content."""
    parent = row(7, "", type=ObjectType.CONTACTS, place=None)
    parted = row(1, "", action=Action.UNLINK, id="101")
    plan(journal, "b", [parent, parted])
    journal.sending("b", [parent, parted], NOON)
    journal.settle("b", [Settled(parent, WRITTEN, "7"), Settled(parted, WRITTEN, "101")], NOON)
    assert journal.memory.count(replace(FEED, type=ObjectType.CONTACTS)) == 0
    assert journal.memory.known(FEED, ["k1"]) == {"k1": Remembered("101", "", RUN.id)}


def test_rows_found_unchanged_are_remembered_when_the_run_goes_on(journal: Journal) -> None:
    """What a plan compared and found equal; not what is parked or still to be written."""
    same = row(1, "c9", action=Action.SKIP, id="101", state=OpState.UNCHANGED)
    new = row(4, "c4", action=Action.SKIP, id="104", state=OpState.UNCHANGED)
    parked = row(2, "c2", id="102", state=OpState.PARKED)
    plan(journal, "b", [same, new, parked, update(3, "c3")])
    journal.memory.confirm_unchanged("b")
    assert journal.memory.known(FEED, ["k1", "k2", "k3", "k4"]) == {
        "k1": Remembered("101", "c9", "b"),
        "k2": Remembered("102", "c1", RUN.id),
        "k3": Remembered("103", "c1", RUN.id),
        "k4": Remembered("104", "c4", "b"),
    }


def test_what_is_missing(journal: Journal) -> None:
    """Remembered keys that are neither among a run's rows nor among those turned down, in order."""
    plan(journal, "b", [row(2)])
    found = journal.memory.missing(FEED, "b", [])
    assert list(found) == [
        ("k1", Remembered("101", "c1", RUN.id)),
        ("k3", Remembered("103", "c1", RUN.id)),
    ]
    assert [key for key, _ in journal.memory.missing(FEED, "b", ["k3", "k8"])] == ["k1"]
    assert next(journal.memory.missing(FEED, "b", []))[0] == "k1"  # left half-way
    assert [key for key, _ in journal.memory.missing(FEED, "b", ["k1"])] == ["k3"]


@settings(max_examples=6, deadline=None)
@given(st.sets(st.integers(1, 1_100)), st.sets(st.integers(1, 1_100)))
def test_missing_rows_of_any_number(
    tmp_path_factory: pytest.TempPathFactory, there: set[int], bad: set[int]
) -> None:
    """Pages of any length give the difference of the sets, each key once."""
    with Journal(tmp_path_factory.mktemp("many") / "journal.db") as journal:
        everyone = [row(number) for number in range(1, 1_101)]
        plan(journal, "a", everyone)
        settled = [Settled(one, WRITTEN, f"10{one.seq}") for one in everyone]
        journal.settle("a", settled, NOON)
        plan(journal, "b", [row(number) for number in there])
        found = [key for key, _ in journal.memory.missing(FEED, "b", (f"k{n}" for n in bad))]
        assert found == sorted({f"k{n}" for n in range(1, 1_101)} - {f"k{n}" for n in there | bad})
