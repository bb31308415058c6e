"""Notes and tasks on deals: they have no key, and yet each is written once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import (
    ID_FIELDS,
    Action,
    Held,
    Link,
    ObjectType,
    Op,
    OpState,
    Place,
    Record,
    Shape,
)
from migrator.vendors.hubspot.activities import content, distinct
from tests.hubspot.activities import (
    AT,
    BOTH,
    COMPANIES,
    CONTACTS,
    DEALS,
    NOTES,
    TASKS,
    creates,
    described,
    record,
)
from tests.hubspot.room import Room

# -- what they hold --------------------------------------------------------------------------------


def test_what_was_written_decodes() -> None:
    """Everything a note or task holds comes back, but for the moment a task was made."""
    room = Room()
    (deal,) = room.deals(1).values()
    account = described(room)
    owner = account.owners[0].email
    note = record(NOTES, "n", body="First line\nSecond; \u201equoted\u201c", owner=owner)
    task = record(
        TASKS, "t", title="Call back", body="Soon", kind="to do", done="true", owner=owner
    )
    open_task = record(TASKS, "o", title="Later", kind="call", done="false", created_at=AT)
    expected = {
        "n": dict(note.values),
        "t": {**task.values, "kind": "Todo"},
        "o": {name: v for name, v in open_task.values.items() if name != "created_at"}
        | {"kind": "Call"},
    }
    for type, records in ((NOTES, [note]), (TASKS, [task, open_task])):
        ops = creates(room, records, deal)
        ids = room.create(ops)
        held = room.held(type, room.vendor.exported(type, account))
        for op in ops:
            sent = room.vendor.decode(Held(type, "1", None, op.properties), account)
            assert sent == expected[op.key]
            back = room.vendor.decode(held[ids[op.key]], account)
            assert expected[op.key].items() <= back.items()
            assert back.keys() - expected[op.key].keys() <= {"created_at"}
            assert not set(ID_FIELDS) & back.keys()
            assert held[ids[op.key]].links == {DEALS: (deal,)}
            for name, value in op.properties.items():
                assert room.vendor.same(type, name, value, held[ids[op.key]].properties[name])


@pytest.mark.parametrize(
    ("type", "values", "expected"),
    [
        (NOTES, {"body": "x"}, [("created_at", "missing_created_at", True)]),
        (TASKS, {"title": "x"}, [("due_at", "missing_due_at", True)]),
        (TASKS, {"due_at": AT, "kind": "lunch"}, [("kind", "unknown_option", False)]),
        (TASKS, {"due_at": AT, "done": "perhaps"}, [("done", "invalid_bool", False)]),
        (TASKS, {"due_at": "soon"}, [("due_at", "invalid_datetime", False)]),
        (NOTES, {"created_at": AT, "body": "x" * 65_537}, [("body", "too_long", False)]),
        (NOTES, {"created_at": AT, "title": "x"}, [("title", "unknown_field", False)]),
        (TASKS, {"due_at": AT, "created_at": "whenever", "probability": "1"}, []),
    ],
)
def test_what_cannot_be_held(
    type: ObjectType, values: dict[str, str], expected: list[tuple[str, str, bool]]
) -> None:
    """Each is a problem of the row; what HubSpot sets by itself is left out."""
    room = Room()
    account = replace(room.account, fields={})
    one = Record(type, "k", values, {}, Place("notes.csv", 1, 2))
    encoded = room.vendor.encode(one, account)
    assert [(p.field, p.code, p.only_to_create) for p in encoded.problems] == expected
    assert not {"hs_createdate", "migrator_key"} & encoded.properties.keys()
    assert "tasks.created_at" in room.vendor.capabilities.ignored


def test_a_task_that_is_under_way_is_not_done() -> None:
    """There are several ways of not being done: none of them is changed into another."""
    room = Room()
    for status in ("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED"):
        assert room.vendor.same(TASKS, "hs_task_status", "NOT_STARTED", status)
        assert not room.vendor.same(TASKS, "hs_task_status", "COMPLETED", status)


# -- writing ---------------------------------------------------------------------------------------


@BOTH
def test_many_are_created(type: ObjectType) -> None:
    """Each gets its own id and is on its own deal; as many requests as foretold."""
    room = Room()
    deals = list(room.deals(7).values())
    ops = creates(room, [record(type, f"a{i}") for i in range(230)], *deals)
    ids = room.create(ops)
    assert len(set(ids.values())) == 230
    shape = Shape(type, Action.CREATE, frozenset(ops[0].properties), (DEALS,))
    assert len(room.paths()) == sum(room.vendor.requests({shape: 230}).values()) == 3
    held = room.held(type, ["hs_note_body" if type is NOTES else "hs_task_body"])
    for op in ops:
        one = held[ids[op.key]]
        assert one.links == {DEALS: (str(op.links[0].id),)}
        assert set(one.properties.values()) == {f"Said {op.key}."}


@BOTH
@pytest.mark.parametrize("echo", [True, False])
def test_the_same_on_several_deals(type: ObjectType, echo: bool) -> None:
    """Activities that say the same are not mistaken for each other, whatever results repeat."""
    room = Room(trace_id_echo=echo)
    deals = list(room.deals(4).values())
    records = [record(type, f"a{i}", body="Left a message.") for i in range(4)]
    ops = creates(room, [*records, record(type, "other")], *deals)
    ids = room.create(ops)
    held = room.held(type)
    for op in ops:
        assert held[ids[op.key]].links == {DEALS: (str(op.links[0].id),)}


@BOTH
def test_changes_and_deletions(type: ObjectType) -> None:
    """Updates and deletions go by id; a bad one costs one row."""
    room = Room()
    (deal,) = room.deals(1).values()
    ops = creates(room, [record(type, f"a{i}") for i in range(4)], deal)
    ids = room.create(ops)
    name = "hs_note_body" if type is NOTES else "hs_task_body"
    updates = [
        replace(op, action=Action.UPDATE, id=ids[op.key], properties={name: f"New {op.key}"})
        for op in ops
    ]
    updates[2] = replace(updates[2], properties={"hs_timestamp": "never"})
    outcomes = {o.key: o for o in room.run(room.vendor.write(type, Action.UPDATE, updates))}
    refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
    assert refused == {"a2"}
    held = room.held(type, [name])
    texts = {key: held[id_].properties[name] for key, id_ in ids.items()}
    assert texts == {"a0": "New a0", "a1": "New a1", "a2": "Said a2.", "a3": "New a3"}
    room.write([replace(op, action=Action.DELETE, id=ids[op.key]) for op in ops[:3]])
    assert room.held(type).keys() == {ids["a3"]}


def test_a_bad_create_costs_one_row() -> None:
    """The blame of a batch falls on the row that has it, key or no key."""
    room = Room()
    (deal,) = room.deals(1).values()
    ops = creates(room, [record(NOTES, f"a{i}") for i in range(5)], deal)
    ops[3] = replace(ops[3], properties={**ops[3].properties, "hubspot_owner_id": "none"})
    outcomes = {o.key: o for o in room.run(room.vendor.write(NOTES, Action.CREATE, ops))}
    refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
    assert (len(outcomes), refused) == (5, {"a3"})
    assert len(room.held(NOTES)) == 4


@BOTH
def test_links_come_and_go(type: ObjectType) -> None:
    """A note or task is linked to deals, people and companies later, too, and parted again."""
    room = Room()
    (deal, other) = room.deals(2).values()
    person = room.record("contacts", email="a@example.com")
    firm = room.record("companies", name="Acme")
    (op,) = creates(room, [record(type, "a")], deal)
    id_ = room.create([op])["a"]
    links = (Link(DEALS, "k2", other), Link(CONTACTS, "a", person), Link(COMPANIES, "b", firm))
    later = replace(op, action=Action.UPDATE, id=id_, links=links)
    (outcome,) = room.run(room.vendor.link([later]))
    assert outcome.state is OpState.WRITTEN
    assert {to: set(ids) for to, ids in room.held(type)[id_].links.items()} == {
        DEALS: {deal, other},
        CONTACTS: {person},
        COMPANIES: {firm},
    }
    assert room.run(room.vendor.linked(type, [id_], DEALS)) == {id_: {deal, other}}
    (outcome,) = room.run(room.vendor.unlink([replace(later, action=Action.UNLINK)]))
    assert outcome.state is OpState.WRITTEN
    assert room.held(type)[id_].links == {DEALS: (deal,)}


def test_deals_by_their_key() -> None:
    """Rows of notes name their deal by its source key; notes themselves have no names."""
    room = Room()
    ids = room.deals(3)
    names = ["k1", "k3", "nobody", ""]
    assert room.run(room.vendor.resolve(DEALS, names)) == {"k1": (ids["k1"],), "k3": (ids["k3"],)}
    assert room.run(room.vendor.resolve(NOTES, ["k1"])) == {}


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_twins_are_kept_apart(bodies: list[str]) -> None:
    """Each op is in one batch, no batch has two that say the same, and no fewer would do."""
    ops = [
        Op(i, NOTES, Action.CREATE, f"k{i}", None, {"hs_note_body": body, "hs_timestamp": AT})
        for i, body in enumerate(bodies, 1)
    ]
    batches = distinct(ops)
    assert sorted(op.seq for batch in batches for op in batch) == [op.seq for op in ops]
    for batch in batches:
        assert len({op.properties["hs_note_body"] for op in batch}) == len(batch)
    assert len(batches) == max(Counter(bodies).values(), default=0)


def test_what_hubspot_makes_of_a_text() -> None:
    """Markup, entities, spaces and the way a moment is written make no other note."""
    ours = {"hs_note_body": "Tom & Ann:\n a < b", "hs_timestamp": AT}
    theirs = {
        "hs_note_body": "<p>Tom &amp; Ann:</p><p>a &lt; b</p>",
        "hs_timestamp": "1772355600000",
    }
    assert content(NOTES, ours) == content(NOTES, theirs)
    assert content(NOTES, ours) != content(NOTES, {**theirs, "hs_timestamp": None})
    assert content(NOTES, ours) != content(NOTES, {**theirs, "hs_note_body": "Tom"})
