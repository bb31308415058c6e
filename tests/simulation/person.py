"""A person who looks into the account where the product cannot know, and tells what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.runs.unknown import answer

if TYPE_CHECKING:
    from migrator.journal import Unknown
    from migrator.runs.workspace import Workspace
    from tests.simulation.world import World


def tell(world: World, space: Workspace, run: str) -> int:
    """Answer for every row of a run whose outcome is unknown; how many there were."""
    answers = {
        f"{one.op.type}:{one.op.key}": _looked_up(world, space, one)
        for one in space.journal.unknown(run)
        if one.op.type is ObjectType.DEALS
    }
    for key, id in answers.items():
        world.trace(f"a person tells: {key} is {id or 'not there'}")
    answer(space, run, answers)
    return len(answers)


def _looked_up(world: World, space: Workspace, unknown: Unknown) -> str | None:
    """Id of the row's deal: by its key, else by its name if it has no key and is nobody else's."""
    row = next(one for load in world.loads for one in load.rows if one.key == unknown.op.key)
    names = {one.name for load in world.loads for one in load.rows if one.key == row.key}
    taken = {
        finished.op.id
        for run in space.journal.runs()
        for finished in space.journal.finished(run.id)
    }
    for seen in world.crm.seen():
        called = seen.key is None and seen.values["name"] in names and seen.id not in taken
        if seen.key == row.key or called:
            return seen.id
    return None
