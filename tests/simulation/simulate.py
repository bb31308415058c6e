"""One seed from its beginning to its verdict."""

from __future__ import annotations

import gc
import shutil
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import MigratorError
from migrator.journal import open_journal
from tests.simulation.checks import complaints, untouched
from tests.simulation.lives import Process, Stuck, carry_out, plan_again, verify
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulation.story import Story

RAM = Path("/dev/shm")  # noqa: S108  # a folder in memory, where the system has one


@dataclass
class Verdict:
    """What came of a seed.

    Attributes:
        complaints: what does not hold; none = the product kept its promises.
        trace: what happened.
        lives: how often the process was started.
    """

    seed: int
    vendor: str
    complaints: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    lives: int = 0
    requests: int = 0

    @property
    def command(self) -> str:
        """The command that replays it."""
        return f"make simulate SEED={self.seed} VENDOR={self.vendor}"


def simulate(seed: int, vendor: str, say: Callable[[str], None] | None = None) -> Verdict:
    """Run one world and check what it has come to."""
    verdict = Verdict(seed, vendor)
    folder = Path(tempfile.mkdtemp(prefix="migrator-", dir=RAM if RAM.is_dir() else None))
    try:
        world = World(seed, vendor, folder, say)
        if say:
            for name, value in world.summary().items():
                say(f"{name}: {value}")
        verdict.complaints = _run(world)
        verdict.trace = world.trace.lines
        verdict.lives = world.lives
        verdict.requests = len(world.server.arrived)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict


def in_a_row(seeds: Iterable[int], vendor: str) -> list[Verdict]:
    """Verdicts of several seeds; memory is tidied up once, which saves a sixth of the time."""
    gc.disable()
    try:
        return [simulate(seed, vendor) for seed in seeds]
    finally:
        gc.enable()
        gc.collect()


def _run(world: World) -> list[str]:
    process = Process(world)
    stories: list[Story] = []
    try:
        for load in world.loads:
            stories.append(carry_out(world, process, load))
            world.clock.advance(7_200.0)
        world.clock.pass_all()
        found = complaints(world, stories, process.journal)
        return found or _afterwards(world, process, stories)
    except Stuck as stuck:
        return [str(stuck)]
    except MigratorError as error:
        return [f"{type(error).__name__} in a life without faults: {error}"]
    except Exception:  # noqa: BLE001  # whatever it is, it is what the seed has found
        return [traceback.format_exc()]


def _afterwards(world: World, process: Process, stories: list[Story]) -> list[str]:
    """The account agrees with the run when it is read back, or a second run has nothing to do."""
    run = stories[-1].runs[-1]
    journal = open_journal(process.journal)
    try:
        whole = untouched(journal.finished(run))
    finally:
        journal.close()
    if world.meddled or not whole:
        return []
    if world.chance("afterwards").random() < 0.5:  # one of the two: they take a fifth of the time
        verification = verify(process, run)
        return [] if verification.agrees else [f"verify does not agree: {verification}"]
    counts = plan_again(world, process, stories[-1].load).counts
    if counts["create"] or counts["update"] or counts["parents"]:
        return [f"a second run of the same rows would write: {dict(counts)}"]
    return []
