"""Where runs live: ``.migrator/journal.db`` and a folder per run beside it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import open_journal
from migrator.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migrator.journal import Journal
    from migrator.wire import Clock

DEFAULT = Path(".migrator") / "journal.db"


def new_run_id(now: datetime, rng: random.Random) -> str:
    """An id that sorts by time and can be said aloud: ``2026-11-22-1004-k7m2``."""
    tail = "".join(rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=4))
    return f"{now:%Y-%m-%d-%H%M}-{tail}"


def _quiet(_text: str) -> None:
    """Say nothing."""


@dataclass
class Workspace:
    """A journal, the folder it is in, and what a run needs from outside.

    Attributes:
        url: path or ``sqlite:///`` address of the journal.
        clock: the time.
        rng: makes run ids; jitters retries.
        say: receives lines for the user that are no result.
        log: receives one redacted line per request; None = nobody asked for them.
        pages: make the report that people sign (``report.html``) whenever a run's books change;
            otherwise its books alone are kept, as ``report.json``.
    """

    url: str | Path
    clock: Clock
    rng: random.Random = field(default_factory=random.SystemRandom)
    progress: Progress = field(default_factory=Silent)
    say: Callable[[str], None] = _quiet
    log: Callable[[str], None] | None = None
    pages: bool = False

    def __post_init__(self) -> None:
        self.journal: Journal = open_journal(self.url)

    @property
    def root(self) -> Path:
        """The folder of the journal."""
        return self.journal.path.parent

    def folder(self, run_id: str) -> Path:
        """The folder of a run; made when it is missing."""
        return self._made(self.root / "runs" / run_id)

    def check_folder(self) -> Path:
        """The folder of checks without a run; made when it is missing."""
        return self._made(self.root / "check")

    def _made(self, folder: Path) -> Path:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"The folder {folder} cannot be made: {error.strerror}. Move what is in its way, "
                "or choose another place with --state."
            ) from error
        return folder

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()
