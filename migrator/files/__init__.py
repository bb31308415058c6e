"""Files of deals as a lazy frame of text with record and line numbers, and frames as files.

``open_source`` reads, ``write_rejects`` writes the rows that were turned down so that they read
back cell by cell, ``write_table`` writes any frame. See ``docs/decisions/0002-reading-files.md``.
"""

from migrator.files.output import replacing, write_table
from migrator.files.rejects import REJECT_COLUMNS, write_rejects
from migrator.files.source import Source, open_source
from migrator.files.table import Dialect, Malformed, ReadOptions, Skipped, Table

__all__ = [
    "REJECT_COLUMNS",
    "Dialect",
    "Malformed",
    "ReadOptions",
    "Skipped",
    "Source",
    "Table",
    "open_source",
    "replacing",
    "write_rejects",
    "write_table",
]
