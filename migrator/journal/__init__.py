"""The run's memory: what is kept (:class:`Journal`) and what is not (:class:`Snapshot`)."""

from migrator.journal.journal import Journal, open_journal
from migrator.journal.rows import PHASES, Finished, Run, RunState, Settled, Unknown, phase_of
from migrator.journal.snapshot import Snapshot

__all__ = [
    "PHASES",
    "Finished",
    "Journal",
    "Run",
    "RunState",
    "Settled",
    "Snapshot",
    "Unknown",
    "open_journal",
    "phase_of",
]
