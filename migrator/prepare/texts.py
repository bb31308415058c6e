"""From source columns to one tidy text per field: pick, tidy, blank out, map, default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.errors import TemplateError
from migrator.template import Pick, Unmapped
from migrator.transforms import TRANSFORMS
from migrator.transforms.base import lookup, lookup_folded
from migrator.transforms.text import spellings, tidied

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from migrator.prepare.binding import Binding, Bound
    from migrator.template import Template, ValueRow

ROW = ("_file", "_record", "_line")
"""What every frame keeps of a row's place in the source."""

CUT_NUMBER = r"^[1-9](?:[.,]\d+)?[eE]\+\d\d+$"
"""A long number as a spreadsheet leaves it: its last digits are gone, so that it names nothing."""

_MENDS = "fix_encoding"
"""The transform that needs the text as it was decoded: tidying removes halves of its letters."""

_BETWEEN = "\x1f"
"""Between pipeline and value in a lookup; no text can hold it after tidying a CSV by hand."""


def text_of(name: str) -> str:
    """The column with a field's text before its transforms."""
    return f"t.{name}"


def raw_of(column: str) -> str:
    """The column with what the source has, under a name that cannot be one of ours."""
    return f"r.{column}"


def _tidy_of(column: str) -> str:
    """The column with a source column's text after tidying."""
    return f"s.{column}"


def unmapped_of(name: str) -> str:
    """The column that says whether a field's text was missing from its value map."""
    return f"u.{name}"


def with_texts(frame: pl.LazyFrame, binding: Binding, names: Iterable[str]) -> pl.LazyFrame:
    """Add ``key`` and ``text_of`` of the named fields."""
    template = binding.template
    wanted = set(names)
    fields = [bound for bound in binding.fields if bound.name in wanted]
    pipeline = binding.bound("pipeline")
    maps = {b.name: rows for b in fields if (rows := template.value_map(b.name))}
    per_pipeline = any(row.pipeline for rows in maps.values() for row in rows)
    if per_pipeline and pipeline is None:
        raise TemplateError(
            f"{template.origin}: a value map is per pipeline, but no field pipeline is filled. Add "
            "the field pipeline, or leave the column pipeline of the map blank."
        )
    columns = [_picked(bound, template).alias(text_of(bound.name)) for bound in fields]
    if per_pipeline and pipeline is not None:
        source_pipeline = _picked(pipeline, template).fill_null(pl.lit(pipeline.spec.default))
        columns.append(source_pipeline.str.to_lowercase().alias("_pipeline"))
    used = {*binding.key, *(column for bound in fields for column in bound.columns)}
    if per_pipeline and pipeline is not None:
        used.update(pipeline.columns)
    mend = {column for bound in fields if _is_mended(bound) for column in bound.columns}
    tidy = binding.tidy - mend
    frame = _tidied(frame, sorted(used), tidy, mend)
    frame = frame.with_columns(_key(binding).alias("key"), *columns)
    mapped = [
        expr for bound in fields if bound.name in maps for expr in _mapped(bound, maps[bound.name])
    ]
    frame = frame.with_columns(mapped)
    defaults = [bound for bound in fields if bound.spec.default and bound.columns]
    return frame.with_columns(
        pl.col(text_of(bound.name)).fill_null(pl.lit(bound.spec.default)) for bound in defaults
    )


def _is_mended(bound: Bound) -> bool:
    steps = bound.spec.transform or ()
    return any(step.name == _MENDS for step in steps[:1])


def _tidied(
    frame: pl.LazyFrame, columns: list[str], tidy: Collection[str], mend: Collection[str]
) -> pl.LazyFrame:
    """Add a tidy copy of each source column: normalised and stripped; blank is null.

    Columns that are ``tidy`` are so as they are; those to ``mend`` are mended before.
    """
    raw = {c: pl.col(raw_of(c)) for c in columns}
    raw |= {c: TRANSFORMS[_MENDS].apply(raw[c]).value for c in columns if c in mend}
    copies = frame.with_columns(raw[c].alias(_tidy_of(c)) for c in columns)
    names = [_tidy_of(column) for column in columns if column not in tidy]
    if not names:
        return copies
    together = pl.struct(names).map_batches(
        lambda series: tidied(series.struct.unnest()).to_struct(),
        return_dtype=pl.Struct(dict.fromkeys(names, pl.String)),
        is_elementwise=True,
    )
    return copies.select(pl.exclude(names), together.alias("_tidy").struct.unnest())


def _key(binding: Binding) -> pl.Expr:
    key = binding.template.key
    missing = binding.template.missing_values
    parts = [_filled(pl.col(_tidy_of(column)), missing) for column in binding.key]
    is_cut = pl.any_horizontal(
        part.str.contains(CUT_NUMBER).fill_null(value=False) for part in parts
    )
    whole = parts[0]
    if len(parts) > 1:
        together = pl.concat_str([part.fill_null("") for part in parts], separator=key.separator)
        whole = pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(together)
    whole = pl.when(~is_cut).then(whole)
    return pl.lit(key.prefix) + whole if key.prefix else whole


def _filled(tidy: pl.Expr, missing: Iterable[str]) -> pl.Expr:
    """The text, or null where it is one of the texts that mean blank."""
    blank = spellings({text.strip() for text in missing} - {""})
    return pl.when(~tidy.is_in(blank)).then(tidy) if blank else tidy


def _raw_filled(raw: pl.Expr, missing: Iterable[str]) -> pl.Expr:
    return _filled(pl.when(raw != "").then(raw), missing)


def _picked(bound: Bound, template: Template) -> pl.Expr:
    spec = bound.spec
    if not bound.columns:
        return pl.lit(spec.default or None, pl.String)
    missing = template.missing_values if spec.missing_values is None else spec.missing_values
    if spec.tidy:
        parts = [_filled(pl.col(_tidy_of(column)), missing) for column in bound.columns]
    else:
        parts = [_raw_filled(pl.col(raw_of(column)), missing) for column in bound.columns]
    if spec.pick is Pick.JOIN:
        joined = pl.concat_str(parts, separator=spec.separator, ignore_nulls=True)
        return pl.when(joined != "").then(joined)
    return pl.coalesce(parts) if len(parts) > 1 else parts[0]


def _targets(name: str, rows: Iterable[ValueRow]) -> dict[str, str]:
    """Lower-cased source values to targets, with a pipeline before them where one is named."""
    targets: dict[str, str] = {}
    for row in rows:
        before = row.pipeline.strip().lower() + _BETWEEN if row.pipeline else ""
        source = before + row.source.strip().lower()
        if targets.setdefault(source, row.target) != row.target:
            where = f" in the pipeline {row.pipeline}" if row.pipeline else ""
            raise TemplateError(
                f'The value map of {name} gives "{row.source}"{where} two targets, '
                f'"{targets[source]}" and "{row.target}". Letter case does not tell source '
                "values apart; remove one of the two lines."
            )
    return targets


def _mapped(bound: Bound, rows: Sequence[ValueRow]) -> list[pl.Expr]:
    """The field's text by its value map; an empty target is a blank."""
    text = pl.col(text_of(bound.name))
    general = _targets(bound.name, [row for row in rows if not row.pipeline])
    special = _targets(bound.name, [row for row in rows if row.pipeline])
    target = lookup_folded(text, general)
    if special:
        small = text.str.to_lowercase()
        in_pipeline = pl.concat_str(pl.col("_pipeline"), small, separator=_BETWEEN)
        target = pl.coalesce(lookup(in_pipeline, special), target)
    keep = bound.spec.unmapped is Unmapped.KEEP
    mapped = (
        pl.when(target.is_null())
        .then(text if keep else pl.lit(None, pl.String))
        .when(target != "")
        .then(target)
    )
    unmapped = target.is_null() & text.is_not_null()
    extra = [] if keep else [unmapped.alias(unmapped_of(bound.name))]
    return [mapped.alias(text_of(bound.name)), *extra]
