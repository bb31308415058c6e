"""What the source itself says, counted once per run and kept in its folder for the report.

The file is read once more for it, as a stream of groups: memory does not grow with the rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.currencies import CURRENCIES
from migrator.plan.records import canonical_text
from migrator.prepare import columns_of, source_of, traced
from migrator.runs.turned_down import PROBLEMS, TURNED_DOWN, problems_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from migrator.prepare import Traced
    from migrator.runs.inputs import Inputs

FILE = "figures.json"
REJECTED = "rejected_money.parquet"
"""Files in a run's folder: the figures, and the money of each rejected row."""

_MOST = 500
"""So many values of a field are told, those of the most rows."""
_Labels = Mapping[str, Mapping[str, str]]
_FIELDS = ("amount", "currency", "stage", "owner")
_MONEY = pl.Decimal(38, 6)
_GROUPS = (source_of("stage"), "stage", source_of("owner"), "owner", "currency", "rejected")
_SUMS = (
    pl.len().alias("rows"),
    pl.col("amount").sum().alias("money"),
    pl.col("unreadable").sum().alias("unclear"),
)
_REJECTED = {
    "_record": pl.Int64(),
    "currency": pl.String(),
    "amount": _MONEY,
    "unreadable": pl.Boolean(),
}


@dataclass(frozen=True)
class Group:
    """Rows of the source that have the same values.

    Attributes:
        values: the source's own text, and what was made of it; for money alone none.
        amount: of those that can be read.
        unreadable: rows that have an amount which cannot.
    """

    values: tuple[str, ...]
    currency: str
    rejected: bool
    rows: int
    amount: Decimal
    unreadable: int = 0


@dataclass(frozen=True)
class Figures:
    """A source in figures.

    Attributes:
        source: its fingerprint.
        money: by currency.
        stages, owners: by the source's own value.
        fields: canonical field to its columns, and the rows in which one of them is filled.
        columns: rows in which a column is filled.
        labels: what the account calls its owners and stages, by ``owner`` or ``stage`` and id.
        version: of migrator, that wrote the run.
    """

    source: str
    version: str
    rows: int
    money: tuple[Group, ...] = ()
    stages: tuple[Group, ...] = ()
    owners: tuple[Group, ...] = ()
    fields: Mapping[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def keep_figures(inputs: Inputs, labels: _Labels, version: str) -> None:
    """Count the source and write the figures, unless they are there."""
    found = read_figures(inputs.folder)
    if found is not None and found.source == inputs.source.fingerprint:
        return
    figures = _counted(inputs, labels, version)
    text = json.dumps(asdict(figures), ensure_ascii=False, default=str)
    (inputs.folder / FILE).write_text(text, encoding="utf-8")


def read_figures(folder: Path) -> Figures | None:
    """The figures in a run's folder; None when there are none."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        groups = {name: tuple(map(_group, data[name])) for name in ("money", "stages", "owners")}
        fields = {name: (tuple(columns), n) for name, (columns, n) in data["fields"].items()}
        return Figures(**{**data, **groups, "fields": fields})
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _group(data: Mapping[str, Any]) -> Group:
    return Group(**{**data, "values": tuple(data["values"]), "amount": Decimal(data["amount"])})


def _counted(inputs: Inputs, labels: _Labels, version: str) -> Figures:
    source = inputs.source
    found = traced(inputs.template, source.scan(), source.columns, inputs.prepared.answers, _FIELDS)
    fields = columns_of(inputs.template, source.columns)
    rejected = _marked(inputs.rejections(), "rejected")
    # One after another: together they would wait for each other, and hold the source meanwhile.
    groups = _rows(inputs, found, source.scan(), rejected).group_by(*_GROUPS).agg(_SUMS)
    few = source.scan().join(rejected, on="_record", how="semi")
    down = _rows(inputs, found, few, rejected).select(list(_REJECTED))
    down.collect(engine="streaming").write_parquet(inputs.folder / REJECTED)
    filled = _filled(source.scan(), source.columns, fields.values()).collect(engine="streaming")
    sums = groups.collect(engine="streaming")
    counts = [int(n) for n in filled.row(0)]
    of_columns, of_fields = counts[: len(source.columns)], counts[len(source.columns) :]
    return Figures(
        source.fingerprint,
        version,
        inputs.prepared.rows,
        _groups(sums),
        _groups(sums, "stage") if "stage" in found.fields else (),
        _groups(sums, "owner") if "owner" in found.fields else (),
        {
            name: (columns, n)
            for (name, columns), n in zip(fields.items(), of_fields, strict=True)
            if columns
        },
        dict(zip(source.columns, of_columns, strict=True)),
        labels,
    )


def _rows(
    inputs: Inputs, found: Traced, scan: pl.LazyFrame, rejected: pl.LazyFrame
) -> pl.LazyFrame:
    """Rows with whether they were rejected; what a malformed one says is not believed."""
    broken = _marked(inputs.source.problems.lazy(), "broken")
    rows = found.rows(scan).with_columns(
        pl.lit(None, _MONEY if name == "amount" else pl.String).alias(prefix + name)
        for name in _FIELDS
        for prefix in ("", source_of(""))
        if name not in found.fields
    )
    rows = rows.join(rejected, on="_record", how="left").join(broken, on="_record", how="left")
    whole = pl.col("broken").is_null()
    # What a rejected row calls a currency may be none.
    known = pl.col("currency").is_in(list(CURRENCIES)) | pl.col("currency").is_null()
    valued = whole & (known | pl.col("rejected").is_null())
    amount, told = pl.col("amount").cast(_MONEY, strict=False), pl.col(source_of("amount"))
    believed = dict.fromkeys(("stage", "owner", *map(source_of, ("stage", "owner"))), whole)
    return rows.with_columns(
        pl.col("rejected").fill_null(value=False),
        pl.when(valued).then(amount).alias("amount"),
        (told.is_not_null() & (amount.is_null() | ~valued)).alias("unreadable"),
        *(
            pl.when(fine).then(pl.col(name).cast(pl.String)).fill_null("").alias(name)
            for name, fine in {**believed, "currency": valued}.items()
        ),
    )


def _marked(rows: pl.LazyFrame, mark: str) -> pl.LazyFrame:
    """The records of some rows, marked.

    Collected, so that polars knows that they are the few: of a join with a plan it does not know
    which side to keep, and keeps the source.
    """
    few = rows.select("_record").unique().collect(engine="streaming")
    return few.lazy().with_columns(pl.lit(True).alias(mark))


def _groups(groups: pl.DataFrame, field: str | None = None) -> tuple[Group, ...]:
    """The groups as they are by one field, or by none; the largest first."""
    values = [source_of(field), field] if field else []
    names = [*values, "currency", "rejected"]
    sums = groups.group_by(*names).agg(pl.col("rows", "money", "unclear").sum())
    largest = sums.sort("rows", *names, descending=[True, *(False for _ in names)]).head(_MOST)
    return tuple(
        Group(tuple(told), currency, rejected, rows, _plain(amount), unreadable)
        for *told, currency, rejected, rows, amount, unreadable in largest.iter_rows()
    )


def _plain(amount: Decimal | None) -> Decimal:
    return Decimal(canonical_text(amount or Decimal(0)))


def _filled(
    scan: pl.LazyFrame, columns: Sequence[str], fields: Iterable[tuple[str, ...]]
) -> pl.LazyFrame:
    """Rows in which each column is filled, and one of the columns of each field."""
    singles = [pl.col(column) for column in columns]
    several = [pl.coalesce(*of) if of else pl.lit(None, pl.String) for of in fields]
    counts = [one.is_not_null().sum().alias(str(at)) for at, one in enumerate(singles + several)]
    return scan.select(counts)


def rejected_money(folder: Path, gone: Iterable[int]) -> pl.DataFrame:
    """The rejected rows of a run that no retry took on.

    ``_record``, ``currency``, ``amount``, and ``unreadable``: there is an amount, but which?
    """
    path = folder / REJECTED
    if not path.exists():
        return pl.DataFrame(schema=_REJECTED)
    taken = pl.LazyFrame({"_record": list(gone)}, schema={"_record": pl.Int64})
    rows = pl.scan_parquet(path, glob=False).join(taken, on="_record", how="anti")
    return rows.collect(engine="streaming")


def filled_records(folder: Path) -> tuple[int, dict[str, int]]:
    """The records of a run that were not turned down, and in how many each field is filled.

    To be asked when nothing is left to write.
    """
    path = folder / "records.parquet"
    if not path.exists():
        return 0, {}
    rows = pl.scan_parquet(path, glob=False)
    for problems in problems_in(folder, PROBLEMS, TURNED_DOWN):
        rows = rows.join(problems.select("_record").unique(), on="_record", how="anti")
    names = [name for name in rows.collect_schema().names() if not name.startswith("_")]
    counts = rows.select(pl.len().alias("_all"), pl.col(names).is_not_null().sum()).collect(
        engine="streaming"
    )
    total, *filled = counts.row(0)
    return int(total), {name: int(n) for name, n in zip(names, filled, strict=True)}
