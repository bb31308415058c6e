"""What became of a run in one sentence, which says no more than is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.report.books import IN_ACCOUNT
from migrator.report.statement import Standing, Verdict

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
    if books.state in {"planning", "planned", "provisioning"}:
        return Verdict(
            Standing.OPEN,
            f"Nothing was written yet: {books.source_rows:,} rows are planned for {account}.",
        )
    open_rows = books.rows["unknown"] + books.rows["left"]
    if open_rows:
        return Verdict(Standing.OPEN, _unfinished(books, account, there))
    return _finished(books, account, there, verified)


def _unfinished(books: Report, account: str, there: int) -> str:
    parts = [f"Not finished: {there:,} of {_rows(books.source_rows)} are in {account}"]
    if books.rows["left"]:
        parts.append(f"{books.rows['left']:,} are not written yet (migrator resume {books.run})")
    if books.rows["unknown"]:
        parts.append(
            f"of {books.rows['unknown']:,} nobody knows whether they were written "
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
        text = f"All {there:,} good {'rows' if not merged else 'records'} of "
        text += f"{books.source_rows:,} are in {account}"
    else:
        text = f"All {_rows(books.source_rows)} are in {account}"
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
    explained = verified.checked - verified.same
    return (
        f"verified on {at}: {verified.same:,} records agree in every field, and the differences of "
        f"the other {explained:,} are explained."
    )


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
