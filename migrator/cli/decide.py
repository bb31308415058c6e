"""Values that keep rows from being loaded: told, and put down for a person to decide about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.report import wrapped
from migrator.runs.deciding import FILE, Added, blocked, set_aside, write_decisions
from migrator.vendors.outlook import of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Account
    from migrator.runs.deciding import Blocked
    from migrator.runs.inputs import Inputs

_SHOWN = 8


class Decisions:
    """What is to be decided about inputs, put down in the user's file or beside the rejects.

    Args:
        inputs: that were checked.
        account: against which; None = against their template alone.
    """

    def __init__(self, inputs: Inputs, account: Account | None = None) -> None:
        self._values: Sequence[Blocked] = blocked(inputs, account)
        self._given = inputs.request.decisions
        self._path = Path(self._given) if self._given else inputs.folder / FILE
        self._added = Added()
        if not self._given:
            set_aside(self._path)
        if self._values:
            self._added = write_decisions(self._path, self._values)

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "blocked": [
                {
                    "field": one.field,
                    "pipeline": one.pipeline,
                    "value": one.value,
                    "rows": one.rows,
                    "amounts": {name: f"{amount:.2f}" for name, amount in one.amounts.items()},
                    "problem": one.problem,
                    "closest": one.closest,
                }
                for one in self._values
            ],
            "decisions": str(self._path) if self._values else None,
        }

    def lines(self) -> list[str]:
        """As text, those of most rows first."""
        if not self._values:
            return []
        rest = len(self._values) - _SHOWN
        lines = ["", "  What to decide about:"]
        for one in self._values[:_SHOWN]:
            lines += wrapped(f"    {one.text}", indent=6)
        if rest > 0:
            lines.append(f"    and {rest:,} other values")
        new = f" ({of(self._added.lines, 'new line')})" if self._given else ""
        lines += wrapped(
            f"  Say in the column `target` of {self._path}{new} what each of them becomes, "
            "(blank) for nothing, and give it back with --decisions.",
            indent=2,
        )
        return lines + self._lacking()

    def _lacking(self) -> list[str]:
        """What a file of the user's own cannot say, and the way out."""
        added = self._added
        if not added.lacking:
            return []
        names = ", ".join(added.lacking)
        text = (
            f"  {self._path} has no column for {names}, so its lines do not say that; add the "
            "heading at the end of its first line to have it in new ones."
        )
        if added.unplaced:
            text += (
                f" {of(added.unplaced, 'value')} of a stage cannot be told from those of other "
                "pipelines and have no line there: add the column pipeline, and check again."
            )
        return list(wrapped(text, indent=2))
