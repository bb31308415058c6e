"""Whether a file looks like one of deals at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.guess.columns import ColumnKind
from migrator.guess.headers import header_likeness, other_meaning

if TYPE_CHECKING:
    from migrator.guess.matching import Matching

_TELLING = ("stage", "status", "close_date", "probability", "pipeline")
"""What deals have, and companies, contacts, products, notes and tasks have not."""
_NAMED = 0.7
_CALLED = 0.9
_SOME = 0.5
_OF_COMPANIES = "a fact about a company or a person"
_SEVERAL = 2


def no_deals(matching: Matching) -> str:
    """Why a file looks like none of deals, and what to do; blank where it looks like one.

    A number or a date under a header that says nothing is no evidence: every file has those. Money
    alone is some, unless other columns are about companies or people.
    """
    if matching.layout or any(_says_so(matching, field) for field in _TELLING):
        return ""
    headers = [column.name for column in matching.profile.columns]
    about = sum(other_meaning(header) == _OF_COMPANIES for header in headers)
    if about < _SEVERAL and _has_amount(matching):
        return ""
    return (
        "this looks like no file of deals: no column is called or filled like a stage, a status or "
        "a date of closing. Companies and contacts are not loaded by themselves, but made for the "
        "deals that name them: give init the file of deals. For notes and tasks there are "
        "templates (`migrator templates`). If these are deals, say in the template which column is "
        "what"
    )


def _says_so(matching: Matching, field: str) -> bool:
    match = matching.match(field)
    if match is None or not _filled(matching, match.columns):
        return False
    named = any(header_likeness(column, field).score >= _NAMED for column in match.columns)
    return match.told or named or (field == "stage" and match.score >= _SOME)


def _has_amount(matching: Matching) -> bool:
    match = matching.match("amount")
    if match is None or not _filled(matching, match.columns):
        return False
    named = any(header_likeness(column, "amount").score >= _CALLED for column in match.columns)
    if match.told or named or match.score >= _CALLED:
        return True
    return any(_is_money(matching, column) for column in match.columns)


def _is_money(matching: Matching, column: str) -> bool:
    return matching.profile.column(column).kind is ColumnKind.MONEY


def _filled(matching: Matching, columns: tuple[str, ...]) -> bool:
    return any(matching.profile.column(column).filled for column in columns)
