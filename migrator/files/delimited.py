"""CSV of any kind as a table: by polars where every line is provably a record, else row by row."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from migrator.errors import SourceError
from migrator.files.collect import TAIL, Layout, collect_rows, footer_start, shown
from migrator.files.encoding import find_encoding, first_fault, guess_encoding, to_utf8
from migrator.files.records import Row, parse_line, read_rows
from migrator.files.survey import Survey, last_lines, survey_lines
from migrator.files.table import Dialect, Skipped, Table, empty_frame, unique_names
from migrator.transforms.text import tidied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migrator.files.inputs import Input
    from migrator.files.table import ReadOptions

DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16
# The proof is a regular expression as long as the header; beyond this it becomes too large.
_MOST_COLUMNS = 2000
_MOST_TAIL = 20_000
_FEW_LINES = 1000
# Of a file with one column: a character that stands in no text, so that nothing splits a cell.
_NO_DELIMITER = "\x1f"
_NEWLINES = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}
_BREAK = re.compile(r"\r\n|\r|\n")
_SEP = re.compile(r'"?sep=(.)"?$', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """A CSV file as UTF-8, and where its header is.

    ``skip`` is the number of physical lines above the header, ``told`` the delimiter the user or
    the file's own ``sep=`` line names.
    """

    name: str
    path: Path
    newline: str
    skip: int
    told: str | None
    above: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The header under one delimiter, and the number of lines up to its end."""

    cells: tuple[str, ...]
    end: int


def read_delimited(source: Input, options: ReadOptions, scratch: Path) -> Table:
    """Read one CSV file.

    Raises:
        SourceError: it is not text, has no header, or its header is not where it was looked for.
        InputError: ``scratch`` cannot hold a working copy.
    """
    encoding = guess_encoding(source.name, source.path, options.encoding)
    path = source.path
    if encoding.name == "utf-8":
        try:
            text, table = _read_utf8(source.name, path, options, scratch)
        except (UnicodeDecodeError, pl.exceptions.ComputeError):
            fault = first_fault(path, "utf-8")
            if fault is None:
                raise
            encoding = find_encoding(source.name, path, encoding, fault)
    if encoding.name != "utf-8":
        path = scratch / "utf8.csv"
        to_utf8(source.name, source.path, encoding, path)
        text, table = _read_utf8(source.name, path, options, scratch)
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = list(islice(file, text.skip, text.skip + 2))
    delimiter = table.dialect.delimiter
    dialect = replace(
        table.dialect,
        delimiter="," if delimiter == _NO_DELIMITER else delimiter,
        encoding=encoding.name,
        bom=encoding.bom,
        newline=text.newline,
        quote_all=_quote_all(first, delimiter),
        header_line=text.skip + 1,
    )
    title = encoding_title(dialect)
    if encoding.name != "utf-8" and not encoding.bom:
        title = f"{title} ({encoding.reason})"
    return replace(
        table,
        dialect=dialect,
        skipped=text.above + table.skipped,
        evidence=(title, *table.evidence, _NEWLINES[text.newline]),
    )


def _read_utf8(name: str, path: Path, options: ReadOptions, scratch: Path) -> tuple[Text, Table]:
    """Read a file that is taken for UTF-8; both readers look at every byte.

    Raises:
        UnicodeDecodeError, polars.exceptions.ComputeError: it is not.
    """
    text = _find_header(name, path, options)
    headers = _headers(text)
    return text, _regular(text, headers, options.footers) or _exact(text, headers, options, scratch)


def encoding_title(dialect: Dialect) -> str:
    """An encoding as people write it."""
    name = dialect.encoding.upper().replace("CP125", "Windows-125")
    name = name if name != "WINDOWS-1252" else "Windows-1252"
    return f"{name} with BOM" if dialect.bom else name


def _newline(head: str) -> str:
    pairs = head.count("\r\n")
    feeds, returns = head.count("\n") - pairs, head.count("\r") - pairs
    if returns > pairs + feeds:
        return "\r"
    return "\r\n" if pairs > feeds else "\n"


def _usable(name: str, delimiter: str | None) -> str | None:
    if delimiter is not None and (len(delimiter.encode()) != 1 or delimiter in '"\r\n'):
        raise SourceError(
            f'{name}: "{delimiter}" cannot be the delimiter: it must be one ASCII character such'
            " as ; or , (for tabs, a real TAB). Say --delimiter with the one that is used."
        )
    return delimiter


def _find_header(name: str, path: Path, options: ReadOptions) -> Text:
    """Find the header's line: as told, else the first that is not blank or ``sep=``."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        newline = _newline(file.read(_HEAD))
    told = _usable(name, options.delimiter)
    above: list[Skipped] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(file, start=1):
            stripped = line.strip("\r\n")
            mark = _SEP.match(stripped) if number == 1 else None
            if mark is not None:
                told = told or _usable(name, mark[1])
            if number == options.header_line or (
                options.header_line is None and mark is None and stripped.strip(' ,;|\t"')
            ):
                return Text(name, path, newline, number - 1, told, tuple(above))
            reason = "before the header" if stripped.strip() else "blank line"
            above.append(Skipped(name, number, reason, shown([stripped])))
    if options.header_line is not None and above:
        raise SourceError(
            f"{name} has only {len(above):,} lines; the header was looked for in line"
            f" {options.header_line:,}. Say --header-line with the line of the column names."
        )
    raise SourceError(f"{name}: there is nothing but blank lines in this file. Export it again.")


def _headers(text: Text) -> dict[str, Header]:
    """The header's cells under each delimiter it may be written with, most cells first."""
    found: dict[str, Header] = {}
    candidates = (text.told,) if text.told else DELIMITERS
    rows = {each: next(read_rows(text.path, each, skip=text.skip)) for each in candidates}
    for each, row in rows.items():
        if row.raw is None and (len(row.cells) > 1 or text.told):
            breaks = sum(len(_BREAK.findall(cell)) for cell in row.cells)
            found[each] = Header(tuple(row.cells), text.skip + 1 + breaks)
    if not found:
        first = rows[candidates[0]]
        if first.raw is not None:
            raise SourceError(
                f"{text.name}, line {first.line:,}: the quotation marks of the header do not match:"
                f" {shown([first.raw])} Mend that line, or say --header-line with the line of the"
                " column names."
            )
        _refuse_other_header(text)
        found[_NO_DELIMITER] = Header(tuple(first.cells), text.skip + 1)
    return dict(sorted(found.items(), key=lambda item: -len(item[1].cells)))


def _refuse_other_header(text: Text) -> None:
    """A header of one cell above records of many is a title line.

    Raises:
        SourceError: most lines below have the same number of cells, and it is not one.
    """
    for each in DELIMITERS:
        widths: Counter[int] = Counter()
        first: dict[int, int] = {}
        for row in read_rows(text.path, each, skip=text.skip + 1):
            widths[len(row.cells)] += 1
            first.setdefault(len(row.cells), row.line)
        width, count = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        if width > 1 and 2 * count > widths.total():
            raise _other_header(text.name, text.skip + 1, 1, width, first[width])


def _other_header(name: str, line: int, cells: int, width: int, likely: int) -> SourceError:
    counted = "1 cell" if cells == 1 else f"{cells} cells"
    return SourceError(
        f"{name}: the header, line {line:,}, has {counted}, but most records have {width}. If the"
        f" column names are in another line, say so: --header-line {likely}. If it is the right"
        " line, check the delimiter (--delimiter) and export the file again."
    )


def _regular(text: Text, headers: Mapping[str, Header], footers: Sequence[str]) -> Table | None:
    """The table as polars reads it, if every line before the footer is one regular record."""
    ends = {header.end for header in headers.values()}
    widest = max(len(header.cells) for header in headers.values())
    if widest > _MOST_COLUMNS or text.newline == "\r" or ends != {text.skip + 1}:
        return None
    skip = text.skip + 1
    surveys = survey_lines(text.path, skip, {each: headers[each].cells for each in headers})
    for delimiter, survey in surveys.items():
        header = headers[delimiter].cells
        cut = _cut(text, delimiter, header, survey, footers)
        if cut is None:
            continue
        records, skipped = cut
        columns = unique_names(header)
        n_rows = None if records == survey.lines else records
        frame = _scan(text.path, delimiter, columns, skip, n_rows)
        return Table(
            text.name,
            Dialect("csv", delimiter=delimiter),
            header,
            columns,
            frame if records else empty_frame(columns),
            records,
            skipped,
            (),
            (_delimiter_evidence(delimiter, records, records),),
            tidy=_tidy_columns(delimiter, columns, survey.odd),
        )
    return None


def _tidy_columns(delimiter: str, columns: Sequence[str], odd: pl.Series | None) -> frozenset[str]:
    """The columns that are tidy in all lines: in those, that is, which are not proved to be."""
    if odd is None:
        return frozenset()
    tidy = set(columns)
    for start in range(0, len(odd), _FEW_LINES):
        cells = pl.read_csv(
            "\n".join(odd.slice(start, _FEW_LINES)).encode(),
            has_header=False,
            separator=delimiter,
            schema=dict.fromkeys(columns, pl.String),
            null_values="",
        )
        made = tidied(cells)
        tidy = {name for name in tidy if cells[name].equals(made[name])}
    return frozenset(tidy)


def _cut(
    text: Text, delimiter: str, header: Sequence[str], survey: Survey, footers: Sequence[str]
) -> tuple[int, tuple[Skipped, ...]] | None:
    """How many lines are records, and what follows them; None if a line is neither."""
    irregular = survey.lines - survey.regular
    if irregular > _MOST_TAIL:
        return None
    texts = last_lines(text.path, min(survey.lines, TAIL + irregular))
    offset = survey.lines - len(texts)
    rows = []
    for index, line in enumerate(texts):
        cells = None if "\r" in line else parse_line(line, delimiter)
        if cells is None:
            return None
        rows.append(Row(text.skip + 2 + offset + index, cells))
    end = max((index + 1 for index, row in enumerate(rows) if not row.blank), default=0)
    begin = max(0, end - TAIL)
    start = footer_start(rows[begin:end], len(header), footers)
    footer = end if start is None else begin + start
    records = min(survey.regular, offset + footer)
    if any(not row.blank for row in rows[records - offset : footer]):
        return None
    return records, tuple(
        Skipped(text.name, row.line, "blank line" if row.blank else "footer", shown(row.cells))
        for row in rows[records - offset :]
    )


def _scan(
    path: Path, delimiter: str, columns: Sequence[str], skip: int, n_rows: int | None
) -> pl.LazyFrame:
    """Straight from the file; nothing is parsed as anything but text."""
    return pl.scan_csv(
        path,
        has_header=False,
        separator=delimiter,
        skip_lines=skip,
        schema=dict.fromkeys(columns, pl.String),
        null_values="",
        n_rows=n_rows,
        # A footer behind the last record may be longer; polars looks at it before it stops.
        truncate_ragged_lines=n_rows is not None,
        row_index_name="_record",
        row_index_offset=1,
        glob=False,
    ).select(
        *columns,
        pl.col("_record").cast(pl.Int64),
        (pl.col("_record").cast(pl.Int64) + skip).alias("_line"),
        pl.lit(None, pl.String).alias("_surplus"),
    )


def _exact(text: Text, headers: Mapping[str, Header], options: ReadOptions, scratch: Path) -> Table:
    """The table read row by row into a working copy."""
    delimiter = next(iter(headers))
    if len(headers) > 1:
        delimiter = max(headers, key=lambda each: _share(text.path, each, headers[each]))
    header = headers[delimiter]
    columns = unique_names(header.cells)
    layout = Layout(text.name, header.cells, columns, delimiter, options.footers)
    rows = read_rows(text.path, delimiter, skip=header.end)
    found = collect_rows(rows, layout, scratch / "parts")
    width, count = max(found.misfits.items(), key=lambda item: item[1], default=(0, 0))
    if 2 * count > found.records >= 10:
        raise _other_header(text.name, text.skip + 1, len(columns), width, found.first_lines[width])
    return Table(
        text.name,
        Dialect("csv", delimiter=delimiter),
        header.cells,
        columns,
        found.frame(columns),
        found.records,
        tuple(found.skipped),
        tuple(found.problems),
        (_delimiter_evidence(delimiter, found.records - len(found.problems), found.records),),
    )


def _share(path: Path, delimiter: str, header: Header) -> tuple[float, int]:
    """How many of the rows have as many cells as the header, then the number of cells."""
    total = fitting = 0
    for row in read_rows(path, delimiter, skip=header.end):
        if not row.blank:
            total += 1
            fitting += len(row.cells) == len(header.cells)
    return (fitting / total if total else 0.0), len(header.cells)


def _delimiter_evidence(delimiter: str, fitting: int, records: int) -> str:
    if delimiter == _NO_DELIMITER:
        return "one column without delimiters"
    shown_as = {"\t": "TAB"}.get(delimiter, f"'{delimiter}'")
    return f"delimiter {shown_as} (in {fitting:,} of {records:,} records)"


def _quote_all(lines: Sequence[str], delimiter: str) -> bool:
    """Whether even the header and the first record have every cell in quotation marks."""
    cell = r'"(?:[^"]|"")*"'
    every = re.compile(rf"{cell}(?:{re.escape(delimiter)}{cell})*")
    return bool(lines) and all(every.fullmatch(line.rstrip("\r\n")) for line in lines)
