"""Reading tasks, notes and the history of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Held, ObjectType
from migrator.vendors.activecampaign.catalogue import writable
from migrator.vendors.activecampaign.http import read_rows
from migrator.vendors.activecampaign.listing import listed
from migrator.vendors.activecampaign.stream import Read, streamed
from migrator.vendors.activecampaign.task_things import (
    Activity,
    Note,
    Task,
    read_activity,
    read_note,
    read_task,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from migrator.model import Page
    from migrator.vendors.activecampaign.calls import Calls
    from migrator.vendors.activecampaign.http import Page as Rows
    from migrator.vendors.activecampaign.stream import Progress

_FEW = 20
"""Deals whose history is asked for one after the other."""


async def pages(
    calls: Calls, type: ObjectType, names: Collection[str], progress: Progress
) -> AsyncIterator[Page]:
    """Every task, or every note, with what it hangs on; they have no source key.

    No ``names`` = all that can be written.
    """
    names = names or [*writable(type)]
    tasks = type is ObjectType.TASKS
    reader = calls.tasks.reader() if tasks else calls.tasks.note_reader()

    def read(rows: Rows) -> Read:
        found = read_rows(read_task, rows.rows) if tasks else read_rows(read_note, rows.rows)
        return Read([held(type, one, names) for one in found])

    async for page in streamed([reader], type, read, progress):
        yield page


def held(type: ObjectType, one: Task | Note, names: Collection[str]) -> Held:
    """A task or a note as the core knows it."""
    known = one.properties()
    links = {one.parent[0]: (one.parent[1],)} if one.parent else {}
    properties = {name: known.get(name) for name in names}
    return Held(type, one.id, None, properties, links, one.updated)


async def activities(
    calls: Calls, deals: Collection[str] = (), *, emails: bool = True
) -> AsyncIterator[Activity]:
    """What happened to some deals, or to all; history can be read and not written.

    Few deals are asked for one by one; a filter may be ignored, so that it is looked at again.
    """
    wanted = set(deals)
    for deal in sorted(wanted) if 0 < len(wanted) <= _FEW else [""]:
        last = 0
        reader = calls.tasks.activity_reader(deal, emails=emails)
        async for page, mark in listed([reader], "activities"):
            last = max(last, mark.last)
            for one in read_rows(read_activity, page.rows):
                again = not mark.last and one.id.isdigit() and int(one.id) <= last
                if again or (deal and one.deal != deal) or (wanted and one.deal not in wanted):
                    continue
                yield one
