"""What a plan says of deals that are in the account without a key of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError
from migrator.journal import RunState
from migrator.model import ObjectType
from migrator.plan.twins import DOUBTFUL
from migrator.report import counted
from migrator.template import Survivor
from migrator.vendors.outlook import of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Run
    from migrator.plan import Plan
    from migrator.runs.inputs import Inputs
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace

UNCOMPARED = "uncompared"
"""Among a run's settings: how many deals an account had before the first load, seen by nobody."""

_BECAME = {
    Survivor.UPDATE.value: "made one with their deals, which are updated and get the row's key",
    Survivor.CREATE.value: "created besides",
    "already_there": "turned down: the account's deals stay as they are",
    "several_alike": "turned down: which deal is meant is not clear",
    DOUBTFUL: "turned down: they may be there, but what both say is not enough to know",
}

_MOVED = {
    "reopened": "Closed deals of the account that become open again",
    "closed": "Open deals of the account that become closed",
    "moved": "Deals of the account that go to another stage",
    "changed": "Closed deals of the account that stay closed and change in other fields",
}
"""What becomes of deals that rows were made one with, the worst first."""


def ensure_none_alike(inputs: Inputs, plan: Plan) -> None:
    """Refuse to go on where the rule about existing deals says stop.

    Raises:
        InputError: there are some.
    """
    count = plan.alike[Survivor.STOP.value]
    if count:
        raise InputError(
            f"Nothing was written: {counted(count, 'row', 'rows')} of {inputs.template.name} may "
            f"be deals of the account that no load of ours wrote ({_named(plan.twins, count)}). "
            "Say what becomes of them with --existing (...=update, skip or create)."
        )


async def uncompared(
    workspace: Workspace, session: Session, run: Run, inputs: Inputs, plan: Plan
) -> int:
    """Deals that the account holds before the first load from this folder, and nobody looked at.

    It takes a request, once; later loads have written most of them themselves.
    """
    if run.state is not RunState.PLANNING:
        known: int = run.settings.get(UNCOMPARED, 0)
        return known
    template = inputs.template
    first = workspace.journal.touched(run.vendor, run.account) is None
    looked = template.existing is not None or inputs.request.narrow is not None
    if looked or not first or template.object is not ObjectType.DEALS:
        return 0
    return (await session.vendor.count(template.object) or 0) if plan.counts["create"] else 0


def told(plan: Plan, unseen: int) -> list[str]:
    """Sentences about deals that are there without a key of ours."""
    lines = []
    if unseen:
        lines.append(
            f"The account holds {of(unseen, 'deal')} already. Nobody looked whether rows of the "
            "file are among them: to do so, which reads all of them, say for example --existing "
            "name,amount=skip (or update, create, stop)"
        )
    if plan.compared:
        lines.append(
            f"{of(plan.compared, 'deal')} of the account read to find those of the file that no "
            f"load of ours wrote; rows that look like one: {sum(plan.alike.values()):,}"
        )
    lines += [f"Of these rows {count:,}: {_BECAME[what]}" for what, count in plan.alike.items()]
    if plan.twins:
        some = _named(plan.twins, sum(plan.alike.values()))
        lines.append(f"Such rows, by key, with the deals that look like them: {some}")
    lines += [
        f"{deals}: {plan.moved[what]:,} ({_named(plan.moves[what], plan.moved[what])})"
        for what, deals in _MOVED.items()
        if plan.moved[what]
    ]
    return lines


def _named(examples: Sequence[str], count: int) -> str:
    more = count - len(examples)
    return "; ".join(examples) + (f"; and {more:,} more" if more > 0 else "")
