"""What may happen around a running load: lost answers, a CRM that goes away, a disk that fills."""

from __future__ import annotations

import re
import resource
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.sandbox import CutAnswer, SandboxServer
from tests.process.base import (
    ACTIVECAMPAIGN,
    BREVO,
    CRMS,
    HUBSPOT,
    Crm,
    assert_each_once,
    finish,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.vendors.base import Sandbox

DEALS = 100
WRITES = {
    "hubspot": r"POST .*/batch/create",
    "brevo": r"POST .*/import|GET .*/processes/\d+",
    "activecampaign": r"POST .*/(deals|accounts)",
}
"""Requests that create records, or tell what became of a file of them."""


class Spoilt:
    """A sandbox at whose n-th request of a kind something happens.

    Args:
        inner: the sandbox.
        kind: which requests count, as ``METHOD path``.
        happens: number of the request to what happens to its answer.

    Attributes:
        met: how often it happened.
    """

    def __init__(
        self,
        inner: Sandbox,
        kind: str,
        happens: dict[int, Callable[[Sandbox, httpx.Request], httpx.Response]],
    ) -> None:
        self._inner = inner
        self._kind = kind
        self._happens = happens
        self._seen = 0
        self.met = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer, or let happen what is to happen."""
        if not re.fullmatch(self._kind, f"{request.method} {request.url.path}"):
            return self._inner.handle(request)
        self._seen += 1
        if self._seen not in self._happens:
            return self._inner.handle(request)
        self.met += 1
        return self._happens[self._seen](self._inner, request)


def lost_before(_inner: Sandbox, request: httpx.Request) -> httpx.Response:
    """The request never arrives."""
    raise httpx.RemoteProtocolError("gone", request=request)


def lost_after(inner: Sandbox, request: httpx.Request) -> httpx.Response:
    """It is carried out, and nobody hears of it."""
    inner.handle(request)
    raise httpx.RemoteProtocolError("gone", request=request)


def cut(inner: Sandbox, request: httpx.Request) -> httpx.Response:
    """It is carried out, and the answer breaks off."""
    raise CutAnswer(inner.handle(request))


BREVO_SINGLY = replace(BREVO, options=(*BREVO.options, "import_from=1000"))
LOSSES = {
    "hubspot": (HUBSPOT, 300, WRITES["hubspot"], (1, 2, 4)),
    "brevo, both files and reading back": (
        BREVO,
        300,
        rf"{WRITES['brevo']}|GET .*/deals",
        (1, 2, 4),
    ),
    "brevo, one by one": (BREVO_SINGLY, 30, r"POST .*/crm/deals", (1, 2, 20)),
    "activecampaign": (ACTIVECAMPAIGN, 30, WRITES["activecampaign"], (1, 2, 20)),
}


@pytest.mark.parametrize("case", LOSSES)
def test_three_lost_answers_cost_nothing(case: str, tmp_path: Path) -> None:
    """A run that loses three answers to writes ends with 0, and each deal is there once."""
    crm, count, kind, at = LOSSES[case]
    sandbox = crm.account()
    spoilt = Spoilt(sandbox, kind, dict(zip(at, (lost_after, lost_before, cut), strict=True)))
    with SandboxServer(spoilt) as server:
        code, said = crm.call(tmp_path, server.url, *crm.files(tmp_path, count))
        assert code == 0, said
        code, said = crm.call(tmp_path, server.url, "verify")
        assert code == 0, said
    assert spoilt.met == 3
    assert_each_once(sandbox, count)


@pytest.mark.parametrize("crm", CRMS, ids=str)
def test_a_crm_that_goes_away_and_comes_back(crm: Crm, tmp_path: Path) -> None:
    """While nobody answers the run stops with 4, safe to resume; later it is completed."""
    sandbox = crm.account()
    gone = threading.Event()

    def goes(inner: Sandbox, request: httpx.Request) -> httpx.Response:
        gone.set()
        return lost_after(inner, request)

    server = SandboxServer(Spoilt(sandbox, WRITES[crm.vendor], {2: goes}))
    server.start()
    port = int(server.url.rsplit(":", 1)[1])
    process = crm.start(tmp_path, server.url, *crm.files(tmp_path, DEALS))
    assert gone.wait(60)
    server.close()
    code, said = finish(process)
    assert code == 4, said
    assert "Traceback" not in said
    assert "resume" in said
    code, said = crm.call(tmp_path, server.url, "resume")  # still nobody there
    assert code == 4, said
    with SandboxServer(sandbox, port=port) as again:
        code, said = crm.call(tmp_path, again.url, "resume")
        assert code == 0, said
        code, said = crm.call(tmp_path, again.url, "verify")
        assert code == 0, said
    assert_each_once(sandbox, DEALS)


def test_a_full_disk_stops_the_run_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the journal cannot grow nothing more is sent: exit 4, then resume with room again."""
    sandbox = HUBSPOT.account()
    room = 600_000

    def little_room() -> None:
        """No file of the process may grow beyond this, as on a disk that is full."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    with SandboxServer(sandbox) as server:
        load = HUBSPOT.files(tmp_path, 1_000)
        code, said = HUBSPOT.call(tmp_path, server.url, *[w for w in load if w != "--yes"])
        assert code == 2, said  # planned, and asked: there is no terminal
        assert not sandbox.records("deals")
        run = re.findall(r"Plan (\S+):", said)[0]
        journal = tmp_path / ".migrator" / "journal.db"
        room = journal.stat().st_size + 40_000
        with monkeypatch.context() as unmeasured:
            # What measures the coverage has a file of its own, which has grown beyond the journal.
            unmeasured.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
            code, said = HUBSPOT.call(
                tmp_path, server.url, "run", "--plan", run, "--yes", preexec_fn=little_room
            )
        assert code == 4, said
        assert "could not be written" in said
        assert "Traceback" not in said
        there = len(sandbox.records("deals"))
        assert there < 1_000
        code, said = HUBSPOT.call(tmp_path, server.url, "resume")
        assert code == 0, said
        code, said = HUBSPOT.call(tmp_path, server.url, "verify")
        assert code == 0, said
    assert_each_once(sandbox, 1_000)
