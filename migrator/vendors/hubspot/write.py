"""Creating, updating and archiving in batches: exactly one outcome per op.

Every input carries its own ``objectWriteTraceId``: that makes HubSpot answer 207 with the blame per
row instead of failing the batch for one of them (error handling, "multi-status errors"). It is
documented for creates only, so a batch that fails as a whole is halved down to the row; a batch
turned down as a whole wrote nothing.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from migrator.errors import MigratorError, OutcomeUnknown
from migrator.model import KEY_EXISTS, KEY_FIELD, Action, ObjectType, OpState, Outcome
from migrator.vendors.hubspot.activities import Content, content, distinct
from migrator.vendors.hubspot.answers import Fault, Json, body, is_row_fault, objects, read_fault
from migrator.vendors.hubspot.fields import UNKEYED, key_property
from migrator.vendors.hubspot.links import inline
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.shared.turns import in_turn
from migrator.wire import Effect, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.model import Op
    from migrator.vendors.hubspot.calls import Calls
    from migrator.vendors.hubspot.labels import Labels

_VERBS = {Action.CREATE: "create", Action.UPDATE: "update", Action.DELETE: "archive"}

_CONFLICT = re.compile(r"CONFLICT|UNIQUE|ALREADY EXISTS|ALREADY HAS THAT VALUE", re.IGNORECASE)
_NAMED = re.compile(r"propertyName=(\w+)")


async def write(
    calls: Calls, labels: Labels, type: ObjectType, action: Action, ops: Sequence[Op]
) -> list[Outcome]:
    """Carry out ops of one action; see :meth:`migrator.vendors.base.Vendor.write`."""
    if not ops:
        return []
    inputs = {op.key: await _input(op, labels) for op in ops}
    send = partial(_together, calls, type, action, inputs)
    if action is Action.CREATE and any(keyless(op) for op in ops):
        return await in_turn([partial(send, [op]) for op in ops])
    if action is Action.CREATE and type in UNKEYED:
        return await in_turn([partial(send, part) for part in distinct(ops)])
    return await send(ops)


def keyless(op: Op) -> bool:
    """Whether a create carries no source key, so that nothing but its answer tells its id.

    Such a one goes in a batch of its own: the one result is its, trace id or not. UNCERTAIN is
    whether results repeat the trace id; without it, those of several could not be told apart.
    """
    return op.type in KEYED and KEY_FIELD not in op.properties


async def _input(op: Op, labels: Labels) -> Json:
    """An op as a batch has it."""
    if op.action is Action.DELETE:
        return {"id": op.id}
    content: Json = {"properties": dict(op.properties), "objectWriteTraceId": _trace(op)}
    if op.action is Action.UPDATE:
        return {"id": op.id, **content}
    if op.links:
        content["associations"] = await inline(op, labels)
    return content


async def _together(
    calls: Calls,
    type: ObjectType,
    action: Action,
    inputs: Mapping[str, Json],
    ops: Sequence[Op],
) -> list[Outcome]:
    batch = _Batch(calls, type, action, inputs)
    try:
        await batch.send(list(ops))
    except OutcomeUnknown:
        raise
    except MigratorError as error:
        if batch.carried_out:
            raise OutcomeUnknown(
                f"HubSpot carried a part of a batch of {len(ops)} {type} out, then: {error}"
            ) from error
        raise
    return batch.outcomes


class _Batch:
    """Ops on their way, in one request or in halves of it; ``inputs`` by their keys."""

    def __init__(
        self, calls: Calls, type: ObjectType, action: Action, inputs: Mapping[str, Json]
    ) -> None:
        self._inputs = inputs
        self._calls = calls
        self._type = type
        self._action = action
        self._path = calls.paths.objects(type, f"batch/{_VERBS[action]}")
        self.outcomes: list[Outcome] = []

    @property
    def carried_out(self) -> bool:
        return any(outcome.state is OpState.WRITTEN for outcome in self.outcomes)

    async def send(self, ops: list[Op]) -> None:
        """Send these ops, one at least, and note what became of them."""
        # A create is never repeated blindly; an update by id and an archive may be.
        effect = Effect.ONCE if self._action is Action.CREATE else Effect.REPEATABLE
        content = {"inputs": [self._inputs[op.key] for op in ops]}
        client = self._calls.client
        response = await request(client, "POST", self._path, effect=effect, json=content)
        found = body(response)
        if is_row_fault(response.status_code, found):
            await self._turned_down(ops, read_fault(found))
            return
        self._calls.check(response, f"POST {self._path}")
        if self._action is Action.DELETE:  # 204: no word on single rows
            for op in ops:
                self._written(op, op.id)
        else:
            await self._read(ops, found)

    async def _turned_down(self, ops: list[Op], fault: Fault) -> None:
        if len(ops) > 1:
            half = len(ops) // 2
            await self.send(ops[:half])
            await self.send(ops[half:])
        elif self._action is Action.DELETE and fault.not_found:
            self._written(ops[0], ops[0].id)
        else:
            self._refused(ops[0], fault)

    async def _read(self, ops: list[Op], found: Json) -> None:
        """Note results and errors; never by position, which HubSpot does not promise."""
        names = _Names(ops, self._type, self._action)
        waiting = {op.key: op for op in ops}
        blamed: dict[str, Fault] = {}
        nameless = []
        for error in objects(found.get("errors")):
            fault = read_fault(error)
            ops_named = names.of_fault(fault)
            blamed.update((op.key, fault) for op in ops_named)
            if not ops_named:
                nameless.append(fault)
        for result in objects(found.get("results")):
            op = names.of_result(result)
            if op is not None and waiting.pop(op.key, None) is not None:
                also = blamed.pop(op.key, None) or _not_cleared(op, result)
                self._written(op, str(result.get("id") or op.id), also)
        for key, fault in blamed.items():
            self._refused(waiting.pop(key), fault)
        await self._rest(list(waiting.values()), nameless)

    async def _rest(self, ops: list[Op], nameless: list[Fault]) -> None:
        """Ops that the answer does not name."""
        if not ops:
            return
        if len(ops) != len(nameless):
            raise OutcomeUnknown(
                f"HubSpot's answer to a batch of {self._type} says nothing of {len(ops)} rows: "
                f"{', '.join(op.key for op in ops[:5])}"
            )
        # As many errors as rows are left: all of them failed, and asking singly tells which how.
        if len(ops) == 1:
            self._refused(ops[0], nameless[0])
            return
        for op in ops:
            await self.send([op])

    def _written(self, op: Op, id: str | None, also: Fault | None = None) -> None:
        """Note a row as written; ``also`` is what HubSpot did not like about it nevertheless."""
        code, message = (also.code, also.message) if also else ("", "")
        self.outcomes.append(Outcome(op.key, OpState.WRITTEN, id, code, message))

    def _refused(self, op: Op, fault: Fault) -> None:
        code = fault.code
        if self._action is Action.CREATE and _key_taken(self._type, fault):
            code = KEY_EXISTS
        self.outcomes.append(Outcome(op.key, OpState.REFUSED, None, code, fault.message))


def _not_cleared(op: Op, result: Json) -> Fault | None:
    """A blank clears a property, but for a few that HubSpot fills at once: a result shows them."""
    if op.action is not Action.UPDATE:
        return None
    shown = result.get("properties") or {}
    kept = sorted(name for name, value in op.properties.items() if not value and shown.get(name))
    if not kept:
        return None
    return Fault("fields_refused", f"HubSpot does not leave {', '.join(kept)} blank")


def _trace(op: Op) -> str:
    """Any unique text will do; the op's number is unique within its run."""
    return f"op-{op.seq}"


class _Names:
    """Finds the op that a result or an error is about."""

    def __init__(self, ops: Sequence[Op], type: ObjectType, action: Action) -> None:
        self._key = key_property(type)
        self._by_id = {op.id: op for op in ops if op.id} if action is Action.UPDATE else {}
        self._by_trace = {_trace(op): op for op in ops}
        self._type = type
        self._by_content: dict[Content, Op] = {}
        unkeyed = action is Action.CREATE and type in UNKEYED
        if unkeyed:
            self._by_content = {content(type, op.properties): op for op in ops}
        self._alone = ops[0] if len(ops) == 1 and (unkeyed or keyless(ops[0])) else None
        self._by_key = {}
        self._by_folded: dict[str, Op | None] = {}
        if action is Action.CREATE:
            for op in ops:
                key = op.properties.get(self._key, "")
                self._by_key[key] = op
                folded = key.strip().casefold()
                # Addresses come back in small letters; two keys of one folding stay apart.
                self._by_folded[folded] = None if folded in self._by_folded else op

    def of_result(self, result: Json) -> Op | None:
        if found := self._by_id.get(str(result.get("id"))):
            return found
        shown = result.get("properties") or {}
        if self._by_content and (found := self._by_content.get(content(self._type, shown))):
            return found
        key = str(shown.get(self._key) or "")
        if key and (found := self._by_key.get(key) or self._by_folded.get(key.strip().casefold())):
            return found
        return self._by_trace.get(str(result.get("objectWriteTraceId"))) or self._alone

    def of_fault(self, fault: Fault) -> list[Op]:
        traced = [self._by_trace[trace] for trace in fault.traces if trace in self._by_trace]
        return traced or [self._by_id[id_] for id_ in fault.ids if id_ in self._by_id]


def _key_taken(type: ObjectType, fault: Fault) -> bool:
    """Whether a create failed for its key and not for another unique property.

    Seen: 409 CONFLICT "Contact already exists. Existing ID: 123", and 400 VALIDATION_ERROR with
    CONFLICTING_UNIQUE_VALUE for a property with unique values. A conflict that names nothing is
    taken for the key's: who asks looks the key up and finds out.
    """
    if not _CONFLICT.search(f"{fault.code} {fault.category} {fault.message}"):
        return False
    named = fault.properties | set(_NAMED.findall(fault.message))
    return not named or key_property(type) in named
