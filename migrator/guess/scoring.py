"""How well a column fits a canonical field: by its header, and by what its values are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.currencies import CURRENCIES, codes_of
from migrator.guess.columns import DATES, NUMBERS, ColumnKind
from migrator.guess.headers import custom_likeness, header_likeness, other_meaning
from migrator.guess.stages import is_stage, is_waiting, status_in
from migrator.guess.synonyms import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migrator.guess.columns import Column

_BY_HEADER = 0.75
"""What a header weighs, beside the values."""
_ALONE = 0.6
"""What values are worth under a header that tells nothing."""
_HINT = 0.4
"""A header less like a field's names says nothing about it."""
_KNOWN = 0.9
_SOME = 0.5
"""An id that fewer records have for themselves names none of them."""
_ASKED = 0.6
"""How sure a guess can be at most that somebody has to confirm."""
_MOST = 0.9


@dataclass(frozen=True, slots=True)
class Fit:
    """How well values fit a field, from 0 to 1, and why.

    Attributes:
        veto: they cannot be it.
        most: what no header can make more of.
    """

    score: float
    reason: str = ""
    veto: bool = False
    most: float = 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """How well a column fits a field, from 0 to 1, and why."""

    value: float
    reasons: tuple[str, ...] = ()


_NO = Fit(0.0, veto=True)


def scored(columns: Sequence[Column]) -> dict[str, dict[str, Score]]:
    """Canonical field to column to score; what cannot be is left out."""
    found: dict[str, dict[str, Score]] = {}
    for field in FIELDS:
        each = ((column.name, _score(column, field, columns)) for column in columns)
        found[field] = {name: score for name, score in each if score.value > 0}
    return found


def _score(column: Column, field: str, columns: Sequence[Column]) -> Score:
    header = header_likeness(column.name, field)
    if column.kind is ColumnKind.BLANK:
        # Nothing speaks against it, and nothing but the header for it.
        return Score(_BY_HEADER * header.score * 0.9, (header.reason, "it is blank"))
    fit = _FITS[field](column, columns)
    if fit.veto:
        return Score(0.0)
    if header.score < _HINT:
        if fit.score <= 0.5 or _says_something_else(column.name, field):
            return Score(0.0)
        return Score(_ALONE * fit.score, (fit.reason,))
    value = _BY_HEADER * header.score + (1 - _BY_HEADER) * fit.score
    reasons = tuple(reason for reason in (header.reason, fit.reason) if reason)
    return Score(min(value, fit.most), reasons)


def _says_something_else(header: str, field: str) -> bool:
    """Whether a header is known, and not for a name of this field."""
    if other_meaning(header) or custom_likeness(header)[1].score >= _KNOWN:
        return True
    return any(header_likeness(header, name).score >= _KNOWN for name in FIELDS if name != field)


def percent(share: float) -> str:
    """A share for people: never 100 % where something is missing.

    >>> percent(0.9996), percent(1), percent(0.42), percent(0.0001)
    ('99.9 %', '100 %', '42 %', '0.1 %')
    """
    if share in {0, 1}:
        return f"{share:.0%}".replace("%", " %")
    number = min(99.9, max(0.1, share * 100))
    return f"{number:.1f}".removesuffix(".0") + " %"


# -- what the values of each field look like -------------------------------------------------------


def _key(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001 - all have the same signature
    if column.kind in DATES or column.kind in _NO_KEYS or column.fill < _MOST:
        return _NO
    # Numbers with places are amounts, however different they are.
    if column.kind in NUMBERS and column.share("whole") < 1:
        return _NO
    if column.rows == 1:
        return Fit(0.5, "there is but one record")
    if column.variety < _SOME or column.distinct < 2:
        return _NO
    if column.variety < _MOST:
        said = f"only {percent(column.variety)} are different"
        return Fit(0.2, said, most=_ASKED)
    unique = column.distinct == column.filled
    said = "every value is different" if unique else f"{percent(column.variety)} are different"
    if column.fill < 1:
        said += f", {percent(column.fill)} filled"
    like_id = column.kind is ColumnKind.ID or column.share("whole") == 1
    score = 0.6 if column.share("spaced") > 0.3 else 0.8
    score = 1.0 if like_id else score
    first = 0.0 if column.place == 0 else 0.1
    return Fit(score - first - (0 if unique else 0.1), said)


_NO_KEYS = frozenset({ColumnKind.BOOL, ColumnKind.CURRENCY, ColumnKind.MONEY})


def _name(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.distinct == 1 < column.filled:
        return Fit(0.1, f"the same in all {column.filled:,} records", most=_ASKED)
    codes = column.kind is ColumnKind.NUMBER and column.share("whole") == 1
    if column.kind is ColumnKind.ID or codes:
        return Fit(0.3 if column.variety > 0.5 else 0.0, f"codes, {column.distinct:,} different")
    if column.kind not in {ColumnKind.TEXT, ColumnKind.CHOICE} or column.share("letters") < 0.5:
        return _NO
    several_words = column.share("spaced")
    score = 0.4 * min(1.0, column.variety / 0.6) + 0.4 * several_words
    score += 0.2 if 8 <= column.length <= 80 else 0.0
    if column.share("person") > 0.8 or column.length > 120:
        score *= 0.4
    return Fit(score * min(1.0, column.fill / _MOST), f"texts, {column.distinct:,} different")


def _pipeline(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if not column.choices or column.distinct > 30 or column.kind in DATES:
        return _NO
    if column.kind not in {ColumnKind.CHOICE, ColumnKind.TEXT, ColumnKind.ID}:
        return _NO
    return Fit(0.5 if column.fill > _MOST else 0.3, _counted(column))


def _stage(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if not column.choices or column.distinct > 60:
        return _NO
    if column.kind not in {ColumnKind.CHOICE, ColumnKind.TEXT, ColumnKind.ID}:
        return _NO
    known = share_of(column, is_stage)
    steps = {value for value, _ in column.choices if is_stage(value) and not _closed(value)}
    if known > 0.5 and steps:
        said = f"{percent(known)} are usual stages, such as {column.choices[0][0]}"
        return Fit(0.5 + 0.5 * known, said)
    return Fit(0.3 if column.distinct > 2 else 0.1, _counted(column))


def _closed(value: str) -> bool:
    return status_in(value) is not None


def _status(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if not column.choices:
        return _NO
    known = share_of(column, _closed)
    spoken = known + share_of(column, is_waiting)
    if spoken < 0.5:
        return _NO
    if column.distinct < 2:
        return Fit(0.5, f"{column.choices[0][0]} in all records")
    return Fit(1.0 if spoken >= _MOST else 0.5, f"{percent(known)} are open, won or lost")


def share_of(column: Column, test: Callable[[str], bool]) -> float:
    """The share of filled values of a column of few that pass a test."""
    passed = sum(count for value, count in column.choices if test(value))
    return passed / column.filled


def _amount(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind not in NUMBERS or column.reading is None:
        return _NO
    if column.share("percent") > 0.5:
        return _NO
    said = _numbers(column)
    if column.kind is ColumnKind.MONEY:
        return Fit(1.0, f"amounts of money{said}")
    if column.reading.question:
        return Fit(0.8, "numbers whose decimal mark is open")
    largest = float(column.reading.largest or 0)
    years = float(column.reading.smallest or 0) >= 1900 and largest <= 2100
    if years or largest <= 100:
        return Fit(0.2, f"numbers{said}")
    broken = column.share("whole") < 1
    return Fit(0.9 if broken else 0.7, f"numbers up to {_plain(largest)}{said}")


def _plain(number: float) -> str:
    return f"{number:,.0f}"


def _numbers(column: Column) -> str:
    reading = column.reading
    return f", {reading.evidence}" if reading and reading.pinned else ""


def _currency(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind is ColumnKind.CURRENCY:
        codes = all(value.upper() in CURRENCIES for value, _ in column.choices)
        what = "currency codes" if codes else "currencies"
        return Fit(1.0, f"{what}: {', '.join(v for v, _ in column.choices[:4])}")
    if column.kind not in {ColumnKind.CHOICE, ColumnKind.TEXT} or not column.choices:
        return _NO
    known = share_of(column, lambda value: bool(codes_of(value)))
    return Fit(0.6, f"{percent(known)} are currencies") if known >= 0.5 else _NO


def _dated(column: Column, score: float, said: str) -> Fit:
    reading = column.reading
    evidence = f"{reading.evidence}" if reading and reading.pinned else ""
    return Fit(score, "; ".join(part for part in (said, evidence) if part))


def _close_date(column: Column, columns: Sequence[Column]) -> Fit:
    if column.kind not in DATES or column.reading is None:
        return _NO
    ahead = column.reading.ahead
    if ahead > 0:
        return _dated(column, 1.0, f"dates, {percent(ahead)} of them still to come")
    later = [other.name for other in columns if other.before.get(column.name, 0) > 0.98]
    if later:
        return _dated(column, 0.7, f"dates, hardly ever before '{later[0]}'")
    if sum(other.kind in DATES for other in columns) == 1:
        return _dated(column, 0.85, "the only dates there are")
    return _dated(column, 0.4, "dates")


def _created_at(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind not in DATES or column.reading is None:
        return _NO
    if column.reading.ahead > 0.02:
        return _NO
    others = [name for name, share in column.before.items() if share > 0.98]
    if others:
        return _dated(column, 0.6 + 0.4 * column.fill, f"dates, hardly ever after '{others[0]}'")
    return _dated(column, 0.4 * column.fill, "dates, none of them to come")


def _owner(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind not in {ColumnKind.EMAIL, ColumnKind.CHOICE, ColumnKind.TEXT, ColumnKind.ID}:
        return _NO
    few = column.distinct <= max(3, column.filled / 3)
    if column.kind is ColumnKind.EMAIL:
        return Fit(1.0 if few else 0.5, f"e-mail addresses of {column.distinct:,} people")
    if column.kind is ColumnKind.ID:
        return Fit(0.2, "ids, and no addresses")
    people = column.share("person")
    if people >= 0.8 and few and column.fill > 0.8:
        return Fit(0.8, f"names of {column.distinct:,} people")
    return Fit(0.2, _counted(column))


def _description(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind not in {ColumnKind.TEXT, ColumnKind.CHOICE} or column.share("spaced") < 0.5:
        return _NO
    return Fit(min(1.0, column.length / 60), f"texts of {column.length:.0f} characters on average")


def _probability(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind not in NUMBERS or column.reading is None:
        return _NO
    low, high = float(column.reading.smallest or 0), float(column.reading.largest or 0)
    if low < 0 or high > 100 or not high:
        return _NO
    if column.share("percent") >= 0.5:
        return Fit(1.0, "percentages")
    return Fit(0.6 if column.distinct <= 30 else 0.4, f"numbers from {low:g} to {high:g}")


def _contacts(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    addresses = max(column.share("e-mail"), column.share("names an e-mail"))
    if addresses < 0.8:
        return _NO
    varied = column.variety > 0.3 or column.distinct > 50
    return Fit(1.0 if varied else 0.6, f"e-mail addresses of {column.distinct:,} people")


def _companies(column: Column, columns: Sequence[Column]) -> Fit:  # noqa: ARG001
    if column.kind is ColumnKind.DOMAIN:
        return Fit(1.0, f"{column.distinct:,} domains")
    if column.kind not in {ColumnKind.TEXT, ColumnKind.CHOICE} or column.share("letters") < 0.5:
        return _NO
    if share_of(column, is_stage) > 0.3:
        return _NO
    again = 0.02 < column.variety < 0.95 or column.distinct > 40
    return Fit(
        0.5 if again and column.distinct > 5 else 0.3, f"{column.distinct:,} different names"
    )


def _counted(column: Column) -> str:
    return f"{column.distinct:,} different values"


_FITS: Mapping[str, Callable[[Column, Sequence[Column]], Fit]] = {
    "key": _key,
    "name": _name,
    "pipeline": _pipeline,
    "stage": _stage,
    "status": _status,
    "amount": _amount,
    "currency": _currency,
    "close_date": _close_date,
    "created_at": _created_at,
    "owner": _owner,
    "description": _description,
    "probability": _probability,
    "contacts": _contacts,
    "companies": _companies,
}
