"""Template and scan to prepared records and rejections, both as Parquet, in flat memory."""

from migrator.prepare.binding import column_of, has_column
from migrator.prepare.keys import row_keys
from migrator.prepare.run import MEMBERS, REJECTIONS, Prepared, prepare
from migrator.prepare.traced import Traced, columns_of, source_of, traced

__all__ = [
    "MEMBERS",
    "REJECTIONS",
    "Prepared",
    "Traced",
    "column_of",
    "columns_of",
    "has_column",
    "prepare",
    "row_keys",
    "source_of",
    "traced",
]
