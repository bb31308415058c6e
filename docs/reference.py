"""The generated parts of the documentation; ``make docs`` writes them, ``make test`` compares."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cog

from migrator import rules, transforms
from migrator.cli.main import COMMANDS
from migrator.template import json_schema
from migrator.vendors.registry import product

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.catalogue import Info


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
