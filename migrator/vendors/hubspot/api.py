"""HubSpot's CRM seen as a :class:`~migrator.vendors.base.Vendor`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType, Rate
from migrator.vendors.base import Capabilities, no_note
from migrator.vendors.hubspot import account as accounts
from migrator.vendors.hubspot import (
    cost,
    encode,
    legacy,
    links,
    read,
    recover,
    setup,
    unlinks,
    values,
    write,
)
from migrator.vendors.hubspot.calls import BATCH, CONCURRENCY, Calls
from migrator.vendors.hubspot.lookups import Lookups
from migrator.vendors.hubspot.paths import VERSION

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
        Provision,
        Record,
        Sent,
        Shape,
    )

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
    ignored=encode.IGNORED,
)

_KINDS: Mapping[str, str] = {
    "amount": "number",
    "closedate": "datetime",
    "createdate": "datetime",
    "email": "email",
    "domain": "email",
}
"""How to compare HubSpot's own properties as long as no account was described."""


class HubSpot:
    """One portal.

    Args:
        client: as :func:`migrator.wire.connect` makes it.
        version: of the API: ``v3``, ``v4`` (the same) or a date.
        v1_links: link deals by the deprecated v1 associations.
    """

    name = "hubspot"

    def __init__(
        self, client: httpx.AsyncClient, version: str = VERSION, *, v1_links: bool = False
    ) -> None:
        self._calls = Calls(client, version)
        self._v1_links = v1_links
        self._lookups: Lookups | None = None
        self._kinds: dict[ObjectType, dict[str, str]] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What may be asked for; one create at a time in an account without the key field."""
        keyless = self._lookups.keyless if self._lookups else frozenset()
        if not keyless:
            return CAPABILITIES
        alone = {(type, Action.CREATE): 1 for type in keyless}
        return replace(CAPABILITIES, batch={**CAPABILITIES.batch, **alone})

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """Read pipelines, owners, currencies, and the properties of ``types``."""
        found = await accounts.describe(self._calls, types)
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

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """Properties of a contact or company to create."""
        return encode.parent(type, name)

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """Whether two values say the same, by the kind the property has in the account seen last.

        Of a property that was never described only the text is compared.
        """
        kind = self._kinds.get(type, {}).get(name) or _KINDS.get(name, "text")
        return values.same(kind, ours, held)

    async def resolve(self, type: ObjectType, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Ids of contacts by e-mail address, of companies by domain, else by name."""
        return await read.resolve(self._calls, type, names)

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None] = no_note,  # noqa: ARG002  # batches are worked off at once
    ) -> list[Outcome]:
        """Carry out ops of one action."""
        return await write.write(self._calls, type, action, ops)

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """Creates that landed are there by their key; updates and deletes may be repeated."""
        return await recover.recover(self._calls, type, sent)

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Link existing records to their parents."""
        by_v1 = [op for op in ops if self._v1_links and op.type is ObjectType.DEALS]
        others = [op for op in ops if op not in by_v1]
        done = await legacy.link(self._calls, by_v1)
        return done + (await links.link(self._calls, others) if others else [])

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

    async def count(self, type: ObjectType) -> int:
        """How many records there are; of those made in the last seconds a search may not know."""
        return await read.count(self._calls, type)

    def export(self, type: ObjectType, properties: Collection[str] = ()) -> AsyncIterator[Held]:
        """Every record of the type, once."""
        return read.export(self._calls, type, properties)

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """Requests that carrying out so many ops of each shape takes."""
        return {"": cost.requests(shapes, v1_links=self._v1_links)}

    def _look(self, account: Account) -> Lookups:
        """The account's lookups, made once per account."""
        if self._lookups is None or self._lookups.account is not account:
            self._lookups = Lookups(account)
            self._kinds = {type: _kinds(infos.values()) for type, infos in account.fields.items()}
        return self._lookups


def _kinds(infos: Iterable[FieldInfo]) -> dict[str, str]:
    """How to compare each property."""
    found = {info.name: "choices" if info.multiple else info.kind for info in infos}
    return {name: _KINDS.get(name, kind) for name, kind in found.items()}
