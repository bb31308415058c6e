"""Takes the picture of a report that the README shows: ``python -m tests.browser.picture FILE``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from migrator.resources import sample_data, templates
from tests.browser.conftest import ARGUMENTS, NAMES
from tests.signing import Signer

_OWNERS = {
    "Anna Berg": "anna.berg@example.com",
    "Bruno Costa": "bruno.costa@example.com",
    "Chloé Dubois": "chloe.dubois@example.com",
    "Dev Patel": "dev.patel@example.com",
}
_WIDTH, _HEIGHT = 1000, 1330


def loaded(signer: Signer) -> str:
    """Load the sample export and read it back; the run's id."""
    text = (templates() / "pipedrive.yaml").read_text(encoding="utf-8")
    owners = "".join(f"      {name}: {address}\n" for name, address in _OWNERS.items())
    template = signer.template(text.replace("  owner:\n", f"  owner:\n    values:\n{owners}", 1))
    report = signer.load(template, str(sample_data() / "pipedrive_deals.csv"))
    signer.clock.seconds += 600
    signer.verify()
    return report.run


def take(target: Path) -> None:
    """Write the picture of the beginning of the sample's report."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a browser is needed here alone

    found = next(path for name in NAMES if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder:
        signer = Signer(Path(folder))
        report = signer.run_folder(loaded(signer)) / "report.html"
        with sync_playwright() as run:
            browser = run.chromium.launch(executable_path=found, args=list(ARGUMENTS))
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.goto(report.as_uri())
            target.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=target)
            browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
