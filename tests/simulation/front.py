"""A load through the front door: a CSV file, a template, provisioning, the books of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.runs.execution import execute
from migrator.runs.inputs import Request
from migrator.runs.planning import plan_run
from tests.simulation.rows import PIPELINE, STAGES, as_csv

if TYPE_CHECKING:
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from tests.simulation.fate import Fate
    from tests.simulation.rows import Row
    from tests.simulation.story import Story
    from tests.simulation.world import World

_TEMPLATE = """
name: simulated
key: {{from: id}}
fields:
  name: {{from: title, rules: [required]}}
  pipeline: {{default: {pipeline}}}
  stage: {{from: stage}}
  amount: {{from: amount}}
  owner: {{from: owner}}
  contacts: {{from: people, transform: [{{split: ";"}}], on_missing: {contacts}}}
  companies: {{from: firms, transform: [{{split: ";"}}], on_missing: {companies}}}
  custom.region: {{from: region}}
create:
  fields:
    - {{name: region, label: Region}}
  pipelines:
    - label: {pipeline}
      stages:
        - {{label: {stages[0]}}}
        - {{label: {stages[1]}, status: won}}
        - {{label: {stages[2]}, status: lost}}
"""


class FrontDoor:
    """Loads a file as the command line does."""

    def __init__(self, world: World, rows: list[Row]) -> None:
        policies = {type.value: policy.value for type, policy in world.on_missing.items()}
        text = _TEMPLATE.format(pipeline=PIPELINE, stages=STAGES, **policies)
        template = world.folder / "template.yaml"
        template.write_text(text, encoding="utf-8")
        self._source = world.folder / f"deals-{world.lives}.csv"
        self._source.write_text(as_csv(rows, world.crm.trap), encoding="utf-8")
        self._request = Request(str(template), (str(self._source),))

    async def work(
        self,
        space: Workspace,
        session: Session,
        story: Story,
        fate: Fate | None = None,  # noqa: ARG002  # a signal would stop the whole test
    ) -> None:
        """Plan and write, or go on with the run that was stopped."""
        run = story.current(space.journal)
        if run is None:
            planned = await plan_run(space, self._request, session, lock=True)
            story.begin(planned.run.id)
            await execute(space, planned.run, session, inputs=planned.inputs)
        else:
            await execute(space, run, session)
