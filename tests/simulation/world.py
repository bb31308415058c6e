"""One seed, one world: an account, rows, weather, and how often the process will die."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from migrator.model import ObjectType, OnMissing
from tests.simulation.clock import WorldClock
from tests.simulation.crms import make_crm
from tests.simulation.fate import Fate, Trace
from tests.simulation.network import Server, Trouble, Weather
from tests.simulation.rows import OFFICE, changed, make_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.simulation.crms.base import Crm
    from tests.simulation.rows import Row

WHOLE = 41
"""One world in so many goes through the front door: files, templates, provisioning, reports."""
_LONG = 101
"""One world in so many has a few hundred rows."""
_CALM_AFTER = 3
"""From this life of a load on nothing goes wrong any more."""
MOST_LIVES = 16
"""Lives after which a load that has not ended never will."""
_STEADY = 0.01
"""Seconds by which ways differ at most where the quota is to be kept exactly."""
_SET_BACK = 5_400.0
"""Seconds by which a machine's clock is wrong, or is set back between two lives."""
_BREAKS = (
    Trouble.NO_CONNECTION,
    Trouble.LOST_BEFORE,
    Trouble.LOST_AFTER,
    Trouble.GATEWAY_AFTER,
    Trouble.NO_TOKEN,
)
"""How a line may break for the rest of a life."""


@dataclass(frozen=True)
class Load:
    """One file to load.

    Attributes:
        anew: chance that a stopped run is started again from the file instead of resumed.
    """

    rows: list[Row]
    anew: float


@dataclass(frozen=True)
class Life:
    """What surrounds one life of the process.

    Attributes:
        wrong: seconds by which its wall clock is wrong.
        after: seconds until the next one.
    """

    number: int
    fate: Fate
    weather: Weather
    rng: random.Random
    wrong: float
    after: float
    anew: bool


@dataclass
class World:
    """Everything a seed decides; two worlds of one seed are alike."""

    seed: int
    vendor: str
    folder: Path
    say: Callable[[str], None] | None = None
    lives: int = 0
    whole: bool = field(init=False)

    def __post_init__(self) -> None:
        rng = self.chance("world")
        self.whole = self.seed % WHOLE == WHOLE - 1
        self.clock = WorldClock()
        # The lock of an account is machine-wide: each process that simulates has hosts of its own.
        self.host = f"crm-{os.getpid()}.test"
        self.trace = Trace(self.clock, (str(self.folder), self.host), say=self.say)
        self.crm: Crm = make_crm(self.vendor, self.chance("crm"), self.clock, ready=not self.whole)
        dated = rng.random() < 0.7
        self.server = Server(self.crm.sandbox.handle, self.crm.bucket, self.clock, dated)
        self.steady = rng.random() < 0.4
        self.wrong = 0.0 if self.steady else rng.choice((0.0, 0.0, -_SET_BACK, _SET_BACK))
        self.storm = self._weather(rng)
        self.mortal = rng.random() < 0.85
        self.batch = max(self.crm.least_batch, rng.choice((1, 2, 3, 7, 100, 100)))
        self.concurrency = rng.choice((1, 2, 5, 20))
        self.on_missing = {
            ObjectType.CONTACTS: rng.choice(tuple(OnMissing)),
            ObjectType.COMPANIES: rng.choice((OnMissing.CREATE, OnMissing.CREATE, OnMissing.PARK)),
        }
        self.trapped_later = rng.choice((0.0, 0.4)) if not self.whole else 0.0
        self.loads = self._loads(rng)
        self.goes_back = rng.random() < 0.5
        self._settle_people(rng)
        self.meddled = rng.random() < 0.25
        for _ in range(rng.randint(1, 6) if self.meddled else 0):
            moment = self.clock.seconds + 5_000.0 ** rng.random()
            self.clock.at(moment, self._meddle)

    def chance(self, topic: str) -> random.Random:
        """Chance of its own for each topic, so that one does not move the others."""
        return random.Random(f"{self.seed} {self.vendor} {topic}")

    def _weather(self, rng: random.Random) -> Weather:
        way = rng.choice((0.0, 0.02, 0.3, 3.0))
        ways = (way, way + (_STEADY if self.steady else way))
        if rng.random() < 0.1:
            return Weather(way=ways)
        not_now = {Trouble.NO_TOKEN, Trouble.LATE if self.steady else Trouble.NO_TOKEN}
        kinds = [kind for kind in Trouble if kind not in not_now]
        chosen = rng.sample(kinds, rng.randint(1, 4))
        share = rng.choice((0.02, 0.05, 0.1, 0.3))
        return Weather({one: share / len(chosen) for one in chosen}, ways, self.crm.late)

    def _loads(self, rng: random.Random) -> list[Load]:
        most = 250 if self.seed % _LONG == 0 else rng.choice((4, 10, 20, 32))
        if self.vendor == "activecampaign":
            most = min(most, 60)
        rows = make_rows(rng, rng.randint(max(1, most // 3), most), self.crm.companies)
        if rng.random() < 0.3 and not self.whole:
            traps = rng.choice((0.1, 0.5))
            rows = [self.crm.trapped(r, rng) if rng.random() < traps else r for r in rows]
        first = rows
        loads = []
        if rng.random() < 0.4:  # part of them is there already, with other values
            first = [row for row in rows if rng.random() < 0.5] or rows[:1]
            loads.append(Load(first, rng.choice((0.0, 0.5))))
            share = rng.choice((0.0, 0.2, 0.6, 1.0))
            rows = [self._changed(rng, row) if rng.random() < share else row for row in rows]
        loads.append(Load(rows, rng.choice((0.0, 0.2, 0.5))))
        return loads

    def _changed(self, rng: random.Random, row: Row) -> Row:
        if rng.random() < self.trapped_later:
            return self.crm.trapped(row, rng)
        return changed(rng, row)

    def _settle_people(self, rng: random.Random) -> None:
        """Some contacts and companies are there before we come."""
        self.crm.add_contact(OFFICE)
        people = {name for load in self.loads for row in load.rows for name in row.contacts}
        firms = {name for load in self.loads for row in load.rows for name in row.companies}
        share = rng.random()
        for name in sorted(people):
            if rng.random() < share:
                self.crm.add_contact(name)
                self.clock.advance(1.0)
        for name in sorted(firms):
            if rng.random() < share:
                self.crm.add_company(name)
                self.clock.advance(1.0)
        self.clock.advance(7_200.0)

    def _meddle(self) -> None:
        self.trace("another user works in the account")
        self.crm.meddle(self.chance(f"meddling {self.clock.seconds}"))

    def next_life(self, number: int, load: Load) -> Life:
        """What surrounds the next life of a load, of which it is the ``number``-th."""
        self.lives += 1
        rng = self.chance(f"life {self.lives}")
        stormy = number <= _CALM_AFTER
        if stormy and not self.steady and rng.random() < 0.1:
            self.wrong -= _SET_BACK
        fate = Fate(self.trace)
        moments = 30 + 8 * len(load.rows)
        if stormy and self.mortal and rng.random() < 0.75:
            fate.dies_at = rng.randint(1, rng.choice((20, moments, moments)))
        if stormy and not self.steady and rng.random() < 0.12:
            fate.full_at = rng.randint(1, moments)
        if stormy and rng.random() < 0.08:
            fate.stops_at = rng.randint(1, moments)
        weather = self.storm if stormy else Weather(way=self.storm.way)
        if stormy and rng.random() < 0.12:
            weather = replace(
                weather, breaks_at=rng.randint(1, moments), broken=rng.choice(_BREAKS)
            )
        return Life(
            number=self.lives,
            fate=fate,
            weather=weather,
            rng=rng,
            wrong=self.wrong,
            after=rng.choice((0.0, 1.0, 40.0, 700.0, 7_200.0)),
            anew=number > 1 and rng.random() < load.anew,
        )

    def summary(self) -> dict[str, Any]:
        """What the world is like, for whoever looks at a failure."""
        return {
            "rows": [len(load.rows) for load in self.loads],
            "on_missing": {type.value: str(policy) for type, policy in self.on_missing.items()},
            "batch": self.batch,
            "concurrency": self.concurrency,
            "settings": self.crm.settings,
            "weather": {str(kind): share for kind, share in self.storm.chances.items()},
            "way": self.storm.way,
            "mortal": self.mortal,
            "meddled": self.meddled,
            "goes back to stopped runs": self.goes_back,
            "whole": self.whole,
        }
