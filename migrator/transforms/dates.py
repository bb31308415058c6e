"""Transforms that make dates and instants of texts, by formats that were decided beforehand.

A format is one of ``strptime``; ``%z`` stands for an offset such as ``+0200`` or ``+02:00`` and a
literal ``Z`` at the end for UTC. ``epoch_ms`` and ``epoch_s`` are numbers since 1970 in UTC.
"""

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
_TIMES = ("%H", "%I", "epoch_")


def has_time(format: str) -> bool:
    """Whether a format has a time of day."""
    return any(mark in format for mark in _TIMES)


def _naive(column: pl.Expr, format: str) -> pl.Expr:
    """Date and time as written, without a zone; null where the format does not fit."""
    if not has_time(format):
        read = column.str.to_date(format, strict=False).cast(pl.Datetime("us"))
    else:
        text = pl.when(~column.str.contains(":60", literal=True)).then(column)
        read = text.str.to_datetime(format, time_unit="us", strict=False)
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
        return column.str.to_datetime(format, time_unit="us", strict=False).cast(INSTANT)
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


def _likely(value: pl.Expr) -> pl.Expr:
    """The value where its year can be meant; ``%Y`` makes the year 24 of ``24``."""
    return pl.when(_in_range(value)).then(value)


def _in_range(value: pl.Expr) -> pl.Expr:
    """Compared with two dates, which is much cheaper than taking the year out of each value."""
    return (value >= pl.date(_EARLIEST, 1, 1)) & (value < pl.date(_LATEST + 1, 1, 1))


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
            f"not_a_{word}",
            f"is no {word} in the format of this column ({' or '.join(formats) or 'none found'}); "
            "correct it, or set date_formats",
        ),
    )


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
    """
    formats = formats or ISO_DATE
    faults = _faults(column, formats, "date")
    if not any(has_time(f) or "%y" in f for f in formats):
        days = [column.str.to_date(f, strict=False) for f in formats]
        return Change(_likely(pl.coalesce(days)), faults)
    read = pl.coalesce([_local(column, f) for f in formats])
    midnight = _likely(read)
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
    value = _likely(pl.coalesce([_instant(column, f, zone or "UTC") for f in formats]))
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
