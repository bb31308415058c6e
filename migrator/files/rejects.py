"""The rejects file: rows as they were plus what is wrong with them, safe to open in Excel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from migrator.files.collect import too_many
from migrator.files.output import replacing, write_table
from migrator.files.table import Dialect, Malformed, Table, unique_names
from migrator.spreadsheets import neutral_column, restored_column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from migrator.files.source import Source

REJECT_COLUMNS = ("_record", "_line", "_field", "_code", "_error", "_value")
"""What a rejects file has beyond the source's own columns."""

SURPLUS = "_surplus"
"""One more column of a rejects file, if a record has text that fits no column."""

RUN = "_run"
"""And another one, the last, if the rows are a run's: its id, so that it is known to a retry. It is
never blank, so that a spreadsheet does not leave out the end of a line."""

MARKS = ("_record", "_line", RUN)
"""Those of our columns that tell where a row is from."""

JOINT = " | "
"""Between the problems of one row."""


def restored(table: Table) -> Table:
    """A rejects file of ours as the source it came from; any other table as it is.

    Our columns are no data: they go, and those that tell where the rows are from are in ``marks``.
    A cell still in ``_surplus`` means that the record was not mended, so it is malformed again.
    """
    ours = _ours(table.headers)
    if "_record" not in ours or not (RUN in ours or set(REJECT_COLUMNS) <= ours.keys()):
        return table
    kept = [at for at in range(len(table.headers)) if at not in ours.values()]
    headers = pl.Series([table.headers[at] for at in kept], dtype=pl.String)
    headers = headers.to_frame("header").select(restored_column(pl.col("header"))).to_series()
    columns = unique_names(headers)
    surplus = [table.columns[ours[SURPLUS]]] if SURPLUS in ours else []
    left = pl.coalesce(*(restored_column(pl.col(column)) for column in surplus), SURPLUS)
    frame = table.frame.select(
        *(
            restored_column(pl.col(table.columns[at])).alias(new)
            for at, new in zip(kept, columns, strict=True)
        ),
        "_record",
        "_line",
        left.alias(SURPLUS),
    )
    problems = table.problems
    if surplus:
        problems += _unmended(frame, problems, len(columns))
    return replace(
        table,
        headers=tuple(headers),
        columns=columns,
        frame=frame,
        problems=problems,
        evidence=(*table.evidence, "a rejects file: its own columns are left out"),
        tidy=frozenset(),
        marks=table.frame.select(
            pl.col("_record").alias("at"),
            pl.col("_line").alias("at_line"),
            *(
                pl.col(table.columns[ours[name]]).alias(name)
                if name in ours
                else pl.lit(None, pl.String).alias(name)
                for name in MARKS
            ),
        ),
    )


def _ours(headers: Sequence[str]) -> dict[str, int]:
    """Where our columns stand: behind those of the source, which may have one called so too."""
    names = {*REJECT_COLUMNS, SURPLUS, RUN}
    return {header: at for at, header in enumerate(headers) if header in names}


def _unmended(frame: pl.LazyFrame, known: Sequence[Malformed], width: int) -> tuple[Malformed, ...]:
    seen = {problem.record for problem in known}
    rows = frame.filter(pl.col(SURPLUS).is_not_null()).select("_record", "_line", SURPLUS)
    return tuple(
        Malformed(record, line, "too_many_cells", too_many(width + 1, width), text)
        for record, line, text in rows.collect(engine="streaming").iter_rows()
        if record not in seen
    )


def write_rejects(
    source: Source,
    rejections: pl.LazyFrame,
    target: Path,
    *,
    run: str | None = None,
    kept: Path | None = None,
) -> int:
    """Write each record that has problems, once, with its original cells; the number of rows.

    Args:
        source: where the records are from.
        rejections: ``_record`` (Int64), ``_field``, ``_code``, ``_error``, ``_value`` (String), one
            row a problem; several of one record are joined with `` | `` in each column.
        target: replaced when all rows are written.
        run: the run that the rows belong to.
        kept: a Parquet file for our own use that gets the same rows, the cells as they were, with
            ``_file``, ``_record`` and ``_line``.

    The file is in the dialect of the source's first file; sources that are not CSV, and several
    files of different encodings, give UTF-8 with a byte order mark.

    Raises:
        InputError: ``target`` cannot be written.
        ValueError: a problem names a record that the source does not have.
    """
    # Collected, so that polars knows beforehand that they are few, and reads accordingly.
    problems = _by_record(rejections).collect(engine="streaming")
    frame = (
        source.scan_all()
        .join(problems.lazy(), on="_record", how="inner")
        # The few texts found are views of whole batches; as copies they let go of the source.
        .with_columns(pl.col(pl.String) + "")
        .sort("_record")
    )
    if not problems.height:
        frame = frame.clear()  # what has no problems is not read again
    if kept is not None:
        write_table(frame, kept)
        frame = pl.scan_parquet(kept, glob=False)
    _write_text(frame, problems.height, _titled(source, run), target)
    return problems.height


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the rows of a rejects file are written, and which columns it has."""

    dialect: Dialect
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    run: str | None


def _titled(source: Source, run: str | None) -> _Layout:
    surplus = [SURPLUS] if source.has_surplus else []
    titles = [*source.headers, *surplus, *REJECT_COLUMNS, *([RUN] if run else [])]
    return _Layout(_dialect(source), tuple(titles), (*source.columns, *surplus), run)


def _write_text(rows: pl.LazyFrame, count: int, layout: _Layout, target: Path) -> None:
    dialect = layout.dialect
    of_run = [pl.lit(layout.run).alias(RUN)] if layout.run else []
    frame = rows.select(
        *(neutral_column(pl.col(name)) for name in layout.columns),
        pl.col("_record", "_line").cast(pl.String),
        *(neutral_column(pl.col(name)) for name in REJECT_COLUMNS[2:]),
        *of_run,
    )
    header = pl.DataFrame({str(at): [title or None] for at, title in enumerate(layout.titles)})
    header = header.select(neutral_column(pl.all().cast(pl.String)))
    written = 0
    with replacing(target) as out:
        mark = "\ufeff" if dialect.bom else ""
        out.write((mark + _text(header, dialect)).encode(dialect.encoding, "replace"))
        for batch in frame.collect_batches(engine="streaming"):
            written += batch.height
            out.write(_text(batch, dialect).encode(dialect.encoding, "replace"))
        if written != count:
            raise ValueError(f"{count - written} problems name records that the source has not")


def _by_record(rejections: pl.LazyFrame) -> pl.LazyFrame:
    """One row a record, its problems joined in their order; a blank among them keeps its place."""
    texts = [
        pl.col(name).cast(pl.String).fill_null("").sort_by("_order").str.join(JOINT)
        for name in REJECT_COLUMNS[2:]
    ]
    return rejections.with_row_index("_order").group_by(pl.col("_record").cast(pl.Int64)).agg(texts)


def _dialect(source: Source) -> Dialect:
    dialects = [table.dialect for table in source.tables]
    first = dialects[0]
    if first.format != "csv":
        return Dialect("csv", bom=True, newline="\r\n")
    if any(dialect.encoding != first.encoding for dialect in dialects):
        return replace(first, encoding="utf-8", bom=True)
    # A line that ends in a lone CR is hardly read by anything today; LF carries the same cells.
    return replace(first, newline="\n") if first.newline == "\r" else first


def _text(frame: pl.DataFrame, dialect: Dialect) -> str:
    return frame.write_csv(
        include_header=False,
        separator=dialect.delimiter,
        line_terminator=dialect.newline,
        quote_style="always" if dialect.quote_all else "necessary",
    )
