"""Asking for pages of lists, whatever the server makes of it, and walking those of deals.

``limit`` may be capped silently, ``sortBy`` may be refused, unknown parameters are ignored without
a word, and while others write a page may repeat or skip: so nothing is taken on trust here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, ObjectType
from migrator.vendors.base import Reading
from migrator.vendors.brevo.answers import Json, Refusal, instant, nested, text
from migrator.vendors.brevo.stream import by_number, by_offset

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from migrator.vendors.brevo.calls import Page
    from migrator.vendors.brevo.session import Session
    from migrator.vendors.brevo.stream import Batch

CREATED = "created_at"

_SORTED = frozenset({ObjectType.DEALS, ObjectType.COMPANIES})
"""Types whose list can be sorted by an attribute."""

UPDATED = {ObjectType.DEALS: "last_updated_date", ObjectType.COMPANIES: "last_updated_at"}

_LIMITS = (1000, 500, 100, 50)
"""Page sizes to fall back to; 50 is the documented default."""

FEW = 10
"""Records that may be asked for or mended one by one, after a list or a file left them open."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which end of the list first: by ``by``, an attribute that holds an instant."""

    newest: bool
    by: str = CREATED


@dataclass(frozen=True, slots=True)
class Leaf:
    """Part of a walk.

    Attributes:
        items: records not seen in this walk before.
        left: pages that are left, if known.
        total: records in the whole list, if told.
    """

    items: list[Json]
    left: int | None
    total: int | None


async def walk(
    session: Session, type: ObjectType, order: Order, since: datetime | None = None
) -> AsyncIterator[Leaf]:
    """Pages of a list, each record once.

    With ``since`` a walk from the newest back ends once it has come to what is older, provided
    that the server kept the order it was asked for.
    """
    seen: set[str] = set()
    end = _End(order, since)
    index = 0
    number = 1
    while True:
        page = await ask(session, type, order, index, number)
        index += len(page.items)
        number += 1
        fresh = [item for item in page.items if (id_ := text(item.get("id"))) and id_ not in seen]
        seen.update(str(item["id"]) for item in fresh)
        left = _left(page, index)
        if left is None and not fresh:
            left = 0  # a server that shows no end would show this page for ever
        yield Leaf(fresh, left, page.total)
        if left == 0 or end.reached(page.items):
            return


def _left(page: Page, index: int) -> int | None:
    """Pages after this one. A page that is not full is the last, if we know what full is."""
    if not page.items:
        return 0
    if page.total is not None:
        return -(-max(0, page.total - index) // len(page.items))
    if page.limit is not None and len(page.items) < page.limit:
        return 0
    return None


class _End:
    """Whether a walk has come to what is older than an instant."""

    def __init__(self, order: Order, since: datetime | None) -> None:
        self._by = order.by
        self._since = since if order.newest else None
        self._last: datetime | None = None

    def reached(self, items: list[Json]) -> bool:
        if self._since is None:
            return False
        for item in items:
            moment = instant(nested(item, "attributes").get(self._by))
            if moment is None or (self._last is not None and moment > self._last):
                self._since = None  # not in the order asked for: it says nothing of the rest
                return False
            self._last = moment
        return self._last is not None and self._last < self._since


async def ask(  # the parts of a question
    session: Session,
    type: ObjectType,
    order: Order,
    index: int,
    number: int,
    filters: Mapping[str, str] | None = None,
) -> Page:
    """One page of any list; on a 400 in a smaller size, then without ``sortBy``.

    What was accepted is kept. The contacts' page is the only one of which the largest size is
    documented (1,000); the others were seen to have as many when none is asked for.

    Args:
        session: the account.
        type: of the list.
        order: of the records.
        index: how many records come before the page.
        number: of the page, from 1, where the list goes by number.
        filters: more to ask for; refused or ignored, they do no harm.
    """
    key = (type, order.by)
    known = session.forms.get(key)
    largest = session.options.page
    sizes = [largest, *(size for size in _LIMITS if size < largest)]
    orders = (True, False) if type in _SORTED else (False,)
    forms = [known] if known else [(size, sort) for sort in orders for size in sizes]
    for form in forms:
        limit, sort = form
        params = {"limit": str(limit), "sort": "desc" if order.newest else "asc", **(filters or {})}
        if sort:
            params["sortBy"] = f"attributes.{order.by}"
        if type is ObjectType.COMPANIES:
            params["page"] = str(number)  # "index of the first document" is a page number, from 1
        else:
            params["offset"] = str(index)
        try:
            page = await _get(session, type, params)
        except Refusal as refusal:
            if refusal.status != 400 or (form == forms[-1] and not filters):
                raise
            continue
        session.forms[key] = form
        return page
    return await ask(session, type, order, index, number)  # the filters are to blame


async def _get(session: Session, type: ObjectType, params: Mapping[str, str]) -> Page:
    if type is ObjectType.CONTACTS:
        return await session.contact_calls.contacts(params)
    if type in _SORTED:
        return await session.calls.records(type, params)
    calls = session.calls
    return await (calls.notes if type is ObjectType.NOTES else calls.tasks)(params)


def batches(
    session: Session,
    type: ObjectType,
    reading: Reading,
    filters: Mapping[str, str] | None = None,
) -> AsyncIterator[Batch]:
    """The whole list of a type from a place on, the oldest first where it goes by offset."""
    order = Order(newest=False)
    seen, place, met = reading.seen, reading.place, reading.met

    async def page(index: int, number: int) -> Page:
        found = await ask(session, type, order, index, number, filters)
        if met is not None:
            met.update(id_ for item in found.items if (id_ := text(item.get("id"))))
        return found

    if type is ObjectType.COMPANIES:
        return by_number(lambda number: page(0, number), seen, place)
    return by_offset(lambda index: page(index, 1), seen, place)


async def every(session: Session, type: ObjectType) -> AsyncIterator[list[Json]]:
    """All records of a type once."""
    async for batch in batches(session, type, Reading()):
        yield batch.items


async def by_key(
    session: Session, type: ObjectType, keys: Collection[str], since: datetime | None = None
) -> dict[str, list[Json]]:
    """Records by source key, the newest first; the walk ends when each key has been seen."""
    found: dict[str, list[Json]] = {}
    wanted = set(keys)
    if not wanted:
        return found
    internal = (await session.keyed(type)).internal(KEY_FIELD)
    async for leaf in walk(session, type, Order(newest=True), since):
        for item in leaf.items:
            key = text(nested(item, "attributes").get(internal))
            if key in wanted:
                found.setdefault(key, []).append(item)
        if len(found) == len(wanted):
            break
    return found


async def by_id(
    session: Session, type: ObjectType, ids: Collection[str], by: str = CREATED
) -> dict[str, Json]:
    """Records by id with the fewest requests: pages of the list, or each by itself."""
    missing = dict.fromkeys(ids)
    found: dict[str, Json] = {}

    def take(items: Iterable[Json]) -> None:
        for item in items:
            if (id_ := str(item["id"])) in missing:
                found[id_] = item
                del missing[id_]

    if len(missing) > 1:
        shrunk = await _take_pages(session, type, Order(newest=True, by=by), missing, take)
        if shrunk and len(missing) > FEW:
            async for items in every(session, type):
                take(items)
        if shrunk is not None and len(missing) > FEW:
            return found  # the whole list was read: they are gone
    for id_ in missing:
        single = await session.calls.record(type, id_)
        if single is not None:
            found[id_] = single
    return found


async def _take_pages(
    session: Session,
    type: ObjectType,
    order: Order,
    missing: Collection[str],
    take: Callable[[Iterable[Json]], None],
) -> bool | None:
    """Pages as long as they may hold more of the missing than they cost; None = not all of them.

    Of the whole list it is told whether it got shorter meanwhile, so that some may have slipped by.
    """
    totals: list[int] = []
    async for leaf in walk(session, type, order):
        take(leaf.items)
        totals += [] if leaf.total is None else [leaf.total]
        if not missing or (leaf.left and len(missing) <= leaf.left):
            return None
    return bool(totals) and min(totals) < totals[0]
