"""Template and scan to prepared records and rejections, both as Parquet, in flat memory."""

from migrator.prepare.binding import column_of, has_column
from migrator.prepare.keys import row_keys
from migrator.prepare.run import MEMBERS, REJECTIONS, Prepared, prepare

__all__ = ["MEMBERS", "REJECTIONS", "Prepared", "column_of", "has_column", "prepare", "row_keys"]
