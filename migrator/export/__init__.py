"""The way out: records of an account as rows of a file, page by page."""

from migrator.export.columns import LINKS, Names, ids_of, row_of
from migrator.export.labels import labels_left_behind
from migrator.export.likeness import Likeness, likeness, statuses
from migrator.export.names import called, chosen, naming
from migrator.export.spool import Spool
from migrator.export.survey import Survey, surveyed
from migrator.export.table import write_export

__all__ = [
    "LINKS",
    "Likeness",
    "Names",
    "Spool",
    "Survey",
    "called",
    "chosen",
    "ids_of",
    "labels_left_behind",
    "likeness",
    "naming",
    "row_of",
    "statuses",
    "surveyed",
    "write_export",
]
