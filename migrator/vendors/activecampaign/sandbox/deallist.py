"""``GET /deals`` and the deals of a contact: filters, orders, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.vendors.activecampaign.sandbox.answers import Answer, bare, whole
from migrator.vendors.activecampaign.sandbox.deals import money_sum
from migrator.vendors.activecampaign.sandbox.listing import page, unordered_page
from migrator.vendors.activecampaign.sandbox.values import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.data import Data
    from migrator.vendors.activecampaign.sandbox.deals import Deals
    from migrator.vendors.activecampaign.sandbox.rows import Company, Contact, Deal
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

    Test = Callable[[Deal], bool]

_ORDERS = frozenset({"title", "value", "cdate", "contact_name", "contact_orgname", "next-action"})
_PAGING = frozenset({"limit", "offset", "include"})


class DealList:
    """Lists of deals. The last one made is kept until something changes."""

    def __init__(self, tenant: Tenant, deals: Deals, data: Data) -> None:
        self._tenant = tenant
        self._deals = deals
        self._data = data
        self._filters = DealFilters(tenant)
        self._key: object = None
        self._rows: list[Deal] = []
        self._currencies: Json = []

    def index(self, call: Call) -> Answer:
        """A page of deals; without an order that counts, pages overlap (recorded)."""
        include = "dealCustomFieldData" in call.query.get("include", "")
        if include and self._tenant.options.include == "400":
            raise bare()
        ordered = self._make(call)
        if ordered:
            found = page(self._rows, call)
        else:
            found = unordered_page(self._rows, call, self._tenant.options.seed)
        body: Object = {
            "deals": [self._deals.row(one) for one in found],
            "meta": {"currencies": self._currencies, "total": len(self._rows)},
        }
        if include and self._tenant.options.include == "works":
            body["dealCustomFieldData"] = self._data.raw(found)
        return Answer(200, body)

    def of_contact(self, call: Call) -> Answer:
        """The deals whose primary contact this is; pages like any other list (UNCERTAIN)."""
        contact = self._tenant.contacts.get(call.id)
        deals = self._tenant.deals.rows
        rows = self._shown(deals[id] for id in contact.deals)
        return Answer(200, {"deals": [self._deals.row(one) for one in page(rows, call)]})

    def _make(self, call: Call) -> bool:
        """Have the whole list ready; whether it is in an order."""
        orders = [one for one in call.orders() if self._filters.knows(one[0])]
        asked = tuple(item for item in call.query.multi_items() if item[0] not in _PAGING)
        time = self._tenant.time() if "next" in str(call.query) else 0
        key = (self._tenant.changes, asked, time)
        if key != self._key or self._tenant.options.read_lag:
            tests = self._filters.tests(call)
            rows = self._shown(
                deal for deal in self._tenant.deals if all(test(deal) for test in tests)
            )
            for name, descending in reversed(orders):
                if name != "id" or descending:
                    rows.sort(key=self._filters.sort_key(name), reverse=descending)
            self._rows, self._currencies, self._key = rows, money_sum(rows), key
        return bool(orders)

    def _shown(self, deals: Iterable[Deal]) -> list[Deal]:
        if not self._tenant.options.read_lag:
            return list(deals)
        now = self._tenant.clock()
        return [one for one in deals if one.shown <= now]


class DealFilters:
    """The documented filters and orders; all others are ignored without a word."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def knows(self, order: str) -> bool:
        """Whether lists can be put into this order."""
        if order == "id":
            return self._tenant.options.order_by_id
        if order == "mdate":
            return self._tenant.options.undocumented
        return order in _ORDERS

    def sort_key(self, order: str) -> Callable[[Deal], Any]:
        """What deals are compared by."""
        keys: dict[str, Callable[[Deal], Any]] = {
            "id": lambda deal: deal.id,
            "title": lambda deal: deal.title.casefold(),
            "value": lambda deal: deal.value,
            "cdate": lambda deal: deal.created,
            "mdate": lambda deal: deal.updated,
            "contact_name": lambda deal: self._contact_text(deal, "first_name"),
            "contact_orgname": self._company_name,
            "next-action": self._next_action,
        }
        return keys[order]

    def tests(self, call: Call) -> list[Test]:
        """What a deal must fulfil to be on the list."""
        tests: list[Test] = []
        for name in ("stage", "group", "status", "owner"):
            wanted = call.filter(name)
            if wanted is not None:
                tests.append(_equals(name, whole(wanted)))
        if (company := call.filter("organization")) is not None:
            tests.append(_equals("account", whole(company)))
        if self._tenant.options.undocumented and (contact := call.filter("contact")) is not None:
            tests.append(_equals("contact", whole(contact)))
        if (title := call.filter("title")) is not None:
            tests.append(self._titled(title.casefold()))
        tests += self._between(call)
        tests += self._words(call)
        tests += self._hanging_on(call)
        return tests

    def _titled(self, title: str) -> Test:
        if self._tenant.options.title_filter == "exact":
            return lambda deal: deal.title.casefold() == title
        return lambda deal: title in deal.title.casefold()

    def _between(self, call: Call) -> list[Test]:
        """Bounds: the lower ones of times are included, the upper ones are not."""
        tests: list[Test] = []
        for prefix, name in (("created", "created"), ("updated", "updated")):
            after = moment(call.filter(f"{prefix}_after"), self._tenant.zone)
            before = moment(call.filter(f"{prefix}_before"), self._tenant.zone)
            if after is not None:
                tests.append(_at_least(name, after))
            if before is not None:
                tests.append(_below(name, before))
        # In whole units, not in cents; other currencies than USD are not converted (UNCERTAIN).
        least, most = whole(call.filter("minimum_value")), whole(call.filter("maximum_value"))
        if least is not None:
            tests.append(_at_least("value", least * 100))
        if most is not None:
            tests.append(_below("value", most * 100 + 1))
        if any(call.filter(name) for name in ("score", "score_greater_than", "score_less_than")):
            tests.append(lambda _: False)  # nobody has a score here
        return tests

    def _words(self, call: Call) -> list[Test]:
        """``filters[search]`` in the field that ``filters[search_field]`` names."""
        text = call.filter("search")
        if text is None:
            return []
        word = text.casefold()
        fields: dict[str, Callable[[Deal], str]] = {
            "title": lambda deal: deal.title.casefold(),
            "contact": lambda deal: (
                f"{self._contact_text(deal, 'first_name')} {self._contact_text(deal, 'last_name')}"
            ),
            "org": self._company_name,
        }
        if self._tenant.options.undocumented:
            fields["email"] = lambda deal: self._contact_text(deal, "email")
        field = call.filter("search_field") or "all"
        asked = [fields[field]] if field in fields else list(fields.values())
        return [lambda deal: any(word in read(deal) for read in asked)]

    def _hanging_on(self, call: Call) -> list[Test]:
        """Filters by tasks of the deal and by tags of its contact."""
        tests: list[Test] = []
        type = whole(call.filter("tasktype"))
        if type is not None:
            rows = self._tenant.tasks.rows
            tests.append(lambda deal: any(rows[id].type == type for id in deal.tasks))
        tag = whole(call.filter("tag"))
        if tag is not None:
            tests.append(lambda deal: self._tagged(deal, tag))
        span = call.filter("nextdate_range")
        if span in {"upcoming", "scheduled", "overdue", "no-task"}:
            tests.append(lambda deal: self._due(deal, span))
        return tests

    def _tagged(self, deal: Deal, tag: int) -> bool:
        """By tag id; -1 = any tag, -2 = none."""
        contact = self._tenant.contacts.find(deal.contact)
        tags = contact.tags if contact else {}
        if tag < 0:
            return bool(tags) == (tag == -1)
        return tag in tags

    def _due(self, deal: Deal, span: str) -> bool:
        """By the next task; where "upcoming" ends is UNCERTAIN: here after a week."""
        task = self._tenant.tasks.find(deal.next_task)
        if task is None or span == "no-task":
            return task is None and span == "no-task"
        ahead = task.due_at - self._tenant.time()
        if span == "overdue":
            return ahead < 0
        return 0 <= ahead <= 7 * 86_400 if span == "upcoming" else ahead >= 0

    def _next_action(self, deal: Deal) -> tuple[int, float, int]:
        """Next tasks by their dates, then deals without one, then overdue ones (documented)."""
        task = self._tenant.tasks.find(deal.next_task)
        if task is None:
            return (1, 0.0, deal.id)
        return (2 if task.due_at < self._tenant.time() else 0, task.due_at, deal.id)

    def _contact_text(self, deal: Deal, name: str) -> str:
        contact: Contact | None = self._tenant.contacts.find(deal.contact)
        return str(getattr(contact, name)).casefold() if contact else ""

    def _company_name(self, deal: Deal) -> str:
        company: Company | None = self._tenant.companies.find(deal.account)
        return company.name.casefold() if company else ""


def _equals(name: str, wanted: int | None) -> Test:
    return lambda deal: getattr(deal, name) == wanted


def _at_least(name: str, bound: float) -> Test:
    return lambda deal: getattr(deal, name) >= bound


def _below(name: str, bound: float) -> Test:
    return lambda deal: getattr(deal, name) < bound
