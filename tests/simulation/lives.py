"""The product at work in a world: it is started, dies, and is started again until all is done."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from migrator.errors import MigratorError, OutcomeUnknown, QuotaSpent
from migrator.journal import RunState
from migrator.runs.target import Session, Target, connected
from migrator.runs.verification import Verification, verify_run
from migrator.runs.workspace import Workspace
from migrator.vendors.registry import product
from tests.simulation.clock import Killed, ProcessClock, live
from tests.simulation.crms.base import TOKEN
from tests.simulation.disk import mortal
from tests.simulation.front import FrontDoor
from tests.simulation.narrow import Narrow
from tests.simulation.network import Network
from tests.simulation.person import tell
from tests.simulation.story import Story
from tests.simulation.world import MOST_LIVES, Life, Load, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from migrator.plan import Plan
    from migrator.vendors.base import Capabilities, Vendor

T = TypeVar("T")

_TILL_MIDNIGHT = 43_200.0
"""Seconds; a quota of the day begins anew after one or two of them."""

_LATER = 1_800.0
"""Seconds until a CRM that is said to be at work still is asked again."""
_ASKED_AFTER = 9
"""Lives after which a person looks into the account, if the product still cannot know."""


class Resized:
    """A vendor that takes smaller batches, and fewer at once, than its CRM would."""

    def __init__(self, vendor: Vendor, batch: int, concurrency: int) -> None:
        self._vendor = vendor
        self._batch = batch
        self._concurrency = concurrency

    def __getattr__(self, name: str) -> Any:
        """Everything else is the vendor's own."""
        return getattr(self._vendor, name)

    @property
    def capabilities(self) -> Capabilities:
        """The vendor's, made smaller."""
        found = self._vendor.capabilities
        batch = {what: min(most, self._batch) for what, most in found.batch.items()}
        return replace(found, batch=batch, concurrency=min(found.concurrency, self._concurrency))


class Stuck(AssertionError):
    """A load did not end."""


class Process:
    """The product in a world, seen from outside: start it, and it ends in one way or another."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.journal = world.folder / ".migrator" / "journal.db"
        found = product(world.vendor).configure(world.crm.settings)
        connect = found.connect
        self._product = replace(
            found,
            connect=lambda client, clock: cast(
                "Vendor", Resized(connect(client, clock), world.batch, world.concurrency)
            ),
        )

    def live(self, life: Life, main: Callable[[Workspace, Session], Awaitable[T]]) -> T:
        """One life, from its start to its end.

        Raises:
            Killed: it was killed.
            MigratorError: it stopped.
        """
        world = self.world
        clock = ProcessClock(world.clock, life.wrong, origin=life.rng.uniform(0.0, 1e5))
        network = Network(world.server, life.weather, life.fate, life.rng, life.number)
        url = f"http://{world.host}"
        target = Target(self._product, url, TOKEN, network, world.crm.settings)

        async def run() -> T:
            space = Workspace(self.journal, clock, rng=life.rng, say=world.trace)
            async with connected(target, space) as session:
                return await main(space, session)

        with mortal(life.fate):
            return live(world.clock, run(), lambda: life.fate.dead)

    def in_peace(self, main: Callable[[Workspace, Session], Awaitable[T]]) -> T:
        """A life in which nothing goes wrong, but that the quota may be spent before it."""
        world = self.world
        for _ in range(MOST_LIVES):
            life = world.next_life(MOST_LIVES, world.loads[-1])
            try:
                return self.live(life, main)
            except QuotaSpent as error:
                world.clock.advance(_patience(error, world, life))
        raise Stuck("the account could not be read back")


def carry_out(world: World, process: Process, load: Load) -> Story:
    """Load a file, whatever happens, until it is done."""
    story = Story(load)
    way = FrontDoor(world, load.rows) if world.whole else Narrow(world, load.rows)
    _until_done(world, process, story, way)
    last = story.runs[-1]
    for run in _given_up(process, story) if world.goes_back else []:
        world.trace(f"back to run {run}")
        story.go_back_to(run)
        _until_done(world, process, story, way)
    story.runs.append(last)
    return story


def _until_done(world: World, process: Process, story: Story, way: FrontDoor | Narrow) -> None:
    for number in range(1, MOST_LIVES + 1):
        life = world.next_life(number, story.load)
        story.lives += 1
        if life.anew:
            story.start_anew()
        world.trace(f"life {life.number} begins")
        try:
            process.live(life, partial(way.work, story=story, fate=life.fate))
        except Killed:
            wait = life.after
        except MigratorError as error:
            world.trace(f"life {life.number} stopped: {type(error).__name__}: {error}")
            wait = _patience(error, world, life)
            if isinstance(error, OutcomeUnknown) and number > _ASKED_AFTER:
                _ask_a_person(process, story)
        else:
            world.trace(f"life {life.number} has finished the load")
            return
        world.clock.advance(wait)
    raise Stuck(f"the load did not end in {MOST_LIVES} lives")


def _ask_a_person(process: Process, story: Story) -> None:
    async def look(space: Workspace, _: Session) -> None:
        for run in space.journal.open_runs():
            tell(process.world, space, run.id)

    process.in_peace(look)


def _given_up(process: Process, story: Story) -> list[str]:
    """Runs of a load that were planned and stopped, and not gone on with."""
    given_up: list[str] = []

    async def look(space: Workspace, _: Session) -> None:
        begun = {RunState.PLANNED, RunState.RUNNING}
        given_up.extend(run for run in story.runs[:-1] if space.journal.run(run).state in begun)

    process.in_peace(look)
    return given_up


def _patience(error: MigratorError, world: World, life: Life) -> float:
    """Seconds until somebody tries again, who reads what the error says."""
    if isinstance(error, OutcomeUnknown):
        return max(life.after, _LATER)
    if not isinstance(error, QuotaSpent):
        return max(life.after, 1.0)
    if error.until is None:
        return _TILL_MIDNIGHT
    return max(life.after, (error.until - world.clock.now()).total_seconds() - life.wrong + 1.0)


def verify(process: Process, run: str) -> Verification:
    """Read the account back."""

    async def work(space: Workspace, session: Session) -> Verification:
        return await verify_run(space, space.journal.run(run), session)

    return process.in_peace(work)


def plan_again(world: World, process: Process, load: Load) -> Plan:
    """What a second run of the same rows would write."""
    return process.in_peace(Narrow(world, load.rows).plan)
