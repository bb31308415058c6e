"""A run as text, JSON, CSV and a page: the same data, and the check that they add up.

A run and its retries have the same books: each row of the run's source counts once, with what
became of it last.
"""

from migrator.report.books import (
    IN_ACCOUNT,
    OUTCOMES,
    Report,
    RetryRows,
    make_report,
    outcome_of,
    remarks_of,
    write_id_map,
)
from migrator.report.commands import next_command
from migrator.report.sums import Sum
from migrator.report.text import as_json, as_text, counted, reason_lines, wrapped

__all__ = [
    "IN_ACCOUNT",
    "OUTCOMES",
    "Report",
    "RetryRows",
    "Sum",
    "as_json",
    "as_text",
    "counted",
    "make_report",
    "next_command",
    "outcome_of",
    "reason_lines",
    "remarks_of",
    "wrapped",
    "write_id_map",
]
