"""Lists of deals and companies: filters, order and pages."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, TypeAlias

from migrator.vendors.brevo.sandbox.answers import Answer, Refusal, invalid
from migrator.vendors.brevo.sandbox.schema import DEALS
from migrator.vendors.brevo.sandbox.values import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.vendors.brevo.sandbox.answers import Call, Json
    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.brevo.sandbox.records import Records
    from migrator.vendors.brevo.sandbox.schema import Kind
    from migrator.vendors.brevo.sandbox.store import Id, Row

    Test: TypeAlias = Callable[[Row], bool]

_PAGING = frozenset({"offset", "limit", "page", "sort", "sortBy", "createdSince"})
_ATTRIBUTE = "filters[attributes."


class Listing:
    """``GET /crm/deals`` or ``GET /companies``."""

    def __init__(self, organization: Organization, kind: Kind, records: Records) -> None:
        self._org = organization
        self._kind = kind
        self._records = records
        self._table = organization.deals if kind is DEALS else organization.companies
        self._found: tuple[object, Sequence[Row]] = (None, ())

    def index(self, call: Call) -> Answer:
        """A page; ``pager`` and ``refs`` are not documented (recorded)."""
        options = self._org.options
        limit = call.whole("limit", options.list_limit, least=1)
        if limit > options.max_page:
            if options.over_max_page == "refuse":
                raise Refusal(400, "out_of_range", "limit exceeds max value")
            limit = options.max_page
        if self._kind is DEALS:
            offset = call.whole("offset", 0)
        else:
            # Pages count from 1 (recorded); UNCERTAIN: 0 is taken for the first here.
            offset = (max(1, call.whole("page", 1)) - 1) * limit
        rows = self._rows(call)
        shown = [self._records.body(row) for row in rows[offset : offset + limit]]
        pager: dict[str, Json] = {
            "current": offset // limit + 1,
            "limit": limit,
            "from": offset,
            "to": offset + limit,
            "count": len(shown),
            "total": len(rows),
            "max": -(-len(rows) // limit),
        }
        return Answer(200, {"items": [*shown], "pager": pager, "refs": {}})

    def _rows(self, call: Call) -> Sequence[Row]:
        """All records a query finds; the pages of one query are cut from the same list."""
        order = self._table.listed(self._org.instant().clock)
        query = sorted(
            (name, value)
            for name, value in call.query.multi_items()
            if name not in {"offset", "limit", "page"}
        )
        question = (self._table.version, query)
        if self._found[0] != question:
            self._found = (question, self._find(call, order))
        return self._found[1]

    def _find(self, call: Call, order: Sequence[Row]) -> Sequence[Row]:
        since = self._since(call, "createdSince")
        if since is not None:
            order = order[bisect_right(order, since, key=lambda row: row.created) :]
        tests = [
            test
            for name, value in call.query.multi_items()
            if name not in _PAGING and (test := self._test(name, value)) is not None
        ]
        if tests:
            order = [row for row in order if all(test(row) for test in tests)]
        return self._sorted(call, order)

    def _sorted(self, call: Call, rows: Sequence[Row]) -> Sequence[Row]:
        """By an attribute given with its path; by creation when there is none (recorded)."""
        by = call.query.get("sortBy")
        descending = call.descending()
        if by is not None:
            name = by.removeprefix("attributes.")
            if name == by or name not in self._org.attributes[self._kind.name]:
                raise invalid("sortBy is not valid")
            if name != self._kind.created:
                rows = sorted(rows, key=lambda row: self._sort_key(row, name))
        return rows[::-1] if descending else rows

    def _sort_key(self, row: Row, name: str) -> tuple[bool, float, str]:
        value = self._records.attributes(row).get(name)
        number = value if isinstance(value, int | float) else 0.0
        return value is not None, number, str(value)

    def _since(self, call: Call, name: str) -> float | None:
        text = call.query.get(name)
        if text is None:
            return None
        found = instant(text)
        if found is None:
            self._unusable(name)
        return found

    def _unusable(self, name: str) -> None:
        """UNCERTAIN in general: unusable filters are ignored without a word (recorded of some)."""
        if self._org.options.bad_filters == "refuse":
            raise invalid(f"{name} is not valid")

    def _test(self, name: str, value: str) -> Test | None:
        """Whether a record passes a filter; None = the filter is of no use."""
        test: Test | None = None
        if name == "modifiedSince":
            since = instant(value)
            test = None if since is None else lambda row: row.updated > since
        elif name in (links := self._link_filters()):
            test = self._linked(links[name], value)
        elif name.startswith(_ATTRIBUTE) and name.endswith("]"):
            test = self._attribute(name[len(_ATTRIBUTE) : -1], value)
        if test is None:
            self._unusable(name)
        return test

    def _link_filters(self) -> dict[str, str]:
        """Names of the filters by linked records, to their kind; deals put them in brackets."""
        fields = self._kind.link_fields
        if self._kind is DEALS:
            return {f"filters[{name}]": kind for kind, name in fields.items()}
        return {name: kind for kind, name in fields.items()}

    def _linked(self, kind: str, value: str) -> Test | None:
        """One that no record matches is ignored, and the list comes unfiltered (recorded)."""
        ids: set[Id] = {
            int(text) if kind == "contacts" and text.isascii() and text.isdigit() else text
            for text in value.split(",")
        }
        if all(self._org.find(kind, id) is None for id in ids):
            return None
        return lambda row: not ids.isdisjoint(row.linked.get(kind, ()))

    def _attribute(self, name: str, value: str) -> Test | None:
        """A filter by an attribute; documented are title and owner, and two more of deals."""
        kind = self._kind
        if name == kind.title_attribute:
            return self._titled(value)
        if name == kind.owner_attribute:
            # By e-mail address, although records show the id (documented).
            user = self._org.user(value) if "@" in value else None
            return None if user is None else lambda row: row.values.get(name) == user.id
        if kind is DEALS and name in {"deal_stage", "pipeline"}:
            return lambda row: row.values.get(name) == value
        known = name in self._org.attributes[kind.name]
        if self._org.options.custom_filters and known:
            return lambda row: str(row.values.get(name, "")) == value
        return None

    def _titled(self, value: str) -> Test:
        title = self._kind.title_attribute
        wanted = value.casefold()
        if self._org.options.name_filter == "contains":
            return lambda row: wanted in str(row.values.get(title, "")).casefold()
        return lambda row: str(row.values.get(title, "")).casefold() == wanted
