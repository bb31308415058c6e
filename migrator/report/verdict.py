"""What became of a run in one sentence, which says no more than is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.journal import RunState
from migrator.report.books import IN_ACCOUNT
from migrator.report.commands import UNWRITTEN
from migrator.report.stages import stage_of
from migrator.report.statement import Standing, Verdict
from migrator.report.text import counted

if TYPE_CHECKING:
    from migrator.report.books import Report
    from migrator.report.statement import Verified

_DOWN = ("rejected", "refused", "parked")


def verdict(books: Report, title: str, verified: Verified | None, taken_back: str = "") -> Verdict:
    """The verdict on a run.

    Args:
        books: of the run.
        title: the CRM's name in prose.
        verified: what the last verify found.
        taken_back: what the undo of the run says; blank when there is none.
    """
    account = f"{title} account {books.account}"
    if not books.adds_up:
        total = sum(books.rows.values())
        return Verdict(
            Standing.BAD,
            f"The books of this run do not add up: {total:,} of {books.source_rows:,} rows have an "
            "outcome. This is a fault of migrator; do not sign.",
        )
    if books.undone_by:
        return Verdict(Standing.OPEN, f"This run was taken back by {books.undone_by}: {taken_back}")
    there = sum(books.rows[name] for name in IN_ACCOUNT)
    if books.state in UNWRITTEN:
        return Verdict(Standing.OPEN, _unwritten(books, account))
    open_rows = books.rows["unknown"] + books.rows["left"]
    if open_rows:
        return Verdict(Standing.OPEN, _unfinished(books, account, there))
    return _finished(books, account, there, verified)


def _unwritten(books: Report, account: str) -> str:
    if books.retry_of:
        return (
            f"{stage_of(books)}: {books.next}. All else on this page is what is so without it, of "
            f"run {books.retry_of}."
        )
    if books.state == RunState.PLANNED:
        rows = counted(books.source_rows, "row is", "rows are")
        way = f" ({books.next})" if books.next else ""
        return f"Nothing was written yet: {rows} planned for {account}{way}."
    return f"{stage_of(books)}: {books.next}."


def _unfinished(books: Report, account: str, there: int) -> str:
    within = f"{there:,} of {_rows(books.source_rows)} {'is' if there == 1 else 'are'}"
    parts = [f"Not finished: {within} in {account}"]
    if books.rows["left"]:
        left = counted(books.rows["left"], "is", "are")
        parts.append(f"{left} not loaded yet (migrator resume {books.run})")
    if books.rows["unknown"]:
        parts.append(
            f"of {books.rows['unknown']:,} nobody knows whether "
            f"{'it was' if books.rows['unknown'] == 1 else 'they were'} written "
            f"(migrator settle {books.run})"
        )
    return "; ".join(parts) + "."


def _finished(books: Report, account: str, there: int, verified: Verified | None) -> Verdict:
    sentence = f"{_good(books, account, there)}; {_checked(verified, books.run)}"
    if verified is None or not verified.current:
        return Verdict(Standing.OPEN, sentence)
    return Verdict(Standing.GOOD if verified.agrees else Standing.BAD, sentence)


def _good(books: Report, account: str, there: int) -> str:
    down = sum(books.rows[name] for name in _DOWN)
    merged = books.rows["merged"]
    if not there:
        text = f"None of {_rows(books.source_rows)} is in {account}"
    elif down or merged:
        good = "good record" if merged else "good row"
        of = f"of {books.source_rows:,}"
        told = counted(there, f"{good} {of} is in {account}", f"{good}s {of} are in {account}")
        text = f"{'The' if there == 1 else 'All'} {told}"
    else:
        text = f"All {_rows(books.source_rows)} are in {account}"
        if books.source_rows == 1:
            text = f"The only row is in {account}"
    if down:
        was = "was turned down, with its reason" if down == 1 else "were turned down, with reasons"
        text += f"; {down:,} {was}"
    if merged:
        text += f"; {merged:,} {'is part' if merged == 1 else 'are parts'} of another row's record"
    return text


def _checked(verified: Verified | None, run: str) -> str:
    if verified is None:
        return f"not verified yet (migrator verify {run})."
    at = f"{verified.at[:10]} {verified.at[11:16]} UTC"
    if not verified.current:
        return f"verified on {at}, but written to since (migrator verify {run})."
    if not verified.agrees:
        found = ", ".join(f"{count:,} {what}" for what, count in verified.found.items())
        return f"verified on {at}, and NOT as it should be: {found}."
    if verified.same == verified.checked:
        return f"verified on {at}: every field agrees."
    same = counted(verified.same, "record agrees", "records agree")
    explained = verified.checked - verified.same
    return (
        f"verified on {at}: {same} in every field, and the differences of the other "
        f"{explained:,} are explained."
    )


def _rows(count: int) -> str:
    return counted(count, "row", "rows")
