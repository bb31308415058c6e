"""The tools that are compared, and how each is run on the same file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from migrator.vendors.hubspot.api import CAPABILITIES
from tests.benchmarks.replies import PORTAL
from tests.benchmarks.running import ROOT, Ran, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.running import Server

TEMPLATE = ROOT / "tests/benchmarks/peers/deals.yaml"
_TOKEN = {"HUBSPOT_TOKEN": "bench"}


@dataclass(frozen=True)
class Tool:
    """One way to load deals.

    Attributes:
        name: on the command line and in JSON.
        title: in the table.
        needs: the module without which it cannot run.
        keyed: the key property that the account has before; see ``Settings.keyed``.
        peer: module of :mod:`tests.benchmarks.peers`; blank = migrator itself.
        loop: it sends one batch after the other from the start, and nothing else.
    """

    name: str
    title: str
    needs: str
    keyed: str = "plain"
    peer: str = ""
    loop: bool = False

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return find_spec(self.needs) is not None


TOOLS = (
    Tool("migrator", "migrator", "migrator", keyed=""),
    Tool("sdk", "hubspot-api-client, create in a loop", "hubspot", peer="sdk", loop=True),
    Tool(
        "upsert", "hubspot-api-client, upsert in a loop", "hubspot", "unique", "upsert", loop=True
    ),
    Tool("dlt", "dlt, custom destination", "dlt", peer="dlt_destination"),
    Tool("singer", "singer-sdk, batch sink", "singer_sdk", peer="singer"),
    Tool("drt", "drt-core, REST in batches", "drt", peer="drt_sync"),
)
"""Ours first; see the modules of the peers for how each is set up, and by which documentation."""


@dataclass(frozen=True)
class Work:
    """One file to load into one server, with a folder for the tool's state.

    Attributes:
        rate: requests per second that the account allows, for tools that must be told.
    """

    source: Path
    server: Server
    folder: Path
    rate: float | None = None


def load(tool: Tool, work: Work, *, again: bool = False, kill_at: int | None = None) -> Ran:
    """Run a tool; ``again`` = after a run in the same folder that did not end well.

    It may be killed once so many deals were created.
    """
    env = _TOKEN | {"HUBSPOT_BASE_URL": work.server.url}
    killing = (work.server, kill_at) if kill_at else None
    return run(_command(tool, work, again=again), work.folder, env, kill_at=killing)


def _command(tool: Tool, work: Work, *, again: bool) -> list[str]:
    if tool.peer:
        module = f"tests.benchmarks.peers.{tool.peer}"
        rate = ["--rate", str(work.rate)] if work.rate else []
        # As many requests at once as migrator sends, for a tool that can.
        most = ["--parallel", str(CAPABILITIES.concurrency)]
        places = [str(work.source), work.server.url, str(work.folder)]
        return [sys.executable, "-m", module, *places, *most, *rate]
    if again:
        return migrator("resume", "--quiet")
    where = ("--to", "hubspot", "--confirm-account", str(PORTAL))
    return migrator("run", str(TEMPLATE), str(work.source), *where, "--yes", "--quiet")


def migrator(*arguments: str) -> list[str]:
    """Our own command line."""
    return [sys.executable, "-m", "migrator", *arguments]
