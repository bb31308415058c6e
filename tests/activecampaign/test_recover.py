"""What became of deals, contacts, companies, tasks and notes whose answer was lost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import OutcomeUnknown
from migrator.model import Action, Link, Op, OpState, Sent
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
    update,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.model import Account, Outcome


def posts(kind: FaultKind, path: str = "/deals") -> Callable[[httpx.Request], Fault | None]:
    """A fault on every POST to a path."""

    def plan(request: httpx.Request) -> Fault | None:
        hit = request.method == "POST" and request.url.path.endswith(path)
        return Fault(kind) if hit else None

    return plan


async def lose(portal: Portal, kind: FaultKind, ops: Sequence[Op]) -> list[Sent]:
    """Ops that were sent one by one, none of which was answered."""
    vendor = portal.open(posts(kind))
    sent = []
    for op in ops:
        sent.append(Sent(op, portal.clock.now()))
        with pytest.raises(OutcomeUnknown):
            await vendor.write(DEALS, Action.CREATE, [op])
    return sent


def without_fields(portal: Portal, creates: int) -> None:
    """Let so many deals from now on be created without their custom fields, and go unanswered."""
    handle = portal.sandbox.handle
    left = [creates]

    def plain(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/deals") and left[0]:
            left[0] -= 1
            body = json.loads(request.content)
            body["deal"].pop("fields", None)
            bare = type(request)("POST", request.url, headers={"Api-Token": "secret"}, json=body)
            response: httpx.Response = handle(bare)
            return response
        answer: httpx.Response = handle(request)
        return answer

    portal.sandbox.handle = plain


def keys(outcomes: list[Outcome]) -> set[str]:
    """Keys of outcomes, all of which are written."""
    assert {one.state for one in outcomes} <= {OpState.WRITTEN}
    return set(by_key(outcomes))


async def ops_for(portal: Portal, account: Account, count: int, *links: Link) -> list[Op]:
    """Ops of new deals that look different."""
    return [portal.op(account, f"k{n}", *links, amount=str(n)) for n in range(count)]


@pytest.mark.parametrize("lag", [0.0, 6.0])
@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("contact", [True, False])
def test_what_landed_is_found(lag: float, count: int, contact: bool) -> None:
    """Few or many, with a contact of their own or not, and even when lists lag behind."""
    portal = Portal(imitated={"read_lag": lag, "undocumented": True})

    async def main() -> None:
        account = await portal.prepared()
        ann = await portal.vendor.calls.people.sync_contact({"email": "ann@example.com"})
        acme = await portal.vendor.calls.people.create_company({"name": "Acme"})
        link = Link(CONTACTS, "a", ann.id) if contact else Link(COMPANIES, "Acme", acme.id)
        ops = await ops_for(portal, account, count, link)
        sent = await lose(portal, FaultKind.LOST_AFTER, ops)
        assert keys(await portal.open().recover(DEALS, sent)) == {op.key for op in ops}
        await portal.clock.sleep(60)
        assert len(await portal.held()) == count

    portal.run(main())


def test_what_never_arrived_has_no_outcome() -> None:
    """It is looked for several times, and then may be sent again."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        sent = await lose(portal, FaultKind.LOST_BEFORE, await ops_for(portal, account, 2))
        began = portal.clock.seconds
        assert await portal.open().recover(DEALS, sent) == []
        assert portal.clock.seconds - began > 20

    portal.run(main())


@pytest.mark.parametrize("ordered", [True, False])
def test_only_new_deals_are_looked_at(ordered: bool) -> None:
    """Old deals are not read one by one; without the order by id the documented one serves."""
    portal = Portal(imitated={"order_by_id": ordered})

    async def main() -> None:
        account = await portal.prepared()
        old = [portal.op(account, f"old{n}") for n in range(250)]
        await portal.vendor.write(DEALS, Action.CREATE, old)
        await portal.clock.sleep(timedelta(days=3).total_seconds())
        acme = await portal.vendor.calls.people.create_company({"name": "Acme"})
        ops = await ops_for(portal, account, 12, Link(COMPANIES, "Acme", acme.id))
        sent = await lose(portal, FaultKind.LOST_AFTER, ops)
        before = Counter(portal.asked)
        assert keys(await portal.open().recover(DEALS, sent)) == {op.key for op in ops}
        spent = portal.asked - before
        assert spent["GET deals"] <= 2
        assert spent["GET dealCustomFieldData"] <= 14

    portal.run(main())


def test_a_long_list_of_one_contact_is_not_trusted() -> None:
    """A contact with as many deals as a short page holds may have more: all new ones are read."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        many = [portal.op(account, f"m{n}") for n in range(130)]
        await portal.vendor.write(DEALS, Action.CREATE, many)
        sent = await lose(portal, FaultKind.LOST_AFTER, await ops_for(portal, account, 2))
        assert keys(await portal.open().recover(DEALS, sent)) == {"k0", "k1"}

    portal.run(main())


@pytest.mark.parametrize("hours", [-20, 20])
def test_a_wrong_clock_doubles_nothing(hours: int) -> None:
    """Our clock may be wrong by most of a day in either direction."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        sent = await lose(portal, FaultKind.LOST_AFTER, await ops_for(portal, account, 2))
        wrong = [replace(one, at=one.at + timedelta(hours=hours)) for one in sent]
        assert keys(await portal.open().recover(DEALS, wrong)) == {"k0", "k1"}

    portal.run(main())


@pytest.mark.parametrize("known", [True, False])
def test_a_deal_without_its_fields_is_adopted_and_repaired(known: bool) -> None:
    """Created, fields failed, answer lost: the deal that looks like the row is given its key.

    So it is when the journal no longer knows the ids of its parents.
    """
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        ops = await ops_for(portal, account, 2)
        without_fields(portal, 1)
        sent = await lose(portal, FaultKind.LOST_AFTER, ops)
        if not known:
            unknown = (Link(CONTACTS, "x"),)
            sent = [replace(one, op=replace(one.op, links=unknown)) for one in sent]
        assert keys(await portal.open().recover(DEALS, sent)) == {"k0", "k1"}
        assert (await portal.held()).keys() == {"k0", "k1"}

    portal.run(main())


def test_more_look_alikes_than_rows_need_a_person() -> None:
    """Which of two equal deals without a key is the row's cannot be known; nobody guesses.

    A person is told what to look at, and the other rows are settled all the same.
    """
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k", amount="7")
        without_fields(portal, 2)
        await lose(portal, FaultKind.LOST_AFTER, [op])
        sent = await lose(portal, FaultKind.LOST_AFTER, [op])
        other = portal.op(account, "other", amount="8")
        sent += await lose(portal, FaultKind.LOST_AFTER, [other])
        nowhere = portal.op(account, "nowhere", amount="9")
        sent += await lose(portal, FaultKind.LOST_BEFORE, [nowhere])
        outcomes = by_key(await portal.open().recover(DEALS, sent))
        assert outcomes.keys() == {"k", "other"}
        assert outcomes["other"].state is OpState.WRITTEN
        told = outcomes["k"]
        assert (told.state, told.code) == (OpState.SENT, "unknown")
        for word in ("migrator_key", "ids 1, 2", op.properties["title"], '"k"'):
            assert word in told.message

    portal.run(main())


def test_fields_that_fail_for_want_of_a_connection_are_repaired_later() -> None:
    """The deal is there, its fields are not, the line is dead: unknown now, repaired by recover."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k")
        without_fields(portal, 1)
        handle = portal.sandbox.handle

        def failed(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = handle(request)
            if request.method == "POST" and request.url.path.endswith("/deals"):
                body = response.json()
                body["deal"]["customFieldSaveStatus"] = {"status": "error"}
                return type(response)(201, json=body)
            return response

        portal.sandbox.handle = failed

        def dead(request: httpx.Request) -> Fault | None:
            return Fault(FaultKind.NO_CONNECTION) if request.method == "PUT" else None

        with pytest.raises(OutcomeUnknown, match="custom fields"):
            await portal.open(dead).write(DEALS, Action.CREATE, [op])
        sent = [Sent(op, portal.clock.now())]
        assert keys(await portal.open().recover(DEALS, sent)) == {"k"}
        assert (await portal.held()).keys() == {"k"}

    portal.run(main())


def test_updates_and_companies_are_just_sent_again() -> None:
    """Doing them twice does no harm, so nothing is asked about them."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        change = update(portal.op(account, "k"), "1", title="New")
        firm = Op(1, COMPANIES, Action.CREATE, "acme", None, {"name": "Acme"})
        before = portal.asked.total()
        assert await portal.vendor.recover(DEALS, [Sent(change, portal.clock.now())]) == []
        assert await portal.vendor.recover(COMPANIES, [Sent(firm, portal.clock.now())]) == []
        assert portal.asked.total() == before
        ids = set()
        for _ in range(2):
            (outcome,) = await portal.vendor.write(COMPANIES, Action.CREATE, [firm])
            ids.add(outcome.id)
        assert len(ids) == 1

    portal.run(main())


def contacts(*addresses: str) -> list[Op]:
    """Ops that create contacts."""
    return [
        Op(n, CONTACTS, Action.CREATE, address, None, {"email": address})
        for n, address in enumerate(addresses, 1)
    ]


@pytest.mark.parametrize("noted", [True, False])
def test_an_import_under_way_is_waited_for(noted: bool) -> None:
    """Killed while an import runs: its contacts are found, and none is there twice."""
    portal = Portal(imitated={"import_delay": 30.0})

    async def main() -> None:
        addresses = [f"p{n}@example.com" for n in range(12)]
        ops = contacts(*addresses)
        batch = await portal.vendor.calls.people.import_contacts([op.properties for op in ops])
        job = batch if noted else None
        sent = [Sent(op, portal.clock.now(), job) for op in ops]
        outcomes = await portal.open().recover(CONTACTS, sent)
        assert keys(outcomes) == (set(addresses) if noted else set())
        rest = [op for op in ops if op.key not in keys(outcomes)]
        again = await portal.open().write(CONTACTS, Action.CREATE, rest)
        assert keys(again) == {op.key for op in rest}
        await portal.clock.sleep(60)
        held = [held.key async for held in records(portal.vendor.pages(CONTACTS))]
        assert sorted(str(key) for key in held) == sorted(addresses)

    portal.run(main())


def test_an_import_that_is_forgotten_leaves_its_contacts() -> None:
    """A job that nobody knows any more is no obstacle; contacts with more than an address wait."""
    portal = Portal()

    async def main() -> None:
        await portal.vendor.calls.people.sync_contact({"email": "a@example.com"})
        plain, full = contacts("a@example.com", "b@example.com")
        full = replace(full, properties={"email": "b@example.com", "firstName": "Bea"})
        sent = [Sent(op, portal.clock.now(), "no-such-job") for op in (plain, full)]
        assert keys(await portal.vendor.recover(CONTACTS, sent)) == {"a@example.com"}

    portal.run(main())


@pytest.mark.parametrize("type", [TASKS, NOTES])
@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
def test_tasks_and_notes_are_known_by_the_key_in_their_text(type: object, kind: FaultKind) -> None:
    """A task or note whose answer was lost is found by its key, or was not created."""
    portal = Portal()
    kinds = {TASKS: "/dealTasks", NOTES: "/notes"}

    async def main() -> None:
        account = await portal.prepared()
        (deal,) = await portal.vendor.write(DEALS, Action.CREATE, [portal.op(account, "d")])
        of_type = TASKS if type == TASKS else NOTES
        properties = {"note": "Hello"}
        if of_type is TASKS:
            properties |= {"duedate": "2026-04-01T12:00:00+00:00", "dealTasktype": "Call"}
        links = (Link(DEALS, "d", deal.id),)
        op = Op(1, of_type, Action.CREATE, "n-1", None, properties, links=links)
        with pytest.raises(OutcomeUnknown):
            await portal.open(posts(kind, kinds[of_type])).write(of_type, Action.CREATE, [op])
        outcomes = await portal.open().recover(of_type, [Sent(op, portal.clock.now())])
        assert keys(outcomes) == ({"n-1"} if kind is FaultKind.LOST_AFTER else set())
        assert await portal.vendor.recover(of_type, []) == []

    portal.run(main())


def test_a_list_in_no_order_is_read_whole() -> None:
    """Neither order is kept: nothing says where the new deals end, so all are looked at."""
    portal = Portal()

    def shuffled(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = response.json()
        if "DESC" in str(request.url):
            body["deals"].reverse()
        return type(response)(200, json=body)

    async def main() -> None:
        account = await portal.prepared()
        many = [portal.op(account, f"m{n}") for n in range(30)]
        await portal.vendor.write(DEALS, Action.CREATE, many[:15])
        await portal.clock.sleep(60)
        await portal.vendor.write(DEALS, Action.CREATE, many[15:])
        sent = await lose(portal, FaultKind.LOST_AFTER, await ops_for(portal, account, 2))
        portal.alter("GET", "/deals", shuffled)
        vendor = portal.open()
        acme = await vendor.calls.people.create_company({"name": "Acme"})
        links = (Link(COMPANIES, "Acme", acme.id),)  # so that no contact's list is looked at
        sent = [replace(one, op=replace(one.op, links=links)) for one in sent]
        assert keys(await vendor.recover(DEALS, sent)) == {"k0", "k1"}

    portal.run(main())


def test_a_contact_that_is_gone_hides_no_deal() -> None:
    """Its list cannot be read, so all new deals are."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        sent = await lose(portal, FaultKind.LOST_AFTER, await ops_for(portal, account, 1))
        ghost = (Link(CONTACTS, "ghost", "4711"),)
        sent = [replace(one, op=replace(one.op, links=ghost)) for one in sent]
        assert keys(await portal.open().recover(DEALS, sent)) == {"k0"}

    portal.run(main())


def test_a_list_that_says_it_has_more_is_not_trusted() -> None:
    """A contact's list that is cut short proves nothing."""
    portal = Portal()

    def cut(_: httpx.Request, __: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={"deals": [], "meta": {"total": "3"}})

    async def main() -> None:
        account = await portal.prepared()
        sent = await lose(portal, FaultKind.LOST_AFTER, await ops_for(portal, account, 1))
        portal.alter("GET", "/deals", lambda r, a: cut(r, a) if "contacts" in str(r.url) else a)
        assert keys(await portal.open().recover(DEALS, sent)) == {"k0"}

    portal.run(main())


def test_without_the_key_field_only_looks_tell() -> None:
    """The field was deleted meanwhile: a deal that looks like the row is taken for it, or none."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        ops = await ops_for(portal, account, 1)
        sent = await lose(portal, FaultKind.LOST_BEFORE, ops)
        meta = await portal.vendor.tenant.key()
        assert meta is not None
        other = portal.op(account, "other", amount="5")
        await portal.vendor.write(DEALS, Action.CREATE, [other])
        await portal.vendor.calls.fields.delete_meta(meta.id)
        assert await portal.open().recover(DEALS, sent) == []

    portal.run(main())


def test_without_parents_and_default_contact_all_new_deals_are_looked_at() -> None:
    """The option was another one when the deals were sent; they are found all the same."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        sent = await lose(portal, FaultKind.LOST_AFTER, await ops_for(portal, account, 2))
        vendor = portal.open(default_contact="")
        assert keys(await vendor.recover(DEALS, sent)) == {"k0", "k1"}

    portal.run(main())


@pytest.mark.parametrize("hours", [-40, -3, 3, 40, 400])
@pytest.mark.parametrize("count", [2, 30])
def test_what_landed_is_found_though_our_clock_is_wrong(hours: int, count: int) -> None:
    """However far our clock is ahead of ActiveCampaign's or behind it, no deal is sent again."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        ops = await ops_for(portal, account, count)
        true = portal.clock.now
        portal.clock.now = lambda: true() + timedelta(hours=hours)  # type: ignore[method-assign]
        sent = await lose(portal, FaultKind.LOST_AFTER, ops)
        vendor = portal.open()
        await vendor.describe([DEALS])  # as every process does first
        assert keys(await vendor.recover(DEALS, sent)) == {op.key for op in ops}

    portal.run(main())
