"""What the parts of the contract share: an empty account, deals for it, and ways to write them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import httpx
import pytest

from migrator.model import (
    Action,
    DealStatus,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Op,
    OpState,
    Place,
    Provision,
    Record,
)
from migrator.vendors.base import records
from migrator.vendors.registry import product
from migrator.wire import Allowance, Fault, FaultKind, Faulty, connect
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from migrator.model import Account, Held, Outcome
    from migrator.vendors.base import Vendor

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
TYPES = (DEALS, CONTACTS, COMPANIES)

RENEWALS = NewPipeline(
    "Renewals",
    (
        NewStage("Due"),
        NewStage("Won", status=DealStatus.WON),
        NewStage("Lost", status=DealStatus.LOST),
    ),
)
"""The pipeline of all deals here. The sandbox of a vendor that cannot create pipelines has it."""

NEEDED = Provision(
    keys=TYPES,
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
    pipelines=(RENEWALS,),
)


class Opener(Protocol):
    """Makes a vendor for the sandbox, with faults on the way."""

    def __call__(self, faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
        """A new client each time, the same account."""
        ...


def deal(key: str, **values: str) -> Record:
    """A deal of the pipeline of :data:`RENEWALS`."""
    given = {"name": f"Deal {key}", "pipeline": "Renewals", "stage": "Due", **values}
    return Record(DEALS, key, given, {}, Place("deals.csv", 1, 2))


async def prepared(vendor: Vendor) -> Account:
    """The account with everything of :data:`NEEDED` in it."""
    account = await vendor.describe(TYPES)
    await vendor.provision(vendor.lacking(account, NEEDED))
    return await vendor.describe(TYPES)


def creates(vendor: Vendor, account: Account, records: Iterable[Record]) -> list[Op]:
    """Ops that create these records, which must be free of problems."""
    ops = []
    for seq, record in enumerate(records, 1):
        encoded = vendor.encode(record, account)
        assert encoded.problems == ()
        properties = encoded.properties
        ops.append(Op(seq, record.type, Action.CREATE, record.key, None, properties))
    return ops


def named(vendor: Vendor, account: Account, field: str) -> str:
    """The vendor's name of a canonical field of deals."""
    values = {
        "amount": "1",
        "description": "x",
        "custom.source_note": "x",
        "custom.seats": "1",
    }
    origin = vendor.encode(deal("x", **values), account).origin
    (name,) = (name for name, of in origin.items() if of == field)
    return name


async def outcomes_of(vendor: Vendor, ops: Sequence[Op]) -> dict[str, Outcome]:
    """Outcomes by key, one for each, of ops of one action, in batches as large as they may be."""
    type, action = ops[0].type, ops[0].action
    size = vendor.capabilities.batch[type, action]
    found: dict[str, Outcome] = {}
    for start in range(0, len(ops), size):
        batch = ops[start : start + size]
        outcomes = await vendor.write(type, action, batch)
        assert sorted(o.key for o in outcomes) == sorted(op.key for op in batch)
        found |= {outcome.key: outcome for outcome in outcomes}
    return found


async def written(vendor: Vendor, ops: Sequence[Op]) -> dict[str, str]:
    """Ids by key after writing ops of one action, none of which may be refused."""
    ids: dict[str, str] = {}
    for outcome in (await outcomes_of(vendor, ops)).values():
        assert outcome.state is OpState.WRITTEN, outcome
        assert outcome.id
        ids[outcome.key] = outcome.id
    return ids


async def linked_too(vendor: Vendor, ops: Sequence[Op]) -> dict[str, str]:
    """Ids by key after writing ops and their links, as the loader does."""
    ids = await written(vendor, ops)
    with_links = [replace(op, id=ids[op.key]) for op in ops if op.links]
    if with_links and not vendor.capabilities.links_on_create:
        for outcome in await vendor.link(with_links):
            assert outcome.state is OpState.WRITTEN, outcome
    return ids


async def parents(vendor: Vendor, type: ObjectType, *names: str) -> dict[str, str]:
    """Ids of contacts or companies that were created by name."""
    ops = [
        Op(seq, type, Action.CREATE, name.casefold(), None, vendor.parent(type, name))
        for seq, name in enumerate(names, 1)
    ]
    ids = await written(vendor, ops)
    return {name: ids[name.casefold()] for name in names}


async def exported(vendor: Vendor, type: ObjectType, *properties: str) -> list[Held]:
    """All records of a type."""
    return [held async for held in records(vendor.pages(type, properties))]


class ContractBase:
    """What a vendor's test module says about itself."""

    vendor_name: ClassVar[str]
    """On the command line."""
    refused: ClassVar[Mapping[str, str]]
    """Properties that make the vendor turn a deal down."""
    create_paths: ClassVar[tuple[str, ...]]
    """How the paths of requests that create deals end."""
    settings: ClassVar[Mapping[str, str]] = {}
    """What the user sets about the vendor."""
    options: ClassVar[Mapping[str, Any]] = {}
    """Of the sandbox."""
    lag: ClassVar[Mapping[str, Any]]
    """Options of the sandbox by which what was written is seen only seconds later."""
    extends_options: ClassVar[bool] = True
    """Whether options can be added to a field that is there."""
    name: ClassVar[Mapping[str, str]]
    """A change of a contact's name, in the vendor's terms."""
    never_blank: ClassVar[tuple[str, ...]] = ()
    """Properties of deals that the vendor lets nobody clear."""
    companies_of_a_deal: ClassVar[int] = 2
    """How many companies a deal can be linked to, at least."""
    in_order: ClassVar[bool] = True
    """Whether the list of deals has an order, so that it can be looked at behind its end."""

    def creating(self, kind: FaultKind) -> Callable[[httpx.Request], Fault | None]:
        """Faults on requests that create deals."""
        return lambda request: Fault(kind) if self.creates_deals(request) else None

    def creates_deals(self, request: httpx.Request) -> bool:
        """Whether a request creates deals."""
        return request.method == "POST" and request.url.path.endswith(self.create_paths)

    @pytest.fixture
    def clock(self) -> VirtualClock:
        """Time for this test."""
        return VirtualClock()

    @pytest.fixture
    def open_vendor(self, clock: VirtualClock) -> Opener:
        """Connects to an empty account, new for every test."""
        return self._opener(clock, self.options)

    @pytest.fixture
    def open_lagging(self, clock: VirtualClock) -> Opener:
        """The same of an account that shows late what was written."""
        return self._opener(clock, {**self.options, **self.lag})

    @pytest.fixture
    def vendor(self, open_vendor: Opener) -> Vendor:
        """The account without faults."""
        return open_vendor()

    def _opener(self, clock: VirtualClock, options: Mapping[str, Any]) -> Opener:
        found = product(self.vendor_name).configure(self.settings)
        sandbox = found.sandbox(now=clock.now, clock=clock.monotonic, **options)

        def open_vendor(faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
            network = httpx.MockTransport(sandbox.handle)
            transport = Faulty(network, faults or (lambda _: None), clock)
            url = found.base_url or "https://acme.example"
            # However long a vendor's windows are, here they are waited for.
            patient = Allowance(patient=True)
            client = connect(found, "secret", url, clock, transport=transport, allowance=patient)
            return found.connect(client, clock)

        return open_vendor
