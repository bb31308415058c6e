"""The content of a sample file: its rows as they should be, and as they are written."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from sample_data.mistakes import make_odd, spoil
from sample_data.world import make_deals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sample_data.layouts.base import Layout
    from sample_data.mistakes import Mistake, Oddity, Row
    from sample_data.world import Deal


@dataclass(frozen=True, slots=True)
class Sample:
    """The content of a sample file.

    Attributes:
        items: what the rows are of, deals in most files.
        right: the rows before anything was made wrong.
        rows: the rows as they are written.
        wrong: record number (from 1) to what is wrong there.
        odd: record number (from 1) to what is odd there and costs no row.
    """

    header: tuple[str, ...]
    items: Sequence[Any]
    right: list[Row]
    rows: list[Row]
    wrong: dict[int, Mistake]
    odd: dict[int, Oddity]


def make_sample(layout: Layout) -> Sample:
    """Make the rows of one sample file."""
    rng = Random(layout.file)
    items = layout.items() if layout.items else make_deals(rng, layout.rows, layout.currencies)
    cells = [layout.cells(item) for item in items]
    header = tuple(cells[0])
    right = [list(each.values()) for each in cells]
    rows = [[*row] for row in right]
    wrong = spoil(rng, rows, header, layout.mistakes)
    odd = make_odd(rng, rows, header, layout.oddities, wrong)
    return Sample(header, items, right, rows, wrong, odd)


def right_deals(layout: Layout) -> list[Deal]:
    """The deals of a file that are loaded."""
    sample = make_sample(layout)
    return [deal for number, deal in enumerate(sample.items, 1) if number not in sample.wrong]


def wrong_deals(layout: Layout) -> list[Deal]:
    """The deals of a file that are turned down."""
    sample = make_sample(layout)
    return [deal for number, deal in enumerate(sample.items, 1) if number in sample.wrong]
