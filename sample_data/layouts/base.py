"""What a layout is: a file's name, its columns, its wrong rows and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sample_data.mistakes import Mistake, Row
    from sample_data.world import Deal

    Write = Callable[[Path, Sequence[str], Sequence[Row]], None]


@dataclass(frozen=True, slots=True)
class Layout:
    """One sample file.

    Attributes:
        file: its name.
        template: name of the shipped template that reads it.
        rows: data rows, the wrong ones among them.
        cells: a deal as header to cell, in the order of the columns.
        write: writes header and rows.
        mistakes: the kinds of wrong rows.
        currencies: of its deals, the most frequent first.
        answers: what the template has to be told before it takes the file, as lines of YAML; for
            the template alone leaves a question open, and migrator asks it instead of guessing.
    """

    file: str
    template: str
    rows: int
    cells: Callable[[Deal], dict[str, object]]
    write: Write
    mistakes: tuple[Mistake, ...]
    currencies: tuple[str, ...] = ("EUR",)
    answers: tuple[str, ...] = ()

    @property
    def wrong(self) -> int:
        """How many rows are wrong on purpose."""
        return sum(mistake.times for mistake in self.mistakes)
