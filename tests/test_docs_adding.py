"""What the page about adding a CRM says is so."""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from migrator.sandbox import SandboxServer
from migrator.vendors import registry
from migrator.vendors.hubspot.product import PRODUCT
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from migrator.vendors.registry import names
from tests.contract import VendorContract
from tests.pages import ROOT, blocks
from tests.shell import Shell
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.vendors.product import Product

PAGE = ROOT / "docs" / "adding-a-vendor.md"
ADDED = "acme"


def test_a_line_in_the_registry_is_all_that_commands_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A CRM of a name that nobody has heard of is loaded, verified, exported and undone."""
    module = ModuleType(f"migrator.vendors.{ADDED}.product")
    module.PRODUCT = _renamed(PRODUCT)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(registry._MODULES, ADDED, module.__name__)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("PARK_CONTACTS", "park"), "utf-8")
    (tmp_path / "deals.csv").write_text(deals(12), "utf-8")
    sandbox = HubSpotSandbox(token="sandbox")
    shell = Shell(capsys)
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("ACME_KEY", "sandbox")
        monkeypatch.setenv("ACME_URL", server.url)
        assert "Acme: ACME_KEY" in shell("vendors")[1]
        load = shell("run", "template.yaml", "deals.csv", "--to", ADDED, "--yes")
        assert load[0] == 0, load
        assert len(sandbox.records("deals")) == 12
        assert shell("verify")[0] == 0
        run = re.search(r"Run (\S+) ", load[1])
        assert run
        assert shell("export", ADDED, "deals", "--to", "out.csv")[0] == 0
        assert len((tmp_path / "out.csv").read_text("utf-8").splitlines()) == 13
        assert shell("undo", run[1], "--yes")[0] == 0
    assert not sandbox.records("deals")


def _renamed(product: Product) -> Product:
    """A CRM that behaves like this one and is called otherwise."""
    return dataclasses.replace(
        product,
        name=ADDED,
        title="Acme",
        token_env="ACME_KEY",
        base_url_env="ACME_URL",
        configure=lambda given: _renamed(product.configure(given)),
    )


@pytest.mark.parametrize("vendor", names())
def test_the_folders_are_as_the_page_shows(vendor: str) -> None:
    """Each CRM has the files that the page lists for a new one."""
    (tree, *_) = blocks(PAGE, "text")
    listed = re.findall(r"^    ([\w/.]+)", tree.text, flags=re.MULTILINE)
    assert len(listed) == 5
    folder = ROOT / "migrator" / "vendors" / vendor
    assert all((folder / name).exists() for name in listed)
    assert import_module(f"migrator.vendors.{vendor}.product").PRODUCT.name == vendor


@pytest.mark.parametrize("vendor", names())
def test_the_test_files_say_what_the_page_says(vendor: str) -> None:
    """The class on the page sets what the classes of the three set, and the suite reads it."""
    (_, example) = blocks(PAGE, "python")
    shown = _assigned(example.text)
    assert {name for name in shown if not hasattr(VendorContract, name)} <= set(
        _declared(VendorContract)
    )
    text = (ROOT / "tests" / vendor / "test_contract.py").read_text(encoding="utf-8")
    assert shown <= _assigned(text)


def test_the_registry_is_called_so() -> None:
    """The line on the page goes into a table that is there."""
    (registry_line, _) = blocks(PAGE, "python")
    (name,) = [target.id for target in _targets(registry_line.text)]
    assert isinstance(getattr(registry, name), dict)


def _targets(code: str) -> list[ast.Name]:
    found = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assign))
    return [name for node in found for name in node.targets if isinstance(name, ast.Name)]


def _assigned(code: str) -> set[str]:
    return {name.id for name in _targets(code)}


def _declared(kind: type) -> list[str]:
    return [name for one in kind.__mro__ for name in vars(one).get("__annotations__", ())]
