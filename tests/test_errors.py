"""Each error has the exit code that the documentation promises."""

from __future__ import annotations

import pytest

from migrator import errors
from migrator.errors import closest, did_you_mean


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError, 2),
        (errors.SourceError, 2),
        (errors.TemplateError, 2),
        (errors.UndecidedError, 2),
        (errors.Unauthorized, 3),
        (errors.Stopped, 4),
        (errors.Unavailable, 4),
        (errors.QuotaSpent, 4),
        (errors.OutcomeUnknown, 5),
        (errors.Locked, 6),
        (errors.Interrupted, 130),
    ],
)
def test_exit_codes(error: type[errors.MigratorError], code: int) -> None:
    """Exit codes are part of the interface: schedulers branch on them."""
    assert error("x").exit_code == code


def test_a_hint_keeps_the_spelling_of_the_choice() -> None:
    """Letter case and outer spaces of the question do not matter; the answer is as it is known."""
    assert closest(" negotation ", ["New", "Negotiation", "Won"]) == ["Negotiation"]
    assert did_you_mean("Clsed Won", ["Closed Won", "Closed Lost"]) == ' Did you mean "Closed Won"?'


def test_no_hint_where_nothing_is_near() -> None:
    """A wrong hint is worse than none."""
    assert did_you_mean("zzzz", ["Negotiation"]) == ""
