"""Which column becomes which field: the assignment with the best total, each column once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def assigned(scores: Mapping[str, Mapping[str, float]], least: float) -> dict[str, str]:
    """Field to column, so that the sum of the squared scores is the largest there is.

    Squared, because one guess that is certain is better than two that are likely.

    Args:
        scores: field to column to score, from 0 to 1; pairs that cannot be are absent.
        least: a pair that scores less is none.

    >>> assigned({"a": {"x": 0.9, "y": 0.8}, "b": {"x": 0.8, "y": 0.1}}, 0.3)
    {'a': 'y', 'b': 'x'}
    >>> assigned({"a": {"x": 1.0, "y": 0.6}, "b": {"x": 0.6}}, 0.3)
    {'a': 'x'}
    """
    fields = list(scores)
    columns = sorted({column for row in scores.values() for column in row})
    # A field that had better stay empty takes a seat of its own, which is worth nothing.
    worth = [
        [
            *(_worth(scores[field].get(column, 0.0), least) for column in columns),
            *[0.0] * len(fields),
        ]
        for field in fields
    ]
    seats = _best(worth)
    return {
        field: columns[seat]
        for field, seat, row in zip(fields, seats, worth, strict=True)
        if seat < len(columns) and row[seat] > 0
    }


def _worth(score: float, least: float) -> float:
    return score**2 if score >= least else 0.0


def _best(worth: Sequence[Sequence[float]]) -> list[int]:
    """For each row its seat (Kuhn's method with potentials, rows seated one after another).

    Every row pays a price for its seat, such that nobody would gain by changing; a new row finds
    the cheapest chain of moves that frees a seat for it.
    """
    width = len(worth[0]) if worth else 0
    row_price = [0.0] * len(worth)
    seat_price = [0.0] * width
    taken: list[int | None] = [None] * width
    for newcomer in range(len(worth)):
        spare = [float("inf")] * width
        came_from: list[int | None] = [None] * width
        closed = [False] * width
        row, last = newcomer, None
        while True:
            for seat in range(width):
                if closed[seat]:
                    continue
                slack = -worth[row][seat] - row_price[row] - seat_price[seat]
                if slack < spare[seat]:
                    spare[seat], came_from[seat] = slack, last
            nearest = min((s for s in range(width) if not closed[s]), key=spare.__getitem__)
            step = spare[nearest]
            row_price[newcomer] += step
            for seat in range(width):
                if closed[seat]:
                    holder = taken[seat]
                    if holder is not None:
                        row_price[holder] += step
                    seat_price[seat] -= step
                else:
                    spare[seat] -= step
            closed[nearest] = True
            holder = taken[nearest]
            if holder is None:
                _move(taken, came_from, nearest, newcomer)
                break
            row, last = holder, nearest
    seats = {row: seat for seat, row in enumerate(taken) if row is not None}
    return [seats[row] for row in range(len(worth))]


def _move(
    taken: list[int | None], came_from: Sequence[int | None], seat: int, newcomer: int
) -> None:
    """Let everybody on the chain move up by one seat."""
    while (before := came_from[seat]) is not None:
        taken[seat] = taken[before]
        seat = before
    taken[seat] = newcomer
