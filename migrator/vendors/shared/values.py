"""Canonical text read strictly, and when two texts say the same: what no vendor has of its own."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def zone_of(name: str | None) -> tzinfo:
    """A time zone by its name; UTC when it is not known."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


# -- reading ---------------------------------------------------------------------------------------


def is_number(text: str) -> bool:
    """Whether a text has digits with at most one decimal point, and nothing else.

    >>> is_number("-1234.50"), is_number("1,234"), is_number("1e3")
    (True, False, False)
    """
    return bool(_NUMBER.fullmatch(text))


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, ``YYYY-MM-DD``.

    >>> is_day("2026-03-31"), is_day("2026-02-30"), is_day("31.03.2026")
    (True, False, False)
    """
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def as_instant(text: str) -> datetime | None:
    """An instant with its offset, in UTC; None for all that is none.

    >>> as_instant("2026-03-31T09:00:00+02:00")
    datetime.datetime(2026, 3, 31, 7, 0, tzinfo=datetime.timezone.utc)
    >>> as_instant("2026-03-31T09:00:00")
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


# -- into a vendor's form --------------------------------------------------------------------------


def number(text: str) -> str:
    """A plain decimal number; no thousands separators, no exponent."""
    found = text.strip()
    if not is_number(found):
        raise BadValue("invalid_number", f'"{text}" is no plain decimal number such as 1234.50.')
    return found


def day(text: str) -> str:
    """A day of the calendar; an instant is none."""
    if not is_day(text):
        raise BadValue("invalid_date", f'"{text}" is no date such as 2026-03-31.')
    return text


def instant(text: str, zone: tzinfo) -> datetime:
    """An instant in UTC; a mere day becomes noon in the account's zone.

    Midnight in UTC, which vendors make of a day, shows as the day before in America. Noon in the
    account's own zone shows as the right day there and nearly everywhere else; it falls into no
    clock change.
    """
    found = as_instant(text)
    if found is None and is_day(text):
        try:
            found = datetime.combine(date.fromisoformat(text), time(12), zone).astimezone(UTC)
        except OverflowError:
            found = None
    if found is None:
        raise BadValue(
            "invalid_datetime",
            f'"{text}" is neither an instant such as 2026-03-31T09:00:00Z nor a date.',
        )
    return found


def zulu(moment: datetime) -> str:
    """An instant of UTC in whole seconds, or in milliseconds: finer is kept nowhere.

    >>> zulu(datetime(2026, 3, 31, 9, microsecond=250_000, tzinfo=UTC))
    '2026-03-31T09:00:00.250Z'
    """
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def flag(text: str) -> str:
    """``true`` or ``false``."""
    found = folded(text)
    if found not in {"true", "false"}:
        raise BadValue("invalid_bool", f'"{text}" is neither true nor false.')
    return found


# -- comparing -------------------------------------------------------------------------------------


def agree(meaning: Callable[[str], object], ours: str, held: str | None) -> bool:
    """Whether two texts say the same; blank (None or ``""``) is the same as blank only.

    ``meaning`` gives what of a text counts; None = it cannot be read so, and says the same as
    nothing but itself.
    """
    if not held or not ours:
        return not held and not ours
    if ours == held:
        return True
    meant = meaning(ours)
    return meant is not None and meant == meaning(held)


def lines(text: str) -> str:
    """A text whatever its line ends."""
    return text.replace("\r\n", "\n")


def decimal(text: str) -> Decimal | None:
    """A finite number by value."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
