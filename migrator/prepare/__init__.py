"""Template and scan to prepared records and rejections, both as Parquet, in flat memory."""

from migrator.prepare.keys import row_keys
from migrator.prepare.run import MEMBERS, REJECTIONS, Prepared, prepare

__all__ = ["MEMBERS", "REJECTIONS", "Prepared", "prepare", "row_keys"]
