"""What is known of the account: read once, when it is first needed, or anew when asked.

Nothing here is relied on between processes: whoever writes without having described the account
has it read then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from migrator.model import KEY_FIELD
from migrator.vendors.activecampaign.catalogue import Fields
from migrator.vendors.activecampaign.values import Money
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from migrator.vendors.activecampaign.calls import Calls
    from migrator.vendors.activecampaign.options import ActiveCampaignOptions
    from migrator.vendors.activecampaign.people_things import User
    from migrator.vendors.activecampaign.things import FieldMeta, Group, StageRow, Titled

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Funnel:
    """A pipeline with its stages in display order."""

    group: Group
    stages: tuple[StageRow, ...]


class Tenant:
    """One account and the user's options for it."""

    def __init__(self, calls: Calls, options: ActiveCampaignOptions) -> None:
        self.calls = calls
        self.options = options
        self.money = Money(units=options.zero_decimal == "units", large=options.large_values)
        self._known: dict[str, object] = {}
        self._turn = asyncio.Lock()

    def forget(self) -> None:
        """Read everything anew when it is needed next."""
        self._known.clear()

    async def _once(self, name: str, read: Callable[[], Awaitable[_T]]) -> _T:
        async with self._turn:
            if name not in self._known:
                self._known[name] = await read()
            found: _T = self._known[name]  # type: ignore[assignment]  # put there by `read`
            return found

    async def me(self) -> User:
        """The user the key belongs to."""
        return await self._once("me", self.calls.people.me)

    async def fields(self) -> Fields:
        """The custom fields of deals."""

        async def read() -> Fields:
            return Fields(await self.calls.fields.metas())

        return await self._once("fields", read)

    def add_field(self, meta: FieldMeta) -> None:
        """A custom field was created just now."""
        known = self._known.get("fields")
        if isinstance(known, Fields):
            self._known["fields"] = known.with_one(meta)

    async def key(self) -> FieldMeta | None:
        """The field that keeps the source key."""
        return (await self.fields()).key

    async def key_name(self) -> str:
        """Its name, for messages."""
        meta = await self.key()
        return meta.label if meta else KEY_FIELD

    async def funnels(self) -> tuple[Funnel, ...]:
        """Pipelines and their stages."""
        return await self._once("funnels", self._read_funnels)

    async def _read_funnels(self) -> tuple[Funnel, ...]:
        """Stages come along with pipelines; those that did not are asked for."""
        groups, stages = await self.calls.pipelines.groups()
        known = {stage.id for stage in stages}
        for group in groups:
            if not known.issuperset(group.stages):
                stages += await self.calls.pipelines.stages(group.id)
        return tuple(Funnel(group, in_order(stages, group.id)) for group in groups)

    async def currency_of(self, group: str | None) -> str:
        """Currency, in small letters, of a deal that names none."""
        if self.options.currency:
            return self.options.currency.lower()
        for funnel in await self.funnels():
            if funnel.group.id == group and funnel.group.currency:
                return funnel.group.currency.lower()
        return (await self.home_currency() or "usd").lower()

    async def home_currency(self) -> str | None:
        """The option, else what all pipelines share; an account has no currency of its own."""
        if self.options.currency:
            return self.options.currency.upper()
        found = {(funnel.group.currency or "").upper() for funnel in await self.funnels()}
        return found.pop() or None if len(found) == 1 else None

    async def roles(self) -> list[Titled]:
        """The roles a secondary contact may have, where the option names one of them."""
        return await self._once("roles", self.calls.deals.roles) if self.options.role else []

    async def role_titles(self) -> dict[str, str]:
        """Titles of all roles by id, for reading."""
        roles = await self._once("roles", self.calls.deals.roles)
        return {role.id: role.title for role in roles}

    @property
    def lacks_role(self) -> bool:
        """Whether the roles were read, and the one that is wanted was not among them."""
        known = self._known.get("roles")
        return isinstance(known, list) and self._wanted_role(known) is None

    def _wanted_role(self, roles: Iterable[Titled]) -> str | None:
        wanted = folded(self.options.role)
        return next((role.id for role in roles if folded(role.title) == wanted), None)

    async def role(self) -> str | None:
        """Id of the role that secondary contacts are given; created when it is not there."""
        if not self.options.role.strip():
            return None
        found = self._wanted_role(await self.roles())
        if found is not None:
            return found
        async with self._turn:
            roles = await self.calls.deals.roles()  # another load may have created it by now
            if self._wanted_role(roles) is None:
                roles.append(await self.calls.deals.create_role(self.options.role.strip()))
            self._known["roles"] = roles
            return self._wanted_role(roles)

    async def task_types(self) -> list[Titled]:
        """The types a task may have."""
        return await self._once("task_types", self.calls.tasks.types)

    async def default_contact(self) -> str | None:
        """Id of the contact for deals that have neither contact nor company."""
        wanted = self.options.default_contact.strip()
        if not wanted or "@" not in wanted:
            return wanted or None

        async def read() -> str:
            found = await self.calls.people.contact_of_email(wanted)
            return (found or await self.calls.people.sync_contact({"email": wanted})).id

        return await self._once("default_contact", read)


def in_order(stages: list[StageRow], group: str) -> tuple[StageRow, ...]:
    """The stages of a pipeline, each once, as they are shown; orders may repeat, ids do not."""
    own = {stage.id: stage for stage in stages if stage.group == group}
    return tuple(sorted(own.values(), key=lambda stage: (stage.order, _age(stage.id))))


def _age(id: str) -> tuple[int, str]:
    return (int(id) if id.isdigit() else 0, id)
