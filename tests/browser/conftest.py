"""A headless Chromium that the machine has already, without a network."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser; without one, the tests that need it are skipped."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"there is no browser on this machine: none of {', '.join(NAMES)} is on PATH")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as run:
        launched = run.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield launched
        launched.close()
