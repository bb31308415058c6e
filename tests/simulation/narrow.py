"""A load by the narrow way: as the front door does it, from prepared records, without reports.

Reading and writing files with polars costs more than all the rest; the front door is taken by a
share of the worlds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.journal import Run, RunState
from migrator.loader import Job, Loader
from migrator.model import ObjectType, OnConflict
from migrator.plan import Intent, make_plan
from migrator.runs.settling import settle_others
from migrator.runs.turned_down import PROBLEMS
from migrator.runs.workspace import new_run_id
from tests.simulation.crms.base import TYPES
from tests.simulation.rows import write_rows

if TYPE_CHECKING:
    from migrator.model import Account
    from migrator.plan import Plan
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from tests.simulation.fate import Fate
    from tests.simulation.rows import Row
    from tests.simulation.story import Story
    from tests.simulation.world import World


class Narrow:
    """Loads prepared records."""

    def __init__(self, world: World, rows: list[Row]) -> None:
        self._world = world
        self._rows = rows
        self._records = world.folder / f"records-{world.lives}.parquet"
        write_rows(rows, world.crm.trap, self._records)

    async def work(
        self, space: Workspace, session: Session, story: Story, fate: Fate | None = None
    ) -> None:
        """Plan and write, or go on with the run that was stopped."""
        account = await session.account(TYPES)
        session.lock(account)
        run = story.current(space.journal)
        if run is None:
            run = self._new_run(space, account)
            await settle_others(space, session, account, run.id)
            await self._plan(space, session, account, run)
            story.begin(run.id)
            session.planned = run.id
        else:
            await settle_others(space, session, account, run.id)
        space.journal.set_state(run.id, RunState.RUNNING)
        job = Job(run.id, self._world.on_missing, fresh=session.planned == run.id)
        loader = Loader(session.vendor, space.journal, job, space.clock)
        if fate is not None:
            fate.stop = loader.stop
        await loader.load()
        space.journal.set_state(run.id, RunState.FINISHED)

    async def plan(self, space: Workspace, session: Session) -> Plan:
        """What a run of these rows would write."""
        account = await session.account(TYPES)
        return await self._plan(space, session, account, self._new_run(space, account))

    async def _plan(self, space: Workspace, session: Session, account: Account, run: Run) -> Plan:
        space.journal.add_run(run)
        intent = Intent(
            run=run.id,
            records=self._records,
            type=ObjectType.DEALS,
            on_conflict=lambda _: OnConflict.OVERWRITE,
            on_missing=self._world.on_missing,
            problems=space.folder(run.id) / PROBLEMS,
        )
        plan = await make_plan(session.vendor, account, intent, space.journal)
        settings = {
            **run.settings,
            "origin": plan.origin,
            "kept": [],
            "rejected": plan.counts["rejected"],
        }
        space.journal.update_run(run.id, account_fingerprint="", settings=settings)
        space.journal.set_state(run.id, RunState.PLANNED)
        return plan

    def _new_run(self, space: Workspace, account: Account) -> Run:
        return Run(
            id=new_run_id(space.clock.now(), space.rng),
            created_at=space.clock.now().isoformat(),
            state=RunState.PLANNING,
            vendor=account.vendor,
            account=account.id,
            template="simulated",
            template_fingerprint="",
            source_fingerprint="",
            account_fingerprint="",
            settings={
                "types": list(TYPES),
                "prepared": {"rows": len(self._rows), "merged": 0},
                "on_missing": dict(self._world.on_missing),
            },
        )
