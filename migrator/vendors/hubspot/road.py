"""Which way records go: in batches of a hundred, or by files of the imports API."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from migrator.errors import MigratorError, OutcomeUnknown, Unauthorized
from migrator.model import Action, OpState, Outcome
from migrator.vendors.hubspot import read, write
from migrator.vendors.hubspot.calls import BATCH, chunks
from migrator.vendors.hubspot.imports import ROWS, TYPE_IDS, grouped
from migrator.vendors.shared.turns import in_turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from migrator.model import Held, ObjectType, Op, Sent, Shape
    from migrator.vendors.hubspot.calls import Calls
    from migrator.vendors.hubspot.imports import Imports
    from migrator.vendors.hubspot.labels import Labels

Via: TypeAlias = Literal["auto", "batch", "import"]

_MANY = 20_000
"""Updates of a type from which on a file saves requests worth the wait."""

_LEAST = 1_000
"""Rows of one set of properties below which batches are as cheap."""

_IN_PART = "HubSpot's import complained of this row, and may have left fields of it as they were"


class Road:
    """How ops of one portal are carried out.

    Args:
        calls: to the portal.
        labels: of links.
        imports: of the portal.
        via: ``auto`` takes files for updates of which a plan foretold so many that it saves
            requests.
    """

    def __init__(
        self,
        calls: Calls,
        labels: Labels,
        imports: Imports,
        via: Via,
    ) -> None:
        self._calls = calls
        self._labels = labels
        self._imports = imports
        self._same = imports.same
        self._via = via
        self._many: frozenset[ObjectType] = frozenset()

    def batches(self) -> dict[tuple[ObjectType, Action], int]:
        """Most ops of one ``write``, of types that go by files."""
        types = frozenset(TYPE_IDS) if self._via == "import" else self._many
        return {(type, Action.UPDATE): ROWS for type in types}

    def foretell(self, shapes: Mapping[Shape, int]) -> frozenset[Shape]:
        """Those of a plan's ops that go by files; what is sent next goes as was foretold."""
        if self._via == "batch":
            return frozenset()
        sizes: Counter[tuple[ObjectType, frozenset[str]]] = Counter()
        for shape, count in shapes.items():
            if _eligible(shape):
                sizes[shape.type, shape.names] += count
        large = [one for one in shapes if sizes[one.type, one.names] >= self._least]
        large = [shape for shape in large if _eligible(shape)]
        if self._via == "import":
            return frozenset(large)
        updates: Counter[ObjectType] = Counter()
        for shape in large:
            updates[shape.type] += shapes[shape]
        self._many = frozenset(type for type, count in updates.items() if count >= _MANY)
        return frozenset(shape for shape in large if shape.type in self._many)

    @property
    def _least(self) -> int:
        return 1 if self._via == "import" else _LEAST

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
        note: Callable[[str], None],
    ) -> list[Outcome]:
        """Carry out ops of one action; see :meth:`migrator.vendors.base.Vendor.write`."""
        send = partial(write.write, self._calls, self._labels, type, action)
        groups = grouped(ops, self._least) if (type, action) in self.batches() else []
        if not groups and len(ops) <= BATCH:
            return await send(ops)
        filed = {op.key for group in groups for op in group}
        rest = [op for op in ops if op.key not in filed]
        steps = [partial(self._by_file, group, note) for group in groups]
        return await in_turn([*steps, *(partial(send, chunk) for chunk in chunks(rest))])

    async def _by_file(self, ops: Sequence[Op], note: Callable[[str], None]) -> list[Outcome]:
        """Ops of one set of properties, by a file; by batches whatever that leaves in doubt."""
        try:
            clean = await self._imports.send(ops, note)
        except Unauthorized:  # the scope of imports is one that nothing else needs
            if self._via != "auto":
                raise
            clean = None
        if clean is None:
            self._many = frozenset()
            return await in_turn(self._batches(ops))
        try:
            return await self._completed(ops, clean)
        except OutcomeUnknown:
            raise
        except MigratorError as error:
            raise OutcomeUnknown(f"HubSpot worked a file off, then: {error}") from error

    def _batches(self, ops: Sequence[Op]) -> list[Callable[[], Awaitable[list[Outcome]]]]:
        """Steps that update in batches."""
        send = partial(write.write, self._calls, self._labels)
        return [partial(send, ops[0].type, Action.UPDATE, chunk) for chunk in chunks(ops)]

    async def _completed(self, ops: Sequence[Op], clean: Sequence[Op]) -> list[Outcome]:
        """Outcomes of a file: of the clean ops as they are, of the others as batches tell.

        What a batch refuses, the file may have written but for its bad cell.
        """
        done = {op.key for op in clean}
        left = [op for op in ops if op.key not in done]
        known = [Outcome(op.key, OpState.WRITTEN, op.id) for op in clean]
        outcomes = await in_turn(self._batches(left), known) if left else known
        refused = {one.key: one for one in outcomes if one.state is OpState.REFUSED}
        changed = await self._changed([op for op in left if op.key in refused])
        in_part = {
            op.key: replace(refused[op.key], state=OpState.WRITTEN, id=op.id) for op in changed
        }
        return [in_part.get(one.key, one) for one in outcomes]

    async def _changed(self, ops: Sequence[Op]) -> list[Op]:
        """Ops of which a property has our value that had another before.

        That a record was changed has to be known, so that it can be changed back.
        """
        if not ops:
            return []
        names = sorted({name for op in ops for name in op.properties})
        there = await read.read(self._calls, ops[0].type, [str(op.id) for op in ops], names)
        return [op for op in ops if (held := there.get(str(op.id))) and self._is_changed(op, held)]

    def _is_changed(self, op: Op, held: Held) -> bool:
        return any(
            self._same(op.type, name, value, held.properties[name])
            and not self._same(op.type, name, value, op.before.get(name))
            for name, value in op.properties.items()
        )

    async def recover(self, sent: Sequence[Sent]) -> list[Outcome]:
        """What imports tell of ops that were sent and have no answer; the rest is sent again.

        Of what a file complained of, it may have written all but the bad cell.
        """
        clean, complained = await self._imports.told(sent)
        outcomes = [Outcome(op.key, OpState.WRITTEN, op.id) for op in clean]
        return outcomes + [
            Outcome(op.key, OpState.WRITTEN, op.id, "import_error", _IN_PART)
            for op in await self._changed(complained)
        ]


def _eligible(shape: Shape) -> bool:
    """As :func:`migrator.vendors.hubspot.imports.eligible`, of many ops at once."""
    writes = bool(shape.names) and not shape.clears
    return shape.type in TYPE_IDS and shape.action is Action.UPDATE and writes
