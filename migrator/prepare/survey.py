"""The first pass: how many rows, which keys repeat, how each column writes dates and numbers.

It reads only the columns it needs and, on a file in the usual spelling, only once. What it collects
is small: eight bytes per row for the keys, and one line per spelling for a column in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.catalogue import Kind
from migrator.errors import UndecidedError
from migrator.prepare.date_order import Seen, Undecided, decide_dates, decide_times
from migrator.prepare.decimal_mark import UndecidedMark, decide_mark
from migrator.prepare.texts import text_of, with_texts
from migrator.template import Step
from migrator.transforms import TRANSFORMS
from migrator.transforms.dates import has_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.prepare.binding import Binding, Bound

_ISO = "%Y-%m-%d"
_PLAIN = r"^-?\d+(?:\.\d{1,2})?$"
_EARLIEST = 1900
_LONGEST_DATE = 24
_LONGEST_NUMBER = 40


@dataclass
class Survey:
    """What the first pass found.

    Attributes:
        rows: how many the source has.
        hashes: hashes of the keys that seem to occur more than once.
        steps: per field, its transforms with the decisions filled in.
        decisions: what was decided, for the user.
    """

    rows: int
    hashes: pl.Series
    steps: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Open:
    """A step that needs a decision over its column."""

    bound: Bound
    index: int

    @property
    def step(self) -> Step:
        return self.bound.steps[self.index]

    @property
    def is_number(self) -> bool:
        return TRANSFORMS[self.step.name].gives is Kind.DECIMAL

    def text(self) -> pl.Expr:
        """The text that the step gets."""
        column = pl.col(text_of(self.bound.name))
        for step in self.bound.steps[: self.index]:
            column = TRANSFORMS[step.name].apply(column, **step.arguments).value
        return column

    def in_usual_spelling(self) -> pl.Expr:
        """Whether the text needs no decision; true for a blank."""
        text = self.text()
        if self.is_number:
            return text.str.contains(_PLAIN).fill_null(value=True)
        # A year below 1900 is no ISO date: polars reads 20-10-16 as a day of the year 20.
        return text.is_null() | (
            text.str.to_date(_ISO, strict=False).dt.year() >= _EARLIEST
        ).fill_null(value=False)


def survey(frame: pl.LazyFrame, binding: Binding) -> Survey:
    """Look over the whole source.

    Raises:
        UndecidedError: a column can be read in two ways; the text is the question to the user.
    """
    settled: dict[tuple[str, int], dict[str, Any]] = {}
    doubtful = []
    for bound in binding.fields:
        for index, step in enumerate(bound.steps):
            if TRANSFORMS[step.name].over_column:
                given = _given(bound, step, binding)
                settled[bound.name, index] = given
                if given.get("decimal") == "auto" or given.get("formats") == ():
                    doubtful.append(_Open(bound, index))
    texts = with_texts(frame, binding, [item.bound.name for item in doubtful])
    usual = [(~item.in_usual_spelling()).sum().alias(str(n)) for n, item in enumerate(doubtful)]
    counts, keys = pl.collect_all(
        [
            texts.select(pl.len().alias("rows"), *usual),
            texts.filter(pl.col("key").is_not_null()).select(pl.col("key").hash()),
        ],
        engine="streaming",
    )
    found = Survey(int(counts["rows"][0]), repeated(keys.to_series()))
    for n, item in enumerate(doubtful):
        if counts[str(n)][0]:
            decided = _decide(item, texts, binding, found.decisions)
        else:
            decided = {"decimal": "plain"} if item.is_number else {"formats": (_ISO,)}
        settled[item.bound.name, item.index] |= decided
    for bound in binding.fields:
        steps = enumerate(bound.steps)
        found.steps[bound.name] = tuple(
            _settle(step, settled.get((bound.name, index), {})) for index, step in steps
        )
    return found


def repeated(hashes: pl.Series) -> pl.Series:
    """The values that occur more than once; sorting needs no memory beyond the values."""
    ordered = hashes.sort()
    return ordered.filter(ordered == ordered.shift(-1)).unique()


def _given(bound: Bound, step: Step, binding: Binding) -> dict[str, Any]:
    """What the template says about decimal mark, date formats and zone: step, field, file."""
    template, spec = binding.template, bound.spec
    given: dict[str, Any] = {}
    if "decimal" in step.arguments:
        asked = step.arguments["decimal"]
        given["decimal"] = asked if asked != "auto" else spec.decimal or template.decimal
    if "formats" in step.arguments:
        formats = spec.date_formats or template.date_formats
        listed = () if formats == "auto" else tuple(formats)
        given["formats"] = step.arguments["formats"] or listed
    if "zone" in step.arguments:
        given["zone"] = step.arguments["zone"] or spec.timezone or template.timezone
    return given


def _settle(step: Step, decided: Mapping[str, Any]) -> Step:
    """The step with the decisions among its arguments."""
    arguments = {**step.arguments, **decided}
    name = step.name
    if name == "date_or_datetime":
        formats = arguments.get("formats", ())
        timed = any(has_time(format) for format in formats) and not arguments.pop("midnight", False)
        name = "datetime" if timed else "date"
    arguments.pop("midnight", None)
    if name == "date":
        arguments.pop("zone", None)
    return Step(name=name, arguments=arguments)


def _decide(
    item: _Open, texts: pl.LazyFrame, binding: Binding, decisions: list[str]
) -> dict[str, Any]:
    header = item.bound.header
    try:
        if item.is_number:
            mark = decide_mark(_spellings(texts, item.text()))
            if mark.reason:
                decisions.append(f'{header}: decimal mark "{mark.mark}", {mark.reason}')
            return {"decimal": mark.mark}
        heads, tails = _heads_and_tails(texts, item.text())
        times = decide_times(tails)
        try:
            dates = decide_dates(heads)
        except Undecided as undecided:
            choices = tuple(f + times.formats[0] for f in undecided.formats if times.formats)
            raise Undecided(str(undecided), choices or undecided.formats) from None
    except UndecidedMark as undecided:
        raise UndecidedError(
            _question(item, binding, str(undecided), "decimal", (".", ","))
        ) from None
    except Undecided as undecided:
        formats = tuple(f"[{f}]" for f in undecided.formats)
        raise UndecidedError(
            _question(item, binding, str(undecided), "date_formats", formats)
        ) from None
    if dates.reason:
        decisions.append(f"{header}: {dates.reason}")
    if times.midnight and times.formats not in ((), ("",)):
        decisions.append(f"{header}: every time of day is midnight, so these are dates")
    formats = tuple(head + tail for head in dates.formats for tail in times.formats or ("",))
    return {"formats": formats or (_ISO,), "midnight": times.midnight}


def _question(
    item: _Open, binding: Binding, why: str, option: str, choices: tuple[str, ...]
) -> str:
    quoted = [choice if choice.startswith("[") else f'"{choice}"' for choice in choices]
    written = " or ".join(f"`{option}: {choice}`" for choice in quoted)
    return (
        f'Column "{item.bound.header}" ({item.bound.name}) cannot be decided: {why}. Which is it? '
        f"Write {written} into {binding.template.origin} under fields, {item.bound.name}; or at "
        "its top level for the whole file. Rows that are written otherwise are then rejected."
    )


def _spellings(texts: pl.LazyFrame, text: pl.Expr) -> list[Seen]:
    """One example of each way in which numbers are written, the digits themselves left aside."""
    shape = pl.col("text").str.replace(r"^(\D*)0", "${1}z").str.replace_all(r"\d", "9")
    return _groups(texts, text.str.slice(0, _LONGEST_NUMBER), shape)


def _heads_and_tails(texts: pl.LazyFrame, text: pl.Expr) -> tuple[list[Seen], list[str]]:
    """The different dates of a column, and the shapes of the times of day that follow them."""
    head = text.str.replace(r"(?:T|,? )\d{1,2}:\d\d.*$", "")
    tail = text.str.slice(head.str.len_chars()).str.replace_all(r"[1-9]", "9")
    short = head.str.slice(0, _LONGEST_DATE)
    heads = _groups(texts, short, pl.col("text"))
    tails = texts.select(tail.alias("tail")).drop_nulls().unique().collect(engine="streaming")
    return heads, tails["tail"].sort().to_list()


def _groups(texts: pl.LazyFrame, text: pl.Expr, by: pl.Expr) -> list[Seen]:
    found = (
        texts.select(text.alias("text"), "_record")
        .drop_nulls()
        .group_by(by.alias("by"))
        .agg(pl.col("text").first(), pl.len().alias("count"), pl.col("_record").min())
        .collect(engine="streaming")
        .sort("_record")
    )
    return [Seen(*row) for row in found.select("text", "count", "_record").iter_rows()]
