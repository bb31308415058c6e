"""How far a run has come that is not at its end, in words that end before its next command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.report.books import Report

_TOLD = {
    "planning": "Planning did not come to its end, and nothing was written. To start again, with "
    "the other options that you had given",
    "planned": "Nothing was written yet. To write the plan",
    "provisioning": "It was stopped while the account was given the fields and pipelines that it "
    "lacks; no record was written yet. To go on",
    "running": "It is under way, or was stopped. To go on",
    "sampled": "Only a part of the source is loaded. To go on",
}


def stage_of(report: Report) -> str:
    """What a run in this state has done, and what its next command is for; blank at its end."""
    told = _TOLD.get(report.state, "") if report.next else ""
    return f"Of this retry: {told}" if told and report.retry_of else told
