"""Values as HubSpot writes them, by the kind of the property; and when two of them say the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from migrator.vendors.hubspot.fields import DONE, NOT_DONE
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.values import agree, decimal, flag, lines, zulu
from migrator.vendors.shared.values import instant as read_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

LONGEST = 65_536
"""Most characters of a text (properties guide)."""

_MILLISECONDS = re.compile(r"-?\d{9,}")


def instant(text: str, zone: tzinfo) -> str:
    """An instant in UTC; a mere day becomes noon in the portal's zone."""
    return zulu(read_instant(text, zone))


def text(value: str) -> str:
    """Any text that is not too long."""
    if len(value) > LONGEST:
        raise BadValue(
            "too_long",
            f"The text has {len(value):,} characters; HubSpot keeps {LONGEST:,} at most.",
        )
    return value


def status(done: str) -> str:
    """The status of a task that is done, or not."""
    return DONE if flag(done) == "true" else NOT_DONE


# -- into canonical text ---------------------------------------------------------------------------

_LONGEST_NUMBER = 400
"""Digits that a number may have on either side of its point to be written out."""


def plain(held: str) -> str:
    """A number without an exponent and without zeros at its end; what is none stays as it is.

    >>> plain("1234.50"), plain("1E+3"), plain("-0.0"), plain("n/a")
    ('1234.5', '1000', '0', 'n/a')
    """
    found = decimal(held)
    if found is None or abs(found.adjusted()) > _LONGEST_NUMBER:
        return held
    text = f"{found:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def moment(held: str) -> str:
    """An instant of UTC, of ISO text or of milliseconds; what is none stays as it is.

    >>> moment("1774947600000"), moment("2026-03-31T11:00:00+02:00"), moment("soon")
    ('2026-03-31T09:00:00Z', '2026-03-31T09:00:00Z', 'soon')
    """
    found = as_moment(held)
    return held if found is None else zulu(found)


def calendar_day(held: str) -> str:
    """A day, which HubSpot writes as itself or as midnight in UTC; else it stays as it is.

    >>> calendar_day("2026-03-31"), calendar_day("1774915200000"), calendar_day("soon")
    ('2026-03-31', '2026-03-31', 'soon')
    """
    found = as_moment(held)
    midnight = found is not None and found.time() == time(0)
    return found.date().isoformat() if found is not None and midnight else held


def day_at_noon(held: str, zone: tzinfo) -> str:
    """The day that :func:`instant` made this moment of, else the moment."""
    found = as_moment(held)
    if found is None:
        return held
    try:
        local = found.astimezone(zone)
    except OverflowError:
        return moment(held)
    return local.date().isoformat() if local.time() == time(12) else zulu(found)


# -- comparing -------------------------------------------------------------------------------------


def same(kind: str, ours: str, held: str | None) -> bool:
    """Whether two values of a property of this kind say the same.

    Numbers by value, instants by instant, choices of several as sets, texts whatever their line
    ends; ``email`` in any letter case. Blank is None or ``""``.
    """
    return agree(_MEANINGS.get(kind, lines), ours, held)


def _set(value: str) -> frozenset[str]:
    return frozenset(value.split(";"))


def is_done(status: str) -> bool:
    """Whether a task is done; there are several ways in which it is not."""
    return status == DONE


def as_moment(value: str) -> datetime | None:
    """An instant of ISO text or of milliseconds since 1970, both of which HubSpot writes."""
    try:
        if _MILLISECONDS.fullmatch(value):
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


_MEANINGS: Mapping[str, Callable[[str], object]] = {
    "number": decimal,
    "date": as_moment,
    "datetime": as_moment,
    "choices": _set,
    "bool": folded,
    "email": folded,
    "done": is_done,
}
"""What of a value counts, per kind; None = not readable as that kind."""
