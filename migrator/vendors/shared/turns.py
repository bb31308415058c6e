"""Ops that go one after the other, when one of them gets no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import MigratorError, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from migrator.model import Outcome

_MOST_IN_A_ROW = 2
"""So many ops without an answer after each other, and the line or the server is to blame."""


async def in_turn(
    steps: Sequence[Callable[[], Awaitable[list[Outcome]]]], known: Sequence[Outcome] = ()
) -> list[Outcome]:
    """Those outcomes and the ones of steps that follow each other, as far as they get known.

    One op that gets no answer must not keep those of the others from the journal: it has no
    outcome, so that the caller finds out what became of it. When the next one fares no better it
    is not the op's own fault, and the rest is left alone.

    Raises:
        MigratorError: what stopped the first step, when nothing is known of any op.
    """
    outcomes = list(known)
    failure: MigratorError | None = None
    in_a_row = 0
    for step in steps:
        try:
            outcomes += await step()
            in_a_row = 0
        except MigratorError as error:
            failure = failure or error
            in_a_row += 1
            if in_a_row == _MOST_IN_A_ROW or not isinstance(error, OutcomeUnknown):
                break
    if failure and not outcomes:
        raise failure
    return outcomes
