"""Rows made wrong on purpose: what is done to them, and which reject each has to become."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    Row = list[object]
    Edit = Callable[[Row, Row, Sequence[str]], None]
    """Changes a row in place, given the row before it and the header."""


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


def codes(mistakes: Sequence[Mistake], *, live: bool) -> Counter[str]:
    """Rejected rows by code: those that only the account can tell, or those of the file alone."""
    counts: Counter[str] = Counter()
    for mistake in mistakes:
        if mistake.live == live:
            counts[mistake.code] += mistake.times
    return counts
