"""The search endpoint: filters over what the index shows, which lags behind the records."""

from __future__ import annotations

import operator
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    Refusal,
    as_names,
    as_object,
    as_objects,
    as_text,
    invalid,
)
from migrator.vendors.hubspot.sandbox.values import millis_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.records import Records
    from migrator.vendors.hubspot.sandbox.schema import Kind, Property
    from migrator.vendors.hubspot.sandbox.store import Row

PAGE = 200
TOTAL = 10_000
BODY = 3_000
GROUPS, PER_GROUP, FILTERS = 5, 6, 18
"""Limits of one search (search guide): page, results in all, characters, filters."""

Sortable: TypeAlias = tuple[int, float, str]
Test: TypeAlias = "Callable[[str | None], bool]"

_WORD = re.compile(r"[\w@.*+-]+")
_ORDER = {
    "EQ": operator.eq,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


class Search:
    """The endpoint ``objects/{type}/search``."""

    def __init__(self, portal: Portal, records: Records) -> None:
        self._portal = portal
        self._records = records

    def search(self, call: Call) -> Answer:
        """One page of what matches any of the filter groups."""
        kind = self._portal.kind(call.args["type"])
        body = call.object()
        if call.size > BODY:
            raise invalid(f"The request body is larger than {BODY} characters.")
        limit, after = _whole(body, "limit", 10), _whole(body, "after", 0)
        if not 0 < limit <= PAGE:
            raise invalid(f"limit must be between 1 and {PAGE}.")
        if after + limit > TOTAL:
            raise invalid(f"Paging is limited to the first {TOTAL} results of a search.")
        groups = self._groups(kind, body)
        found = [
            (row, held)
            for row, held in self._shown(kind, as_text(body.get("query")))
            if not groups
            or any(
                all(test(self._records.value(kind, row, name, held)) for name, test in group)
                for group in groups
            )
        ]
        self._sort(kind, body, found)
        names = as_names(body.get("properties"))
        page = found[after : after + limit]
        results: list[Json] = [self._records.read(kind, row, names, held) for row, held in page]
        answer: Object = {"total": len(found), "results": results}
        if len(found) > after + limit:
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Answer(200, answer)

    def _shown(self, kind: Kind, query: str) -> Iterator[tuple[Row, Mapping[str, str]]]:
        """Records as the index has them; what was written too recently is old or absent."""
        now = self._portal.clock()
        words = query.casefold().split()
        for row in self._portal.tables[kind.name].after(0):
            held: Mapping[str, str] | None = row.properties
            if row.stale is not None and now < row.stale.until:
                held = row.stale.properties
            if row.archived_at is not None or held is None:
                continue
            if words:
                text = " ".join(held.get(name, "") for name in kind.defaults).casefold()
                if not all(word in text for word in words):
                    continue
            yield row, held

    def _groups(self, kind: Kind, body: Object) -> list[list[tuple[str, Test]]]:
        groups = (
            [as_objects(group.get("filters")) for group in as_objects(body["filterGroups"])]
            if "filterGroups" in body
            else []
        )
        if "filters" in body:
            groups.append(as_objects(body["filters"]))
        if len(groups) > GROUPS or any(len(group) > PER_GROUP for group in groups):
            raise invalid(f"At most {GROUPS} filter groups of {PER_GROUP} filters are allowed.")
        if sum(len(group) for group in groups) > FILTERS:
            raise invalid(f"At most {FILTERS} filters are allowed.")
        return [[self._test(kind, one) for one in group] for group in groups]

    def _test(self, kind: Kind, given: Object) -> tuple[str, Test]:
        name = as_text(given.get("propertyName"))
        prop = self._portal.property(kind, name)
        if prop is None:
            problem = f"Property {name} does not exist for objects of type {kind.caps}."
            raise Refusal(
                400, "VALIDATION_ERROR", f"There was a problem with the request. {problem}"
            )
        values = as_names(given.get("values"))
        return name, _test(prop, as_text(given.get("operator")), given, values)

    def _sort(
        self,
        kind: Kind,
        body: Object,
        found: list[tuple[Row, Mapping[str, str]]],
    ) -> None:
        sorts = body.get("sorts") or []
        if not isinstance(sorts, list) or len(sorts) > 1:
            raise invalid("At most one sort is allowed.")
        if not sorts:
            return
        given: Object = (
            {"propertyName": sorts[0]} if isinstance(sorts[0], str) else as_object(sorts[0])
        )
        name = as_text(given.get("propertyName"))
        prop = self._portal.property(kind, name)
        if prop is None:
            raise invalid(f"Property {name} does not exist.")
        found.sort(
            key=lambda one: sortable(prop, self._records.value(kind, one[0], name, one[1])),
            reverse=given.get("direction") == "DESCENDING",
        )


def sortable(prop: Property, value: str | None) -> Sortable:
    """A value as it is compared: blanks first, numbers and instants by size, text by letters."""
    if value is None:
        return (0, 0.0, "")
    if prop.type == "number":
        try:
            return (1, float(value), "")
        except ValueError:
            return (1, 0.0, value)
    if prop.type in {"date", "datetime"}:
        moment = millis_of(value)
        return (1, float(moment or 0), "")
    return (1, 0.0, value.casefold())


def _test(prop: Property, named: str, given: Object, values: list[str]) -> Test:
    """The condition of one filter.

    IN and NOT_IN compare text in lower case and do not lower the values given (search guide).
    """
    if named in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        wanted_blank = named == "NOT_HAS_PROPERTY"
        return lambda held: (held is None) == wanted_blank
    if named in {"IN", "NOT_IN"}:
        return _test_in(prop, values, negate=named == "NOT_IN")
    if "value" not in given:
        raise invalid(f"Operator {named} needs a value.")
    wanted = as_text(given["value"])
    if named in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        return _test_token(wanted, negate=named.startswith("NOT"))
    return _test_order(prop, named, wanted, as_text(given.get("highValue")))


def _test_order(prop: Property, named: str, wanted: str, high: str) -> Test:
    low, top = sortable(prop, wanted), sortable(prop, high)
    compare = _ORDER.get(named)
    if named == "BETWEEN":
        return lambda held: held is not None and low <= sortable(prop, held) <= top
    if named == "NEQ":
        return lambda held: held is None or sortable(prop, held) != low
    if compare is None:
        raise invalid(f"{named} is not a valid operator.")
    return lambda held: held is not None and compare(sortable(prop, held), low)


def _test_in(prop: Property, values: list[str], *, negate: bool) -> Test:
    if prop.type in {"string", "enumeration", "bool", "phone_number"}:
        allowed = set(values) if prop.type == "string" else {value.lower() for value in values}
        return lambda held: ((held or "").lower() in allowed) != negate
    wanted = {sortable(prop, value) for value in values}
    return lambda held: (sortable(prop, held) in wanted) != negate


def _test_token(wanted: str, *, negate: bool) -> Test:
    pattern = wanted.casefold()

    def test(held: str | None) -> bool:
        words = _WORD.findall((held or "").casefold())
        return any(fnmatchcase(word, pattern) for word in words) != negate

    return test


def _whole(body: Object, name: str, default: int) -> int:
    text = as_text(body.get(name)) or str(default)
    if not text.isascii() or not text.isdigit():
        raise invalid(f"{name} must be a whole number.")
    return int(text)
