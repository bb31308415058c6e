"""An account is named by a person before anything is written to it for the first time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.runs.confirming import Destination, is_rehearsal
from migrator.sandbox import SandboxServer
from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
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
def test_only_this_machine_is_a_rehearsal(url: str, here: bool) -> None:
    """Names that merely look like it, and other machines, are none."""
    assert is_rehearsal(url) is here


@given(st.text(min_size=1), st.text(min_size=1))
def test_an_account_answers_to_its_name_and_id_alone(account: str, name: str) -> None:
    """In any letter case and spacing; a blank answer never names it."""
    there = Destination("v", account, name)
    for own in (account, name):
        assert there.is_called(f" {own} ") is bool(own.strip())
    assert not there.is_called(f"{account} {name} x")
    assert not there.is_called("  ")
