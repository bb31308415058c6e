"""Puts a run's statement together of its journal and of the files in its folder."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import polars as pl

from migrator import __version__
from migrator.journal import Retries, family_of
from migrator.report import make_report
from migrator.report.statement import Statement
from migrator.report.verdict import verdict
from migrator.runs.figures import read_figures, rejected_money
from migrator.runs.signing import parts
from migrator.runs.signing.money import moved, stage_lines, waterfall
from migrator.runs.signing.reasons import changes, reasons
from migrator.runs.signing.traffic import traffic
from migrator.runs.signing.undone import remains_of, taken_back
from migrator.runs.signing.verified import read_verification
from migrator.runs.spending import read_spending
from migrator.vendors.registry import product

if TYPE_CHECKING:
    from migrator.journal import Family, Run
    from migrator.report import Report
    from migrator.runs.workspace import Workspace


def statement_of(workspace: Workspace, run: Run, books: Report | None = None) -> Statement:
    """All that is known of a run; of a retry, what is known of its run.

    ``books`` = the run's, when they were just read.
    """
    journal = workspace.journal
    books = books or make_report(journal, run)
    family = family_of(journal, run)
    first = family.first
    folder = workspace.folder(first.id)
    figures = read_figures(folder)
    verified = read_verification(workspace, first)
    # What was read back before an undo is in the account no more.
    current = verified if verified and verified.current and not books.undone_by else None
    title = product(run.vendor).title
    back, remains = "", None
    if books.undone_by:
        back = taken_back(workspace, books.undone_by)
        remains = remains_of(workspace, family, books.undone_by, books.source_rows)
    return Statement(
        books=books,
        title=title,
        made_at=workspace.clock.now().astimezone(UTC).isoformat(timespec="seconds"),
        version=__version__,
        of=first.settings["types"][0],
        verdict=verdict(books, title, verified, back),
        by="verify" if current else "books",
        complete=figures is not None,
        waterfall=waterfall(books, figures, _rejected(workspace, family), current, remains),
        stages=stage_lines(books, figures, current, remains),
        moved=() if remains else moved(books, figures),
        owner_map=parts.owners(figures, books),
        reasons=reasons(workspace, family, books),
        changes=changes(folder),
        requests=traffic(read_spending(folder)),
        fields=parts.field_lines(workspace, family, books, figures, current),
        downloads=parts.downloads(workspace, family, books),
        made_with=parts.made_with(first, title, figures),
        history=parts.history(workspace, family, books, verified),
        verification=verified,
    )


def _rejected(workspace: Workspace, family: Family) -> pl.DataFrame:
    """The money of the rejected rows that no retry has taken on."""
    retries = Retries(workspace.journal)
    return pl.concat(
        rejected_money(workspace.folder(run.id), retries.taken_from(family, run.id))
        for run in family.runs
    )
