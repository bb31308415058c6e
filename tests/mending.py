"""A person who mends rejects files and retries them, in a sandbox in this process."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.report import make_report
from migrator.runs.execution import execute
from migrator.runs.retry.retrying import open_retry, plan_retry
from migrator.runs.retry.returned import Asked
from migrator.runs.target import connected
from tests.support import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.journal import Run
    from migrator.report import Report
    from migrator.runs.limits import Limit
    from migrator.runs.planning import Planned

Row = dict[str, str]


class Mender(Rehearsal):
    """A rehearsal with a spreadsheet."""

    def rejects(self, report: Report) -> list[Row]:
        """The rows of a run's rejects file; none when it has none."""
        if "rejects" not in report.files:
            return []
        text = Path(report.files["rejects"]).read_bytes().decode("utf-8-sig")
        delimiter = text[text.index("_record") - 1]
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))

    def save(self, rows: Iterable[Row], name: str = "edited.csv", encoding: str = "cp1252") -> str:
        """Save rows as a German spreadsheet does: semicolons, CRLF, its own encoding."""
        rows = list(rows)
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(rows[0]), delimiter=";", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        path = self.folder / name
        path.write_bytes(out.getvalue().encode(encoding))
        return str(path)

    def edited(self, report: Report, edit: Callable[[Row], Row | None]) -> str:
        """A rejects file with every row edited; a row of which nothing is left is taken out."""
        return self.save(row for old in self.rejects(report) if (row := edit(dict(old))))

    def retry(self, path: str, **asked: Any) -> Report:
        """Plan a retry and write it, in one session."""
        space = self.workspace()

        async def write() -> Report:
            returned = open_retry(space, Asked(path, **asked))
            async with connected(self.target, space) as session:
                planned = await plan_retry(space, returned, session, lock=True)
                return await execute(space, planned.run, session, inputs=planned.inputs)

        try:
            return self.clock.run(write())
        finally:
            space.close()

    def plan_retry(self, path: str, limit: Limit | None = None, **asked: Any) -> Planned:
        """Plan a retry and leave it."""
        space = self.workspace()

        async def plan() -> Planned:
            returned = open_retry(space, Asked(path, **asked))
            async with connected(self.target, space) as session:
                return await plan_retry(space, returned, session, limit)

        try:
            return self.clock.run(plan())
        finally:
            space.close()

    def run(self, run_id: str) -> Run:
        """A run of the journal."""
        space = self.workspace()
        try:
            return space.journal.run(run_id)
        finally:
            space.close()

    def books(self, run_id: str) -> Report:
        """What the journal says of a run by now."""
        space = self.workspace()
        try:
            return make_report(space.journal, space.journal.run(run_id))
        finally:
            space.close()

    def deals(self) -> dict[str, dict[str, Any]]:
        """The account's deals by source key; a key that is there twice is an error."""
        found: dict[str, dict[str, Any]] = {}
        for deal in self.sandbox.records("deals"):
            assert deal["migrator_key"] not in found
            found[deal["migrator_key"]] = deal
        return found
