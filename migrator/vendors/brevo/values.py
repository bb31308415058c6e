"""Values as Brevo takes them, by the kind of the attribute; and when two of them say the same."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from migrator.vendors.brevo.answers import instant
from migrator.vendors.shared import values
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.values import agree, decimal, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from migrator.model import FieldInfo

_MIDNIGHT = re.compile(r"00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})?")


# -- into Brevo's form -----------------------------------------------------------------------------


def number(text: str) -> str:
    """A plain decimal that a JSON number of Brevo's (a double) keeps exactly."""
    found = values.number(text)
    kept = float(found)
    if Decimal(found) not in {Decimal(repr(kept)), Decimal(kept)}:
        raise BadValue(
            "too_precise", f"Brevo would keep {text} as {kept!r}: it has more digits than it holds."
        )
    return found


def day(text: str) -> str:
    """A day, or an instant in UTC: the only type of attribute for dates takes both.

    UNCERTAIN: production code sends ``YYYY-MM-DD``, examples of the documentation are instants.
    A day goes as a day, so that no time zone can move it.
    """
    if values.is_day(text):
        return text
    moment = values.as_instant(text)
    if moment is None:
        raise BadValue(
            "invalid_date",
            f'"{text}" is neither a date such as 2026-03-31 nor an instant such as '
            "2026-03-31T09:00:00Z.",
        )
    return values.zulu(moment)


def plain(text: str) -> str:
    """Any text: no limit is documented."""
    return text


# -- onto the wire ---------------------------------------------------------------------------------


def for_json(info: FieldInfo | None, text: str) -> Any:  # noqa: ANN401  # whatever JSON can say
    """A property as the JSON value that its attribute takes; of unknown ones the text.

    Blank clears an attribute: of text as blank text, of all else as null.
    """
    if info is None or not text:
        return text if info is None or info.kind == "text" else None
    if info.kind == "number" and (number := decimal(text)) is not None:
        return int(number) if number == number.to_integral_value() else float(number)
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
    if info is None:
        return agree(lines, ours, held)
    if info.kind == "date" and ours and held:
        return ours == held or _same_date(ours, held, zone)
    if info.kind == "choice":
        return agree(partial(_keys, info), ours, held)
    return agree(_MEANINGS.get(info.kind, lines), ours, held)


def _flag(value: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(folded(value))


_MEANINGS: Mapping[str, Callable[[str], object]] = {"number": decimal, "bool": _flag}
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
    if is_day(held):
        held_day = held[:10]
    else:
        held_day = (moment.astimezone(zone) if zone else moment).date().isoformat()
    if len(ours) == 10:
        return ours == held_day
    our_moment = instant(ours)
    if our_moment is None:
        return False
    if is_day(held):
        return held_day == our_moment.date().isoformat()
    if not moment.microsecond:
        our_moment = our_moment.replace(microsecond=0)
    return our_moment == moment


def is_day(value: str) -> bool:
    """Whether a date has no time of day, or midnight."""
    return len(value) == 10 or bool(_MIDNIGHT.fullmatch(value[11:]))
