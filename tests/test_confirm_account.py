"""An account is named by a person before anything is written to it for the first time."""

from __future__ import annotations

import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import Unavailable
from migrator.runs.confirming import Destination, is_here, is_rehearsal
from migrator.runs.target import Target
from migrator.sandbox import SandboxServer
from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from migrator.vendors.registry import product
from tests.shell import Shell
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUN = ("run", "template.yaml", "deals.csv", "--to", "hubspot", "-q")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in a folder with a template and two deals."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("PARK_CONTACTS", "park"))
    (tmp_path / "deals.csv").write_text(deals(2))
    (tmp_path / "more.csv").write_text(deals(3))
    return Shell(capsys)


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotSandbox]:
    """A portal that is reached by an address that is not this machine's own."""
    sandbox = HubSpotSandbox(token="secret")
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", _from_outside(server))
        yield sandbox


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets somebody sit at a terminal and type a line to each question."""

    def answer(*lines: str) -> None:
        given = iter(lines)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(given))

    return answer


class Terminal:
    """Standard input, with somebody at it."""

    closed = False

    def isatty(self) -> bool:
        """There is."""
        return True


def _from_outside(server: SandboxServer) -> str:
    """An address that leads to this machine and is not the one that means it."""
    return server.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - nothing is bound to it


def _auth() -> dict[str, str]:
    return {"Authorization": "Bearer secret"}


@pytest.fixture
def name(portal: HubSpotSandbox) -> str:
    """What the portal is called."""
    request = httpx.Request("GET", "http://x.test/account-info/v3/details", headers=_auth())
    return f"portal {json.loads(portal.handle(request).content)['portalId']}"


def test_unattended_yes_alone_does_not_write_to_a_new_account(
    shell: Shell, portal: HubSpotSandbox, name: str
) -> None:
    """Exit 2, nothing written, and the sentence has the flag and the name; with these it runs."""
    code, _, err = shell(*RUN, "--yes")
    assert code == 2
    assert f"--confirm-account '{name}'" in " ".join(err.split())
    assert not portal.records("deals")
    code, _, err = shell(*RUN, "--yes", "--confirm-account", name.upper())
    assert (code, len(portal.records("deals"))) == (0, 2)


def test_a_wrong_name_writes_nothing(shell: Shell, portal: HubSpotSandbox, name: str) -> None:
    """Not the first time, and not later either: the flag is always held against the account."""
    code, _, err = shell(*RUN, "--yes", "--confirm-account", "Acme")
    assert code == 2
    assert name in err
    assert not portal.records("deals")
    assert shell(*RUN, "--yes", "--confirm-account", name)[0] == 0
    again = ("run", "template.yaml", "more.csv", "--to", "hubspot", "-q", "--yes")
    assert shell(*again, "--confirm-account", "Acme")[0] == 2
    assert len(portal.records("deals")) == 2


def test_later_runs_into_the_account_do_not_ask_again(
    shell: Shell, portal: HubSpotSandbox, name: str
) -> None:
    """Once named, `--yes` is enough: for a run, a retry, an undo."""
    assert shell(*RUN, "--yes", "--confirm-account", name)[0] == 0
    code, _, _ = shell("run", "template.yaml", "more.csv", "--to", "hubspot", "-q", "--yes")
    assert (code, len(portal.records("deals"))) == (0, 3)
    code, out, _ = shell("status", "--json")
    assert code == 0
    assert shell("run", "template.yaml", "more.csv", "--to", "hubspot", "-q")[0] == 2
    newest = json.loads(out)[-1]["run"]
    assert shell("undo", newest, "--yes", "-q")[0] == 0
    assert len(portal.records("deals")) == 2


def test_at_a_terminal_the_name_is_typed(
    shell: Shell, portal: HubSpotSandbox, name: str, types: Callable[..., None]
) -> None:
    """The name lets it write and nothing else does, even with --yes; later nobody is asked."""
    types("Acme")
    code, _, err = shell(*RUN, "--yes")
    assert code == 2
    assert name in err
    types("")
    assert shell(*RUN)[0] == 2
    assert not portal.records("deals")
    types(f" {name.title()} ")
    assert shell(*RUN)[0] == 0
    assert len(portal.records("deals")) == 2
    more = ("run", "template.yaml", "more.csv", "--to", "hubspot", "-q")
    types("n")
    assert shell(*more)[0] == 130
    assert len(portal.records("deals")) == 2
    types("y")
    assert shell(*more)[0] == 0
    assert len(portal.records("deals")) == 3
    types()
    assert shell(*more, "--yes")[0] == 0


def test_a_rehearsal_is_not_asked_for_and_does_not_count(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not asked on this machine; the real account with the same id is asked for all the same."""
    rehearsal, real = HubSpotSandbox(token="secret"), HubSpotSandbox(token="secret")
    monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
    with SandboxServer(rehearsal) as server:
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        assert shell(*RUN, "--yes")[0] == 0
        assert shell(*RUN, "--yes", "--confirm-account", "Acme")[0] == 2
    with SandboxServer(real) as server:
        monkeypatch.setenv("HUBSPOT_BASE_URL", _from_outside(server))
        code, _, err = shell(*RUN, "--yes")
        assert code == 2
        assert "--confirm-account" in err
    assert (len(rehearsal.records("deals")), len(real.records("deals"))) == (2, 0)


def test_a_plan_that_waits_is_written_only_where_it_was_named(
    shell: Shell, portal: HubSpotSandbox, name: str
) -> None:
    """`run --plan` asks like any run; a resume after that goes on without a question."""
    code, out, _ = shell("plan", "template.yaml", "deals.csv", "--to", "hubspot", "--json", "-q")
    run = json.loads(out)["run"]
    code, _, err = shell("run", "--plan", run, "--yes", "-q")
    assert (code, name in err) == (2, True)
    named = ("--confirm-account", name)
    assert shell("run", "--plan", run, "--yes", "-q", "--sample", "1", *named)[0] == 0
    assert len(portal.records("deals")) == 1
    assert shell("resume", "-q")[0] == 0
    assert len(portal.records("deals")) == 2
    assert shell("resume", "-q", "--confirm-account", "Acme")[0] == 2


def test_chores_and_moves_of_tasks_ask_as_well(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What writes without a run has the account named each time."""
    sandbox = ActiveCampaignSandbox(token="secret")
    with SandboxServer(sandbox) as server:
        url = _from_outside(server)
        monkeypatch.setenv("ACTIVECAMPAIGN_API_TOKEN", "secret")
        monkeypatch.setenv("ACTIVECAMPAIGN_BASE_URL", url)
        host = url.removeprefix("http://")
        chore = ("vendors", "do", "activecampaign", "delete-role", "Nobody", "--yes")
        code, _, err = shell(*chore)
        assert code == 2
        assert "--confirm-account" in err
        _, _, err = shell(*chore, "--confirm-account", host)
        assert "--confirm-account" not in err


class _Tunnel(BaseHTTPRequestHandler):
    """A port of this machine behind which another server answers."""

    protocol_version = "HTTP/1.1"
    account: HubSpotSandbox

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"https://api.crm.test{self.path}"
        sent = httpx.Request(self.command, url, headers=self.headers.items(), content=body)
        answer = self.account.handle(sent)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def tunnel(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotSandbox]:
    """A customer's portal that is reached by an address of this machine."""
    portal = HubSpotSandbox(token="secret")
    handler = type("Handler", (_Tunnel,), {"account": portal})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
    monkeypatch.setenv("HUBSPOT_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    yield portal
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_tunnel_to_an_account_is_no_rehearsal(shell: Shell, tunnel: HubSpotSandbox) -> None:
    """An address of this machine proves nothing: the account behind it has to be named."""
    code, _, err = shell(*RUN, "--yes")
    assert (code, "--confirm-account" in err) == (2, True)
    assert not tunnel.records("deals")
    (name,) = re.findall(r"--confirm-account '([^']+)'", " ".join(err.split()))
    assert shell(*RUN, "--yes", "--confirm-account", name)[0] == 0
    assert len(tunnel.records("deals")) == 2


def test_a_rehearsal_does_not_vouch_for_a_tunnel(
    shell: Shell, tunnel: HubSpotSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run planned in a sandbox is not gone on with in an account of the same id, unasked."""
    url = os.environ["HUBSPOT_BASE_URL"]
    with SandboxServer(HubSpotSandbox(token="secret")) as server:
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        assert shell(*RUN, "--yes", "--sample", "1")[0] == 0
    monkeypatch.setenv("HUBSPOT_BASE_URL", url)
    code, _, err = shell("resume", "-q")
    assert (code, "--confirm-account" in err) == (2, True)
    assert not tunnel.records("deals")


def test_a_sandbox_that_is_down_is_an_outage(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal whose server is gone ends with 4, and no name is asked for."""
    with SandboxServer(HubSpotSandbox(token="secret")) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        assert shell(*RUN, "--yes", "--sample", "1")[0] == 0
    code, _, err = shell("resume", "-q")
    assert (code, "Nobody answers" in err) == (4, True)


def test_a_no_to_the_last_question_leaves_the_account_unnamed(
    shell: Shell, portal: HubSpotSandbox, name: str, types: Callable[..., None]
) -> None:
    """Who names the account and then says no is asked again; only what goes ahead is remembered."""
    types("n")
    assert shell(*RUN, "--confirm-account", name)[0] == 130
    assert not portal.records("deals")
    types("Acme")
    code, _, err = shell(*RUN, "--yes")
    assert (code, "nothing was ever written to" in err) == (2, True)
    types("y")
    assert shell(*RUN, "--confirm-account", name)[0] == 0
    types()
    assert shell("run", "template.yaml", "more.csv", "--to", "hubspot", "-q", "--yes")[0] == 0


@pytest.mark.parametrize("url", ["https://api.crm.test", "http://192.0.2.7:8765"])
def test_another_machine_is_not_asked(url: str) -> None:
    """What is elsewhere is no rehearsal, and no request is spent on asking."""
    assert not is_rehearsal(Target(product("hubspot"), url, "secret"))


def test_nobody_at_an_address_of_this_machine_is_no_answer() -> None:
    """It is not taken for a sandbox, nor for none."""
    with SandboxServer(HubSpotSandbox()) as server:
        assert is_rehearsal(Target(product("hubspot"), f"{server.url}/api/v3?x=1", "secret"))
    with pytest.raises(Unavailable, match="Nobody answers"):
        is_rehearsal(Target(product("hubspot"), server.url, "secret"))


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8765", True),
        ("http://127.8.9.1", True),
        ("http://LOCALHOST:1/v3/", True),
        ("http://crm.localhost", True),
        ("http://[::1]:8765/api", True),
        ("https://api.hubapi.com", False),
        ("https://127.0.0.1.nip.example", False),
        ("https://localhost.example.com", False),
        ("http://192.168.0.7", False),
        ("http://[::ffff:10.0.0.1]", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_only_this_machine_is_asked_whether_it_is_a_sandbox(url: str, here: bool) -> None:
    """Names that merely look like it, and other machines, are not even asked."""
    assert is_here(url) is here


@given(st.text(min_size=1), st.text(min_size=1))
def test_an_account_answers_to_its_name_and_id_alone(account: str, name: str) -> None:
    """In any letter case and spacing; a blank answer never names it."""
    there = Destination("v", account, name)
    for own in (account, name):
        assert there.is_called(f" {own} ") is bool(own.strip())
    assert not there.is_called(f"{account} {name} x")
    assert not there.is_called("  ")
