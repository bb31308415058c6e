"""From the cells of a file to values as the API takes them: labels, owners, dates as people write.

What cannot be understood is an :class:`Invalid` whose code is an ``errorType`` of the spec.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from migrator.vendors.hubspot.sandbox.values import Invalid, instant, iso

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.schema import Property

_MILLIS = re.compile(r"-?\d{9,15}", re.ASCII)
_DAY = re.compile(
    r"(\w+)[/.\-, ]+(\w+)[/.\-, ]+(\w+)(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?"
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        start=1,
    )
}
_CENTURY = 100


class Cells:
    """Understands the cells of one import."""

    def __init__(self, portal: Portal, date_format: str) -> None:
        self._portal = portal
        self._order = date_format.split("_")
        local = portal.options.import_local_time
        self._zone = ZoneInfo(portal.time_zone) if local else UTC

    def value(self, prop: Property, text: str) -> str:
        """The value that a cell of one property stands for.

        Raises:
            Invalid: it stands for none; its code is an ``errorType``.
        """
        if prop.name == "hubspot_owner_id":
            return self._owner(text)
        if prop.type in {"date", "datetime"}:
            return self._date(text, whole=prop.type == "date")
        options = self._options(prop)
        if not options:
            return text
        if prop.multiple:
            return _several(options, text)
        return _choice(options, text)

    def stage(self, pipeline_id: str | None, text: str) -> str:
        """The id of a stage of this pipeline, by its id or its label.

        Raises:
            Invalid: the pipeline has no such stage.
        """
        stages = [
            (stage.id, stage.label)
            for pipeline in self._portal.pipelines
            if pipeline.id == pipeline_id
            for stage in pipeline.stages
        ]
        return _choice(stages, text)

    def _options(self, prop: Property) -> list[tuple[str, str]]:
        """Values and labels that a property chooses from; none = it takes any text."""
        if prop.name == "pipeline":
            return [(one.id, one.label) for one in self._portal.pipelines]
        if prop.type == "bool":
            return [("true", "true"), ("false", "false")]
        return [(one.value, one.label) for one in prop.options]

    def _owner(self, text: str) -> str:
        owners = self._portal.owners
        if text in owners:
            return text
        wanted = text.casefold()
        found = [
            one.id
            for one in owners.values()
            if wanted in {one.email.casefold(), f"{one.first_name} {one.last_name}".casefold()}
        ]
        if len(found) > 1:
            raise Invalid("MULTIPLE_OWNERS_FOUND", f"Several owners are called {text}.")
        if not found:
            raise Invalid("COULD_NOT_FIND_OWNER", f"No owner is called {text}.")
        return found[0]

    def _date(self, text: str, *, whole: bool) -> str:
        """An instant, or a day, in the order of the import's date format."""
        moment: datetime | None = None
        if _MILLIS.fullmatch(text):
            return text
        if self._order[0] == "YEAR" and text.endswith("Z"):
            # UNCERTAIN: the import file page has no ISO instants; they are year, month, day.
            moment = instant(text)
        elif found := _DAY.fullmatch(text):
            moment = self._moment(found)
        if moment is None:
            raise Invalid("COULD_NOT_PARSE_DATE", f"{text} is not a date, {'/'.join(self._order)}.")
        return moment.date().isoformat() if whole else iso(moment.astimezone(UTC))

    def _moment(self, found: re.Match[str]) -> datetime | None:
        order = list(self._order)
        pieces = list(found.group(1, 2, 3))
        named = next((piece for piece in pieces if piece.isalpha()), None)
        known: dict[str, str] = {}
        if named is not None:
            order.remove("MONTH")
            pieces.remove(named)
            known["MONTH"] = str(_MONTHS.get(named[:3].casefold(), 0))
        known.update(zip(order, pieces, strict=True))
        hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
        try:
            year = int(known["YEAR"])
            # UNCERTAIN: years of two digits are taken for those of this century.
            year += 2000 if year < _CENTURY else 0
            day = date(year, int(known["MONTH"]), int(known["DAY"]))
            moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=self._zone)
        except ValueError:
            return None
        return moment


def _several(options: list[tuple[str, str]], text: str) -> str:
    """Several choices, joined by ``;``; a leading one appends them to those held."""
    lead = ";" if text.startswith(";") else ""
    parts = [part.strip() for part in text.split(";")]
    return lead + ";".join(_choice(options, part) for part in parts if part)


def _choice(options: list[tuple[str, str]], text: str) -> str:
    """The value of an option, given by value or label; letter case does not matter (UNCERTAIN)."""
    if any(value == text for value, _ in options):
        return text
    wanted = text.casefold()
    found = [value for value, label in options if wanted in {value.casefold(), label.casefold()}]
    if len(found) > 1:
        raise Invalid("AMBIGUOUS_ENUMERATION_OPTION", f"{text} is the label of several options.")
    if not found:
        listed = ", ".join(value for value, _ in options)
        raise Invalid("INVALID_ENUMERATION_OPTION", f"{text} is none of the options: [{listed}]")
    return found[0]
