"""A guess as text for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from migrator.guess.scoring import percent
from migrator.report import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from migrator.guess.draft import Draft
    from migrator.guess.matching import Match
    from migrator.runs.guessing import Guess

_FIELD, _COLUMN, _WHY = 20, 21, 30
_SHOWN = 8


def as_text(draft: Draft, guess: Guess, written: Sequence[Path]) -> str:
    """What was guessed, why, what is open, and what was written."""
    return "\n".join(
        [
            *(line for text in guess.described for line in wrapped(text)),
            *_layout(draft),
            "",
            f"  {'field':<{_FIELD}}{'column':<{_COLUMN}} sure  why",
            *(line for match in draft.matching.matches for line in _row(match)),
            *_left(draft),
            *_open(draft),
            "",
            *(f"  {path}" for path in written),
        ]
    )


def _layout(draft: Draft) -> Iterator[str]:
    layout = draft.matching.layout
    if layout is None:
        yield "No shipped template fits; matched by headers and values."
        return
    told = f"Layout: the shipped template {layout.template.name}, {percent(layout.score)} of it."
    yield from wrapped(told)


def _row(match: Match) -> Iterator[str]:
    """A line for the field, and more where its texts are longer than their columns."""
    columns = " + ".join(match.columns) or "(all records)"
    names = textwrap.wrap(columns, _COLUMN - 1) or [""]
    fields = textwrap.wrap(match.field, _FIELD - 1, break_long_words=True)
    why = textwrap.wrap(_why(match), _WHY)
    sure = "-" if match.doubt else f"{match.score:.0%}"
    for number in range(max(len(names), len(why), len(fields))):
        field = fields[number] if number < len(fields) else ""
        name = names[number] if number < len(names) else ""
        reason = why[number] if number < len(why) else ""
        score = sure if number == 0 else ""
        yield f"  {field:<{_FIELD}}{name:<{_COLUMN}}{score:>5}  {reason}".rstrip()


def _why(match: Match) -> str:
    told = "; ".join(match.reasons)
    for column in match.columns[:1]:
        told = told.replace(f"header '{column}' ", "")
    return f"not in use: {match.doubt}" if match.doubt else told


def _left(draft: Draft) -> Iterator[str]:
    waiting = {name for m in draft.matching.matches if m.doubt for name in m.columns}
    left = [column for column in draft.matching.unmapped if column.name not in waiting]
    if not left:
        return
    shares = [percent(column.fill).replace(" ", "") for column in left[:_SHOWN]]
    told = [f"{column.name} ({share})" for column, share in zip(left, shares, strict=False)]
    told += [f"and {len(left) - _SHOWN} more"] if len(left) > _SHOWN else []
    yield ""
    yield from wrapped(f"  Not loaded (share filled): {', '.join(told)}", indent=4)


def _open(draft: Draft) -> Iterator[str]:
    """What somebody has to decide."""
    told = [*draft.questions[: bool(draft.foreign)]]
    told += [
        f"{draft.values}/{name}.csv: {len(left):,} of {len(sheet):,} values "
        f"{'has' if len(left) == 1 else 'have'} no target yet"
        for name, sheet in draft.sheets.items()
        if (left := [line for line in sheet if not line.decided])
    ]
    told += draft.questions[bool(draft.foreign) :]
    if draft.zoneless and not draft.zone:
        told.append(f"times without a time zone are taken for UTC: {', '.join(draft.zoneless)}")
    if draft.absent:
        told.append(f"no column was found for {', '.join(draft.absent)}")
    if told:
        yield ""
        yield "  To decide (the template says where):"
        yield from (line for text in told for line in wrapped(f"  - {text}", indent=4))
