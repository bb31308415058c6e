"""Notes and tasks, which have no field for a source key: they are told apart by what they say.

Activities are the records of a deal's timeline. That one of them was created is seen in the answer,
or, when that is lost, among the activities of the deal (or other parent) that it belongs to.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.hubspot import values
from migrator.vendors.hubspot.calls import chunks, together
from migrator.vendors.hubspot.fields import MOMENT, TEXTS
from migrator.vendors.hubspot.links import linked
from migrator.vendors.hubspot.records import by_id, instant, query
from migrator.vendors.shared.unknown import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.model import Op, Sent
    from migrator.vendors.hubspot.answers import Json
    from migrator.vendors.hubspot.calls import Calls
    from migrator.wire import Clock

Content = tuple[object, ...]
"""What an activity says: its texts, and its moment."""

_TAG = re.compile(r"</?[a-zA-Z][^>]*>")

_LATE = timedelta(seconds=60)
"""How long after it was sent a request may still be carried out: longer than any waits for its
answer."""

_CLOCKS = timedelta(seconds=5)
"""How far clocks may be apart where they are said to be right."""

_WRONG = timedelta(days=1)
"""How far ahead a wrong clock may be: what was created in so long before is in doubt."""

_NAME = 60
"""Characters of a text by which a person finds it."""

_WHY = "HubSpot's notes and tasks have no field that keeps a source key"


# -- what they say ---------------------------------------------------------------------------------


def content(type: ObjectType, properties: Mapping[str, str | None]) -> Content:
    """What an activity says, whatever HubSpot makes of its markup and spaces."""
    texts = [_essence(properties.get(name) or "") for name in TEXTS[type]]
    moment = properties.get(MOMENT) or ""
    return (*texts, values.as_moment(moment) or moment)


def _essence(text: str) -> str:
    """A text without markup, entities and the difference between spaces."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def distinct(ops: Iterable[Op]) -> list[list[Op]]:
    """Ops in as few batches as keep those that say the same apart: one in each.

    A result shows what a record says and nothing else of ours for certain, so that two of one
    batch that say the same could not be told apart.
    """
    batches: list[list[Op]] = []
    seen: dict[Content, int] = {}
    for op in ops:
        said = content(op.type, op.properties)
        number = seen[said] = seen.get(said, -1) + 1
        if number == len(batches):
            batches.append([])
        batches[number].append(op)
    return batches


# -- what became of them ---------------------------------------------------------------------------


async def recover(
    calls: Calls, clock: Clock, type: ObjectType, sent: Sequence[Sent]
) -> list[Outcome]:
    """Outcomes of creates; what is surely not there has none, updates and deletes may be repeated.

    Waits until nothing that was sent can still be on its way, unless all are there already.
    """
    lost = [one for one in sent if one.op.action is Action.CREATE]
    if not lost:
        return []
    search = _Search(calls, type, lost)
    outcomes = await search.outcomes()
    if len(outcomes) < len(lost):
        on_its_way = max(one.at for one in lost) + _LATE - clock.now()
        if on_its_way > timedelta():
            await clock.sleep(min(on_its_way, _LATE).total_seconds())
            outcomes = await search.outcomes()
    return outcomes


class _Search:
    """Creates that got no answer, and the activities of their parents."""

    def __init__(self, calls: Calls, type: ObjectType, lost: Sequence[Sent]) -> None:
        self._calls = calls
        self._type = type
        self._alike: dict[tuple[ObjectType, str, Content], list[Sent]] = {}
        """By a parent and what they say: those of one group may stand for each other."""
        self._orphans: list[Sent] = []
        for one in lost:
            parent = _parent(one.op)
            if parent is None:
                self._orphans.append(one)
                continue
            said = content(type, one.op.properties)
            self._alike.setdefault((*parent, said), []).append(one)

    async def outcomes(self) -> list[Outcome]:
        """One of each create that is there, and of each of which nobody can say."""
        found = [unknown(one, "HubSpot", _name(one.op), None, why=_WHY) for one in self._orphans]
        parents: dict[ObjectType, set[str]] = {}
        for type, id_, _ in self._alike:
            parents.setdefault(type, set()).add(id_)
        for type, ids in parents.items():
            there = await linked(self._calls, type, sorted(ids), self._type)
            items = await self._read({id_ for of_one in there.values() for id_ in of_one})
            for (of_type, parent, said), alike in self._alike.items():
                if of_type is type:
                    same = [
                        item
                        for id_ in sorted(there[parent])
                        if (item := items.get(id_)) is not None
                        and content(self._type, item.get("properties") or {}) == said
                    ]
                    found += _settled(alike, same)
        return found

    async def _read(self, ids: set[str]) -> dict[str, Json]:
        asked = query(self._calls, self._type, (*TEXTS[self._type], MOMENT))
        parts = await together([by_id(asked, chunk) for chunk in chunks(sorted(ids))])
        return {id_: item for part in parts for id_, item in part.items()}


def _settled(alike: Sequence[Sent], there: Sequence[Json]) -> list[Outcome]:
    """Outcomes of creates that say the same, by the records there that do.

    Those that were made since the creates were sent are theirs. More than those, or some that a
    wrong clock may hide, are in doubt: then none is sent again.
    """
    since = min(one.at for one in alike)
    dates = [(str(item["id"]), instant(item.get("createdAt"))) for item in there]
    ours = [id_ for id_, made in dates if made is not None and made >= since - _CLOCKS]
    perhaps = [id_ for id_, made in dates if made is None or made >= since - _WRONG]
    if len(ours) > len(alike):
        ours = []
    done = [
        Outcome(one.op.key, OpState.WRITTEN, id_) for one, id_ in zip(alike, ours, strict=False)
    ]
    if len(perhaps) == len(ours):
        return done
    return done + [
        unknown(one, "HubSpot", _name(one.op), perhaps, why=_WHY) for one in alike[len(ours) :]
    ]


def _parent(op: Op) -> tuple[ObjectType, str] | None:
    """The parent among whose activities it is looked for: a deal, else the first one."""
    deals = [link for link in op.links if link.type is ObjectType.DEALS]
    return next(((link.type, str(link.id)) for link in [*deals, *op.links]), None)


def _name(op: Op) -> str:
    texts = [_essence(op.properties.get(name, "")) for name in TEXTS[op.type]]
    text = next(filter(None, texts), op.key)
    return text if len(text) <= _NAME else f"{text[:_NAME]}..."
