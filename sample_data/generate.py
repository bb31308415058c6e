"""Write all sample files: ``python sample_data/generate.py [FOLDER]``.

The same files come out every time, to the byte (workbook and Parquet: to the cell, their bytes
depend on the libraries). Everybody and everything in them is invented.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from sample_data.layouts import LAYOUTS
from sample_data.mistakes import spoil
from sample_data.world import make_deals

if TYPE_CHECKING:
    from sample_data.layouts import Layout
    from sample_data.mistakes import Mistake, Row

FOLDER = Path(__file__).parent
README = "README.md"

_ABOUT = """\
# Sample exports

Invented exports for the shipped templates, written by `.venv/bin/python sample_data/generate.py`.
Do not edit them: change the generator and run it again. Some rows are wrong on purpose; every such
row has to become one reject with the code given here, and no other row may. Those marked *account*
can only be found wrong by asking the account. Deals whose contacts or companies the account lacks
are parked where the template does not create them.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The content of a sample file.

    Attributes:
        right: the rows before anything was made wrong.
        rows: the rows as they are written.
        wrong: record number (from 1) to what is wrong there.
    """

    header: tuple[str, ...]
    right: list[Row]
    rows: list[Row]
    wrong: dict[int, Mistake]


def make_sample(layout: Layout) -> Sample:
    """Make the rows of one sample file."""
    rng = Random(layout.file)
    deals = [layout.cells(deal) for deal in make_deals(rng, layout.rows, layout.currencies)]
    header = tuple(deals[0])
    right = [list(cells.values()) for cells in deals]
    rows = [[*row] for row in right]
    return Sample(header, right, rows, spoil(rng, rows, header, layout.mistakes))


def readme() -> str:
    """The list of files and of their wrong rows, in Markdown."""
    return "".join([_ABOUT, *(_section(layout) for layout in LAYOUTS)])


def _section(layout: Layout) -> str:
    answers = " and ".join(f"`{line}`" for line in layout.answers)
    lines = [
        f"\n## {layout.file}\n",
        f"{layout.rows:,} rows for the template `{layout.template}`"
        + (f", which stops with a question until it says {answers}" if answers else "")
        + "; wrong on purpose:\n",
        "| rows | what is wrong | code |",
        "|--:|---|---|",
        *(
            f"| {each.times} | {each.what} | `{each.code}`{' *account*' if each.live else ''} |"
            for each in layout.mistakes
        ),
    ]
    return "\n".join(lines) + "\n"


def write_all(folder: Path) -> None:
    """Write all sample files, and the list of them, into a folder."""
    for layout in LAYOUTS:
        sample = make_sample(layout)
        layout.write(folder / layout.file, sample.header, sample.rows)
    (folder / README).write_text(readme(), encoding="utf-8", newline="\n")


def main() -> None:
    """Write into the folder named on the command line, or beside this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    write_all(folder)
    for layout in LAYOUTS:
        sys.stdout.write(f"{layout.file}: {layout.rows:,} rows, {layout.wrong} of them wrong\n")


if __name__ == "__main__":
    main()
