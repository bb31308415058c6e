"""What the other account cannot hold is named before, in the plan, and after, in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.cli.show import plan as shown
from migrator.report import as_json, as_text
from tests.exports import Reader, filled, rehearsal
from tests.test_moving import fetched, loaded

if TYPE_CHECKING:
    from pathlib import Path


def test_named_before_and_after(tmp_path: Path) -> None:
    """Fields that are left out, values that become others, and what does not travel."""
    source = filled("hubspot", tmp_path / "a", 30)
    client = source.stranger()
    id_ = source.sandbox.records("deals")[4]["id"]
    moment = {"closedate": "2026-05-05T17:30:00Z"}
    answer = client.patch(f"/crm/v3/objects/deals/{id_}", json={"properties": moment})
    answer.raise_for_status()
    there = rehearsal("activecampaign", tmp_path / "b")
    planned, report = loaded(there, fetched(source, "activecampaign"))
    for text in (shown(planned), as_text(report)):
        words = " ".join(text.split())
        assert "created_at is left out: 30 records have one." in words
        assert "close_date changes: 1 records say something else over there" in words
        assert '"2026-05-05T17:30:00Z" becomes "2026-05-05"' in words
        assert "Attachments, e-mails, calls, meetings and the history" in words
    assert '"remarks": [' in as_json(report)


def test_a_field_that_is_not_there(tmp_path: Path) -> None:
    """A column of the account's own for which the other has no field is left out, not its rows."""
    source = filled("hubspot", tmp_path / "a", 30)
    target = tmp_path / "out.parquet"
    Reader(source).export(target)
    there = rehearsal("brevo", tmp_path / "b")
    report = there.load("migrator", str(target))
    assert report.rows["rejected"] == 0
    filled_in = pl.read_parquet(target)["custom.segment"].count()
    words = " ".join(report.remarks)
    assert f"custom.segment is left out: {filled_in} records have one. The account has no" in words
