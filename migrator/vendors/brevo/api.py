"""Brevo's CRM seen as a :class:`~migrator.vendors.base.Vendor`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import Action, ObjectType
from migrator.vendors.base import Capabilities, Reading, no_note
from migrator.vendors.brevo import (
    activities,
    changes,
    contacts,
    cost,
    decode,
    encode,
    encode_activity,
    imports,
    links,
    read,
    recover,
    setup,
    singly,
    unlinks,
    values,
)
from migrator.vendors.brevo.account import describe
from migrator.vendors.brevo.lookups import Lookups
from migrator.vendors.brevo.options import BrevoOptions
from migrator.vendors.brevo.schema import ACTIVITIES
from migrator.vendors.brevo.session import Session
from migrator.vendors.shared.turns import in_turn
from migrator.vendors.shared.unique import NothingUnique

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

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
    from migrator.wire import Clock

_BATCH: Mapping[tuple[ObjectType, Action], int] = {
    (ObjectType.DEALS, Action.CREATE): cost.FILE,
    (ObjectType.DEALS, Action.UPDATE): cost.FILE,
    (ObjectType.DEALS, Action.DELETE): cost.DELETES,
    (ObjectType.DEALS, Action.UNLINK): cost.DELETES,
    (ObjectType.COMPANIES, Action.CREATE): cost.FILE,
    (ObjectType.COMPANIES, Action.UPDATE): cost.FILE,
    (ObjectType.COMPANIES, Action.DELETE): cost.DELETES,
    (ObjectType.CONTACTS, Action.CREATE): cost.CONTACTS,
    (ObjectType.CONTACTS, Action.UPDATE): cost.DELETES,
    (ObjectType.CONTACTS, Action.DELETE): cost.DELETES,
    # One at a time: of one that has no answer it is told what was written before.
    (ObjectType.NOTES, Action.CREATE): 1,
    (ObjectType.NOTES, Action.UPDATE): cost.DELETES,
    (ObjectType.NOTES, Action.DELETE): cost.DELETES,
    (ObjectType.NOTES, Action.UNLINK): cost.DELETES,
    (ObjectType.TASKS, Action.CREATE): 1,
    (ObjectType.TASKS, Action.UPDATE): cost.DELETES,
    (ObjectType.TASKS, Action.DELETE): cost.DELETES,
    (ObjectType.TASKS, Action.UNLINK): cost.DELETES,
}


class Brevo(NothingUnique):
    """One account.

    Args:
        client: as :func:`migrator.wire.connect` makes it.
        clock: the time, for polls.
        options: what the user set.
    """

    name = "brevo"

    def __init__(
        self, client: httpx.AsyncClient, clock: Clock, options: BrevoOptions | None = None
    ) -> None:
        self._options = options or BrevoOptions()
        self._session = Session(client, clock, self._options)
        self._lookups: Lookups | None = None
        self._capabilities = Capabilities(
            batch=_BATCH,
            rates=self._options.rates(),
            concurrency=1,  # imports that run in parallel get stuck
            reads_all=True,
            find_lag=self._options.list_lag,
            unique_keys=False,
            links_on_create=True,
            creates_pipelines=False,
            ignored=encode.IGNORED,
        )

    @property
    def capabilities(self) -> Capabilities:
        """What may be asked for; one create at a time in an account without the key attribute."""
        keyless = self._lookups.keyless if self._lookups else frozenset()
        if not keyless:
            return self._capabilities
        alone = {(type, Action.CREATE): 1 for type in keyless}
        return replace(self._capabilities, batch={**_BATCH, **alone})

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """Read the account, its pipelines, and the attributes of ``types``."""
        found = await describe(self._session, types)
        self._look(found)
        return found

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """The part of ``wanted`` that ``account`` does not have."""
        return setup.lacking(account, wanted)

    def provisional(self, account: Account, missing: Provision) -> Account:
        """``account`` as if ``missing`` were there, but for pipelines, which nobody creates."""
        return setup.provisional(account, missing)

    async def provision(self, missing: Provision) -> None:
        """Create missing attributes; a missing pipeline is an ``InputError``."""
        await setup.provision(self._session, missing)

    def encode(self, record: Record, account: Account) -> Encoded:
        """The record in Brevo's terms, or its problems."""
        lookups = self._look(account)
        if record.type in ACTIVITIES:
            return encode_activity.encode(record, lookups)
        check = self._options.required_fields == "check"
        return encode.encode(record, lookups, required=check)

    def decode(self, held: Held, account: Account) -> dict[str, str]:
        """A record in canonical fields."""
        return self._look(account).decoder.decode(held)

    def exported(self, type: ObjectType, account: Account) -> tuple[str, ...]:
        """The attributes that people fill, and the moment of creation."""
        return decode.exported(type, account)

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """Properties of a contact or company to create."""
        return encode.parent(type, name)

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """Whether two values say the same, by the kind of the field in the account seen last.

        Of a field that was never described only the text is compared.
        """
        return values.same(self._field(type, name), ours, held, self._session.zone)

    async def resolve(self, type: ObjectType, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Ids of contacts by address, of companies by domain, else by name, of deals by key."""
        return await read.resolve(self._session, type, names)

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None] = no_note,
    ) -> list[Outcome]:
        """Carry out ops of one action: few one by one, many as one file."""
        if (type, action) not in _BATCH:
            raise InputError(f"Brevo offers no {action} of {type}.")
        if action is Action.UNLINK:
            return await self.unlink(ops)
        if type in ACTIVITIES:
            return await activities.write(self._session, action, ops, note)
        return await self._write(type, action, ops, note)

    async def _write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None],
    ) -> list[Outcome]:
        """As ``write``, of records with attributes."""
        session = self._session
        create = action is Action.CREATE
        if action is Action.DELETE:
            return await singly.delete(session, type, ops)
        if type is ObjectType.CONTACTS:
            writing = (
                contacts.create(session, ops, note) if create else contacts.update(session, ops)
            )
            return await writing
        if not create:
            return await changes.update(session, type, ops, note)
        if any(singly.keyless(op) for op in ops):
            return await in_turn([partial(singly.create, session, type, [op]) for op in ops])
        if len(ops) < self._options.import_from:
            return await singly.create(session, type, ops)
        return await imports.create(session, type, ops, note)

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """What became of ops without an answer; waits for an import that may still run."""
        return await recover.recover(self._session, type, sent)

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Link existing deals, notes or tasks to their parents."""
        return await links.link(self._session, ops)

    async def unlink(self, ops: Sequence[Op]) -> list[Outcome]:
        """Part deals, notes or tasks from their parents."""
        return await unlinks.unlink(self._session, ops)

    async def linked(
        self, type: ObjectType, ids: Collection[str], to: ObjectType
    ) -> dict[str, frozenset[str]]:
        """Ids of the parents of each record, or of the deals of each parent."""
        return await unlinks.linked(self._session, type, ids, to)

    async def find(
        self, type: ObjectType, keys: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by source key."""
        return await read.find(self._session, type, keys, properties)

    def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """Every record of the type, page by page from a place on; links have no labels."""
        return read.pages(self._session, type, properties, reading or Reading())

    async def read(
        self, type: ObjectType, ids: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by id."""
        return await read.read(self._session, type, ids, properties)

    async def count(self, type: ObjectType) -> int | None:
        """How many records the account's list tells of; it does not of notes and tasks."""
        return await read.count(self._session, type)

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """Requests per bucket, polls and reading back included."""
        return cost.requests(shapes, self._options)

    def _look(self, account: Account) -> Lookups:
        """The account's lookups, made once per account."""
        if self._lookups is None or self._lookups.account is not account:
            self._lookups = Lookups(account)
            self._session.look(account)
        return self._lookups

    def _field(self, type: ObjectType, name: str) -> FieldInfo | None:
        if self._lookups is not None:
            return self._lookups.field(type, name)
        schema = self._session.known(type)
        return schema.info(name) if schema else None
