"""Decide over a whole column how its dates are written: pure functions of what occurs in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from migrator.catalogue import words
from migrator.prepare.evidence import Seen, outweighs, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why; ``reason`` is empty where there was nothing to decide.

    ``proven`` means that no further date that one of the formats reads could decide otherwise.
    """

    formats: tuple[str, ...]
    reason: str = ""
    proven: bool = True


class Undecided(Exception):
    """Two readings are possible; ``formats`` are the choices, the text says why."""

    def __init__(self, message: str, formats: tuple[str, ...]) -> None:
        super().__init__(message)
        self.formats = formats


_NUMERIC = re.compile(r"^(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})$")
_COMPACT = re.compile(r"^\d{8}$")
_MONTHS = words(
    """
    jan feb mar apr may jun jul aug sep oct nov dec january february march april june july
    august september october november december
    """
)
_NAMED = {
    re.compile(r"^([A-Za-z]+) \d{1,2}, \d{4}$"): "%B %d, %Y",
    re.compile(r"^([A-Za-z]+) \d{1,2} \d{4}$"): "%B %d %Y",
    re.compile(r"^\d{1,2} ([A-Za-z]+) \d{4}$"): "%d %B %Y",
    re.compile(r"^\d{1,2} ([A-Za-z]+), \d{4}$"): "%d %B, %Y",
    re.compile(r"^\d{1,2}-([A-Za-z]+)-\d{4}$"): "%d-%B-%Y",
    re.compile(r"^\d{1,2}-([A-Za-z]+)-\d{2}$"): "%d-%B-%y",
    re.compile(r"^\d{1,2}/([A-Za-z]+)/\d{4}$"): "%d/%B/%Y",
}
_TIME = re.compile(
    r"^(?P<gap>T|,? )\d{1,2}:\d\d(?P<second>:\d\d)?(?P<fraction>[.]\d{1,9})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|[+-]\d\d:?\d\d))?$"
)
_ORDERS = {
    "dmy": "day first",
    "mdy": "month first",
    "ymd": "year first",
}
_MANY = 3
"""A part that takes three times as many values as another is the day, and the other the year."""


@dataclass(frozen=True, slots=True)
class _Numeric:
    """A date of three numbers."""

    seen: Seen
    parts: tuple[int, int, int]
    separator: str
    year_size: int

    def fits(self, order: str) -> bool:
        """Whether it is a day of the calendar when read in this order."""
        return self.read(order) is not None

    def read(self, order: str) -> date | None:
        """The day it names in this order."""
        values = dict(zip(order, self.parts, strict=True))
        year = values["y"]
        if self.year_size == 2:
            year += 1900 if year > 68 else 2000
        try:
            return date(year, values["m"], values["d"])
        except ValueError:
            return None

    def format(self, order: str) -> str:
        """The strptime format."""
        year = "%y" if self.year_size == 2 else "%Y"
        return self.separator.join({"d": "%d", "m": "%m", "y": year}[part] for part in order)


def decide_dates(heads: Iterable[Seen]) -> Decision:
    """The formats of the dates of a column, without their times of day.

    Texts that are no dates at all play no part; they are turned down one by one later.

    Raises:
        Undecided: day and month could be either way round, or the column has both.
    """
    formats: list[str] = []
    numeric: list[_Numeric] = []
    for seen in heads:
        known = _unambiguous(seen.text)
        if known:
            formats.append(known)
        elif found := _numeric(seen):
            numeric.append(found)
    orders = []
    for year_size in (4, 2):
        group = [item for item in numeric if item.year_size == year_size]
        if group:
            order = _order(group, year_size)
            formats.extend(item.format(order.name) for item in group if item.fits(order.name))
            orders.append(order)
    most_used = [text for text, _ in Counter(formats).most_common()]
    reasons = "; ".join(order.reason for order in orders if order.reason)
    return Decision(tuple(most_used), reasons, all(order.proven for order in orders))


def _unambiguous(text: str) -> str | None:
    """The format of a text that can be read in one way only."""
    match = _NUMERIC.match(text)
    if match and len(match[1]) == 4 and len(match[4]) <= 2:
        return f"%Y{match[2]}%m{match[2]}%d"
    if _COMPACT.match(text):
        return "%Y%m%d"
    for shape, format in _NAMED.items():
        named = shape.match(text)
        if named and named[1].lower() in _MONTHS:
            return format
    return None


def _numeric(seen: Seen) -> _Numeric | None:
    match = _NUMERIC.match(seen.text)
    if not match or len(match[1]) > 2 or len(match[4]) not in (2, 4):
        return None
    parts = (int(match[1]), int(match[3]), int(match[4]))
    return _Numeric(seen, parts, match[2], len(match[4]))


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of day, month and year, with the evidence for it."""

    name: str
    reason: str
    proven: bool = True


def _order(group: Sequence[_Numeric], year_size: int) -> _Order:
    orders = ["dmy", "mdy"] if year_size == 4 else ["dmy", "mdy", "ymd"]
    readable = [item for item in group if any(item.fits(order) for order in orders)]
    possible = [o for o in orders if all(item.fits(o) for item in readable)]
    if not possible:
        return _despite_slips(readable, orders)
    if len(possible) == 1:
        return _Order(possible[0], _evidence(readable, orders, possible[0]))
    if _all_same(readable, possible):
        return _Order(possible[0], _evidence(readable, orders, possible[0]), proven=False)
    spread = _by_spread(readable, possible)
    if spread:
        return spread
    sample = ", ".join(item.seen.text for item in readable[:3])
    message = f"all {total(i.seen for i in readable)} dates such as {sample} can be read as "
    raise Undecided(
        message + " or ".join(_ORDERS[order] for order in possible), _choices(readable, possible)
    )


def _despite_slips(group: Sequence[_Numeric], orders: Sequence[str]) -> _Order:
    """The order that hardly any date speaks against, each of the others being ruled out by many.

    The few are turned down later: in this order they are no dates.
    """
    for order in orders:
        slips = [item.seen for item in group if not item.fits(order)]
        fitting = [item for item in group if item.fits(order)]
        others = [other for other in orders if other != order]
        against = (total(i.seen for i in fitting if not i.fits(other)) for other in others)
        if all(outweighs(count, total(slips)) for count in against):
            first = min(slips, key=lambda seen: seen.record)
            verb = (
                "value that is no such date is"
                if total(slips) == 1
                else "values that are no such dates are"
            )
            evidence = _evidence(fitting, orders, order)
            return _Order(
                order,
                f"{evidence}; {total(slips)} {verb} rejected (record {first.record}: {first.text})",
            )
    raise Undecided(_both_ways(group, orders), _choices(group, orders))


def _all_same(group: Sequence[_Numeric], possible: Sequence[str]) -> bool:
    return all(len({item.read(order) for order in possible}) == 1 for item in group)


def _evidence(group: Sequence[_Numeric], orders: Sequence[str], order: str) -> str:
    """Why it is this order: one value that rules out each of the others."""
    witnesses: dict[int, str] = {}
    for other in orders:
        against = [item.seen for item in group if other != order and not item.fits(other)]
        if against:
            first = min(against, key=lambda seen: seen.record)
            witnesses.setdefault(first.record, first.text)
    named = " and ".join(f"record {record} has {text}" for record, text in witnesses.items())
    return f"{_ORDERS[order]}, because {named}" if named else ""


def _both_ways(group: Sequence[_Numeric], orders: Sequence[str]) -> str:
    parts = []
    for order in orders:
        only = [i.seen for i in group if [o for o in orders if i.fits(o)] == [order]]
        if only:
            first = min(only, key=lambda seen: seen.record)
            count = sum(seen.count for seen in only)
            parts.append(f"{count} are {_ORDERS[order]} (record {first.record}: {first.text})")
    return f"the column holds dates of more than one kind: {', '.join(parts)}"


def _by_spread(group: Sequence[_Numeric], possible: Sequence[str]) -> _Order | None:
    """Tell 20-10-16 apart: over a column the days take many values and the years few."""
    if not {"dmy", "ymd"} <= set(possible) or "mdy" in possible:
        return None
    first = {item.parts[0] for item in group}
    last = {item.parts[2] for item in group}
    if len(first) >= _MANY * len(last):
        many, few, order = first, last, "dmy"
    elif len(last) >= _MANY * len(first):
        many, few, order = last, first, "ymd"
    else:
        return None
    reason = (
        f"{_ORDERS[order]}, because the {'first' if order == 'dmy' else 'last'} number takes "
        f"{len(many)} values and the {'last' if order == 'dmy' else 'first'} only {len(few)}"
    )
    return _Order(order, reason, proven=False)


def _choices(group: Sequence[_Numeric], orders: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(group[0].format(order) for order in orders))


@dataclass(frozen=True, slots=True)
class Times:
    """The times of day of a column: formats to append to a date's, and whether all are midnight."""

    formats: tuple[str, ...]
    midnight: bool


def decide_times(tails: Iterable[str]) -> Times:
    """The formats of what follows the dates of a column: nothing, or times of day.

    Texts that are no times play no part.
    """
    formats: list[str] = []
    midnight = True
    for tail in tails:
        match = _TIME.match(tail)
        if not tail:
            formats.append("")
        elif match:
            formats.append(_time_format(match))
            midnight &= not re.search(r"[1-9]", tail.partition("+")[0]) and not match["zone"]
            midnight &= not match["half"]
    return Times(tuple(dict.fromkeys(formats)), midnight)


def _time_format(match: re.Match[str]) -> str:
    gap, half, zone = match["gap"], match["half"], match["zone"] or ""
    seconds = "" if match["second"] is None else ":%S"
    fraction = "" if match["fraction"] is None else "%.f"
    hour = "%I" if half else "%H"
    noon = "" if half is None else f"{half[:-2]}%p"
    bare = zone.strip()
    pad = zone[: len(zone) - len(bare)]
    offset = {"": "", "Z": "Z", "UTC": "UTC"}.get(bare, "%z")
    return f"{gap}{hour}:%M{seconds}{fraction}{noon}{pad}{offset}"
