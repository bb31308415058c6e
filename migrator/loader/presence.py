"""Records that came into the account by other hands, or by an earlier try of ours."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from migrator.journal import Settled
from migrator.loader.parents import created_parents, resolved
from migrator.model import KEY_EXISTS, Action, ObjectType, OpState
from migrator.plan import differences, holdings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from migrator.journal import Journal
    from migrator.model import Held, Op
    from migrator.plan import Holdings
    from migrator.vendors.base import Vendor

_PARENTS, _RECORDS = 0, 1
_READ = 2_000


class Presence:
    """What a run finds in the account where it meant to create.

    Args:
        vendor: the account.
        journal: the run's memory.
        run: its id there.
    """

    def __init__(self, vendor: Vendor, journal: Journal, run: str) -> None:
        self._vendor = vendor
        self._journal = journal
        self._run = run

    async def since_the_plan(self) -> AsyncIterator[list[Settled]]:
        """Creates whose key came into the account after the plan was made, with what they are now.

        Where the vendor does not refuse a second record with the same key, another run of the same
        file, planned or resumed in between, would double it.
        """
        parents: dict[ObjectType, dict[str, Op]] = {}
        for op in self._planned_creates(_PARENTS):
            parents.setdefault(op.type, {})[op.key] = op
        for type, ops in parents.items():
            found = await self._vendor.resolve(type, ops)
            yield [_parent_there(ops[key], ids) for key, ids in found.items()]
        records = Counter(op.type for op in self._planned_creates(_RECORDS))
        for type, count in records.items():
            async with holdings(self._vendor, type, count) as there:
                async for settled in self._those_there(type, there):
                    yield settled

    def _planned_creates(self, phase: int) -> Iterator[Op]:
        after = 0
        while ops := self._journal.planned(self._run, phase, after=after, limit=_READ):
            after = ops[-1].seq
            yield from (op for op in ops if op.action is Action.CREATE)

    async def _those_there(self, type: ObjectType, there: Holdings) -> AsyncIterator[list[Settled]]:
        creates = (op for op in self._planned_creates(_RECORDS) if op.type == type)
        while ops := {op.key: op for op in islice(creates, _READ)}:
            wanted = {name for op in ops.values() for name in op.properties}
            held = {key: all_[0] for key, all_ in (await there.held(ops, wanted)).items()}
            tries = self._journal.tries(self._run, [ops[key] for key in held])
            whole = await self._whole([(ops[key], held[key].id) for key in held], there)
            yield [
                self._there_already(ops[key], one, tries[key] + 1)
                if key in whole
                else _left_alone(ops[key], one)
                for key, one in held.items()
            ]

    async def _whole(self, pairs: Sequence[tuple[Op, str]], there: Holdings) -> set[str]:
        """Keys of those ops whose links their records in the account have."""
        parents = created_parents(self._journal, self._run, [op for op, _ in pairs])
        whole = {op.key for op, _ in pairs}
        for kind in dict.fromkeys(link.type for op, _ in pairs for link in op.links):
            linked = await there.linked([id_ for _, id_ in pairs], kind)
            for op, id_ in pairs:
                links = resolved(op, parents)
                wanted = {link.id for link in links.ready if link.type == kind}
                if links.refused or links.open or not wanted <= linked[id_]:
                    whole.discard(op.key)
        return whole

    def in_doubt(self, settled: Settled) -> bool:
        """Whether a create that was turned down may be in the account.

        It was refused for its key; or it was sent before, and an earlier try that was carried out
        late has taken whatever values the CRM keeps unique.
        """
        if settled.code == KEY_EXISTS:
            return True
        refused = settled.state is OpState.REFUSED and settled.op.action is Action.CREATE
        if not refused or not self._vendor.capabilities.unique_keys:
            return False
        return self._journal.tries(self._run, [settled.op])[settled.op.key] > 1

    async def told_taken(self, settled: Sequence[Settled]) -> list[Settled]:
        """Creates refused for what is there are ours if an earlier try of them was carried out."""
        doubtful = {s.op.key: s.op for s in settled if self.in_doubt(s)}
        if not doubtful:
            return list(settled)
        tries = self._journal.tries(self._run, list(doubtful.values()))
        answers: dict[str, Settled] = {}
        for type in dict.fromkeys(op.type for op in doubtful.values()):
            of_type = {key: op for key, op in doubtful.items() if op.type == type}
            wanted = {name for op in of_type.values() for name in op.properties}
            for key, held in (await self._vendor.find(type, of_type, wanted)).items():
                answers[key] = self._there_already(of_type[key], held, tries[key])
        return [answers.get(s.op.key, s) if s.op.key in doubtful else s for s in settled]

    def _there_already(self, op: Op, held: Held, tries: int) -> Settled:
        """A create whose key is in the account: ours, or somebody else's that is left alone.

        A parent is wanted, whoever made it and whatever it is called by now.
        """
        if op.place is None and tries <= 1:
            return Settled(op, OpState.UNCHANGED, held.id)
        ours = tries > 1
        if ours or not differences(self._vendor, op.type, op.properties, held):
            return Settled(op, OpState.WRITTEN, held.id)
        return _left_alone(op, held)


def _left_alone(op: Op, held: Held) -> Settled:
    message = (
        f"a record with this key came into the account after the plan was made (id {held.id}); "
        "it was left as it is. Run the file again to compare and update it"
    )
    return Settled(op, OpState.REFUSED, held.id, KEY_EXISTS, message)


def _parent_there(op: Op, ids: Sequence[str]) -> Settled:
    """A parent to create that came into the account after the plan was made."""
    if len(ids) == 1:
        return Settled(op, OpState.UNCHANGED, ids[0])
    message = f"{len(ids)} records match it by now (ids {', '.join(ids)}): a person has to choose"
    return Settled(op, OpState.REFUSED, code="ambiguous", message=message)
