"""ActiveCampaign's CRM seen as a :class:`~migrator.vendors.base.Vendor`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType, Rate
from migrator.vendors.activecampaign import account as accounts
from migrator.vendors.activecampaign import (
    activity,
    activity_recover,
    activity_write,
    by_id,
    chores,
    cost,
    decode,
    encode,
    linked,
    links,
    moves,
    people,
    read,
    recover,
    setup,
    unlinks,
    values,
    write,
)
from migrator.vendors.activecampaign.calls import Calls
from migrator.vendors.activecampaign.catalogue import PARENTS
from migrator.vendors.activecampaign.imports import IMPORT, Importer
from migrator.vendors.activecampaign.lookups import Lookups
from migrator.vendors.activecampaign.options import ActiveCampaignOptions
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.stream import Progress
from migrator.vendors.activecampaign.tenant import Tenant
from migrator.vendors.activecampaign.update import Updates
from migrator.vendors.base import Capabilities, Reading, no_note
from migrator.vendors.shared.unique import NothingUnique

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    import httpx

    from migrator.model import (
        Account,
        Encoded,
        Held,
        Op,
        Outcome,
        Page,
        Provision,
        Record,
        Sent,
        Shape,
    )
    from migrator.vendors.activecampaign.task_things import Activity
    from migrator.vendors.activecampaign.things import Titled
    from migrator.vendors.shared.places import Place as StagePlace
    from migrator.wire import Clock

_ONE_BY_ONE = (Action.CREATE, Action.UPDATE, Action.DELETE)

_ON_DEALS = (ObjectType.TASKS, ObjectType.NOTES)

_ENDS = (ObjectType.DEALS, *_ON_DEALS)
"""Types whose list can be looked at behind its end; others are joined with long lists first."""

CONCURRENCY = 6
"""At 300 ms an answer, five requests a second need two of them under way; slow ones need more."""


def rates(options: ActiveCampaignOptions) -> dict[str, tuple[Rate, ...]]:
    """The account's window: all requests count alike (rate limits page)."""
    return {"": (Rate(options.requests_per_second, timedelta(seconds=1)),)}


CAPABILITIES = Capabilities(
    batch={
        **{(type, action): 1 for type in ObjectType for action in _ONE_BY_ONE},
        (ObjectType.DEALS, Action.UPDATE): cost.UPDATES,
        (ObjectType.DEALS, Action.UNLINK): cost.UPDATES,
        (ObjectType.CONTACTS, Action.CREATE): IMPORT,
    },
    rates=rates(ActiveCampaignOptions()),
    concurrency=CONCURRENCY,
    reads_all=True,
    unique_keys=False,
    links_on_create=False,
    one_parent=PARENTS,
)
"""There is no bulk creation of deals: one request each."""


class ActiveCampaign(NothingUnique):
    """One account.

    Args:
        client: as :func:`migrator.wire.connect` makes it; its base URL may end in ``/api/3``.
        clock: for waiting on imports and before looking for what was lost.
        options: what the user set.

    Attributes:
        calls: every operation of the API by itself.
        tenant: what is known of the account.
    """

    name = "activecampaign"

    def __init__(
        self,
        client: httpx.AsyncClient,
        clock: Clock,
        options: ActiveCampaignOptions | None = None,
    ) -> None:
        self.options = options or ActiveCampaignOptions()
        self.calls = Calls(client)
        self.tenant = Tenant(self.calls, self.options)
        self._clock = clock
        self._updates = Updates(self.tenant)
        self._activities = activity_write.Writer(self.tenant)
        self._importer = Importer(self.calls, clock)
        self._account: Account | None = None
        self._lookups: Lookups | None = None
        self._decoder: decode.Decoder | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What may be asked for; what is ignored depends on the account described last."""
        ignored = encode.ignored(self._account, self.options)
        return replace(
            CAPABILITIES,
            rates=rates(self.options),
            ignored=ignored,
            find_lag=self.options.list_lag,
        )

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """Read user, users, pipelines and fields: four requests."""
        found = await accounts.describe(self.tenant, types)
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
        await setup.provision(self.tenant, missing)

    def encode(self, record: Record, account: Account) -> Encoded:
        """The record in ActiveCampaign's terms, or its problems."""
        return encode.encode(record, self._look(account), self.options)

    def decode(self, held: Held, account: Account) -> dict[str, str]:
        """A record of the account in canonical fields."""
        if self._decoder is None or self._decoder.account is not account:
            self._decoder = decode.Decoder(account)
        return self._decoder.decode(held)

    def exported(self, type: ObjectType, account: Account) -> tuple[str, ...]:
        """What people fill, and the moment of creation."""
        return decode.exported(type, account, percent=self.options.probability == "percent")

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """Properties of a contact or company to create."""
        return encode.parent(type, name)

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """Whether two values say the same, by the kind the field has in the account seen last."""
        if name in {"currency", "email"}:
            return values.same("code", ours, held)
        infos = self._account.fields.get(type, {}) if self._account else {}
        info = infos.get(name)
        if info is None:
            return values.same(None, ours, held)
        return values.same("choices" if info.multiple else info.kind, ours, held)

    async def resolve(self, type: ObjectType, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Ids of contacts by address, of companies by domain, else by name, of deals by key."""
        if type is ObjectType.DEALS:
            return await read.resolve(self.tenant, names)
        return await people.resolve(self.calls, type, names)

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None] = no_note,
    ) -> list[Outcome]:
        """Carry out ops of one action; only imports of contacts have a job to note."""
        if type is ObjectType.DEALS:
            return await self._write_deals(action, ops)
        if type in _ON_DEALS:
            return await self._activities.write(action, ops)
        if action is Action.UPDATE:
            return await write.one_by_one(ops, partial(people.update, self.calls))
        if action is Action.DELETE:
            return await write.one_by_one(ops, partial(people.delete, self.calls))
        if type is ObjectType.CONTACTS:
            return await self._importer.create(ops, note)
        return await write.one_by_one(ops, partial(people.create_company, self.calls))

    async def _write_deals(self, action: Action, ops: Sequence[Op]) -> list[Outcome]:
        if action is Action.UPDATE:
            return await self._updates.write(ops)
        if action is Action.DELETE:
            for op in ops:
                self._updates.forget(str(op.id))
            return await write.one_by_one(ops, partial(write.delete, self.tenant))
        return await write.one_by_one(ops, partial(write.create, self.tenant))

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """Creates that landed; a company has a unique name, so it may just be sent again."""
        if type is ObjectType.DEALS:
            return await recover.recover(self.tenant, self._clock, sent)
        if type is ObjectType.CONTACTS:
            creates = [one for one in sent if one.op.action is Action.CREATE]
            return await self._importer.recover(creates)
        if type in _ON_DEALS:
            made = self._activities.made[type]
            return await activity_recover.recover(self.tenant, self._clock, type, sent, made)
        return []

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Link deals to contacts and to one company each; tasks and notes are linked for good."""
        deals = [op for op in ops if op.type not in _ON_DEALS]
        outcomes = await links.link(self.tenant, deals)
        return outcomes + await activity_write.link(
            self.tenant, [op for op in ops if op.type in _ON_DEALS]
        )

    async def unlink(self, ops: Sequence[Op]) -> list[Outcome]:
        """Part deals from contacts and companies."""
        return await unlinks.unlink(self.tenant, ops)

    async def linked(
        self, type: ObjectType, ids: Collection[str], to: ObjectType
    ) -> dict[str, frozenset[str]]:
        """Ids of the contacts or the company of each deal, or of the deals of each of these."""
        return await linked.linked(self.tenant, type, ids, to)

    async def find(
        self, type: ObjectType, keys: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by source key, which tasks and notes do not have; for deals much is read."""
        if type is ObjectType.DEALS:
            return await read.find(self.tenant, keys, properties)
        if type in _ON_DEALS:
            return {}
        return await people.find(self.calls, type, keys, properties)

    async def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """Every record of the type that the caller does not have, whenever it was changed.

        As a by-product, the ids of all custom values are known to updates of deals that follow.
        UNCERTAIN is whether a changed custom value changes the deal's ``mdate``, by which the
        filter for changes goes, so that nothing is left out by ``since``.
        """
        wanted = reading or Reading()
        whole = not wanted.seen
        progress = Progress(wanted.seen, wanted.place, wanted.met)
        if wanted.behind and (type not in _ENDS or not progress.mark.last):
            return
        if type in _ON_DEALS:
            async for page in activity.pages(self.calls, type, properties, progress):
                yield page
            return
        scratch = Scratch()
        found = (
            read.pages(self.tenant, properties, scratch, progress, labels=wanted.labels)
            if type is ObjectType.DEALS
            else people.pages(self.calls, type, properties, scratch, progress)
        )
        try:
            async for page in found:
                yield page
        except BaseException:
            scratch.close()
            raise
        if type is ObjectType.DEALS and (whole or scratch.has_any()):
            self._updates.learn(scratch)
        else:
            scratch.close()

    async def read(
        self, type: ObjectType, ids: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by id: one by one, or from the list of all, whichever is fewer requests."""
        return await by_id.read(self.tenant, type, ids, properties)

    async def count(self, type: ObjectType) -> int | None:
        """How many records the account lists, those that cannot be seen among them."""
        return await by_id.count(self.calls, type)

    def activities(
        self, deal_ids: Collection[str] = (), *, emails: bool = True
    ) -> AsyncIterator[Activity]:
        """Who changed what and when, of some deals, or of all when none is named: read-only."""
        return activity.activities(self.calls, deal_ids, emails=emails)

    # -- bulk changes that a person asks for -------------------------------------------------------

    async def stage(self, id: str) -> StagePlace:
        """A stage and its pipeline, read just now; :class:`InputError` when there is none."""
        return await moves.stage(self.calls, id)

    async def move_stage(self, from_id: str, to_id: str) -> None:
        """Move all deals of a stage to another of the same pipeline, by one request.

        When its answer is lost, repeating it moves what is left, and what came since.
        """
        await moves.move_stage(self.calls, from_id, to_id)

    async def task_types(self) -> Mapping[str, str]:
        """Titles of the task types by id, those out of use among them."""
        return {one.id: one.title for one in await self.calls.tasks.types()}

    async def task_type(self, id: str) -> Titled:
        """A task type, read just now; :class:`InputError` when there is none."""
        return await moves.task_type(self.calls, id)

    async def move_tasks(self, from_id: str, to_id: str) -> None:
        """Give all tasks of a type another type, by one request; to repeat it as `move_stage`."""
        await moves.move_tasks(self.calls, from_id, to_id)

    async def do(self, chore: str, arguments: Sequence[str]) -> str:
        """Do one of :data:`.chores.CHORES`."""
        return await chores.do(self.tenant, chore, arguments)

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """Requests that carrying out so many ops of each shape takes."""
        terms = cost.Terms(
            bulk_size=self.options.bulk_size,
            knows_values=self._updates.knows_values,
            role=bool(self.options.role),
            default_contact="@" in self.options.default_contact,
            units=self.tenant.money.needs_currency(),
            new_role=self.tenant.lacks_role,
        )
        return {"": cost.requests(shapes, terms)}

    def _look(self, account: Account) -> Lookups:
        """The account's lookups, made once per account."""
        if self._lookups is None or self._account is not account:
            self._account = account
            self._lookups = Lookups(account, self.tenant.money)
        return self._lookups
