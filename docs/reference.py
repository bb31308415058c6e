"""The generated parts of the documentation; ``make docs`` writes them, ``make test`` compares."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cog
import httpx

from migrator import rules, transforms
from migrator.cli.main import COMMANDS
from migrator.template import json_schema
from migrator.vendors import base
from migrator.vendors.product import Product
from migrator.vendors.registry import product
from migrator.wire import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.catalogue import Info
    from migrator.model import Rate


def commands() -> None:
    """The help text of every command."""
    cog.outl(f"\n```text\n{_help_of()}\n```")
    for name in COMMANDS:
        cog.outl(f"\n## migrator {name}\n\n```text\n{_help_of(name)}\n```")


def _help_of(*words: str) -> str:
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "80"}
    command = [sys.executable, "-m", "migrator", *words, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return done.stdout.rstrip()


def rule_list() -> None:
    """Every rule with its examples."""
    _catalogue(rules.catalogue())


def transform_list() -> None:
    """Every transform with its examples."""
    _catalogue(transforms.catalogue())


def _catalogue(infos: list[Info]) -> None:
    for info in infos:
        cog.outl(f"\n## `{info.name}`\n")
        if info.parameters:
            cog.outl("Parameters: " + ", ".join(f"`{one}`" for one in info.parameters) + "\n")
        cog.outl(info.summary)
        if info.examples:
            cog.outl("\n| call | result |\n| --- | --- |")
        for call, result in info.examples:
            cog.outl(f"| `{_cell(call)}` | `{_cell(result)}` |")


def template_parts() -> None:
    """The keys of a template, part by part."""
    schema = json_schema()
    parts = {name: part for name, part in schema["$defs"].items() if part.get("properties")}
    for name, part in {"Template": schema, **parts}.items():
        cog.outl(f"\n## {name}\n\n{part.get('description', '')}\n")
        cog.outl("| key | value | meaning |\n| --- | --- | --- |")
        for key, spec in part["properties"].items():
            need = " **required**" if key in part.get("required", ()) else ""
            text = _cell(spec.get("description", ""))
            cog.outl(f"| `{key}` | {_cell(_kind(spec, parts))}{need} | {text} |")


def _kind(spec: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in spec:
        name = spec["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})" if name in parts else name
    if "anyOf" in spec:
        kinds = (_kind(one, parts) for one in spec["anyOf"] if one.get("type") != "null")
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in spec or "const" in spec:
        return " | ".join(map(str, spec.get("enum", [spec.get("const")])))
    if spec.get("type") == "array":
        return f"list of {_kind(spec.get('items', {}), parts)}"
    if isinstance(spec.get("additionalProperties"), dict):
        return f"map of {_kind(spec['additionalProperties'], parts)}"
    return str(spec.get("type", "any"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def vendor_options(name: str) -> None:
    """What can be set about a CRM."""
    cog.outl("\n| option | default | what it does |\n| --- | --- | --- |")
    for option, field in product(name).options.model_fields.items():
        default = field.get_default()
        shown = f"`{_cell(str(default))}`" if default not in (None, "") else ""
        cog.outl(f"| `{option}` | {shown} | {_cell(str(field.description))} |")


def vendor_quota(name: str) -> None:
    """How many requests are taken for allowed, as long as the account says nothing else."""
    cog.outl("\n| requests to | at most |\n| --- | --- |")
    for bucket, rates in product(name).rates.items():
        cog.outl(f"| {bucket or 'all else'} | {', and '.join(map(_rate, rates))} |")


def _rate(rate: Rate) -> str:
    names = {1: "a second", 10: "in 10 seconds", 3600: "an hour", 86400: "a day"}
    return f"{rate.requests:,} {names[int(rate.per.total_seconds())]}"


def vendor_ignored(name: str) -> None:
    """The fields that a CRM cannot hold."""
    vendor = product(name).connect(httpx.AsyncClient(), SystemClock())
    cog.outl("\n| field | why |\n| --- | --- |")
    for field, why in vendor.capabilities.ignored.items():
        shown = field if "." in field else f"deals.{field}"
        cog.outl(f"| `{shown}` | {_cell(why)} |")


def vendor_chores(name: str) -> None:
    """The housekeeping that a CRM's adapter can do."""
    cog.outl("\n| chore | what it does |\n| --- | --- |")
    for chore, info in product(name).chores.items():
        look = "" if info.writes else " Changes nothing."
        cog.outl(f"| `{' '.join((chore, *info.arguments))}` | {_cell(info.help)}{look} |")


def vendor_protocol() -> None:
    """What a vendor has to do, a line a method."""
    cog.outl("\n| method | what it does |\n| --- | --- |")
    for name, member in vars(base.Vendor).items():
        made = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and inspect.isfunction(made):
            cog.outl(f"| `{name}` | {_cell(_first(made))} |")


def vendor_capabilities() -> None:
    """What a vendor says about itself as data."""
    _attributes(base.Capabilities)


def product_parts() -> None:
    """What the command line knows of a vendor."""
    _attributes(Product)


def _first(thing: object) -> str:
    """The first sentence of a docstring, which may go on for several lines."""
    text = (inspect.getdoc(thing) or "").split("\n\n")[0]
    return _links(" ".join(text.split()))


def _attributes(kind: type) -> None:
    """The table of the ``Attributes:`` of a docstring."""
    text = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    cog.outl("\n| attribute | meaning |\n| --- | --- |")
    for name, told in re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", text, flags=re.MULTILINE):
        cog.outl(f"| `{name}` | {_cell(_links(' '.join(told.split())))} |")


def _links(text: str) -> str:
    """Sphinx's references and literals as Markdown has them."""
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`")
