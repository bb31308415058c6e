"""An edited rejects file held against the books of its run: what a retry takes on.

What cannot be a person's mending (a record twice, of another run, under another's number) stops the
retry before anything is sent; what only spoils a row (a key that a spreadsheet shortened) turns
that row down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from migrator.errors import InputError, did_you_mean
from migrator.journal import Retries, family_of
from migrator.model import OpState
from migrator.prepare import MEMBERS
from migrator.prepare.binding import bind
from migrator.runs.inputs import as_narrow, naming, with_decisions
from migrator.runs.retry.families import ensure_finished
from migrator.runs.retry.returned import (
    OBJECTION,
    OBJECTIONS,
    OURS,
    PLACES,
    read_returned,
    without_columns,
)
from migrator.runs.retry.spoilt import spoilt_cells, unmended_lines
from migrator.runs.turned_down import kept_rows
from migrator.template import load_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.journal import Family, Run
    from migrator.runs.inputs import Inputs
    from migrator.runs.retry.returned import Returned
    from migrator.runs.workspace import Workspace
    from migrator.template import Template

_SHOWN = 5
_NUMBER = r"^([0-9]{1,18})(?:[.,]0+)?$"
"""A whole number as a spreadsheet may write it."""

_KEPT_BESIDES = frozenset(
    {"_file", "_record", "_line", "_surplus", "_first", "_field", "_code", "_error", "_value"}
)
"""What is kept of a rejected row besides the source's own columns."""


_THERE = frozenset({OpState.WRITTEN, OpState.UNCHANGED})


@dataclass(frozen=True)
class Matched:
    """The inputs of a retry, with what it takes on.

    Attributes:
        taken: the records, by their numbers in the first run's source, and the run that each
            stands in until now.
        notices: what the user should know.
    """

    inputs: Inputs
    family: Family
    taken: dict[int, str]
    notices: tuple[str, ...]


def matched(workspace: Workspace, returned: Returned) -> Matched:
    """Hold the rows of an edited file against the rows that its run turned down.

    Raises:
        InputError: the run is not finished, columns or numbers were changed, rows that belong
            together were separated, no row is left to retry, or the template names other records.
    """
    journal = workspace.journal
    family = family_of(journal, returned.run)
    ensure_finished(family)
    given = load_template(returned.request.template)
    template = with_decisions(given, returned.request.decisions)
    _, template = as_narrow(returned.request, template, returned.source.columns)
    _ensure_same_key(template, returned)
    numbers = _numbered(returned)
    standing = Retries(journal).standing_in(family)
    owners = {n: standing.get(n, family.first.id) for n in numbers["_record"].to_list()}
    before = _before(workspace, family, owners)
    returned = _with_columns(returned, before)
    there = _ensure_turned_down(returned, numbers, before, standing)
    edited = numbers.join(before, on="_record", how="inner", maintain_order="left")
    _ensure_lines(returned, edited)
    _ensure_groups(returned, edited, before)
    if edited.is_empty():
        raise InputError(
            f"All {len(there):,} rows of {returned.name} were written by now (see `migrator report "
            f"{family.first.id}`); nothing is left to retry in this file."
        )
    pairs = _pairs(returned, edited)
    key = bind(template, returned.source.columns).key
    _ensure_keys_in_place(returned, pairs, key)
    edited.select("at", "_file", "_record", "_line").write_parquet(returned.folder / PLACES)
    encoding = returned.source.tables[0].dialect.encoding
    objections = [spoilt_cells(pairs, key, encoding), unmended_lines(pairs)]
    pl.concat(objections).write_parquet(returned.folder / OBJECTIONS)
    taken = {record: owners[record] for record in edited["_record"].to_list()}
    inputs = _without_doubles(workspace, returned, family, taken)
    notices = (*_edited(pairs), *_written_by_now(there), *_new_template(template, family.first))
    return Matched(inputs, family, taken, notices)


def _ensure_same_key(template: Template, returned: Returned) -> None:
    """Another key would make other records of the same rows."""
    told = returned.run.settings.get("key")
    if told is not None and told != naming(template):
        raise InputError(
            f"The template {template.origin} names records otherwise than it did for run "
            f"{returned.run.id} (its object or key). A retry must call them the same, or they "
            "would be written twice. Take the key back, or name the run's template with "
            "--template."
        )


def _numbered(returned: Returned) -> pl.DataFrame:
    """The records' numbers in the source: ``at``, ``at_line``, ``_record``, ``_line`` (text)."""
    text = pl.col("_record").str.strip_chars()
    digits = text.str.extract(_NUMBER)
    numbers = returned.marks.select(
        "at", "at_line", digits.cast(pl.Int64).alias("_record"), pl.col("_line").alias("line_said")
    )
    blank = numbers.filter(pl.col("_record").is_null())
    if blank.height:
        raise _tampered(returned, blank, "have no number in _record")
    twice = numbers.filter(pl.col("_record").is_duplicated()).sort("_record", "at")
    if twice.height:
        raise _tampered(returned, twice, "have a number in _record that stands there twice")
    return numbers


def _before(workspace: Workspace, family: Family, owners: dict[int, str]) -> pl.DataFrame:
    """The rows as they were, each from the run that it stands in; with those of their groups."""
    found = []
    for run in family.runs:
        records = [record for record, owner in owners.items() if owner == run.id]
        if records:
            rows = kept_rows(run, workspace.folder(run.id))
            own = pl.LazyFrame({"_record": records}, schema={"_record": pl.Int64})
            firsts = rows.join(own, on="_record", how="semi").select("_first").unique()
            found.append(rows.join(firsts, on="_first", how="semi").collect())
    return pl.concat(found, how="diagonal")


def _with_columns(returned: Returned, before: pl.DataFrame) -> Returned:
    """The file with the source's own columns, in whatever order.

    Raises:
        InputError: a column is missing, has another name, or is one too many.
    """
    source = returned.source
    wanted = [name for name in before.columns if name not in _KEPT_BESIDES]
    missing = [name for name in wanted if name not in source.columns]
    extra = [name for name in source.columns if name not in wanted]
    # A spreadsheet leaves delimiters behind where somebody once clicked: columns of nothing.
    cells = source.scan().select(extra).collect(engine="streaming")
    blank = [name for name in extra if name.startswith("column ") and not cells[name].count()]
    extra = [name for name in extra if name not in blank]
    if not missing and not extra:
        return replace(returned, source=without_columns(source, blank))
    parts = []
    if missing:
        parts.append("lacks " + ", ".join(f'"{name}"' for name in missing))
    if extra:
        parts.append("has " + ", ".join(f'"{name}"' for name in extra) + " besides")
    hint = did_you_mean(missing[0], extra) if missing and extra else ""
    raise InputError(
        f"{returned.name} has other columns than the source of run {returned.run.id}: it "
        f"{' and '.join(parts)}.{hint} Give the columns their names back; their order does not "
        "matter."
    )


def _ensure_turned_down(
    returned: Returned, numbers: pl.DataFrame, before: pl.DataFrame, standing: dict[int, str]
) -> list[tuple[int, str]]:
    """Every row was turned down once; returns those that were written since, and by which run."""
    others = numbers.join(before, on="_record", how="anti", maintain_order="left")
    written = others.filter(pl.col("_record").is_in(list(standing)))
    never = others.filter(~pl.col("_record").is_in(list(standing)))
    if never.height:
        what = f"have a number in _record that run {returned.run.id} did not turn down"
        raise _tampered(returned, never, what)
    return [(record, standing[record]) for record in written["_record"].to_list()]


def _ensure_lines(returned: Returned, edited: pl.DataFrame) -> None:
    """The line that stands beside a number is the one that record has."""
    digits = pl.col("line_said").str.strip_chars().str.extract(_NUMBER)
    wrong = edited.filter(
        pl.col("line_said").is_not_null() & digits.cast(pl.Int64).ne_missing(pl.col("_line"))
    )
    if wrong.height:
        raise _tampered(returned, wrong, "have a _record and a _line that do not belong together")


def _ensure_groups(returned: Returned, edited: pl.DataFrame, before: pl.DataFrame) -> None:
    """Rows that were one record come back together: half of them would make another sum."""
    here = edited.select("_record", "_first")
    lacking = before.join(here, on="_first", how="semi").join(here, on="_record", how="anti")
    if lacking.height:
        first = lacking["_first"][0]
        there = here.filter(pl.col("_first") == first)["_record"].sort().to_list()
        gone = lacking.filter(pl.col("_first") == first)["_record"].sort().to_list()
        raise InputError(
            f"{returned.name}: record {_listed(there)} and record {_listed(gone)} are "
            "lines of one deal, but the file has only the former. Put the missing lines back, or "
            "take out all of them."
        )


def _pairs(returned: Returned, edited: pl.DataFrame) -> pl.DataFrame:
    """Cells before and after: ``_record``, ``_field``, ``was.<column>`` and ``now.<column>``."""
    columns = returned.source.columns
    now = returned.source.scan().collect(engine="streaming")
    now = now.select(pl.col("_record").alias("at"), *(pl.col(c).alias(f"now.{c}") for c in columns))
    was = edited.select(
        "at",
        "at_line",
        "_record",
        "_field",
        "_code",
        *(pl.col(c).alias(f"was.{c}") for c in columns),
    )
    return was.join(now, on="at", how="inner", maintain_order="left")


def _ensure_keys_in_place(returned: Returned, pairs: pl.DataFrame, key: Sequence[str]) -> None:
    """No two rows changed places with their numbers left behind.

    A row that carries the key of another one, which carries another key as well, was not mended:
    some of the columns were sorted without the others.
    """
    was, now = (
        pl.concat_str((pl.col(f"{when}.{c}").fill_null("") for c in key), separator="\x1f")
        for when in ("was", "now")
    )
    keys = pairs.select("at", "at_line", was.alias("was"), now.alias("now"))
    moved = keys.filter(pl.col("was") != pl.col("now"))
    wrong = moved.join(
        moved.select(pl.col("was").alias("now")), on="now", how="semi", maintain_order="left"
    )
    if wrong.height > 1:
        raise _tampered(
            returned, wrong, "carry the key of another row, as if columns were sorted by themselves"
        )


def _tampered(returned: Returned, rows: pl.DataFrame, what: str) -> InputError:
    lines = rows["at_line"].to_list()
    return InputError(
        f"{returned.name}: {len(lines):,} {'row' if len(lines) == 1 else 'rows'} "
        f"(line {_listed(lines)}) {what}. Nothing was written. {OURS}; sort whole rows only."
    )


def _listed(numbers: Iterable[int]) -> str:
    all_ = list(numbers)
    more = f" and {len(all_) - _SHOWN:,} more" if len(all_) > _SHOWN else ""
    return ", ".join(str(number) for number in all_[:_SHOWN]) + more


def _without_doubles(
    workspace: Workspace, returned: Returned, family: Family, taken: Mapping[int, str]
) -> Inputs:
    """The inputs without records whose key another record of the family has in the account."""
    inputs = read_returned(returned)
    made = pl.read_parquet(inputs.prepared.records, columns=["_record", "key"])
    holders = Retries(workspace.journal).holders(family, made["key"].to_list())
    firsts: dict[int, str] = {}
    for record, key in made.iter_rows():
        for holder in holders.get(key, ()):
            if holder.record not in taken and (holder.id or holder.state in _THERE):
                firsts[record] = (
                    f'{inputs.prepared.fields["key"]} "{key}" stands also in record '
                    f"{holder.record}, which is in the account by now (id {holder.id}); correct "
                    "one of them"
                )
    if not firsts:
        return inputs
    known = pl.read_parquet(returned.folder / OBJECTIONS)
    field = inputs.prepared.fields["key"]
    doubles = pl.DataFrame(
        [
            (record, field, "duplicate_key", firsts[first], "")
            for record, first in _rows_of(inputs, firsts)
        ],
        schema=OBJECTION,
        orient="row",
    )
    pl.concat([known, doubles]).write_parquet(returned.folder / OBJECTIONS)
    return read_returned(returned)


def _rows_of(inputs: Inputs, records: Iterable[int]) -> list[tuple[int, int]]:
    """The rows that records were made of, each with the record it is in."""
    rows = {record: record for record in records}
    if (inputs.folder / MEMBERS).exists():
        members = pl.read_parquet(inputs.folder / MEMBERS).filter(
            pl.col("_first").is_in(list(rows))
        )
        rows |= dict(members.select("_record", "_first").iter_rows())
    return list(rows.items())


def _edited(pairs: pl.DataFrame) -> list[str]:
    """What was edited, by column: a person sees at once what a spreadsheet changed unasked."""
    columns = [name.removeprefix("was.") for name in pairs.columns if name.startswith("was.")]
    counts = pairs.select(
        pl.col(f"was.{c}").ne_missing(pl.col(f"now.{c}")).sum().alias(c) for c in columns
    ).row(0, named=True)
    changed = [f"{name} in {count:,}" for name, count in counts.items() if count]
    rows = "row" if pairs.height == 1 else "rows"
    return [f"{pairs.height:,} {rows} to retry; edited: {', '.join(changed) or 'nothing'}."]


def _written_by_now(there: Sequence[tuple[int, str]]) -> list[str]:
    """Rows that are left out, because an earlier retry wrote them."""
    if not there:
        return []
    by = ", ".join(sorted({run for _, run in there}))
    rows = "row is" if len(there) == 1 else "rows are"
    records = _listed(sorted(record for record, _ in there))
    return [f"{len(there):,} {rows} left out (record {records}): written by retry {by}."]


def _new_template(template: Template, first: Run) -> list[str]:
    if template.fingerprint == first.template_fingerprint:
        return []
    return [
        f"The template {template.origin} is not as it was for run {first.id}; it counts as it is."
    ]
