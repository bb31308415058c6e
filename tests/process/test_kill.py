"""``kill -9`` of a real process in the middle of a load, then ``resume``: each deal once."""

from __future__ import annotations

import re
import signal
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from migrator.sandbox import SandboxServer
from tests.process.base import ACTIVECAMPAIGN, BREVO, HUBSPOT, Crm, assert_each_once, finish

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from migrator.vendors.base import Sandbox
    from tests.process.base import Process

DEALS = 1_000


@dataclass(frozen=True)
class Moment:
    """The n-th request of a kind, before or after it is carried out."""

    method: str
    path_end: str
    at: int
    after: bool

    def __str__(self) -> str:
        when = "after" if self.after else "before"
        return f"{when} {self.method} {self.path_end} {self.at}"


def _batch(at: int, *, after: bool) -> Moment:
    return Moment("POST", "deals/batch/create", at, after)


class Killer:
    """A sandbox that kills the process that talks to it at some moment.

    Attributes:
        victim: the process to kill.
    """

    def __init__(self, inner: Sandbox, moment: Moment, sig: signal.Signals) -> None:
        self._inner = inner
        self._moment = moment
        self._signal = sig
        self._seen = 0
        self.victim: Process | None = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox, unless this is the moment."""
        moment = self._moment
        path = request.url.path
        if request.method != moment.method or not re.search(f"{moment.path_end}$", path):
            return self._inner.handle(request)
        self._seen += 1
        if self._seen != moment.at or self.victim is None:
            return self._inner.handle(request)
        if moment.after:
            response = self._inner.handle(request)
            self.victim.send_signal(self._signal)
            return response
        self.victim.send_signal(self._signal)
        return self._inner.handle(request)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 4, 10])
def test_a_killed_run_resumes_without_loss_or_duplicate(
    at: int, after: bool, tmp_path: Path
) -> None:
    """Whichever batch is under way and whether it lands, every deal is there once in the end."""
    sandbox = HUBSPOT.account()
    killer = Killer(sandbox, _batch(at, after=after), signal.SIGKILL)
    with SandboxServer(killer) as server:
        killer.victim = HUBSPOT.start(tmp_path, server.url, *HUBSPOT.files(tmp_path, DEALS))
        code, said = finish(killer.victim)
        assert code == -signal.SIGKILL, said
        killer.victim = None
        code, said = HUBSPOT.call(tmp_path, server.url, "resume")
        assert code == 0, said
        assert "adds up" in said
        code, said = HUBSPOT.call(tmp_path, server.url, "verify")
        assert code == 0, said
    assert_each_once(sandbox, DEALS)
    assert len(sandbox.associations("deals", "companies")) == DEALS


@dataclass(frozen=True)
class Case:
    """A CRM, and the moment at which its user's process dies."""

    crm: Crm
    deals: int
    moment: Moment

    def __str__(self) -> str:
        return f"{self.crm} {self.moment}"


CASES = [
    *(Case(BREVO, 300, Moment("POST", "crm/deals/import", 1, after)) for after in (False, True)),
    Case(BREVO, 300, Moment("POST", "companies/import", 1, after=True)),
    Case(BREVO, 300, Moment("GET", r"processes/\d+", 2, after=True)),
    Case(BREVO, 300, Moment("GET", "crm/deals", 2, after=True)),
    *(Case(ACTIVECAMPAIGN, 40, Moment("POST", "/deals", 7, after)) for after in (False, True)),
    Case(ACTIVECAMPAIGN, 40, Moment("POST", "/deals", 40, after=True)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_others_resume_without_loss_or_duplicate(case: Case, tmp_path: Path) -> None:
    """Killed while a file is uploaded, worked off or read back, or between two single deals."""
    crm = case.crm
    sandbox = crm.account()
    killer = Killer(sandbox, case.moment, signal.SIGKILL)
    with SandboxServer(killer) as server:
        killer.victim = crm.start(tmp_path, server.url, *crm.files(tmp_path, case.deals))
        code, said = finish(killer.victim)
        assert code == -signal.SIGKILL, said
        killer.victim = None
        for again in ("resume", "verify"):
            code, said = crm.call(tmp_path, server.url, again)
            assert code == 0, said
    assert_each_once(sandbox, case.deals)
    uploads = sandbox.requests["POST /crm/deals/import"]
    assert uploads <= (2 if case.moment.path_end == "crm/deals/import" else 1)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_signal_stops_between_requests(sig: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end with 130 and leave nothing unsettled; resume goes on."""
    sandbox = HUBSPOT.account()
    killer = Killer(sandbox, _batch(3, after=False), sig)
    with SandboxServer(killer) as server:
        killer.victim = HUBSPOT.start(tmp_path, server.url, *HUBSPOT.files(tmp_path, DEALS))
        code, said = finish(killer.victim)
        assert code == 130, said
        assert "Traceback" not in said
        killer.victim = None
        code, said = HUBSPOT.call(tmp_path, server.url, "status")
        assert code == 0
        assert "migrator resume" in said
        assert "sent" not in said
        code, said = HUBSPOT.call(tmp_path, server.url, "resume")
        assert code == 0, said
    assert_each_once(sandbox, DEALS)


def test_ctrl_c_ends_a_wait_for_the_quota(tmp_path: Path) -> None:
    """A run that waits for its quota stops within seconds, with 130, and goes on later."""
    crm = replace(HUBSPOT, sandbox={"per_ten_seconds": 12, "per_day": 10_000_000})
    sandbox = crm.account()

    class Watched:
        """Starts the clock when the first batch is written."""

        written = threading.Event()

        def handle(self, request: httpx.Request) -> httpx.Response:
            """Answer as the sandbox."""
            response: httpx.Response = sandbox.handle(request)
            if request.url.path.endswith("deals/batch/create"):
                self.written.set()
            return response

    with SandboxServer(Watched()) as server:
        process = crm.start(tmp_path, server.url, *crm.files(tmp_path, DEALS))
        assert Watched.written.wait(60)
        time.sleep(2.0)  # all that the window lets pass has left by now
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, said = finish(process)
        assert code == 130, said
        assert time.monotonic() - asked < 6.0
        assert "Traceback" not in said
        assert 0 < len(sandbox.records("deals")) < DEALS
    with SandboxServer(sandbox) as server:
        code, said = HUBSPOT.call(tmp_path, server.url, "resume", "--wait")
        assert code == 0, said
    assert_each_once(sandbox, DEALS)
