"""Deals that probably stand twice in a source whose keys differ: told, and nothing is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from migrator.model import ObjectType

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.runs.inputs import Inputs

_SHOWN = 5
"""So many examples are enough to see whether there is anything in it."""

_BESIDES = ("companies", "amount", "currency")
"""What has to be the same besides the name, as far as the file has it."""

_BETWEEN = r"[^\p{L}\p{M}\p{N}\p{S}#&@%*/\\§¶†‡]+"
"""What tells no names apart; the signs of C++ and C# do."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Records of a source that look like one another.

    Attributes:
        rows: records for which there is an earlier one that looks the same.
        by: the fields in which they are the same.
        examples: name, record number of the first, and of the next that looks like it.
    """

    rows: int
    by: tuple[str, ...]
    examples: tuple[tuple[str, int, int], ...]

    @property
    def text(self) -> str:
        """All of it in a sentence."""
        some = "; ".join(f'"{name}" in records {a} and {b}' for name, a, b in self.examples)
        many = f"{self.rows:,} record{'' if self.rows == 1 else 's'}"
        return (
            f"{many} may be there twice: {', '.join(self.by)} are those of another one with "
            f"another key ({some}). They are loaded as they are; take out of the file what is too "
            "much."
        )


def alike_in(inputs: Inputs) -> Alike | None:
    """Records with other keys and the same name, companies and amount; None = there are none.

    A name alone makes no two deals one: at least one of the others has to be in the file, and a
    record that is blank in all of them looks like no other. Of each record eight bytes are kept.
    """
    scan = pl.scan_parquet(inputs.prepared.records)
    columns = scan.collect_schema().names()
    by = [name for name in _BESIDES if name in columns]
    if inputs.template.object is not ObjectType.DEALS or "name" not in columns:
        return None
    if not {"companies", "amount"} & set(by):
        return None
    name = (
        pl.col("name")
        .str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(_BETWEEN, " ")
        .str.strip_chars()
    )
    said = pl.any_horizontal(_filled(by))
    looks = pl.struct(name, *(_folded(one) for one in by)).hash()
    found = (
        scan.filter(name.str.len_chars() > 0, said)
        .select("_record", looks=looks)
        .group_by("looks")
        .agg(pl.len().alias("count"), pl.col("_record").min())
        .filter(pl.col("count") > 1)
        .collect(engine="streaming")
    )
    if found.is_empty():
        return None
    rows = int(found["count"].sum()) - found.height
    shown = found.sort("_record").head(_SHOWN)
    members = (
        scan.with_columns(looks=looks)
        .join(shown.lazy().select("looks"), on="looks", how="semi")
        .select("name", "_record", "looks")
        .sort("_record")
        .collect(engine="streaming")
    )
    return Alike(rows, ("name", *by), _examples(members))


def _filled(by: Collection[str]) -> list[pl.Expr]:
    """Whether a record says anything of its company or its amount; a currency alone is nothing."""
    said = []
    if "companies" in by:
        said.append(pl.col("companies").list.len() > 0)
    if "amount" in by:
        said.append(pl.col("amount").is_not_null())
    return [one.fill_null(value=False) for one in said]


def _folded(name: str) -> pl.Expr:
    if name == "companies":
        lower = pl.col(name).list.eval(pl.element().str.to_lowercase()).list.sort()
        return lower.list.join("\n").fill_null("")
    return pl.col(name)


def _examples(members: pl.DataFrame) -> tuple[tuple[str, int, int], ...]:
    pairs = []
    for (_,), of in members.group_by("looks", maintain_order=True):
        pairs.append((str(of["name"][0]), int(of["_record"][0]), int(of["_record"][1])))
    return tuple(pairs)
