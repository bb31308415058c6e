"""What became of a load: its runs, and which of them goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.journal import RunState

if TYPE_CHECKING:
    from migrator.journal import Journal, Run
    from tests.simulation.world import Load


@dataclass
class Story:
    """What the product did with a load.

    Attributes:
        runs: ids of its runs in the journal, in their order; the last one is the one that ended.
        lives: how often the process was started.
    """

    load: Load
    runs: list[str] = field(default_factory=list)
    lives: int = 0
    _current: str | None = None

    def begin(self, run: str) -> None:
        """A run was planned: it is the one to go on with."""
        self.runs.append(run)
        self._current = run

    def start_anew(self) -> None:
        """Whoever sits there does not resume but loads the file once more."""
        self._current = None

    def current(self, journal: Journal) -> Run | None:
        """The run to go on with; one that was killed while it was planned is planned anew."""
        if self._current is None:
            return None
        run = journal.run(self._current)
        return None if run.state is RunState.PLANNING else run

    def go_back_to(self, run: str) -> None:
        """Somebody resumes a run that was given up for another one."""
        self._current = run
