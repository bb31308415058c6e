"""How many rows may be turned down, missing or deleted before a run stops of its own accord."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.report import counted

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Limit:
    """``--max-rejects``: a number of rows, or a percentage of the source's rows."""

    value: float
    percent: bool = False

    def allows(self, rejected: int, rows: int) -> bool:
        """Whether so many rejects of so many rows are within the limit."""
        return rejected <= (self.value / 100 * rows if self.percent else self.value)

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.percent else ''}"


def ensure_within(limit: Limit | None, rejected: int, rows: int, rejects: Path) -> None:
    """Stop before anything is written when more rows are rejected than allowed.

    Raises:
        InputError: too many; the text says where they are.
    """
    if limit and not limit.allows(rejected, rows):
        raise InputError(
            f"{rejected:,} of {counted(rows, 'row is', 'rows are')} rejected, more than "
            f"--max-rejects {limit} allows. Nothing was written; see {rejects}."
        )
