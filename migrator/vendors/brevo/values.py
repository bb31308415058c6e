"""Values as Brevo takes them, by the kind of the attribute; and when two of them say the same."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrator.errors import did_you_mean
from migrator.vendors.brevo.answers import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from migrator.model import FieldInfo

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MIDNIGHT = re.compile(r"00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})?")


class BadValue(ValueError):
    """A value that an attribute cannot take; ``code`` and text are for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def folded(text: str) -> str:
    """Text as names are compared: trimmed, in one letter case."""
    return text.strip().casefold()


def zone_of(name: str | None) -> tzinfo | None:
    """The account's time zone; None when it is not known."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# -- into Brevo's form -----------------------------------------------------------------------------


def number(text: str) -> str:
    """A plain decimal that a JSON number of Brevo's (a double) keeps exactly."""
    if not _NUMBER.fullmatch(text):
        raise BadValue("invalid_number", f'"{text}" is no plain decimal number such as 1234.50.')
    kept = float(text)
    if Decimal(text) not in {Decimal(repr(kept)), Decimal(kept)}:
        raise BadValue(
            "too_precise", f"Brevo would keep {text} as {kept!r}: it has more digits than it holds."
        )
    return text


def day(text: str) -> str:
    """A day, or an instant in UTC: the only type of attribute for dates takes both.

    UNCERTAIN: production code sends ``YYYY-MM-DD``, examples of the documentation are instants.
    A day goes as a day, so that no time zone can move it.
    """
    try:
        if _DATE.fullmatch(text):
            date.fromisoformat(text)
            return text
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            precision = "milliseconds" if moment.microsecond else "seconds"
            utc = moment.astimezone(UTC).replace(tzinfo=None)
            return utc.isoformat(timespec=precision) + "Z"
    except (ValueError, OverflowError):
        pass
    raise BadValue(
        "invalid_date",
        f'"{text}" is neither a date such as 2026-03-31 nor an instant as 2026-03-31T09:00:00Z.',
    )


def flag(text: str) -> str:
    """``true`` or ``false``."""
    found = folded(text)
    if found not in {"true", "false"}:
        raise BadValue("invalid_bool", f'"{text}" is neither true nor false.')
    return found


def plain(text: str) -> str:
    """Any text: no limit is documented."""
    return text


class Choice:
    """The options of an attribute: by key, by key in any letter case, by label."""

    def __init__(self, info: FieldInfo) -> None:
        self._info = info
        self._by_folded: dict[str, str | None] = {}
        keys = [(folded(key), key) for key in info.options]
        taken = {name for name, _ in keys}
        labels = [(folded(label), key) for key, label in info.options.items()]
        for name, key in keys + [(name, key) for name, key in labels if name not in taken]:
            known = self._by_folded.setdefault(name, key)
            if known != key:
                self._by_folded[name] = None  # two options by that name

    def value(self, given: str) -> str:
        """The key, or keys joined by ``;``; an attribute without options takes any text."""
        if not self._info.options:
            return given
        if not self._info.multiple:
            return self._one(given)
        parts = [part for part in given.split(";") if part.strip()]
        return ";".join(dict.fromkeys(self._one(part) for part in parts))

    def _one(self, given: str) -> str:
        given = given.strip()
        if given in self._info.options:
            return given
        found = self._by_folded.get(folded(given), "")
        if found:
            return found
        label = self._info.label
        if found is None:
            message = f'"{given}" names several options of {label}; use their key.'
            raise BadValue("ambiguous_option", message)
        near = did_you_mean(given, self._info.options.values())
        raise BadValue("unknown_option", f'"{given}" is no option of {label}.{near}')


# -- onto the wire ---------------------------------------------------------------------------------


def for_json(info: FieldInfo | None, text: str) -> Any:  # noqa: ANN401  # whatever JSON can say
    """A property as the JSON value that its attribute takes; of unknown ones the text."""
    if info is None:
        return text
    if info.kind == "number" and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if info.kind == "bool":
        return text == "true"
    if info.multiple:
        return text.split(";")
    return text


# -- comparing -------------------------------------------------------------------------------------


def same(info: FieldInfo | None, ours: str, held: str | None, zone: tzinfo | None) -> bool:
    """Whether two values of an attribute say the same; blank is None or ``""``.

    Numbers by value, days by day, instants by instant, options by key or label, texts whatever
    their line ends. Of an attribute that is not known the texts are compared.
    """
    if not held or not ours:
        return not held and not ours
    if ours == held:
        return True
    if info is not None and info.kind == "date":
        return _same_date(ours, held, zone)
    if info is not None and info.kind == "choice":
        return _keys(info, ours) == _keys(info, held)
    meaning = _MEANINGS.get(info.kind if info else "text", _lines)
    return meaning(ours) is not None and meaning(ours) == meaning(held)


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n")


def _flag(value: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(folded(value))


def _decimal(value: str) -> Decimal | None:
    try:
        found = Decimal(value.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


_MEANINGS: Mapping[str, Callable[[str], object]] = {"number": _decimal, "bool": _flag}
"""What of a value counts, per kind; None = not readable as that kind."""


def _keys(info: FieldInfo, value: str) -> frozenset[str]:
    """Keys that a value names; a label stands for its key."""
    by_label = {folded(label): key for key, label in info.options.items()}
    parts = value.split(";") if info.multiple else [value]
    return frozenset(
        part if part in info.options else by_label.get(folded(part), part) for part in parts
    )


def _same_date(ours: str, held: str, zone: tzinfo | None) -> bool:
    """Days and instants, in whichever form Brevo gives them back (UNCERTAIN).

    Midnight stands for a day, as it is written; another time of day shows the day that it is in
    the account's time zone. An instant of ours of which only the day is kept counts as the same:
    Brevo has no attribute that keeps more.
    """
    moment = instant(held)
    if moment is None:
        return False
    if _is_day(held):
        held_day = held[:10]
    else:
        held_day = (moment.astimezone(zone) if zone else moment).date().isoformat()
    if len(ours) == 10:
        return ours == held_day
    our_moment = instant(ours)
    if our_moment is None:
        return False
    if _is_day(held):
        return held_day == our_moment.date().isoformat()
    if not moment.microsecond:
        our_moment = our_moment.replace(microsecond=0)
    return our_moment == moment


def _is_day(value: str) -> bool:
    """Whether a date has no time of day, or midnight."""
    return len(value) == 10 or bool(_MIDNIGHT.fullmatch(value[11:]))
