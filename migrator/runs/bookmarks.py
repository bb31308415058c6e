"""How far the lists of an export were read: the journal's note of it, and the files of pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from migrator.export import Spool
from migrator.journal import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.journal import Journal, Run


@dataclass
class Stage:
    """How far the reading of one list has come: all that a resume needs.

    Attributes:
        place: of the last page, for the vendor.
        length: bytes of the file of its pages that are whole.
        hidden: records that are counted and not shown.
        done: whether all was read.
    """

    place: str = ""
    length: int = 0
    hidden: int = 0
    done: bool = False


class Bookmarks:
    """The stages of one export, by name.

    Args:
        journal: knows the run.
        run: the export.
        setting: of the run, in which they are kept, under ``stages``.
        folder: for the files of pages.
    """

    def __init__(self, journal: Journal, run: Run, setting: str, folder: Path) -> None:
        self._journal = journal
        self._run = run
        self._setting = setting
        self._folder = folder
        stages = run.settings[setting]["stages"]
        self._stages = {name: Stage(**stage) for name, stage in stages.items()}

    def stage(self, name: str) -> Stage:
        """The stage of a list; to be changed, and then to be noted."""
        return self._stages.setdefault(name, Stage())

    def spool(self, name: str) -> Spool:
        """The pages of a list as far as the journal knows of them."""
        return Spool(self._folder / f"{name}.ndjson", self.stage(name).length)

    def note(self) -> None:
        """Make durable how far the export has come."""
        stages = {name: asdict(stage) for name, stage in self._stages.items()}
        self._update({self._setting: {**self._run.settings[self._setting], "stages": stages}})

    def finish(self, settings: dict[str, Any]) -> None:
        """Note what came of it, and that the pages are needed no more."""
        self._update(settings)
        self._journal.set_state(self._run.id, RunState.FINISHED)
        for name in self._stages:
            (self._folder / f"{name}.ndjson").unlink(missing_ok=True)

    def _update(self, settings: dict[str, Any]) -> None:
        self._run = replace(self._run, settings={**self._run.settings, **settings})
        self._journal.update_run(
            self._run.id,
            account_fingerprint=self._run.account_fingerprint,
            settings=dict(self._run.settings),
        )
