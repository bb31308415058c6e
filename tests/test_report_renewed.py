"""The page of a run follows what a person tells of it, and counts what its plan has cost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Sales Pipeline}
  stage: {default: Closed Won}
  amount: {from: amount}
"""
RUN = ("run", "template.yaml", "deals.csv", "--to", "hubspot", "-q")


class Losing:
    """A portal that does the first request with a text in it, and whose answer is lost."""

    def __init__(self, inner: HubSpotSandbox) -> None:
        self._inner = inner
        self.text = ""
        self.seen = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the portal does, or break off."""
        self.seen += 1
        response = self._inner.handle(request)
        if self.text and self.text.encode() in request.content:
            self.text = ""
            raise httpx.RemoteProtocolError("lost", request=request)
        return response


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Losing]:
    """A portal behind a port, and a folder with a template and three deals."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "deals.csv").write_text("id,title,amount\nk1,Alpha,1\nk2,Beta,2\nk3,,3\n")
    found = Losing(HubSpotSandbox(token="secret"))
    with SandboxServer(found) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        yield found


@pytest.fixture
def shell(portal: Losing, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in that folder."""
    del portal
    return Shell(capsys)


def folder() -> Path:
    """That of the only run."""
    (found,) = Path(".migrator/runs").iterdir()
    return found


def data() -> dict[str, object]:
    """What its report.json says."""
    found: dict[str, object] = json.loads((folder() / "report.json").read_text(encoding="utf-8"))
    return found


def sentence() -> str:
    """The verdict on its page."""
    page = (folder() / "report.html").read_text(encoding="utf-8")
    found = re.search(r'id="verdict">([^<]*)<', page)
    assert found
    return found[1]


def test_settling_renews_the_page(shell: Shell, portal: Losing) -> None:
    """What nobody knew is known once it was told, on the page as in the text."""
    portal.text = "Beta"
    assert shell(*RUN, "--yes", "--no-key-field")[0] == 5
    assert "nobody knows whether it was written" in sentence()
    run = folder().name
    code, out, _ = shell("settle", run)
    assert (code, f"Of run {run} 1 row is unknown" in out) == (5, True)
    assert f"next: migrator settle {run}" in shell("status")[1]
    assert f"  1 record is unknown: migrator settle {run}" in shell("verify")[1]
    assert shell("settle", run, "--not-written", "k2")[0] == 0
    assert "nobody knows" not in sentence()
    assert "1 is not loaded yet" in sentence()


@pytest.mark.parametrize(
    "first", [("plan", *RUN[1:]), RUN], ids=["planned", "planned and not let go"]
)
def test_what_a_plan_has_cost_is_counted_when_it_is_written(
    shell: Shell, portal: Losing, first: tuple[str, ...]
) -> None:
    """The page of `run --plan` has all requests that the account has seen, each once."""
    assert shell(*first)[0] in {1, 2}  # a reject; or nobody is there to say yes
    assert portal.seen
    assert shell("run", "--plan", folder().name, "--yes", "-q")[0] == 1
    requests = data()["requests"]
    assert isinstance(requests, list)
    assert sum(one["sent"] for one in requests) == portal.seen
