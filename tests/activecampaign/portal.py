"""A sandbox of ActiveCampaign in this process, and the adapter connected to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

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
)
from migrator.vendors.activecampaign.api import ActiveCampaign
from migrator.vendors.activecampaign.options import ActiveCampaignOptions
from migrator.vendors.activecampaign.product import PRODUCT
from migrator.vendors.base import records
from migrator.wire import Fault, Faulty, connect
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from migrator.model import Account, Held, Outcome

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
TASKS, NOTES = ObjectType.TASKS, ObjectType.NOTES
TYPES = (DEALS, CONTACTS, COMPANIES)

NEEDED = Provision(
    keys=(DEALS,),
    fields={
        DEALS: (
            NewField("source_note", "Source note"),
            NewField("seats", "Seats", "number"),
            NewField("renewal_on", "Renewal on", "date"),
            NewField("signed_at", "Signed at", "datetime"),
            NewField("is_partner", "Is partner", "bool"),
            NewField("tier", "Tier", "choice", ("Gold", "Silver")),
        )
    },
)

T = TypeVar("T")


@dataclass
class Portal:
    """One sandbox; every client to it is new.

    Attributes:
        options: the adapter's.
        imitated: the sandbox's. Unless it says so, no quota is kept: clients that know nothing of
            each other would exceed it.
        base_url: what the client is given.
        asked: requests per method and path, ids replaced by ``{id}``.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    imitated: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = "https://acme.api-us1.test"
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        imitated = {"limits": False, **self.imitated}
        self.sandbox: Any = PRODUCT.sandbox(
            now=self.clock.now, clock=self.clock.monotonic, **imitated
        )
        self.vendor = self.open()

    def open(
        self,
        faults: Callable[[httpx.Request], Fault | None] | None = None,
        **options: Any,
    ) -> ActiveCampaign:
        """The adapter, through a client of its own."""
        given = ActiveCampaignOptions.model_validate(
            {"default_contact": "nobody@example.com", **self.options, **options}
        )
        product = PRODUCT.configure({k: str(v) for k, v in given.model_dump().items()})
        network = httpx.MockTransport(self._handle)
        transport = Faulty(network, faults or (lambda _: None), self.clock)
        client = connect(product, "secret", self.base_url, self.clock, transport=transport)
        vendor = product.connect(client, self.clock)
        assert isinstance(vendor, ActiveCampaign)
        return vendor

    def _handle(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.removeprefix("/api/3/").split("/")
        path = "/".join("{id}" if part.isdigit() else part for part in parts)
        response: httpx.Response = self.sandbox.handle(request)
        self.asked[f"{request.method} {path}"] += 1
        return response

    def alter(
        self,
        method: str,
        ending: str,
        change: Callable[[httpx.Request, httpx.Response], httpx.Response],
    ) -> None:
        """Put ``change`` between the sandbox and the answers to requests whose path ends so."""
        handle = self.sandbox.handle

        def altered(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = handle(request)
            if request.method == method and request.url.path.endswith(ending):
                return change(request, response)
            return response

        self.sandbox.handle = altered

    def block(self, method: str, ending: str, answer: httpx.Response) -> None:
        """Answer requests whose path ends so, without carrying them out."""
        handle = self.sandbox.handle

        def blocked(request: httpx.Request) -> httpx.Response:
            if request.method == method and request.url.path.endswith(ending):
                return answer
            response: httpx.Response = handle(request)
            return response

        self.sandbox.handle = blocked

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run in this portal's time."""
        return self.clock.run(main)

    async def prepared(self) -> Account:
        """The account with everything of :data:`NEEDED` in it."""
        account = await self.vendor.describe(TYPES)
        await self.vendor.provision(self.vendor.lacking(account, NEEDED))
        return await self.vendor.describe(TYPES)

    def op(self, account: Account, key: str, *links: Link, **values: str) -> Op:
        """An op that creates a deal in the first stage of the first pipeline."""
        encoded = self.vendor.encode(deal(account, key, **values), account)
        assert encoded.problems == ()
        return Op(1, DEALS, Action.CREATE, key, None, encoded.properties, links=tuple(links))

    async def held(self) -> dict[str | None, Held]:
        """All deals by key, with everything in them."""
        account = await self.vendor.describe(TYPES)
        names = list(account.fields[DEALS])
        return {held.key: held async for held in records(self.open().pages(DEALS, names))}


def deal(account: Account, key: str, **values: str) -> Record:
    """A deal in the first stage of the first pipeline, unless the values say otherwise."""
    pipeline = account.pipelines[0]
    given = {
        "name": f"Deal {key}",
        "pipeline": pipeline.label,
        "stage": pipeline.stages[0].label,
        **{name.replace("custom_", "custom."): value for name, value in values.items()},
    }
    return Record(DEALS, key, given, {}, Place("deals.csv", 1, 2))


def update(op: Op, id: str | None, **properties: str) -> Op:
    """An op that changes a deal."""
    return Op(op.seq, DEALS, Action.UPDATE, op.key, id, properties)


def by_key(outcomes: list[Outcome]) -> dict[str, Outcome]:
    """Outcomes by key, each key once."""
    found = {outcome.key: outcome for outcome in outcomes}
    assert len(found) == len(outcomes)
    return found


async def parents(portal: Portal, type: ObjectType, *names: str) -> list[Link]:
    """Links to contacts or companies, created."""
    made = []
    for name in names:
        op = Op(1, type, Action.CREATE, name, None, portal.vendor.parent(type, name))
        (outcome,) = await portal.vendor.write(type, Action.CREATE, [op])
        made.append(Link(type, name, outcome.id))
    return made


async def created(portal: Portal, op: Op) -> Op:
    """The op as an update of what it created, its links made."""
    (outcome,) = await portal.vendor.write(DEALS, Action.CREATE, [op])
    assert outcome.state is OpState.WRITTEN
    await portal.vendor.link([replace(op, id=outcome.id)])
    return replace(op, id=outcome.id, action=Action.UPDATE)


async def written(portal: Portal, op: Op) -> Outcome:
    """The outcome of an op."""
    (outcome,) = await portal.vendor.write(op.type, op.action, [op])
    return outcome
