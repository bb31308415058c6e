"""Transforms that make dates and instants of texts, by formats that were decided beforehand.

A format is one of ``strptime``; ``%z`` stands for an offset such as ``+0200`` or ``+02:00`` and a
literal ``Z`` at the end for UTC. ``epoch_ms`` and ``epoch_s`` are numbers since 1970 in UTC.
"""

import datetime as dt
import re

import polars as pl

from migrator.catalogue import INSTANT
from migrator.transforms.base import Change, Fault, spreadsheet_error

EPOCHS = {"epoch_ms": "ms", "epoch_s": "s"}

ISO_DATE = ("%Y-%m-%d",)
ISO_DATETIME = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", *ISO_DATE)

_PIVOT = 2068
"""Two-digit years are 1969 to 2068, as POSIX has it."""

_EARLIEST = 1900
_LATEST = 2099
"""Beyond it, polars knows no summer time, and deals close earlier."""
_FIRST_DAY = (dt.date(_EARLIEST, 1, 1) - dt.date(1970, 1, 1)).days
_END_DAY = (dt.date(_LATEST + 1, 1, 1) - dt.date(1970, 1, 1)).days
_MICROSECONDS = 24 * 60 * 60 * 1_000_000
"""In a day."""

_TIMES = ("%H", "%I", "epoch_")
_NUMERIC = re.compile("%[dmy](?P<separator>[-/.])%[dm](?P=separator)%[dyY]")


def has_time(format: str) -> bool:
    """Whether a format has a time of day."""
    return any(mark in format for mark in _TIMES)


def _timed(column: pl.Expr, format: str) -> pl.Expr:
    """Date and time of day; null where the format does not fit, and for the 60th second.

    That would be read as the minute after.
    """
    read = column.str.to_datetime(format, time_unit="us", strict=False, cache=False)
    leap = (
        column.str.ends_with(":60")
        if format.endswith("%S")
        else column.str.contains(":60", literal=True)
    )
    return pl.when(~leap).then(read)


def _naive(column: pl.Expr, format: str) -> pl.Expr:
    """Date and time as written, without a zone; null where the format does not fit."""
    if not has_time(format):
        read = column.str.to_date(format, strict=False, cache=False).cast(pl.Datetime("us"))
    else:
        read = _timed(column, format)
    if "%y" in format:
        century = read.dt.year() > _PIVOT
        read = pl.when(century).then(read.dt.offset_by("-100y")).otherwise(read)
    return read


def _instant(column: pl.Expr, format: str, zone: str) -> pl.Expr:
    if format in EPOCHS:
        whole = pl.when(column.str.contains(r"^-?\d{1,14}$")).then(column).cast(pl.Int64)
        factor = 1_000 if format == "epoch_ms" else 1_000_000
        return (whole * factor).cast(INSTANT)
    if "%z" in format:
        return _timed(column, format).cast(INSTANT)
    read = _naive(column, format)
    if format.endswith(("Z", "UTC")) or zone == "UTC":
        return read.dt.replace_time_zone("UTC")
    return read.dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")


def _local(column: pl.Expr, format: str) -> pl.Expr:
    """Date and time as written; for what has a zone of its own, those of UTC."""
    if format in EPOCHS or "%z" in format:
        return _instant(column, format, "UTC").dt.replace_time_zone(None)
    return _naive(column, format)


def _first_likely(readings: list[pl.Expr]) -> pl.Expr:
    """The first reading whose year can be meant; ``%Y`` makes the year 24 of ``24``."""
    likely = [
        value.map_batches(_in_range, return_dtype=pl.self_dtype(), is_elementwise=True)
        for value in readings
    ]
    return pl.coalesce(likely) if len(likely) > 1 else likely[0]


def _in_range(values: pl.Series) -> pl.Series:
    """The values whose year can be meant; mostly all can.

    Compared as the whole numbers that they are stored as: a comparison of dates is planned anew for
    each batch, which takes longer than it does itself.
    """
    day = 1 if values.dtype == pl.Date else _MICROSECONDS
    stored = values.cast(pl.Int64)
    likely = (stored >= _FIRST_DAY * day) & (stored < _END_DAY * day)
    if likely.all():
        return values
    return values.to_frame("value").select(pl.when(likely).then("value")).to_series()


def _faults(column: pl.Expr, formats: tuple[str, ...], word: str) -> tuple[Fault, ...]:
    local = [f for f in formats if f not in EPOCHS and "%z" not in f]
    read = [_naive(column, f) for f in local]
    in_a_gap = pl.coalesce(read).is_not_null() if read else pl.lit(False)
    unlikely = (
        ~pl.coalesce(read).dt.year().is_between(_EARLIEST, _LATEST) if read else pl.lit(False)
    )
    return (
        spreadsheet_error(column),
        Fault(
            "unlikely_date",
            f"is before {_EARLIEST} or after {_LATEST}; correct the year",
            unlikely,
        ),
        Fault(
            "nonexistent_time",
            "does not exist in this time zone, where the clocks are put forward; correct it",
            in_a_gap,
        ),
        Fault(
            "excel_serial_date",
            "is a date as spreadsheets count days; format the cells as dates and save again",
            column.str.contains(r"^\d{5}(?:[.,]\d+)?$"),
        ),
        Fault(
            "wrong_date_order",
            f"is a date only in another order of day, month and year than this column's "
            f"({' or '.join(formats)}); correct it, or set date_formats",
            _in_other_order(column, formats),
        ),
        Fault(
            f"not_a_{word}",
            f"is no {word} in the format of this column ({' or '.join(formats) or 'none found'}); "
            "correct it, or set date_formats",
        ),
    )


def _in_other_order(column: pl.Expr, formats: tuple[str, ...]) -> pl.Expr:
    """Whether a text is a date once day, month and year of a numeric format change places."""
    read = [
        _local(column, other).is_not_null() for format in formats for other in _reordered(format)
    ]
    return pl.any_horizontal(read) if read else pl.lit(False)


def _reordered(format: str) -> list[str]:
    numeric = _NUMERIC.match(format)
    if not numeric:
        return []
    year = "%y" if "%y" in format else "%Y"
    orders = [("%d", "%m", year), ("%m", "%d", year)]
    if year == "%y":
        orders.append((year, "%m", "%d"))
    rest = format[numeric.end() :]
    others = (numeric["separator"].join(order) + rest for order in orders)
    return [other for other in others if other != format]


def date(column: pl.Expr, formats: tuple[str, ...] = ()) -> Change:
    """A date; without `formats`, day and month are told apart over the whole column.

    >>> date("13/02/2024", formats=["%d/%m/%Y"])
    2024-02-13
    >>> date("2024-02-30")
    not_a_date
    >>> date("45000")
    excel_serial_date
    >>> date("1/2/24", formats=["%d/%m/%Y"])
    unlikely_date
    >>> date("02/13/2024", formats=["%d/%m/%Y"])
    wrong_date_order
    """
    formats = formats or ISO_DATE
    faults = _faults(column, formats, "date")
    if not any(has_time(f) or "%y" in f for f in formats):
        days = [column.str.to_date(f, strict=False, cache=False) for f in formats]
        return Change(_first_likely(days), faults)
    midnight = _first_likely([_local(column, f) for f in formats])
    value = pl.when(midnight == midnight.dt.truncate("1d")).then(midnight).cast(pl.Date)
    timed = Fault(
        "date_with_time",
        "has a time of day that would be lost; use the transform datetime",
        midnight.is_not_null(),
    )
    return Change(value, (timed, *faults))


def datetime(column: pl.Expr, formats: tuple[str, ...] = (), zone: str | None = None) -> Change:
    """An instant in UTC; `zone` is where a text without one was written.

    A local time that occurs twice is taken as the first of the two; one that never occurs, because
    the clocks were put forward, is turned down. A date alone is the midnight at its beginning.

    >>> datetime("2024-07-01 09:30:00", zone="Europe/Paris")
    2024-07-01 07:30:00+00:00
    >>> datetime("2024-03-31 02:30:00", zone="Europe/Paris")
    nonexistent_time
    >>> datetime("1711846800000", formats=["epoch_ms"])
    2024-03-31 01:00:00+00:00
    >>> datetime("12:30")
    not_a_datetime
    """
    formats = formats or ISO_DATETIME
    value = _first_likely([_instant(column, f, zone or "UTC") for f in formats])
    return Change(value, _faults(column, formats, "datetime"))


def date_or_datetime(
    column: pl.Expr, formats: tuple[str, ...] = (), zone: str | None = None
) -> Change:
    """A date where no value of the column has a time of day, else an instant in UTC.

    >>> date_or_datetime("2024-02-13")
    2024-02-13
    >>> date_or_datetime("2024-02-13 10:00", formats=["%Y-%m-%d %H:%M"])
    2024-02-13 10:00:00+00:00
    """
    formats = formats or ISO_DATE
    if any(has_time(f) for f in formats):
        return datetime(column, formats, zone)
    return date(column, formats)


_DAY = "%Y-%m-%d"
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$"


def iso(column: pl.Expr) -> Change:
    """A day or an instant in UTC in ISO 8601, row by row as it is written.

    For files in which both stand in one column, as in an export: a day stays a day, and is not
    taken for the midnight at its beginning.

    >>> iso("2024-02-13")
    '2024-02-13'
    >>> iso("2024-02-13T10:00:00Z")
    '2024-02-13T10:00:00Z'
    >>> iso("13.02.2024")
    not_iso
    """
    day = column.str.to_date(_DAY, strict=False, cache=False)
    instant = column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", strict=False, cache=False)
    fits = (day.is_not_null() & (column.str.len_chars() == 10)) | (
        instant.is_not_null() & column.str.contains(_INSTANT)
    )
    fault = Fault(
        "not_iso",
        "is neither a day such as 2026-03-31 nor an instant such as 2026-03-31T09:00:00Z; if a "
        "spreadsheet has changed it, restore the column, or write the others alone with --only",
    )
    return Change(pl.when(fits).then(column), (spreadsheet_error(column), fault))
