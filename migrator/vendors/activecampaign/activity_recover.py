"""What became of tasks and notes that were sent and have no answer.

They have nothing that keeps a source key. So one that hangs on the same record, says the same and
was created since is taken for ours; where there are more of them than were sent, a person has to
look.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.activecampaign.activity_write import parent_of
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import read_rows
from migrator.vendors.activecampaign.listing import listed
from migrator.vendors.activecampaign.recover import waits
from migrator.vendors.activecampaign.task_things import Note, Task, read_note, read_task
from migrator.vendors.activecampaign.things import instant
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.unknown import unknown
from migrator.vendors.shared.values import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Sequence
    from datetime import datetime

    from migrator.model import Op, Sent
    from migrator.vendors.activecampaign.answers import Json
    from migrator.vendors.activecampaign.http import Reader
    from migrator.vendors.activecampaign.task_things import Parent
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.wire import Clock

FEW = 5
"""Records whose tasks or notes are asked for one record after the other."""

_Look = tuple[object, ...]
"""What a task or a note is known by."""

_SLACK = timedelta(seconds=5)
"""By how much the clocks may differ when both are compared to the second."""

_SHOWN = 60
"""Characters of a text that a message repeats."""


async def recover(
    tenant: Tenant, clock: Clock, type: ObjectType, sent: Sequence[Sent], made: Container[str]
) -> list[Outcome]:
    """Outcomes of creates that landed; one that surely did not has none, and is sent again.

    Args:
        tenant: the account.
        clock: for the waits between looks, which are those for deals.
        type: tasks or notes.
        sent: without an answer.
        made: ids of records that are surely none of them.
    """
    groups: defaultdict[_Look, list[Sent]] = defaultdict(list)
    for one in sent:
        if one.op.action is Action.CREATE and (look := _look_of(one.op)):
            groups[look].append(one)
    outcomes: list[Outcome] = []
    times = waits(tenant.options)
    for number, wait in enumerate(times, 1):
        if not groups:
            break
        await clock.sleep(wait)
        search = _Search(tenant, clock, type, made)
        for look, there in (await search.alike(groups, last=number == len(times))).items():
            waiting = groups[look]
            if len(there) == len(waiting) or number == len(times):
                outcomes += _told(groups.pop(look), there)
    return outcomes


def _told(sent: Sequence[Sent], there: Sequence[str]) -> list[Outcome]:
    """Ids for the ops, which say all the same; one too many, and nobody can tell whose is whose."""
    if len(there) <= len(sent):
        return [
            Outcome(one.op.key, OpState.WRITTEN, id_) for one, id_ in zip(sent, there, strict=False)
        ]
    why = "several that say the same were created since"
    return [unknown(one, "ActiveCampaign", _name(one.op), there, why=why) for one in sent]


def _name(op: Op) -> str:
    text = op.properties.get("title") or op.properties.get("note", "")
    return " ".join(text.split())[:_SHOWN]


class _Search:
    def __init__(
        self, tenant: Tenant, clock: Clock, type: ObjectType, made: Container[str]
    ) -> None:
        self._tenant = tenant
        self._clock = clock
        self._type = type
        self._made = made

    async def alike(self, groups: dict[_Look, list[Sent]], *, last: bool) -> dict[_Look, list[str]]:
        """Ids of the records that look like ops and are new enough, by look, the oldest first.

        Few records are asked for what hangs on them. That tasks can be filtered is documented; that
        a deal lists its notes is not (UNCERTAIN), so that notes which are not found there are
        looked for among all, once, in the end.
        """
        found: dict[_Look, list[str]] = {}
        parents = list(dict.fromkeys(parent_of(one.op) for some in groups.values() for one in some))
        if len(parents) <= FEW:
            readers = [reader for parent in parents if (reader := self._reader_of(parent))]
            for reader in readers:
                await self._collect(reader, groups, found)
        every = len(parents) > FEW or self._type is ObjectType.NOTES
        missing = any(len(found.get(look, ())) != len(some) for look, some in groups.items())
        if every and missing and (last or len(parents) > FEW):
            calls = self._tenant.calls.tasks
            tasks = self._type is ObjectType.TASKS
            await self._collect(calls.reader() if tasks else calls.note_reader(), groups, found)
        return {look: list(dict.fromkeys(ids)) for look, ids in found.items()}

    def _reader_of(self, parent: Parent) -> Reader | None:
        calls = self._tenant.calls.tasks
        type, id_ = parent
        if self._type is ObjectType.TASKS:
            reltype = "Deal" if type is ObjectType.DEALS else "Subscriber"
            return calls.reader({"reltype": reltype, "relid": id_})
        return calls.notes_of_deal(id_) if type is ObjectType.DEALS else None

    async def _collect(
        self, reader: Reader, groups: dict[_Look, list[Sent]], found: dict[_Look, list[str]]
    ) -> None:
        try:
            async for one in self._records(reader):
                look = _look(one)
                sent = groups.get(look, ())
                if sent and one.id not in self._made and self._is_new(one, sent):
                    found.setdefault(look, []).append(one.id)
        except Refusal as refusal:
            if not refusal.not_found:
                raise

    async def _records(self, reader: Reader) -> AsyncIterator[Task | Note]:
        read: Callable[[Json], Task | Note | None] = read_note
        if self._type is ObjectType.TASKS:
            read = read_task
        async for page, _ in listed([reader], self._type):
            rows: list[Task | Note] = read_rows(read, page.rows)
            for one in rows:
                yield one

    def _is_new(self, one: Task | Note, sent: Sequence[Sent]) -> bool:
        return one.created is None or one.created >= min(map(self._since, sent))

    def _since(self, one: Sent) -> datetime:
        """When it was sent, by ActiveCampaign's clock, whose last answer came just now."""
        there = self._tenant.calls.told_at
        ahead = self._clock.now() - there if there else timedelta(0)
        return one.at - ahead - _SLACK


def _look_of(op: Op) -> _Look | None:
    """How the record of an op looks, if it was created; None when it cannot have been."""
    try:
        parent = parent_of(op)
    except BadValue:
        return None
    given = op.properties
    text = _text(given.get("note"))
    if op.type is ObjectType.NOTES:
        return parent, text
    return parent, text, _text(given.get("title")), instant(given.get("duedate"))


def _look(one: Task | Note) -> _Look:
    if isinstance(one, Note):
        return one.parent, _text(one.text)
    return one.parent, _text(one.note), _text(one.title), one.due


def _text(value: str | None) -> str:
    """What of a text is surely kept."""
    return lines(value or "").strip()
