"""Reading all records of a type, a hundred a request, so that it can be gone on with.

The list has no end at 10,000 as the search has, and is not behind as that is. Where its cursor is
the id of a page's last record, what others create and delete meanwhile moves nothing: all that is
there is read once. UNCERTAIN is that it always is; nothing but examples shows it. So each cursor is
looked at, and if one is anything else, the list is read from the beginning, at the end and where
the reading was interrupted, until it shows the same records twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Held, Page
from migrator.vendors.hubspot.answers import objects
from migrator.vendors.hubspot.calls import BATCH, next_page
from migrator.vendors.hubspot.links import inline_links, parents_of
from migrator.vendors.hubspot.records import by_id, query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from datetime import datetime

    from migrator.model import ObjectType
    from migrator.vendors.base import Reading
    from migrator.vendors.hubspot.answers import Json
    from migrator.vendors.hubspot.calls import Calls
    from migrator.vendors.hubspot.records import Query

_QUERY = 2_000
"""Most characters of a list of properties in a URL; longer ones meet 414 (error handling)."""

_END = "end"
"""The place behind the last page, with the cursor of that page where it can be read once more to
see what has come. Other places are cursors."""

_AGAIN = "again"
"""A place that others can move: what was read is in ``seen``, the rest is looked for from the
beginning."""

_NOTHING = (0, 0)
"""How many records a reading from the beginning showed, and the sum of what tells their ids."""


async def pages(
    calls: Calls, type: ObjectType, properties: Collection[str], reading: Reading
) -> AsyncIterator[Page]:
    """Every record once, with links: a request per hundred, two when the properties are many.

    ``since`` saves requests of wide records only: the list takes no filter, and the search that
    does is late and ends at 10,000.
    """
    place, met = reading.place, reading.met
    ended, _, last_cursor = place.partition(":")
    if ended == _END:
        if not reading.behind or ":" not in place:
            return
        place = last_cursor
    lister = _List(query(calls, type, properties), reading.seen, reading.since)
    after = place if place not in {"", _AGAIN} else None
    firm = True
    shown, before = _NOTHING, _NOTHING
    while True:
        items, following = await lister.page(after)
        if met is not None:
            met.update(str(item["id"]) for item in items)
        records = await lister.records(items)
        shown = (shown[0] + len(items), shown[1] + sum(hash(str(item["id"])) for item in items))
        last = following is None or following == after
        firm = firm and (last or _stands(items, str(following)))
        if not last:
            yield Page(records, str(following) if firm else _AGAIN)
            after = following
        elif firm or shown == before:
            yield Page(records, f"{_END}:{after or ''}" if firm else _END)
            return
        else:
            yield Page(records, _AGAIN)
            after, shown, before = None, _NOTHING, shown


def _stands(items: Sequence[Json], cursor: str) -> bool:
    """Whether a cursor is the id of the page's last record, or the number that follows it."""
    ids = [int(text) for item in items if (text := str(item["id"])).isdecimal()]
    if len(ids) < len(items) or not ids or not cursor.isdecimal():
        return False
    return ids == sorted(ids) and 0 <= int(cursor) - ids[-1] <= 1


class _List:
    """The list of one type, page by page."""

    def __init__(self, asked: Query, seen: set[str], since: datetime | None) -> None:
        self._asked = asked
        self._seen = seen
        self._since = since
        listed = ",".join(asked.properties)
        self._wide = len(listed) + 2 * listed.count(",") > _QUERY  # a comma takes three there
        shown = asked.properties[:1] if self._wide else asked.properties
        self._params = {
            "limit": str(BATCH),
            "archived": "false",
            "properties": ",".join(shown),
        }
        if parents := parents_of(asked.type):
            self._params["associations"] = ",".join(parents)

    async def page(self, after: str | None) -> tuple[list[Json], str | None]:
        """Records behind a cursor as they are listed, and the next cursor."""
        calls = self._asked.calls
        params = {**self._params, "after": after} if after else self._params
        answer = await calls.get(calls.paths.objects(self._asked.type), params)
        return objects(answer.get("results")), next_page(answer)

    async def records(self, items: Sequence[Json]) -> tuple[Held, ...]:
        """Those that are new and wanted; what is deleted between two requests is none."""
        fresh = {str(item["id"]): item for item in items if self._is_wanted(item)}
        full = await by_id(self._asked, list(fresh)) if self._wide and fresh else fresh
        found = []
        for id_, item in full.items():
            held = self._asked.held(item)
            links = await inline_links(self._asked.calls, self._asked.type, fresh[id_])
            found.append(Held(held.type, id_, held.key, held.properties, links, held.updated_at))
        self._seen.update(full)
        return tuple(found)

    def _is_wanted(self, item: Json) -> bool:
        if str(item["id"]) in self._seen:
            return False
        if self._since is None:
            return True
        changed = self._asked.held(item).updated_at
        return changed is None or changed >= self._since
