"""The command line as a process of its own, and CRMs that are quick enough to be killed beside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.vendors.registry import product
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ONE_PIPELINE = """
create:
  pipelines:
    - label: Sales Pipeline
      stages: [{label: Qualified To Buy}]
"""
SECRET = "secret"
FIRMS = 7


@dataclass(frozen=True)
class Crm:
    """A CRM without its quotas, as a test of processes meets it.

    Attributes:
        sandbox: its options.
        options: what the user sets, as ``--option`` takes it.
        template: what the template needs besides.
    """

    vendor: str
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[str] = ()
    template: str = ""

    def __str__(self) -> str:
        return self.vendor

    def account(self) -> Any:
        """An empty account."""
        return product(self.vendor).sandbox(token=SECRET, **self.sandbox)

    def files(self, folder: Path, count: int) -> list[str]:
        """Write a template and a file of so many deals; the arguments that load it."""
        text = TEMPLATE.replace("PARK_CONTACTS", "park") + self.template
        (folder / "template.yaml").write_text(text)
        (folder / "deals.csv").write_text(deals(count, company=lambda n: f"Firm {n % FIRMS}"))
        return self.run("template.yaml", "deals.csv")

    def run(self, *files: str) -> list[str]:
        """The arguments that load files."""
        words = ["run", *files, "--to", self.vendor, "--yes"]
        return words + [word for option in self.options for word in ("--option", option)]

    def start(
        self, folder: Path, url: str, *arguments: str, token: str = SECRET, **more: Any
    ) -> Process:
        """Start a command."""
        found = product(self.vendor)
        environment = os.environ | {found.token_env: token, found.base_url_env: url}
        return subprocess.Popen(
            [sys.executable, "-m", "migrator", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def call(self, folder: Path, url: str, *arguments: str, **more: Any) -> tuple[int, str]:
        """Run a command to its end: exit code, and all that it said."""
        return finish(self.start(folder, url, *arguments, **more))


Process = subprocess.Popen[str]

HUBSPOT = Crm("hubspot", {"per_ten_seconds": 20_000, "per_day": 10_000_000})
BREVO = Crm(
    "brevo",
    {
        "limits": False,
        "pipelines": {"Sales Pipeline": ["Qualified To Buy"]},
        "import_delay": 1.0,
    },
    ("list_lag=0", "import_patience=3", "crm_per_hour=100000"),
)
ACTIVECAMPAIGN = Crm(
    "activecampaign",
    {"limits": False},
    ("requests_per_second=100", "lost_answer_seconds=1", "list_lag=0"),
    ONE_PIPELINE,
)
CRMS = (HUBSPOT, BREVO, ACTIVECAMPAIGN)


def finish(process: Process, seconds: float = 300) -> tuple[int, str]:
    """Wait for the end: exit code, and all that was said."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out + err


def assert_each_once(sandbox: Any, count: int) -> None:
    """Every deal of the file is in the account once, with its company; every company once."""
    held = sandbox.records("deals")
    keys = Counter((deal | deal.get("fields", {}))["migrator_key"] for deal in held)
    assert keys == Counter(f"k{n}" for n in range(1, count + 1))
    names = Counter(company["name"] for company in sandbox.records("companies"))
    assert names == Counter(f"Firm {n}" for n in range(FIRMS))
