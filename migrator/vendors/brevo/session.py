"""One account as one process sees it: what was read once, and what was learnt on the way.

Nothing here matters to what is right: a fresh session reads and learns it again.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.model import KEY_FIELD, ObjectType
from migrator.vendors.brevo.account import read_pipelines
from migrator.vendors.brevo.answers import text
from migrator.vendors.brevo.calls import Calls, ContactCalls
from migrator.vendors.brevo.schema import Schema
from migrator.vendors.shared.places import Stages
from migrator.vendors.shared.values import zone_of

if TYPE_CHECKING:
    from datetime import tzinfo

    import httpx

    from migrator.model import Account, Pipeline
    from migrator.vendors.brevo.options import BrevoOptions
    from migrator.wire import Clock


class Session:
    """One account.

    Attributes:
        named_by: what the next import file names linked records by; the other way is tried when
            one turns out not to be understood.
        shown: per type the newest import of ours whose process Brevo showed. That it shows those
            of one type says nothing of another's.
        hidden: types of which Brevo did not show the process of an import.
        began: when this session began (monotonic).
        attributes: ids of attributes that this session created, by type and folded label; no list
            shows them, and options are added by id.
        written: ids of the notes and tasks that this session created, by how they look.
        forms: per list the form of asking (page size, sorted or not) that was accepted.
    """

    def __init__(self, client: httpx.AsyncClient, clock: Clock, options: BrevoOptions) -> None:
        self.calls = Calls(client, clock)
        self.contact_calls = ContactCalls(client, clock)
        self.clock = clock
        self.options = options
        self.named_by: dict[ObjectType, str] = {
            ObjectType.CONTACTS: options.associated_contact,
            ObjectType.COMPANIES: options.associated_company,
        }
        self.shown: dict[ObjectType, int] = {}
        self.hidden: set[ObjectType] = set()
        self.began = clock.monotonic()
        self._wrote_at: float | None = None
        self.forms: dict[tuple[ObjectType, str], tuple[int, bool]] = {}
        self.written: defaultdict[str, set[str]] = defaultdict(set)
        self.attributes: dict[tuple[ObjectType, str], str] = {}
        self.zone: tzinfo | None = None
        self._schemas: dict[ObjectType, Schema] = {}
        self._pipelines: tuple[Pipeline, ...] | None = None
        self._task_types: dict[str, str] | None = None

    def forget(self) -> None:
        """Read pipelines, attributes and types of tasks anew when they are asked for next."""
        self._schemas.clear()
        self._pipelines = None
        self._task_types = None

    def look(self, account: Account) -> None:
        """Take over what the comparing of values needs to know of an account."""
        self.zone = zone_of(account.time_zone)

    async def schema(self, type: ObjectType) -> Schema:
        """The attributes of a type, read once."""
        found = self._schemas.get(type)
        if found is None:
            if type is ObjectType.CONTACTS:
                items = await self.contact_calls.contact_attributes()
            else:
                items = await self.calls.attributes(type)
            found = self._schemas[type] = Schema(type, items)
        return found

    async def keyed(self, type: ObjectType) -> Schema:
        """As ``schema``, of an account that has the key attribute.

        Raises:
            InputError: it has none, so that what was written could not be found again.
        """
        found = await self.schema(type)
        if found.key is None:
            raise InputError(
                f"Brevo's {type} have no attribute {KEY_FIELD}, by which they are found again. "
                "Somebody deleted it, or the run was not prepared: plan it anew, which creates it."
            )
        return found

    def known(self, type: ObjectType) -> Schema | None:
        """The attributes of a type, if they were read."""
        return self._schemas.get(type)

    async def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines, read once."""
        if self._pipelines is None:
            self._pipelines = await read_pipelines(self.calls)
        return self._pipelines

    async def task_types(self) -> dict[str, str]:
        """The types of tasks, id to title, read once."""
        if self._task_types is None:
            items = await self.calls.task_types()
            titles = {text(item.get("id")): text(item.get("title")) for item in items}
            self._task_types = {id_: title or id_ for id_, title in titles.items() if id_}
        return self._task_types

    async def stages(self) -> Stages:
        """The pipelines made ready for looking up."""
        return Stages(await self.pipelines())

    def wrote(self) -> None:
        """Note that something was written just now: lists may not show it yet."""
        self._wrote_at = self.clock.monotonic()

    def read_back(self) -> None:
        """Note that the lists show what was written."""
        self._wrote_at = None

    async def caught_up(self) -> None:
        """Wait until lists show what this session wrote."""
        if self._wrote_at is not None:
            await self.lag_since(self._wrote_at)
            self._wrote_at = None

    async def lag_since(self, moment: float) -> None:
        """Wait until the lists' lag has passed since a moment (monotonic)."""
        left = self.options.list_lag - (self.clock.monotonic() - moment)
        if left > 0:
            await self.clock.sleep(left)
