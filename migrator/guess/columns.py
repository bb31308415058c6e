"""What every column of a source holds, looked up over the whole of it in flat memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.guess.readings import Reading, read_as, read_column, read_values
from migrator.guess.shapes import SHAPES, length, share_of
from migrator.prepare.texts import ROW
from migrator.transforms.text import tidied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from migrator.files import Source

MOST_CHOICES = 200
"""A column with more different values than this is none that people choose from."""

_SHOWN = 3
_TOP = 5
_MOST_DATES = 10
"""So many columns of dates are compared with one another."""


class ColumnKind(StrEnum):
    """What the values of a column are."""

    BLANK = "blank"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    BOOL = "bool"
    EMAIL = "e-mail"
    DOMAIN = "domain"
    URL = "url"
    CURRENCY = "currency"
    ID = "id"
    CHOICE = "choice"


NUMBERS = frozenset({ColumnKind.NUMBER, ColumnKind.MONEY})
DATES = frozenset({ColumnKind.DATE, ColumnKind.DATETIME})


@dataclass(frozen=True, slots=True)
class Column:
    """One column, over all records that are well formed.

    Attributes:
        name: as in the source's ``columns``.
        place: its position there, from 0.
        filled: records that are not blank in it.
        distinct: different values.
        top: the most frequent values with their counts, at most five; none where each occurs once.
        choices: all values with their counts, most frequent first, where there are at most
            :data:`MOST_CHOICES`.
        samples: the first different values.
        shares: name of a shape to the share of filled values that have it, from 0 to 1.
        length: characters of a value, on average.
        reading: how its dates or numbers are written; None where it has none.
        before: name of another column of dates to the share of records in which this one's date is
            not after that one's.
    """

    name: str
    place: int
    kind: ColumnKind
    rows: int
    filled: int
    distinct: int
    top: tuple[tuple[str, int], ...] = ()
    choices: tuple[tuple[str, int], ...] = ()
    samples: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    length: float = 0.0
    reading: Reading | None = None
    before: Mapping[str, float] = field(default_factory=dict)

    @property
    def fill(self) -> float:
        """The share of records that are filled in it."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def variety(self) -> float:
        """Different values among the filled ones: 1 = no value comes twice."""
        return self.distinct / self.filled if self.filled else 0.0

    def share(self, shape: str) -> float:
        """The share of filled values of a shape."""
        return self.shares.get(shape, 0.0)

    def data(self) -> dict[str, Any]:
        """The column as plain data."""
        reading = self.reading
        return {
            "column": self.name,
            "type": self.kind.value,
            "rows": self.rows,
            "filled": self.filled,
            "fill": round(self.fill, 4),
            "distinct": self.distinct,
            "top": [list(each) for each in self.top],
            "samples": list(self.samples),
            "min": reading.smallest if reading else None,
            "max": reading.largest if reading else None,
            "reading": reading.data() if reading else None,
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """All columns of a source, and its records as tidy text for further questions.

    Attributes:
        records: Parquet: the columns under their places (``c0``, ``c1``, ...), tidy, blank = null,
            and ``_file``, ``_record``, ``_line``.
    """

    columns: tuple[Column, ...]
    rows: int
    records: Path

    def column(self, name: str) -> Column:
        """The column of a name that the source has."""
        return next(column for column in self.columns if column.name == name)

    def decided(self, name: str, choice: str, today: date) -> Profile:
        """The same, with a column read as somebody has chosen."""
        column = self.column(name)
        if column.reading is None:
            return self
        scan = pl.scan_parquet(self.records)
        reading = read_as(scan, _short(column.place), column.reading, choice, today)
        columns = tuple(
            replace(each, reading=reading) if each is column else each for each in self.columns
        )
        return replace(self, columns=columns)

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """The records with columns of these names, and their places in the source."""
        places = {name: self.column(name).place for name in names}
        return pl.scan_parquet(self.records).select(
            *ROW, *(pl.col(_short(place)).alias(name) for name, place in places.items())
        )


def profile(source: Source, folder: Path, today: date) -> Profile:
    """Look at every column of a source.

    Args:
        source: opened files.
        folder: exists; a working copy of the records is written there.
        today: tells dates to come from dates gone by.

    Raises:
        InputError: the folder cannot be written.
    """
    records = folder / "columns.parquet"
    names = [_short(place) for place in range(len(source.columns))]
    _set_aside(source, names, records)
    scan = pl.scan_parquet(records)
    rows = int(scan.select(pl.len()).collect().item())
    shapes = _shapes(scan, names)
    found = [
        _column(scan, name, place, rows, shapes[short], today)
        for place, (name, short) in enumerate(zip(source.columns, names, strict=True))
    ]
    return Profile(tuple(_compared(scan, found)), rows, records)


def _short(place: int) -> str:
    return f"c{place}"


def _set_aside(source: Source, names: Sequence[str], records: Path) -> None:
    """Write the well-formed records, tidied as they will be when they are prepared."""
    scan = source.scan().rename(dict(zip(source.columns, names, strict=True)))
    if source.problems.height:
        bad = source.problems.lazy().select("_record").unique()
        scan = scan.join(bad, on="_record", how="anti", maintain_order="left")
    tidy = pl.struct(names).map_batches(
        lambda series: tidied(series.struct.unnest()).to_struct(),
        return_dtype=pl.Struct(dict.fromkeys(names, pl.String)),
        is_elementwise=True,
    )
    scan.select(*ROW, tidy.alias("_tidy").struct.unnest()).sink_parquet(records)


_Shape = tuple[int, float, dict[str, float]]
"""Filled records, mean length, and the share of each shape."""


def _shapes(scan: pl.LazyFrame, names: Sequence[str]) -> dict[str, _Shape]:
    wanted = []
    for name in names:
        text = pl.col(name)
        wanted += [text.count().alias(f"{name} filled"), length(text).alias(f"{name} length")]
        wanted += [share_of(shape, text).alias(f"{name} {shape}") for shape in SHAPES]
    row = scan.select(wanted).collect(engine="streaming").row(0, named=True)
    return {
        name: (
            row[f"{name} filled"],
            row[f"{name} length"] or 0.0,
            {shape: row[f"{name} {shape}"] or 0.0 for shape in SHAPES},
        )
        for name in names
    }


def _column(
    scan: pl.LazyFrame, name: str, place: int, rows: int, shape: _Shape, today: date
) -> Column:
    filled, mean, shares = shape
    if not filled:
        return Column(name, place, ColumnKind.BLANK, rows, 0, 0)
    short = _short(place)
    distinct, repeated = _counted(scan, short)
    choices = _choices(scan, short) if distinct <= MOST_CHOICES else ()
    top = choices[:_TOP] if choices else _texts_of(scan, short, repeated)
    first = scan.select(short).drop_nulls().head(1000).collect()[short]
    samples = tuple(first.unique(maintain_order=True).head(_SHOWN))
    reading = read_column(scan, short, shares, today)
    kind = _kind(shares, reading, distinct, filled, mean)
    if reading and kind not in NUMBERS | DATES:
        reading = None
    return Column(
        name, place, kind, rows, filled, distinct, top, choices, samples, shares, mean, reading
    )


def _counted(scan: pl.LazyFrame, short: str) -> tuple[int, list[int]]:
    """How many different values there are, and the hashes of the most frequent of them.

    By sorted hashes: they take eight bytes a record, however long the texts are.
    """
    hashes = scan.select(pl.col(short).drop_nulls().hash()).collect(engine="streaming").to_series()
    runs = hashes.sort().rle().struct.unnest()
    often = runs.filter(pl.col("len") > 1).top_k(_TOP, by="len")
    return runs.height, often["value"].to_list()


def _texts_of(scan: pl.LazyFrame, short: str, hashes: list[int]) -> tuple[tuple[str, int], ...]:
    if not hashes:
        return ()
    text = pl.col(short)
    some = scan.filter(text.hash().is_in(hashes) & text.is_not_null())
    return _grouped(some, short)


def _choices(scan: pl.LazyFrame, short: str) -> tuple[tuple[str, int], ...]:
    return _grouped(scan.filter(pl.col(short).is_not_null()), short)


def _grouped(some: pl.LazyFrame, short: str) -> tuple[tuple[str, int], ...]:
    found = some.group_by(short).agg(pl.len(), pl.col("_record").min())
    ordered = found.collect(engine="streaming").sort(["len", "_record"], descending=[True, False])
    return tuple((text, count) for text, count, _ in ordered.iter_rows())


_MOST = 0.9
_WORDS_LONG = 40
_ID_LONG = 64
_ID_SHORT = 12
"""Shorter texts with a digit in them that come again and again are names, such as ``Q3 2026``."""


def _kind(
    shares: Mapping[str, float], reading: Reading | None, distinct: int, filled: int, mean: float
) -> ColumnKind:
    by_shape = {
        "bool": ColumnKind.BOOL,
        "e-mail": ColumnKind.EMAIL,
        "url": ColumnKind.URL,
        "domain": ColumnKind.DOMAIN,
        "currency": ColumnKind.CURRENCY,
    }
    for shape, kind in by_shape.items():
        if shares[shape] >= _MOST:
            return kind
    few = distinct <= min(MOST_CHOICES, max(2, filled // 2)) and mean <= _WORDS_LONG
    if reading and reading.is_date:
        return ColumnKind.DATETIME if reading.timed else ColumnKind.DATE
    if reading:
        # A long number of which none comes twice is no quantity.
        counted = distinct == filled > 1 and shares["whole"] >= 1 and shares["long number"] >= _MOST
        if counted or shares["leading zero"] >= 0.5:
            return ColumnKind.ID
        return ColumnKind.MONEY if shares["currency sign"] >= 0.5 else ColumnKind.NUMBER
    short = few and distinct <= filled / 2 and mean < _ID_SHORT
    if shares["id"] >= _MOST and mean <= _ID_LONG and not short:
        return ColumnKind.ID
    return ColumnKind.CHOICE if few else ColumnKind.TEXT


def _compared(scan: pl.LazyFrame, columns: Sequence[Column]) -> list[Column]:
    """The columns, those of dates with the order they stand in."""
    dated = [column for column in columns if column.kind in DATES and column.reading][:_MOST_DATES]
    values = {
        column.name: read_values(pl.col(_short(column.place)), column.reading).cast(pl.Date)
        for column in dated
        if column.reading
    }
    pairs = [(a, b) for a in values for b in values if a != b]
    asked = [
        (values[a] <= values[b]).mean().alias(str(number)) for number, (a, b) in enumerate(pairs)
    ]
    answers = scan.select(asked).collect(engine="streaming").row(0) if asked else ()
    before: dict[str, dict[str, float]] = {}
    for (a, b), answer in zip(pairs, answers, strict=True):
        if answer is not None:
            before.setdefault(a, {})[b] = answer
    return [replace(column, before=before.get(column.name, {})) for column in columns]
