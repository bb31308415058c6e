"""The command line: options in, one library call, text out, exit code."""

from migrator.cli.main import main

__all__ = ["main"]
