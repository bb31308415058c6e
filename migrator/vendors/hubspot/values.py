"""Values as HubSpot writes them, by the kind of the property; and when two of them say the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.values import agree, decimal, lines, zulu
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


# -- comparing -------------------------------------------------------------------------------------


def same(kind: str, ours: str, held: str | None) -> bool:
    """Whether two values of a property of this kind say the same.

    Numbers by value, instants by instant, choices of several as sets, texts whatever their line
    ends; ``email`` in any letter case. Blank is None or ``""``.
    """
    return agree(_MEANINGS.get(kind, lines), ours, held)


def _set(value: str) -> frozenset[str]:
    return frozenset(value.split(";"))


def _moment(value: str) -> datetime | None:
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
    "date": _moment,
    "datetime": _moment,
    "choices": _set,
    "bool": folded,
    "email": folded,
}
"""What of a value counts, per kind; None = not readable as that kind."""
