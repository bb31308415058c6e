"""What became of ops that were sent and have no answer.

Creates that landed are there by their key, in the primary store, as soon as they are made. A create
without a key can be looked for by its name only, and a search may not know yet what was written a
moment ago (search guide): so it tells a person what to look at, and never that nothing is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, Unavailable
from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.hubspot import activities, read
from migrator.vendors.hubspot.fields import UNKEYED
from migrator.vendors.hubspot.write import keyless
from migrator.vendors.shared.unknown import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Op, Sent
    from migrator.vendors.hubspot.calls import Calls
    from migrator.wire import Clock

_SEARCHED = 20
"""Creates that are searched for by name: a search is a request, and only five a second are let."""

_LATE = "What was created in the last minutes may not be among them yet."


async def recover(
    calls: Calls, clock: Clock, type: ObjectType, sent: Sequence[Sent]
) -> list[Outcome]:
    """Outcomes of creates; updates and deletes may be repeated."""
    if type in UNKEYED:
        return await activities.recover(calls, clock, type, sent)
    creates = [one for one in sent if one.op.action is Action.CREATE]
    lost = [one for one in creates if keyless(one.op)]
    keys = {one.op.key for one in creates if not keyless(one.op)}
    held = await read.find(calls, type, keys, ())
    outcomes = [Outcome(key, OpState.WRITTEN, one.id) for key, one in held.items()]
    for number, one in enumerate(lost):
        name = _name(one.op)
        there = await _there(calls, type, name) if number < _SEARCHED else None
        also = _LATE if there is not None else ""
        outcomes.append(unknown(one, "HubSpot", name, there, also=also))
    return outcomes


def _name(op: Op) -> str:
    given = op.properties
    return given.get("dealname") or given.get("name") or given.get("domain") or op.key


async def _there(calls: Calls, type: ObjectType, name: str) -> list[str] | None:
    try:
        return await read.of_name(calls, type, name)
    except (InputError, Unavailable):  # the person is told without
        return None
