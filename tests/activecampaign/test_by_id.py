"""Deals of others, known by their ids alone: changed in bulk, in an account without a key field."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migrator.model import Action, Link, Op, OpState, Place, Record, Sent, Shape
from migrator.vendors.by_id import ById
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import COMPANIES, CONTACTS, DEALS, Portal, by_key, parents
from tests.activecampaign.test_calls import a_deal
from tests.contract.base import outcomes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx


async def others(portal: Portal, count: int) -> list[str]:
    """Ids of deals that another tool made; the account has no field for keys."""
    ids = [await a_deal(portal.vendor.calls, f"D{n}") for n in range(count)]
    assert await portal.vendor.tenant.key() is None
    portal.asked.clear()
    return ids


def changes(ids: Sequence[str], **properties: str) -> list[Op]:
    """Ops that change deals that are called by their ids."""
    return [Op(seq, DEALS, Action.UPDATE, id_, id_, properties) for seq, id_ in enumerate(ids, 1)]


def foretold(portal: Portal, ops: Sequence[Op]) -> int:
    """Requests that the plan tells of."""
    shapes = Counter(Shape(op.type, op.action, frozenset(op.properties)) for op in ops)
    return portal.vendor.requests(shapes)[""]


@pytest.mark.parametrize("moved", [0, 40])
def test_owners_of_many_are_changed_by_few_requests(moved: int) -> None:
    """Five for five hundred; a deal that goes to another stage takes one of its own."""
    portal = Portal()

    async def main() -> None:
        ids = await others(portal, 500 + moved)
        step = (500 + moved) // moved if moved else 0
        to_move = set(ids[::step][:moved]) if step else set()
        ops = changes(ids, owner="2")
        ops = [replace(op, properties={"stage": "2"}) if op.id in to_move else op for op in ops]
        outcomes = await outcomes_of(portal.vendor, ops)
        assert {one.state for one in outcomes.values()} == {OpState.WRITTEN}
        bulk = 6 if moved else 5
        assert portal.asked["PATCH deals/bulkUpdate"] == bulk
        assert portal.asked["PUT deals/{id}"] == moved
        assert portal.asked.total() == foretold(portal, ops) == bulk + moved
        deals = await portal.vendor.read(DEALS, ids, ["owner", "stage"])
        for id_, deal in deals.items():
            expected = ("1", "2") if id_ in to_move else ("2", "1")
            assert (deal.properties["owner"], deal.properties["stage"]) == expected

    portal.run(main())


@pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER])
def test_a_lost_answer_to_a_change_is_asked_for_again(kind: FaultKind) -> None:
    """Nothing is known of it, and to send it again does no harm."""
    portal = Portal()

    async def main() -> None:
        ids = await others(portal, 30)
        ops = changes(ids, owner="2")
        left = [1]

        def once(request: httpx.Request) -> Fault | None:
            if request.method != "PATCH" or not left:
                return None
            left.pop()
            return Fault(kind)

        vendor = portal.open(once)
        outcomes = by_key(await vendor.write(DEALS, Action.UPDATE, ops))
        sent = [Sent(op, portal.clock.now()) for op in ops if op.key not in outcomes]
        assert await vendor.recover(DEALS, sent) == []
        again = [one.op for one in sent]
        outcomes |= by_key(await vendor.write(DEALS, Action.UPDATE, again)) if again else {}
        assert outcomes.keys() == set(ids)
        deals = await vendor.read(DEALS, ids, ["owner"])
        assert {deal.properties["owner"] for deal in deals.values()} == {"2"}

    portal.run(main())


def test_links_are_made_and_taken_by_id() -> None:
    """No key is needed for either."""
    portal = Portal()

    async def main() -> None:
        (id_,) = await others(portal, 1)
        (ann,) = await parents(portal, CONTACTS, "second@x.org")
        (firm,) = await parents(portal, COMPANIES, "Acme")
        (op,) = changes([id_])
        op = replace(op, links=(ann, Link(COMPANIES, "Acme", firm.id)))
        for _ in range(2):
            (outcome,) = await portal.vendor.link([op])
            assert (outcome.key, outcome.state) == (id_, OpState.WRITTEN)
        linked = await portal.vendor.linked(DEALS, [id_], CONTACTS)
        assert ann.id in linked[id_]
        for _ in range(2):
            (outcome,) = await portal.vendor.unlink([replace(op, action=Action.UNLINK)])
            assert (outcome.key, outcome.state) == (id_, OpState.WRITTEN)
        linked = await portal.vendor.linked(DEALS, [id_], CONTACTS)
        assert ann.id not in linked[id_]
        assert await portal.vendor.linked(DEALS, [id_], COMPANIES) == {id_: frozenset()}

    portal.run(main())


def test_custom_values_of_deals_without_any() -> None:
    """Deals that have no value yet get theirs; what they have is changed, then cleared."""
    portal = Portal()

    async def main() -> None:
        ids = await others(portal, 15)
        field = await portal.vendor.calls.fields.create_meta(
            {"fieldLabel": "Seats", "fieldType": "number"}
        )
        account = await portal.vendor.describe([DEALS])
        assert field.label == account.fields[DEALS]["seats"].label
        for value in ("3", "4", ""):
            outcomes = await portal.vendor.write(DEALS, Action.UPDATE, changes(ids, seats=value))
            assert {one.state for one in outcomes} == {OpState.WRITTEN}
            deals = await portal.vendor.read(DEALS, ids, ["seats"])
            assert {deal.properties["seats"] for deal in deals.values()} == {value or None}

    portal.run(main())


def test_a_deal_that_is_gone_is_refused_by_itself() -> None:
    """The others of the same request are changed."""
    portal = Portal()

    async def main() -> None:
        ids = await others(portal, 5)
        await portal.vendor.calls.deals.delete(ids[2])
        outcomes = by_key(await portal.vendor.write(DEALS, Action.UPDATE, changes(ids, owner="2")))
        assert {key for key, one in outcomes.items() if one.state is OpState.REFUSED} == {ids[2]}

    portal.run(main())


def test_a_view_by_ids() -> None:
    """What the core asks of such an account: records under their ids, nothing else to write."""
    portal = Portal()

    async def main() -> None:
        ids = await others(portal, 3)
        view = ById(portal.vendor)
        account = await view.describe([DEALS])
        found = await view.find(DEALS, [*ids, "4711"], ["owner"])
        assert {key: held.key for key, held in found.items()} == {id_: id_ for id_ in ids}
        place = Record(DEALS, ids[0], {"owner": "anna.berg@example.com"}, {}, Place("f", 1, 2))
        encoded = view.encode(place, account)
        assert encoded.properties == {"owner": "1"}
        assert all(problem.only_to_create for problem in encoded.problems)

    portal.run(main())
