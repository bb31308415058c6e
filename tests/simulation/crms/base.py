"""What a simulated world knows of a CRM without the product.

How it is set up, what it holds, and how somebody else works in it.
"""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from migrator import wire
from migrator.model import (
    Account,
    DealStatus,
    FieldInfo,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Provision,
)
from migrator.vendors.registry import product
from tests.simulation.clock import ProcessClock, WorldClock, live
from tests.simulation.rows import OFFICE, PIPELINE, STAGES

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from tests.simulation.rows import Row

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
TYPES = (DEALS, CONTACTS, COMPANIES)
TOKEN = "secret"
_STATUS = {"Won": DealStatus.WON, "Lost": DealStatus.LOST}
NEEDED = Provision(
    keys=TYPES,
    fields={
        DEALS: (
            NewField("region", "Region"),
            NewField("invoice", "Invoice"),
            NewField("tier", "Tier", "choice", ("Gold", "Silver")),
        )
    },
    pipelines=(
        NewPipeline(
            PIPELINE, tuple(NewStage(name, _STATUS.get(name, DealStatus.OPEN)) for name in STAGES)
        ),
    ),
)


@dataclass(frozen=True)
class Seen:
    """A deal as the account holds it, in the words of the rows; None = blank."""

    id: str
    key: str | None
    values: dict[str, str | None]
    contacts: frozenset[str]
    companies: frozenset[str]


@dataclass
class Meddling:
    """What another user did.

    Attributes:
        edited: ids of deals whose name was changed.
        deleted: ids of deals that were deleted; ``keys``: their source keys.
    """

    edited: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.edited or self.deleted)


class Crm(ABC):
    """One account of one vendor.

    Attributes:
        settings: what the user of the product sets about the vendor.
        trap: the canonical field by which it may turn a row down.
        late: seconds after we gave up within which a lost request may still be carried out, so
            that the product has a chance to know.
        windows: most requests per so many seconds, by quota.
        companies: most companies of one deal.
        by_default: contacts that deals without a parent are given.
        least_batch: the fewest ops that a full batch may have, for the product to keep its word.
    """

    vendor: ClassVar[str]
    trap: ClassVar[str]
    companies: ClassVar[int] = 2
    by_default: ClassVar[frozenset[str]] = frozenset()
    least_batch: int = 1
    late: float
    settings: dict[str, str]
    windows: dict[str, tuple[tuple[int, float], ...]]

    def __init__(self, rng: random.Random, clock: WorldClock, *, ready: bool) -> None:
        self.clock = clock
        self.settings = {}
        options = self.draw(rng)
        if ready:
            options["like"] = _likeness(self.vendor, self.furnished)
        self.sandbox: Any = product(self.vendor).sandbox(
            token=TOKEN,
            clock=clock.monotonic,
            now=clock.now,
            seed=rng.randrange(1_000_000),
            **options,
        )
        self.headers = dict(product(self.vendor).headers(TOKEN))
        self.meddling = Meddling()

    @abstractmethod
    def draw(self, rng: random.Random) -> dict[str, Any]:
        """Options of the sandbox, and settings to go with them."""

    @staticmethod
    def furnished(account: Account) -> Account:
        """The account with what the product cannot create in it."""
        return account

    @abstractmethod
    def bucket(self, request: httpx.Request) -> str:
        """The quota that a request counts against."""

    @abstractmethod
    def trapped(self, row: Row, rng: random.Random) -> Row:
        """The row with a value that the CRM may turn down."""

    def is_trapped(self, row: Row) -> bool:
        """Whether the CRM may turn the row down."""
        return row.trap is not None

    @abstractmethod
    def seen(self) -> list[Seen]:
        """All deals."""

    @abstractmethod
    def people(self) -> list[str]:
        """Addresses of all contacts."""

    @abstractmethod
    def firms(self) -> list[str]:
        """Names of all companies."""

    @abstractmethod
    def add_contact(self, email: str) -> None:
        """Somebody adds a contact."""

    @abstractmethod
    def add_company(self, name: str) -> None:
        """Somebody adds a company."""

    @abstractmethod
    def add_deal(self, name: str) -> None:
        """Somebody adds a deal of their own."""

    @abstractmethod
    def rename(self, id: str, name: str) -> bool:
        """Somebody renames a deal; whether it was there."""

    @abstractmethod
    def delete(self, id: str) -> bool:
        """Somebody deletes a deal; whether it was there."""

    def meddle(self, rng: random.Random) -> None:
        """Another user does something."""
        ours = sorted((one for one in self.seen() if one.key), key=lambda one: one.id)
        chosen = rng.choice(ours) if ours else None
        match rng.randrange(4):
            case 0 if chosen:
                if self.rename(chosen.id, f"Changed by hand {rng.randrange(100)}"):
                    self.meddling.edited.add(chosen.id)
            case 1 if chosen:
                if self.delete(chosen.id):
                    self.meddling.deleted.add(chosen.id)
                    self.meddling.keys.add(str(chosen.key))
            case _:
                self.add_deal(f"Somebody's own {rng.randrange(1000)}")

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """Another user's request: JSON, None when it was refused."""
        request = httpx.Request(
            method,
            f"http://crm.test{path}",
            headers=self.headers,
            json=content if content is not None else None,
        )
        response = self.sandbox.handle(request)
        if response.status_code >= 400:
            return None
        return json.loads(response.content) if response.content else {}

    @abstractmethod
    def labels(self) -> Mapping[str, str]:
        """Stages and owners' addresses by id."""


def amount_of(value: object) -> str | None:
    """An amount in the words of the rows."""
    if value in {None, ""}:
        return None
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_of(value: object) -> str | None:
    """A text; blank is None."""
    return str(value) if value not in {None, ""} else None


def _provisioned(vendor: str, handle: Any, world: WorldClock) -> Account:
    found = product(vendor)
    clock = ProcessClock(world)

    async def main() -> Account:
        transport = httpx.MockTransport(handle)
        async with wire.connect(found, TOKEN, "http://crm.test", clock, transport=transport) as way:
            adapter = found.connect(way, clock)
            account = await adapter.describe(TYPES)
            await adapter.provision(adapter.lacking(account, NEEDED))
            return await adapter.describe(TYPES)

    return live(world, main(), lambda: False)


@functools.cache
def _account(vendor: str) -> Account:
    """An account of the vendor with everything that the rows need; made once per process."""
    clock = WorldClock()
    pipelines = {"pipelines": {PIPELINE: list(STAGES)}} if vendor == "brevo" else {}
    unlimited = {"rate_limits": False} if vendor == "hubspot" else {"limits": False}
    sandbox: Any = product(vendor).sandbox(
        token=TOKEN, clock=clock.monotonic, now=clock.now, **pipelines, **unlimited
    )
    return _provisioned(vendor, sandbox.handle, clock)


@functools.cache
def _likeness(vendor: str, furnished: Callable[[Account], Account]) -> Mapping[str, object]:
    """The same as plain data, as sandboxes take it."""
    return asdict(furnished(_account(vendor)))


def unique(account: Account, name: str) -> Account:
    """The account with a field of deals whose values are unique."""
    deals: dict[str, FieldInfo] = dict(account.fields[DEALS])
    deals[name] = replace(deals[name], unique=True)
    return replace(account, fields={**account.fields, DEALS: deals})


__all__ = ["OFFICE", "Crm", "Meddling", "Seen", "amount_of", "text_of", "unique"]
