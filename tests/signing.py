"""Runs that make the report for people, in a sandbox in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from migrator.runs.signing.building import statement_of
from migrator.runs.target import connected
from migrator.runs.undo import undoing
from tests.mending import Mender

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.report.statement import Statement, Step
    from migrator.runs.undo.undoing import Undo
    from migrator.runs.workspace import Workspace


class Signer(Mender):
    """A rehearsal as the command line does it, with a page for each run."""

    pages = True

    def workspace(self) -> Workspace:
        """A workspace that makes pages, if they are wanted."""
        space = super().workspace()
        space.pages = self.pages
        return space

    def run_folder(self, run: str) -> Path:
        """Where a run's files are."""
        return self.folder / ".migrator" / "runs" / run

    def data(self, run: str) -> dict[str, Any]:
        """What the run's report.json says."""
        text = (self.run_folder(run) / "report.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    def page(self, run: str) -> str:
        """The run's page."""
        return (self.run_folder(run) / "report.html").read_text(encoding="utf-8")

    def statement(self, run: str) -> Statement:
        """What is known of a run by now."""
        space = self.workspace()
        try:
            return statement_of(space, space.journal.run(run))
        finally:
            space.close()

    def undo(self, run: str) -> Undo:
        """Take a run back."""
        space = self.workspace()

        async def act() -> Undo:
            async with connected(self.target, space) as session:
                return await undoing.undo(space, space.journal.run(run), session)

        try:
            return self.clock.run(act())
        finally:
            space.close()


def step_of(statement: Statement, name: str) -> Step:
    """The step of this name of the waterfall."""
    (found,) = [step for step in statement.waterfall if step.name == name]
    return found
