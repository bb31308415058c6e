"""Where an export's pages are put down as they arrive: a file that only grows.

A page is one write and one ``fsync``; the journal then notes how long the file is. Whatever stands
behind that length was written by a process that died before it could note it, and is cut off when
the export goes on. (A Parquet file without its last bytes cannot be read at all; that is why the
pages become Parquet only when all are there.)
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Self

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Spool:
    """Rows in a file, one JSON object a line, each with an ``id``.

    Args:
        path: of the file; made when it is missing.
        length: bytes that are known to be whole; what stands behind them is cut off.

    Raises:
        InputError: the file is shorter than that, so that somebody else has changed it.
        Stopped: the file cannot be written.
    """

    def __init__(self, path: Path, length: int = 0) -> None:
        self.path = path
        if (path.stat().st_size if path.exists() else 0) < length:
            raise InputError(
                f"{path} is shorter than the journal says; somebody has changed it. Begin the "
                "export anew."
            )
        try:
            self._file = path.open("r+b" if path.exists() else "w+b")
            self._file.truncate(length)
            self._file.seek(length)
        except OSError as error:
            raise self._stopped(error) from error
        self.length = length

    def add(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put rows down, durably; the file's length behind them."""
        # Half a surrogate pair is no character; some CRMs keep such texts all the same.
        text = "".join(f"{_encode(row)}\n" for row in rows).encode(errors="replace")
        try:
            self._file.write(text)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._stopped(error) from error
        self.length += len(text)
        return self.length

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows, in the order in which they were put down."""
        with self.path.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield json.loads(line)

    def ids(self) -> set[str]:
        """The ids of all rows."""
        return {str(row["id"]) for row in self.rows()}

    def _stopped(self, error: OSError) -> Stopped:
        return Stopped(
            f"{self.path} cannot be written: {error.strerror or error}. Make room or mend the "
            "permissions, then resume; what was exported so far is kept."
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
