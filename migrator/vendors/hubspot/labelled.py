"""The labels of links beside records: read for a thousand records at once, where there are any.

A list of records tells of a link by which types it is made, but by names that no definition shows;
so the associations are asked for. That takes a request for each type of parent and a thousand
records, against ten for their pages: an export becomes a fifth dearer, and only where the account
defines labels of its own. The price is that a kill costs ten pages instead of one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import ObjectType, Page
from migrator.vendors.hubspot.labels import defined
from migrator.vendors.hubspot.links import associations, is_default, parents_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from migrator.model import Held
    from migrator.vendors.hubspot.calls import Calls

_PAGES = 10
"""Pages of a hundred that go together: as many records as one request tells the links of."""

_LABELLED = (ObjectType.DEALS, ObjectType.CONTACTS)
"""Types whose links may have labels; those of notes and tasks have none."""


async def labelled(
    calls: Calls, type: ObjectType, pages: AsyncIterator[Page]
) -> AsyncIterator[Page]:
    """The same records with the labels of their links, in longer pages where there are any."""
    kinds: list[ObjectType] | None = None
    waiting: list[Page] = []
    async for page in pages:
        if kinds is None and any(held.links for held in page.records):
            kinds = await _kinds(calls, type)
        if not kinds:
            yield page
            continue
        waiting.append(page)
        if len(waiting) == _PAGES:
            yield await _together(calls, type, kinds, waiting)
            waiting = []
    if kinds and waiting:
        yield await _together(calls, type, kinds, waiting)


async def _kinds(calls: Calls, type: ObjectType) -> list[ObjectType]:
    """The types of parents for which the account defines labels of its own."""
    found = []
    for to in parents_of(type) if type in _LABELLED else ():
        labels = await defined(calls, type, to)
        if any(not is_default(one) for one in labels.values()):
            found.append(to)
    return found


async def _together(
    calls: Calls, type: ObjectType, kinds: Sequence[ObjectType], pages: Sequence[Page]
) -> Page:
    """One page of several, with labels."""
    records = {held.id: held for page in pages for held in page.records}
    for to in kinds:
        linked = [id_ for id_, held in records.items() if held.links.get(to)]
        for id_, parents in (await associations(calls, (type, to), linked)).items():
            labels = {one.id: one.labels for one in parents if one.labels}
            records[id_] = _with_labels(records[id_], to, labels)
    return Page(tuple(records.values()), pages[-1].place, sum(page.hidden for page in pages))


def _with_labels(held: Held, to: ObjectType, labels: dict[str, tuple[str, ...]]) -> Held:
    """Those of its links; one that came meanwhile is not told at all."""
    own = {id_: labels[id_] for id_ in held.links[to] if id_ in labels}
    return replace(held, labels={**held.labels, to: own}) if own else held
