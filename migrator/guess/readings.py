"""How a column writes its dates or numbers: the decision that a load would come to, beforehand.

The question is put to :mod:`migrator.prepare.survey`, so that a guess and a load never differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.errors import UndecidedError
from migrator.plan import canonical_text
from migrator.prepare.binding import bind
from migrator.prepare.survey import reconsidered, survey
from migrator.prepare.texts import ROW, raw_of
from migrator.template import Template
from migrator.transforms import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from migrator.template import Step

_FIELD = "custom.value"
_DOUBTFUL = 0.5
"""Where fewer values than this look like dates, say, the column is not asked for their order."""
_READ = 0.9
"""A column in which fewer values can be read is none of dates, or numbers."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the dates or numbers of a column are written.

    Attributes:
        step: the transform that reads them; with a question, it reads as many as it can.
        evidence: why they are read so; blank where there was nothing to decide.
        read: the share of filled values that can be read, from 0 to 1.
        smallest: canonical text.
        largest: canonical text.
        ahead: the share of dates that are still to come.
        question: why it cannot be decided; blank where it can.
        choices: the decimal marks or date formats that are possible then.
    """

    step: Step
    evidence: str
    read: float
    smallest: str
    largest: str
    ahead: float = 0.0
    question: str = ""
    choices: tuple[str, ...] = ()

    @property
    def is_date(self) -> bool:
        """Whether it reads days or instants."""
        return self.step.name in {"date", "datetime"}

    @property
    def timed(self) -> bool:
        """Whether it reads instants."""
        return self.step.name == "datetime"

    @property
    def pinned(self) -> bool:
        """Whether a template does well to say it: it took evidence, and is no matter of times."""
        return bool(self.evidence) and "midnight" not in self.evidence

    @property
    def zoned(self) -> bool:
        """Whether every instant says its zone; days need none."""
        formats = self.formats
        return not self.timed or all(f.endswith(("Z", "UTC", "%z")) for f in formats)

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of the dates."""
        return tuple(self.step.arguments.get("formats", ()))

    @property
    def decimal(self) -> str:
        """The decimal mark of the numbers; blank for dates."""
        return str(self.step.arguments.get("decimal", ""))

    def data(self) -> dict[str, Any]:
        """The reading as plain data."""
        return {
            "formats": list(self.formats),
            "decimal": self.decimal or None,
            "evidence": self.evidence,
            "question": self.question,
            "choices": list(self.choices),
            "read": round(self.read, 4),
            "to_come": round(self.ahead, 4),
        }


def read_column(
    scan: pl.LazyFrame, column: str, shares: Mapping[str, float], today: date
) -> Reading | None:
    """How a column is written; None where it holds neither dates nor numbers."""
    if shares["dated"] >= _DOUBTFUL:
        found = _read(scan, column, {"date_or_datetime": {}}, today)
        if found.read >= _READ:
            return found
    if shares["numeric"] >= _DOUBTFUL:
        name = "percent" if shares["percent"] >= _DOUBTFUL else "money"
        asked: dict[str, Any] = {name: {} if name == "percent" else {"places": 6}}
        found = _read(scan, column, asked, today)
        if found.read >= _READ:
            return found
    return None


def read_as(scan: pl.LazyFrame, column: str, reading: Reading, choice: str, today: date) -> Reading:
    """The reading of a column about which somebody has decided.

    Args:
        scan: the records.
        column: the column's name there.
        reading: the one with the question.
        choice: one of its choices.
        today: tells dates to come from dates gone by.
    """
    frame = scan.select(*ROW, pl.col(column).alias(raw_of(column)))
    asked: dict[str, Any] = {"transform": [{"money": {"places": 6}}], "decimal": choice}
    if reading.is_date:
        asked = {"transform": ["date_or_datetime"], "date_formats": [choice]}
    step, _ = _decided(frame, column, asked)
    return _seen(frame, column, step, "as was decided when asked", today=today)


def read_values(text: pl.Expr, reading: Reading) -> pl.Expr:
    """The values of a column as the reading has them; null where it cannot read one."""
    return TRANSFORMS[reading.step.name].apply(text, **reading.step.arguments).value


def _read(scan: pl.LazyFrame, column: str, transform: dict[str, Any], today: date) -> Reading:
    frame = scan.select(*ROW, pl.col(column).alias(raw_of(column)))
    asked: dict[str, Any] = {"transform": [transform]}
    try:
        return _seen(frame, column, *_decided(frame, column, asked), today=today)
    except UndecidedError as undecided:
        why, choices = undecided.why, undecided.choices
    if "." in choices:
        answers: list[dict[str, Any]] = [{"decimal": choice} for choice in choices]
    else:
        answers = [{"date_formats": list(choices)}]
    each = [
        _seen(frame, column, *_decided(frame, column, asked | answer), today=today)
        for answer in answers
    ]
    best = max(each, key=lambda reading: reading.read)
    return replace(best, evidence="", question=why, choices=choices)


def _seen(frame: pl.LazyFrame, column: str, step: Step, said: str, *, today: date) -> Reading:
    """The reading of a step that is decided, with what it finds."""
    text = pl.col(raw_of(column))
    value = TRANSFORMS[step.name].apply(text, **step.arguments).value
    dated = step.name in {"date", "datetime"}
    ahead = (value.cast(pl.Date) > today).mean() if dated else pl.lit(0.0)
    read, smallest, largest, to_come = (
        frame.select(
            (value.count() / text.count()).alias("read"),
            value.min().alias("smallest"),
            value.max().alias("largest"),
            ahead.alias("ahead"),
        )
        .collect(engine="streaming")
        .row(0)
    )
    return Reading(
        step,
        said,
        read=read,
        smallest="" if smallest is None else canonical_text(smallest),
        largest="" if largest is None else canonical_text(largest),
        ahead=to_come or 0.0,
    )


def _decided(frame: pl.LazyFrame, column: str, asked: Mapping[str, Any]) -> tuple[Step, str]:
    """The step that a load of this column would carry out, and why.

    Raises:
        UndecidedError: the column can be read in two ways.
    """
    template = Template.model_validate(
        {
            "name": "column",
            "key": {"from": [column]},
            "fields": {_FIELD: {"from": [column], **asked}},
        }
    )
    binding = bind(template, [column])
    found = survey(frame, binding)
    (step,) = found.steps[_FIELD]
    text = pl.col(raw_of(column))
    value = TRANSFORMS[step.name].apply(text, **step.arguments).value
    found = reconsidered(found, frame.filter(text.is_not_null() & value.is_null()))
    (step,) = found.steps[_FIELD]
    said = "; ".join(each.partition(": ")[2] for each in found.decisions)
    return step, said
