"""Decide over a whole column which sign is the decimal mark: pure functions of what occurs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.prepare.evidence import outweighs, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.prepare.evidence import Seen

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

    Numbers that prove the other mark are slips where they are at most one in a hundred; such a
    number is turned down later, because with the decided mark it cannot be read at all.

    Raises:
        UndecidedMark: every number can be read both ways, or too many prove each of the marks.
    """
    proofs: dict[str, list[Seen]] = {".": [], ",": [], "?": []}
    for seen in texts:
        verdict = says(seen.text)
        if verdict:
            proofs[verdict].append(seen)
    for mark, other in ((".", ","), (",", ".")):
        if proofs[mark] and outweighs(total(proofs[mark]), total(proofs[other])):
            first = min(proofs[mark], key=lambda seen: seen.record)
            reason = f"because record {first.record} has {first.text}"
            return Mark(mark, reason + _slips(proofs[other], other))
    if proofs["."] and proofs[","]:
        told = " and ".join(_told(proofs[mark], mark) for mark in (".", ","))
        raise UndecidedMark(f"the numbers contradict each other: {told}")
    if proofs["?"]:
        sample = ", ".join(seen.text for seen in proofs["?"][:3])
        raise UndecidedMark(
            f"all {total(proofs['?'])} numbers with a mark, such as {sample}, can be read as "
            "thousands or as fractions"
        )
    return Mark(".")


def _told(proofs: Sequence[Seen], mark: str) -> str:
    first = min(proofs, key=lambda seen: seen.record)
    return f'{total(proofs)} prove "{mark}" (record {first.record}: {first.text})'


def _slips(proofs: Sequence[Seen], mark: str) -> str:
    """What is said of the few numbers that prove the other mark."""
    if not proofs:
        return ""
    first = min(proofs, key=lambda seen: seen.record)
    count = total(proofs)
    subject = "1 value that proves" if count == 1 else f"{count} values that prove"
    verb = "is" if count == 1 else "are"
    return f'; {subject} "{mark}" (record {first.record}: {first.text}) {verb} rejected'
