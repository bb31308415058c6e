"""HubSpot's CRM seen as a :class:`~migrator.vendors.base.Vendor`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType, Rate
from migrator.vendors.base import Capabilities, Reading, no_note
from migrator.vendors.hubspot import account as accounts
from migrator.vendors.hubspot import (
    cost,
    decode,
    encode,
    holders,
    legacy,
    links,
    pages,
    read,
    recover,
    setup,
    unlinks,
    values,
)
from migrator.vendors.hubspot.account import CURRENCY
from migrator.vendors.hubspot.calls import BATCH, CONCURRENCY, Calls
from migrator.vendors.hubspot.decode import Decoder
from migrator.vendors.hubspot.fields import IGNORED
from migrator.vendors.hubspot.imports import Imports
from migrator.vendors.hubspot.labelled import labelled
from migrator.vendors.hubspot.labels import Labels
from migrator.vendors.hubspot.lookups import Lookups
from migrator.vendors.hubspot.paths import VERSION
from migrator.vendors.hubspot.road import Road

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

    import httpx

    from migrator.model import (
        Account,
        Encoded,
        FieldInfo,
        Held,
        Op,
        Outcome,
        Page,
        Provision,
        Record,
        Sent,
        Shape,
    )
    from migrator.vendors.hubspot.road import Via
    from migrator.wire import Clock

RATES: Mapping[str, tuple[Rate, ...]] = {
    "": (Rate(100, timedelta(seconds=10)), Rate(250_000, timedelta(days=1), calendar=True)),
    "search": (Rate(5, timedelta(seconds=1)),),
}
"""Windows per bucket (usage guidelines). The general ones are those of the smallest plan: the first
answer's headers tell the account's own. Search counts apart and has no headers."""

CAPABILITIES = Capabilities(
    batch={
        (type, action): BATCH
        for type in ObjectType
        for action in (Action.CREATE, Action.UPDATE, Action.DELETE, Action.UNLINK)
    },
    rates=RATES,
    concurrency=CONCURRENCY,
    ignored=IGNORED,
)

_KINDS: Mapping[str, str] = {
    "amount": "number",
    "closedate": "datetime",
    "createdate": "datetime",
    "email": "email",
    "domain": "email",
    "hs_timestamp": "datetime",
    "hs_task_status": "done",
}
"""How to compare HubSpot's own properties as long as no account was described."""

_NO_LABELS: Mapping[ObjectType, str] = {}


class HubSpot:
    """One portal.

    Args:
        client: as :func:`migrator.wire.connect` makes it.
        clock: for waiting until nothing is on its way any more.
        version: of the API: ``v3``, ``v4`` (the same) or a date.
        v1_links: link deals by the deprecated v1 associations.
        labels: type of a deal's parent to the label of its links.
        via: how many records go: in batches, by the imports API, or as fits.
    """

    name = "hubspot"

    def __init__(
        self,
        client: httpx.AsyncClient,
        clock: Clock,
        version: str = VERSION,
        *,
        v1_links: bool = False,
        labels: Mapping[ObjectType, str] = _NO_LABELS,
        via: Via = "auto",
    ) -> None:
        self._calls = Calls(client, version)
        self._clock = clock
        self._labels = Labels(self._calls, labels)
        self._v1_links = v1_links
        self._lookups: Lookups | None = None
        self._decoder: Decoder | None = None
        self._kinds: dict[ObjectType, dict[str, str]] = {}
        imports = Imports(self._calls, clock, self.same, self._kind)
        self._road = Road(self._calls, self._labels, imports, via)

    @property
    def capabilities(self) -> Capabilities:
        """What may be asked for; one create at a time in an account without the key field."""
        keyless = self._lookups.keyless if self._lookups else frozenset()
        files = self._road.batches()
        if not keyless and not files:
            return CAPABILITIES
        alone = {(type, Action.CREATE): 1 for type in keyless}
        return replace(CAPABILITIES, batch={**CAPABILITIES.batch, **files, **alone})

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """Read pipelines, owners, currencies, and the properties of ``types``."""
        found = await accounts.describe(self._calls, types)
        if ObjectType.DEALS in types:
            await self._labels.check()
        self._look(found)
        return found

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """The part of ``wanted`` that ``account`` does not have."""
        return setup.lacking(account, wanted)

    def provisional(self, account: Account, missing: Provision) -> Account:
        """``account`` as if ``missing`` were there."""
        return setup.provisional(account, missing)

    async def provision(self, missing: Provision) -> None:
        """Create what is missing."""
        await setup.provision(self._calls, missing)

    def encode(self, record: Record, account: Account) -> Encoded:
        """The record in HubSpot's terms, or its problems."""
        return encode.encode(record, self._look(account))

    def decode(self, held: Held, account: Account) -> dict[str, str]:
        """The record in canonical fields."""
        return self._reading(account).decode(held)

    def exported(self, type: ObjectType, account: Account) -> tuple[str, ...]:
        """The properties to read for an export."""
        return decode.exported(type, account)

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """Properties of a contact or company to create."""
        return encode.parent(type, name)

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """Whether two values say the same, by the kind the property has in the account seen last.

        Of a property that was never described only the text is compared. A deal without a currency
        is in the account's own.
        """
        if name == CURRENCY and ours and not held and self._lookups:
            held = self._lookups.account.currency
        return values.same(self._kind(type, name), ours, held)

    async def resolve(self, type: ObjectType, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Ids of contacts by e-mail address, companies by domain, else by name; deals by key."""
        return await read.resolve(self._calls, type, names)

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None] = no_note,
    ) -> list[Outcome]:
        """Carry out ops of one action, in batches or by a file."""
        return await self._road.write(type, action, ops, note)

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """Creates that landed are there, by their key or what they say; the rest is repeated."""
        known = await self._road.recover(sent)
        done = {outcome.key for outcome in known}
        left = [one for one in sent if one.op.key not in done]
        return known + await recover.recover(self._calls, self._clock, type, left)

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Link existing records to their parents."""
        by_v1 = [op for op in ops if self._v1_links and op.type is ObjectType.DEALS]
        others = [op for op in ops if op not in by_v1]
        done = await legacy.link(self._calls, by_v1)
        return done + (await links.link(self._calls, self._labels, others) if others else [])

    async def unlink(self, ops: Sequence[Op]) -> list[Outcome]:
        """Part records from their parents."""
        return await unlinks.unlink(self._calls, ops, v1_links=self._v1_links)

    async def linked(
        self, type: ObjectType, ids: Collection[str], to: ObjectType
    ) -> dict[str, frozenset[str]]:
        """Ids of the parents of each record, or of the deals of each parent."""
        return await links.linked(self._calls, type, ids, to)

    async def find(
        self, type: ObjectType, keys: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by source key."""
        return await read.find(self._calls, type, keys, properties)

    async def holders(
        self, type: ObjectType, name: str, values: Collection[str]
    ) -> Mapping[str, str]:
        """Who holds these values of a unique property."""
        return await holders.holders(self._calls, type, name, values)

    async def count(self, type: ObjectType) -> int:
        """How many records there are; of those made in the last seconds a search may not know."""
        return await read.count(self._calls, type)

    async def read(
        self, type: ObjectType, ids: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by id."""
        return await read.read(self._calls, type, ids, properties)

    def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """Every record of the type, once, page by page; with labels, ten pages of the list each."""
        wanted = reading or Reading()
        found = pages.pages(self._calls, type, properties, wanted)
        return labelled(self._calls, type, found) if wanted.labels else found

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """Requests that carrying out so many ops of each shape takes."""
        files = self._road.foretell(shapes)
        return {"": cost.requests(shapes, files, v1_links=self._v1_links)}

    def _kind(self, type: ObjectType, name: str) -> str:
        return self._kinds.get(type, {}).get(name) or _KINDS.get(name, "text")

    def _look(self, account: Account) -> Lookups:
        """The account's lookups, made once per account."""
        if self._lookups is None or self._lookups.account is not account:
            self._lookups = Lookups(account)
            self._kinds = {type: _kinds(infos.values()) for type, infos in account.fields.items()}
        return self._lookups

    def _reading(self, account: Account) -> Decoder:
        """The same for reading."""
        if self._decoder is None or self._decoder.account is not account:
            self._decoder = Decoder(account)
        return self._decoder


def _kinds(infos: Iterable[FieldInfo]) -> dict[str, str]:
    """How to compare each property."""
    found = {info.name: "choices" if info.multiple else info.kind for info in infos}
    return {name: _KINDS.get(name, kind) for name, kind in found.items()}
