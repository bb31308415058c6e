"""What the tests of notes and tasks have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.model import Action, Link, ObjectType, Op, Place, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Account
    from tests.hubspot.room import Room

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
NOTES, TASKS = ObjectType.NOTES, ObjectType.TASKS
BOTH = pytest.mark.parametrize("type", [NOTES, TASKS])

AT = "2026-03-01T09:00:00Z"


def record(type: ObjectType, key: str, **values: str) -> Record:
    """A note or a task; what it must have is given."""
    needed = {"body": f"Said {key}.", "created_at" if type is NOTES else "due_at": AT}
    return Record(type, key, {**needed, **values}, {}, Place("notes.csv", 1, 2))


def described(room: Room) -> Account:
    """The account with the properties of all types."""
    found: Account = room.run(room.vendor.describe(list(ObjectType)))
    return found


def creates(room: Room, records: Sequence[Record], *deals: str) -> list[Op]:
    """Ops that create records on these deals, one after the other."""
    account = described(room)
    ops = []
    for seq, one in enumerate(records, 1):
        encoded = room.vendor.encode(one, account)
        assert encoded.problems == ()
        deal = deals[seq % len(deals)]
        links = (Link(DEALS, f"deal {deal}", deal),)
        ops.append(Op(seq, one.type, Action.CREATE, one.key, None, encoded.properties, links=links))
    room.sent.clear()
    return ops
