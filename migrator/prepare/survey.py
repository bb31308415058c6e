"""How each column writes its dates and numbers: looked up in the first records, held over all.

Reading a million rows twice costs as much as preparing them. So the first records are asked, and
what they *prove* is taken as the answer for the pass over the whole source: a value that fits a
proven reading cannot speak against it. The values that did not fit are then put to the same
question together with the first records (:func:`reconsidered`). A column of which the first
records prove nothing is looked at as a whole beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.catalogue import Kind
from migrator.errors import UndecidedError
from migrator.prepare.date_order import Undecided, decide_dates, decide_times
from migrator.prepare.decimal_mark import UndecidedMark, decide_mark
from migrator.prepare.evidence import Seen
from migrator.prepare.texts import text_of, with_texts
from migrator.template import Step
from migrator.transforms import TRANSFORMS
from migrator.transforms.dates import has_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.prepare.binding import Binding, Bound

FIRST = 2_000
"""So many records are asked first; most columns prove how they are written within a few."""

_ISO = "%Y-%m-%d"
_PLAIN = re.compile(r"-?\d+(?:\.\d{1,2})?")
_LONGEST_DATE = 24
_LONGEST_NUMBER = 40

Answers = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What was decided over a source: field, index of its step, arguments for it. Plain JSON data."""

_Place = tuple[str, int]
"""A field's name and the index of one of its steps."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A step that needs a decision over its column."""

    bound: Bound
    index: int

    @property
    def place(self) -> _Place:
        return self.bound.name, self.index

    @property
    def is_number(self) -> bool:
        return TRANSFORMS[self.bound.steps[self.index].name].gives is Kind.DECIMAL

    def text(self) -> pl.Expr:
        """The text that the step gets."""
        column = pl.col(text_of(self.bound.name))
        for step in self.bound.steps[: self.index]:
            column = TRANSFORMS[step.name].apply(column, **step.arguments).value
        return column


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided over a column.

    Attributes:
        arguments: for the step.
        said: for the user.
        proven: no further value that fits could change it.
    """

    arguments: Mapping[str, Any]
    said: tuple[str, ...]
    proven: bool


@dataclass(frozen=True)
class Survey:
    """The decisions over all columns that need one.

    Attributes:
        guessed: the places decided by the first records alone, which are not the whole source.
        first: the first records.
    """

    frame: pl.LazyFrame
    binding: Binding
    first: pl.DataFrame
    decided: Mapping[_Place, _Decided]
    guessed: frozenset[_Place]

    @property
    def decisions(self) -> tuple[str, ...]:
        """What was decided, for the user."""
        return tuple(text for decided in self.decided.values() for text in decided.said)

    def proofs(self) -> Answers:
        """What was decided on evidence; it holds for records of the source that come back."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for (name, index), decided in self.decided.items():
            if decided.proven or decided.said:
                found.setdefault(name, {})[str(index)] = dict(decided.arguments)
        return found

    @property
    def steps(self) -> dict[str, tuple[Step, ...]]:
        """Per field, its transforms with the decisions filled in."""
        return {
            bound.name: tuple(self._settled(bound, index) for index in range(len(bound.steps)))
            for bound in self.binding.fields
        }

    def doubted(self) -> list[str]:
        """The headers of the fields whose rejected values may yet change a decision."""
        names = {name for name, _ in self.guessed}
        return [bound.header for bound in self.binding.fields if bound.name in names]

    def _settled(self, bound: Bound, index: int) -> Step:
        step = bound.steps[index]
        if not TRANSFORMS[step.name].over_column:
            return step
        decided = self.decided.get((bound.name, index))
        given = _given(bound, step, self.binding)
        return _settle(step, given | dict(decided.arguments if decided else {}))


def survey(frame: pl.LazyFrame, binding: Binding, answers: Answers | None = None) -> Survey:
    """Decide by the first records, and over the whole source where they prove nothing.

    ``answers`` are those of the source that these records are a part of; a few of its records alone
    could prove something else.

    Raises:
        UndecidedError: a column can be read in two ways; the text is the question to the user.
    """
    first = frame.head(FIRST).collect(engine="streaming")
    whole = first.height < FIRST
    decided: dict[_Place, _Decided] = {}
    guessed = set()
    for item in _doubtful(binding):
        known = (answers or {}).get(item.bound.name, {}).get(str(item.index))
        if known:
            decided[item.place] = _carried_on(item, known, frame, binding)
            continue
        try:
            found = _decide(item, first.lazy(), binding)
        except UndecidedError:
            if whole:
                raise
            found = None
        if found is None or not (whole or found.proven):
            found = _decide(item, frame, binding)
        elif not whole:
            guessed.add(item.place)
        decided[item.place] = found
    return Survey(frame, binding, first, decided, frozenset(guessed))


def reconsidered(before: Survey, misfits: pl.LazyFrame) -> Survey:
    """The survey once it is known which records did not fit its guesses.

    All other records fit, and so only add to the proofs there are. Where the misfits would change
    a decision, the whole column is looked at.

    Args:
        before: the survey whose steps were carried out over all records.
        misfits: the rows, as the survey got them, that one of the :meth:`Survey.doubted` turned
            down.

    Raises:
        UndecidedError: the whole column can be read in two ways.
    """
    asked = before.first.lazy().select("_record")
    beyond = misfits.join(asked, on="_record", how="anti")
    if not before.guessed or beyond.head(1).collect(engine="streaming").is_empty():
        return before
    known = pl.concat([before.first.lazy(), beyond])
    decided = dict(before.decided)
    for item in _doubtful(before.binding):
        if item.place in before.guessed:
            decided[item.place] = _reconsidered(item, decided[item.place], known, before)
    return replace(before, decided=decided)


def _reconsidered(item: _Open, guess: _Decided, known: pl.LazyFrame, before: Survey) -> _Decided:
    try:
        found = _decide(item, known, before.binding)
    except UndecidedError:
        return _decide(item, before.frame, before.binding)
    if found.arguments == guess.arguments:
        return found
    return _decide(item, before.frame, before.binding)


def repeated(hashes: pl.Series) -> pl.Series:
    """The values that occur more than once; sorting needs no memory beyond the values."""
    ordered = hashes.drop_nulls().sort()
    # Two views of the same values: a shifted copy of ten million takes 80 MB.
    each, following = ordered.head(-1), ordered.slice(1)
    return each.filter(each == following).unique()


def _doubtful(binding: Binding) -> Iterator[_Open]:
    """The steps for which the template leaves decimal mark or date formats open."""
    for bound in binding.fields:
        for index, step in enumerate(bound.steps):
            if TRANSFORMS[step.name].over_column:
                given = _given(bound, step, binding)
                if given.get("decimal") == "auto" or given.get("formats") == ():
                    yield _Open(bound, index)


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


def _decide(item: _Open, frame: pl.LazyFrame, binding: Binding) -> _Decided:
    texts = with_texts(frame, binding, [item.bound.name]).select(
        item.text().alias("text"), "_record"
    )
    try:
        return _decide_mark(item, texts) if item.is_number else _decide_formats(item, texts)
    except UndecidedMark as undecided:
        marks = (".", ",")
        question = _question(item, binding, str(undecided), "decimal", marks)
        raise UndecidedError(question, str(undecided), marks) from None
    except Undecided as undecided:
        raise _asked(item, binding, undecided) from None


def _carried_on(
    item: _Open, known: Mapping[str, Any], frame: pl.LazyFrame, binding: Binding
) -> _Decided:
    """An earlier answer; of dates, with the formats of those that it does not read.

    A spreadsheet writes dates as its user's country does. What differs from a known format in
    nothing but the order of its parts is a slip, as it was before.
    """
    if item.is_number:
        return _Decided(known, (), proven=True)
    formats = tuple(known["formats"])
    step = item.bound.steps[item.index]
    step = _settle(step, {**_given(item.bound, step, binding), **known, "formats": formats})
    text = item.text()
    read = TRANSFORMS[step.name].apply(text, **step.arguments).value
    texts = with_texts(frame, binding, [item.bound.name]).filter(
        read.is_null() & text.is_not_null()
    )
    try:
        found = _decide_formats(item, texts.select(text.alias("text"), "_record"))
    except Undecided as undecided:
        raise _asked(item, binding, undecided) from None
    shapes = {_shape(each) for each in formats}
    new = tuple(each for each in found.arguments["formats"] if _shape(each) not in shapes)
    midnight = known["midnight"] and (found.arguments["midnight"] or not new)
    arguments = {"formats": formats + new, "midnight": midnight}
    return _Decided(arguments, found.said if new else (), proven=True)


def _shape(format: str) -> str:
    """A format without the order of day, month and year."""
    years = "%y" if "%y" in format else "%Y"
    return re.sub("%[dmYy]", "%9", format) + years


def _asked(item: _Open, binding: Binding, undecided: Undecided) -> UndecidedError:
    formats = tuple(f"[{each}]" for each in undecided.formats)
    question = _question(item, binding, str(undecided), "date_formats", formats)
    return UndecidedError(question, str(undecided), undecided.formats)


def _decide_mark(item: _Open, texts: pl.LazyFrame) -> _Decided:
    seen = _spellings(texts)
    mark = decide_mark(seen)
    usual = mark.mark == "." and all(_PLAIN.fullmatch(number.text) for number in seen)
    worth_saying = mark.reason and not usual
    said = f'{item.bound.header}: decimal mark "{mark.mark}", {mark.reason}'
    return _Decided({"decimal": mark.mark}, (said,) if worth_saying else (), bool(mark.reason))


def _decide_formats(item: _Open, texts: pl.LazyFrame) -> _Decided:
    heads, tails = _heads_and_tails(texts)
    times = decide_times(tails)
    try:
        dates = decide_dates(heads)
    except Undecided as undecided:
        choices = tuple(f + times.formats[0] for f in undecided.formats if times.formats)
        raise Undecided(str(undecided), choices or undecided.formats) from None
    said = [f"{item.bound.header}: {dates.reason}"] if dates.reason else []
    if times.midnight and times.formats not in ((), ("",)):
        said.append(f"{item.bound.header}: every time of day is midnight, so these are dates")
    formats = tuple(head + tail for head in dates.formats for tail in times.formats or ("",))
    arguments = {"formats": formats or (_ISO,), "midnight": times.midnight}
    return _Decided(arguments, tuple(said), dates.proven)


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


def _spellings(texts: pl.LazyFrame) -> list[Seen]:
    """One example of each way in which numbers with a mark are written, the digits left aside."""
    text = pl.col("text").str.slice(0, _LONGEST_NUMBER)
    marked = texts.filter(text.str.contains("[.,]")).with_columns(text)
    shape = pl.col("text").str.replace(r"^(\D*)0", "${1}z").str.replace_all(r"\d", "9")
    return _groups(marked, shape)


def _heads_and_tails(texts: pl.LazyFrame) -> tuple[list[Seen], list[str]]:
    """The different dates of a column, and the shapes of the times of day that follow them."""
    text = pl.col("text")
    head = text.str.replace(r"(?:T|,? )\d{1,2}:\d\d.*$", "")
    tail = text.str.slice(head.str.len_chars()).str.replace_all(r"[1-9]", "9")
    heads = _groups(texts.with_columns(head.str.slice(0, _LONGEST_DATE)), text)
    tails = texts.select(tail.alias("tail")).drop_nulls().unique().collect(engine="streaming")
    return heads, tails["tail"].sort().to_list()


def _groups(texts: pl.LazyFrame, by: pl.Expr) -> list[Seen]:
    found = (
        texts.drop_nulls()
        .group_by(by.alias("by"))
        .agg(
            pl.col("text").get(pl.col("_record").arg_min()),
            pl.len().alias("count"),
            pl.col("_record").min(),
        )
        .collect(engine="streaming")
        .sort("_record")
    )
    return [Seen(*row) for row in found.select("text", "count", "_record").iter_rows()]
