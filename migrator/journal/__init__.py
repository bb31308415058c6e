"""The run's memory: what is kept (:class:`Journal`) and what is not (:class:`Snapshot`)."""

from migrator.journal.journal import Journal
from migrator.journal.memory import Feed, Memory, Remembered
from migrator.journal.place import open_journal
from migrator.journal.retries import Family, Holder, Retries, family_of
from migrator.journal.rows import (
    PHASES,
    Booked,
    Finished,
    Run,
    RunState,
    Settled,
    Unknown,
    phase_of,
)
from migrator.journal.snapshot import Snapshot

__all__ = [
    "PHASES",
    "Booked",
    "Family",
    "Feed",
    "Finished",
    "Holder",
    "Journal",
    "Memory",
    "Remembered",
    "Retries",
    "Run",
    "RunState",
    "Settled",
    "Snapshot",
    "Unknown",
    "family_of",
    "open_journal",
    "phase_of",
]
