"""CSV text to records, exactly: any quoting, any line end, each record with its physical line.

The columnar reader is many times faster, but it cannot say on which line a record with a quoted
line break began, and it gives up where one cell is badly quoted. This reader costs one record then.
"""

from __future__ import annotations

import csv
import sys
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

MOST_LINES = 10_000
"""A record of more physical lines is taken for a quotation mark that is never closed."""


MARK = "\ufeff"
"""A byte order mark: one that begins a record is left of files put one below another."""


class Row(NamedTuple):
    """Cells as written, and the 1-based physical line on which they begin.

    ``raw`` is the text of a line whose quoting cannot be read; it has no cells then.
    """

    line: int
    cells: list[str]
    raw: str | None = None

    @property
    def blank(self) -> bool:
        """Whether there is nothing in any cell."""
        return self.raw is None and not any(self.cells)


class _NotClosed(Exception):
    """A quotation mark is still open after ``MOST_LINES`` lines."""


class _Lines:
    """Physical lines that can be given back, so that one bad line does not take others with it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._back: deque[str] = deque()
        self.held: list[str] = []
        self.number = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.held) >= MOST_LINES:
            raise _NotClosed
        line = self._back.popleft() if self._back else next(self._file)
        if not self.held:
            line = line.removeprefix(MARK)
        self.held.append(line)
        return line

    def done(self) -> None:
        """The lines handed out are used up; the next record begins after them."""
        self.number += len(self.held)
        self.held.clear()

    def keep_first(self) -> str:
        """Give all but the first line back, and return that one."""
        first, *others = self.held
        self._back.extendleft(reversed(others))
        self.held = [first]
        self.done()
        return first


def read_rows(path: Path, delimiter: str, *, skip: int = 0) -> Iterator[Row]:
    """Every row of a UTF-8 file after ``skip`` physical lines, blank ones included.

    Cells are what RFC 4180 says; a line that breaks it comes as ``raw`` and costs only itself.
    """
    # The limit is the interpreter's own and guards against nothing here: a stray quotation mark is
    # found by the number of lines, and a long description is data.
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in islice(file, skip):
            pass
        lines = _Lines(file)
        lines.number += skip
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            start = lines.number
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _NotClosed):
                yield Row(start, [], raw=lines.keep_first().rstrip("\r\n"))
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                continue
            lines.done()
            yield Row(start, cells)


def parse_line(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line that is a whole record; None when its quoting breaks the rules."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
