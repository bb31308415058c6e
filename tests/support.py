"""A rehearsal without sockets: a sandbox in this process, a workspace, files made on the spot."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from migrator.model import ObjectType
from migrator.runs.execution import execute
from migrator.runs.inputs import Request
from migrator.runs.planning import plan_run
from migrator.runs.target import Target, connected
from migrator.runs.verification import Verification, verify_run
from migrator.runs.workspace import Workspace
from migrator.vendors.registry import product
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migrator.journal import Run
    from migrator.model import Account
    from migrator.report import Report
    from migrator.runs.planning import Planned

SHARED = Path(__file__).parents[2] / "shared"
TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {from: stage}
  amount: {from: amount}
  owner: {from: owner}
  contacts: {from: contact, on_missing: PARK_CONTACTS}
  companies: {from: company, on_missing: create}
"""
"""A template for files of :func:`deals`."""


def deals(count: int, **columns: Callable[[int], object]) -> str:
    """A CSV of deals ``k1`` ... ``k<count>``; ``columns`` replace or add columns by number."""
    makers: dict[str, Callable[[int], object]] = {
        "id": lambda n: f"k{n}",
        "title": lambda n: f"Deal {n}",
        "stage": lambda _: "Qualified To Buy",
        "amount": lambda n: f"{n}.50",
        **columns,
    }
    lines = [",".join(makers)]
    lines += [",".join(str(make(n)) for make in makers.values()) for n in range(1, count + 1)]
    return "\n".join(lines) + "\n"


@dataclass
class Rehearsal:
    """A workspace and a sandbox in one process.

    Attributes:
        folder: where its files go.
        options: of the sandbox.
        vendor: its name on the command line.
        settings: what the user sets about the vendor.
        wrap: puts a transport around the sandbox's: faults, counters, a kill.
    """

    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    vendor: str = "hubspot"
    settings: Mapping[str, str] = field(default_factory=dict)
    wrap: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda inner: inner

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.rng = random.Random(1)
        self.said: list[str] = []
        # The sandboxes have more in common than the core needs to know of them: their records.
        self.sandbox: Any = product(self.vendor).sandbox(
            token="secret", clock=self.clock.monotonic, now=self.clock.now, **self.options
        )

    def workspace(self) -> Workspace:
        """A fresh look at the same journal, as a new process would have it."""
        return Workspace(
            self.folder / ".migrator" / "journal.db",
            self.clock,
            rng=self.rng,
            say=self.said.append,
        )

    @property
    def target(self) -> Target:
        """The sandbox as the account to write to."""
        transport = self.wrap(httpx.MockTransport(self.sandbox.handle))
        # Its own address per test: the lock of an account is machine-wide.
        host = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        configured = product(self.vendor).configure(self.settings)
        return Target(configured, f"http://{host}.test", "secret", transport, options=self.settings)

    def template(self, text: str = TEMPLATE, *, contacts: str = "park") -> str:
        """Write a template; its path."""
        path = self.folder / "template.yaml"
        path.write_text(text.replace("PARK_CONTACTS", contacts), encoding="utf-8")
        return str(path)

    def source(self, text: str, name: str = "deals.csv") -> str:
        """Write a source file; its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def plan(
        self, template: str, *files: str, decisions: str | None = None, **options: Any
    ) -> Planned:
        """Plan a run."""
        space = self.workspace()
        request = Request(template, files, decisions=decisions)
        try:
            return self.clock.run(self._plan(space, request, options))
        finally:
            space.close()

    def execute(self, run: Run, **options: Any) -> Report:
        """Carry out a planned run, or go on with one."""
        space = self.workspace()
        try:
            return self.clock.run(self._execute(space, space.journal.run(run.id), options))
        finally:
            space.close()

    async def _plan(
        self, space: Workspace, request: Request, options: Mapping[str, Any]
    ) -> Planned:
        async with connected(self.target, space) as session:
            return await plan_run(space, request, session, **options)

    async def _execute(self, space: Workspace, run: Run, options: Mapping[str, Any]) -> Report:
        async with connected(self.target, space) as session:
            return await execute(space, run, session, **options)

    def load(self, template: str, *files: str, **options: Any) -> Report:
        """Plan and write, in one session."""
        space = self.workspace()

        async def load() -> Report:
            async with connected(self.target, space) as session:
                planned = await plan_run(space, Request(template, files), session, lock=True)
                return await execute(space, planned.run, session, **options)

        try:
            return self.clock.run(load())
        finally:
            space.close()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The sandbox's own answer."""
        response: httpx.Response = self.sandbox.handle(request)
        return response

    def stranger(self) -> httpx.Client:
        """A user of the account who is not us."""
        return httpx.Client(
            transport=httpx.MockTransport(self.sandbox.handle),
            base_url="http://x.test",
            headers=product(self.vendor).headers("secret"),
        )

    def account(self) -> Account:
        """The account as the vendor describes it."""
        space = self.workspace()

        async def describe() -> Account:
            async with connected(self.target, space) as session:
                return await session.account((ObjectType.DEALS,))

        try:
            return self.clock.run(describe())
        finally:
            space.close()

    def verify(self) -> Verification:
        """Verify the newest run."""
        space = self.workspace()

        async def verify() -> Verification:
            async with connected(self.target, space) as session:
                return await verify_run(space, space.journal.run(), session)

        try:
            return self.clock.run(verify())
        finally:
            space.close()

    def keys(self) -> Sequence[str]:
        """Source keys of the deals that the account holds, sorted."""
        deals = self.sandbox.records("deals")
        return sorted((deal | deal.get("fields", {}))["migrator_key"] for deal in deals)
