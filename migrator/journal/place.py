"""Where a journal is: the one place that opens it, by a path or an address.

Another store than a file would begin here; see ``docs/decisions/0020-larger-than-one-machine.md``.
"""

from __future__ import annotations

from pathlib import Path

from migrator.errors import InputError
from migrator.journal.journal import Journal


def open_journal(url: str | Path) -> Journal:
    """The journal at a path or a ``sqlite:///`` address.

    Raises:
        InputError: another kind of address, or a file that cannot be opened.
    """
    text = str(url)
    if "://" in text and not text.startswith("sqlite:///"):
        raise InputError(
            f"--state {text}: only a path or sqlite:///PATH can hold a journal in this version."
        )
    return Journal(Path(text.removeprefix("sqlite:///")))
