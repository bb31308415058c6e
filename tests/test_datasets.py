"""Real deal files load whole into a sandbox, and the sums read back from it are the files' own.

The files are not part of this project; where they are absent these tests are skipped.
"""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support import SHARED, Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

DATASETS = SHARED / "datasets"

pytestmark = pytest.mark.skipif(
    not DATASETS.is_dir(), reason=f"the real deal files are absent: {DATASETS.name}/ is not there"
)

MAVEN = (
    "maven_crm/sales_pipeline.csv",
    "maven_crm/sales_pipeline.us_dates.csv",
    "maven_crm_eu_dates/sales_pipeline.eu_dates.csv",
)


def load(tmp_path: Path, template: str, file: str) -> Rehearsal:
    """Load a file, all of it, and verify it."""
    rehearsal = Rehearsal(tmp_path)
    report = rehearsal.load(template, str(DATASETS / file))
    assert report.adds_up
    assert report.rows["created"] == report.source_rows, report.codes
    assert rehearsal.verify().agrees
    return rehearsal


def stages(rehearsal: Rehearsal) -> dict[str, str]:
    """Stage ids of the sandbox to their labels."""
    return {s.id: s.label for p in rehearsal.account().pipelines for s in p.stages}


def won(rehearsal: Rehearsal) -> tuple[int, Decimal]:
    """Won deals in the sandbox and the sum of their amounts."""
    labels = stages(rehearsal)
    amounts = [
        Decimal(record["amount"])
        for record in rehearsal.sandbox.records("deals")
        if labels[record["dealstage"]] in {"Won", "Closed Won"}
    ]
    return len(amounts), sum(amounts, Decimal(0))


def test_three_spellings_of_the_dates_give_the_same_deals(tmp_path: Path) -> None:
    """8,800 deals with ISO, American and two-digit European dates are equal in the account."""
    loaded = []
    for number, file in enumerate(MAVEN):
        folder = tmp_path / str(number)
        folder.mkdir()
        rehearsal = load(folder, "maven", file)
        assert won(rehearsal) == (4_238, Decimal("10005534.00"))
        records = {r["migrator_key"]: r for r in rehearsal.sandbox.records("deals")}
        assert len(records) == 8_800
        labels = stages(rehearsal)
        loaded.append(
            {
                key: (r["dealname"], r.get("closedate"), r.get("amount"), labels[r["dealstage"]])
                for key, r in records.items()
            }
        )
        companies = rehearsal.sandbox.records("companies")
        assert len(companies) == 85
        assert len(rehearsal.sandbox.associations("deals", "companies")) == 8_800 - 1_425
    assert loaded[0] == loaded[1] == loaded[2]


@pytest.mark.parametrize(
    ("template", "file", "amount", "stage"),
    [
        ("salesforce", "salesforce_dataloader_samples/opportunityData.csv", "AMOUNT", "STAGENAME"),
        ("salesforce", "salesforce_genai_demo_bsd/Opportunity.csv", "Amount", "StageName"),
        ("opportunities", "sf_style_6000_mit/opportunities.csv", "amount", "stage"),
        ("revops", "revops_skills_mit/opportunities.csv", "amount", "stage"),
    ],
)
def test_other_real_files(
    tmp_path: Path, template: str, file: str, amount: str, stage: str
) -> None:
    """Every row is created once; sums of all and of the won deals are those of the file."""
    with (DATASETS / file).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rehearsal = load(tmp_path, template, file)
    records = rehearsal.sandbox.records("deals")
    assert Counter(Counter(r["migrator_key"] for r in records).values()) == {1: len(rows)}
    held = sum((Decimal(r.get("amount", "0")) for r in records), Decimal(0))
    assert held == sum((Decimal(row[amount] or "0") for row in rows), Decimal(0)) > 0
    closed = [Decimal(row[amount] or "0") for row in rows if row[stage].endswith("Won")]
    assert won(rehearsal) == (len(closed), sum(closed, Decimal(0)))
