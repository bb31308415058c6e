"""Values that keep rows from being loaded, gathered for a person to decide about: one line each.

The same file is filled in and given back; see :mod:`migrator.template.deciding`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.errors import InputError, TemplateError, closest
from migrator.model import CUSTOM_PREFIX
from migrator.template import decisions_of, decisions_sheet, new_sheet, read_decisions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from migrator.model import Account
    from migrator.runs.inputs import Inputs

FILE = "decisions.csv"
"""Where they are put down when the user names no file; in a run's folder, or the one of checks."""

_COLUMNS = ("field", "pipeline", "source", "target", "closest", "rows", "amount", "problem")

_FIELD_OF = {
    "ambiguous_owner": "owner",
    "ambiguous_pipeline": "pipeline",
    "ambiguous_stage": "stage",
    "currency_code": "currency",
    "inactive_owner": "owner",
    "not_a_status": "status",
    "other_currency": "currency",
    "unknown_currency": "currency",
    "unknown_owner": "owner",
    "unknown_pipeline": "pipeline",
    "unknown_stage": "stage",
    "unknown_status": "status",
    "unknown_task_type": "kind",
}
"""Codes of problems that another value would solve, with the canonical field it stands in."""

_OF_ANY_FIELD = frozenset({"ambiguous_option", "unknown_option", "unmapped_value"})
"""The same, where the problem itself says which field."""

_MOST = 10_000
"""So many different values are more than anybody decides about one by one."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A value that keeps rows from being loaded.

    Attributes:
        field: canonical field name.
        pipeline: of the deals, where a stage is told by it; None = does not matter.
        value: as the record has it, or the source when the row never became a record.
        rows: source rows that are rejected for it.
        amounts: what their deals come to, by currency; of rows that became no records, nothing.
        problem: what is wrong with it, in a sentence.
        closest: what it was probably meant to be; blank = nothing is near.
    """

    field: str
    pipeline: str | None
    value: str
    rows: int
    amounts: Mapping[str, Decimal]
    problem: str
    closest: str

    @property
    def amount(self) -> str:
        """What the deals come to, such as ``1,204,000.00 EUR + 70.00 USD``."""
        return " + ".join(
            f"{amount:,.2f} {currency}".strip() for currency, amount in self.amounts.items()
        )

    @property
    def text(self) -> str:
        """All of it in one line."""
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        return f"{rows}{', ' if self.amounts else ''}{self.amount}: {self.problem}"


def blocked(inputs: Inputs, account: Account | None = None) -> list[Blocked]:
    """The values that keep rows of these inputs from being loaded, those of most rows first.

    ``account`` = against which they were checked, so that its values can be proposed.
    """
    found = _grouped(inputs).collect(engine="streaming")
    values: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for part in found.sort("_record").iter_rows(named=True):
        values.setdefault(_place(part["field"], part["pipeline"], part["_value"]), []).append(part)
    result = [_blocked(parts, account) for parts in values.values()]
    return sorted(result, key=lambda one: (-one.rows, one.field, one.pipeline or "", one.value))


def _blocked(parts: Sequence[Mapping[str, Any]], account: Account | None) -> Blocked:
    """One value of the parts that it has by currency."""
    first = parts[0]
    field, pipeline, value = first["field"], first["pipeline"], first["_value"]
    near = closest(value, _choices(account, field, pipeline), most=1)
    amounts = {part["currency"] or "": part["amount"] for part in parts if part["amount"]}
    return Blocked(
        field,
        pipeline,
        value,
        sum(part["_rows"] for part in parts),
        dict(sorted(amounts.items())),
        first["_error"],
        _target(account, field, near[0]) if near else "",
    )


def _grouped(inputs: Inputs) -> pl.LazyFrame:
    """Problems by field, pipeline, value and currency: how many rows, what they come to, why."""
    codes = pl.col("_code")
    own = {column: name for name, column in inputs.prepared.fields.items()}
    by_code = codes.replace_strict(_FIELD_OF, default=None, return_dtype=pl.String)
    by_column = pl.col("_field").replace(own)
    problems = (
        inputs.rejections()
        .filter(codes.is_in([*_FIELD_OF, *_OF_ANY_FIELD]), pl.col("_value").is_not_null())
        .select("_record", "_error", "_value", field=pl.coalesce(by_code, by_column))
        .unique(["_record", "field", "_value"], keep="any")
    )
    records = pl.scan_parquet(inputs.prepared.records)
    there = set(records.collect_schema())
    kinds = (("pipeline", pl.String()), ("currency", pl.String()), ("amount", pl.Decimal(38, 6)))
    facts = records.select(
        "_record",
        "_rows",
        *(
            pl.col(name).cast(kind) if name in there else pl.lit(None, kind).alias(name)
            for name, kind in kinds
        ),
    )
    in_pipeline = pl.when(pl.col("field") == "stage").then(pl.col("pipeline"))
    return (
        problems.join(facts, on="_record", how="left")
        .group_by(
            "field",
            in_pipeline.alias("pipeline"),
            pl.col("_value").str.to_lowercase().alias("small"),
            "currency",
        )
        .agg(
            pl.col("_rows").fill_null(1).sum(),
            pl.col("amount").sum(),
            pl.col("_record").min(),
            pl.col("_value", "_error").sort_by("_record").first(),
        )
        .top_k(_MOST, by="_rows")
    )


def _choices(account: Account | None, field: str, pipeline: str | None) -> list[str]:
    """What the account has for a field, in the words that people use."""
    if account is None:
        return []
    if field == "pipeline":
        return [one.label for one in account.pipelines]
    if field == "stage":
        of = [p for p in account.pipelines if not pipeline or _same(p.label, pipeline)]
        return [stage.label for one in of for stage in one.stages]
    if field == "owner":
        active = [one for one in account.owners if one.active]
        return [text for one in active for text in (one.email, one.name) if text]
    if field == "currency":
        return list(account.currencies)
    name = field.removeprefix(CUSTOM_PREFIX)
    options = [fields[name].options for fields in account.fields.values() if name in fields]
    return [label for one in options for label in one.values()]


def _target(account: Account | None, field: str, near: str) -> str:
    """An owner is best told by the address, whatever was near."""
    owners = account.owners if account and field == "owner" else ()
    return next((one.email for one in owners if one.email and near == one.name), near)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


# -- the file --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file of decisions.

    Attributes:
        lines: so many are new.
        lacking: columns of ours that the file does not have; the new lines say nothing about them.
        unplaced: values of a stage in one pipeline that have no line, for the file has no column
            for the pipeline.
    """

    lines: int = 0
    lacking: tuple[str, ...] = ()
    unplaced: int = 0


def write_decisions(path: Path, values: Sequence[Blocked]) -> Added:
    """Add what is to be decided to a file, at its end, in the columns and the way that it has.

    What stands there is a person's: it stays byte for byte. A file to which nothing is to be added
    is not touched.

    Raises:
        InputError: the file cannot be written.
        TemplateError: what is there is no such file.
    """
    there = path.exists()
    sheet = decisions_sheet(path) if there else new_sheet(_COLUMNS)
    given = {_place(one.field, one.pipeline, one.source) for one in decisions_of(sheet, path)}
    lacking = tuple(name for name in _COLUMNS if name not in sheet.names)
    now = {_place(one.field, one.pipeline, one.value): one for one in values}
    new = [one for place, one in now.items() if place not in given]
    fitting = [one for one in new if not (one.pipeline and "pipeline" in lacking)]
    if fitting or not there:
        try:
            text = sheet.with_rows(_cells(one) for one in fitting)
        except UnicodeEncodeError as error:
            raise InputError(
                f"The decisions cannot be added to {path}, which is saved in {sheet.encoding}: "
                f'that has no letter "{error.object[error.start]}". Save it as CSV UTF-8.'
            ) from None
        _replace(path, text)
    return Added(len(fitting), lacking if new else (), len(new) - len(fitting))


def set_aside(path: Path) -> None:
    """Make room for another file of decisions; one that a person has begun to fill in is kept."""
    if not path.exists():
        return
    if _is_filled(path):
        names = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in count(2))
        path.rename(next(name for name in names if not name.exists()))
    else:
        path.unlink()


def _is_filled(path: Path) -> bool:
    """Whether anybody has worked in a file: what we cannot read any more, we have not written."""
    try:
        return any(one.target for one in read_decisions(path))
    except TemplateError:
        return True


def _place(field: str, pipeline: str | None, value: str) -> tuple[str, str, str]:
    return field, (pipeline or "").casefold(), value.casefold()


def _cells(one: Blocked) -> dict[str, str]:
    given = (one.field, one.pipeline or "", one.value, "", one.closest, str(one.rows))
    return dict(zip(_COLUMNS, (*given, one.amount, one.problem), strict=True))


def _replace(path: Path, text: bytes) -> None:
    """Write the whole file, or leave the one that is there."""
    half = path.with_name(f"{path.name}.new")
    try:
        with half.open("wb") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        half.replace(path)
    except OSError as error:
        raise InputError(
            f"The decisions cannot be written to {path}: {error.strerror}. Close it where it is "
            "open, or name another file with --decisions."
        ) from error
