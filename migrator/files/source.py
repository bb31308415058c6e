"""Any number of files as one source: the same columns, records numbered through, text only."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from migrator.errors import InputError, SourceError, did_you_mean
from migrator.files.delimited import read_delimited
from migrator.files.inputs import find_paths, open_input, reading
from migrator.files.rejects import restored
from migrator.files.typed import read_ndjson, read_parquet
from migrator.files.workbook import read_workbook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.files.inputs import Input
    from migrator.files.table import ReadOptions, Skipped, Table

_BLOCK = 1 << 20
_PROBLEMS = {
    "_file": pl.String,
    "_record": pl.Int64,
    "_line": pl.Int64,
    "_field": pl.String,
    "_code": pl.String,
    "_error": pl.String,
    "_value": pl.String,
}
_PLURALS = {
    "blank line": "blank lines",
    "repeated header": "repeated headers",
    "footer": "footer lines",
    "before the header": "lines before the header",
}


@dataclass(frozen=True)
class Source:
    """One or several files, opened: columns agreed, every record counted.

    Attributes:
        tables: one per file, in order of reading; each has the file's name and dialect.
        columns: names no two of which are equal, in the first file's order; ``Amount (2)`` for a
            second ``Amount``, ``column 7`` for a blank header.
        headers: the same as they are spelt in the first file.
        records: of all files.
        skipped: lines that are no records: blank, repeated headers, footers, above the header.
        problems: malformed records: ``_file``, ``_record``, ``_line``, ``_field`` (null), ``_code``
            (``too_many_cells``, ``too_few_cells``, ``bad_quoting``, ``not_json``), ``_error``,
            ``_value``; so it can be read as rejections. The records are in :meth:`scan` too.
        fingerprint: SHA-256 (hex) over the bytes of all files, packed as they are.
        places: for records that came back from elsewhere, see :meth:`placed`.
    """

    tables: tuple[Table, ...]
    columns: tuple[str, ...]
    headers: tuple[str, ...]
    records: int
    skipped: tuple[Skipped, ...]
    problems: pl.DataFrame
    fingerprint: str
    packed: tuple[str | None, ...]
    places: pl.DataFrame | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The files' names, as in ``_file``."""
        return tuple(table.name for table in self.tables)

    @property
    def tidy(self) -> frozenset[str]:
        """Columns that are tidy in all files, see :class:`~migrator.files.table.Table`."""
        return frozenset.intersection(*(table.tidy for table in self.tables))

    @property
    def has_surplus(self) -> bool:
        """Whether a record has text that fits no column."""
        return not self.problems.filter(pl.col("_code") != "too_few_cells").is_empty()

    def scan(self) -> pl.LazyFrame:
        """All records: ``columns``, ``_file`` (String), ``_record`` and ``_line`` (Int64).

        Cells are text; an empty one is null, in quotation marks or not. ``_record`` is 1-based and
        runs over all files; ``_line`` is where the record begins in its file (the row of a sheet;
        the record's number in Parquet). Records among ``problems`` are here, cut or filled to the
        columns: they must be turned down.
        """
        return self.scan_all().drop("_surplus")

    def scan_all(self) -> pl.LazyFrame:
        """:meth:`scan` with ``_surplus`` (String): what of a malformed record fits no column."""
        frames, before = [], 0
        for table in self.tables:
            frames.append(
                table.frame.select(
                    *self.columns,
                    pl.lit(table.name).alias("_file"),
                    pl.col("_record") + before,
                    "_line",
                    "_surplus",
                )
            )
            before += table.records
        whole = pl.concat(frames)
        return whole if self.places is None else _moved(whole, self.places)

    def placed(self, places: pl.DataFrame) -> Source:
        """The same records under the places that they once came from; those without one are left.

        Args:
            places: ``at`` (the record here), and its ``_file``, ``_record`` and ``_line`` there.
        """
        problems = _moved(self.problems.lazy(), places).collect().select(*_PROBLEMS)
        return replace(self, places=places, problems=problems, records=places.height)

    def marks(self) -> pl.DataFrame | None:
        """What a rejects file says of where its records are from; None if it is none of ours.

        ``at`` and ``at_line`` (Int64) are the record and its line here; ``_record``, ``_line`` and
        ``_run`` are text, as it stands in the file.
        """
        (table, *others) = self.tables
        if others or table.marks is None:
            return None
        return table.marks.collect(engine="streaming")

    def describe(self) -> list[str]:
        """What was decided about each file, and on what evidence; one line a file."""
        return [
            _described(table, packed)
            for table, packed in zip(self.tables, self.packed, strict=True)
        ]


def _moved(frame: pl.LazyFrame, places: pl.DataFrame) -> pl.LazyFrame:
    return (
        frame.drop("_file", "_line")
        .join(places.lazy(), left_on="_record", right_on="at", how="inner", maintain_order="left")
        .drop("_record")
        .rename({"_record_right": "_record"})
    )


def _described(table: Table, packed: str | None) -> str:
    kind = {"csv": "CSV", "parquet": "Parquet", "xlsx": "XLSX", "ndjson": "NDJSON"}
    parts = [kind[table.dialect.format] + (f" in {packed}" if packed else ""), *table.evidence]
    parts.append(_counted(table.records, "record", "records"))
    if table.dialect.header_line > 1:
        parts.append(f"header in line {table.dialect.header_line:,}")
    for reason, count in sorted(Counter(each.reason for each in table.skipped).items()):
        parts.append(_counted(count, reason, _PLURALS[reason]) + " skipped")
    if table.problems:
        parts.append(_counted(len(table.problems), "malformed record", "malformed records"))
    return f"{table.name}: {', '.join(parts)}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def open_source(
    patterns: Sequence[str | Path],
    options: ReadOptions,
    scratch: Path,
    stdin: BinaryIO | None = None,
) -> Source:
    """Open files, decide how they are written, count and check the shape of every record.

    Args:
        patterns: paths, glob patterns, or ``-`` for ``stdin``.
        options: what is known already.
        scratch: an existing or new folder for working copies (unpacked, as UTF-8, or row by row);
            it must stay as long as the source is used. Clean files are read where they are.
        stdin: standard input, binary.

    Raises:
        SourceError: a file is missing, empty, unreadable, damaged, has other columns than the
            first one, or there is no record in any.
        InputError: ``scratch`` cannot be written.
    """
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="source-", dir=scratch))
    except OSError as error:
        raise InputError(
            f"{scratch}: no working copies can be made there: {error.strerror or error}. Name"
            " another folder, or free some space."
        ) from error
    inputs: list[Input] = []
    for number, (name, path) in enumerate(find_paths(patterns)):
        folder = work / f"{number:04d}"
        folder.mkdir()
        inputs.append(open_input(name, path, stdin, folder, options.format))
    with ThreadPoolExecutor(max_workers=1) as beside:
        digest = beside.submit(_fingerprint, inputs)
        tables = [
            restored(_read(each, options, work / f"{number:04d}"))
            for number, each in enumerate(inputs)
        ]
    return _joined(tables, inputs, digest.result())


def _read(source: Input, options: ReadOptions, folder: Path) -> Table:
    if source.format == "parquet":
        return read_parquet(source)
    if source.format == "xlsx":
        return read_workbook(source, options, folder)
    if source.format == "ndjson":
        return read_ndjson(source, folder)
    return read_delimited(source, options, folder)


def _fingerprint(inputs: Sequence[Input]) -> str:
    digest = hashlib.sha256()
    for each in inputs:
        with reading(each.name), each.original.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _joined(tables: Sequence[Table], inputs: Sequence[Input], fingerprint: str) -> Source:
    first = tables[0]
    for other in tables[1:]:
        _refuse_other_columns(first, other)
    records = sum(table.records for table in tables)
    if records == 0:
        raise SourceError(
            f"{', '.join(table.name for table in tables)}: there are column names but no records"
            f" ({', '.join(first.columns[:8])}). Export it again, with its rows."
        )
    rows, before = [], 0
    for table in tables:
        rows += [
            (table.name, each.record + before, each.line, None, each.code, each.message, each.value)
            for each in table.problems
        ]
        before += table.records
    return Source(
        tuple(replace(table) for table in tables),
        first.columns,
        first.headers,
        records,
        tuple(skipped for table in tables for skipped in table.skipped),
        pl.DataFrame(rows, schema=_PROBLEMS, orient="row").sort("_record", maintain_order=True),
        fingerprint,
        tuple(each.compression for each in inputs),
    )


def _refuse_other_columns(first: Table, other: Table) -> None:
    """Raise unless both files have the same columns, in whatever order.

    Raises:
        SourceError: a column is missing or is one too many; all of them are named.
    """
    missing = [name for name in first.columns if name not in other.columns]
    extra = [name for name in other.columns if name not in first.columns]
    if not missing and not extra:
        return
    parts = []
    if missing:
        parts.append("lacks " + ", ".join(f'"{name}"' for name in missing))
    if extra:
        parts.append("has " + ", ".join(f'"{name}"' for name in extra) + " besides")
    hint = did_you_mean(missing[0], extra) if missing and extra else ""
    raise SourceError(
        f"{other.name} has other columns than {first.name}: it {' and '.join(parts)}.{hint} Files"
        " read together must have the same columns; the order does not matter."
    )
