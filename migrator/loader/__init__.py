"""Carries a journal's ops out; knows no vendor by name: see :class:`Loader`."""

from migrator.loader.loader import Job, Loader

__all__ = ["Job", "Loader"]
