"""What the sessions of a run have spent of the quota, by time, kept in the run's folder.

It is a help for the report and never a hindrance: a file that cannot be read or written is passed
over. A process that is killed loses half a minute of it.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from migrator.wire import Meter

if TYPE_CHECKING:
    from pathlib import Path

FILE = "requests.json"
"""File in a run's folder: a meter per purpose."""

_EVERY = 30.0
"""Seconds between two looks at a meter that are kept."""


def read_spending(folder: Path) -> dict[str, Meter]:
    """What was spent, by purpose; nothing when there is no such file."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {what: Meter.of(meter) for what, meter in data.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


class Spending:
    """Adds what a session spends to what earlier ones have spent.

    Args:
        folder: the run's.
        what: the purpose: ``write``, ``verify`` or ``undo``.
        meter: the session's.
    """

    def __init__(self, folder: Path, what: str, meter: Meter) -> None:
        self._folder = folder
        self._what = what
        self._meter = meter
        self._before = read_spending(folder)
        self._kept_at: float | None = None
        meter.look = self._look

    def _look(self, now: float) -> None:
        """Keep it from time to time, in case the process is killed."""
        if self._kept_at is None or not 0 <= now - self._kept_at < _EVERY:
            if self._kept_at is not None:
                self.keep()
            self._kept_at = now

    def keep(self) -> None:
        """Write down what was spent so far."""
        together = Meter()
        if self._what in self._before:
            together.merge(self._before[self._what])
        together.merge(self._meter)
        all_meters = {**self._before, self._what: together}
        data = {what: meter.data() for what, meter in all_meters.items()}
        part = self._folder / f".{FILE}.part"
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(data), encoding="utf-8")
            part.replace(self._folder / FILE)
