"""Why rows were turned down, with examples and their money; and what a cleanup changed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from migrator.journal import Retries
from migrator.report.statement import Change, Example, Money, Reason, tidy
from migrator.runs.changes import CHANGES
from migrator.runs.figures import rejected_money
from migrator.runs.turned_down import TURNED_DOWN, problems_in, rejected_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from migrator.journal import Family
    from migrator.report import Report
    from migrator.runs.workspace import Workspace

_EXAMPLES = 3
_CHANGES = 60
_SHORT = 120

_Examples = dict[str, list[Example]]


def reasons(workspace: Workspace, family: Family, books: Report) -> tuple[Reason, ...]:
    """Rows by reason, as the books count them, the most frequent first."""
    rejected: _Examples = {}
    refused: _Examples = {}
    money: dict[str, Money] = {}
    for run in family.runs:
        folder = workspace.folder(run.id)
        gone = Retries(workspace.journal).taken_from(family, run.id)
        if (folder / "rejections.parquet").exists():
            problems = _left(rejected_in(folder), gone)
            _examples(problems, rejected)
            _money(problems, rejected_money(folder, gone), money)
        for problems in problems_in(folder, TURNED_DOWN):
            _examples(_left(problems, gone), refused)
    return (
        *(
            _reason("rejected", code, rows, rejected, books, money.get(code, {}))
            for code, rows in books.codes.items()
        ),
        *(
            _reason("refused", code, rows, refused, books, {})
            for code, rows in books.refusals.items()
        ),
    )


def _reason(
    of: str, code: str, rows: int, examples: _Examples, books: Report, money: Money
) -> Reason:
    return Reason(
        of, code, rows, money, tuple(examples.get(code, ())), books.examples.get(code, "")
    )


def _left(problems: pl.LazyFrame, gone: Iterable[int]) -> pl.LazyFrame:
    """The first problem of each row that no retry has taken on."""
    taken = pl.LazyFrame({"_record": list(gone)}, schema={"_record": pl.Int64})
    left = problems.join(taken, on="_record", how="anti", maintain_order="left")
    return left.unique("_record", keep="first", maintain_order=True)


def _examples(problems: pl.LazyFrame, found: _Examples) -> None:
    """Add the first few rows of each reason."""
    columns = ("_record", "_field", "_value", "_error")
    frame = (
        problems.sort("_record")
        .group_by("_code", maintain_order=True)
        .agg(pl.col(columns).head(_EXAMPLES))
        .explode(columns)
        .collect()
    )
    for code, record, field, value, error in frame.iter_rows():
        known = found.setdefault(code, [])
        if len(known) < _EXAMPLES:
            known.append(Example(record, field or "", (value or "")[:_SHORT], error or ""))


def _money(problems: pl.LazyFrame, rejected: pl.DataFrame, found: dict[str, Money]) -> None:
    """Add the readable money of each reason."""
    sums = (
        problems.select("_record", "_code")
        .join(rejected.lazy(), on="_record", how="inner")
        .filter(pl.col("amount").is_not_null())
        .group_by("_code", "currency")
        .agg(pl.col("amount").sum())
        .sort("_code", "currency")
        .collect()
    )
    for code, currency, amount in sums.iter_rows():
        money = found.setdefault(code, {})
        money[currency] = tidy(money.get(currency, Decimal(0)) + amount)


def changes(folder: Path) -> tuple[Change, ...]:
    """From which value to which one fields were to be changed, the most frequent first."""
    path = folder / CHANGES
    if not path.exists():
        return ()
    names = ["field", "before", "after"]
    frame = (
        pl.scan_csv(path, infer_schema=False, glob=False)
        .select(pl.col(names).fill_null(""))
        .group_by(names)
        .len()
        .sort("len", *names, descending=[True, False, False, False])
        .head(_CHANGES)
        .collect(engine="streaming")
    )
    return tuple(Change(*row) for row in frame.iter_rows())
