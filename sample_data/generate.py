"""Write all sample files: ``python sample_data/generate.py [FOLDER]``.

The same files come out every time, to the byte (workbook and Parquet: to the cell, their bytes
depend on the libraries). Everybody and everything in them is invented.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sample_data.companions import COMPANIONS
from sample_data.layouts import LAYOUTS
from sample_data.samples import make_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sample_data.layouts import Layout

FOLDER = Path(__file__).parent
README = "README.md"

_ABOUT = """\
# Sample exports

Invented exports for the shipped templates, written by `.venv/bin/python sample_data/generate.py`.
Do not edit them: change the generator and run it again. Some rows are wrong on purpose; every such
row has to become one reject with the code given here, and no other row may. Those marked *account*
can only be found wrong by asking the account. Deals whose contacts or companies the account lacks
are parked where the template does not create them.

Other rows are odd and not wrong: they have to be read as they were meant. "file" means that the
file is so, in many of its rows or in all. A line that is "left out" is no record, and is named.

Contacts and companies are not loaded by themselves, only as parents of deals. Their files belong to
the deals of the same product: ids, names and addresses agree, so that they can be looked up there.
The tests fill an account with HubSpot's before they load the deals of all products into it.

Notes follow their deals: `migrator run pipedrive sample_data/pipedrive_deals.csv`, then
`migrator run pipedrive_notes sample_data/pipedrive_notes.csv`, and so on. A note on a deal that is
not there is parked. An unknown user is one only where the CRM keeps the authors of notes; elsewhere
the text names the author.

The columns are named as the exports name them. Of Pipedrive's notes no export was seen; there the
names follow those of its other exports.
"""


def readme() -> str:
    """The list of files and of their wrong and odd rows, in Markdown."""
    return "".join([_ABOUT, *(_section(layout) for layout in (*LAYOUTS, *COMPANIONS))])


def _section(layout: Layout) -> str:
    lines = [f"\n## {layout.file}\n", f"{layout.rows:,} rows{_purpose(layout)}."]
    if layout.mistakes:
        lines += ["\n| rows | what is wrong | code |", "|--:|---|---|"]
        lines += [
            f"| {each.times} | {each.what} | `{each.code}`{' *account*' if each.live else ''} |"
            for each in layout.mistakes
        ]
    if layout.oddities:
        lines += ["\n| rows | what is odd | what becomes of it |", "|--:|---|---|"]
        lines += [
            f"| {each.times or 'file'} | {each.what} | {each.outcome} |" for each in layout.oddities
        ]
    return "\n".join(lines) + "\n"


def _purpose(layout: Layout) -> str:
    """What a file is for, to be put behind the number of its rows."""
    if not layout.template:
        return f"; {layout.use}"
    purpose = f" for the template `{layout.template}`"
    if layout.answers:
        purpose += f", which stops with a question until it says {_listed(layout.answers)}"
    if layout.also:
        purpose += f", of which a copy has to say {_listed(layout.also)} besides"
    return purpose


def _listed(lines: Sequence[str]) -> str:
    return " and ".join(f"`{line}`" for line in lines)


def write_all(folder: Path) -> None:
    """Write all sample files, and the list of them, into a folder."""
    for layout in (*LAYOUTS, *COMPANIONS):
        sample = make_sample(layout)
        layout.write(folder / layout.file, sample.header, sample.rows)
    (folder / README).write_text(readme(), encoding="utf-8", newline="\n")


def main() -> None:
    """Write into the folder named on the command line, or beside this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    write_all(folder)
    for layout in (*LAYOUTS, *COMPANIONS):
        sys.stdout.write(f"{layout.file}: {layout.rows:,} rows, {layout.wrong} of them wrong\n")


if __name__ == "__main__":
    main()
