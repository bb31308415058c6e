"""Big files for the benchmarks: valid exports of any length, in the layout of the demo's file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 250_000
_PRIME = 4_294_967_291
_OWNERS = ("Anna Berg", "Bruno Costa", "Chloé Dubois", "Dev Patel")
_CURRENCIES = ("EUR", "USD", "GBP")
_STAGES = (
    "Qualified",
    "Contact Made",
    "Demo Scheduled",
    "Proposal Made",
    "Negotiations Started",
)
_STATUS = ("Open", "Won", "Lost")
_WARES = ("Annual licence", "Fleet tracking", "Support renewal", "Größere Lagerhalle", "Pilot, 3")
_TOWNS = ("Amberfield", "Bluequill", "Copperlane", "Dunmoor", "Eastwick", "Ölandsbro", "Żółwno")
_TRADES = ("Logistics", "Robotics", "Printworks", "Wind Energy", "Insurance Brokers")
_FIRST = datetime(2021, 1, 4, 7, 0)  # noqa: DTZ001 - the file's times have no zone

LEAST_COLUMNS = 4
"""Fewer make no deals."""


def write_big_csv(
    path: Path,
    rows: int,
    columns: int = 12,
    seed: int = 1,
    *,
    quoted: bool = False,
    wrong: float = 0.0,
) -> int:
    """Write so many deals, and return how many of them are wrong on purpose.

    The same arguments give the same bytes. Memory stays flat; a million rows of twelve columns
    take a second or two.

    Args:
        path: the file to write, UTF-8 with commas.
        rows: records below the header.
        columns: from 4; those beyond the thirteen named ones are custom texts.
        seed: other values, same shape.
        quoted: every cell in quotation marks.
        wrong: share of records, from 0 to 1, that the template's own checks must turn down: no
            title, ``1e3`` or ``#REF!`` for an amount, a day that does not exist, in turn.
    """
    if columns < LEAST_COLUMNS:
        message = f"a deal needs at least {LEAST_COLUMNS} columns, not {columns}"
        raise ValueError(message)
    every = round(1 / wrong) if wrong else 0
    with path.open("wb") as out:
        for start in range(0, rows, _CHUNK):
            chunk = _deals(start, min(start + _CHUNK, rows), columns, seed)
            if every:
                chunk = _spoilt(chunk, every)
            chunk.drop("number").write_csv(
                out, include_header=start == 0, quote_style="always" if quoted else "necessary"
            )
    return rows // every if every else 0


def _deals(start: int, end: int, columns: int, seed: int) -> pl.DataFrame:
    """Deals with numbers from ``start`` + 1 to ``end``."""
    number = pl.Series("number", range(start + 1, end + 1), dtype=pl.Int64)

    def chance(salt: int, below: int) -> pl.Series:
        """Whole numbers from 0 that look random, the same for the same seed."""
        mixed = number * (2_654_435_761 + 1_299_709 * salt) + seed * 104_729
        return (mixed % _PRIME // 7) % below

    def pick(salt: int, texts: tuple[str, ...]) -> pl.Series:
        return pl.Series(texts).gather(chance(salt, len(texts)))

    frame = pl.DataFrame(
        {
            "number": number,
            "ware": pick(1, _WARES),
            "town": pick(2, _TOWNS),
            "trade": pick(3, _TRADES),
            "cents": chance(4, 5_000_000),
            "minute": chance(5, 5 * 365 * 1_440),
            "days": chance(6, 300),
            "owner": pick(7, _OWNERS),
            "currency": pick(8, _CURRENCIES),
            "stage": pick(9, _STAGES),
            "status": pick(10, _STATUS),
            "contract": chance(11, 1_000_000),
        }
    )
    return frame.select("number", *_columns()[:columns], *_more(columns - len(_columns())))


def _columns() -> list[pl.Expr]:
    created = pl.lit(_FIRST) + pl.duration(minutes="minute")
    company = pl.format("{} {}", "town", "trade")
    closes = created.dt.date() + pl.duration(days="days")
    closed = pl.when(pl.col("status") != "Open").then(closes.cast(pl.Datetime("us")))
    return [
        pl.col("number").alias("Deal - ID"),
        pl.format("{} for {} {} #{}", "ware", "town", "trade", "number").alias("Deal - Title"),
        pl.col("stage").alias("Deal - Stage"),
        (pl.col("cents") / 100).round(2).cast(pl.Decimal(12, 2)).alias("Deal - Value"),
        pl.col("currency").alias("Deal - Currency of Value"),
        pl.lit("Pipeline").alias("Deal - Pipeline"),
        pl.col("status").alias("Deal - Status"),
        created.dt.strftime("%Y-%m-%d %H:%M:%S").alias("Deal - Deal created"),
        closes.dt.strftime("%Y-%m-%d").alias("Deal - Expected close date"),
        pl.col("owner").alias("Deal - Owner"),
        company.alias("Deal - Organization"),
        pl.format("CN-{}", "contract").alias("Deal - Contract number"),
        closed.dt.strftime("%Y-%m-%d %H:%M:%S").alias("Deal - Deal closed on"),
    ]


def _more(count: int) -> list[pl.Expr]:
    return [
        pl.format("note {} of {}", pl.lit(index), "town").alias(f"Deal - Note {index}")
        for index in range(1, count + 1)
    ]


def _spoilt(frame: pl.DataFrame, every: int) -> pl.DataFrame:
    """Every so many deals one that is wrong; each kind in turn, where the file has its column."""
    turn = pl.when(pl.col("number") % every == 0).then(pl.col("number") // every % 4)
    value = pl.when(turn == 0).then(pl.lit("1e3")).when(turn == 1).then(pl.lit("#REF!"))
    amount = value.otherwise(pl.col("Deal - Value").cast(pl.String)).alias("Deal - Value")
    dated = "Deal - Deal created" in frame.columns
    untitled = (turn == 2) | ((turn == 3) & (not dated))
    title = pl.when(~untitled.fill_null(value=False)).then("Deal - Title").alias("Deal - Title")
    if not dated:
        return frame.with_columns(amount, title)
    date = pl.when(turn == 3).then(pl.lit("2026-02-30 09:00:00")).otherwise("Deal - Deal created")
    return frame.with_columns(amount, title, date.alias("Deal - Deal created"))
