"""``kill -9`` of a real process in the middle of a load, then ``resume``: each deal once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from migrator.vendors.registry import product
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import httpx

    from migrator.vendors.base import Sandbox

DEALS = 1_000
ONE_PIPELINE = """
create:
  pipelines:
    - label: Sales Pipeline
      stages: [{label: Qualified To Buy}]
"""


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
        self.victim: subprocess.Popen[str] | None = None

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


def _start(
    folder: Path, url: str, *arguments: str, vendor: str = "hubspot"
) -> subprocess.Popen[str]:
    found = product(vendor)
    environment = os.environ | {found.token_env: "secret", found.base_url_env: url}
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
    killer = Killer(sandbox, _batch(at, after=after), signal.SIGKILL)
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


@dataclass(frozen=True)
class Case:
    """A CRM, quick enough for a test, and the moment at which its user's process dies."""

    vendor: str
    deals: int
    sandbox: Mapping[str, Any]
    options: Sequence[str]
    moment: Moment

    def __str__(self) -> str:
        return f"{self.vendor} {self.moment}"


def _brevo(moment: Moment) -> Case:
    pipelines = {"Sales Pipeline": ["Qualified To Buy"]}
    sandbox = {"limits": False, "pipelines": pipelines, "import_delay": 1.0}
    options = ("list_lag=0", "import_patience=3", "crm_per_hour=100000")
    return Case("brevo", 300, sandbox, options, moment)


def _activecampaign(moment: Moment) -> Case:
    options = ("requests_per_second=100", "lost_answer_seconds=2")
    return Case("activecampaign", 40, {"limits": False}, options, moment)


CASES = [
    *(_brevo(Moment("POST", "crm/deals/import", 1, after)) for after in (False, True)),
    _brevo(Moment("POST", "companies/import", 1, after=True)),
    _brevo(Moment("GET", r"processes/\d+", 2, after=True)),
    _brevo(Moment("GET", "crm/deals", 1, after=True)),
    *(_activecampaign(Moment("POST", "/deals", 7, after)) for after in (False, True)),
    _activecampaign(Moment("POST", "/deals", 40, after=True)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_others_resume_without_loss_or_duplicate(case: Case, tmp_path: Path) -> None:
    """Killed while a file is uploaded, worked off or read back, or between two single deals."""
    sandbox: Any = product(case.vendor).sandbox(token="secret", **case.sandbox)
    killer = Killer(sandbox, case.moment, signal.SIGKILL)
    template = TEMPLATE.replace("PARK_CONTACTS", "park")
    if case.vendor == "activecampaign":
        template += ONE_PIPELINE
    (tmp_path / "template.yaml").write_text(template)
    text = deals(case.deals, company=lambda n: f"Firm {n % 7}")
    (tmp_path / "deals.csv").write_text(text)
    command = ["run", "template.yaml", "deals.csv", "--to", case.vendor, "--yes"]
    command += [word for option in case.options for word in ("--option", option)]
    with SandboxServer(killer) as server:
        process = _start(tmp_path, server.url, *command, vendor=case.vendor)
        killer.victim = process
        code, out, err = _finish(process)
        assert code == -signal.SIGKILL, out + err
        killer.victim = None
        for again in ("resume", "verify"):
            code, out, err = _finish(_start(tmp_path, server.url, again, vendor=case.vendor))
            assert code == 0, out + err
    held = sandbox.records("deals")
    keys = Counter((deal | deal.get("fields", {}))["migrator_key"] for deal in held)
    assert keys == Counter(f"k{n}" for n in range(1, case.deals + 1))
    names = Counter(company["name"] for company in sandbox.records("companies"))
    assert names == Counter(f"Firm {n}" for n in range(7))
    uploads = sandbox.requests["POST /crm/deals/import"]
    assert uploads <= (2 if case.moment.path_end == "crm/deals/import" else 1)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_signal_stops_between_requests(sig: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end with 130 and leave nothing unsettled; resume goes on."""
    sandbox = HubSpotSandbox(token="secret")
    killer = Killer(sandbox, _batch(3, after=False), sig)
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
