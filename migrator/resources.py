"""Where the files that come with the package are: beside it in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / f"_{name}"
    return inside if inside.is_dir() else _PACKAGE.parent / name


def sample_data() -> Path:
    """The folder of sample exports."""
    return _folder("sample_data")


def templates() -> Path:
    """The folder of shipped templates."""
    return _folder("templates")
