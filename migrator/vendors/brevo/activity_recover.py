"""What became of notes and tasks that were sent and have no answer.

They have no key. Before one leaves, the server's time is noted (ours, where it told none), and
what was written before that looks the same: so a note that is found afterwards on the same records,
with the same text, made since then and not among those, is the one that was sent.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.brevo.answers import Json, instant, text
from migrator.vendors.brevo.names import LINKS
from migrator.vendors.brevo.pages import Order, ask
from migrator.vendors.shared.unknown import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.model import Op, Sent
    from migrator.vendors.brevo.session import Session

_A_SECOND = timedelta(seconds=1)
"""By which a moment of creation may be rounded."""

_A_DAY = timedelta(days=1)
"""By how much our own clock may be wrong."""

_MARKER = re.compile(r"(?P<whose>since|about) (?P<at>\S+)(?: not (?P<others>\S+))?")


@dataclass(frozen=True, slots=True)
class Mark:
    """What is noted of a create that is about to leave.

    Attributes:
        at: when it left; None = it is not known.
        told: whether that is by the server's clock, not by ours.
        others: ids of those that look the same and were written before.
    """

    at: datetime | None = None
    told: bool = False
    others: frozenset[str] = frozenset()

    def since_then(self, made: datetime | None) -> bool:
        """Whether what was made at that moment was made after this left, as far as is known."""
        return made is not None and self.at is not None and made >= self.at - _A_SECOND

    def __str__(self) -> str:
        at = self.at.isoformat() if self.at else ""
        others = f" not {','.join(sorted(self.others))}" if self.others else ""
        return f"{'since' if self.told else 'about'} {at}{others}"

    @classmethod
    def parse(cls, noted: str | None) -> Mark:
        """The mark that a note tells of.

        >>> Mark.parse("since 2026-03-31T09:00:00+00:00 not a,b").others == {"a", "b"}
        True
        >>> Mark.parse("since long ago").at, Mark.parse(None).at
        (None, None)
        """
        found = _MARKER.fullmatch(noted or "")
        at = instant(found["at"]) if found else None
        if found is None or at is None:
            return cls()
        others = frozenset((found["others"] or "").split(",")) - {""}
        return cls(at, found["whose"] == "since", others)


async def recover(session: Session, type: ObjectType, sent: Iterable[Sent]) -> list[Outcome]:
    """What became of creates; to send a change or a delete again does no harm.

    What is not there once the lists' lag has passed was not created.
    """
    groups: dict[str, list[Sent]] = {}
    for one in sent:
        if one.op.action is Action.CREATE:
            groups.setdefault(look(one.op), []).append(one)
    if not groups:
        return []
    since = min(_since(one) for group in groups.values() for one in group)
    settled: dict[str, list[Outcome]] = {}
    for trial in range(2):
        if trial:
            await session.clock.sleep(session.options.list_lag)
        items = await _newest(session, type, since)
        settled = {
            key: _settled(group, items, session.written[key]) for key, group in groups.items()
        }
        if all(len(settled[key]) == len(group) for key, group in groups.items()):
            break
    for key, outcomes in settled.items():
        session.written[key] |= {outcome.id for outcome in outcomes if outcome.id}
    return [outcome for outcomes in settled.values() for outcome in outcomes]


def _since(one: Sent) -> datetime:
    """An instant that is surely not after the creation."""
    mark = Mark.parse(one.job)
    return mark.at - _A_SECOND if mark.at and mark.told else one.at - _A_DAY


async def _newest(session: Session, type: ObjectType, since: datetime) -> list[Json]:
    """All that were made since an instant, and some before it; the newest first."""
    found: dict[str, Json] = {}
    index = 0
    while True:
        page = await ask(session, type, Order(newest=True), index, 1)
        index += len(page.items)
        fresh = [i for i in page.items if (id_ := text(i.get("id"))) and id_ not in found]
        found |= {str(item["id"]): item for item in fresh}
        if not fresh or all((at := _made(item)) and at < since for item in page.items):
            return list(found.values())


def _made(item: Json) -> datetime | None:
    return instant(item.get("createdAt"))


def _settled(group: Sequence[Sent], items: Iterable[Json], known: set[str]) -> list[Outcome]:
    """Outcomes of creates that look all the same; one that has none was not carried out.

    Of so many at most that look like them, and were made since they left, each is one of theirs,
    whichever. More, or some of which that is not sure, are for a person.
    """
    marks = {one.op.key: Mark.parse(one.job) for one in group}
    ordered = sorted(group, key=_since)
    others = known.union(*(mark.others for mark in marks.values()))
    there = [item for item in items if str(item["id"]) not in others and _alike(group[0].op, item)]
    there = [item for item in there if (_made(item) or _LATEST) >= _since(ordered[0])]
    there.sort(key=lambda item: _made(item) or _LATEST)
    pairs = list(zip(ordered, there, strict=False))
    sure = all(marks[one.op.key].since_then(_made(item)) for one, item in pairs)
    if sure and len(there) <= len(group):
        return [Outcome(one.op.key, OpState.WRITTEN, str(item["id"])) for one, item in pairs]
    ids = [str(item["id"]) for item in there]
    why = f"Brevo's {group[0].op.type} have no field that keeps the source key"
    return [unknown(one, "Brevo", _name(one.op), ids, why=why) for one in group]


_LATEST = datetime.max.replace(tzinfo=UTC)


# -- what looks the same ---------------------------------------------------------------------------


def _name(op: Op) -> str:
    """What a person knows it by: its title, or how its text begins."""
    name = " ".join(op.properties.get("name", op.properties.get("text", op.key)).split())
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


_SHOWN = 60
"""Characters of a note that a message quotes."""


def look(op: Op) -> str:
    """The same for all creates that cannot be told apart afterwards."""
    links = sorted((str(link.type), str(link.id)) for link in op.links)
    said = json.dumps([str(op.type), _said(op.type, op.properties), links])
    return hashlib.sha256(said.encode()).hexdigest()


def _alike(op: Op, item: Json) -> bool:
    """Whether an answer says what an op says, on all the records to which that is linked."""
    ids = linked_ids(op.type, item)
    linked = all(link.id in ids[link.type] for link in op.links)
    return linked and _said(op.type, item) == _said(op.type, op.properties)


def linked_ids(type: ObjectType, item: Json) -> dict[ObjectType, list[str]]:
    """What an answer says of the records that a note or task is linked to."""
    return {
        to: [id_ for some in item.get(name) or () if (id_ := text(some))]
        for to, name in LINKS[type].items()
    }


def _said(type: ObjectType, content: Mapping[str, Any]) -> list[str]:
    """What is compared of a note or a task, in whichever form Brevo gives it back.

    Of a text its words: tags may be added to it or taken away (UNCERTAIN).
    """
    if type is ObjectType.NOTES:
        return [_words(content.get("text"))]
    return [
        _words(content.get("name")),
        _words(content.get("notes")),
        str(instant(content.get("date"))),
    ]


def _words(value: object) -> str:
    """A text without its tags, its spaces all alike."""
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", text(value) or "")).split())
