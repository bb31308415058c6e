"""Creates of notes and tasks whose answers were lost: each is there once, or a person is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from migrator.errors import OutcomeUnknown
from migrator.model import (
    UNKNOWN,
    Action,
    Link,
    ObjectType,
    Op,
    OpState,
    Sent,
)
from migrator.wire import FaultKind
from tests.hubspot.activities import (
    AT,
    BOTH,
    CONTACTS,
    DEALS,
    NOTES,
    creates,
    record,
)
from tests.hubspot.portal import Answer, Body, Portal, refusal, reply
from tests.hubspot.room import Room

if TYPE_CHECKING:
    from collections.abc import Sequence


LOST = pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER, FaultKind.CUT])


def lose(room: Room, ops: Sequence[Op], *kinds: FaultKind) -> list[Sent]:
    """Send creates whose answers get lost."""
    sent = [Sent(op, room.clock.now()) for op in ops]
    room.lose["/batch/create"] = list(kinds)
    with pytest.raises(OutcomeUnknown):
        room.run(room.vendor.write(ops[0].type, Action.CREATE, ops))
    return sent


def recovered(room: Room, type: ObjectType, sent: Sequence[Sent]) -> dict[str, Any]:
    """What became of them, as another process finds out."""
    outcomes = room.run(room.opened().recover(type, sent))
    found = {one.key: one for one in outcomes}
    assert len(found) == len(outcomes)
    return found


@BOTH
@LOST
@pytest.mark.parametrize("count", [1, 6])
def test_a_lost_answer_leaves_each_once(type: ObjectType, kind: FaultKind, count: int) -> None:
    """What landed is found on its deal, what did not is sent again."""
    room = Room()
    deals = list(room.deals(3).values())
    room.create(creates(room, [record(type, "before")], *deals))
    ops = creates(room, [record(type, f"a{i}") for i in range(count)], *deals)
    outcomes = recovered(room, type, lose(room, ops, kind))
    assert {one.state for one in outcomes.values()} <= {OpState.WRITTEN}
    assert len(outcomes) == (0 if kind is FaultKind.LOST_BEFORE else count)
    rest = [op for op in ops if op.key not in outcomes]
    ids = {key: one.id for key, one in outcomes.items()} | (room.create(rest) if rest else {})
    held = room.held(type)
    assert len(held) == count + 1
    assert {key: held[id_].links for key, id_ in ids.items()} == {
        op.key: {DEALS: (op.links[0].id,)} for op in ops
    }


@BOTH
def test_twins_on_one_deal(type: ObjectType) -> None:
    """Of several that say the same on one deal those that landed are theirs, the rest is sent."""
    room = Room()
    (deal,) = room.deals(1).values()
    ops = creates(room, [record(type, f"a{i}", body="Same.") for i in range(4)], deal)
    sent = [Sent(op, room.clock.now()) for op in ops]
    room.create(ops[:1])
    room.lose["/batch/create"] = [FaultKind.LOST_AFTER]
    with pytest.raises(OutcomeUnknown):
        room.run(room.vendor.write(type, Action.CREATE, ops[1:2]))
    outcomes = recovered(room, type, sent)
    assert [one.state for one in outcomes.values()] == [OpState.WRITTEN] * 2
    rest = [op for op in ops if op.key not in outcomes]
    ids = {one.id for one in outcomes.values()} | set(room.create(rest).values())
    assert room.held(type).keys() == ids
    assert len(ids) == 4


def test_what_is_still_on_its_way_is_waited_for() -> None:
    """Nothing counts as absent before it could no longer come; what is there is not waited for."""
    room = Room()
    (deal,) = room.deals(1).values()
    ops = creates(room, [record(NOTES, "a")], deal)
    before = room.clock.now()
    assert recovered(room, NOTES, lose(room, ops, FaultKind.LOST_BEFORE)) == {}
    assert room.clock.now() - before >= timedelta(seconds=60)
    before = room.clock.now()
    found = recovered(room, NOTES, lose(room, ops, FaultKind.LOST_AFTER))
    assert found["a"].state is OpState.WRITTEN
    assert room.clock.now() - before < timedelta(seconds=60)
    room.clock.seconds += 3_600
    before = room.clock.now()
    sent = [Sent(creates(room, [record(NOTES, "b")], deal)[0], before - timedelta(hours=1))]
    assert recovered(room, NOTES, sent) == {}
    assert room.clock.now() - before < timedelta(seconds=10)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_wrong_clock_doubles_no_note(hours: int) -> None:
    """Though our clock was wrong by two hours, what landed is found, or a person is asked."""
    room = Room()
    (deal,) = room.deals(1).values()
    ops = creates(room, [record(NOTES, "a")], deal)
    (sent,) = lose(room, ops, FaultKind.LOST_AFTER)
    wrong = replace(sent, at=sent.at + timedelta(hours=hours))
    (outcome,) = recovered(room, NOTES, [wrong]).values()
    (id_,) = room.held(NOTES)
    if hours < 0:
        assert (outcome.state, outcome.id) == (OpState.WRITTEN, id_)
    else:
        assert (outcome.state, outcome.code) == (OpState.SENT, UNKNOWN)
        assert id_ in outcome.message


def test_what_nobody_can_know() -> None:
    """More of one text than were sent, and a note without a deal, are for a person to look at."""
    room = Room()
    (deal,) = room.deals(1).values()
    long = "A long story. " * 10
    ops = creates(room, [record(NOTES, "a", body=long)], deal)
    for _ in range(2):
        room.create(ops)
    orphan = replace(creates(room, [record(NOTES, "b")], deal)[0], links=())
    sent = [Sent(op, room.clock.now()) for op in (*ops, orphan)]
    outcomes = recovered(room, NOTES, sent)
    for key, words in (("a", ("A long story.", "...", "2 of that name")), ("b", ("Said b.",))):
        assert (outcomes[key].state, outcomes[key].code) == (OpState.SENT, UNKNOWN)
        assert outcomes[key].id is None
        assert all(word in outcomes[key].message for word in words)


def test_an_older_one_of_the_same_text_is_not_ours() -> None:
    """What was there for days is not taken for what was lost."""
    room = Room()
    (deal,) = room.deals(1).values()
    ops = creates(room, [record(NOTES, "a")], deal)
    old = room.create(ops)["a"]
    room.clock.seconds += 3 * 86_400
    assert recovered(room, NOTES, lose(room, ops, FaultKind.LOST_BEFORE)) == {}
    found = recovered(room, NOTES, lose(room, ops, FaultKind.LOST_AFTER))
    assert found["a"].state is OpState.WRITTEN
    assert found["a"].id != old


def test_changes_need_no_looking_for() -> None:
    """Updates and deletions without an answer are sent again."""
    room = Room()
    some = [Op(1, NOTES, action, "k", "5", {}) for action in (Action.UPDATE, Action.DELETE)]
    assert recovered(room, NOTES, [Sent(op, room.clock.now()) for op in some]) == {}
    assert room.paths() == []


def test_results_that_say_too_little() -> None:
    """One of a batch of one is its; of several nobody knows, and they are looked for."""

    def handle(_method: str, _path: str, body: Body) -> Answer:
        return reply(201, results=[{"id": str(i)} for i, _ in enumerate(body["inputs"], 1)])

    portal = Portal(handle)
    ops = [
        Op(i, NOTES, Action.CREATE, f"k{i}", None, {"hs_note_body": f"{i}", "hs_timestamp": AT})
        for i in (1, 2)
    ]
    assert portal.write(ops[:1], NOTES)["k1"].id == "1"
    with pytest.raises(OutcomeUnknown, match="k1, k2"):
        portal.write(ops, NOTES)


def test_a_note_of_which_no_date_is_told() -> None:
    """Nobody can say whose it is; a deal that is gone has none, so that it is sent again."""
    note = {"id": "9", "properties": {"hs_note_body": "x", "hs_timestamp": AT}}

    def handle(_method: str, path: str, body: Body) -> Answer:
        if path == "/crm/associations/contacts/notes/batch/read":
            gone = refusal("gone", "OBJECT_NOT_FOUND")
            there = [{"from": {"id": "5"}, "to": [{"toObjectId": 9}]}]
            return reply(207, results=there, errors=[gone])
        assert path == "/crm/objects/notes/batch/read"
        assert body["inputs"] == [{"id": "9"}]
        return reply(200, results=[note])

    portal = Portal(handle)
    properties = {"hs_note_body": "x", "hs_timestamp": AT}
    sent = [
        Sent(
            Op(1, NOTES, Action.CREATE, id_, None, properties, links=(Link(CONTACTS, "c", id_),)),
            portal.clock.now(),
        )
        for id_ in ("5", "6")
    ]
    (outcome,) = portal.clock.run(portal.vendor.recover(NOTES, sent))
    assert (outcome.key, outcome.state) == ("5", OpState.SENT)
    assert "9" in outcome.message
