"""Decide over a whole column which sign is the decimal mark: pure functions of what occurs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.prepare.date_order import Seen

_NUMBER = re.compile("^\\D*?(\\d(?:[\\d.,'\u2019 ]*\\d)?)\\D*$")
_GROUPED = re.compile(r"^\d{1,3}(?:[.]\d{3}){2,}$|^\d{1,3}(?:,\d{2,3})+,\d{3}$")
_OPEN = re.compile(r"^[1-9]\d{0,2}[.,]\d{3}$")


@dataclass(frozen=True, slots=True)
class Mark:
    """The decimal mark, and why; ``reason`` is empty where there was nothing to decide."""

    mark: str
    reason: str = ""


class UndecidedMark(Exception):
    """Both marks are possible, or both occur; the text says why."""


def says(text: str) -> str | None:
    """The decimal mark that a number proves, ``?`` if it can be read both ways, None if neither.

    >>> says("1.234,50"), says("12.5"), says("1.234"), says("1.234.567"), says("1234")
    (',', '.', '?', ',', None)
    """
    found = _NUMBER.match(text)
    core = re.sub("['\u2019 ]", "", found[1]) if found else ""
    points, commas = core.count("."), core.count(",")
    if points and commas:
        last = "." if core.rfind(".") > core.rfind(",") else ","
        return last if core.count(last) == 1 else None
    if points + commas == 0:
        return None
    sign, other = (".", ",") if points else (",", ".")
    if points + commas > 1:
        return other if _GROUPED.match(core) else None
    return "?" if _OPEN.match(core) else sign


def decide_mark(texts: Iterable[Seen]) -> Mark:
    """The decimal mark of a column of numbers.

    Raises:
        UndecidedMark: every number can be read both ways, or some prove one mark and some the
            other.
    """
    proofs: dict[str, list[Seen]] = {".": [], ",": [], "?": []}
    for seen in texts:
        verdict = says(seen.text)
        if verdict:
            proofs[verdict].append(seen)
    proven = [mark for mark in (".", ",") if proofs[mark]]
    if len(proven) == 1:
        first = min(proofs[proven[0]], key=lambda seen: seen.record)
        return Mark(proven[0], f"because record {first.record} has {first.text}")
    if proven:
        parts = []
        for mark in proven:
            first = min(proofs[mark], key=lambda seen: seen.record)
            count = sum(seen.count for seen in proofs[mark])
            parts.append(f'{count} prove "{mark}" (record {first.record}: {first.text})')
        raise UndecidedMark(f"the numbers contradict each other: {', '.join(parts)}")
    if proofs["?"]:
        sample = ", ".join(seen.text for seen in proofs["?"][:3])
        count = sum(seen.count for seen in proofs["?"])
        raise UndecidedMark(
            f"all {count} numbers with a mark, such as {sample}, can be read as thousands or as "
            "fractions"
        )
    return Mark(".")
