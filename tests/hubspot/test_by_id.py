"""Changes of records by their ids: no key field is needed, and the fewest requests are sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Action, Link, ObjectType, Op, OpState, Sent, Shape
from tests.hubspot.room import Room

if TYPE_CHECKING:
    from collections.abc import Sequence

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES


def foreign(room: Room, count: int) -> list[str]:
    """Ids of deals that other tools made."""
    given = {"dealname": "D", "pipeline": "default", "dealstage": "qualifiedtobuy"}
    return [room.record("deals", **given) for _ in range(count)]


def changes(ids: Sequence[str], **properties: str) -> list[Op]:
    """Updates whose key is the record's id."""
    return [Op(i, DEALS, Action.UPDATE, id_, id_, properties) for i, id_ in enumerate(ids, 1)]


def foretold(room: Room, some: Sequence[Op]) -> int:
    """Requests that the plan shows for these ops."""
    shapes = Counter(
        Shape(op.type, op.action, frozenset(op.properties), tuple(link.type for link in op.links))
        for op in some
    )
    return sum(room.vendor.requests(shapes).values())


def test_what_a_cleanup_costs() -> None:
    """500 owners are 5 requests; with 40 stages more it is 6: a batch may change anything."""
    room = Room(keyed=False)
    ids = foreign(room, 540)
    owner = room.account.owners[0].id
    owners = changes(ids[:500], hubspot_owner_id=owner)
    stages = changes(ids[500:], dealstage="contractsent", pipeline="default")
    for some, requests in ((owners, 5), ([*owners, *stages], 6)):
        room.sent.clear()
        assert {key: one.id for key, one in room.write(some).items()} == {
            op.key: op.id for op in some
        }
        assert len(room.paths()) == foretold(room, some) == requests
    names = ["hubspot_owner_id", "dealstage"]
    held = room.run(room.vendor.read(DEALS, ids, names))
    assert [held[id_].properties["hubspot_owner_id"] for id_ in ids] == [owner] * 500 + [None] * 40
    assert [held[id_].properties["dealstage"] for id_ in ids[499:]] == [
        "qualifiedtobuy",
        *["contractsent"] * 40,
    ]
    assert {one.key for one in held.values()} == {None}


def test_reading_by_id_costs_a_request_a_hundred() -> None:
    """What a plan asks for before it changes 540 deals."""
    room = Room(keyed=False)
    ids = foreign(room, 540)
    room.sent.clear()
    assert room.run(room.vendor.read(DEALS, ids, ["dealname"])).keys() == set(ids)
    assert len(room.paths()) == 6


def test_a_lost_answer_is_sent_again() -> None:
    """Of updates by id nothing needs to be found out: ``recover`` asks nothing."""
    room = Room(keyed=False)
    some = changes(foreign(room, 3), dealname="New")
    room.sent.clear()
    sent = [Sent(op, room.clock.now()) for op in some]
    assert room.run(room.vendor.recover(DEALS, sent)) == []
    assert room.paths() == []


def test_links_by_id() -> None:
    """Linking and parting go by ids alone, as foretold; a deal that is gone is the only refusal."""
    room = Room(keyed=False)
    ids = foreign(room, 120)
    person = room.record("contacts", email="a@example.com")
    links = (Link(CONTACTS, "a@example.com", person),)
    some = [replace(op, links=links) for op in changes(ids)]
    room.sent.clear()
    outcomes = room.run(room.vendor.link(some))
    assert {(one.key, one.state) for one in outcomes} == {(id_, OpState.WRITTEN) for id_ in ids}
    assert len(room.paths()) == foretold(room, some) == 2
    linked = room.run(room.vendor.linked(DEALS, ids, CONTACTS))
    assert set(linked.values()) == {frozenset({person})}
    room.sent.clear()
    parted = [replace(op, action=Action.UNLINK) for op in some]
    outcomes = room.run(room.vendor.unlink(parted))
    assert {(one.key, one.state) for one in outcomes} == {(id_, OpState.WRITTEN) for id_ in ids}
    assert len(room.paths()) == foretold(room, parted) == 2
    linked = room.run(room.vendor.linked(DEALS, ids, CONTACTS))
    assert set(linked.values()) == {frozenset()}


def test_deleting_by_id() -> None:
    """Records go by their ids; one that is gone already counts as deleted."""
    room = Room(keyed=False)
    ids = foreign(room, 3)
    gone = [Op(1, DEALS, Action.DELETE, ids[0], ids[0], {})]
    room.write(gone)
    room.write([Op(i, DEALS, Action.DELETE, id_, id_, {}) for i, id_ in enumerate(ids, 1)])
    assert room.held(DEALS) == {}
