"""Brevo's adapter on its sandbox, with every request counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from migrator.model import Action, Link, ObjectType, Op, OpState, Outcome, Provision
from migrator.vendors.base import records
from migrator.vendors.brevo.product import PRODUCT
from migrator.wire import Fault, FaultKind, Faulty, connect
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, op, path
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from migrator.model import Account
    from migrator.vendors.base import Vendor


@dataclass
class Bench:
    """A sandbox, connected to.

    Attributes:
        sent: every request that left, in order.
    """

    clock: VirtualClock
    sandbox: Any
    vendor: Vendor
    account: Account
    sent: list[httpx.Request]

    def run(self, job: Coroutine[Any, Any, Any]) -> Any:
        """Do it in the clock's time."""
        return self.clock.run(job)

    def counts(self) -> Counter[str]:
        """Requests by method and path, of all CRM calls."""
        return Counter(path(request) for request in self.sent)

    def again(self, faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
        """Another process on the same account."""
        return connected(self.clock, self.sandbox, self.sent, {}, faults)

    def write(self, ops: list[Op]) -> dict[str, Outcome]:
        """Write ops of one action; outcomes by key, exactly one of each."""
        outcomes = self.run(self.vendor.write(ops[0].type, ops[0].action, ops))
        found = {outcome.key: outcome for outcome in outcomes}
        assert len(found) == len(outcomes)
        assert found.keys() == {op.key for op in ops}
        return found

    def people(self, *emails: str) -> dict[str, str]:
        """Ids of contacts, created."""
        ops = [
            Op(1, CONTACTS, Action.CREATE, email, None, self.vendor.parent(CONTACTS, email))
            for email in emails
        ]
        return {key: str(outcome.id) for key, outcome in self.write(ops).items()}

    def links_of(self, key: str) -> list[str]:
        """Ids of the contacts that a deal is linked to."""
        (found,) = (d for d in self.sandbox.records("deals") if d.get("migrator_key") == key)
        return [str(id_) for id_ in found["linkedContactsIds"]]


def connected(
    clock: VirtualClock,
    sandbox: Any,
    sent: list[httpx.Request],
    settings: dict[str, str],
    faults: Callable[[httpx.Request], Fault | None] | None = None,
) -> Vendor:
    """A vendor for a sandbox."""
    product = PRODUCT.configure(settings)

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        response: httpx.Response = sandbox.handle(request)
        return response

    transport = Faulty(httpx.MockTransport(handle), faults or (lambda _: None), clock)
    client = connect(product, "xkeysib-1", str(product.base_url), clock, transport=transport)
    return product.connect(client, clock)


def bench(settings: dict[str, str] | None = None, **options: Any) -> Bench:
    """An account with the key attributes in place."""
    clock = VirtualClock()
    sandbox = PRODUCT.sandbox(now=clock.now, clock=clock.monotonic, **options)
    sent: list[httpx.Request] = []
    vendor = connected(clock, sandbox, sent, settings or {})
    types = (DEALS, CONTACTS, COMPANIES)

    async def prepare() -> Account:
        account = await vendor.describe(types)
        await vendor.provision(vendor.lacking(account, Provision(keys=types)))
        return await vendor.describe(types)

    account = clock.run(prepare())
    sent.clear()
    return Bench(clock, sandbox, vendor, account, sent)


def deals(count: int, links: Iterable[Link] = ()) -> list[Op]:
    """Creates of so many deals."""
    return [op(f"k{i}", *links, amount=str(i + 1)) for i in range(count)]


def updates(outcomes: dict[str, Outcome], **properties: str) -> list[Op]:
    """Updates of what was written."""
    return [
        Op(1, DEALS, Action.UPDATE, key, outcome.id, properties)
        for key, outcome in outcomes.items()
    ]


WRITTEN = {OpState.WRITTEN}


async def everything(vendor: Vendor, type: ObjectType) -> list[Any]:
    """All records."""
    return [held async for held in records(vendor.pages(type))]


def lost(mark: str, kind: FaultKind) -> Callable[[httpx.Request], Fault | None]:
    """Faults on POSTs to a path."""
    return lambda r: Fault(kind) if r.method == "POST" and r.url.path.endswith(mark) else None
