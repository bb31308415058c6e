"""Accounts with deals in them, and ways to export them, in each CRM's sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.model import ObjectType
from migrator.runs.exporting import Exported, Wanted, export, go_on
from migrator.runs.inputs import Request
from migrator.runs.planning import plan_run
from migrator.runs.target import connected
from migrator.template import Match, Narrow
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from migrator.report import Report
    from migrator.runs.planning import Planned

DEALS = ObjectType.DEALS
STAGES = ("Due", "Talks", "Won", "Lost")
TEMPLATE = """
name: exports
key: {from: id}
fields:
  name: {from: title, rules: [required]}
  pipeline: {default: Renewals}
  stage: {from: stage}
  amount: {from: amount}
  owner: {from: owner}
  close_date: {from: close}
  contacts: {from: contact, on_missing: create}
  companies: {from: company, on_missing: create}
  custom.segment: {from: segment}
create:
  fields:
    - {name: segment, label: Segment}
  pipelines:
    - label: Renewals
      stages:
        - {label: Due}
        - {label: Talks}
        - {label: Won, status: won}
        - {label: Lost, status: lost}
"""
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "hubspot": {},
    "brevo": {"pipelines": {"Renewals": list(STAGES)}},
    "activecampaign": {},
}
"""Of the sandboxes; where pipelines cannot be created, they are there."""
VENDORS = tuple(OPTIONS)


def rehearsal(vendor: str, folder: Path, **options: Any) -> Rehearsal:
    """An account without deals."""
    folder.mkdir(parents=True, exist_ok=True)
    return Rehearsal(folder, vendor=vendor, options={**OPTIONS[vendor], **options})


def filled(vendor: str, folder: Path, count: int, **options: Any) -> Rehearsal:
    """An account with so many deals, of contacts and companies of their own."""
    there = rehearsal(vendor, folder, **options)
    owners = [one.email or one.name for one in there.account().owners if one.active]
    source = deals(
        count,
        stage=lambda n: STAGES[n % 4],
        owner=lambda n: owners[n % 2],
        close=lambda n: f"2026-0{1 + n % 9}-15",
        contact=lambda n: f"p{n % 17}@example.com",
        company=lambda n: f"Firm {n % 5}",
        segment=lambda n: "" if n % 3 else "Retail",
    )
    report = there.load(there.template(TEMPLATE), there.source(source))
    assert report.rows["created"] == count
    there.clock.run(there.clock.sleep(60.0))
    return there


@dataclass
class Reader:
    """Exports of one account."""

    there: Rehearsal

    def export(self, to: Path, type: ObjectType = DEALS, since: datetime | None = None) -> Exported:
        """Export all of a type."""
        space = self.there.workspace()

        async def main() -> Exported:
            async with connected(self.there.target, space) as session:
                return await export(space, session, Wanted(type, to, since))

        try:
            return self.there.clock.run(main())
        finally:
            space.close()

    def go_on(self) -> Exported:
        """Go on with the newest run."""
        space = self.there.workspace()

        async def main() -> Exported:
            async with connected(self.there.target, space) as session:
                return await go_on(space, space.journal.run(), session)

        try:
            return self.there.clock.run(main())
        finally:
            space.close()


def rows_of(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of an exported file by key, each of which it must have once."""
    frame = (
        pl.read_parquet(path)
        if path.suffix == ".parquet"
        else pl.read_csv(path, infer_schema=False)
    )
    rows = frame.rows(named=True)
    found = {row["key"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def plan_narrow(
    there: Rehearsal, file: Path, *only: str, match: Match = Match.AUTO, template: str = "migrator"
) -> Planned:
    """Plan to change some fields of the records that a file names."""
    space = there.workspace()
    request = Request(template, (str(file),), narrow=Narrow(only, match))

    async def main() -> Planned:
        async with connected(there.target, space) as session:
            return await plan_run(space, request, session)

    try:
        return there.clock.run(main())
    finally:
        space.close()


def run_narrow(there: Rehearsal, file: Path, *only: str, **options: Any) -> Report:
    """Plan and write it."""
    return there.execute(plan_narrow(there, file, *only, **options).run)
