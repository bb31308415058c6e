"""Template and scan to prepared records and rejections, both as Parquet, in flat memory."""

from migrator.prepare.run import MEMBERS, Prepared, prepare

__all__ = ["MEMBERS", "Prepared", "prepare"]
