"""All that we send to Brevo, and all that its sandbox answers, is as the vendor documents it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import OutcomeUnknown
from migrator.model import (
    Action,
    Link,
    NewField,
    ObjectType,
    Op,
    OpState,
    Place,
    Provision,
    Record,
    Sent,
)
from migrator.vendors.base import Reading, records
from migrator.vendors.brevo.product import PRODUCT
from migrator.wire import Fault, FaultKind, Faulty, connect
from tests.brevo.double import COMPANIES, CONTACTS, DEALS
from tests.brevo.spec import Checked, spec
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Account, Outcome
    from migrator.vendors.base import Vendor

TYPES = (DEALS, CONTACTS, COMPANIES)
NEEDED = Provision(
    keys=TYPES,
    fields={
        DEALS: (
            NewField("seats", "Seats", "number"),
            NewField("tier", "Tier", "choice", ("Gold", "Silver")),
            NewField("partner", "Partner", "bool"),
        )
    },
)

VALUES = {
    "name": 'Zoë, "Söhne"\nund mehr',
    "pipeline": "Renewals",
    "stage": "Due",
    "amount": "1234.50",
    "close_date": "2026-03-31",
    "custom.seats": "12",
    "custom.tier": "Gold",
    "custom.partner": "true",
}


@pytest.fixture
def clock() -> VirtualClock:
    """Time for this test."""
    return VirtualClock()


@pytest.fixture
def open_vendor(clock: VirtualClock) -> Callable[..., Vendor]:
    """Connects to one sandbox through a checking eye; skips without the vendor's document."""
    spec()
    sandbox = PRODUCT.sandbox(
        now=clock.now,
        clock=clock.monotonic,
        limits=False,
        pipelines={"Renewals": ["Due", "Won", "Lost"]},
    )
    product = PRODUCT.configure({"crm_per_hour": "100000", "modified_since": "true"})

    def open_vendor(lost: str = "") -> Vendor:
        def fault(request: httpx.Request) -> Fault | None:
            hit = bool(lost) and request.url.path.endswith(lost) and request.method == "POST"
            return Fault(FaultKind.LOST_AFTER) if hit else None

        checked = Checked(httpx.MockTransport(sandbox.handle))
        transport = Faulty(checked, fault, clock)
        client = connect(product, "xkeysib-1", str(product.base_url), clock, transport=transport)
        return product.connect(client, clock)

    return open_vendor


async def prepared(vendor: Vendor) -> Account:
    """The account with what is needed."""
    account = await vendor.describe(TYPES)
    await vendor.provision(vendor.lacking(account, NEEDED))
    return await vendor.describe(TYPES)


def creates(vendor: Vendor, account: Account, count: int, *links: Link) -> list[Op]:
    """Deals to create with every kind of field."""
    ops = []
    for i in range(count):
        record = Record(DEALS, f"k{count}-{i}", VALUES, {}, Place("f", 1, 2))
        encoded = vendor.encode(record, account)
        assert encoded.problems == ()
        ops.append(Op(i, DEALS, Action.CREATE, record.key, None, encoded.properties, links=links))
    return ops


def parents(vendor: Vendor, type: ObjectType, *names: str) -> list[Op]:
    """Parents to create."""
    return [
        Op(1, type, Action.CREATE, name.casefold(), None, vendor.parent(type, name))
        for name in names
    ]


def settled(outcomes: list[Outcome]) -> list[str]:
    """Ids of what was written, which must be everything."""
    assert {(o.state, o.code, o.message) for o in outcomes} == {(OpState.WRITTEN, "", "")}
    return [str(o.id) for o in outcomes]


@pytest.mark.parametrize("count", [2, 8])
def test_a_round_of_everything(
    clock: VirtualClock, open_vendor: Callable[..., Vendor], count: int
) -> None:
    """Describing, provisioning, every road of writing, linking, reading and deleting."""

    async def main() -> None:
        vendor = open_vendor()
        account = await prepared(vendor)
        emails = [f"p{i}@example.com" for i in range(count)]
        people = settled(
            await vendor.write(CONTACTS, Action.CREATE, parents(vendor, CONTACTS, *emails))
        )
        names = [f"Firm {i}" for i in range(count)]
        firms = settled(
            await vendor.write(COMPANIES, Action.CREATE, parents(vendor, COMPANIES, *names))
        )
        links = (Link(CONTACTS, emails[0], people[0]), Link(COMPANIES, names[0], firms[0]))
        ops = creates(vendor, account, count, *links)
        ids = settled(await vendor.write(DEALS, Action.CREATE, ops))
        stage = {"deal_stage": account.pipelines[-1].stages[1].id, "amount": "7"}
        updates = [
            replace(op, action=Action.UPDATE, id=id_, properties=stage, links=())
            for op, id_ in zip(ops, ids, strict=True)
        ]
        settled(await vendor.write(DEALS, Action.UPDATE, updates))
        more = (Link(CONTACTS, emails[1], people[1]),)
        settled(await vendor.link([replace(op, links=more) for op in updates]))
        assert await vendor.linked(DEALS, ids, CONTACTS) == dict.fromkeys(
            ids, frozenset(people[:2])
        )
        for type in (*TYPES, ObjectType.NOTES, ObjectType.TASKS):
            found = [held async for held in records(vendor.pages(type, ["deal_name"]))]
            assert len(found) == (count if type in TYPES else 0)
        assert len(await vendor.resolve(COMPANIES, names)) == count
        assert len(await vendor.resolve(CONTACTS, emails)) == count
        deletes = [replace(op, action=Action.DELETE) for op in updates]
        settled(await vendor.write(DEALS, Action.DELETE, deletes))
        wrong = {**ops[0].properties, "deal_stage": "gone"}
        (refused,) = await vendor.write(
            DEALS, Action.CREATE, [replace(ops[0], properties=wrong, links=())]
        )
        assert refused.state is OpState.REFUSED

    clock.run(main())


def test_recovering(clock: VirtualClock, open_vendor: Callable[..., Vendor]) -> None:
    """Looking for a lost import asks for nothing that is not documented."""

    async def main() -> None:
        account = await prepared(open_vendor())
        vendor = open_vendor("import")
        ops = creates(vendor, account, 6)
        with pytest.raises(OutcomeUnknown):
            await vendor.write(DEALS, Action.CREATE, ops)
        sent = [Sent(op, clock.now(), "upload") for op in ops]
        assert len(settled(await open_vendor().recover(DEALS, sent))) == 6

    clock.run(main())


def test_notes_and_tasks(clock: VirtualClock, open_vendor: Callable[..., Vendor]) -> None:
    """Written, changed, read by id and by pages, asked about, deleted; and an increment."""

    async def main() -> None:
        types = (ObjectType.NOTES, ObjectType.TASKS)
        account = await prepared(open_vendor())
        vendor = open_vendor()
        await vendor.describe(types)
        account = replace(account, fields=(await vendor.describe((*TYPES, *types))).fields)
        (deal,) = settled(await vendor.write(DEALS, Action.CREATE, creates(vendor, account, 1)))
        (contact,) = settled(
            await vendor.write(CONTACTS, Action.CREATE, parents(vendor, CONTACTS, "a@x.org"))
        )
        links = (Link(DEALS, "k", deal), Link(CONTACTS, "a@x.org", contact))
        due = {"title": "Ring", "due_at": "2026-05-05", "done": "true", "kind": "Call"}
        for type, values in zip(types, ({"body": "Hi"}, due), strict=True):
            encoded = vendor.encode(Record(type, "n", values, {}, Place("f", 1, 2)), account)
            op = Op(1, type, Action.CREATE, "n", None, encoded.properties, links=links)
            (id_,) = settled(await vendor.write(type, Action.CREATE, [op]))
            update = replace(op, id=id_, action=Action.UPDATE, links=())
            settled(await vendor.write(type, Action.UPDATE, [update]))
            assert set(await vendor.read(type, [id_])) == {id_}
            assert set(await vendor.read(type, [id_, "0" * 24])) == {id_}
            await vendor.recover(type, [Sent(op, clock.now())])
            settled(await vendor.write(type, Action.DELETE, [replace(update, properties={})]))
            assert await vendor.count(type) is None
        for type in (DEALS, COMPANIES):
            found = vendor.pages(type, reading=Reading(since=clock.now()))
            assert sum([len(page.records) async for page in found]) == (type is DEALS)
            assert await vendor.count(type) == (type is DEALS)

    clock.run(main())
