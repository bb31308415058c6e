"""Where the templates are that come with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator import resources

if TYPE_CHECKING:
    from pathlib import Path


def shipped_paths() -> dict[str, Path]:
    """Name to path of every shipped template, sorted by name."""
    return {path.stem: path for path in sorted(resources.templates().glob("*.yaml"))}


def shipped() -> dict[str, str]:
    """Name to description of every shipped template."""
    from migrator.template.loading import load_template  # noqa: PLC0415 - it needs the paths

    return {name: load_template(path).description for name, path in shipped_paths().items()}
