"""Every error, sorted by what the caller should do about it, with its exit code.

::

    MigratorError
    ├── InputError              2    change command, template or file; nothing was written
    │   ├── SourceError              the file cannot be read as what it says it is
    │   ├── TemplateError            the template is wrong, or made for other columns
    │   └── UndecidedError           the data allow two readings; a person has to choose one
    ├── Unauthorized            3    mend the token or its scopes
    ├── Stopped                 4    nothing is lost; resume later
    │   ├── Unavailable              the request was surely not carried out
    │   └── QuotaSpent               the vendor's quota is used up until a known time
    ├── OutcomeUnknown          5    the request was perhaps carried out; settle before going on
    ├── Locked                  6    another run holds this account
    └── Interrupted           130    stopped by Ctrl-C or a signal; resume

Exit code 1 is no error: the run finished and some rows were rejected or refused.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class MigratorError(Exception):
    """What a user can cause or mend; its text says what, where and the way out."""

    exit_code: ClassVar[int] = 2


class InputError(MigratorError):
    """The command, the template or the file is wrong; nothing was written."""


class SourceError(InputError):
    """A file is missing, empty, cut short or not of the format it was taken for."""


class TemplateError(InputError):
    """The template is not valid, or it was made for other columns."""


class UndecidedError(InputError):
    """The data allow two readings (``03/04/2024``); the text is the question to answer.

    Args:
        message: the question.
        why: the part of it that says what was found.
        choices: the answers, as a template takes them; none where the text alone tells.
    """

    def __init__(self, message: str, why: str = "", choices: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.why = why
        self.choices = choices


class Unauthorized(MigratorError):
    """The vendor refused the token, or the token lacks a scope."""

    exit_code = 3


class Stopped(MigratorError):
    """The run stopped between two steps; everything done is in the journal."""

    exit_code = 4


class Unavailable(Stopped):
    """The request was surely not carried out: no connection, or the vendor said so."""


class QuotaSpent(Stopped):
    """The vendor's quota is used up.

    Args:
        message: what to tell the user.
        until: when requests are allowed again (aware), or None when the vendor does not say.
    """

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class OutcomeUnknown(MigratorError):
    """The request may have been carried out: its answer was lost, late or unreadable."""

    exit_code = 5


class Locked(MigratorError):
    """Another run is at work on the same account."""

    exit_code = 6


class Interrupted(MigratorError):
    """A person or the system asked us to stop; what was sent is in the journal."""

    exit_code = 130


def closest(name: str, choices: Iterable[str], *, most: int = 3) -> list[str]:
    """The likeliest spellings of ``name`` among ``choices``, best first, letter case ignored.

    >>> closest("Negotation", ["New", "Negotiation", "Won"])
    ['Negotiation']
    """
    by_folded: dict[str, str] = {}
    for choice in choices:
        by_folded.setdefault(choice.strip().casefold(), choice)
    found = get_close_matches(name.strip().casefold(), list(by_folded), n=most, cutoff=0.6)
    return [by_folded[folded] for folded in found]


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """A sentence that ends an error message, or nothing when no choice is near.

    >>> did_you_mean("Negotation", ["New", "Negotiation"])
    ' Did you mean "Negotiation"?'
    """
    found = closest(name, choices, most=1)
    return f' Did you mean "{found[0]}"?' if found else ""
