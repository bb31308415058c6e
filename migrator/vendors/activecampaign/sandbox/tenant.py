"""The state of one imitated account, and its time."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from migrator.vendors.activecampaign.sandbox.rows import (
    Activity,
    Company,
    Contact,
    ContactField,
    Datum,
    Deal,
    Field,
    Membership,
    Note,
    Pipeline,
    Role,
    Secondary,
    Stage,
    Table,
    Tag,
    Task,
    TaskType,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from migrator.vendors.activecampaign.sandbox.options import ActiveCampaignOptions

AUTOMATIC_STAGES = ("To Contact", "In Contact", "Follow Up")
"""What every new pipeline has before anybody asks."""

TASK_TYPES = ("Call", "Email", "Lunch", "Meeting")

FORECAST = 7
"""Id of the field "Forecasted Close Date" here; every account has another one."""

HIDDEN_PIPELINE = 900_000
"""The pipeline of the stubs, which no list shows."""

ROLES = ("Decision Maker", "Contributor")


class Tenant:
    """All records and settings; every handler works on them under the sandbox's lock.

    Attributes:
        changes: grows with every request that may write; lists that were made before are stale.
        by_email: ids of contacts by address in small letters.
        by_name: ids of accounts (companies) by name in small letters.
    """

    def __init__(
        self,
        options: ActiveCampaignOptions,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self.options = options
        self.clock = clock
        self.random = random.Random(options.seed)
        self.currency = options.currency.lower()
        self.zone = ZoneInfo(options.time_zone)
        self._now = now
        self.name = "Sandbox"
        self.changes = 0
        self.users: Table[User] = Table("User")
        self.pipelines: Table[Pipeline] = Table("DealGroup")
        self.stages: Table[Stage] = Table("DealStage")
        self.deals: Table[Deal] = Table("Deal")
        self.fields: Table[Field] = Table("DealCustomFieldMetum")
        self.data: Table[Datum] = Table("DealCustomFieldDatum")
        self.contacts: Table[Contact] = Table("Subscriber")
        self.contact_fields: Table[ContactField] = Table("Field")
        self.companies: Table[Company] = Table("CustomerAccount")
        self.memberships: Table[Membership] = Table("CustomerAccountSubscriber")
        self.secondary: Table[Secondary] = Table("SubscriberDeal")
        self.roles: Table[Role] = Table("DealRole")
        self.task_types: Table[TaskType] = Table("DealTasktype")
        self.tasks: Table[Task] = Table("DealTask")
        self.activities: Table[Activity] = Table("DealActivity")
        self.notes: Table[Note] = Table("Note")
        self.tags: Table[Tag] = Table("Tag")
        self.by_email: dict[str, int] = {}
        self.by_name: dict[str, int] = {}
        self._furnish()

    def time(self) -> int:
        """Now, in whole seconds since 1970."""
        return int(self._now().timestamp())

    def local(self, time: int | None) -> str | None:
        """An instant with the account's offset: ``2026-05-28T04:05:28-05:00``."""
        return None if time is None else _with_offset(time, self.zone)

    def naive(self, time: int) -> str:
        """An instant as older fields have it: local, without offset."""
        return datetime.fromtimestamp(time, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def token(self, length: int) -> str:
        """Hexadecimal digits that look random and repeat by seed."""
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    def shown_from(self) -> float:
        """When lists begin to show what is written now."""
        return self.clock() + self.options.read_lag

    def add_pipeline(self, title: str, labels: Collection[str]) -> Pipeline:
        """A pipeline with these stages, as somebody would make it by hand."""
        time = self.time()
        id = self.pipelines.next_id()
        pipeline = Pipeline(id, title, self.currency, time, time)
        self.pipelines.put(id, pipeline)
        for order, label in enumerate(labels, 1):
            stage = self.stages.next_id()
            self.stages.put(stage, Stage(stage, label, id, order, None, None))
        return pipeline

    def stages_of(self, group: int) -> list[Stage]:
        """A pipeline's stages in order; where an order is given twice, nobody knows."""
        return sorted(
            (one for one in self.stages if one.group == group),
            key=lambda one: (one.order, -one.id),
        )

    def add_users(self, emails: Collection[str]) -> None:
        """Users with names made of their addresses."""
        for email in emails:
            first, _, last = email.partition("@")[0].partition(".")
            id = self.users.next_id()
            self.users.put(id, User(id, email, first.title(), last.title()))

    def disabled(self, deal: Deal) -> bool:
        """Whether only a stub of the deal is shown: its pipeline is gone or not ours to see."""
        return deal.group not in self.pipelines.rows

    def _furnish(self) -> None:
        """What every account has, and what the options ask for."""
        options, time = self.options, self.time()
        self.add_users(options.users or ("admin@example.com",))
        self.add_pipeline("Pipeline", AUTOMATIC_STAGES)
        for title, labels in options.pipelines.items():
            self.add_pipeline(title, labels)
        for title in TASK_TYPES:
            id = self.task_types.next_id()
            self.task_types.put(id, TaskType(id, title, 0, None, None))
        for title in ROLES:
            id = self.roles.next_id()
            self.roles.put(id, Role(id, title, time, time))
        close_date = Field(
            id=FORECAST,
            label="Forecasted Close Date",
            type="date",
            options=None,
            personalization="DEAL_FORECASTED_CLOSE_DATE",
            created=time,
            updated=time,
            visible=1,
            known=13,
        )
        self.fields.put(FORECAST, close_date)
        for number in range(options.stubs):
            self._add_stub(number)

    def _add_stub(self, number: int) -> None:
        id, time = self.deals.next_id(), self.time()
        deal = Deal(
            id=id,
            title=f"Hidden {number + 1}",
            description="",
            contact=None,
            account=None,
            value=100_000,
            currency=self.currency,
            group=HIDDEN_PIPELINE,
            stage=HIDDEN_PIPELINE,
            owner=next(iter(self.users.rows), 1),
            percent=0,
            status=0,
            created=time,
            updated=time,
            hash=self.token(8),
            shown=self.clock(),
        )
        self.deals.put(id, deal)


@lru_cache(maxsize=10_000)
def _with_offset(time: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time, zone).isoformat()


def utc(time: int) -> str:
    """An instant as custom fields have it: ``2020-05-24T13:18:08+00:00``."""
    return datetime.fromtimestamp(time, UTC).isoformat()
