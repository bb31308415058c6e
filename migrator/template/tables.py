"""CSV files beside a template, as spreadsheets save them: value maps and decisions.

People fill them in, so what stands in them stays as it is: lines are added at the end and nothing
is written anew. A spreadsheet takes a text such as ``=A1`` or ``-n/a`` for a formula; such cells
are written with an apostrophe before them, and read without it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import TemplateError
from migrator.spreadsheets import is_error, neutral, restored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

VALUE_COLUMNS = ("pipeline", "source", "target")
"""Columns of a value map; the first may be left out, others are for people."""

_BLANK = "(blank)"
_BOM = b"\xef\xbb\xbf"


def is_blank(target: str) -> bool:
    """Whether a target says that the value is to be left out; an empty one says nothing at all.

    >>> is_blank("(Blank)"), is_blank("")
    (True, False)
    """
    return target.casefold() == _BLANK


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file of a person: what it says, and how lines are written that fit into it.

    Attributes:
        raw: all of it.
        encoding: of its text; the mark at the beginning is no part of what is added.
        names: its columns, in lower case.
        rows: by column, of which those that such a file must have are always there.
    """

    raw: bytes
    encoding: str
    delimiter: str
    newline: str
    names: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def with_rows(self, rows: Iterable[Mapping[str, str]]) -> bytes:
        """The file with lines at its end; all that was there stays, byte for byte.

        What the file has no column for is left out, columns of the person's own are blank, and
        spaces around a text, which reading drops, are not written.

        Raises:
            UnicodeEncodeError: its encoding lacks a letter.
        """
        first = {name: at for at, name in reversed(list(enumerate(self.names)))}
        lines = []
        for row in rows:
            cells = [""] * len(self.names)
            for name in row.keys() & first.keys():
                cells[first[name]] = neutral(row[name].strip())
            lines.append(_line(cells, self.delimiter) + self.newline)
        added = "".join(lines).encode(self.encoding)
        ends = tuple(end.encode(self.encoding) for end in "\r\n")
        between = b"" if self.raw.endswith(ends) else self.newline.encode(self.encoding)
        # Without the mark a spreadsheet takes letters for those of Windows.
        mark = _BOM if self.raw.isascii() and not added.isascii() else b""
        return mark + self.raw + between + added


def _line(cells: Iterable[str], delimiter: str) -> str:
    """A line without its end; a cell with any kind of line break in it is quoted."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n")


def new_sheet(columns: Sequence[str]) -> Sheet:
    """A file without rows, as spreadsheets open it with all its letters."""
    raw = _BOM + ",".join(columns).encode() + b"\r\n"
    return Sheet(raw, "utf-8", ",", "\r\n", tuple(columns), ())


def read_sheet(path: Path, what: str, kind: str, columns: Sequence[str]) -> Sheet:
    """A CSV with any of ``; , TAB`` between its cells, in UTF-8, UTF-16 or Windows-1252.

    Args:
        path: of the file.
        what: what to call it in a message.
        kind: what such a file is.
        columns: that such a file has; all but the last two may be left out. Rows have those two.

    Raises:
        TemplateError: it cannot be read, is no such file, or a spreadsheet has put an error where
            a value was.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TemplateError(f"{what} cannot be read: {error.strerror or error}.") from None
    text, encoding = _decoded(raw, path)
    newline = next((end for end in ("\r\n", "\n", "\r") if end in text), "\r\n")
    before = 0
    if text.lower().startswith("sep="):
        text, before = text.partition("\n")[2], 1
    header = text.partition("\n")[0]
    delimiter = max(";,\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = tuple(name.strip().casefold() for name in next(reader, []))
    absent = [name for name in columns[-2:] if name not in names]
    if absent:
        raise TemplateError(
            f"{path}: the column {absent[0]} is missing; {kind} has the columns "
            f"{', '.join(columns)}, and this file has {', '.join(names) or 'none'}."
        )
    blank = dict.fromkeys(columns[-2:], "")
    rows = []
    line = before + reader.line_num + 1
    for cells in reader:
        row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        _ensure_values(row, columns, f"{path}, line {line}")
        line = before + reader.line_num + 1
        if any(row.values()):
            rows.append(blank | {name: restored(cell) for name, cell in row.items()})
    return Sheet(raw, encoding, delimiter, newline, names, tuple(rows))


def _ensure_values(row: Mapping[str, str], columns: Sequence[str], where: str) -> None:
    """Refuse what a spreadsheet has made of a text that it took for a formula."""
    wrong = [name for name in columns if is_error(row.get(name, ""))]
    if not wrong:
        return
    name = wrong[0]
    rest = "; ".join(
        f"{other}: {cell}" for other, cell in row.items() if cell and other not in wrong
    )
    raise TemplateError(
        f'{where}: the column {name} says "{row[name]}", which a spreadsheet shows for a cell that '
        f"it took for a formula and could not calculate{f' ({rest})' if rest else ''}. Write there "
        "what it was, with an apostrophe before a text that begins with = + - or @; if it really "
        f"is {row[name]}, write '{row[name]} (with a text editor: a spreadsheet would take the "
        "apostrophe away)."
    )


def _decoded(raw: bytes, path: Path) -> tuple[str, str]:
    """The text of a file, and the encoding of what is added to it."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if raw.startswith(mark):
            return raw.decode("utf-16"), encoding
    try:
        return raw.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        raise TemplateError(
            f"{path}: neither UTF-8 nor Windows-1252; save it as CSV UTF-8."
        ) from None
