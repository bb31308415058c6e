"""A load whose process is killed twenty times at random moments: each deal once in the end.

``make kills`` does it with ten thousand deals in each CRM. ``make test`` takes fewer deals, and
fewer kills where a process has to wait for the CRM before it may go on.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from migrator.journal import RunState, open_journal
from migrator.sandbox import SandboxServer
from tests.process.base import CRMS, Crm, assert_each_once, finish

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from migrator.vendors.base import Sandbox
    from tests.process.base import Process

FULL = "KILL_DEALS" in os.environ
DEALS = int(os.environ.get("KILL_DEALS", "600"))
KILLS = {"hubspot": 20, "brevo": 20 if FULL else 6, "activecampaign": 20 if FULL else 10}
LONGEST = {"hubspot": 3.0, "brevo": 4.0, "activecampaign": 3.0}
"""Seconds within which a process dies that no request kills."""


class Executioner:
    """Kills a process at a request drawn at random, before or after it is carried out.

    Attributes:
        victim: the process; None = everybody lives.
    """

    def __init__(self, inner: Sandbox, rng: random.Random) -> None:
        self._inner = inner
        self._rng = rng
        self._left = 0
        self._after = False
        self.victim: Process | None = None

    def aim(self, victim: Process, within: int) -> None:
        """Draw the request at which this one dies."""
        self._left = self._rng.randint(1, within)
        self._after = self._rng.random() < 0.5
        self.victim = victim

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox; at the chosen request nobody is there to hear it."""
        self._left -= 1
        if self._left != 0 or self.victim is None:
            return self._inner.handle(request)
        if not self._after:
            self.victim.kill()
        response = self._inner.handle(request)
        self.victim.kill()
        return response


def _within(crm: Crm) -> int:
    """So many requests a process lives at most: twenty of them do not finish the load."""
    return {"hubspot": 22, "brevo": 40, "activecampaign": 60 + DEALS // 12}[crm.vendor]


@pytest.mark.parametrize("crm", CRMS, ids=str)
def test_twenty_kills_at_random_moments(crm: Crm, tmp_path: Path) -> None:
    """Whenever it dies, before, during and after a request, nothing is lost and nothing doubled."""
    rng = random.Random(f"{crm} {DEALS}")
    sandbox = crm.account()
    executioner = Executioner(sandbox, rng)
    load = crm.files(tmp_path, DEALS)
    killed = 0
    with SandboxServer(executioner) as server:
        command = load
        while killed < KILLS[crm.vendor]:
            process = crm.start(tmp_path, server.url, *command)
            executioner.aim(process, _within(crm))
            clockwork = threading.Timer(rng.uniform(0.2, LONGEST[crm.vendor]) + 1.0, process.kill)
            if rng.random() < 0.3:
                clockwork.start()
            code, said = finish(process)
            clockwork.cancel()
            assert code in {0, -signal.SIGKILL}, said
            killed += code == -signal.SIGKILL
            # A run that died while it was planned, or is through, is started (again).
            command = load if _to_start(tmp_path) else ["resume"]
        executioner.victim = None
        for last in (command, ["verify"]):
            code, said = crm.call(tmp_path, server.url, *last)
            assert code == 0, said
    assert_each_once(sandbox, DEALS)


def _to_start(folder: Path) -> bool:
    """Whether the newest run cannot be gone on with."""
    with open_journal(folder / ".migrator" / "journal.db") as journal:
        runs = journal.runs()
    return not runs or runs[-1].state in {RunState.PLANNING, RunState.PLANNED, RunState.FINISHED}
