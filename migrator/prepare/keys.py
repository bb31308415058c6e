"""Rows that share a key: one of them is loaded, or all of them are one deal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.catalogue import Kind
from migrator.errors import UndecidedError
from migrator.prepare.binding import bind
from migrator.prepare.texts import ROW, raw_of, with_texts
from migrator.template import Duplicates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.prepare.binding import Binding
    from migrator.prepare.checks import Checked
    from migrator.template import Template

_SHOWN = 5


def row_keys(template: Template, scan: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """``_record`` and ``key`` of every row as it stands, good or not; null where it has none."""
    binding = bind(template, columns)
    frame = scan.select(*ROW, *(pl.col(c).alias(raw_of(c)) for c in dict.fromkeys(binding.key)))
    return with_texts(frame, binding, []).select("_record", "key")


def shared_rows(frame: pl.LazyFrame, binding: Binding, hashes: pl.Series) -> pl.DataFrame:
    """The rows whose key occurs more than once: ``key``, file, record and line, in order.

    Equal hashes only point to them; the keys themselves decide.
    """
    suspects = (
        with_texts(frame, binding, [])
        .select("key", *ROW)
        .filter(pl.col("key").is_not_null())
        .with_columns(pl.col("key").hash().alias("_hash"))
        .join(pl.LazyFrame({"_hash": hashes}), on="_hash", how="semi")
        .drop("_hash")
        .collect(engine="streaming")
    )
    return suspects.filter(pl.col("key").is_duplicated()).sort("_record")


def stop_on(shared: pl.DataFrame, binding: Binding) -> None:
    """Ask what to do with several records of one key.

    Raises:
        UndecidedError: naming the first keys and their lines.
    """
    groups = shared.group_by("key", maintain_order=True).agg("_file", "_line")
    named = [
        f"{row['key']} ({', '.join(_places(row['_file'], row['_line']))})"
        for row in groups.head(_SHOWN).iter_rows(named=True)
    ]
    more = f" and {groups.height - _SHOWN} more" if groups.height > _SHOWN else ""
    raise UndecidedError(
        f"{groups.height} key{'s' if groups.height > 1 else ''} in "
        f'"{" + ".join(binding.key)}" stand in more than one row: {", ".join(named)}{more}. Which '
        f"row is the right one? Write `duplicates: first`, `last` or `newest: <date field>` into "
        f"{binding.template.origin}, or `group:` if a {binding.template.object.singular} stands on "
        "several lines."
    )


def _places(files: list[str], lines: list[int]) -> list[str]:
    same = len(set(files)) == 1
    return [
        f"line {line}" if same else f"{file} line {line}"
        for file, line in zip(files[:_SHOWN], lines[:_SHOWN], strict=True)
    ]


def dropped(shared: pl.DataFrame, rule: Duplicates, newest: pl.DataFrame | None) -> pl.DataFrame:
    """The rows that are not loaded: ``_record`` and ``_kept``, the record that is.

    Args:
        shared: see :func:`shared_rows`.
        rule: first or last.
        newest: ``_record`` and ``when``, if the date decides; the first of equally new rows stays.
    """
    order = shared.select("key", "_record")
    if newest is not None:
        order = order.join(newest, on="_record", how="left").sort(
            "when", "_record", descending=[True, False], nulls_last=True
        )
    elif rule is Duplicates.LAST:
        order = order.sort("_record", descending=True)
    kept = pl.col("_record").first().over("key")
    return order.select("_record", kept.alias("_kept")).filter(pl.col("_record") != pl.col("_kept"))


def merged(rows: pl.LazyFrame, plan: Checked, binding: Binding) -> pl.LazyFrame:
    """One row per key of ``rows`` (checked, all fine): first, sum or join, as the template says."""
    group = binding.template.group
    kinds = {bound.name: bound.kind for bound in binding.fields}
    columns = []
    for name, column in plan.values.items():
        value = pl.col(column)
        folded: pl.Expr
        if group and name in group.sum:
            folded = pl.when(value.count() > 0).then(value.sum())
        elif group and name in group.join:
            texts = value.drop_nulls().unique(maintain_order=True)
            folded = pl.when(value.count() > 0).then(texts.str.join(group.join[name]))
        elif kinds[name] is Kind.TEXTS:
            items = value.explode().drop_nulls().unique(maintain_order=True)
            folded = pl.when(items.len() > 0).then(items.implode())
        else:
            folded = value.drop_nulls().first()
        columns.append(folded.alias(column))
    return (
        rows.sort("_record")
        .group_by("key", maintain_order=True)
        .agg(*(pl.col(c).first() for c in ROW), pl.len().cast(pl.Int64).alias("_rows"), *columns)
    )


def disagreements(rows: pl.LazyFrame, plan: Checked, binding: Binding) -> list[str]:
    """Notices about fields that differ between the lines of one deal, where the first one wins."""
    group = binding.template.group
    if group is None:
        return []
    kinds = {bound.name: bound.kind for bound in binding.fields}
    first = {
        name: column
        for name, column in plan.values.items()
        if name not in {*group.sum, *group.join} and kinds[name] is not Kind.TEXTS
    }
    differing = rows.group_by("key").agg(
        (pl.col(column).drop_nulls().n_unique() > 1).alias(name) for name, column in first.items()
    )
    counts = differing.select(
        *(pl.col(name).sum() for name in first),
        *(pl.col("key").filter(pl.col(name)).min().alias(f"key.{name}") for name in first),
    ).collect(engine="streaming")
    return [
        f"{name} differs between the lines of {counts[name][0]} {binding.template.object} (such as "
        f"{counts[f'key.{name}'][0]}); the first line that fills it is taken."
        for name in first
        if counts[name][0]
    ]
