"""Whether a text is a valid value of a property, and how HubSpot gives it back.

Codes and wording follow answers seen in public; where none was seen, the line says so.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.schema import Property

MAX_TEXT = 65_536
"""Most characters in a string property (crm-properties-v3 guide)."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)
_MILLIS = re.compile(r"-?\d{1,15}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;.]+(?:\.[^\s@<>,;.]+)+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Invalid(Exception):
    """A value that its property does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def iso(moment: datetime, *, millis: bool = False) -> str:
    """An instant of UTC as HubSpot writes it: ``2024-05-01T00:00:00Z``, milliseconds if any.

    UNCERTAIN whether whole seconds come with ``.000``: both spellings stand in HubSpot's own
    examples; ``millis`` asks for the longer one everywhere.
    """
    exact = "milliseconds" if millis or moment.microsecond >= 1000 else "seconds"
    return moment.isoformat(timespec=exact).removesuffix("+00:00") + "Z"


def instant(text: str) -> datetime | None:
    """The instant that an ISO 8601 text or milliseconds since 1970 stand for; None if neither.

    A date alone is midnight UTC, and so is a time without a zone in UTC (crm-properties-v3 guide;
    the latter UNCERTAIN).
    """
    try:
        if _MILLIS.fullmatch(text):
            return _EPOCH + timedelta(milliseconds=int(text))
        if _INSTANT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return None


def millis_of(text: str) -> int | None:
    """An instant as milliseconds since 1970."""
    moment = instant(text)
    return None if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


def check(prop: Property, text: str, *, held: str | None = None, millis: bool = False) -> str:
    """The text to store for a property whose options do not live elsewhere.

    Args:
        prop: the property.
        text: the value sent, not empty.
        held: what the record holds there (a leading ``;`` appends to it).
        millis: see :func:`iso`.

    Raises:
        Invalid: the property does not take the value.
    """
    match prop.type:
        case "number":
            return _check_number(text)
        case "date":
            return _check_date(text)
        case "datetime":
            moment = instant(text)
            if moment is None:
                raise Invalid("INVALID_LONG", f'"{text}" was not a valid long.')
            return iso(moment, millis=millis)
        case "bool":
            return _check_options(("true", "false"), [text])
        case "enumeration":
            return _check_choice(prop, text, held)
        case _:
            return _check_string(prop, text)


def _check_number(text: str) -> str:
    # UNCERTAIN whether HubSpot rewrites numbers (1234.50 to 1234.5); given back as sent.
    if not _NUMBER.fullmatch(text):
        raise Invalid("INVALID_INTEGER", f"{text} was not a valid number.")
    return text


def _check_date(text: str) -> str:
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
    elif _MILLIS.fullmatch(text) and (moment := instant(text)) is not None:
        if moment.hour or moment.minute or moment.second or moment.microsecond:
            at = moment.time().isoformat()
            raise Invalid("INVALID_DATE", f"{text} is at {at} UTC, not midnight!")
        return moment.date().isoformat()
    raise Invalid("INVALID_DATE", f'"{text}" was not a valid date.')


def _check_options(allowed: tuple[str, ...], values: list[str]) -> str:
    for value in values:
        if value not in allowed:
            listed = ", ".join(allowed)
            message = f'"{value}" was not one of the allowed options: [{listed}]'
            raise Invalid("INVALID_OPTION", message)
    return sys.intern(";".join(values))


def _check_choice(prop: Property, text: str, held: str | None) -> str:
    if text in prop.values:
        return sys.intern(text)
    allowed = tuple(option.value for option in prop.options)
    if not prop.multiple:
        return _check_options(allowed, [text])
    before = held.split(";") if held and text.startswith(";") else []
    values = dict.fromkeys([*before, *(part for part in text.split(";") if part)])
    return _check_options(allowed, list(values))


def _check_string(prop: Property, text: str) -> str:
    if len(text) > MAX_TEXT:
        # UNCERTAIN: the limit is documented, the code of its error is not.
        message = f"The value of {len(text)} characters exceeds the limit of {MAX_TEXT}."
        raise Invalid("PROPERTY_VALUE_TOO_LONG", message)
    if prop.name == "email" and not _EMAIL.fullmatch(text):
        raise Invalid("INVALID_EMAIL", f"Email address {text} is invalid")
    return text
