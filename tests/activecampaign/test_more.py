"""What goes wrong for one record must not cost others; what is lost must not be taken for done."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import MigratorError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.model import Action, Link, Op, OpState, Sent
from migrator.vendors.activecampaign.http import PAGE, Page, every
from migrator.vendors.activecampaign.options import ActiveCampaignOptions
from migrator.vendors.activecampaign.recover import waits
from migrator.vendors.activecampaign.values import Wire
from migrator.vendors.base import records
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import CONTACTS, DEALS, NOTES, Portal, by_key, update
from tests.support import Rehearsal
from tests.test_every_vendor import TEMPLATE, everyone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migrator.model import ObjectType, Outcome

_DAY = 86_400


def posts(kind: FaultKind) -> Callable[[httpx.Request], Fault | None]:
    """A fault on every POST of a deal."""

    def plan(request: httpx.Request) -> Fault | None:
        hit = request.method == "POST" and request.url.path.endswith("/deals")
        return Fault(kind) if hit else None

    return plan


async def lose(
    portal: Portal, ops: Sequence[Op], kind: FaultKind = FaultKind.LOST_AFTER
) -> list[Sent]:
    """Ops that were sent one by one, none of which was answered."""
    vendor = portal.open(posts(kind))
    sent = [Sent(op, portal.clock.now()) for op in ops]
    for op in ops:
        with pytest.raises(OutcomeUnknown):
            await vendor.write(DEALS, Action.CREATE, [op])
    return sent


def store_only(portal: Portal, keep: Callable[[list[Any]], list[Any]]) -> Callable[[], None]:
    """Let deals be created with some of their custom fields; returns what ends it."""
    handle = portal.sandbox.handle

    def partly(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/deals"):
            body = json.loads(request.content)
            body["deal"]["fields"] = keep(body["deal"]["fields"])
            headers = {"Api-Token": "secret"}
            request = httpx.Request("POST", request.url, headers=headers, json=body)
        response: httpx.Response = handle(request)
        return response

    def end() -> None:
        portal.sandbox.handle = handle

    portal.sandbox.handle = partly
    return end


async def existing(portal: Portal, count: int, **values: str) -> tuple[list[Op], dict[str, str]]:
    """Ops of deals that are in the account, and their ids by key."""
    account = await portal.prepared()
    ops = [portal.op(account, f"k{n}", **values) for n in range(count)]
    outcomes = await portal.vendor.write(DEALS, Action.CREATE, ops)
    return ops, {one.key: str(one.id) for one in outcomes}


# -- recovery --------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True])
def test_a_deal_that_landed_without_some_fields_is_completed(many: bool) -> None:
    """Its key was stored and another field was not: the answer that is lost would have said so."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        count = 12 if many else 1
        ops = [
            portal.op(account, f"k{n}", custom_source_note="n", custom_seats="3")
            for n in range(count)
        ]
        end = store_only(portal, lambda fields: fields[:1])
        sent = await lose(portal, ops)
        assert {held.properties["seats"] for held in (await portal.held()).values()} == {None}
        end()
        outcomes = await portal.open().recover(DEALS, sent)
        assert {(one.state, one.code) for one in outcomes} == {(OpState.WRITTEN, "")}
        assert len(outcomes) == count
        held = await portal.held()
        assert {one.properties["seats"] for one in held.values()} == {"3"}

    portal.run(main())


def test_what_a_person_changed_meanwhile_is_left_alone() -> None:
    """Only blank fields are filled when a deal is found days later."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k", custom_source_note="ours", custom_seats="3")
        end = store_only(portal, lambda fields: fields[:2])
        sent = await lose(portal, [op])
        end()
        field = (await portal.vendor.tenant.fields()).meta("source_note")
        assert field is not None
        (deal,) = (await portal.held()).values()
        for datum in await portal.vendor.calls.fields.data_of(deal.id):
            if datum.field == field.id:
                await portal.vendor.calls.fields.update_datum(datum.id, Wire("theirs"))
        await portal.clock.sleep(2 * _DAY)
        assert by_key(await portal.open().recover(DEALS, sent)).keys() == {"k"}
        held = (await portal.held())["k"].properties
        assert (held["source_note"], held["seats"]) == ("theirs", "3")

    portal.run(main())


def test_a_deleted_key_field_is_told_and_no_crash() -> None:
    """The deal is there and cannot be given its key: written, with a remark that says so."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        sent = await lose(portal, [portal.op(account, "k")])
        key = await portal.vendor.tenant.key()
        assert key is not None
        await portal.vendor.calls.fields.delete_meta(key.id)
        (outcome,) = await portal.open().recover(DEALS, sent)
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
        assert "by hand" in outcome.message

    portal.run(main())


def test_a_deal_that_was_adopted_is_named() -> None:
    """Looks are no proof: the user is told which deal was taken for the row's."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k", amount="7")
        end = store_only(portal, lambda _: [])
        sent = await lose(portal, [op])
        end()
        (outcome,) = await portal.open().recover(DEALS, sent)
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "adopted")
        assert f"deal {outcome.id}" in outcome.message
        assert (await portal.held()).keys() == {"k"}

    portal.run(main())


def test_one_deal_is_never_two_rows() -> None:
    """A row of which a parent is not known fits the deal of another row: that one takes it."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        ann = await portal.vendor.calls.people.sync_contact({"email": "ann@example.com"})
        rows = [portal.op(account, key) for key in ("vague", "sure")]
        rows = [replace(op, properties={**op.properties, "title": "Same"}) for op in rows]
        vague = replace(rows[0], links=(Link(CONTACTS, "x"),))
        sure = replace(rows[1], links=(Link(CONTACTS, "a", ann.id),))
        end = store_only(portal, lambda _: [])
        await lose(portal, [sure])
        end()
        sent = [Sent(op, portal.clock.now()) for op in (vague, sure)]
        assert by_key(await portal.open().recover(DEALS, sent)).keys() == {"sure"}

    portal.run(main())


@pytest.mark.parametrize(
    ("kind", "most"), [(FaultKind.LOST_AFTER, 10), (FaultKind.LOST_BEFORE, 20)]
)
def test_one_lost_answer_among_many_deals_is_cheap(kind: FaultKind, most: int) -> None:
    """What looks like the row is read first, and what has a key is read once for all looks."""
    portal = Portal()

    async def main() -> None:
        ops, _ = await existing(portal, 400)
        lost = replace(ops[0], key="lost", properties={**ops[0].properties, "title": "Lost"})
        lost = replace(lost, properties={**lost.properties, "migrator_key": "lost"})
        sent = await lose(portal, [lost], kind)
        before = portal.asked.total()
        outcomes = await portal.open().recover(DEALS, sent)
        assert len(outcomes) == (kind is FaultKind.LOST_AFTER)
        assert portal.asked.total() - before <= most

    portal.run(main())


@pytest.mark.parametrize("type", [DEALS, NOTES])
@pytest.mark.parametrize("seconds", [0.0, 4.4, 22.0])
def test_the_time_spent_on_what_was_lost_is_the_users_choice(
    type: ObjectType, seconds: float
) -> None:
    """As long as the option says, and with one look at least."""
    portal = Portal()

    async def main() -> None:
        ops, ids = await existing(portal, 1)
        lost = replace(ops[0], key="lost", properties={**ops[0].properties, "title": "Lost"})
        if type is NOTES:
            links = (Link(DEALS, "k0", ids["k0"]),)
            lost = replace(lost, type=type, properties={"note": "n"}, links=links)
        vendor = portal.open(lost_answer_seconds=seconds)
        before, began = portal.asked.total(), portal.clock.seconds
        assert await vendor.recover(lost.type, [Sent(lost, portal.clock.now())]) == []
        assert seconds - 0.1 < portal.clock.seconds - began < seconds + 3
        assert portal.asked.total() > before

    portal.run(main())


def test_the_default_time_is_careful() -> None:
    """The waits add up to the option's value, which is 22 seconds unless somebody says less."""
    assert sum(waits(ActiveCampaignOptions())) == pytest.approx(22)
    assert waits(ActiveCampaignOptions(lost_answer_seconds=0)) == [0.0]


# -- one record does not sink its batch ------------------------------------------------------------


def blocking(portal: Portal, deal: str, answer: httpx.Response) -> None:
    """Answer every PUT to one deal so."""
    portal.block("PUT", f"/deals/{deal}", answer)


@pytest.mark.parametrize("fault", [Fault(FaultKind.STATUS, 500), Fault(FaultKind.LOST_AFTER)])
def test_an_update_without_an_answer_leaves_the_others_theirs(fault: Fault) -> None:
    """Of a batch, all but the one that gets no answer have an outcome."""
    portal = Portal()

    async def main() -> None:
        ops, ids = await existing(portal, 6)
        changes = [update(op, ids[op.key], title="New") for op in ops]

        def one(request: httpx.Request) -> Fault | None:
            hit = request.method == "PUT" and request.url.path.endswith(f"/deals/{ids['k2']}")
            return fault if hit else None

        outcomes = await portal.open(one).write(DEALS, Action.UPDATE, changes)
        assert by_key(outcomes).keys() == ids.keys() - {"k2"}

    portal.run(main())


def test_a_dead_server_is_not_asked_for_every_row() -> None:
    """When two rows after each other get no answer, the rest is not tried."""
    portal = Portal()

    async def main() -> None:
        ops, ids = await existing(portal, 6)
        changes = [update(op, ids[op.key], title="New") for op in ops]
        tried: set[str] = set()

        def later(request: httpx.Request) -> Fault | None:
            tried.add(request.url.path)
            return Fault(FaultKind.STATUS, 500) if len(tried) > 2 else None

        outcomes = await portal.open(later).write(DEALS, Action.UPDATE, changes)
        assert by_key(outcomes).keys() == {"k0", "k1"}
        assert len(tried) == 4
        with pytest.raises(OutcomeUnknown):
            await portal.open(later).write(DEALS, Action.UPDATE, changes)

    portal.run(main())


@pytest.mark.parametrize("body", ["{}", '{"message": "No right."}', "<html>Blocked</html>"])
def test_a_record_that_is_forbidden_is_refused_by_itself(body: str) -> None:
    """The key may change other deals, so that a 403 is about this one; and it is asked for."""
    portal = Portal()

    async def main() -> None:
        ops, ids = await existing(portal, 4)
        blocking(portal, ids["k2"], httpx.Response(403, text=body))
        changes = [update(op, ids[op.key], title="New") for op in ops]
        outcomes = by_key(await portal.vendor.write(DEALS, Action.UPDATE, changes))
        assert outcomes["k2"].code == "forbidden"
        assert Counter(one.state for one in outcomes.values()) == {
            OpState.WRITTEN: 3,
            OpState.REFUSED: 1,
        }

    portal.run(main())


def test_a_deal_that_may_not_be_created_is_refused_by_itself() -> None:
    """Others were created by the same key; it is not sent to the rest's harm, nor twice."""
    portal = Portal()

    def firewall(request: httpx.Request) -> Fault | None:
        hit = request.method == "POST" and b"<script>" in request.content
        return Fault(FaultKind.STATUS, 403, body="<html>Attention</html>") if hit else None

    async def main() -> None:
        account = await portal.prepared()
        ops = [portal.op(account, f"k{n}") for n in range(3)]
        bad = replace(ops[1], properties={**ops[1].properties, "title": "<script>"})
        vendor = portal.open(firewall)
        with pytest.raises(Unauthorized):
            await vendor.write(DEALS, Action.CREATE, [bad])
        for op, state in ((ops[0], "written"), (bad, "refused"), (ops[2], "written")):
            (outcome,) = await vendor.write(DEALS, Action.CREATE, [op])
            assert outcome.state == state
        assert "Attention" in (await vendor.write(DEALS, Action.CREATE, [bad]))[0].message
        assert (await portal.held()).keys() == {"k0", "k2"}

    portal.run(main())


def test_a_key_that_may_do_nothing_stops_the_run() -> None:
    """The first thing that is forbidden stops it, and so does too much of it after each other."""
    portal = Portal()

    async def main() -> None:
        ops, ids = await existing(portal, 14)
        changes = [update(op, ids[op.key], title="New") for op in ops]

        def never(request: httpx.Request) -> Fault | None:
            return Fault(FaultKind.STATUS, 403) if request.method == "PUT" else None

        with pytest.raises(Unauthorized):
            await portal.open(never).write(DEALS, Action.UPDATE, changes)

        def soon(request: httpx.Request) -> Fault | None:
            good = request.url.path.endswith(f"/deals/{ids['k0']}")
            return None if good else never(request)

        vendor = portal.open(soon)
        outcomes = await vendor.write(DEALS, Action.UPDATE, changes)
        assert Counter(one.code for one in outcomes) == {"": 1, "forbidden": 10}
        with pytest.raises(Unauthorized):
            await vendor.write(DEALS, Action.UPDATE, changes[-2:])

    portal.run(main())


def test_a_key_that_was_revoked_refuses_no_row() -> None:
    """The key is asked for itself before a row is blamed."""
    portal = Portal()

    async def main() -> None:
        ops, ids = await existing(portal, 3)
        changes = [update(op, ids[op.key], title="New") for op in ops]
        gone = [False]

        def revoked(request: httpx.Request) -> Fault | None:
            gone[0] = gone[0] or request.url.path.endswith(f"/deals/{ids['k1']}")
            return Fault(FaultKind.STATUS, 403) if gone[0] else None

        vendor = portal.open(revoked)
        outcomes = await vendor.write(DEALS, Action.UPDATE, changes)
        assert by_key(outcomes).keys() == {"k0"}
        with pytest.raises(Unauthorized):
            await vendor.write(DEALS, Action.UPDATE, changes[1:])

    portal.run(main())


@pytest.mark.parametrize("status", [403, 500])
def test_the_books_know_what_was_updated(tmp_path: Path, status: int) -> None:
    """One deal that cannot be updated: the others are written, in the account and in the books."""
    rehearsal = Rehearsal(
        tmp_path, vendor="activecampaign", settings={"default_contact": "o@example.com"}
    )
    template = rehearsal.template(TEMPLATE)
    rehearsal.load(template, rehearsal.source(everyone(12, contact=lambda _: "")))
    changed = everyone(12, contact=lambda _: "", amount=lambda n: f"{n}.75")
    run = rehearsal.plan(template, rehearsal.source(changed)).run

    def one(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and request.url.path.endswith("/deals/7"):
            return httpx.Response(status, json={})
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(one)
    rehearsal.execute(run)
    space = rehearsal.workspace()
    states = Counter(
        state for (_, _, state), n in space.journal.counts(run.id).items() for _ in range(n)
    )
    space.close()
    assert states == {OpState.WRITTEN: 11, OpState.REFUSED: 1}


# -- custom values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", ["skip", "refuse"])
def test_a_value_that_was_cleared_meanwhile_is_written_all_the_same(unknown: str) -> None:
    """The bulk answer leaves out a value that is there no more: its deal gets a PUT."""
    portal = Portal(imitated={"bulk_unknown": unknown})

    async def main() -> None:
        ops, ids = await existing(portal, 12, custom_source_note="a")
        async for _ in records(portal.vendor.pages(DEALS)):
            pass  # all ids of values are known now
        field = (await portal.vendor.tenant.fields()).meta("source_note")
        assert field is not None
        for datum in await portal.vendor.calls.fields.data_of(ids["k3"]):
            if datum.field == field.id:
                await portal.vendor.calls.fields.delete_datum(datum.id)
        changes = [update(op, ids[op.key], source_note="b") for op in ops]
        outcomes = await portal.vendor.write(DEALS, Action.UPDATE, changes)
        assert len(by_key(outcomes)) == 12
        held = await portal.held()
        assert {one.properties["source_note"] for one in held.values()} == {"b"}

    portal.run(main())


def test_an_update_whose_answer_says_nothing_of_its_fields_is_looked_at() -> None:
    """As for a create: what the answer does not say is read, and repaired where it is missing."""
    portal = Portal()

    def silent(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = response.json()
        body["deal"].pop("customFieldSaveStatus")
        return httpx.Response(200, json=body)

    async def main() -> None:
        ops, ids = await existing(portal, 1)
        portal.alter("PUT", f"/deals/{ids['k0']}", silent)
        change = update(ops[0], ids["k0"], source_note="b", title="New")
        (outcome,) = await portal.vendor.write(DEALS, Action.UPDATE, [change])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "")
        assert portal.asked["GET dealCustomFieldData"] == 1

    portal.run(main())


def test_rows_that_move_up_from_behind_the_end_are_read() -> None:
    """So many are deleted while a list is read that the next page is empty: none is missed."""
    left = list(range(1, 250))
    gone = range(1, 70)

    async def read(offset: int) -> Page:
        if offset > 150:
            left[:] = [row for row in left if row not in gone]
        rows = left[offset : offset + PAGE]
        return Page([{"id": str(row)} for row in rows], len(left))

    async def main() -> set[str]:
        return {row["id"] async for page in every([read], "rows") for row in page.rows}

    assert asyncio.run(main()) >= {str(row) for row in left}


def rename(rows: list[Any], old: str) -> list[Any]:
    """The rows with one of their names spelled otherwise."""
    return [{("other" if name == old else name): row[name] for name in row} for row in rows]


@pytest.mark.parametrize(
    ("option", "path", "name"),
    [("list", "/dealCustomFieldData", "customFieldId"), ("include", "/deals", "custom_field_id")],
)
def test_values_that_cannot_be_read_are_no_blank_keys(option: str, path: str, name: str) -> None:
    """A key that is not understood would make every deal look new: reading stops instead."""
    portal = Portal(options={"custom_fields": option})

    def odd(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = response.json()
        rows = rename(body["dealCustomFieldData"], name)
        rows = rename(rows, "dealCustomFieldMetumId")
        return httpx.Response(200, json={**body, "dealCustomFieldData": rows})

    async def main() -> None:
        await existing(portal, 3)
        portal.alter("GET", path, odd)
        with pytest.raises(MigratorError, match="form"):
            await portal.held()

    portal.run(main())


# -- links -----------------------------------------------------------------------------------------


async def linked(portal: Portal, faults: Callable[[httpx.Request], Fault | None]) -> list[Outcome]:
    """Link a deal to a second and a third contact."""
    account = await portal.prepared()
    people = [
        await portal.vendor.calls.people.sync_contact({"email": f"{name}@example.com"})
        for name in "abc"
    ]
    links = [Link(CONTACTS, one.email, one.id) for one in people]
    op = portal.op(account, "k", *links)
    (created,) = await portal.vendor.write(DEALS, Action.CREATE, [op])
    return await portal.open(faults).link([replace(op, id=created.id)])


@pytest.mark.parametrize(
    ("kind", "state"),
    [(FaultKind.LOST_AFTER, OpState.WRITTEN), (FaultKind.LOST_BEFORE, OpState.REFUSED)],
)
def test_a_link_without_an_answer_is_looked_for(kind: FaultKind, state: OpState) -> None:
    """Sent several times without an answer: it is there, or the row says that it is not."""
    portal = Portal()

    def second(request: httpx.Request) -> Fault | None:
        body = request.content
        hit = request.method == "POST" and request.url.path.endswith("/contactDeals")
        return Fault(kind) if hit and json.loads(body)["contactDeal"]["contact"] == 2 else None

    async def main() -> None:
        (outcome,) = await linked(portal, second)
        assert outcome.state is state
        assert ("b@example.com" in outcome.message) == (state is OpState.REFUSED)
        held = (await portal.held())["k"].links[CONTACTS]
        assert len(held) == (3 if state is OpState.WRITTEN else 2)

    portal.run(main())


# -- contacts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [httpx.Response(404, json={"message": "No such batch"}), httpx.Response(400, json={})]
)
def test_an_import_that_nobody_knows_is_seen_by_what_it_did(answer: httpx.Response) -> None:
    """Its state cannot be read: the contacts are looked up, and sent again where they lack."""
    portal = Portal()

    async def main() -> None:
        ops = [
            Op(n, CONTACTS, Action.CREATE, f"p{n}@x.org", None, {"email": f"p{n}@x.org"})
            for n in range(12)
        ]
        portal.block("GET", "/import/info", answer)
        outcomes = await portal.vendor.write(CONTACTS, Action.CREATE, ops)
        assert {one.state for one in by_key(outcomes).values()} == {OpState.WRITTEN}
        assert len(outcomes) == 12

    portal.run(main())


def test_an_import_that_was_sent_is_never_called_not_carried_out() -> None:
    """The line is dead afterwards: unknown, with its batch noted; a hanging one asks for time."""
    portal = Portal(imitated={"import_delay": 10_000.0})

    def dead(request: httpx.Request) -> Fault | None:
        return Fault(FaultKind.NO_CONNECTION) if request.method == "GET" else None

    async def main() -> None:
        ops = [
            Op(n, CONTACTS, Action.CREATE, f"p{n}@x.org", None, {"email": f"p{n}@x.org"})
            for n in range(12)
        ]
        jobs: list[str] = []
        with pytest.raises(OutcomeUnknown):
            await portal.open(dead).write(CONTACTS, Action.CREATE, ops, jobs.append)
        assert len(jobs) == 1
        sent = [Sent(op, portal.clock.now(), jobs[0]) for op in ops]
        with pytest.raises(Unavailable, match="15 minutes"):
            await portal.vendor.recover(CONTACTS, sent)

    portal.run(main())
