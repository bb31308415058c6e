"""Notes and tasks whose answers get lost: each there once, though no field has a key of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from migrator.errors import OutcomeUnknown
from migrator.runs import unknown as unknowns
from migrator.wire import Fault, FaultKind, Faulty
from tests.activities import (
    KINDS,
    NOTES,
    TASKS,
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
from tests.exports import VENDORS
from tests.mending import Mender
from tests.nights import Dying, Killed

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.support import Rehearsal

_CREATES = ("/notes/batch/create", "/tasks/batch/create", "/notes", "/tasks", "/dealTasks")


@dataclass
class Once:
    """Whether a request is the first of those that create notes or tasks."""

    met: int = 0

    def __call__(self, request: httpx.Request) -> bool:
        """For one request after the other."""
        creates = request.method == "POST" and request.url.path.endswith(_CREATES)
        self.met += creates
        return creates and self.met == 1


def losing(there: Rehearsal, kind: FaultKind) -> Once:
    """Lose the first create of the next load."""
    first = Once()
    there.wrap = lambda inner: Faulty(
        inner, lambda request: Fault(kind) if first(request) else None, there.clock
    )
    return first


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
def test_a_lost_answer_doubles_nothing(vendor: str, kind: FaultKind, tmp_path: Path) -> None:
    """Every row is there once, found by what it says on its deal; and taken back, none is."""
    there = office(vendor, tmp_path, 6)
    texts = {
        NOTES: notes(12, deals=lambda n: f"k{1 + n % 6}"),
        TASKS: tasks(KINDS[vendor], owner(there), 12, deals=lambda n: f"k{1 + n % 6}"),
    }
    for type, text in texts.items():
        first = losing(there, kind)
        report = there.load(type.value, there.source(text, f"{type}.csv"))
        there.wrap = lambda inner: inner
        assert first.met
        assert report.rows["created"] == 12
        assert agrees(there, report.run)
        found = said(there, type)
        assert (len(found), set(found.values())) == (12, {1})
        assert (undo(there, report.run).ops["delete"], exported(there, type)) == (12, [])


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_killed_load_goes_on(vendor: str, tmp_path: Path) -> None:
    """Killed behind the effect of its first create, a load goes on to each note once."""
    there = office(vendor, tmp_path, 6)
    text = notes(12, deals=lambda n: f"k{1 + n % 6}")
    run = there.plan("notes", there.source(text, "notes.csv")).run
    first = Once()
    there.wrap = lambda inner: Dying(inner, first, 1)
    with pytest.raises(Killed):
        there.execute(run)
    there.wrap = lambda inner: inner
    assert there.execute(run).rows["created"] == 12
    assert set(said(there, NOTES).values()) == {1}


def test_what_nobody_can_know_is_named(tmp_path: Path) -> None:
    """Of notes on no record a lost answer is for a person; told, each is there once."""
    there = Mender(tmp_path)
    source = there.source(notes(2, deals=lambda _: ""), "notes.csv")
    losing(there, FaultKind.LOST_AFTER)
    with pytest.raises(OutcomeUnknown, match="migrator settle"):
        there.load("notes", source)
    there.wrap = lambda inner: inner
    ids = {row["body"]: row["record"].rsplit("/", 1)[1] for row in exported(there, NOTES)}
    space = there.workspace()
    run = next(one for one in space.journal.runs() if one.template == "notes")
    told = {one.op.key: ids[called(int(one.op.key[1:]))] for one in space.journal.unknown(run.id)}
    assert told.keys() == {"n1", "n2"}
    assert not unknowns.answer(space, run.id, told).left
    space.close()
    assert there.execute(run).rows["created"] == 2
    assert there.load("notes", source).rows["unchanged"] == 2
    assert said(there, NOTES) == {called(1): 1, called(2): 1}
