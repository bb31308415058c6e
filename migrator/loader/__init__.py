"""Carries a journal's ops out; knows no vendor by name: see :class:`Loader`."""

from migrator.loader.loader import Job, Loader
from migrator.loader.parents import created_parents, resolved

__all__ = ["Job", "Loader", "created_parents", "resolved"]
