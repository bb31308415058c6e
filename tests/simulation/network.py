"""What lies between a process and a CRM: requests are lost, late, cut short and answered wrongly.

A request that has left is carried out at its own time, whether or not who sent it is still alive.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email.utils import format_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.simulation.clock import WorldClock
    from tests.simulation.fate import Fate


class Trouble(StrEnum):
    """What may become of a request and its answer."""

    NO_CONNECTION = "no connection"
    LOST_BEFORE = "lost before it arrived"
    LOST_AFTER = "its answer was lost"
    CUT = "its answer was cut short"
    LATE = "given up, carried out late"
    GATEWAY_BEFORE = "5xx, not carried out"
    GATEWAY_AFTER = "5xx, carried out"
    BUSY = "429"
    LOCKED = "423"
    SLOW = "answered slowly"
    NO_TOKEN = "401"


_CARRIED_OUT = frozenset(
    {Trouble.LOST_AFTER, Trouble.CUT, Trouble.LATE, Trouble.GATEWAY_AFTER, Trouble.SLOW}
)


@dataclass(frozen=True)
class Weather:
    """How the line is.

    Attributes:
        chances: of each trouble, 0 to 1 in all.
        way: least and most seconds that a request and an answer are on their way.
        late: most seconds after we gave up until a late request is carried out.
        breaks_at: number of the request from which on nothing gets through any more.
        broken: what becomes of those.
    """

    chances: dict[Trouble, float] = field(default_factory=dict)
    way: tuple[float, float] = (0.0, 0.0)
    late: float = 0.0
    breaks_at: int | None = None
    broken: Trouble = Trouble.NO_CONNECTION

    def trouble(self, rng: random.Random, number: int) -> Trouble | None:
        """What becomes of a request."""
        drawn = rng.random()
        if self.breaks_at is not None and number >= self.breaks_at:
            return self.broken
        for trouble, chance in self.chances.items():
            drawn -= chance
            if drawn < 0:
                return trouble
        return None


@dataclass
class Server:
    """The CRM's own door: what comes in, by which life, and when.

    Attributes:
        dated: whether its answers have a Date, as those of most servers have.
        arrived: moment, quota, life of every request that was carried out.
    """

    handle: Callable[[httpx.Request], httpx.Response]
    bucket: Callable[[httpx.Request], str]
    clock: WorldClock
    dated: bool = True
    arrived: list[tuple[float, str, int]] = field(default_factory=list)

    def carry_out(self, request: httpx.Request, life: int) -> httpx.Response:
        """Its answer."""
        self.arrived.append((self.clock.seconds, self.bucket(request), life))
        response = self.handle(request)
        if self.dated:
            response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        return response


class Network(httpx.AsyncBaseTransport):
    """One process's way to the CRM."""

    def __init__(
        self, server: Server, weather: Weather, fate: Fate, rng: random.Random, life: int
    ) -> None:
        self._server = server
        self._weather = weather
        self._fate = fate
        self._rng = rng
        self._life = life
        self._number = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request there and its answer back, as the weather is."""
        await request.aread()
        self._number += 1
        what = f"#{self._number} {request.method} {request.url.path}"
        self._fate.moment(f"before {what}")
        trouble = self._weather.trouble(self._rng, self._number)
        there, back = self._rng.uniform(*self._weather.way), self._rng.uniform(*self._weather.way)
        late = self._weather.late * self._rng.random() ** 3  # mostly at once, when we ask
        given_up = self._rng.choice((0.5, 3.0, 10.0))
        self._fate.trace(f"{what}{f' ({trouble})' if trouble else ''}")
        if trouble is Trouble.NO_CONNECTION:
            raise httpx.ConnectError("nobody is there")
        if trouble is Trouble.LATE:
            there = given_up + late
        answers: list[httpx.Response] = []
        if trouble is None or trouble in _CARRIED_OUT:
            self._leave(request, answers, there)
        self._fate.moment(f"after {what} has left")
        await asyncio.sleep(given_up if trouble is Trouble.LATE else there + back)
        if trouble is Trouble.SLOW:
            await asyncio.sleep(self._rng.uniform(1.0, 50.0))
        self._fate.moment(f"before the answer to {what}")
        return await self._answer(trouble, answers)

    def _leave(self, request: httpx.Request, answers: list[httpx.Response], there: float) -> None:
        def arrive() -> None:
            answer = self._server.carry_out(request, self._life)
            answers.append(answer)
            self._fate.trace(f"    {request.method} {request.url.path} -> {answer.status_code}")

        clock = self._server.clock
        clock.at(clock.seconds + there, arrive)

    async def _answer(
        self, trouble: Trouble | None, answers: list[httpx.Response]
    ) -> httpx.Response:
        match trouble:
            case Trouble.LOST_BEFORE | Trouble.LATE:
                raise httpx.ReadTimeout("no answer")
            case Trouble.LOST_AFTER:
                raise httpx.ReadError("the answer was lost")
            case Trouble.CUT:
                raise httpx.RemoteProtocolError("the connection broke within the answer")
            case Trouble.GATEWAY_BEFORE | Trouble.GATEWAY_AFTER:
                status = self._rng.choice((500, 502, 503, 504))
                return httpx.Response(status, text="<html>not from the server</html>")
            case Trouble.BUSY:
                headers = self._rng.choice(({}, {"Retry-After": "3"}))
                return httpx.Response(429, json={"message": "too many"}, headers=headers)
            case Trouble.NO_TOKEN:
                return httpx.Response(401, json={"message": "the token was withdrawn"})
            case Trouble.LOCKED:
                return httpx.Response(423, json={"message": "locked"})
            case _:
                return answers[0]
