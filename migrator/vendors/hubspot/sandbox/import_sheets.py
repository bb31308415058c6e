"""Reads the files of an import: comma separated, UTF-8, a header, one sheet (import file page)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.import_request import File
    from migrator.vendors.hubspot.sandbox.portal import HubSpotOptions

COLUMNS = 1_000
"""A file has fewer columns than this."""


class Unreadable(Exception):
    """A file that no row can be taken from.

    Attributes:
        type: the ``errorType`` it is reported by, UNCERTAIN which.
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type
        self.message = message


@dataclass(slots=True)
class Sheet:
    """The rows of one file.

    Attributes:
        file_id: what HubSpot calls the stored file.
        width: cells of a row.
        places: for each mapping, in which cell its value stands.
        first_line: the number of the first row of data.
    """

    file: File
    file_id: int
    width: int
    places: list[int]
    first_line: int
    rows: list[list[str]] = field(default_factory=list)


def read_sheet(options: HubSpotOptions, file: File, file_id: int) -> Sheet:
    """Take a file apart.

    Raises:
        Unreadable: no row can be taken from it.
    """
    if file.spreadsheet:
        raise Unreadable("INVALID_SPREADSHEET", "Only CSV files are read here.")
    try:
        text = file.content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [row for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable("INVALID_FILE_TYPE", f"{file.name} is no CSV file: {error}") from error
    if not rows:
        raise Unreadable("INVALID_FILE_TYPE", f"{file.name} is empty.")
    header = rows[0]
    if len(header) >= COLUMNS:
        raise Unreadable("INVALID_COLUMN_CONFIGURATION", f"{file.name} has {len(header)} columns.")
    places = _places(options, file, header)
    # UNCERTAIN: rows are counted, not the lines that cells with line breaks take.
    first = 2 if file.has_header and options.import_header_is_line else 1
    data = rows[1:] if file.has_header else rows
    return Sheet(file, file_id, len(header), places, first, data)


def _places(options: HubSpotOptions, file: File, header: list[str]) -> list[int]:
    if options.import_columns_by == "order" or not file.has_header:
        if len(file.columns) != len(header):
            found = f"{len(header)} columns, {len(file.columns)} are mapped"
            raise Unreadable("INVALID_COLUMN_CONFIGURATION", f"{file.name} has {found}.")
        return list(range(len(header)))
    missing = [column.name for column in file.columns if column.name not in header]
    if missing:
        listed = ", ".join(missing)
        raise Unreadable("INVALID_COLUMN_CONFIGURATION", f"{file.name} has no column {listed}.")
    return [header.index(column.name) for column in file.columns]
