"""Instants and values as Brevo writes and takes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;.]+(?:\.[^\s@<>,;.]+)+")
_PHONE = re.compile(r"(?:\+|00)?[1-9]\d{6,14}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
_DAY_ORDER = {
    "iso": "%Y-%m-%d",
    "dd-mm-yyyy": "%d-%m-%Y",
    "mm-dd-yyyy": "%m-%d-%Y",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(epoch: float, *, millis: bool) -> str:
    """Seconds since 1970 as ``2026-10-01T22:59:19Z``, or with milliseconds."""
    moment = _EPOCH + timedelta(seconds=epoch)
    return _written(moment, millis=millis)


def _written(moment: datetime, *, millis: bool) -> str:
    exact = "milliseconds" if millis else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=exact).removesuffix("+00:00") + "Z"


def instant(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 instant, None = it is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH).total_seconds()
    except (ValueError, OverflowError):
        return None


def moment(text: str, *, as_written: bool) -> str | None:
    """A date or an instant as a record keeps it, None = it is neither.

    A date alone becomes midnight UTC unless values are kept as they were written.
    """
    try:
        if _DATE.fullmatch(text):
            date.fromisoformat(text)
            return text if as_written else f"{text}T00:00:00Z"
        if _INSTANT.fullmatch(text):
            found = datetime.fromisoformat(text)
            return text if as_written else _written(found, millis=found.microsecond > 0)
    except (ValueError, OverflowError):
        return None
    return None


@lru_cache(maxsize=4096)  # the days of a file are few, and parsing them is most of its cost
def day(text: str, form: str) -> str | None:
    """A date in a cell of an import, as ISO; None = it has another form."""
    try:
        found = datetime.strptime(text, _DAY_ORDER[form])  # noqa: DTZ007  # a day has no zone
    except ValueError:
        return None
    return found.date().isoformat()


def number(text: str) -> int | float | None:
    """A plain number in a cell, None = it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def is_email(text: str) -> bool:
    """Whether a text is well formed as an e-mail address."""
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether a text is a telephone number with its country code."""
    return _PHONE.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether a text has the form of the ids of the CRM (24 hex digits)."""
    return _ID.fullmatch(text) is not None
