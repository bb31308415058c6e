"""Empty a stage into another one, or a kind of task, by the one request that a CRM has for it.

Emptying a stage is a run like any other: which deals are in it is written down as ops with their
values of before, so that ``verify`` and ``undo`` know them, and one that is stopped goes on, deal
by deal, as an ordinary change of stages.
"""

from __future__ import annotations

import asyncio
import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from migrator.errors import InputError, did_you_mean
from migrator.model import Held, ObjectType, OpState, Outcome, Reference
from migrator.plan import differences
from migrator.runs.execution import execute
from migrator.runs.inputs import Request, read_inputs
from migrator.runs.planning import plan_inputs
from migrator.runs.workspace import new_run_id
from migrator.template import Match, Narrow
from migrator.vendors.base import MovesStages, MovesTasks, no_note
from migrator.vendors.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from migrator.model import Account, Action, Encoded, Op, Pipeline, Record, Shape, Stage
    from migrator.report import Report
    from migrator.runs.planning import Planned
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Vendor

MOVED = "moved_meanwhile"
"""Code of an outcome: the deal had left the stage before it was emptied."""

_PLACE = frozenset({"pipeline_id", "stage_id"})
_DEALS, _TASKS = "deals.csv", "tasks.csv"
_NO_SUCH_CALL = (
    "{vendor} has no request that does it at once. Export the {type}, change {column} in the file, "
    "and write that alone: migrator run FILE --to {vendor} --update-only --only {column}"
)


_Labelled = TypeVar("_Labelled", "Pipeline", "Stage")


@dataclass(frozen=True)
class Emptying:
    """What is to be emptied, by the labels that people see."""

    pipeline: str
    stage: str
    to: str


# -- stages ----------------------------------------------------------------------------------------


async def plan_emptying(workspace: Workspace, session: Session, asked: Emptying) -> Planned:
    """Find the deals of a stage and plan to put them into the other one; nothing is written.

    Raises:
        InputError: the vendor has no such request, or there is no such stage.
        Locked: another run writes to the account.
    """
    vendor = session.vendor
    if not isinstance(vendor, MovesStages):
        raise InputError(
            _NO_SUCH_CALL.format(vendor=vendor.name, type="deals", column="pipeline,stage")
        )
    account = await session.account((ObjectType.DEALS,))
    pipeline = _labelled(account.pipelines, asked.pipeline, "pipeline")
    stages = (
        _labelled(pipeline.stages, asked.stage, "stage"),
        _labelled(pipeline.stages, asked.to, "stage"),
    )
    if stages[0].id == stages[1].id:
        raise InputError(f'"{asked.to}" is the stage that the deals are in. Name another.')
    run_id = new_run_id(workspace.clock.now(), workspace.rng)
    folder = workspace.folder(run_id)
    if not await _list_deals(vendor, account, pipeline, stages, folder / _DEALS):
        raise InputError(
            f'There is no deal in the stage "{stages[0].label}"; nothing is to be done.'
        )
    narrow = Narrow(("pipeline", "stage"), Match.RECORD)
    inputs = read_inputs(Request("migrator", (str(folder / _DEALS),), narrow=narrow), folder)
    session.vendor = _AtOnce(vendor, vendor, (stages[0].id, stages[1].id))
    return await plan_inputs(workspace, run_id, inputs, session, lock=True)


async def empty(workspace: Workspace, session: Session, planned: Planned) -> Report:
    """Carry out what :func:`plan_emptying` has planned in this session.

    Raises:
        See :func:`migrator.runs.execution.execute`.
    """
    return await execute(workspace, planned.run, session, inputs=planned.inputs)


def _labelled(among: Sequence[_Labelled], name: str, what: str) -> _Labelled:
    """The one of this label or id."""
    wanted = name.strip().casefold()
    called = [one for one in among if one.label.casefold() == wanted]
    found = called or [one for one in among if one.id.casefold() == wanted]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise InputError(f'Several are called "{name}": name the {what} by its id ({ids}).')
    if found:
        return found[0]
    known = [one.label for one in among]
    near = did_you_mean(name, known)
    raise InputError(f'There is no {what} "{name}".{near} There are {", ".join(known)}.')


async def _list_deals(
    vendor: Vendor,
    account: Account,
    pipeline: Pipeline,
    stages: tuple[Stage, Stage],
    file: Path,
) -> int:
    """Write down the deals of the first stage as an export in which they are in the other one."""
    count = 0
    names = vendor.exported(ObjectType.DEALS, account)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["record", "key", "name", "pipeline", "stage"])
        async for page in vendor.pages(ObjectType.DEALS, names):
            for held in page.records:
                values = vendor.decode(held, account)
                if values.get("stage_id") == stages[0].id:
                    own = Reference(account.vendor, account.id, held.type, held.id)
                    name = values.get("name", "")
                    writer.writerow([own, own, name, pipeline.label, stages[1].label])
                    count += 1
    return count


class _AtOnce(View):
    """Carries out changes of nothing but the stage by one request, sent for the first of them.

    It moves whatever is in the stage. So each deal is read afterwards: one that somebody had moved
    elsewhere before is refused, not claimed.
    """

    def __init__(self, vendor: Vendor, moves: MovesStages, stages: tuple[str, str]) -> None:
        super().__init__(vendor)
        self._moves = moves
        self._stages = stages
        self._moved = False
        self._turn = asyncio.Lock()

    def encode(self, record: Record, account: Account) -> Encoded:
        """The place of a deal and no more: the request leaves its status as it is."""
        encoded = self._vendor.encode(record, account)
        kept = {}
        for name, value in encoded.properties.items():
            alone = Held(record.type, "", record.key, {name: value})
            if _PLACE & self._vendor.decode(alone, account).keys():
                kept[name] = value
        origin = {name: of for name, of in encoded.origin.items() if name in kept}
        return replace(encoded, properties=kept, origin=origin)

    async def write(
        self,
        type: ObjectType,
        action: Action,  # noqa: ARG002  # of such a plan there are updates only
        ops: Sequence[Op],
        note: Callable[[str], None] = no_note,  # noqa: ARG002  # there is no job
    ) -> list[Outcome]:
        """Empty the stage, once; what became of these deals."""
        async with self._turn:
            if not self._moved:
                await self._moves.move_stage(*self._stages)
                self._moved = True
        names = {name for op in ops for name in op.properties}
        held = await self._vendor.read(type, [str(op.id) for op in ops], names)
        return [self._outcome(op, held.get(str(op.id))) for op in ops]

    def _outcome(self, op: Op, held: Held | None) -> Outcome:
        if held is not None and not differences(self, op.type, op.properties, held):
            return Outcome(op.key, OpState.WRITTEN, op.id)
        message = "Somebody moved or deleted the deal before its stage was emptied."
        return Outcome(op.key, OpState.REFUSED, op.id, MOVED, message)

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """One, whatever there is."""
        return {"": 1} if any(shapes.values()) else {}


# -- tasks -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kinds:
    """Two kinds of task, each an id and a title, and the tasks of the first.

    Attributes:
        file: lists them, for whoever wants to know later which they were.
    """

    old: tuple[str, str]
    new: tuple[str, str]
    count: int
    file: Path


async def find_tasks(workspace: Workspace, session: Session, kind: str, to: str) -> Kinds:
    """The tasks of a kind; nothing is written to the account.

    Raises:
        InputError: the vendor has no such request, or there is no such kind.
    """
    vendor = session.vendor
    if not isinstance(vendor, MovesTasks):
        raise InputError(_NO_SUCH_CALL.format(vendor=vendor.name, type="tasks", column="kind"))
    account = await session.account((ObjectType.TASKS,))
    types = await vendor.task_types()
    old, new = _titled(types, kind), _titled(types, to)
    if old == new:
        raise InputError(f'"{old[1]}" is the kind that the tasks have. Name another.')
    file = workspace.folder(new_run_id(workspace.clock.now(), workspace.rng)) / _TASKS
    count = 0
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["record", "title", "kind"])
        names = vendor.exported(ObjectType.TASKS, account)
        async for page in vendor.pages(ObjectType.TASKS, names):
            for held in page.records:
                values = vendor.decode(held, account)
                if values.get("kind") in old:
                    own = Reference(account.vendor, account.id, held.type, held.id)
                    writer.writerow([own, values.get("title", ""), values["kind"]])
                    count += 1
    return Kinds(old, new, count, file)


async def move_tasks(session: Session, kinds: Kinds) -> None:
    """Give all tasks of the first kind the second.

    Raises:
        Stopped, OutcomeUnknown: see :mod:`migrator.errors`; repeating it does no harm.
    """
    account = await session.account((ObjectType.TASKS,))
    session.lock(account)
    if isinstance(session.vendor, MovesTasks):
        await session.vendor.move_tasks(kinds.old[0], kinds.new[0])


def _titled(types: Mapping[str, str], name: str) -> tuple[str, str]:
    """The one of this title, else of this id."""
    wanted = name.strip().casefold()
    called = [one for one in types.items() if one[1].casefold() == wanted]
    found = called or [one for one in types.items() if one[0].casefold() == wanted]
    if len(found) > 1:
        ids = ", ".join(id_ for id_, _ in found)
        raise InputError(f'Several kinds of task are called "{name}": name the id ({ids}).')
    if found:
        return found[0]
    near = did_you_mean(name, types.values())
    raise InputError(
        f'There is no kind of task "{name}".{near} There are {", ".join(types.values())}.'
    )
