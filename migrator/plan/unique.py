"""Fields of which no two records of an account may hold the same value, other than the source key.

The CRM would turn the second record down; here it is known before anything is written, which
record has the value already.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, Problem
from migrator.plan.records import canonical_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migrator.model import Account, Held, Record
    from migrator.plan.intent import Intent
    from migrator.plan.rows import Row
    from migrator.vendors.base import Vendor


class Uniques:
    """The unique fields that the records of a plan fill; where there are none, it costs nothing."""

    def __init__(self, vendor: Vendor, account: Account, intent: Intent) -> None:
        infos = account.fields.get(intent.type, {}).values()
        self._vendor = vendor
        self._intent = intent
        unique = [one.name for one in infos if one.unique and one.name != KEY_FIELD]
        self._first = {
            name: first_of_repeated(intent.records, f"{CUSTOM_PREFIX}{name}") for name in unique
        }

    async def apart(
        self, rows: Sequence[Row], held: Mapping[str, Sequence[Held]]
    ) -> tuple[list[Row], list[Row]]:
        """Rows whose values are nobody else's, and those that cannot be written, with the reason.

        ``held`` = the account's records by key.
        """
        problems: dict[str, Problem] = {}
        for name, first in self._first.items():
            there = [row for row in rows if self._is_new(name, row, held.get(row[0].key, ()))]
            if not there:
                continue
            wanted = {encoded.properties[name] for _, encoded in there}
            holders = await self._vendor.holders(self._intent.type, name, wanted)
            for record, encoded in there:
                field = encoded.origin[name]
                own = {one.id for one in held.get(record.key, ())}
                holder = holders.get(encoded.properties[name])
                if holder is not None and holder not in own:
                    problems.setdefault(record.key, _taken(record, field, holder))
                elif first.get(record.values.get(field, ""), record.place.record) != (
                    record.place.record
                ):
                    number = first[record.values[field]]
                    problems.setdefault(record.key, _repeated(record, field, number))
        fine = [row for row in rows if row[0].key not in problems]
        unfit = [
            (record, replace(encoded, problems=(problems[record.key],)))
            for record, encoded in rows
            if record.key in problems
        ]
        return fine, unfit

    def _is_new(self, name: str, row: Row, held: Sequence[Held]) -> bool:
        """Whether a record would get a value that it does not have yet."""
        record, encoded = row
        ours = encoded.properties.get(name)
        if not ours:
            return False
        theirs = (one.properties.get(name) for one in held)
        return not any(self._vendor.same(record.type, name, ours, value) for value in theirs)


def first_of_repeated(records: Path, column: str) -> dict[str, int]:
    """Values that several prepared records have in a column, each with the first record's number.

    Values that are there once, which may be millions, take no memory.
    """
    scan = pl.scan_parquet(records)
    if column not in scan.collect_schema():
        return {}
    found = (
        scan.select(pl.col(column).alias("value"), "_record")
        .drop_nulls("value")
        .group_by("value")
        .agg(pl.len().alias("count"), pl.col("_record").min())
        .filter(pl.col("count") > 1)
        .collect(engine="streaming")
    )
    return {canonical_text(row["value"]): row["_record"] for row in found.iter_rows(named=True)}


def _taken(record: Record, field: str, id_: str) -> Problem:
    """Another record of the account has the value."""
    message = (
        f"The field takes each value once, and record {id_} of the account has this one. Change "
        "the value, or leave it out; if it is the same record, load it under that record's key."
    )
    return Problem(field, "value_taken", message, record.values.get(field, ""))


def _repeated(record: Record, field: str, number: int) -> Problem:
    """Another row of the file has the value."""
    message = (
        f"The field takes each value once, and record {number} of the file has this one as well. "
        "Change the value, or leave it out."
    )
    return Problem(field, "repeated_value", message, record.values.get(field, ""))
