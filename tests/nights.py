"""Loads of the same feed, night after night, into a sandbox in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from migrator.model import ObjectType
from migrator.runs.execution import execute
from migrator.runs.inputs import Request
from migrator.runs.nightly import Nightly
from migrator.runs.planning import plan_run
from migrator.runs.target import connected
from migrator.vendors.base import records
from tests.support import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from migrator.journal import Journal
    from migrator.model import Held
    from migrator.report import Report

TYPES = (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES)


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Dying(httpx.AsyncBaseTransport):
    """A network on which the process dies, after the effect of a request and before its answer.

    Attributes:
        at: after so many requests that write records; None = never.
    """

    inner: httpx.AsyncBaseTransport
    writes: Callable[[httpx.Request], bool]
    at: int | None = None
    met: int = field(default=0, init=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request out, and perhaps die of it."""
        answer = await self.inner.handle_async_request(request)
        if self.writes(request):
            self.met += 1
            if self.met == self.at:
                raise Killed
        return answer


class Nights(Rehearsal):
    """A rehearsal whose loads take nightly options."""

    def night(self, template: str, source: str, **asked: Any) -> Report:
        """Plan and write in one session, as ``migrator run --yes`` does."""
        space = self.workspace()

        async def load() -> Report:
            async with connected(self.target, space) as session:
                request = Request(template, (source,))
                planned = await plan_run(
                    space, request, session, lock=True, nightly=Nightly(**asked)
                )
                return await execute(space, planned.run, session, inputs=planned.inputs)

        try:
            return self.clock.run(load())
        finally:
            space.close()
            self.clock.seconds += 24 * 3600

    def cost_of(self, load: Callable[[], Any]) -> Mapping[str, int]:
        """The requests, by the sandbox's names, that a load takes."""
        before = self.sandbox.requests.copy()
        load()
        spent: Mapping[str, int] = self.sandbox.requests - before
        return spent

    def describing(self) -> Mapping[str, int]:
        """The requests that it takes to see what the account is like, and no more."""

        async def describe() -> None:
            space = self.workspace()
            async with connected(self.target, space) as session:
                await session.account(TYPES)
            space.close()

        return self.cost_of(lambda: self.clock.run(describe()))

    def held(self, type: ObjectType = ObjectType.DEALS) -> Sequence[Held]:
        """All records of the account."""
        space = self.workspace()

        async def read() -> list[Held]:
            async with connected(self.target, space) as session:
                account = await session.account((type,))
                found = session.vendor.pages(type, account.fields[type])
                return [one async for one in records(found)]

        try:
            return self.clock.run(read())
        finally:
            space.close()

    def stamps(self) -> Mapping[str, datetime | None]:
        """When each deal was last changed, by its source key."""
        return {str(held.key): held.updated_at for held in self.held()}

    def journal(self, look: Callable[[Journal], Any]) -> Any:
        """Look into the journal."""
        space = self.workspace()
        try:
            return look(space.journal)
        finally:
            space.close()
