"""Where the templates are that come with the package."""

from __future__ import annotations

from pathlib import Path

import migrator


def folder(name: str) -> Path:
    """The folder ``name`` of shipped files: inside an installed package, else of the checkout."""
    package = Path(migrator.__file__).parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parent / name


def shipped_paths() -> dict[str, Path]:
    """Name to path of every shipped template, sorted by name."""
    return {path.stem: path for path in sorted(folder("templates").glob("*.yaml"))}


def shipped() -> dict[str, str]:
    """Name to description of every shipped template."""
    from migrator.template.loading import load_template  # noqa: PLC0415 - it needs the paths

    return {name: load_template(path).description for name, path in shipped_paths().items()}
