"""Walking the lists of deals and companies, whatever the server makes of what it is asked for.

``limit`` may be capped silently, ``sortBy`` may be refused, unknown parameters are ignored without
a word, and while others write a page may repeat or skip: so nothing is taken on trust here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, ObjectType
from migrator.vendors.brevo.answers import Json, Refusal, instant, nested, odd, text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection
    from datetime import datetime

    from migrator.vendors.brevo.calls import Page
    from migrator.vendors.brevo.session import Session

CREATED = "created_at"
UPDATED = {ObjectType.DEALS: "last_updated_date", ObjectType.COMPANIES: "last_updated_at"}

_LIMITS = (1000, 500, 100, 50)
"""Page sizes to fall back to; 50 is the documented default."""

FEW = 10
"""Records that may be asked for or mended one by one, after a list or a file left them open."""

_STEPS_BACK = 100
"""Steps back at most in a walk from which others delete."""

_MORE_WALKS = 2
"""Walks again at most, when a list told of more records than it showed."""


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
        page = await _ask(session, type, order, index, number)
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


async def _ask(session: Session, type: ObjectType, order: Order, index: int, number: int) -> Page:
    """One page; on a 400 in a smaller size, then without ``sortBy``. What was accepted is kept."""
    key = (type, order.by)
    known = session.forms.get(key)
    largest = session.options.page
    sizes = [largest, *(size for size in _LIMITS if size < largest)]
    forms = [known] if known else [(size, sort) for sort in (True, False) for size in sizes]
    for form in forms:
        limit, sort = form
        params = {"limit": str(limit), "sort": "desc" if order.newest else "asc"}
        if sort:
            params["sortBy"] = f"attributes.{order.by}"
        if type is ObjectType.DEALS:
            params["offset"] = str(index)
        else:
            params["page"] = str(number)  # "index of the first document" is a page number, from 1
        try:
            page = await session.calls.records(type, params)
        except Refusal as refusal:
            if refusal.status != 400 or form == forms[-1]:
                raise
            continue
        session.forms[key] = form
        return page
    raise AssertionError  # pragma: no cover  # the last form returns or raises


async def steady(ask: Callable[[int], Awaitable[Page]]) -> AsyncIterator[list[Json]]:
    """All records of a list by offset once, the oldest first, though others delete meanwhile.

    Each page begins with the last record of the page before. Where it does not, records have moved
    up by what was deleted, and some would be skipped: the walk steps back until it meets one that
    it knows.
    """
    seen: set[str] = set()
    offset = furthest = step = 0
    steps_left = _STEPS_BACK
    while True:
        page = await ask(max(0, offset - 1))
        items = [(id_, item) for item in page.items if (id_ := text(item.get("id")))]
        step = max(step, len(items))
        if offset and not (items and items[0][0] in seen):
            if not steps_left:
                raise odd("a list of records", "its pages do not go together")
            steps_left -= 1
            offset = max(0, offset - step)
            continue
        fresh = [item for id_, item in items if id_ not in seen]
        seen.update(id_ for id_, _ in items)
        if fresh:
            yield fresh
        offset = max(0, offset - 1) + len(items)
        ended = len(items) < 2 or (page.total is not None and offset >= page.total)
        if ended or (not fresh and offset >= furthest):
            return
        furthest = max(furthest, offset)


async def every(session: Session, type: ObjectType) -> AsyncIterator[list[Json]]:
    """All deals or companies once, the oldest first.

    Companies come by page number, which allows no overlap: they are walked again when the list
    got shorter meanwhile or showed fewer than it told of.
    """
    order = Order(newest=False)
    if type is ObjectType.DEALS:
        async for items in steady(lambda offset: _ask(session, type, order, offset, 0)):
            yield items
        return
    seen: set[str] = set()
    for _ in range(1 + _MORE_WALKS):
        totals = []
        async for leaf in walk(session, type, order):
            fresh = [item for item in leaf.items if str(item["id"]) not in seen]
            seen.update(str(item["id"]) for item in fresh)
            totals += [leaf.total] if leaf.total is not None else []
            if fresh:
                yield fresh
        if not totals or (min(totals) == totals[0] and len(seen) >= totals[-1]):
            return


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
    if len(missing) > 1:
        async for leaf in walk(session, type, Order(newest=True, by=by)):
            for item in leaf.items:
                if (id_ := str(item["id"])) in missing:
                    found[id_] = item
                    del missing[id_]
            if not missing or (leaf.left and len(missing) <= leaf.left):
                break
        else:
            if len(missing) > FEW:
                return found  # the whole list was read: they are gone
    for id_ in missing:
        single = await session.calls.record(type, id_)
        if single is not None:
            found[id_] = single
    return found
