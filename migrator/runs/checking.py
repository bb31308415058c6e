"""Check files against their template alone: no account, no secret, no run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from migrator.runs.alike import alike_in
from migrator.runs.inputs import Inputs, Request, read_inputs
from migrator.runs.limits import ensure_within

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.runs.alike import Alike
    from migrator.runs.limits import Limit
    from migrator.runs.turned_down import Reasons
    from migrator.runs.workspace import Workspace


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    inputs: Inputs
    reasons: Reasons
    rejects: Path | None
    alike: Alike | None = None

    @property
    def rejected(self) -> int:
        """Rows that were turned down."""
        return self.reasons.codes.total()

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        prepared = self.inputs.prepared
        return {
            "rows": prepared.rows,
            "records": prepared.records_count,
            "merged": prepared.merged,
            "rejected": self.rejected,
            "codes": dict(self.reasons.codes.most_common()),
            "examples": self.reasons.examples,
            "decisions": [*self.inputs.source.describe(), *prepared.decisions],
            "notices": list(prepared.notices),
            "alike": asdict(self.alike) if self.alike else None,
            "rejects": str(self.rejects) if self.rejects else None,
        }


def check_files(workspace: Workspace, request: Request, limit: Limit | None = None) -> Checked:
    """Read and prepare all rows; rejects go to ``check/rejects.csv`` beside the journal.

    Raises:
        InputError: files or template are wrong, or more rows are rejected than ``limit`` allows.
    """
    folder = workspace.check_folder()
    workspace.progress.start("check", None)
    inputs = read_inputs(request, folder)
    workspace.progress.finish()
    target = folder / "rejects.csv"
    written = inputs.write_rejects(target)
    reasons = inputs.reasons()
    ensure_within(limit, reasons.codes.total(), inputs.prepared.rows, target)
    return Checked(inputs, reasons, target if written else None, alike_in(inputs))
