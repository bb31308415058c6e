"""Value maps to fill in: each value seen, what it stands in, and the account's likeliest name."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from migrator.guess.headers import alike
from migrator.spreadsheets import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.guess.tally import Counted

SURE = 0.93
"""From this likeness on a candidate is filled in; below it somebody has to decide."""
_LIKELY = 0.6
"""Less likely ones are none."""
MARGIN = 0.03
"""A candidate that is hardly likelier than the next one is none to be sure of."""

HEADER = ("pipeline", "source", "target", "rows", "amount", "candidate", "score")


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a field: a line of ``values/<field>.csv``.

    Attributes:
        pipeline: as it stands in the source; blank = in any.
        target: what becomes of it; blank = nobody has decided, so it stays as it is.
        candidate: the account's likeliest name for it; blank = nothing is like it.
        score: how likely, from 0 to 1.
    """

    pipeline: str
    source: str
    target: str
    rows: int
    amount: str
    candidate: str = ""
    score: float = 0.0

    @property
    def decided(self) -> bool:
        """Whether it has a target."""
        return bool(self.target)

    def data(self) -> dict[str, Any]:
        """The line as plain data."""
        return asdict(self) | {"score": round(self.score, 2)}


def candidate(value: str, names: Mapping[str, Iterable[str]]) -> tuple[str, float, bool]:
    """The target that a value is likeliest to mean, how likely, and whether that is sure.

    Args:
        value: as it stands in the source.
        names: target to all that it is called.

    >>> candidate("closed won", {"Closed Won": ["Closed Won"], "Closed Lost": ["Closed Lost"]})
    ('Closed Won', 1.0, True)
    """
    rated = sorted(
        (
            (max((alike(value, name) for name in called if name), default=0.0), target)
            for target, called in names.items()
        ),
        key=lambda pair: -pair[0],
    )
    if not rated or rated[0][0] < _LIKELY:
        return "", 0.0, False
    (best, target), *others = rated
    clear = best == 1 or not others or best - others[0][0] >= MARGIN
    if best == 1 and others and others[0][0] == 1:
        clear = False
    return target, best, best >= SURE and clear


def lines(
    counted: Sequence[Counted],
    names: Mapping[str, Iterable[str]],
    known: Mapping[str, str] | None = None,
) -> tuple[Line, ...]:
    """A line for each value, its target filled in where the candidate is sure.

    Args:
        counted: the values.
        names: target to all that it is called.
        known: source value, in small letters, to its target, whatever is likely.
    """
    found = []
    for each in counted:
        target, score, sure = candidate(each.value, names)
        told = (known or {}).get(each.value.lower())
        line = Line(
            each.pipeline, each.value, target if sure else "", each.rows, each.amount, target, score
        )
        found.append(replace(line, target=told) if told else line)
    return tuple(found)


def as_csv(sheet: Iterable[Line]) -> str:
    """The lines as CSV that Excel opens and :mod:`migrator.template` reads."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for line in sheet:
        score = f"{line.score:.2f}" if line.candidate else ""
        texts = (line.pipeline, line.source, line.target)
        told = (str(line.rows), line.amount, line.candidate, score)
        writer.writerow([neutral(cell) for cell in (*texts, *told)])
    return out.getvalue()
