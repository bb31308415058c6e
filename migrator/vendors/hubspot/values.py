"""Values as HubSpot writes them, by the kind of the property; and when two of them say the same."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrator.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from migrator.model import FieldInfo

LONGEST = 65_536
"""Most characters of a text (properties guide)."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MILLISECONDS = re.compile(r"-?\d{9,}")


class BadValue(ValueError):
    """A value that a property cannot take; ``code`` and text are for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def zone_of(name: str | None) -> tzinfo:
    """The portal's time zone; UTC when it is not known."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def number(text: str) -> str:
    """Digits with at most one decimal point; no thousands separators, no exponent."""
    if not _NUMBER.fullmatch(text):
        raise BadValue("invalid_number", f'"{text}" is no plain decimal number such as 1234.50.')
    return text


def day(text: str) -> str:
    """A calendar day, ``YYYY-MM-DD``."""
    try:
        if _DATE.fullmatch(text):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise BadValue("invalid_date", f'"{text}" is no date such as 2026-03-31.')


def instant(text: str, zone: tzinfo) -> str:
    """An instant in UTC; a mere day becomes noon in the portal's zone.

    Midnight UTC, which HubSpot makes of a day, shows as the day before in America. Noon in the
    portal's own zone shows as the right day there and nearly everywhere else; it falls into no
    clock change.
    """
    try:
        if _DATE.fullmatch(text):
            moment = datetime.combine(date.fromisoformat(text), time(12), zone)
        else:
            moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return _written(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise BadValue(
        "invalid_datetime",
        f'"{text}" is neither an instant such as 2026-03-31T09:00:00Z nor a date.',
    )


def _written(moment: datetime) -> str:
    """Whole seconds, or milliseconds: finer HubSpot does not keep."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def text(value: str) -> str:
    """Any text that is not too long."""
    if len(value) > LONGEST:
        raise BadValue(
            "too_long",
            f"The text has {len(value):,} characters; HubSpot keeps {LONGEST:,} at most.",
        )
    return value


def flag(value: str) -> str:
    """``true`` or ``false``."""
    folded = value.strip().casefold()
    if folded not in {"true", "false"}:
        raise BadValue("invalid_bool", f'"{value}" is neither true nor false.')
    return folded


class Choice:
    """The options of a property: by value, by value in any letter case, by label."""

    def __init__(self, info: FieldInfo) -> None:
        self._info = info
        self._by_folded: dict[str, str | None] = {}
        for folded, value in _spellings(info):
            known = self._by_folded.setdefault(folded, value)
            if known != value:
                self._by_folded[folded] = None  # two options by that name

    def value(self, given: str) -> str:
        """The internal value or values, several joined by ``;``, in the order given.

        A property without options takes them from elsewhere (``externalOptions``), unchecked.
        """
        if not self._info.options:
            return text(given)
        if not self._info.multiple:
            return self._one(given)
        parts = [part for part in given.split(";") if part.strip()]
        # A leading semicolon would append to what is there instead of replacing it.
        return ";".join(dict.fromkeys(self._one(part) for part in parts))

    def _one(self, given: str) -> str:
        given = given.strip()
        if given in self._info.options:
            return given
        found = self._by_folded.get(given.casefold(), "")
        if found:
            return found
        labels = list(self._info.options.values())
        if found is None:
            message = f'"{given}" names several options of {self._info.label}; use their value.'
            raise BadValue("ambiguous_option", message)
        raise BadValue(
            "unknown_option",
            f'"{given}" is no option of {self._info.label}.{did_you_mean(given, labels)}',
        )


def _spellings(info: FieldInfo) -> list[tuple[str, str]]:
    values = [(value.strip().casefold(), value) for value in info.options]
    taken = {folded for folded, _ in values}
    labels = [(label.strip().casefold(), value) for value, label in info.options.items()]
    return values + [(folded, value) for folded, value in labels if folded not in taken]


# -- comparing -------------------------------------------------------------------------------------


def same(kind: str, ours: str, held: str | None) -> bool:
    """Whether two values of a property of this kind say the same.

    Numbers by value, instants by instant, choices of several as sets, texts whatever their line
    ends; ``email`` in any letter case. Blank is None or ``""``.
    """
    if not held or not ours:
        return not held and not ours
    meaning = _MEANINGS.get(kind, _lines)
    return ours == held or (meaning(ours) is not None and meaning(ours) == meaning(held))


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n")


def _folded(value: str) -> str:
    return value.strip().casefold()


def _set(value: str) -> frozenset[str]:
    return frozenset(value.split(";"))


def _decimal(value: str) -> Decimal | None:
    try:
        found = Decimal(value.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _moment(value: str) -> datetime | None:
    """An instant of ISO text or of milliseconds since 1970, both of which HubSpot writes."""
    try:
        if _MILLISECONDS.fullmatch(value):
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_MEANINGS: Mapping[str, Callable[[str], object]] = {
    "number": _decimal,
    "date": _moment,
    "datetime": _moment,
    "choices": _set,
    "bool": _folded,
    "email": _folded,
}
"""What of a value counts, per kind; None = not readable as that kind."""
