"""Tasks and notes: on one record each, without a source key, and once however answers get lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import OutcomeUnknown
from migrator.model import (
    UNKNOWN,
    Action,
    Held,
    Link,
    ObjectType,
    Op,
    OpState,
    Place,
    Record,
    Sent,
    Shape,
)
from migrator.vendors.base import records
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import (
    COMPANIES,
    CONTACTS,
    DEALS,
    NOTES,
    TASKS,
    Portal,
    by_key,
    parents,
)
from tests.activecampaign.test_calls import a_deal
from tests.contract.base import outcomes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.model import Account

ALL = (DEALS, NOTES, TASKS)
BOTH = pytest.mark.parametrize("type", [NOTES, TASKS])
VALUES = {
    NOTES: {"body": "Called", "owner": "x@y.org", "created_at": "2026-01-02T03:04:05Z"},
    TASKS: {
        "title": "Ring",
        "body": "Ask",
        "kind": "Call",
        "due_at": "2026-05-01T08:00:00Z",
        "done": "false",
        "owner": "anna.berg@example.com",
    },
}
TEXT = {NOTES: "body", TASKS: "title"}


def record(type: ObjectType, key: str, **values: str) -> Record:
    """A task or a note of a deal."""
    given = {**VALUES[type], TEXT[type]: f"Text of {key}", **values}
    return Record(type, key, given, {DEALS: ("d",)}, Place("f", 1, 2))


async def started(portal: Portal, deals: int = 1) -> tuple[Account, list[str]]:
    """The account, and ids of so many deals."""
    ids = [await a_deal(portal.vendor.calls, f"D{n}") for n in range(deals)]
    return await portal.vendor.describe(ALL), ids


def creating(
    portal: Portal, account: Account, deal: str, *records: Record, type: ObjectType = DEALS
) -> list[Op]:
    """Ops that create these on a deal, or on something else."""
    ops = []
    for seq, one in enumerate(records, 1):
        encoded = portal.vendor.encode(one, account)
        assert encoded.problems == ()
        links = (Link(type, "d", deal),)
        ops.append(Op(seq, one.type, Action.CREATE, one.key, None, encoded.properties, links=links))
    return ops


async def all_of(portal: Portal, type: ObjectType) -> dict[str, Held]:
    """All of a type by id, with everything that is exported."""
    account = await portal.vendor.describe(ALL)
    names = portal.vendor.exported(type, account)
    return {held.id: held async for held in records(portal.open().pages(type, names))}


def on_create(kind: FaultKind) -> Callable[[httpx.Request], Fault | None]:
    """A fault on every creation of a task or a note."""

    def plan(request: httpx.Request) -> Fault | None:
        hit = request.method == "POST" and request.url.path.endswith(("/notes", "/dealTasks"))
        return Fault(kind) if hit else None

    return plan


async def lose(portal: Portal, ops: Sequence[Op], kind: FaultKind) -> list[Sent]:
    """Ops that were sent one by one, none of which was answered."""
    vendor = portal.open(on_create(kind))
    sent = [Sent(op, portal.clock.now()) for op in ops]
    for op in ops:
        with pytest.raises(OutcomeUnknown):
            await vendor.write(op.type, Action.CREATE, [op])
    return sent


@BOTH
def test_many_are_created_as_they_were(type: ObjectType) -> None:
    """One request each, as foretold; what is read decodes to what was written, on its deal."""
    portal = Portal()

    async def main() -> None:
        account, deals = await started(portal, 3)
        ops = [
            op
            for n in range(120)
            for op in creating(portal, account, deals[n % 3], record(type, f"r{n}"))
        ]
        portal.asked.clear()
        outcomes = await outcomes_of(portal.vendor, ops)
        linked = [replace(op, id=outcomes[op.key].id) for op in ops]
        assert {one.state for one in await portal.vendor.link(linked)} == {OpState.WRITTEN}
        shapes = Counter(Shape(type, Action.CREATE, frozenset(op.properties)) for op in ops)
        assert portal.asked.total() == portal.vendor.requests(shapes)[""] == 120
        held = await all_of(portal, type)
        assert len(held) == 120
        for n in range(120):
            one = held[str(outcomes[f"r{n}"].id)]
            assert one.links == {DEALS: (deals[n % 3],)}
            values = portal.vendor.decode(one, account)
            expected = {**VALUES[type], TEXT[type]: f"Text of r{n}"}
            assert values.items() >= expected.items()
            assert values.keys() <= {*expected, "created_at", "owner_id"}
            assert one.key is None

    portal.run(main())


@BOTH
def test_changes_and_deletions(type: ObjectType) -> None:
    """By id, without a link; as foretold; deleting what is gone is deleting."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(type, "r"))
        (outcome,) = await portal.vendor.write(type, Action.CREATE, [op])
        id_ = str(outcome.id)
        other = portal.vendor.encode(record(type, "r", **{TEXT[type]: "Other"}), account)
        change = Op(1, type, Action.UPDATE, id_, id_, other.properties)
        portal.asked.clear()
        (outcome,) = await portal.vendor.write(type, Action.UPDATE, [change])
        assert (outcome.key, outcome.state, outcome.id) == (id_, OpState.WRITTEN, id_)
        shape = Shape(type, Action.UPDATE, frozenset(change.properties))
        assert portal.asked.total() == portal.vendor.requests({shape: 1})[""]
        (held,) = (await all_of(portal, type)).values()
        assert portal.vendor.decode(held, account)[TEXT[type]] == "Other"
        assert held.links == {DEALS: (deal,)}
        for _ in range(2):
            gone = replace(change, action=Action.DELETE, properties={})
            (outcome,) = await portal.vendor.write(type, Action.DELETE, [gone])
            assert (outcome.key, outcome.state) == (id_, OpState.WRITTEN)
        assert await all_of(portal, type) == {}
        (outcome,) = await portal.vendor.write(type, Action.UPDATE, [change])
        assert outcome.state is OpState.REFUSED

    portal.run(main())


def test_what_cannot_be_blank_stays() -> None:
    """A text of a task can be cleared; the rest of it cannot, which is told."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(TASKS, "r"))
        (outcome,) = await portal.vendor.write(TASKS, Action.CREATE, [op])
        change = Op(
            1, TASKS, Action.UPDATE, "r", outcome.id, {"note": "", "duedate": "", "title": "New"}
        )
        (outcome,) = await portal.vendor.write(TASKS, Action.UPDATE, [change])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
        assert "duedate" in outcome.message
        (held,) = (await all_of(portal, TASKS)).values()
        values = portal.vendor.decode(held, account)
        assert (values["title"], "body" in values) == ("New", False)
        assert values["due_at"] == VALUES[TASKS]["due_at"]

    portal.run(main())


@pytest.mark.parametrize(
    ("type", "parent"), [(NOTES, CONTACTS), (NOTES, COMPANIES), (TASKS, CONTACTS)]
)
def test_other_parents(type: ObjectType, parent: ObjectType) -> None:
    """A contact or a company, where there is no deal; they are found again as any other."""
    portal = Portal()

    async def main() -> None:
        account, _ = await started(portal)
        (link,) = await parents(portal, parent, "Acme" if parent is COMPANIES else "a@x.org")
        first, second = creating(
            portal, account, str(link.id), record(type, "a"), record(type, "b"), type=parent
        )
        (outcome,) = await portal.vendor.write(type, Action.CREATE, [first])
        (held,) = (await all_of(portal, type)).values()
        assert (held.id, held.links) == (outcome.id, {parent: (link.id,)})
        sent = await lose(portal, [second], FaultKind.LOST_AFTER)
        (found,) = await portal.open().recover(type, sent)
        assert (found.key, found.state) == ("b", OpState.WRITTEN)
        assert len(await all_of(portal, type)) == 2

    portal.run(main())


@BOTH
def test_links_of_what_is_there(type: ObjectType) -> None:
    """It hangs on one deal for good; a second one is told, and a contact is the deal's affair."""
    portal = Portal()

    async def main() -> None:
        account, (deal, other) = await started(portal, 2)
        (op,) = creating(portal, account, deal, record(type, "r"))
        (outcome,) = await portal.vendor.write(type, Action.CREATE, [op])
        op = replace(op, id=outcome.id)
        both = replace(op, links=(*op.links, Link(DEALS, "other", other)))
        with_contact = replace(op, links=(Link(CONTACTS, "a", "1"), *op.links))
        moved = replace(op, action=Action.UPDATE, links=(Link(DEALS, "other", other),))
        same = replace(op, action=Action.UPDATE)
        told = await portal.vendor.link([both, with_contact, moved, same])
        assert [one.state for one in told] == [
            OpState.REFUSED,
            OpState.WRITTEN,
            OpState.REFUSED,
            OpState.WRITTEN,
        ]
        assert '"other"' in told[0].message

    portal.run(main())


# -- lost answers ----------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER])
def test_a_lost_answer_leaves_each_once(type: ObjectType, count: int, kind: FaultKind) -> None:
    """Found on its deal by its text, or sent again; also among many deals."""
    portal = Portal()

    async def main() -> None:
        account, deals = await started(portal, count)
        earlier = [creating(portal, account, deal, record(type, "e"))[0] for deal in deals]
        for op in earlier:
            await portal.vendor.write(type, Action.CREATE, [op])
        await portal.clock.sleep(3600)
        ops = [
            creating(portal, account, deal, record(type, f"r{n}"))[0]
            for n, deal in enumerate(deals)
        ]
        sent = await lose(portal, ops, kind)
        vendor = portal.open()
        found = by_key(await vendor.recover(type, sent))
        assert found.keys() == ({op.key for op in ops} if kind is FaultKind.LOST_AFTER else set())
        again = [op for op in ops if op.key not in found]
        for op in again:
            found |= by_key(await vendor.write(type, Action.CREATE, [op]))
        held = await all_of(portal, type)
        assert len(held) == 2 * count
        for op, deal in zip(ops, deals, strict=True):
            one = held[str(found[op.key].id)]
            assert one.links == {DEALS: (deal,)}
            assert portal.vendor.decode(one, account)[TEXT[type]] == f"Text of {op.key}"

    portal.run(main())


@BOTH
def test_what_says_the_same_and_is_older_is_not_ours(type: ObjectType) -> None:
    """An equal one of an hour ago is another's; one that this process made is known."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(type, "r"))
        await portal.open().write(type, Action.CREATE, [op])
        await portal.clock.sleep(3600)
        sent = await lose(portal, [op], FaultKind.LOST_BEFORE)
        assert await portal.open().recover(type, sent) == []
        vendor = portal.open()
        await vendor.write(type, Action.CREATE, [replace(op, key="twin")])
        assert await vendor.recover(type, sent) == []

    portal.run(main())


@BOTH
def test_equal_ones_are_interchangeable(type: ObjectType) -> None:
    """Of two rows that say the same one landed: one is written, the other is sent again."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(type, "r"))
        twin = replace(op, key="twin", seq=2)
        sent = await lose(portal, [op], FaultKind.LOST_AFTER)
        sent += await lose(portal, [twin], FaultKind.LOST_BEFORE)
        outcomes = await portal.open().recover(type, sent)
        assert [one.state for one in outcomes] == [OpState.WRITTEN]

    portal.run(main())


@BOTH
def test_one_too_many_is_for_a_person(type: ObjectType) -> None:
    """Somebody wrote the same at the same time: nothing tells which is whose."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(type, "r"))
        sent = await lose(portal, [op], FaultKind.LOST_AFTER)
        await portal.open().write(type, Action.CREATE, [replace(op, key="theirs")])
        (outcome,) = await portal.open().recover(type, sent)
        assert (outcome.key, outcome.state, outcome.code) == ("r", OpState.SENT, UNKNOWN)
        assert "Text of r" in outcome.message
        assert len(await all_of(portal, type)) == 2

    portal.run(main())


def test_notes_that_a_deal_does_not_list_are_found_among_all() -> None:
    """A deal's own list of notes is not documented: nothing is sent again for want of it."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(NOTES, "r"))
        sent = await lose(portal, [op], FaultKind.LOST_AFTER)
        answers: list[httpx.Response] = [
            httpx.Response(200, json={"notes": [], "meta": {"total": "0"}}),
            httpx.Response(404, json={"message": "No Result found"}),
        ]
        for answer in answers:
            portal.block("GET", f"/deals/{deal}/notes", answer)
            (outcome,) = await portal.open().recover(NOTES, sent)
            assert outcome.state is OpState.WRITTEN
        portal.block("GET", f"/deals/{deal}/notes", httpx.Response(409, json={"message": "no"}))
        with pytest.raises(Exception, match="409"):
            await portal.open().recover(NOTES, sent)

    portal.run(main())


@BOTH
def test_what_names_no_record_was_not_created(type: ObjectType) -> None:
    """It is refused before it leaves, and nothing is looked for; changes are just sent again."""
    portal = Portal()

    async def main() -> None:
        account, (deal,) = await started(portal)
        (op,) = creating(portal, account, deal, record(type, "r"))
        nowhere = replace(op, links=())
        (outcome,) = await portal.vendor.write(type, Action.CREATE, [nowhere])
        assert (outcome.state, outcome.code) == (OpState.REFUSED, "no_deal")
        change = replace(op, action=Action.UPDATE, id="1")
        sent = [Sent(one, portal.clock.now()) for one in (nowhere, change)]
        portal.asked.clear()
        assert await portal.vendor.recover(type, sent) == []
        assert portal.asked.total() == 0
        assert await portal.vendor.find(type, ["r"]) == {}

    portal.run(main())


# -- types of tasks --------------------------------------------------------------------------------


def test_types_of_tasks_are_checked_before_anything_is_written() -> None:
    """By title or id, of those of the account; others take the type of the option."""

    def code(given: dict[str, Any], **options: str) -> str:
        portal = Portal(options=options)

        async def main() -> str:
            account = await portal.vendor.describe(ALL)
            one = replace(
                record(TASKS, "r"), values={"title": "x", "due_at": "2026-01-01", **given}
            )
            encoded = portal.vendor.encode(one, account)
            if encoded.problems:
                return encoded.problems[0].code
            return encoded.properties.get("dealTasktype", "")

        return portal.run(main())

    assert code({"kind": "email"}) == "2"
    assert code({"kind": "Fax"}) == "unknown_option"
    assert code({"kind": "Fax"}, task_type="Call") == "1"
    assert code({}) == "missing_kind"
    assert code({}, task_type="Call") == ""


@pytest.mark.parametrize(
    ("properties", "option", "expected"),
    [
        ({"duedate": "2026-04-01T12:00:00+00:00"}, "", "missing_kind"),
        ({"dealTasktype": "1"}, "", "missing_due_at"),
        ({"dealTasktype": "Caal", "duedate": "2026-04-01T12:00:00+00:00"}, "", "unknown_task_type"),
        ({"duedate": "2026-04-01T12:00:00+00:00"}, "Email", ""),
    ],
)
def test_a_task_that_cannot_be_is_refused(
    properties: dict[str, str], option: str, expected: str
) -> None:
    """Without a due date or a type; the option's is given to a task that names none."""
    portal = Portal(options={"task_type": option})

    async def main() -> None:
        _, (deal,) = await started(portal)
        links = (Link(DEALS, "d", deal),)
        op = Op(1, TASKS, Action.CREATE, "r", None, properties, links=links)
        (outcome,) = await portal.vendor.write(TASKS, Action.CREATE, [op])
        assert outcome.code == expected
        assert (outcome.state is OpState.WRITTEN) == (not expected)

    portal.run(main())


# -- deals by key ----------------------------------------------------------------------------------


@pytest.mark.parametrize("custom_fields", ["list", "include"])
def test_deals_are_resolved_by_key(custom_fields: str) -> None:
    """For rows of notes that name their deal so; what is gone is not among them."""
    portal = Portal(options={"custom_fields": custom_fields})

    async def main() -> None:
        assert await portal.vendor.resolve(DEALS, ["k0"]) == {}
        account = await portal.prepared()
        ops = [portal.op(account, f"k{n}") for n in range(4)]
        made = by_key(await portal.vendor.write(DEALS, Action.CREATE, ops))
        found = await portal.open().resolve(DEALS, ["k1", "k3", "none", " "])
        assert found == {key: (made[key].id,) for key in ("k1", "k3")}
        (twin,) = await portal.vendor.write(DEALS, Action.CREATE, [ops[1]])
        found = await portal.open().resolve(DEALS, ["k1"])
        both = (str(made["k1"].id), str(twin.id))
        assert found["k1"] == both
        await portal.vendor.calls.deals.delete(both[0])
        assert await portal.open().resolve(DEALS, ["k1"]) == {"k1": both[1:]}

    portal.run(main())
