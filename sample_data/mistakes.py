"""Rows made wrong or odd on purpose: what is done to them, and what has to become of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

    Row = list[object]
    Edit = Callable[[Row, Row, Sequence[str]], None]
    """Changes a row in place, given the row before it and the header."""
    Fits = Callable[[Row, Sequence[str]], bool]
    """Whether an edit changes this row, given the header."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of wrong row.

    Attributes:
        what: in words, for people.
        code: of the reject that each such row becomes.
        edit: makes a good row wrong.
        times: how many rows of the file get it.
        live: only the account can tell that it is wrong; the file's own rules cannot.
    """

    what: str
    code: str
    edit: Edit
    times: int = 1
    live: bool = False


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd that costs no row.

    Attributes:
        what: in words, for people.
        outcome: what becomes of it.
        times: how many rows, or lines, it is in; 0 = the file is so, in many rows or all.
        edit: makes a row odd; None where the whole file is so, or where it is between the rows.
        fits: which rows can be made so.
        skipped: what the reader calls such lines; blank for what is in the rows.
        parked: whether such a row waits for a deal that is not there.
    """

    what: str
    outcome: str
    times: int = 0
    edit: Edit | None = None
    fits: Fits = lambda _row, _header: True
    skipped: str = ""
    parked: bool = False


def put(column: str, value: object) -> Edit:
    """Another value in a column."""

    def edit(row: Row, before: Row, header: Sequence[str]) -> None:  # noqa: ARG001
        row[header.index(column)] = value

    return edit


def as_before(column: str) -> Edit:
    """The value of the row before."""

    def edit(row: Row, before: Row, header: Sequence[str]) -> None:
        place = header.index(column)
        row[place] = before[place]

    return edit


def change(column: str, how: Callable[[str], str]) -> Edit:
    """The value in a column, written otherwise."""

    def edit(row: Row, before: Row, header: Sequence[str]) -> None:  # noqa: ARG001
        place = header.index(column)
        row[place] = how(str(row[place]))

    return edit


def changes(column: str, how: Callable[[str], str]) -> Fits:
    """Whether a value would not stay what it is."""

    def fits(row: Row, header: Sequence[str]) -> bool:
        value = str(row[header.index(column)])
        return how(value) != value

    return fits


def doubly_encoded(text: str) -> str:
    """A text whose UTF-8 was once read as Windows-1252; one that this cannot be done to stays."""
    try:
        return text.encode().decode("cp1252")
    except UnicodeDecodeError:
        return text


def no_break_spaces(text: str) -> str:
    """No-break spaces for the spaces, and one behind, as copied from a web page."""
    return text.replace(" ", "\N{NO-BREAK SPACE}") + "\N{NO-BREAK SPACE}" if text else text


def alone(text: str) -> Edit:
    """Nothing but a text in the first cell, without the other cells."""

    def edit(row: Row, before: Row, header: Sequence[str]) -> None:  # noqa: ARG001
        row[:] = [text]

    return edit


def one_more(value: str) -> Edit:
    """One cell too many."""

    def edit(row: Row, before: Row, header: Sequence[str]) -> None:  # noqa: ARG001
        row.append(value)

    return edit


def one_less() -> Edit:
    """The last cell is missing."""

    def edit(row: Row, before: Row, header: Sequence[str]) -> None:  # noqa: ARG001
        del row[-1]

    return edit


def spoil(
    rng: Random, rows: list[Row], header: Sequence[str], mistakes: Sequence[Mistake]
) -> dict[int, Mistake]:
    """Make rows wrong; returns record number (from 1) to mistake.

    Neighbours of a wrong row stay right, so that every wrong row is wrong for one reason only.
    """
    wanted = [mistake for mistake in mistakes for _ in range(mistake.times)]
    places = rng.sample(range(2, len(rows), 3), len(wanted))
    for place, mistake in zip(places, wanted, strict=True):
        mistake.edit(rows[place], rows[place - 1], header)
    return {place + 1: mistake for place, mistake in zip(places, wanted, strict=True)}


def make_odd(
    rng: Random,
    rows: list[Row],
    header: Sequence[str],
    oddities: Sequence[Oddity],
    taken: Iterable[int],
) -> dict[int, Oddity]:
    """Make rows odd, each in one way; returns record number (from 1) to oddity.

    The records that are ``taken`` stay as they are.

    Raises:
        ValueError: too few rows can be made so.
    """
    free = [place for place in range(len(rows)) if place + 1 not in set(taken)]
    done: dict[int, Oddity] = {}
    for oddity in oddities:
        if oddity.edit is None:
            continue
        fitting = [place for place in free if oddity.fits(rows[place], header)]
        for place in rng.sample(fitting, oddity.times):
            oddity.edit(rows[place], rows[place - 1], header)
            done[place + 1] = oddity
            free.remove(place)
    return done


def codes(mistakes: Sequence[Mistake], *, live: bool) -> Counter[str]:
    """Rejected rows by code: those that only the account can tell, or those of the file alone."""
    counts: Counter[str] = Counter()
    for mistake in mistakes:
        if mistake.live == live:
            counts[mistake.code] += mistake.times
    return counts
