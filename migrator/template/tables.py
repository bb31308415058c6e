"""CSV files beside a template, as spreadsheets save them: value maps and decisions."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from migrator.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VALUE_COLUMNS = ("pipeline", "source", "target")
"""Columns of a value map; the first may be left out, others are for people."""

_BLANK = "(blank)"


def is_blank(target: str) -> bool:
    """Whether a target says that the value is to be left out; an empty one says nothing at all.

    >>> is_blank("(Blank)"), is_blank("")
    (True, False)
    """
    return target.casefold() == _BLANK


def read_table(path: Path, what: str, kind: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV by column, in lower case; any of ``; , TAB``, UTF-8, UTF-16 or cp1252.

    Args:
        path: of the file.
        what: what to call it in a message.
        kind: what such a file is.
        columns: that such a file has; all but the last two may be left out. Rows have those two.

    Raises:
        TemplateError: it cannot be read, or is no such file.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TemplateError(f"{what} cannot be read: {error.strerror or error}.") from None
    text = _decode(raw, path)
    if text.lower().startswith("sep="):
        text = text.partition("\n")[2]
    header = text.partition("\n")[0]
    delimiter = max(";,\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip().casefold() for name in next(reader, [])]
    absent = [name for name in columns[-2:] if name not in names]
    if absent:
        raise TemplateError(
            f"{path}: the column {absent[0]} is missing; {kind} has the columns "
            f"{', '.join(columns)}, and this file has {', '.join(names) or 'none'}."
        )
    blank = dict.fromkeys(columns[-2:], "")
    rows = ([cell.strip() for cell in cells] for cells in reader)
    return [blank | dict(zip(names, cells, strict=False)) for cells in rows if any(cells)]


def _decode(raw: bytes, path: Path) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        raise TemplateError(
            f"{path}: neither UTF-8 nor Windows-1252; save it as CSV UTF-8."
        ) from None
