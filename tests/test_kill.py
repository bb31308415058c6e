"""``kill -9`` of a real process in the middle of a load, then ``resume``: each deal once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx

DEALS = 1_000


class Killer:
    """A sandbox that kills the process that talks to it, at its n-th batch of creates.

    Attributes:
        victim: the process to kill.
        after: whether the batch is carried out before the process dies.
    """

    def __init__(self, inner: HubSpotSandbox, at: int, sig: signal.Signals, *, after: bool) -> None:
        self._inner = inner
        self._at = at
        self._signal = sig
        self._after = after
        self._seen = 0
        self.victim: subprocess.Popen[str] | None = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox, unless this is the moment."""
        if not request.url.path.endswith("deals/batch/create"):
            return self._inner.handle(request)
        self._seen += 1
        if self._seen != self._at or self.victim is None:
            return self._inner.handle(request)
        if self._after:
            response = self._inner.handle(request)
            self.victim.send_signal(self._signal)
            return response
        self.victim.send_signal(self._signal)
        return self._inner.handle(request)


def _start(folder: Path, url: str, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"HUBSPOT_TOKEN": "secret", "HUBSPOT_BASE_URL": url}
    return subprocess.Popen(
        [sys.executable, "-m", "migrator", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def _files(folder: Path) -> Sequence[str]:
    (folder / "template.yaml").write_text(TEMPLATE.replace("PARK_CONTACTS", "park"))
    (folder / "deals.csv").write_text(deals(DEALS, company=lambda n: f"Firm {n % 7}"))
    return ["run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 4, 10])
def test_a_killed_run_resumes_without_loss_or_duplicate(
    at: int, after: bool, tmp_path: Path
) -> None:
    """Whichever batch is under way and whether it lands, every deal is there once in the end."""
    sandbox = HubSpotSandbox(token="secret")
    killer = Killer(sandbox, at, signal.SIGKILL, after=after)
    with SandboxServer(killer) as server:
        process = _start(tmp_path, server.url, *_files(tmp_path))
        killer.victim = process
        code, _, err = _finish(process)
        assert code == -signal.SIGKILL, err
        killer.victim = None
        code, out, err = _finish(_start(tmp_path, server.url, "resume"))
        assert code == 0, out + err
        assert "adds up" in out
        code, out, err = _finish(_start(tmp_path, server.url, "verify"))
        assert code == 0, out + err
    held = Counter(record["migrator_key"] for record in sandbox.records("deals"))
    assert held == Counter(f"k{n}" for n in range(1, DEALS + 1))
    assert len(sandbox.records("companies")) == 7
    assert len(sandbox.associations("deals", "companies")) == DEALS


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_signal_stops_between_requests(sig: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end with 130 and leave nothing unsettled; resume goes on."""
    sandbox = HubSpotSandbox(token="secret")
    killer = Killer(sandbox, 3, sig, after=False)
    with SandboxServer(killer) as server:
        process = _start(tmp_path, server.url, *_files(tmp_path))
        killer.victim = process
        code, _, err = _finish(process)
        assert code == 130, err
        assert "Traceback" not in err
        killer.victim = None
        code, out, _ = _finish(_start(tmp_path, server.url, "status"))
        assert code == 0
        assert "migrator resume" in out
        assert "sent" not in out
        code, out, err = _finish(_start(tmp_path, server.url, "resume"))
        assert code == 0, out + err
    held = Counter(record["migrator_key"] for record in sandbox.records("deals"))
    assert held == Counter(f"k{n}" for n in range(1, DEALS + 1))
