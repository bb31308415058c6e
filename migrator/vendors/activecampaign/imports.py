"""Creating many contacts: one import for each 250, a request each for a handful."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown, Stopped, Unauthorized, Unavailable
from migrator.model import OpState, Outcome
from migrator.vendors.activecampaign.answers import Fault, Refusal
from migrator.vendors.activecampaign.http import PAGE, chunks
from migrator.vendors.activecampaign.people import contacts_of
from migrator.vendors.activecampaign.write import one_by_one, refused
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migrator.model import Op, Sent
    from migrator.vendors.activecampaign.calls import Calls
    from migrator.vendors.activecampaign.people_things import Contact
    from migrator.wire import Clock

FEW = 10
"""Fewer contacts than this are not worth an import (its documented minimum)."""

IMPORT = 250
"""Most contacts of an import."""
IMPORT_BYTES = 400_000

POLL = 2.0
"""Seconds between two looks at an import; so it is never imported faster than 100 a minute."""

PATIENCE = 900.0
"""Seconds after which an import that still runs is left to the next load."""

_OVER = frozenset({"completed", "failed", "interrupted"})
"""What an import ends with; only the first is documented, anything else is waited for."""

_ADDRESS_LENGTH = 254

_IMPORT_NAMES = {"firstName": "first_name", "lastName": "last_name"}


def bad_address(address: str) -> str | None:
    """What is wrong with an address; one bad one would turn a whole import down.

    >>> bad_address("ann@example.com") is None, bad_address("ann@"), bad_address("a b@x.org")
    (True, 'it is not of the form name@host', 'it has a blank in it')
    """
    if len(address) > _ADDRESS_LENGTH:
        return f"it has more than {_ADDRESS_LENGTH} characters"
    if any(character.isspace() for character in address):
        return "it has a blank in it"
    name, _, host = address.rpartition("@")
    if not name or "@" in name or "." not in host.strip(".") or host != host.strip("."):
        return "it is not of the form name@host"
    return None


@dataclass
class Importer:
    """Creates contacts, many at once.

    One import runs at a time: that keeps within its own limit of 100 a minute.
    """

    calls: Calls
    clock: Clock

    def __post_init__(self) -> None:
        self._turn = asyncio.Lock()

    async def create(self, ops: Sequence[Op], note: Callable[[str], None]) -> list[Outcome]:
        """Create contacts, or update those of the same address: repeating it is harmless."""
        outcomes: list[Outcome] = []
        good: list[Op] = []
        for op in ops:
            wrong = bad_address(op.properties.get("email", ""))
            if wrong is None:
                good.append(op)
                continue
            message = f'"{op.properties.get("email", "")}" is no e-mail address: {wrong}.'
            outcomes.append(refused(op, BadValue("invalid_email", message)))
        if len(good) < FEW:
            return outcomes + await one_by_one(good, self._sync)
        async with self._turn:
            return await in_turn(
                [partial(self._import, part, note) for part in _imports(good)], outcomes
            )

    async def _sync(self, op: Op) -> Outcome:
        contact = await self.calls.people.sync_contact(op.properties)
        return Outcome(op.key, OpState.WRITTEN, contact.id)

    async def _import(self, ops: Sequence[Op], note: Callable[[str], None]) -> list[Outcome]:
        try:
            batch = await self.calls.people.import_contacts([_import_row(op) for op in ops])
        except Refusal as refusal:
            return await self._without_suspects(ops, refusal.fault, note)
        note(batch)
        await self.clock.sleep(POLL)
        try:
            return await self.outcomes(ops, batch)
        except (Stopped, Unauthorized) as error:
            raise OutcomeUnknown(
                f"The import of contacts {batch} was sent, then: {error}"
            ) from error

    async def _without_suspects(
        self, ops: Sequence[Op], fault: Fault, note: Callable[[str], None]
    ) -> list[Outcome]:
        """An import was turned down for some of its contacts.

        They are named by number, and UNCERTAIN is whether from 0 or from 1: so both that a number
        may mean are sent by themselves, which tells for certain, and the rest is imported again.
        """
        suspects = _suspects(fault, ops)
        if not suspects:
            return await one_by_one(ops, self._sync)
        outcomes = await one_by_one([op for op in ops if op.key in suspects], self._sync)
        rest = [op for op in ops if op.key not in suspects]
        if len(rest) < FEW:
            return outcomes + await one_by_one(rest, self._sync)
        await self.clock.sleep(POLL)
        return outcomes + await self._import(rest, note)

    async def outcomes(self, ops: Sequence[Op], batch: str) -> list[Outcome]:
        """Wait for an import, then look its contacts up: it answers ids without addresses.

        Those that are neither there nor refused in the end are sent one by one, which tells.

        Raises:
            OutcomeUnknown: it still runs.
        """
        failed, done = await self._wait(batch)
        found: dict[str, Contact] = {}
        for ids in chunks(sorted(done), PAGE):
            found |= {
                folded(one.email): one for one in await self.calls.people.contacts_of_ids(ids)
            }
        outcomes: list[Outcome] = []
        missing: list[Op] = []
        for op in ops:
            address = folded(op.properties["email"])
            contact = found.get(address)
            if contact is not None:
                outcomes.append(Outcome(op.key, OpState.WRITTEN, contact.id))
            elif address in failed:
                message = f'ActiveCampaign did not import "{op.properties["email"]}".'
                outcomes.append(refused(op, BadValue("import_failed", message)))
            else:
                missing.append(op)
        there = await contacts_of(self.calls, [op.properties["email"] for op in missing])
        for op in missing:
            contact = there.get(op.properties["email"])
            if contact is not None:
                outcomes.append(Outcome(op.key, OpState.WRITTEN, contact.id))
        lost = [op for op in missing if op.properties["email"] not in there]
        return await in_turn([partial(one_by_one, lost, self._sync)], outcomes)

    async def _wait(self, batch: str) -> tuple[set[str], set[str]]:
        """Addresses that failed and ids that are there, once an import is over.

        None of either when nobody knows the import (any more): what it did can be seen.
        """
        waited = 0.0
        while True:
            try:
                state = await self.calls.people.import_state(batch)
            except Refusal:
                return set(), set()
            if state.status in _OVER:
                return {folded(address) for address in state.failed}, set(state.done)
            if waited >= PATIENCE:
                raise OutcomeUnknown(
                    f'The import of contacts {batch} is "{state.status}" after '
                    f"{PATIENCE / 60:.0f} minutes. Nothing is lost; resume later."
                )
            await self.clock.sleep(POLL)
            waited += POLL

    async def recover(self, sent: Sequence[Sent]) -> list[Outcome]:
        """Contacts that are there by now; an import that still runs is waited for first.

        Contacts of which more than the address was sent have no outcome: sending them again
        completes them and creates nothing twice.
        """
        for batch in dict.fromkeys(one.job for one in sent if one.job):
            try:
                await self._wait(batch)
            except OutcomeUnknown as error:  # no person is needed, only time
                raise Unavailable(str(error)) from error
        ops = [one.op for one in sent if one.op.properties.keys() == {"email"}]
        found = await contacts_of(self.calls, [op.properties["email"] for op in ops])
        return [
            Outcome(op.key, OpState.WRITTEN, found[op.properties["email"]].id)
            for op in ops
            if op.properties["email"] in found
        ]


def _import_row(op: Op) -> dict[str, str]:
    return {_IMPORT_NAMES.get(name, name): value for name, value in op.properties.items()}


def _imports(ops: Sequence[Op]) -> Iterable[list[Op]]:
    """Runs of ops that fit into an import by their number and their size."""
    part: list[Op] = []
    size = 100
    for op in ops:
        length = len(json.dumps(_import_row(op), ensure_ascii=False).encode()) + 2
        if part and (len(part) == IMPORT or size + length > IMPORT_BYTES):
            yield part
            part, size = [], 100
        part.append(op)
        size += length
    if part:
        yield part


def _suspects(fault: Fault, ops: Sequence[Op]) -> set[str]:
    """Keys of the ops that an import's reasons may be about."""
    by_address = {folded(op.properties["email"]): op.key for op in ops}
    found: set[str] = set()
    for reason in fault.reasons:
        named = reason.get("contact") if isinstance(reason, dict) else None
        text = folded(str(named))
        if text in by_address:
            found.add(by_address[text])
        elif text.isdigit():
            found |= {ops[i].key for i in (int(text) - 1, int(text)) if 0 <= i < len(ops)}
    return found
