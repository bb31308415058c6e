"""What a command does not need is not imported: it answers sooner.

Seconds would depend on the machine; which modules are there does not.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from migrator.vendors.registry import names

LARGE = {"polars", "pydantic", "httpx", "jinja2", "pygal", "rapidfuzz", "ftfy", "fastexcel", "rich"}
"""Packages that take some time to import."""

FOR_SOME = {"jinja2", "pygal", "rapidfuzz", "openpyxl", "psycopg", "keyring"}
"""Packages that pages, guesses and the like are made with."""


def imported(code: str) -> set[str]:
    """The modules that are there when a new interpreter has run some lines."""
    shown = "import json, sys; sys.stdout.write('\\n' + json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{shown}"], capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(found)


def within(modules: set[str], package: str) -> set[str]:
    """Those of a package."""
    return {name for name in modules if f"{name}.".startswith(f"{package}.")}


@pytest.mark.parametrize("words", [["--help"], ["--version"], []])
def test_help_needs_none_of_the_large_packages(words: list[str]) -> None:
    """The list of commands is shown without a package that takes time, and without a command."""
    code = (
        "from migrator.cli.main import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass"
    )
    found = imported(code)
    assert "migrator.cli.main" in found
    assert not LARGE & found
    for package in ("runs", "vendors", "prepare", "plan", "journal", "report"):
        assert not within(found, f"migrator.{package}")


def test_a_load_needs_no_guess_no_page_and_no_vendor_that_is_not_named() -> None:
    """Pages are drawn when they are written, and a vendor comes with its name."""
    found = imported("import migrator.cli.load")
    assert "migrator.runs.execution" in found
    assert not FOR_SOME & found
    assert not within(found, "migrator.guess")
    assert not within(found, "migrator.report.page")
    for vendor in names():
        assert not within(found, f"migrator.vendors.{vendor}")


@pytest.mark.parametrize("vendor", names())
def test_a_vendor_comes_alone(vendor: str) -> None:
    """A load into one CRM imports neither another one nor any sandbox."""
    found = imported(f"from migrator.vendors.registry import product\nproduct({vendor!r})")
    assert within(found, f"migrator.vendors.{vendor}.product")
    assert not within(found, f"migrator.vendors.{vendor}.sandbox")
    assert not within(found, "migrator.sandbox")
    for other in set(names()) - {vendor}:
        assert not within(found, f"migrator.vendors.{other}")
